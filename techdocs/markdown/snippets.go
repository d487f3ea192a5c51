package markdown

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Snippets as pymdownx.snippets has them: a line --8<-- "file", or files between
// two lines --8<--; "file:3:7" is lines of it, "file:name" a section between
// [start:name] and [end:name]; ;--8<-- is the text itself.
// See https://facelessuser.github.io/pymdown-extensions/extensions/snippets/.
var (
	snippetLine    = regexp.MustCompile(`^([ \t]*)(;*)-{1,}8<-{1,}[ \t]+(?:"([^"]+)"|'([^']+)')[ \t]*$`)
	snippetFence   = regexp.MustCompile(`^([ \t]*)(;*)-{1,}8<-{1,}[ \t]*$`)
	snippetSection = regexp.MustCompile(`-{1,}8<-{1,}[ \t]+\[[ \t]*(start|end)[ \t]*:[ \t]*([A-Za-z][\w-]*)[ \t]*\]`)
	snippetPart    = regexp.MustCompile(`^(.*?)(?::(\d*)(?::(\d*))?|:([A-Za-z][\w-]*))$`)
)

// expand returns the lines with what they include. within are the files that are
// being read, outermost first.
func (p *prepared) expand(lines []line, within []string) []line {
	out := make([]line, 0, len(lines))
	between := false // two lines of --8<--
	indent := ""
	for _, l := range lines {
		if p.refused != nil {
			return nil
		}
		if !strings.Contains(l.text, "8<-") && !between {
			out = p.add(out, l)
			continue
		}
		m := snippetLine.FindStringSubmatch(l.text)
		fence := snippetFence.FindStringSubmatch(l.text)
		switch {
		case m != nil && m[2] != "", fence != nil && fence[2] != "":
			l.text = strings.Replace(l.text, ";", "", 1)
			out = p.add(out, l)
		case m != nil && !between:
			out = p.insert(out, l, m[1], m[3]+m[4], within)
		case fence != nil:
			between, indent = !between, fence[1]
		case between:
			if name := strings.TrimSpace(l.text); name != "" && !strings.HasPrefix(name, ";") {
				out = p.insert(out, l, indent, name, within)
			}
		case len(within) > 1 && snippetSection.MatchString(l.text):
		default:
			out = p.add(out, l)
		}
	}
	return out
}

func (p *prepared) add(out []line, l line) []line {
	if p.size += len(l.text) + 1; p.size > MaxPage {
		p.refuse(l, "with what it includes the page has more than %d KB: split it", MaxPage>>10)
	}
	return append(out, l)
}

// insert adds a file, each line indented like the one that names it.
func (p *prepared) insert(out []line, l line, indent, spec string, within []string) []line {
	if strings.Contains(spec, "://") {
		p.problem(l, CodeSnippet, "%s is not fetched: only files of the docs folder can be included", spec)
		return out
	}
	name, part := spec, []string(nil)
	if part = snippetPart.FindStringSubmatch(spec); part != nil {
		name = part[1]
	}
	if p.include == nil {
		p.problem(l, CodeSnippet, "%s cannot be included here", name)
		return out
	}
	if len(within) > maxIncluded {
		p.problem(l, CodeSnippet, "%s is not included: files include one another %d deep", name, maxIncluded)
		return out
	}
	if p.count++; p.count > MaxIncludes { // few that include one another can be many
		p.refuse(l, "the page includes more than %d files: split it", MaxIncludes)
		return out
	}
	path, text, err := p.include(name)
	p.included(path)
	switch {
	case err != nil:
		p.problem(l, CodeSnippet, "%s is not included: %v", name, err)
		return out
	case slices.Contains(within, path):
		p.problem(l, CodeSnippet, "%s is not included: it includes itself", name)
		return out
	case len(text) > MaxPage:
		p.refuse(l, "%s has more than %d KB and cannot be included", name, MaxPage>>10)
		return out
	}
	lines := split(path, text)
	if part != nil {
		if lines = partOf(lines, part); lines == nil {
			p.problem(l, CodeSnippet, "%s has no part %q: name lines that it has (file:3:7), or a section between [start:name] and [end:name]", name, strings.TrimPrefix(spec, name+":"))
			return out
		}
	}
	for _, inner := range p.expand(lines, append(slices.Clip(within), path)) {
		if inner.text != "" {
			inner.text = indent + inner.text
			p.size += len(indent)
		}
		out = append(out, inner)
	}
	if p.size > MaxPage {
		p.refuse(l, "with what it includes the page has more than %d KB: split it", MaxPage>>10)
	}
	return out
}

// partOf returns lines by numbers, or of a section; nil if there are none.
func partOf(lines []line, part []string) []line {
	if section := part[4]; section != "" {
		from := -1
		for i, l := range lines {
			m := snippetSection.FindStringSubmatch(l.text)
			if m == nil || m[2] != section {
				continue
			}
			if m[1] == "start" {
				from = i + 1
			} else if from >= 0 {
				return lines[from:i]
			}
		}
		return nil
	}
	from, to := 1, len(lines)
	if n, err := strconv.Atoi(part[2]); err == nil {
		from = n
	}
	if n, err := strconv.Atoi(part[3]); err == nil {
		to = n
	}
	if from = max(from, 1); from > to || from > len(lines) {
		return nil
	}
	return lines[from-1 : min(to, len(lines))]
}
