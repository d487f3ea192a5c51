package markdown

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

var abbrLine = regexp.MustCompile(`^\*\[([^\]\\\n]{1,100})\][ \t]?:[ \t]*(.+?)[ \t]*\n?$`)

// openAbbreviation reads an abbreviation: *[HTML]: Hypertext Markup Language.
// See https://python-markdown.github.io/extensions/abbreviations/.
func openAbbreviation(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	pos := pc.BlockOffset()
	m := abbrLine.FindSubmatch(line[pos:])
	if m == nil {
		return nil, parser.NoChildren
	}
	if s := stateOf(pc); len(s.abbrs) < maxAbbrs {
		if s.abbrs == nil {
			s.abbrs = map[string]string{}
		}
		s.abbrs[strings.TrimSpace(string(m[1]))] = string(m[2])
	}
	reader.AdvanceToEOL()
	return &sourceBlock{}, parser.NoChildren
}

// abbreviations finds abbreviations in a text.
type abbreviations struct {
	titles map[string]string
	begin  map[string][]string // names by their first word, longest first
}

func newAbbreviations(titles map[string]string) abbreviations {
	a := abbreviations{titles, map[string][]string{}}
	for name := range titles {
		w := wordAt(name)
		a.begin[w] = append(a.begin[w], name)
	}
	for _, names := range a.begin {
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	}
	return a
}

// wordAt returns the word that a text begins with, or its first character.
func wordAt(s string) string {
	for i, r := range s {
		if !isWord(r) {
			if i == 0 {
				return s[:utf8.RuneLen(r)]
			}
			return s[:i]
		}
	}
	return s
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// find appends the places of abbreviations.
func (a abbreviations) find(found []place, s string) []place {
	if len(a.titles) == 0 {
		return found
	}
	for i := 0; i < len(s); {
		w := wordAt(s[i:])
		step := max(len(w), 1)
		for _, name := range a.begin[w] {
			if rest, ok := strings.CutPrefix(s[i:], name); ok && (rest == "" || !isWord(firstRune(rest)) || !isWord(lastRune(name))) {
				found = append(found, place{i, i + len(name), `<abbr title="` + escape(a.titles[name]) + `">` + escape(name) + "</abbr>"})
				step = len(name)
				break
			}
		}
		i += step
	}
	return found
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }
func lastRune(s string) rune  { r, _ := utf8.DecodeLastRuneInString(s); return r }
