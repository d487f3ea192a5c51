package subscribers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// maxRedeliveries is how many dead letters are sent again when all are to be, and
	// redeliverFor for how long: somebody waits for the answer.
	maxRedeliveries = 100
	redeliverFor    = 20 * time.Second
)

// note puts on record what somebody asks for.
func (w *Worker) note(ctx context.Context, work string, positions ...eventlog.Position) error {
	if w.options.Note == nil {
		return nil
	}
	said := event.SubscriberWorkRequested{Subscriber: w.Name, Work: work}
	for _, p := range positions {
		said.Positions = append(said.Positions, uint64(p))
	}
	return w.options.Note(ctx, said)
}

// change changes how far the subscriber is, and has the worker look at it. What is asked
// for is on record before it is done; nothing is, where nothing changes.
func (w *Worker) change(ctx context.Context, change func(*Progress) bool, work string, positions ...eventlog.Position) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.release()
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil || !change(&p) {
		return err
	}
	if err := w.note(ctx, work, positions...); err != nil {
		return err
	}
	if err := w.save(ctx, step{Progress: p}); err != nil {
		return err
	}
	w.wake()
	return nil
}

// Pause has nothing sent until somebody resumes it, also if it paused by itself. A
// request that is under way is waited for.
func (w *Worker) Pause(ctx context.Context) error {
	return w.change(ctx, func(p *Progress) bool {
		if p.ByHand {
			return false
		}
		p.PausedFor, p.PausedAt, p.ByHand = cmp.Or(event.ActorIn(ctx).String(), "Somebody")+" paused it.", w.options.Now(), true
		return true
	}, event.WorkPause)
}

// Resume goes on with what was paused, and tries at once what failed.
func (w *Worker) Resume(ctx context.Context) error {
	return w.change(ctx, func(p *Progress) bool {
		if p.PausedFor == "" && p.RetryAt.IsZero() {
			return false
		}
		p.PausedFor, p.PausedAt, p.ByHand, p.RetryAt = "", time.Time{}, false, time.Time{}
		return true
	}, event.WorkResume)
}

// Rewind has all events after a position sent, again or not; one that paused by itself
// goes on with that, and one that somebody paused stays paused. The error is of kind
// fault.Invalid for one beyond the end of the log.
func (w *Worker) Rewind(ctx context.Context, to eventlog.Position) error {
	last, err := w.ends(ctx)
	if err != nil {
		return err
	}
	if to > last {
		return fault.New(fault.Invalid, "the log ends at %d: subscriber %s cannot go on after %d", last, w.Name, to)
	}
	return w.change(ctx, func(p *Progress) bool {
		before := *p
		*p = Progress{Position: to, Delivered: before.Delivered}
		if before.ByHand {
			p.PausedFor, p.PausedAt, p.ByHand = before.PausedFor, before.PausedAt, true
		}
		return true
	}, event.WorkRewind, to)
}

// Skip makes a dead letter of the next event, which was not taken, and goes on behind
// it. The error is of kind fault.Conflict if the last request did not fail.
func (w *Worker) Skip(ctx context.Context) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.release()
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return err
	}
	newest, err := w.newest(ctx, p)
	if err != nil {
		return err
	}
	entries, err := w.entries(ctx, p, newest, 1)
	if err != nil {
		return err
	}
	if p.Failures == 0 || len(entries) == 0 {
		return fault.New(fault.Conflict, "nothing that was sent to subscriber %s waits to be sent again", w.Name)
	}
	attempts, err := w.Attempts(ctx, keptAttempts)
	if err != nil {
		return err
	}
	next := entries[0]
	if err := w.note(ctx, event.WorkSkip, next.Position); err != nil {
		return err
	}
	l := Letter{Position: next.Position, Type: string(next.Type), Subject: next.Subject, Since: p.FailingSince, At: w.options.Now(), Attempts: p.Failures, Reason: p.Reason, partly: p.partly}
	if i := slices.IndexFunc(attempts, func(a Attempt) bool { return a.Kind == KindEvents }); i >= 0 {
		l.At, l.Status, l.Answer = attempts[i].At, attempts[i].Status, attempts[i].Answer
	}
	after := Progress{Position: next.Position, Delivered: p.Delivered, PausedFor: p.PausedFor, PausedAt: p.PausedAt, ByHand: p.ByHand, batch: 1}
	if err := w.save(ctx, step{Progress: after, letter: &l}); err != nil {
		return err
	}
	w.wake()
	return nil
}

// Ping sends an event that is in no log, and tells what became of it. How far the
// subscriber is does not change.
func (w *Worker) Ping(ctx context.Context) (Attempt, error) {
	if err := w.take(ctx); err != nil {
		return Attempt{}, err
	}
	defer w.release()
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return Attempt{}, err
	}
	now := w.options.Now()
	m, err := w.ping(now)
	if err != nil {
		return Attempt{}, err
	}
	a := w.send(context.WithoutCancel(ctx), KindPing, m)
	return a, w.save(ctx, step{Progress: p, attempt: &a})
}

// Redelivered is what became of dead letters.
type Redelivered struct {
	Delivered int
	Failed    *Attempt // the first that was not taken, after which none was sent; nil if all were
	Left      int      // dead letters that there are still
}

// Redeliver sends dead letters again, now and in the order of the log: those at some
// positions or, with none, the oldest hundred, as many as
// are taken within some seconds. What is taken is no dead letter any more.
func (w *Worker) Redeliver(ctx context.Context, positions ...eventlog.Position) (Redelivered, error) {
	var done Redelivered
	letters, err := w.chosen(ctx, positions)
	if err != nil || len(letters) == 0 {
		return done, err
	}
	if err := w.note(ctx, event.WorkRedeliver, positions...); err != nil {
		return done, err
	}
	began := w.options.Now()
	for _, l := range letters {
		if w.options.Now().Sub(began) > redeliverFor {
			break
		}
		a, err := w.redeliver(ctx, l.Position)
		if fault.KindOf(err) == fault.NotFound {
			continue // somebody else had it sent meanwhile, or dismissed it
		}
		if err != nil {
			return done, err
		}
		if a.Verdict != Delivered {
			done.Failed = &a
			break
		}
		done.Delivered++
	}
	done.Left, err = w.options.Store.countLetters(ctx, w.Name)
	return done, err
}

// chosen returns dead letters; the error is of kind fault.NotFound if one is none.
func (w *Worker) chosen(ctx context.Context, positions []eventlog.Position) ([]Letter, error) {
	if len(positions) == 0 {
		return w.Letters(ctx, 0, maxRedeliveries)
	}
	positions = slices.Sorted(slices.Values(positions))
	all := make([]Letter, len(positions))
	for i, at := range positions {
		var err error
		if all[i], err = w.options.Store.letter(ctx, w.Name, at); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (w *Worker) redeliver(ctx context.Context, at eventlog.Position) (Attempt, error) {
	if err := w.take(ctx); err != nil {
		return Attempt{}, err
	}
	defer w.release()
	l, err := w.options.Store.letter(ctx, w.Name, at)
	if err != nil {
		return Attempt{}, err
	}
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return Attempt{}, err
	}
	rec, err := w.at(ctx, l.Position)
	if err != nil {
		return Attempt{}, err
	}
	var m message
	if _, err := m.add(w.Name, rec); err != nil {
		return Attempt{}, err
	}
	m.done = l.partly.of(m.id)
	a := w.send(context.WithoutCancel(ctx), KindRedelivery, m)
	st := step{Progress: p, attempt: &a}
	if a.Verdict == Delivered {
		st.delete = []eventlog.Position{l.Position}
	} else {
		l.At, l.Attempts, l.Status, l.Reason, l.Answer = a.At, l.Attempts+1, a.Status, a.Reason, a.Answer
		if len(a.partly.Done) > 0 {
			l.partly = a.partly
		}
		st.letter = &l
	}
	return a, w.save(ctx, st)
}

// Dismiss drops the dead letters at some positions: the subscriber is not to have
// these events. The error is of kind fault.NotFound if one is none.
func (w *Worker) Dismiss(ctx context.Context, positions ...eventlog.Position) error {
	if _, err := w.chosen(ctx, positions); err != nil {
		return err
	}
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.release()
	if err := w.note(ctx, event.WorkDismiss, positions...); err != nil {
		return err
	}
	p, err := w.options.Store.load(ctx, w.Name)
	if err != nil {
		return err
	}
	return w.save(ctx, step{Progress: p, delete: positions})
}
