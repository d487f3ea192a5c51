package survey

import (
	"context"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// retry is how long to wait when a forge does not answer and does not say.
const retry = 30 * time.Second

// reserve is the part of a forge's budget that is left for deliveries: a fifth.
const reserve = 5

// run does what is wanted until ctx ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		j, told, rest := w.next()
		if j == "" {
			w.idle(ctx, rest)
			continue
		}
		err := w.do(ctx, j)
		for _, ended := range told {
			ended <- err
		}
		if err != nil && ctx.Err() != nil {
			w.want(j) // of who takes over
			return
		}
		if err != nil {
			w.Logger.WarnContext(ctx, "a survey did not end", "source", w.Name, "survey", string(j), "error", err)
			if fault.KindOf(err) == fault.Unavailable { // else the next tick tries again
				w.later(j, max(fault.RetryAfter(err), retry))
			}
		}
	}
}

// idle waits until something is wanted, or what is wanted has rested; 0: nothing rests.
func (w *worker) idle(ctx context.Context, rest time.Duration) {
	var rested <-chan time.Time
	if rest > 0 {
		t := time.NewTimer(rest)
		defer t.Stop()
		rested = t.C
	}
	select {
	case <-w.wake:
	case <-rested:
	case <-ctx.Done():
	}
}

// do does one job, and takes note of how it went, unless it was broken off.
func (w *worker) do(ctx context.Context, j job) error {
	start := w.Now()
	w.tell(func(s *Status) { s.Running, s.Done, s.Total = string(j), 0, 0 })
	var err error
	switch j {
	case check:
		if err = w.check(ctx, start); err == nil {
			err = w.compareOdd(ctx, start)
		}
	case people:
		err = w.people(ctx, start)
	default: // people even if repositories cannot be listed, and the other way round
		err = w.compare(ctx, start, j == full)
		if failed := w.people(ctx, start); err == nil {
			err = failed
		}
		if w.Save != nil {
			if err := w.Save(); err != nil { // it costs requests, no more
				w.Logger.WarnContext(ctx, "the forge's answers were not kept", "source", w.Name, "error", err)
			}
		}
	}
	w.tell(func(s *Status) {
		s.Running = ""
		switch {
		case err != nil && ctx.Err() != nil:
		case err != nil:
			s.Err, s.failed = text(err), j
		case j == check:
			s.Checked = start
			if s.failed == check {
				s.Err = ""
			}
		case j == people:
		default:
			s.Compared, s.Err = start, ""
			if j == full {
				s.Read = start
			}
		}
	})
	return err
}

// text is what people may see of an error.
func text(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "an internal error, which the portal's own log has"
	}
	return err.Error()
}

// pace returns an error that says how long to wait when the forge's budget is down
// to what deliveries may need.
func (w *worker) pace() error {
	if w.Budget == nil {
		return nil
	}
	b := w.Budget()
	if b.Limit == 0 || b.Remaining > b.Limit/reserve {
		return nil
	}
	wait := b.Reset.Sub(w.Now())
	if wait <= 0 {
		return nil
	}
	return fault.Later(wait, "%s: most of the forge's budget is used up; the survey goes on when the next window starts", w.Name)
}

// pause reports false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
