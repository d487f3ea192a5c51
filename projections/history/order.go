package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// InOrder puts events that the catalog is folded from, as they come from the log, into
// the order in which they count, backfilled ones included: that of [Past.Counting] at a
// time. All that is on record of a subject has to be among them, or nothing of it.
func InOrder(records []eventlog.Record) ([]eventlog.Record, error) {
	truths, err := truths(records)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(truths[a].Compare(truths[b]), cmp.Compare(records[a].Position, records[b].Position))
	})
	sorted := make([]eventlog.Record, len(records))
	for i, at := range order {
		sorted[i] = records[at]
	}
	return sorted, nil
}

// truths are from when on events count: see [Row.Truth].
func truths(records []eventlog.Record) ([]time.Time, error) {
	all := make([]time.Time, len(records))
	newest := map[string]time.Time{}
	for i, rec := range records {
		data, err := decode(rec)
		if err != nil {
			return nil, fmt.Errorf("position %d: %w", rec.Position, err)
		}
		about := stateKey(rec, data)
		all[i] = rec.Time
		if before := newest[about]; !rec.Backfilled() && before.After(rec.Time) {
			all[i] = before
		}
		newest[about] = all[i]
	}
	return all, nil
}

// Declares reports whether an event says what an entity is.
func Declares(t event.Type) bool {
	return t == event.TypeEntityRegistered || t == event.TypeEntityChanged
}
