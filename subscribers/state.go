package subscribers

import (
	"context"
	"math"
	"net/url"

	"github.com/callboard/callboard/eventlog"
)

// State tells how the subscriber stands.
func (w *Worker) State(ctx context.Context) (State, error) {
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return State{}, err
	}
	s := State{Name: w.Name, Host: shown(w.URL), Filter: w.Filter, Progress: p}
	if w.Channel != nil {
		shown := w.Channel.Shown()
		s.Type, s.Sends, s.Host = shown.Type, shown.Sends, shown.Host
		if p.Position > 0 && p.Position <= math.MaxInt64 {
			s.UpTo = moment(int64(p.Position)) //nolint:gosec // bounded
		}
	}
	if p.Refusals > 0 {
		s.GivesUp = p.RefusedSince.Add(w.lasts(p))
	}
	if s.Letters, err = w.options.Store.countLetters(ctx, w.Name); err != nil {
		return State{}, err
	}
	if s.Newest, err = w.newest(ctx, p); err != nil {
		return State{}, err
	}
	if s.Newest > p.Position {
		entries, err := w.entries(ctx, p, s.Newest, 1)
		if err != nil {
			return State{}, err
		}
		if len(entries) > 0 {
			s.Pending = entries[0].Recorded
			s.Lag = max(0, w.options.Now().Sub(s.Pending))
		}
	}
	if w.Channel != nil {
		if s.Held, err = w.Channel.Held(ctx, p.began); err != nil {
			return State{}, err
		}
	}
	switch {
	case p.PausedFor != "":
		s.Status = Paused
	case p.Failures > 0:
		s.Status = Failing
	case s.Pending.IsZero():
		s.Status = Current
	default:
		s.Status = Behind
	}
	return s, nil
}

// Trouble is what of a subscriber waits for a person.
type Trouble struct {
	Failing bool // it did not take the last request, or paused by itself
	Letters int  // dead letters
}

// Trouble is a part of [Worker.State] that is quickly told, for every page.
func (w *Worker) Trouble(ctx context.Context) (Trouble, error) {
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return Trouble{}, err
	}
	n, err := w.options.Store.countLetters(ctx, w.Name)
	failing := p.PausedFor == "" && p.Failures > 0 || p.PausedFor != "" && !p.ByHand
	return Trouble{failing, n}, err
}

// shown is what of an address is for everybody: paths and queries of webhooks hold keys.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Attempts returns what was sent lately, the newest first.
func (w *Worker) Attempts(ctx context.Context, limit int) ([]Attempt, error) {
	return w.options.Store.attempts(ctx, w.Name, limit)
}

// Sent returns the records that a channel was sent by an attempt, as they are now: none of a
// test notice, and fewer if some are not there any more.
func (w *Worker) Sent(ctx context.Context, a Attempt) ([]eventlog.Record, error) {
	if w.Channel == nil || a.First == 0 {
		return nil, nil
	}
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return nil, err
	}
	return w.Channel.Entries(ctx, p.began, a.First-1, a.Last, a.Events)
}

// Letters returns dead letters after a position, the oldest first.
func (w *Worker) Letters(ctx context.Context, after eventlog.Position, limit int) ([]Letter, error) {
	return w.options.Store.letters(ctx, w.Name, after, limit)
}

// Letter returns a dead letter and what was sent, or an error of kind fault.NotFound.
func (w *Worker) Letter(ctx context.Context, at eventlog.Position) (Letter, []byte, error) {
	l, err := w.options.Store.letter(ctx, w.Name, at)
	if err != nil {
		return l, nil, err
	}
	rec, err := w.at(ctx, at)
	if err != nil {
		return l, nil, err
	}
	m := message{}
	_, err = m.add(w.Name, rec)
	return l, m.body, err
}
