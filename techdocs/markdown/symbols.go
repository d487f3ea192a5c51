package markdown

import (
	"bytes"
	"slices"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// place is a part of a text that becomes something else.
type place struct {
	from, to int
	html     string
}

// findSymbols appends the places of smart symbols, as pymdownx.smartsymbols has them.
// See https://facelessuser.github.io/pymdown-extensions/extensions/smartsymbols/.
func findSymbols(found []place, s []byte) []place {
	for i := 0; i < len(s); i++ {
		n, html := 0, ""
		switch c := s[i]; {
		case c == '(' || c == '+' || c == '=' || c == '<' || c == '-' || c == 'c':
			n, html = symbolAt(s, i)
		case c >= '0' && c <= '9':
			i, n, html = numberAt(s, i)
		}
		if n > 0 {
			found = append(found, place{i, i + n, html})
			i += n - 1
		}
	}
	return found
}

// symbolAt returns the symbol of the signs at i, and how many they are.
func symbolAt(s []byte, i int) (n int, html string) {
	for _, symbol := range [...][2]string{
		{"(tm)", "™"}, {"(c)", "©"}, {"(r)", "®"}, {"c/o", "℅"}, {"+/-", "±"}, {"=/=", "≠"}, {"<-->", "↔"}, {"-->", "→"}, {"<--", "←"},
	} {
		if signs := symbol[0]; s[i] == signs[0] && bytes.HasPrefix(s[i:], []byte(signs)) {
			if signs == "c/o" && (i > 0 && isASCIIWord(s[i-1]) || i+3 < len(s) && isASCIIWord(s[i+3])) {
				return 0, ""
			}
			return len(signs), symbol[1]
		}
	}
	return 0, ""
}

// numberAt returns what becomes of the number that begins at i: a fraction, or the
// letters after an ordinal. at is where that begins, or the end of the number.
func numberAt(s []byte, i int) (at, n int, html string) {
	end := i
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	last := end - 1
	if i > 0 && isASCIIWord(s[i-1]) {
		return last, 0, ""
	}
	if end-i == 1 && end+1 < len(s) && s[end] == '/' {
		symbol := fraction(string(s[i : end+2]))
		// A row of numbers, such as a date, has no fractions in it.
		if symbol != "" && (end+2 == len(s) || !isASCIIWord(s[end+2]) && s[end+2] != '/') && (i == 0 || s[i-1] != '/') {
			return i, 3, symbol
		}
		return last, 0, ""
	}
	if end+2 > len(s) || end+2 < len(s) && isASCIIWord(s[end+2]) {
		return last, 0, ""
	}
	letters := string(s[end : end+2])
	want := "th"
	if teen := end-i > 1 && s[end-2] == '1'; !teen {
		switch s[last] {
		case '1':
			want = "st"
		case '2':
			want = "nd"
		case '3':
			want = "rd"
		}
	}
	if letters != want {
		return last, 0, ""
	}
	return end, 2, "<sup>" + letters + "</sup>"
}

func isASCIIWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func fraction(s string) string {
	switch s {
	case "1/4":
		return "¼"
	case "1/2":
		return "½"
	case "3/4":
		return "¾"
	case "1/3":
		return "⅓"
	case "2/3":
		return "⅔"
	case "1/5":
		return "⅕"
	case "2/5":
		return "⅖"
	case "3/5":
		return "⅗"
	case "4/5":
		return "⅘"
	case "1/6":
		return "⅙"
	case "5/6":
		return "⅚"
	case "1/8":
		return "⅛"
	case "3/8":
		return "⅜"
	case "5/8":
		return "⅝"
	case "7/8":
		return "⅞"
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
