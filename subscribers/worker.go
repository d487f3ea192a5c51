package subscribers

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const (
	defaultBatch   = 100
	defaultTimeout = 15 * time.Second
	defaultGiveUp  = 24 * time.Hour
	// leastRefusals is how often an event is refused, at least, until it is a dead letter:
	// that the portal was down for a day says nothing of the event.
	leastRefusals = 5
	// patience is how long those that have not taken what others have hold up these. It
	// outlasts the quarter of an hour for which mailboxes put off who is new to them.
	patience = 30 * time.Minute
	// grace is how much longer a request may take when the portal ends.
	grace = 5 * time.Second
)

// Worker sends to one subscriber, one request at a time.
type Worker struct {
	Subscriber
	options *Options
	keys    [][]byte
	client  *http.Client
	courier Courier       // nil: it is a webhook
	turn    chan struct{} // holds one while somebody sends, or changes how far it is
	woken   chan struct{}
}

// newWorker makes the worker of a subscriber, and that known if it is new.
func newWorker(ctx context.Context, o *Options, s Subscriber) (*Worker, error) {
	s.Batch, s.Timeout, s.GiveUp = min(cmp.Or(s.Batch, defaultBatch), MaxBatch), cmp.Or(s.Timeout, defaultTimeout), cmp.Or(s.GiveUp, defaultGiveUp)
	s.Filter.Oldest, s.Filter.ByTime, s.Filter.Whole, s.Filter.Uncounted = true, false, false, true
	w := &Worker{Subscriber: s, options: o, client: newClient(o.Transport), turn: make(chan struct{}, 1), woken: make(chan struct{}, 1)}
	for _, secret := range s.Secrets {
		key, err := keyOf(secret)
		if err != nil {
			return nil, fmt.Errorf("subscriber %s: %w", s.Name, err)
		}
		w.keys = append(w.keys, key)
	}
	if w.Channel != nil {
		w.courier = w.Channel.Courier()
	}
	if len(w.keys) == 0 && w.courier == nil {
		return nil, fault.New(fault.Invalid, "subscriber %s has no secret to sign with", s.Name)
	}
	at := s.From
	if s.FromNow {
		var err error
		if at, err = o.Log.Last(ctx); err != nil {
			return nil, err
		}
	}
	return w, o.Store.begin(ctx, s.Name, at, o.Now())
}

// take waits for the turn; its caller then owes a release.
func (w *Worker) take(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "subscriber %s is being sent to: %w", w.Name, ctx.Err())
	}
}

func (w *Worker) release() { <-w.turn }

// run sends until ctx ends.
func (w *Worker) run(ctx context.Context) {
	// A request that is under way is not cut off at once: its end is worth knowing.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	defer w.client.CloseIdleConnections()
	var mistakes int
	for ctx.Err() == nil {
		next, err := w.step(ctx, work)
		if err != nil && ctx.Err() == nil {
			mistakes++
			wait := w.options.Backoff.After(mistakes)
			w.options.Logger.ErrorContext(ctx, "a subscriber is not sent to", "subscriber", w.Name, "error", err, "retry", wait)
			next = w.after(wait)
		} else {
			mistakes = 0
		}
		if next != nil {
			w.wait(ctx, next)
		}
	}
}

// wait returns when next does, when the worker is woken, or when ctx ends.
func (w *Worker) wait(ctx context.Context, next func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-w.woken:
			cancel()
		case <-ctx.Done():
		}
	}()
	next(ctx)
	cancel()
	<-ended // or it could take what is to wake a later wait
}

// wake has the worker look at how it stands.
func (w *Worker) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *Worker) after(d time.Duration) func(context.Context) {
	return func(ctx context.Context) {
		select {
		case <-w.options.After(d):
		case <-ctx.Done():
		}
	}
}

// Send makes the next request, if there is something to send and it is time for it.
// [Dispatcher.Run] does so by itself.
func (w *Worker) Send(ctx context.Context) error {
	_, err := w.step(ctx, ctx)
	return err
}

// step sends what comes next, and returns what to wait for then; nil for nothing. It
// waits for its turn until ctx ends, and sends under work.
func (w *Worker) step(ctx, work context.Context) (func(context.Context), error) {
	if err := w.take(ctx); err != nil {
		return nil, err
	}
	defer w.release()
	p, err := w.options.Store.load(work, w.Name)
	if err != nil {
		return nil, err
	}
	if p.PausedFor != "" {
		return func(ctx context.Context) { <-ctx.Done() }, nil
	}
	if wait := p.RetryAt.Sub(w.options.Now()); wait > 0 {
		return w.after(wait), nil
	}
	last, err := w.ends(work)
	if err != nil {
		return nil, err
	}
	if last < p.Position {
		p.PausedFor, p.PausedAt = fmt.Sprintf("It has event %d, and the log ends at %d: that was put back to an earlier copy. Rewind the subscriber to where its own copy fits.", p.Position, last), w.options.Now()
		return nil, w.save(work, step{Progress: p})
	}
	newest, err := w.newest(work, p)
	if err != nil {
		return nil, err
	}
	m, err := w.next(work, p, newest)
	if err != nil {
		return nil, err
	}
	if p.partly.ID != m.id { // another one is next since the configuration changed
		p.partly = partly{}
	}
	m.done = p.partly.Done
	if m.events > 0 {
		return nil, w.record(work, p, m.positions, w.send(work, KindEvents, m))
	}
	if newest > p.Position { // no filter let anything through
		p.Position = newest
		if err := w.save(work, step{Progress: p}); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) {
		if err := w.await(ctx, max(newest, p.Position)); err != nil && ctx.Err() == nil {
			w.after(w.options.Backoff.After(1))(ctx)
		}
	}, nil
}

// next puts the next message together, of events up to a position.
func (w *Worker) next(ctx context.Context, p Progress, newest eventlog.Position) (m message, err error) {
	if newest <= p.Position {
		return m, nil
	}
	entries, err := w.entries(ctx, p, newest, cmp.Or(p.batch, w.Batch))
	if err != nil {
		return m, err
	}
	for _, rec := range entries {
		if added, err := m.add(w.Name, rec); err != nil || !added {
			return m, err
		}
	}
	return m, nil
}

func (w *Worker) save(ctx context.Context, st step) error {
	st.name = w.Name
	return w.options.Store.save(ctx, st)
}

// record has what became of a request count. What was sent and taken is no dead letter
// any more.
func (w *Worker) record(ctx context.Context, p Progress, sent []eventlog.Position, a Attempt) error {
	if a.Verdict == Delivered {
		// After a failure it began with one event, so that what is wrong with one stops no
		// others, and that a request that took too long becomes a shorter one. Now it grows.
		batch := min(2*cmp.Or(p.batch, w.Batch), w.Batch)
		return w.save(ctx, step{Progress: Progress{Position: a.Last, Delivered: a.At, batch: batch}, attempt: &a, delete: sent})
	}
	if p.Failures++; p.Failures == 1 {
		p.FailingSince = a.At
		w.options.Logger.WarnContext(ctx, "a subscriber did not take events", "subscriber", w.Name, "position", a.First, "reason", a.Reason)
	}
	p.Reason, p.batch = a.Reason, 1
	if len(a.partly.Done) > 0 {
		p.partly = a.partly
	}
	p.RetryAt = a.At.Add(max(a.retryAfter, w.options.Backoff.After(p.Failures)))
	switch {
	case a.Verdict == Gone:
		p.PausedFor, p.PausedAt = "It answered 410 Gone: it wants nothing any more.", a.At
	case a.Verdict == Refused && a.Events > 1: // which of them is found by sending one after the other
		p.RetryAt = a.At.Add(a.retryAfter)
	case a.Verdict == Refused:
		if p.Refusals++; p.Refusals == 1 {
			p.RefusedSince = a.At
		}
		never := len(p.partly.Done) > 0 && !a.later
		if never || p.Refusals >= leastRefusals && a.At.Sub(p.RefusedSince) >= w.lasts(p) {
			return w.giveUp(ctx, p, a)
		}
	}
	return w.save(ctx, step{Progress: p, attempt: &a})
}

// lasts is for how long the next event is refused until it is a dead letter.
func (w *Worker) lasts(p Progress) time.Duration {
	if len(p.partly.Done) > 0 {
		return min(w.GiveUp, patience)
	}
	return w.GiveUp
}

// giveUp makes a dead letter of the next event, and goes on behind it.
func (w *Worker) giveUp(ctx context.Context, p Progress, a Attempt) error {
	rec, err := w.at(ctx, a.First)
	if err != nil {
		return err
	}
	w.options.Logger.WarnContext(ctx, "a subscriber does not take an event, which is a dead letter now", "subscriber", w.Name, "position", a.First, "reason", a.Reason)
	if len(p.partly.Done) > 0 {
		p.Delivered = a.At
	}
	return w.save(ctx, step{
		Progress: Progress{Position: a.First, Delivered: p.Delivered, batch: 1},
		attempt:  &a,
		letter: &Letter{
			Position: a.First, Type: string(rec.Type), Subject: rec.Subject, Since: p.FailingSince, At: a.At,
			Attempts: p.Failures, Status: a.Status, Reason: a.Reason, Answer: a.Answer, partly: p.partly,
		},
	})
}
