package ledger

import (
	"context"
	"slices"
	"time"

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

// named returns the subjects of the events that count from within a period on, whose text has the name of an
// entity in it.
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
			refs = append(refs, e.Subject)
		}
		if f.After = page.Next; f.After == 0 {
			return refs, nil
		}
	}
}
