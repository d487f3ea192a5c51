// Package momentstest has the catalog of a moment by the plainest means, to compare with.
package momentstest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// Replay folds all of a log that counts at a moment into an empty catalog. The log is
// whole, from position 1 on.
func Replay(ctx context.Context, kinds catalog.Kinds, log []eventlog.Record, m projections.Moment) (*entities.Snapshot, error) {
	if m.Known > 0 {
		log = log[:m.Known]
	}
	c := entities.NewOf(kinds)
	if m.At.IsZero() {
		err := c.Apply(ctx, log)
		return c.Snapshot(), err
	}
	truth := map[string]time.Time{} // of the newest live event about a subject
	type counted struct {
		eventlog.Record
		truth time.Time
	}
	var counting []counted
	for _, rec := range log {
		one := counted{rec, rec.Time}
		if !rec.Backfilled() {
			if was := truth[rec.Subject]; was.After(one.truth) {
				one.truth = was
			}
			if rec.Type != event.TypeScoreChanged && rec.Type != event.TypeFactRecorded { // which keep nothing back
				truth[rec.Subject] = one.truth
			}
		}
		if !one.truth.After(m.At) {
			counting = append(counting, one)
		}
	}
	slices.SortStableFunc(counting, func(a, b counted) int {
		return cmp.Or(a.truth.Compare(b.truth), cmp.Compare(a.Position, b.Position))
	})
	subjects := make([]string, len(counting))
	records := make([]eventlog.Record, len(counting))
	for i, one := range counting {
		records[i], subjects[i] = one.Record, one.Subject
	}
	err := c.Refold(log[len(log)-1].Position, subjects, true, records)
	return c.Snapshot(), err
}
