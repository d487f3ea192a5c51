// Package revision compares two versions of a page as it is written: which lines and
// words differ, and where a page that is gone stands now. It is pure. Start with [Diff].
package revision

import (
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Op is what became of a line.
type Op int

// What becomes of lines.
const (
	Same Op = iota
	Removed
	Added
)

// Line is a line of one version or of both.
type Line struct {
	Op     Op
	Before int // its number in the older version, from 1; 0 if it is not in that
	After  int // the same of the newer one
	Parts  []Part
}

// Part is a piece of a line.
type Part struct {
	Text    string
	Changed bool // it differs from what stood there, or stands there now; of a whole line never
}

// patience is how long it is looked for the least that differs, in lines and in words
// together. What is left then is told as one change.
const patience = 500 * time.Millisecond

// Diff tells how a text became another, line by line. Of lines that were written anew
// the words that differ are marked. That lines end in another way is no difference.
func Diff(before, after string) []Line {
	older, newer := lines(before), lines(after)
	until := time.Now().Add(patience)
	var all []Line
	var gone, come []string // that stand together, and are not told yet
	b, a := 0, 0            // lines that are told
	tell := func() {
		left, right := words(gone, come, until)
		for i := range gone {
			b++
			all = append(all, Line{Op: Removed, Before: b, Parts: left[i]})
		}
		for i := range come {
			a++
			all = append(all, Line{Op: Added, After: a, Parts: right[i]})
		}
		gone, come = nil, nil
	}
	for _, e := range edits(older, newer, until) {
		switch e.op {
		case Removed:
			gone = append(gone, e.tokens...)
		case Added:
			come = append(come, e.tokens...)
		case Same:
			tell()
			for _, text := range e.tokens {
				b, a = b+1, a+1
				all = append(all, Line{Before: b, After: a, Parts: []Part{{Text: text}}})
			}
		}
	}
	tell()
	return all
}

// Size is how many lines come and go.
type Size struct{ Added, Removed int }

// SizeOf returns how much differs in a text that became another: the size of what
// [Diff] tells, without a look at words.
func SizeOf(before, after string) (s Size) {
	for _, e := range edits(lines(before), lines(after), time.Now().Add(patience)) {
		switch e.op {
		case Added:
			s.Added += len(e.tokens)
		case Removed:
			s.Removed += len(e.tokens)
		case Same:
		}
	}
	return s
}

// Count returns how many lines came and went.
func Count(all []Line) (s Size) {
	for _, l := range all {
		switch l.Op {
		case Added:
			s.Added++
		case Removed:
			s.Removed++
		case Same:
		}
	}
	return s
}

// Hunk is lines that differ, with those around them.
type Hunk struct {
	Skipped int // lines before it that are the same, and left out
	Lines   []Line
}

// Hunks leaves out lines that are the same, but for so many around those that differ.
// The last hunk has no lines if the text goes on after it.
func Hunks(all []Line, around int) []Hunk {
	shown := make([]bool, len(all))
	for i, l := range all {
		if l.Op == Same {
			continue
		}
		for j := max(0, i-around); j <= min(len(all)-1, i+around); j++ {
			shown[j] = true
		}
	}
	var hunks []Hunk
	skipped := 0
	for i, l := range all {
		if !shown[i] {
			skipped++
			continue
		}
		if skipped > 0 || len(hunks) == 0 {
			hunks = append(hunks, Hunk{Skipped: skipped})
			skipped = 0
		}
		last := &hunks[len(hunks)-1]
		last.Lines = append(last.Lines, l)
	}
	if skipped > 0 && len(hunks) > 0 {
		hunks = append(hunks, Hunk{Skipped: skipped})
	}
	return hunks
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], "\r")
	}
	return all
}

// edit is tokens with what became of them.
type edit struct {
	op     Op
	tokens []string
}

// edits tells how a sequence of tokens became another. After a moment it looks no longer
// for the least that differs.
func edits(before, after []string, until time.Time) []edit {
	known := interner{}
	older, newer := known.runes(before), known.runes(after)
	m := diffmatchpatch.New()
	m.DiffTimeout = max(time.Until(until), 1) // 0 would be for ever
	var all []edit
	for _, d := range m.DiffMainRunes(older, newer, false) {
		n := len([]rune(d.Text))
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			all, before = append(all, edit{Removed, before[:n]}), before[n:]
		case diffmatchpatch.DiffInsert:
			all, after = append(all, edit{Added, after[:n]}), after[n:]
		case diffmatchpatch.DiffEqual:
			all, before, after = append(all, edit{Same, after[:n]}), before[n:], after[n:]
		}
	}
	return all
}

// interner gives each token a character of its own, which is what the library compares.
// A page has not so many that these run out.
type interner map[string]rune

func (known interner) runes(tokens []string) []rune {
	const surrogates, after = 0xD800, 0xE000 // no characters
	all := make([]rune, len(tokens))
	for i, token := range tokens {
		r, ok := known[token]
		if !ok {
			if r = rune(len(known) + 1); r >= surrogates { //nolint:gosec // a page has at most two million tokens
				r += after - surrogates
			}
			known[token] = r
		}
		all[i] = r
	}
	return all
}
