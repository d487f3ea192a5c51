package markdown

import (
	"regexp"
	"slices"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// place is a part of a text that becomes something else.
type place struct {
	from, to int
	html     string
}

// Smart symbols, as pymdownx.smartsymbols has them.
// See https://facelessuser.github.io/pymdown-extensions/extensions/smartsymbols/.
var smartSymbols = regexp.MustCompile(`\(tm\)|\(c\)|\(r\)|\bc/o\b|\+/-|=/=|<-->|-->|<--|\b(?:1/4|1/2|3/4|1/3|2/3|1/5|2/5|3/5|4/5|1/6|5/6|1/8|3/8|5/8|7/8)\b|\b(\d*)(1st|2nd|3rd|[04-9]th|1[123]th)\b`)

// findSymbols appends the places of smart symbols.
func findSymbols(found []place, s []byte) []place {
	for _, m := range smartSymbols.FindAllSubmatchIndex(s, -1) {
		word := string(s[m[0]:m[1]])
		if m[4] >= 0 { // 1st
			found = append(found, place{m[1] - 2, m[1], "<sup>" + word[len(word)-2:] + "</sup>"})
			continue
		}
		if symbol := symbolOf(word); symbol != "" && !partOfPath(s, m[0], m[1]) {
			found = append(found, place{m[0], m[1], symbol})
		}
	}
	return found
}

// partOfPath reports whether a fraction is a part of a longer row of numbers, such
// as a date.
func partOfPath(s []byte, from, to int) bool {
	return s[from] >= '0' && s[from] <= '9' && (from > 0 && s[from-1] == '/' || to < len(s) && s[to] == '/')
}

func symbolOf(s string) string {
	switch s {
	case "(tm)":
		return "™"
	case "(c)":
		return "©"
	case "(r)":
		return "®"
	case "c/o":
		return "℅"
	case "+/-":
		return "±"
	case "=/=":
		return "≠"
	case "<-->":
		return "↔"
	case "-->":
		return "→"
	case "<--":
		return "←"
	}
	fractions := []string{"1/4", "¼", "1/2", "½", "3/4", "¾", "1/3", "⅓", "2/3", "⅔", "1/5", "⅕", "2/5", "⅖", "3/5", "⅗", "4/5", "⅘",
		"1/6", "⅙", "5/6", "⅚", "1/8", "⅛", "3/8", "⅜", "5/8", "⅝", "7/8", "⅞"}
	if i := slices.Index(fractions, s); i >= 0 {
		return fractions[i+1]
	}
	return ""
}

// replaceIn puts HTML in the place of parts of a text. Places that overlap one
// before are left out.
func replaceIn(t *ast.Text, found []place) {
	if len(found) == 0 {
		return
	}
	slices.SortStableFunc(found, func(a, b place) int { return a.from - b.from })
	parent, from := t.Parent(), 0
	for _, p := range found {
		if p.from < from {
			continue
		}
		if p.from > from {
			parent.InsertBefore(parent, t, ast.NewTextSegment(text.NewSegment(t.Segment.Start+from, t.Segment.Start+p.from)))
		}
		parent.InsertBefore(parent, t, &markup{html: p.html})
		from = p.to
	}
	t.Segment = text.NewSegment(t.Segment.Start+from, t.Segment.Stop) // with its line break
}
