package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// What the index puts around what it found; no text holds them.
const (
	markOpen  = "\x02"
	markClose = "\x03"
)

// The size of an excerpt, in bytes.
const (
	excerptSize   = 240
	excerptBefore = 60 // of the first word that was found
)

// Piece is a part of a text: what was looked for, or what stands between. It is plain
// text, not HTML.
type Piece struct {
	Text   string `json:"text"`
	Marked bool   `json:"marked,omitempty"`
}

// Text is the pieces without the marks.
func Text(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

// mark is a place in a text that was found.
type mark struct{ from, to int }

// unmark takes the marks out of a text.
func unmark(marked string) (text string, marks []mark) {
	var b strings.Builder
	for marked != "" {
		before, rest, found := strings.Cut(marked, markOpen)
		b.WriteString(before)
		if !found {
			break
		}
		inside, after, _ := strings.Cut(rest, markClose)
		marks = append(marks, mark{b.Len(), b.Len() + len(inside)})
		b.WriteString(inside)
		marked = after
	}
	return b.String(), marks
}

// pieces cuts a part of a text at its marks.
func pieces(text string, from, to int, marks []mark) (all []Piece) {
	add := func(text string, marked bool) {
		if text != "" {
			all = append(all, Piece{text, marked})
		}
	}
	for _, m := range marks {
		if m.from < from || m.to > to {
			continue
		}
		add(text[from:m.from], false)
		add(text[m.from:m.to], true)
		from = m.to
	}
	add(text[from:to], false)
	return all
}

// excerpt returns the part of a text that shows best why it was found, within one of its
// sections: the one with the most different words that were looked for. Without marks it is
// the beginning, and no section.
func excerpt(text string, marks []mark, sections []Section) (all []Piece, in Section) {
	best, from, until := 0, 0, len(text)
	for i, m := range marks {
		begin, end, one := around(sections, m.from, len(text))
		seen := map[string]bool{}
		for _, other := range marks[i:] {
			if other.to > end || other.from > m.from+excerptSize-excerptBefore {
				break
			}
			seen[strings.ToLower(text[other.from:other.to])] = true
		}
		if len(seen) > best {
			best, in = len(seen), one
			from, until = max(begin, m.from-excerptBefore), end
		}
	}
	from, to := whole(text, from, min(until, from+excerptSize))
	if best > 0 && from > 0 && !slices.ContainsFunc(sections, func(s Section) bool { return s.At == from }) {
		all = append(all, Piece{Text: "… "})
	}
	for _, p := range pieces(text, from, to, marks) {
		p.Text = blanks(p.Text)
		all = append(all, p)
	}
	if to < until {
		all = append(all, Piece{Text: " …"})
	}
	return all, in
}

// around is the section at a place.
func around(sections []Section, at, size int) (begin, end int, in Section) {
	end = size
	for _, s := range sections {
		if s.At > at {
			return begin, s.At, in
		}
		begin, in = s.At, s
	}
	return begin, end, in
}

// whole moves the ends of a part of a text to where words begin and end.
func whole(text string, from, to int) (int, int) {
	if from > 0 && from < to {
		if i := strings.IndexAny(text[from-1:to], " \n"); i >= 0 && i < excerptBefore {
			from += i
		}
	}
	if to < len(text) {
		if i := strings.LastIndexAny(text[from:to], " \n"); i > 0 {
			to = from + i
		}
	}
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	for to < len(text) && to > from && !utf8.RuneStart(text[to]) {
		to--
	}
	return from, max(from, to)
}

// blanks makes one blank of each space, and keeps those at the ends.
func blanks(text string) string {
	joined := strings.Join(strings.Fields(text), " ")
	if joined == "" {
		return " "
	}
	if strings.TrimLeft(text, " \n\t") != text {
		joined = " " + joined
	}
	if strings.TrimRight(text, " \n\t") != text {
		joined += " "
	}
	return joined
}
