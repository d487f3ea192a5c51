package ingest

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
)

// lane handles one source's deliveries, one at a time.
type lane struct {
	*Translator
	source      Source
	forge       Forge
	descriptors []string
	blobs       blobs
	at          map[string]string // commit that this process brought a repository to, by its id
}

// react handles a delivery that was received, or is to be handled again.
func (l *lane) react(ctx context.Context, rec eventlog.Record) error {
	start := l.Now()
	received, m, err := l.meaning(ctx, rec)
	if err != nil {
		return err
	}
	h := event.DeliveryHandled{
		Status: event.DeliveryNotNeeded, Repository: m.Repository.FullName, RepositoryID: m.Repository.ID, Attempts: reactor.Attempt(ctx),
	}
	if m.Push != nil {
		h.Status = event.DeliveryDone
		if h.Commit, h.Events, err = l.sync(ctx, rec.ID, received, m); err != nil {
			return err
		}
	}
	h.Took = l.Now().Sub(start)
	return l.record(ctx, rec, h)
}

// meaning finds the delivery that a record is about, and reads it. It asks no forge.
func (l *lane) meaning(ctx context.Context, rec eventlog.Record) (received eventlog.Record, m Meaning, err error) {
	if rec.Type == event.TypeDeliveryReplayed {
		r, err := event.DecodeAs[event.DeliveryReplayed](rec.Event)
		if err != nil {
			return eventlog.Record{}, Meaning{}, err
		}
		if rec, err = l.Deliveries.At(ctx, eventlog.Position(r.Received)); err != nil {
			return eventlog.Record{}, Meaning{}, err
		}
	}
	d, err := Open(rec.Event)
	if err != nil {
		return eventlog.Record{}, Meaning{}, err
	}
	m, err = l.source.Translate(d)
	return rec, m, err
}

// gaveUp records that a delivery waits for a person.
func (l *lane) gaveUp(ctx context.Context, rec eventlog.Record, f reactor.Failure) error {
	return l.failure(ctx, rec, f, event.DeliveryHandled{Status: event.DeliveryFailed})
}

// waiting records that a delivery waits for the forge.
func (l *lane) waiting(ctx context.Context, rec eventlog.Record, f reactor.Failure, until time.Time) {
	if err := l.failure(ctx, rec, f, event.DeliveryHandled{Status: event.DeliveryWaiting, RetryAt: until}); err != nil {
		l.Logger.WarnContext(ctx, "that a delivery waits was not recorded", "delivery", rec.Subject, "error", err)
	}
}

func (l *lane) failure(ctx context.Context, rec eventlog.Record, f reactor.Failure, h event.DeliveryHandled) error {
	h.Error, h.Attempts, h.Took = f.Text(), f.Attempts, f.Took
	if _, m, err := l.meaning(ctx, rec); err == nil {
		h.Repository, h.RepositoryID = m.Repository.FullName, m.Repository.ID
	}
	return l.record(ctx, rec, h)
}

// record appends what became of a delivery, once for each thing that can be
// said of it: however often it is tried, that it waits is told again only when
// the reason is another one. A delivery that failed may be done all the same,
// when it is tried again after a crash; so the id tells statuses apart.
func (l *lane) record(ctx context.Context, rec eventlog.Record, h event.DeliveryHandled) error {
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
	_, err = l.Deliveries.Append(ctx, e)
	return err
}
