package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Translator reads the deliveries log and brings the catalog to what the
// forges say. Each source has a lane of its own, which handles its deliveries
// one after the other: a forge that does not answer holds up only its own.
type Translator struct {
	TranslatorOptions
	lanes []*lane

	appending sync.Mutex // held from deciding to appending

	mu     sync.Mutex
	newest eventlog.Position // of the main log, as far as we know; 0 = not asked yet
}

// TranslatorOptions are what a Translator works with. All but Descriptors and
// Now are required.
type TranslatorOptions struct {
	Sources     []Source
	Descriptors map[string][]string // patterns, by name of the source; none = [DefaultDescriptors]
	Deliveries  eventlog.Log        // the deliveries log
	Log         MainLog
	Known       Known
	Positions   Positions
	Logger      *slog.Logger
	Now         func() time.Time // nil: time.Now
}

// MainLog is where entity events go.
type MainLog interface {
	eventlog.Appender
	Last(ctx context.Context) (eventlog.Position, error)
}

// Positions finds deliveries in their log by id; the error is of kind
// fault.NotFound when there is none of that id.
type Positions interface {
	Position(ctx context.Context, delivery string) (eventlog.Position, error)
}

// NewTranslator makes a translator.
func NewTranslator(o TranslatorOptions) *Translator {
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &Translator{TranslatorOptions: o}
	for _, s := range o.Sources {
		l := &lane{Translator: t, source: s, forge: s.Forge(), descriptors: o.Descriptors[s.Name()], reached: map[string]string{}}
		if len(l.descriptors) == 0 {
			l.descriptors = DefaultDescriptors()
		}
		t.lanes = append(t.lanes, l)
	}
	return t
}

// Replay asks to handle a delivery again, for a reason that people can read.
// The error is of kind fault.NotFound when there is none of this id.
func (t *Translator) Replay(ctx context.Context, delivery, reason string, by event.Actor) error {
	p, err := t.Positions.Position(ctx, delivery)
	if err != nil {
		return err
	}
	rec, err := t.Deliveries.At(ctx, p)
	if err != nil {
		return err
	}
	r, err := event.DecodeAs[event.DeliveryReceived](rec.Event)
	if err != nil {
		return err
	}
	e, err := replayed(r.Source, delivery, p, reason, by)
	if err != nil {
		return err
	}
	_, err = t.Deliveries.Append(ctx, e)
	return err
}

// lane handles one source's deliveries.
type lane struct {
	*Translator
	source      Source
	forge       Forge
	descriptors []string
	blobs       blobs

	handling sync.Mutex
	reached  map[string]string // commit that this process brought a repository to, by its id
	trying   string            // event id of the delivery that was tried last
	tries    int               // how often in a row
}

// Handle handles one record of the deliveries log. An error means that it is
// to be tried again: the forge, or something of ours, does not answer now.
// Everything else ends in a DeliveryHandled. Records of sources that are not
// configured (any more) are left alone.
func (t *Translator) Handle(ctx context.Context, rec eventlog.Record) error {
	for _, l := range t.lanes {
		if event.SourcePrefix+l.source.Name() == rec.Source {
			return l.handle(ctx, rec)
		}
	}
	return nil
}

func (l *lane) handle(ctx context.Context, rec eventlog.Record) error {
	if rec.Type != event.TypeDeliveryReceived && rec.Type != event.TypeDeliveryReplayed {
		return nil
	}
	l.handling.Lock()
	defer l.handling.Unlock()
	if l.trying != rec.ID {
		l.trying, l.tries = rec.ID, 0
	}
	l.tries++
	start := l.Now()
	h, err := l.translate(ctx, rec)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.Attempts, h.Took = l.tries, l.Now().Sub(start)
	again := fault.KindOf(err) == fault.Unavailable
	switch {
	case err == nil:
	case again:
		h.Status, h.Error = event.DeliveryWaiting, err.Error()
		if wait := fault.RetryAfter(err); wait > 0 {
			h.RetryAt = l.Now().Add(wait)
		}
	case fault.KindOf(err) == fault.Internal:
		l.Logger.ErrorContext(ctx, "delivery failed", "delivery", rec.Subject, "event", rec.ID, "error", err)
		h.Status, h.Error = event.DeliveryFailed, "Callboard could not handle it, which is its own mistake; its log has the details under event "+rec.ID
	default:
		h.Status, h.Error = event.DeliveryFailed, err.Error()
	}
	if recordErr := l.record(ctx, rec, h); recordErr != nil {
		return recordErr
	}
	if again {
		return err
	}
	return nil
}

// translate finds out what a delivery means and does it.
func (l *lane) translate(ctx context.Context, rec eventlog.Record) (event.DeliveryHandled, error) {
	h := event.DeliveryHandled{Status: event.DeliveryNotNeeded}
	received, err := l.received(ctx, rec)
	if err != nil {
		return h, err
	}
	d, err := Open(received.Event)
	if err != nil {
		return h, err
	}
	m, err := l.source.Translate(d)
	h.Repository = m.Repository.FullName
	if err != nil || m.Push == nil {
		return h, err
	}
	h.Events, err = l.sync(ctx, rec.ID, d.ID, m)
	h.Status = event.DeliveryDone
	return h, err
}

// received returns the record of the delivery that a record is about.
func (l *lane) received(ctx context.Context, rec eventlog.Record) (eventlog.Record, error) {
	if rec.Type == event.TypeDeliveryReceived {
		return rec, nil
	}
	r, err := event.DecodeAs[event.DeliveryReplayed](rec.Event)
	if err != nil {
		return eventlog.Record{}, err
	}
	return l.Deliveries.At(ctx, eventlog.Position(r.Received))
}

// record appends what became of a delivery, once for each thing that can be
// said of it: however often it is tried, "waiting" appears only when the
// reason is another one.
func (l *lane) record(ctx context.Context, rec eventlog.Record, h event.DeliveryHandled) error {
	e, err := event.New(event.SourcePrefix+l.source.Name(), rec.Subject, h)
	if err != nil {
		return err
	}
	what := "handled"
	if h.Status == event.DeliveryWaiting {
		what = "waiting: " + h.Error
	}
	e.ID = event.DeriveID(0, rec.ID, what)
	e.Cause.Delivery = rec.Subject
	_, err = l.Deliveries.Append(ctx, e)
	return err
}
