package revision

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxWords is how much text is compared by its words, in bytes of each version.
const maxWords = 32 << 10

// related is what share of lines that changed together must have stayed, for the words
// that differ in them to be marked: else nearly all of them would be.
const related = 0.35

// words marks what differs within lines that were replaced by others.
func words(gone, come []string, until time.Time) (left, right [][]Part) {
	before, after := strings.Join(gone, "\n"), strings.Join(come, "\n")
	if len(gone) == 0 || len(come) == 0 || len(before) > maxWords || len(after) > maxWords {
		return whole(gone), whole(come)
	}
	all := edits(tokens(before), tokens(after), until)
	kept := 0
	for _, e := range all {
		for _, token := range e.tokens {
			if e.op == Same && strings.TrimSpace(token) != "" {
				kept += len(token)
			}
		}
	}
	if float64(kept) < related*float64(max(inked(before), inked(after))) {
		return whole(gone), whole(come)
	}
	left, right = [][]Part{nil}, [][]Part{nil}
	for i, e := range all {
		text := strings.Join(e.tokens, "")
		// A space between two words that differ belongs to them.
		joins := e.op == Same && i > 0 && i < len(all)-1 && strings.TrimSpace(text) == "" && !strings.Contains(text, "\n")
		if e.op != Added {
			left = split(left, text, joins || e.op == Removed)
		}
		if e.op != Removed {
			right = split(right, text, joins || e.op == Added)
		}
	}
	return left, right
}

// split adds a text, which may go over several lines, to the parts of these.
func split(all [][]Part, text string, changed bool) [][]Part {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			all = append(all, nil)
		}
		last := &all[len(all)-1]
		switch n := len(*last); {
		case line == "":
		case n > 0 && (*last)[n-1].Changed == changed:
			(*last)[n-1].Text += line
		default:
			*last = append(*last, Part{line, changed})
		}
	}
	return all
}

func whole(all []string) [][]Part {
	parts := make([][]Part, len(all))
	for i, text := range all {
		parts[i] = []Part{{Text: text}}
	}
	return parts
}

// inked is how much of a text is no space.
func inked(text string) (n int) {
	for _, word := range strings.Fields(text) {
		n += len(word)
	}
	return n
}

// tokens cuts a text into words, spaces and single signs.
func tokens(text string) (all []string) {
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if of := class(r); of != nil {
			size = len(text) - len(strings.TrimLeftFunc(text, of))
		}
		all, text = append(all, text[:size]), text[size:]
	}
	return all
}

// class is what a character stands together with; nil for nothing.
func class(r rune) func(rune) bool {
	switch {
	case isWord(r):
		return isWord
	case r != '\n' && unicode.IsSpace(r):
		return func(r rune) bool { return r != '\n' && unicode.IsSpace(r) }
	}
	return nil
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
