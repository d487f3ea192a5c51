package search

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
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

// marksOf finds where a text holds what was looked for.
func marksOf(text string, terms []term) (all []mark) {
	if len(terms) == 0 {
		return nil
	}
	written := tokens(text)
	for i := 0; i < len(written); i++ {
		most := 0
		for _, t := range terms {
			most = max(most, t.at(written[i:]))
		}
		if most > 0 {
			all = append(all, mark{written[i].from, written[i+most-1].to})
			i += most - 1
		}
	}
	return all
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
// sections: the one with the most different words that were looked for. Each line of a text
// without sections is one. Without marks it is the beginning, and no section.
func excerpt(text string, marks []mark, sections []Section) (all []Piece, in Section) {
	if len(sections) == 0 {
		sections = lines(text)
	}
	best, from, until := 0, 0, len(text)
	if len(marks) == 0 && len(sections) > 0 {
		_, until, _ = around(sections, 0, len(text))
	}
	word := func(m mark) string { return strings.ToLower(text[m.from:m.to]) }
	seen, next := map[string]int{}, 0 // how often each word stands from a mark on, and the first mark that is too far
	for i, m := range marks {
		begin, end, one := around(sections, m.from, len(text))
		for ; next < len(marks) && marks[next].to <= min(end, m.from+excerptSize-excerptBefore); next++ {
			seen[word(marks[next])]++
		}
		if len(seen) > best {
			best, in = len(seen), one
			from, until = max(begin, m.from-excerptBefore), end
		}
		if next == i { // it is longer than an excerpt
			next++
		} else if w := word(m); seen[w] > 1 {
			seen[w]--
		} else {
			delete(seen, w)
		}
	}
	until = from + len(strings.TrimRight(text[from:until], " \n"))
	from, to := whole(text, from, until)
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

// lines are the lines of a text as sections.
func lines(text string) (all []Section) {
	for at := 0; at < len(text); {
		all = append(all, Section{At: at})
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return all
}

// around is the section at a place. Sections stand in the order of the text.
func around(sections []Section, at, size int) (begin, end int, in Section) {
	end = size
	next := sort.Search(len(sections), func(i int) bool { return sections[i].At > at })
	if next < len(sections) {
		end = sections[next].At
	}
	if next > 0 {
		in = sections[next-1]
	}
	return in.At, end, in
}

// whole bounds a part of a text to the size of an excerpt. It begins and ends where words do.
func whole(text string, from, until int) (int, int) {
	if from > 0 && !strings.ContainsRune(" \n", rune(text[from-1])) {
		if i := strings.IndexAny(text[from:until], " \n"); i >= 0 && i < excerptBefore {
			from += i + 1
		}
	}
	to := min(until, from+excerptSize)
	if to < until {
		if i := strings.LastIndexAny(text[from:to], " \n"); i > 0 {
			to = from + i
		}
		for !utf8.RuneStart(text[to]) {
			to--
		}
	}
	for from < to && !utf8.RuneStart(text[from]) {
		from++
	}
	return from, to
}

// blanks makes one blank of each space, keeps those at the ends, and shows where one text
// ends and another begins.
func blanks(text string) string {
	text = strings.ReplaceAll(text, "\n", " · ")
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
