package ingest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/internal/fault"
)

// lane handles one source's deliveries, one at a time.
type lane struct {
	*Translator
	source    Source
	forge     Forge
	selection Selection
	blobs     blobs
	at        map[string]string // commit that this process brought a repository to, by its id
	begun     bool              // what was handled last nobody had handled before

	turns sync.Mutex
	turn  map[string]int // of the people of an organisation, by its id: whose page is asked for next
}

// task is a delivery to be handled, or a repository to be looked at.
type task struct {
	cause    string          // id of the event that asks for it now, from which all ids derive
	received eventlog.Record // the delivery, or what asked for the look at first
	allowed  bool            // to remove as much as it takes
	gap      string          // id of the gap that this closes
	head     string          // the commit that it tells of; "" if of none
	meaning  Meaning
}

// react handles what was received or has become due, or is to be handled again.
func (l *lane) react(ctx context.Context, rec eventlog.Record) error {
	start := l.Now()
	t, err := l.task(ctx, rec)
	if err != nil {
		return err
	}
	m := t.meaning
	note := m.Note
	h := event.DeliveryHandled{
		Status: event.DeliveryNotNeeded, Repository: m.Repository.FullName, RepositoryID: m.Repository.ID, Attempts: reactor.Attempt(ctx),
	}
	if len(m.Said) > 0 {
		h.Status = event.DeliveryDone
		if h.Events, err = l.say(ctx, t); err != nil {
			return err
		}
	}
	if l.forge != nil && (m.Push != nil || m.Look || m.Gone || m.Left) {
		h.Status = event.DeliveryDone
		bring := l.sync
		if isOrganisation(m.Repository.ID) {
			bring = l.syncPeople
		}
		d, err := bring(ctx, t)
		h.Repository, h.Commit, h.Events = cmp.Or(d.repo.FullName, h.Repository), d.commit, append(h.Events, d.events...)
		if err != nil {
			return partError{err, h.Events, d.current}
		}
		h.Current, note = d.current, cmp.Or(note, d.note)
	}
	if m.Survey && l.Survey != nil {
		h.Status = event.DeliveryDone
		l.Survey(l.source.Name())
	}
	if t.gap != "" {
		if err := l.closeGap(ctx, t, event.SourceGapClosed{Detail: "read from the forge"}); err != nil {
			return err
		}
	}
	if h.Error = note; h.Status == event.DeliveryNotNeeded {
		h.Error = m.Reason
	}
	h.Took = l.Now().Sub(start)
	return l.record(ctx, rec, h)
}

// partError is why a delivery could not be handled to its end, with what it had led to
// by then.
type partError struct {
	error
	events  []uint64
	current bool // see [done]
}

// Unwrap returns why.
func (e partError) Unwrap() error { return e.error }

// task finds what a record is about, and reads it. It asks no forge.
func (l *lane) task(ctx context.Context, rec eventlog.Record) (t task, err error) {
	t.cause = rec.ID
	if rec.Type == event.TypeDeliveryReplayed {
		r, err := event.DecodeAs[event.DeliveryReplayed](rec.Event)
		if err != nil {
			return t, err
		}
		t.allowed = r.Allowed
		if rec, err = l.Deliveries.At(ctx, eventlog.Position(r.Received)); err != nil {
			return t, err
		}
	}
	t.received = rec
	if rec.Type == event.TypeRepositoryDue {
		d, err := event.DecodeAs[event.RepositoryDue](rec.Event)
		t.gap, t.head = d.Gap, d.Head
		t.meaning = Meaning{Repository: Repository{ID: d.ID, FullName: d.FullName}, Look: true}
		return t, err
	}
	d, err := Open(rec.Event)
	if err != nil {
		return t, err
	}
	t.meaning, err = l.source.Translate(d)
	if p := t.meaning.Push; p != nil {
		t.head = p.After
	}
	return t, err
}

// say appends what the delivery said, as it said it. However often that is tried
// or replayed, it is there once.
func (l *lane) say(ctx context.Context, t task) ([]uint64, error) {
	events := slices.Clone(t.meaning.Said)
	for i := range events {
		e := &events[i]
		e.ID = event.DeriveID(i, "said", l.source.Name(), t.received.Subject)
		e.Cause.Delivery = t.received.Subject
		if e.Time.IsZero() || e.Time.After(t.received.Recorded) {
			e.Time = t.received.Recorded
		}
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.append(ctx, events...)
}

// gapWaits is how a gap is closed by a look that failed or is held.
const gapWaits = "the look at it waits for a person"

// closeGap says that what a gap missed has been made up for, or cannot be, or waits.
// When it waited, how that ended is said once more.
func (l *lane) closeGap(ctx context.Context, t task, how event.SourceGapClosed) error {
	how.Source, how.Gap = l.source.Name(), t.gap
	e, err := event.New(event.SourcePrefix+l.source.Name(), t.meaning.Repository.FullName, how)
	if err != nil {
		return err
	}
	what := "gap closed"
	if how.Detail == gapWaits {
		what = "gap waits"
	}
	e.ID, e.Time = event.DeriveID(0, what, l.source.Name(), t.gap), l.Now()
	e.Cause.Delivery = t.received.Subject
	l.appending.Lock()
	defer l.appending.Unlock()
	_, err = l.append(ctx, e)
	return err
}

// gaveUp records that a delivery waits for a person.
func (l *lane) gaveUp(ctx context.Context, rec eventlog.Record, f reactor.Failure) error {
	h := event.DeliveryHandled{Status: event.DeliveryFailed}
	if held, ok := errors.AsType[heldError](f.Err); ok {
		h.Status, h.Removes = event.DeliveryHeld, held.removes
	}
	if t, err := l.task(ctx, rec); err == nil && t.gap != "" {
		why := event.SourceGapClosed{Detail: gapWaits} // and that is no gap
		if fault.KindOf(f.Err) == fault.NotFound {
			why = event.SourceGapClosed{Detail: "the repository cannot be found any more", Lost: true}
		}
		if err := l.closeGap(ctx, t, why); err != nil {
			return err
		}
	}
	return l.failure(ctx, rec, f, h)
}

// waiting records that a delivery waits for the forge.
func (l *lane) waiting(ctx context.Context, rec eventlog.Record, f reactor.Failure, until time.Time) {
	if err := l.failure(ctx, rec, f, event.DeliveryHandled{Status: event.DeliveryWaiting, RetryAt: until}); err != nil {
		l.Logger.WarnContext(ctx, "that a delivery waits was not recorded", "delivery", rec.Subject, "error", err)
	}
}

func (l *lane) failure(ctx context.Context, rec eventlog.Record, f reactor.Failure, h event.DeliveryHandled) error {
	h.Error, h.Attempts, h.Took = f.Text(), f.Attempts, f.Took
	if part, ok := errors.AsType[partError](f.Err); ok {
		h.Events = part.events
		h.Current = part.current && h.Status == event.DeliveryHeld
	}
	if t, err := l.task(ctx, rec); err == nil {
		h.Repository, h.RepositoryID, h.Head = t.meaning.Repository.FullName, t.meaning.Repository.ID, t.head
	}
	return l.record(ctx, rec, h)
}

// record appends what became of a delivery, once for each thing that can be
// said of it: however often it is tried, that it waits is told again only when
// the reason is another one. A delivery that failed may be done all the same,
// when it is tried again after a crash; so the id tells statuses apart.
func (l *lane) record(ctx context.Context, rec eventlog.Record, h event.DeliveryHandled) error {
	h.Events = l.led(ctx, rec, h)
	e, err := event.New(event.SourcePrefix+l.source.Name(), rec.Subject, h)
	if err != nil {
		return err
	}
	reason := ""
	if h.Status == event.DeliveryWaiting {
		reason = h.Error
	}
	e.ID = event.DeriveID(0, rec.ID, "handled", string(h.Status), reason)
	e.Cause.Delivery = rec.Subject
	done, err := l.Deliveries.Append(ctx, e)
	if err == nil && !done[0].Duplicate {
		l.begun = true
	}
	return err
}

// ledWait is how long is waited for the answer of [TranslatorOptions].Led.
const ledWait = 10 * time.Second

// led is what a delivery led to by now. An attempt that broke off has appended something,
// maybe, which the one that ends it does not find to do any more: an attempt of this
// process, or of the one before, that was killed.
func (l *lane) led(ctx context.Context, rec eventlog.Record, h event.DeliveryHandled) []uint64 {
	if l.Led == nil || l.begun && h.Attempts <= 1 {
		return h.Events
	}
	ctx, cancel := context.WithTimeout(ctx, ledWait)
	defer cancel()
	after, err := l.after(ctx)
	var before []uint64
	if err == nil {
		before, err = l.Led(ctx, after, l.source.Name(), rec.Subject)
	}
	if err != nil {
		l.Logger.WarnContext(ctx, "what attempts at a delivery led to that broke off is not known", "delivery", rec.Subject, "error", err)
	}
	all := slices.Concat(before, h.Events)
	slices.Sort(all)
	return slices.Compact(all)
}
