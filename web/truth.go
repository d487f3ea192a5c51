package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
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
	backlog, err := s.Deliveries.Backlog(ctx)
	if err != nil {
		return t, err
	}
	if !backlog.Oldest.IsZero() && backlog.Oldest.Before(through) {
		through = backlog.Oldest
	}
	t.failed, t.through, t.late = backlog.Failed, through, now.Sub(through)
	return t, nil
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
