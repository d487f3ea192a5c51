package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/ui"
)

// Undoer makes entities what they were before some events about them, and returns the
// positions of the events that do so, whose cause is a request. The error is of kind
// fault.Conflict if that cannot be, fault.Invalid if no reason or no name is given.
type Undoer func(ctx context.Context, events []eventlog.Position, reason, by, request string) ([]eventlog.Position, error)

// undoView is a form that undoes events.
type undoView struct {
	action  string
	says    string // what becomes of it
	button  string
	reason  ui.Field
	by      ui.Field
	problem string // why it cannot be
}

func newUndoView(r request, action, says, button string) *undoView {
	return &undoView{
		action: action, says: says, button: button,
		reason: reasonField("undo-reason", "pushed to the wrong branch"),
		by:     ui.Field{ID: "undo-by", Name: fieldBy, Label: "Who you are", Value: r.name, Required: true, MaxLength: event.MaxName},
	}
}

// tried keeps what was filled in, with what is wrong.
func (v *undoView) tried(r request, err error) {
	v.reason.Value, v.by.Value = strings.TrimSpace(r.form(fieldReason)), strings.TrimSpace(r.form(fieldBy))
	switch {
	case fault.KindOf(err) != fault.Invalid:
		v.problem = sentenceOf(err)
	case !event.IsReason(v.reason.Value):
		v.reason.Problem = sentenceOf(err)
	default:
		v.by.Problem = sentenceOf(err)
	}
}

// fields are those that something can be wrong with.
func (v *undoView) fields() []*ui.Field { return []*ui.Field{&v.reason, &v.by} }

// isWrong reports whether the form came back.
func (v *undoView) isWrong() bool {
	return v.problem != "" || v.reason.Problem != "" || v.by.Problem != ""
}

// undoable reports whether an event of a type can be undone.
func undoable(t event.Type) bool {
	return t == event.TypeEntityRegistered || t == event.TypeEntityChanged || t == event.TypeEntityRemoved
}

func undoEventLink(p eventlog.Position) string { return eventLink(p) + "/undo" }

// undoOf is the form that undoes an event; nil where it cannot be. What was found in the
// past after the fact says nothing of now that could be undone.
func (s *Site) undoOf(r request, rec eventlog.Record) *undoView {
	if s.Undo == nil || !undoable(rec.Type) || rec.Backfilled() {
		return nil
	}
	return newUndoView(r, undoEventLink(rec.Position), "The entity becomes what it was before, by an event with your name and reason. It stays so until the file that declares it says something else.", "Undo this event")
}

// undoEvent handles "POST /audit/{position}/undo".
func (s *Site) undoEvent(ctx context.Context, r request) (answer, error) {
	p, err := position(fieldEvent, r.param("position"))
	if err != nil || s.Undo == nil {
		return answer{}, fault.New(fault.NotFound, "there is no event %q that could be undone", r.param("position"))
	}
	did, err := s.undo(ctx, r, []eventlog.Position{p})
	if !refused(err) {
		return answer{location: eventLink(did)}, err
	}
	a, failed := s.auditEventWith(ctx, r, func(v *eventView) {
		if v.undo != nil {
			v.undo.tried(r, err)
		}
	})
	a.status = http.StatusUnprocessableEntity
	return a, failed
}

// undoDelivery handles "POST /sources/{name}/deliveries/{id}/undo".
func (s *Site) undoDelivery(ctx context.Context, r request) (answer, error) {
	d, err := s.deliveryOf(ctx, r, r.param("name"))
	if err == nil && s.Undo == nil {
		err = fault.New(fault.NotFound, "nothing is undone here")
	}
	if err != nil {
		return answer{}, err
	}
	did, err := s.undo(ctx, r, d.Events)
	if !refused(err) {
		return answer{location: eventLink(did)}, err
	}
	a, failed := s.deliveryAnswer(ctx, r, func(v *deliveryView) {
		if v.undo != nil {
			v.undo.tried(r, err)
		}
	})
	a.status = http.StatusUnprocessableEntity
	return a, failed
}

// undo returns the first of the events that compensate for others.
func (s *Site) undo(ctx context.Context, r request, events []eventlog.Position) (eventlog.Position, error) {
	did, err := s.Undo(ctx, events, r.form(fieldReason), strings.TrimSpace(r.form(fieldBy)), r.id)
	if err != nil {
		return 0, err
	}
	return did[0], nil
}

// refused reports whether something was not done because it cannot be.
func refused(err error) bool {
	k := fault.KindOf(err)
	return err != nil && (k == fault.Conflict || k == fault.Invalid)
}
