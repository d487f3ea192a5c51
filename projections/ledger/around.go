package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
)

// ends returns the catalog at a time and at a later moment. There was none at the
// zero time.
func (l *Ledger) ends(ctx context.Context, from time.Time, to projections.Moment) (before, after *entities.Snapshot, err error) {
	if before = entities.New().Snapshot(); !from.IsZero() {
		if before, err = l.moments.Catalog(ctx, projections.Moment{At: from, Known: to.Known}); err != nil {
			return nil, nil, err
		}
	}
	after, err = l.moments.Catalog(ctx, to)
	return before, after, err
}

// around returns to whom something happened after a time up to a moment that may have
// to do with an entity: of those that were beside it at either end, and of those that
// an event in between names together with it. To look at all to whom something
// happened would take as long as to fold the period.
func (l *Ledger) around(ctx context.Context, ref string, from time.Time, to projections.Moment, beside []string) ([]string, error) {
	named, err := l.named(ctx, ref, from, l.Until(to), to.Known)
	if err != nil {
		return nil, err
	}
	refs := slices.Concat(beside, named)
	slices.Sort(refs)
	refs = slices.Compact(refs)
	if from.IsZero() {
		return refs, nil
	}
	differing, err := l.past.Differing(ctx, projections.Moment{At: from, Known: to.Known}, l.whole(to))
	if err != nil {
		return nil, err
	}
	slices.Sort(differing)
	return slices.DeleteFunc(refs, func(one string) bool {
		_, found := slices.BinarySearch(differing, one)
		return !found
	}), nil
}

// named returns the subjects of the events that count from within a period on, and name
// an entity in what they changed.
func (l *Ledger) named(ctx context.Context, ref string, from, until time.Time, known eventlog.Position) (refs []string, err error) {
	parsed, err := catalog.ParseRef(ref, catalog.Ref{})
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	f := history.Filter{Text: parsed.Name, Known: known, From: from, To: until.Add(time.Nanosecond), Counting: true, Limit: 500, Oldest: true, Uncounted: true}
	for {
		page, err := l.past.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			if names(e, parsed.Name) {
				refs = append(refs, e.Subject)
			}
		}
		if f.After = page.Next; f.After == 0 {
			return refs, nil
		}
	}
}

// names reports whether an event says the name of an entity in what it changed, as a word
// of its own: team-1 is none of team-10.
func names(e history.Entry, name string) bool {
	if hasWord(e.Summary, name) {
		return true
	}
	return slices.ContainsFunc(e.Changes, func(c catalog.Change) bool {
		return hasWord(c.Path, name) || c.Before != nil && hasWord(fmt.Sprint(c.Before), name) || c.After != nil && hasWord(fmt.Sprint(c.After), name)
	})
}

func hasWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for {
		before, rest, found := strings.Cut(text, word)
		if !found {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(rest)
		if !inName(last) && !inName(next) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[len(before):])
		text = text[len(before)+n:]
	}
}

// inName reports whether a character goes on with a name. A full stop, which may, ends
// sentences, too.
func inName(c rune) bool {
	return c == '-' || c == '_' || c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c))
}
