package ledger

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// Selected returns the refs of the entities that w selects at any time from one up to
// a moment, in their order: at either end, or by what was declared in between.
func (l *Ledger) Selected(ctx context.Context, from time.Time, to projections.Moment, w entities.Where) ([]string, error) {
	before, after, err := l.ends(ctx, from, to)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, s := range []*entities.Snapshot{before, after} {
		for _, row := range s.List(entities.Listing{Where: w, Limit: -1}).Rows {
			found[row.Ref] = true
		}
	}
	differing, err := l.past.Differing(ctx, projections.Moment{At: from, Known: to.Known}, l.whole(to))
	if err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(differing, func(ref string) bool { return found[ref] })
	since := map[string]time.Time{} // when what came last counts from: what comes next does so no earlier
	for rec, err := range l.past.Counting(ctx, l.whole(to), rest, true) {
		if err != nil {
			return nil, err
		}
		if found[rec.Subject] {
			continue
		}
		if since[rec.Subject].Before(rec.Time) {
			since[rec.Subject] = rec.Time
		}
		if since[rec.Subject].Before(from) {
			continue
		}
		if found[rec.Subject], err = Declares(ctx, l.kinds, rec, w); err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(found)), nil
}
