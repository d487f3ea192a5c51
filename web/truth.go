package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

// truth is how complete the catalog is: everything that was recorded or
// delivered before through is in it.
type truth struct {
	position eventlog.Position // of the catalog
	last     eventlog.Position // of the log
	through  time.Time         // zero while it is not known
	late     time.Duration
	behind   bool // a source is later than usual
	failed   int  // deliveries that wait for a person
	held     int  // deliveries that wait for a person to allow them
	broken   int  // descriptors and locations that are of no use as they are
}

func (s *Site) truth(ctx context.Context, c Catalog, now time.Time) (truth, error) {
	t := truth{position: c.Position(), broken: len(c.Rejections())}
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
	states, err := s.Standing.Truths(ctx)
	if err != nil {
		return t, err
	}
	for _, state := range states {
		t.failed, t.held = t.failed+state.Backlog.Failed, t.held+state.Backlog.Held
		t.behind = t.behind || state.Late()
		if state.Is != standing.Silent && state.Through.Before(through) {
			through = state.Through
		}
	}
	if t.through = through; !through.IsZero() {
		t.late = now.Sub(through)
	}
	return t, nil
}

func (t truth) frame() ui.Truth {
	f := ui.Truth{Event: ui.Number(t.position), Href: sourcesPath, Late: t.late > standing.LateAfter || t.through.IsZero() && t.behind}
	if !t.through.IsZero() {
		f.Through = ui.Stamp(t.through, t.through.Add(t.late))
	}
	if f.Late && !t.through.IsZero() {
		f.Note = ui.Late(t.late) + " late"
	}
	return f
}
