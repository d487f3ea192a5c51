package markdown

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// prepared is the text that is parsed: the lines of the page and of what it
// includes, each with where it came from.
type prepared struct {
	lines   []line
	starts  []int // offset of each line in the text
	size    int
	include Include
	doc     *Document
	count   int // files that were included
	refused *Problem
}

type line struct {
	text string // without its end
	file string
	no   int // from 1
}

// prepare takes the front matter off a page, brings in what it includes and settles
// what Python-Markdown and CommonMark count differently at the start of lines.
func prepare(path string, page []byte, include Include, d *Document) *prepared {
	p := &prepared{include: include, doc: d}
	lines := split(path, page)
	lines = p.frontMatter(lines)
	p.lines = p.expand(lines, []string{path})
	p.lines = p.indent(p.lines)
	p.size = 0
	for _, l := range p.lines {
		p.starts = append(p.starts, p.size)
		p.size += len(l.text) + 1
	}
	return p
}

func split(path string, text []byte) []line {
	s := strings.TrimPrefix(string(text), "\ufeff")
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\ufffd")
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	texts := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	lines := make([]line, len(texts))
	for i, t := range texts {
		lines[i] = line{t, path, i + 1}
	}
	return lines
}

func (p *prepared) bytes() []byte {
	b := make([]byte, 0, p.size)
	for _, l := range p.lines {
		b = append(b, l.text...)
		b = append(b, '\n')
	}
	return b
}

// origin returns where the text at an offset was written.
func (p *prepared) origin(offset int) (file string, no int) {
	return p.at(max(sort.SearchInts(p.starts, offset+1)-1, 0))
}

func (p *prepared) problem(l line, code, format string, args ...any) {
	if len(p.doc.Problems) < maxProblems {
		p.doc.Problems = append(p.doc.Problems, Problem{File: l.file, Line: l.no, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

func (p *prepared) refuse(l line, format string, args ...any) {
	if p.refused == nil {
		p.refused = &Problem{File: l.file, Line: l.no, Code: CodeLimit, Message: fmt.Sprintf(format, args...)}
	}
}

// included records a file that the page depends on, there or not.
func (p *prepared) included(path string) {
	if path != "" && !slices.Contains(p.doc.Includes, path) {
		p.doc.Includes = append(p.doc.Includes, path)
	}
}

// index is the number of the line at an offset, from 0.
func (s *state) index(offset int) int {
	return max(sort.SearchInts(s.src.starts, offset+1)-1, 0)
}

// at returns where a line of what was prepared was written.
func (p *prepared) at(index int) (file string, no int) {
	if index < 0 || index >= len(p.lines) {
		return "", 1
	}
	return p.lines[index].file, p.lines[index].no
}
