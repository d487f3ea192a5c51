package ingest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/internal/fault"
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

// TranslatorOptions are what a Translator works with. All but Selections, Kinds,
// Repositories, Named, Guard, Survey, ReadPeople, Led, Docs and Now are required.
type TranslatorOptions struct {
	Sources    []Source
	Selections map[string]Selection // what of a source is read, by its name
	Kinds      catalog.Kinds        // that descriptors may declare; none = the built-in ones
	Deliveries eventlog.Log         // the deliveries log
	Log        MainLog
	Known      Known
	Reached    Reached
	Positions  Positions
	Entities   EntityLog
	// Repositories is what is known of the repositories themselves; nil: no
	// events are made of that.
	Repositories Repositories
	// Named lists the paths of files that somebody wants to know the content of; nil: nobody does.
	Named func() []string
	// Guard is the share of a source's entities, 0 to 1, of which more than that
	// are not removed at once unless somebody allows it; 0 allows all. See [ErrHeld].
	Guard float64
	// Survey is called with the name of a source of which repositories or people
	// may have come, gone or moved.
	Survey func(source string)
	// ReadPeople is called with the name of a [Directory] that may have a Group or
	// User whose name somebody else let go of; nil: nobody is told.
	ReadPeople func(source string)
	// Led returns which events of a source a delivery led to, as of at least a position; nil:
	// nobody can say. It is asked of deliveries that somebody may have begun to handle before.
	Led func(ctx context.Context, after eventlog.Position, source, delivery string) ([]uint64, error)
	// Docs are where documentation goes; nil: none is read.
	Docs   *DocsOptions
	Logger *slog.Logger
	Now    func() time.Time // nil: time.Now
}

// Selection says what of a source is read.
type Selection struct {
	Descriptors []string // patterns; none = [DefaultDescriptors]
	Archived    bool     // archived repositories too
	SkipForks   bool
}

// LeavesOut says why a repository is not read, for people; "" if it is.
func (s Selection) LeavesOut(repo Repository) string {
	switch {
	case repo.Archived && !s.Archived:
		return repo.FullName + " is archived"
	case repo.Fork && s.SkipForks:
		return repo.FullName + " is a fork, which this source leaves out"
	}
	return ""
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
	// Unfinished returns where the newest delivery or look stands that would bring the
	// catalog to a head of a repository, and has not; "" if there is none.
	Unfinished(ctx context.Context, source, repositoryID, head string) (event.DeliveryStatus, error)
	// Status returns where a delivery stands; fault.NotFound when there is none.
	Status(ctx context.Context, delivery string) (event.DeliveryStatus, error)
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
		l := &lane{Translator: t, source: s, forge: s.Forge(), selection: o.Selections[s.Name()], at: map[string]string{}, turn: map[string]int{}}
		if len(l.selection.Descriptors) == 0 {
			l.selection.Descriptors = DefaultDescriptors()
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
			On:      []event.Type{event.TypeDeliveryReceived, event.TypeDeliveryReplayed, event.TypeRepositoryDue},
			Accept:  func(rec eventlog.Record) bool { return rec.Source == from },
			React:   l.react,
			GaveUp:  l.gaveUp,
			Waiting: l.waiting,
		}
	}
	return rs
}

// Replay asks to handle a delivery again, for a reason that people can read.
// The error is of kind fault.NotFound when there is none of this id, fault.Conflict when
// nobody reads its source.
func (t *Translator) Replay(ctx context.Context, delivery, reason string, by event.Actor) error {
	return t.again(ctx, delivery, event.DeliveryReplayed{Reason: reason}, by)
}

// Allow asks to handle a delivery again that is held, see [ErrHeld]: this time it may
// remove as much as it takes. The error is of kind fault.Conflict if it is not held.
func (t *Translator) Allow(ctx context.Context, delivery, reason string, by event.Actor) error {
	if _, err := t.waits(ctx, delivery, "there is nothing to allow, as it is not held", event.DeliveryHeld); err != nil {
		return err
	}
	return t.again(ctx, delivery, event.DeliveryReplayed{Reason: reason, Allowed: true}, by)
}

// Dismiss records that a delivery which failed or is held is not to be used, and why: it
// waits for nobody any more, and comparisons leave the commit that it told of. The error
// is of kind fault.Conflict if it waits for nobody, fault.Invalid if there is no reason.
func (t *Translator) Dismiss(ctx context.Context, delivery, reason string, by event.Actor) error {
	if reason = strings.TrimSpace(reason); !event.IsReason(reason) {
		return fault.New(fault.Invalid, "say why it is not to be used, in at most %d characters, none of which controls how others look", event.MaxReason)
	}
	if by.Name != "" && !event.IsName(by.Name) {
		return fault.New(fault.Invalid, "say who you are in a line of at most %d characters", event.MaxName)
	}
	at, err := t.waits(ctx, delivery, "only what failed or is held can be dismissed", event.DeliveryFailed, event.DeliveryHeld)
	if err != nil {
		return err
	}
	rec, err := t.Deliveries.At(ctx, at)
	if err != nil {
		return err
	}
	for _, l := range t.lanes {
		if rec.Source != event.SourcePrefix+l.source.Name() {
			continue
		}
		if task, err := l.task(ctx, rec); err == nil && task.gap != "" { // else it would be looked at again for that
			if err := l.closeGap(ctx, task, event.SourceGapClosed{Detail: "dismissed: " + reason, Lost: true}); err != nil {
				return err
			}
		}
	}
	e, err := event.New(rec.Source, rec.Subject, event.DeliveryDismissed{Reason: reason})
	if err != nil {
		return err
	}
	e.ID, e.Actor, e.Cause.Delivery = uuid.NewString(), by, rec.Subject
	return t.order(ctx, e)
}

// order appends what is asked for about a delivery to the deliveries log. If somebody
// asks, by a request, it stands in the main log first: there it stays.
func (t *Translator) order(ctx context.Context, e event.Event) error {
	if e.Cause.Request = event.CauseIn(ctx).Request; e.Cause.Request != "" {
		e.Time = t.Now()
		if _, err := t.Log.Append(ctx, e); err != nil {
			return err
		}
	}
	_, err := t.Deliveries.Append(ctx, e)
	return err
}

// waits finds a delivery that stands as it must.
func (t *Translator) waits(ctx context.Context, delivery, otherwise string, stands ...event.DeliveryStatus) (eventlog.Position, error) {
	at, err := t.Positions.Position(ctx, delivery)
	if err != nil {
		return 0, err
	}
	status, err := t.Reached.Status(ctx, delivery)
	if err == nil && !slices.Contains(stands, status) {
		err = fault.New(fault.Conflict, "delivery %s is %s: %s", delivery, status, otherwise)
	}
	return at, err
}

func (t *Translator) again(ctx context.Context, delivery string, data event.DeliveryReplayed, by event.Actor) error {
	p, err := t.Positions.Position(ctx, delivery)
	if err != nil {
		return err
	}
	data.Received = uint64(p)
	return t.replay(ctx, uuid.NewString(), data, by)
}

// replay asks to handle the delivery at data.Received again; id is the event's.
func (t *Translator) replay(ctx context.Context, id string, data event.DeliveryReplayed, by event.Actor) error {
	rec, err := t.Deliveries.At(ctx, eventlog.Position(data.Received))
	if err != nil {
		return err
	}
	source := strings.TrimPrefix(rec.Source, event.SourcePrefix)
	if !t.reads(source) {
		return fault.New(fault.Conflict, "nobody reads source %s any more: connect it again, or dismiss the delivery", source)
	}
	e, err := replayed(source, rec.Subject, data, by)
	if err != nil {
		return err
	}
	e.ID = id
	return t.order(ctx, e)
}
