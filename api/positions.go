package api

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
)

// positionsBy returns for each of some moments, in their order, the position of the newest
// event that had become true by then, of those that were known: what `at` takes to see all
// else as it was. It is 0 where nothing had.
func (a *API) positionsBy(ctx context.Context, moments []time.Time, known eventlog.Position) ([]eventlog.Position, error) {
	all := make([]eventlog.Position, len(moments))
	var at time.Time // when the event of the moment after became true
	for i := len(moments) - 1; i >= 0; i-- {
		if i < len(moments)-1 && !moments[i].Before(at) { // nothing happened between the two
			all[i] = all[i+1]
			continue
		}
		page, err := a.History.Events(ctx, history.Filter{To: moments[i].Add(time.Nanosecond), Known: known, ByTime: true, Limit: 1, Uncounted: true})
		if err != nil {
			return nil, err
		}
		if len(page.Entries) == 0 { // nor before
			break
		}
		all[i], at = page.Entries[0].Position, page.Entries[0].Time
	}
	return all, nil
}
