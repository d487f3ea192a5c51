// Package ui draws the portal's components: what the stylesheet has a class
// for, and nothing that knows of catalogs, events or HTTP. A component takes
// plain values that are ready to be read and says them with the right element,
// shape and label.
//
// Start with [Shell], which every page stands in; marks.templ has the small
// words in the text, lists.templ what leads through a list, record.templ what
// happened. /settings/components shows all of them in all their states.
package ui

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/web/static"
)

// Number writes n with commas: 48,213.
func Number[N ~int | ~int64 | ~uint64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plain writes n as addresses have it: 48213.
func Plain[N ~int | ~int64 | ~uint64](n N) string { return strconv.FormatInt(int64(n), 10) }

// Plural writes a number with its noun: 1 event, 2 events. The plural is the
// noun with an s, unless many says otherwise.
func Plural[N ~int | ~int64 | ~uint64](n N, noun string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case len(many) > 0:
		return Number(n) + " " + many[0]
	default:
		return Number(n) + " " + noun + "s"
	}
}

// Outside returns a link that somebody else wrote, if it is one that may be
// followed: http, https with a host, or mailto. For anything else it returns
// "", and the text stays text.
func Outside(link string) templ.SafeURL {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return templ.SafeURL(u.String())
}

// Shorten cuts s to at most n characters, the last of them then being "…".
func Shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRightFunc(string([]rune(s)[:n-1]), unicode.IsSpace) + "…"
}

// SHA is a commit's id as people write it.
func SHA(commit string) string {
	if len(commit) > 7 {
		return commit[:7]
	}
	return commit
}

// Initials are the two letters on a face.
func Initials(name string) string {
	var letters []rune
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, unicode.ToUpper(r))
		}
		if len(letters) == 2 {
			break
		}
	}
	return string(letters)
}

// Sentence makes the first letter a capital.
func Sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// ownColor tells the stylesheet the colour of a level.
func ownColor(color string) string {
	if color == "" {
		return ""
	}
	return "--own:" + color
}

// stepColors is how many colours the stylesheet has for levels that have none of their own, and how
// many patterns for all.
const stepColors = 6

// StepColor is the colour of a level that has none of its own, by its place from the lowest, 0.
func StepColor(place int) string {
	return fmt.Sprintf("var(--step-%d)", place%stepColors+1)
}

// levelGlyph is the drawing of a level: its steps filled from the left.
func levelGlyph(level string) string {
	return static.URL("icons.svg") + "#lvl-" + level
}

// Wrong returns links to the fields of a form that came back because something is wrong
// with them, for [Frame.Wrong], and has the first of them take the focus. Call it before
// they are drawn.
func Wrong(fields ...*Field) []Anchor {
	var all []Anchor
	for _, f := range fields {
		if f.Problem != "" {
			f.First = len(all) == 0
			all = append(all, Anchor{Label: f.Label, Href: "#" + f.ID})
		}
	}
	return all
}
