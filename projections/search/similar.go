package search

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"
)

// maxMeant is how many words a slip may be taken for.
const maxMeant = 3

// mend replaces words that nothing holds by those of names and titles that are close to
// them. It reports whether it could, for each of them.
func (s *Search) mend(ctx context.Context, terms []term) (mended []term, ok bool, err error) {
	ok = true
	for _, t := range terms {
		known, err := s.holds(ctx, t.expression())
		if err != nil {
			return nil, false, err
		}
		if known || !t.free {
			ok = ok && known
			mended = append(mended, t)
			continue
		}
		for _, typed := range tokens(t.text) {
			one := newTerm(t.text[typed.from:typed.to])
			one.open()
			one.typing()
			if known, err = s.holds(ctx, one.expression()); err != nil {
				return nil, false, err
			}
			if !known {
				if one.meant, err = s.closest(ctx, typed.word); err != nil {
					return nil, false, err
				}
				ok = ok && len(one.meant) > 0
			}
			mended = append(mended, one)
		}
	}
	return mended, ok, nil
}

// holds reports whether anything matches an expression now.
func (s *Search) holds(ctx context.Context, expression string) (holds bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM texts WHERE texts MATCH ?)`, expression).Scan(&holds)
	return holds, err
}

// closest returns the words of names and titles that are the fewest slips away from a
// word, those in more documents first. A slip in the first two letters and another in the
// last three are too much.
func (s *Search) closest(ctx context.Context, word string) ([]string, error) {
	letters := []rune(word)
	if len(letters) < 3 || len(letters) > maxWord {
		return nil, nil
	}
	most := 2
	if len(letters) < 5 {
		most = 1
	}
	swapped := string([]rune{letters[1], letters[0]})
	end := backward(string(letters[len(letters)-3:]))
	const after = "\U0010ffff"
	rows, err := s.db.QueryContext(ctx, `SELECT word, documents FROM words WHERE word >= ?1 AND word < ?1 || ?4
		UNION SELECT word, documents FROM words WHERE word >= ?2 AND word < ?2 || ?4
		UNION SELECT word, documents FROM words WHERE back >= ?3 AND back < ?3 || ?4
		UNION SELECT word, documents FROM words WHERE instr(word, ?5) > 1`, string(letters[:2]), swapped, end, after, word)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	type near struct {
		word             string
		slips, documents int
	}
	var all []near
	for rows.Next() {
		var n near
		if err := rows.Scan(&n.word, &n.documents); err != nil {
			return nil, err
		}
		n.slips = slipsToward(letters, []rune(n.word), most)
		if n.slips <= most {
			all = append(all, n)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.slips, b.slips), -cmp.Compare(a.documents, b.documents), cmp.Compare(a.word, b.word))
	})
	var meant []string
	for _, n := range all {
		if n.slips == all[0].slips && len(meant) < maxMeant {
			meant = append(meant, n.word)
		}
	}
	return meant, nil
}

// slipsToward counts the slips in a word that may not be typed to its end yet. A word that
// holds it, but does not begin so, counts as one slip away.
func slipsToward(typed, word []rune, most int) int {
	if len(word) > len(typed) && contains(word, typed) {
		return 1
	}
	best := Slips(string(typed), string(word), most)
	if len(typed) < 5 {
		return best
	}
	for n := len(typed); n <= len(typed)+1 && n < len(word); n++ {
		best = min(best, Slips(string(typed), string(word[:n]), most-1)+1)
	}
	return best
}

func contains(word, part []rune) bool {
	for i := range len(word) - len(part) + 1 {
		if slices.Equal(word[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// Slips counts the letters to add, drop, change or swap with their neighbour that make a
// into b. More than most are all the same to it: it answers most+1.
func Slips(a, b string, most int) int {
	if d := utf8.RuneCountInString(a) - utf8.RuneCountInString(b); d > most || -d > most {
		return most + 1
	}
	x, y := []rune(a), []rune(b)
	var before []int // the row before the last
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := last[j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return min(last[len(y)], most+1)
}
