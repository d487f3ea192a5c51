package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/web/ui"
)

// lateAfter is how far behind a page may be before it says so.
const lateAfter = 10 * time.Second

// truth is how complete the catalog is: everything that was recorded or
// delivered before through is in it.
type truth struct {
	position eventlog.Position // of the catalog
	last     eventlog.Position // of the log
	through  time.Time         // zero while it is not known
	late     time.Duration
	failed   int // deliveries that wait for a person
}

func (s *Site) truth(ctx context.Context, c Catalog, now time.Time) (truth, error) {
	t := truth{position: c.Position()}
	var err error
	if t.last, err = s.Log.Last(ctx); err != nil {
		return t, err
	}
	through := now
	if t.position < t.last {
		next, err := s.Log.At(ctx, t.position+1)
		if err != nil {
			return t, err
		}
		through = next.Recorded
	}
	for _, status := range []event.DeliveryStatus{event.DeliveryReceivedStatus, event.DeliveryWaiting} {
		oldest, err := s.oldest(ctx, status)
		if err != nil {
			return t, err
		}
		if !oldest.IsZero() && oldest.Before(through) {
			through = oldest
		}
	}
	failed, err := s.Deliveries.List(ctx, deliveries.Filter{Status: event.DeliveryFailed, Limit: 1})
	if err != nil {
		return t, err
	}
	t.failed, t.through, t.late = failed.Total, through, now.Sub(through)
	return t, nil
}

// oldest returns when the first of the deliveries with a status came; zero when
// there is none. There are few that are not done with, so that to read them all
// is cheaper than a summary of the whole month.
func (s *Site) oldest(ctx context.Context, status event.DeliveryStatus) (time.Time, error) {
	f := deliveries.Filter{Status: status, Limit: 500}
	for {
		p, err := s.Deliveries.List(ctx, f)
		if err != nil || len(p.Deliveries) == 0 {
			return time.Time{}, err
		}
		if p.Next == 0 {
			return p.Deliveries[len(p.Deliveries)-1].Received, nil
		}
		f.Before = p.Next
	}
}

func (t truth) frame() ui.Truth {
	f := ui.Truth{Event: ui.Number(t.position), Href: sourcesPath, Late: t.late > lateAfter}
	if !t.through.IsZero() {
		f.Through = ui.Stamp(t.through, t.through.Add(t.late))
	}
	if f.Late {
		f.Note = ui.Late(t.late) + " late"
	}
	return f
}
