package web

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// maxLater is among how many later events about an entity one is looked for that
// undoes it.
const maxLater = 500

// eventView is one event with all that is known of it.
type eventView struct {
	mark     ui.EventMark
	icon     string
	typ      string // with its version
	subject  ui.EntityLink
	trueAt   ui.Moment
	recorded ui.Moment
	later    string // how long after it became true
	who      ui.Person
	name     string // of the actor, where the login does not say it
	summary  string
	changes  []ui.Change
	chain    []ui.Link
	raw      []ui.Token
	proof    *proofView // nil: nothing is ever sealed
	undo     *undoView  // nil: it cannot be undone
	undoneBy []undoneBy
	older    string
	newer    string
}

// eventView reads an event from the log, which has all of it, and from the
// history, which knows what it changed.
func (s *Site) eventView(ctx context.Context, r request, p eventlog.Position) (*eventView, error) {
	rec, err := s.Log.At(ctx, p)
	if err != nil {
		return nil, err
	}
	told, err := s.History.Event(ctx, p)
	if err != nil && fault.KindOf(err) != fault.NotFound { // the history may be a moment behind the log
		return nil, err
	}
	var delivery *deliveries.Delivery
	if id := rec.Cause.Delivery; id != "" {
		d, err := s.Deliveries.Get(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound { // deliveries are kept for a limited time
			return nil, err
		}
		if err == nil {
			delivery = &d
		}
	}
	last, err := s.Log.Last(ctx)
	if err != nil {
		return nil, err
	}
	v := newEventView(r.catalog, rec, told, delivery)
	if v.proof, err = s.proofView(ctx, rec); err != nil {
		return nil, err
	}
	if v.undo = s.undoOf(r, rec); v.undo != nil {
		if v.undoneBy, err = s.undoneBy(ctx, rec); err != nil {
			return nil, err
		}
	}
	if p > 1 {
		v.older = eventLink(p - 1)
	}
	if p < last {
		v.newer = eventLink(p + 1)
	}
	return v, nil
}

// undoneBy is an event that compensates for another, and those that compensate for it.
type undoneBy struct {
	event ui.EventMark
	again []ui.EventMark
}

// undoneBy lists the events that compensate for one.
func (s *Site) undoneBy(ctx context.Context, rec eventlog.Record) ([]undoneBy, error) {
	later, err := s.History.Events(ctx, history.Filter{Entity: rec.Subject, After: rec.Position, Oldest: true, Limit: maxLater, Uncounted: true, Whole: true})
	if err != nil {
		return nil, err
	}
	var all []undoneBy
	at := map[uint64]int{} // by position
	for _, e := range later.Entries {
		undoes := (&event.Event{Extensions: e.Extensions}).Undoes()
		if slices.Contains(undoes, uint64(rec.Position)) {
			at[uint64(e.Position)] = len(all)
			all = append(all, undoneBy{event: mark(e.Position)})
			continue
		}
		for _, p := range undoes {
			if i, ok := at[p]; ok {
				all[i].again = append(all[i].again, mark(e.Position))
			}
		}
	}
	return all, nil
}

func newEventView(c Catalog, rec eventlog.Record, told history.Entry, delivery *deliveries.Delivery) *eventView {
	v := &eventView{
		mark:     mark(rec.Position),
		icon:     tellType(rec.Type).icon,
		typ:      string(rec.Type),
		trueAt:   ui.Exact(rec.Time),
		recorded: ui.Exact(rec.Recorded),
		who:      actor(rec.Actor),
		summary:  told.Summary,
		changes:  fields(told.Changes, wholeText),
		chain:    causes(rec, delivery),
		raw:      rawEvent(rec),
	}
	if rec.Actor.Name != v.who.Name {
		v.name = ui.Shorten(rec.Actor.Name, 60)
	}
	a := subject(c, rec.Subject)
	v.subject = ui.EntityLink{Label: a.Label, Href: a.Href, Title: rec.Subject, Icon: "sheet"}
	if kind, _, ok := strings.Cut(rec.Subject, ":"); ok {
		v.subject.Icon = kindIcon(c, kind, "")
	}
	if rec.Recorded.Sub(rec.Time) >= time.Second {
		v.later = ui.SpanInWords(rec.Recorded.Sub(rec.Time)) + " later"
		v.recorded = clock(rec.Recorded, rec.Time)
	}
	return v
}

// causes leads from what was done to this event, and on to what else the same
// delivery led to.
func causes(rec eventlog.Record, delivery *deliveries.Delivery) []ui.Link {
	var chain []ui.Link
	if rec.Cause.Commit != "" {
		l := ui.Link{Icon: "commit", Text: commitStep(commit(rec.Cause)), When: clock(rec.Time, rec.Recorded)}
		if delivery != nil && delivery.Repository != "" {
			l.Meta = append(l.Meta, delivery.Repository)
		}
		chain = append(chain, l)
	}
	switch {
	case delivery != nil:
		came := "signature checked"
		switch {
		case delivery.Event == deliveries.Look:
			came = "looked for by Callboard"
		case delivery.Fetched:
			came = "fetched from the forge"
		}
		chain = append(chain, ui.Link{
			Icon: "delivery", Text: deliveryStep(delivery.ID, delivery.Event, deliveryLink(delivery.Source, delivery.ID)),
			When: clock(delivery.Received, rec.Recorded), Meta: []string{came, ui.Size(delivery.Size)},
		})
	case rec.Cause.Delivery != "":
		chain = append(chain, ui.Link{Icon: "delivery", Text: plainStep("Delivery " + rec.Cause.Delivery), Meta: []string{"no longer kept"}})
	}
	for _, p := range rec.Undoes() {
		chain = append(chain, ui.Link{Icon: "event", Text: undoesStep(mark(eventlog.Position(p)))})
	}
	if rec.Cause.Request != "" {
		chain = append(chain, ui.Link{Icon: "terminal", Text: plainStep("Request " + rec.Cause.Request)})
	}
	if rec.Cause.Schedule != "" {
		chain = append(chain, ui.Link{Icon: "clock", Text: plainStep("Schedule " + rec.Cause.Schedule)})
	}
	chain = append(chain, ui.Link{
		Icon: tellType(rec.Type).icon, Here: true,
		Text: thisStep(typeName(rec.Type), mark(rec.Position)), When: ui.Clock(rec.Recorded),
	})
	if delivery != nil {
		var others []ui.EventMark
		for _, p := range delivery.Events {
			if p != rec.Position {
				others = append(others, mark(p))
			}
		}
		if len(others) > 0 {
			chain = append(chain, ui.Link{Icon: "event", Text: othersStep(others)})
		}
	}
	return chain
}

// clock leaves out the date of a moment if it is that of another one beside it.
func clock(t, beside time.Time) ui.Moment {
	if t.UTC().Format(time.DateOnly) == beside.UTC().Format(time.DateOnly) {
		return ui.Clock(t)
	}
	return ui.Exact(t)
}

// rawEvent is the event as CloudEvents writes it, with its place in the log.
func rawEvent(rec eventlog.Record) []ui.Token {
	raw := struct {
		SpecVersion string            `json:"specversion"`
		ID          string            `json:"id"`
		Type        event.Type        `json:"type"`
		Source      string            `json:"source"`
		Subject     string            `json:"subject,omitempty"`
		Time        time.Time         `json:"time"`
		Position    eventlog.Position `json:"position"`
		Recorded    time.Time         `json:"recorded"`
		Actor       event.Actor       `json:"actor"`
		Cause       event.Cause       `json:"cause"`
		Extensions  map[string]string `json:"extensions,omitempty"`
		Data        json.RawMessage   `json:"data,omitempty"`
	}{"1.0", rec.ID, rec.Type, rec.Source, rec.Subject, rec.Time.UTC(), rec.Position, rec.Recorded.UTC(), rec.Actor, rec.Cause, rec.Extensions, nil}
	if json.Valid(rec.Data) {
		raw.Data = rec.Data
	} else if quoted, err := json.Marshal(string(rec.Data)); err == nil {
		raw.Data = quoted
	}
	b, err := marshalPlain(raw)
	if err != nil {
		return []ui.Token{{Text: "This event cannot be written as JSON: " + errors.Unwrap(err).Error()}}
	}
	return ui.JSON(b, wholeText)
}

// marshalPlain leaves <, > and & as they are: the template escapes them, once.
func marshalPlain(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}
