package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
)

// Translator reads the deliveries log and brings the catalog to what the
// forges say. See [Translator.Reactors].
type Translator struct {
	TranslatorOptions
	lanes []*lane

	appending sync.Mutex // held from deciding to appending

	mu     sync.Mutex
	newest eventlog.Position // of the main log, as far as we know; 0 = not asked yet
}

// TranslatorOptions are what a Translator works with. All but Descriptors, Kinds
// and Now are required.
type TranslatorOptions struct {
	Sources     []Source
	Descriptors map[string][]string // patterns, by name of the source; none = [DefaultDescriptors]
	Kinds       catalog.Kinds       // that descriptors may declare; none = the built-in ones
	Deliveries  eventlog.Log        // the deliveries log
	Log         MainLog
	Known       Known
	Reached     Reached
	Positions   Positions
	Logger      *slog.Logger
	Now         func() time.Time // nil: time.Now
}

// MainLog is where entity events go.
type MainLog interface {
	eventlog.Appender
	Last(ctx context.Context) (eventlog.Position, error)
}

// Reached remembers to which commit of a repository deliveries brought the
// catalog last: DeliveryHandled.Commit of the newest one that has any; "" if
// none has. It need not have seen what this process did.
type Reached interface {
	Reached(ctx context.Context, source, repositoryID string) (string, error)
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
	if len(o.Kinds) == 0 {
		o.Kinds = catalog.BuiltIn()
	}
	t := &Translator{TranslatorOptions: o}
	for _, s := range o.Sources {
		l := &lane{Translator: t, source: s, forge: s.Forge(), descriptors: o.Descriptors[s.Name()], at: map[string]string{}}
		if len(l.descriptors) == 0 {
			l.descriptors = DefaultDescriptors()
		}
		t.lanes = append(t.lanes, l)
	}
	return t
}

// Reactors are to be run on the deliveries log: one for each source, so that a
// forge that does not answer holds up only its own deliveries.
func (t *Translator) Reactors() []reactor.Reactor {
	rs := make([]reactor.Reactor, len(t.lanes))
	for i, l := range t.lanes {
		from := event.SourcePrefix + l.source.Name()
		rs[i] = reactor.Reactor{
			Name:    "translate/" + l.source.Name(),
			On:      []event.Type{event.TypeDeliveryReceived, event.TypeDeliveryReplayed},
			Accept:  func(rec eventlog.Record) bool { return rec.Source == from },
			React:   l.react,
			GaveUp:  l.gaveUp,
			Waiting: l.waiting,
		}
	}
	return rs
}

// Replay asks to handle a delivery again, for a reason that people can read.
// The error is of kind fault.NotFound when there is none of this id.
func (t *Translator) Replay(ctx context.Context, delivery, reason string, by event.Actor) error {
	p, err := t.Positions.Position(ctx, delivery)
	if err != nil {
		return err
	}
	return t.replay(ctx, p, uuid.NewString(), reason, by)
}

// replay asks to handle the delivery at a position again; id is the event's.
func (t *Translator) replay(ctx context.Context, p eventlog.Position, id, reason string, by event.Actor) error {
	rec, err := t.Deliveries.At(ctx, p)
	if err != nil {
		return err
	}
	r, err := event.DecodeAs[event.DeliveryReceived](rec.Event)
	if err != nil {
		return err
	}
	e, err := replayed(r.Source, rec.Subject, p, reason, by)
	if err != nil {
		return err
	}
	e.ID = id
	_, err = t.Deliveries.Append(ctx, e)
	return err
}
