package ingest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// EntityLog tells what was said of an entity.
type EntityLog interface {
	// About yields the events about an entity in the order of the log, as of at least a
	// position; what was backfilled is not among them.
	About(ctx context.Context, after eventlog.Position, ref string) iter.Seq2[eventlog.Record, error]
}

// Undoing is why events are undone, and by whom.
type Undoing struct {
	Reason  string
	By      event.Actor
	Request string // id of the request that asks for it
}

// Undo makes entities what they were before some events about them, which are their
// newest: it appends what compensates for these, all or nothing, and returns the
// positions. What a file says does not count again before the file says something
// else. The error is of kind fault.Conflict if something newer is on record of one of
// the entities, or if nothing can be undone; fault.Invalid if no reason or no
// name is given.
func (t *Translator) Undo(ctx context.Context, events []eventlog.Record, why Undoing) ([]uint64, error) {
	if why.Reason = strings.TrimSpace(why.Reason); !event.IsReason(why.Reason) {
		return nil, fault.New(fault.Invalid, "say why it is to be undone, in at most %d characters, none of which controls how others look", event.MaxReason)
	}
	if why.By.Name = strings.TrimSpace(why.By.Name); !event.IsName(why.By.Name) {
		return nil, fault.New(fault.Invalid, "say who you are, in a line of at most %d characters: it stands beside what you undo", event.MaxName)
	}
	undone := map[string][]eventlog.Position{}
	for _, rec := range events {
		switch rec.Type {
		case event.TypeEntityRegistered, event.TypeEntityChanged, event.TypeEntityRemoved:
			if rec.Backfilled() {
				return nil, fault.New(fault.Conflict, "event %d tells of the past only, as the repository's history has it: there is nothing of now to undo", rec.Position)
			}
			undone[rec.Subject] = append(undone[rec.Subject], rec.Position)
		}
	}
	// What is known of the entities may lag far behind the log: it is waited for before
	// everybody else is held up.
	if _, err := t.compensations(ctx, undone, why); err != nil {
		return nil, err
	}
	t.appending.Lock()
	defer t.appending.Unlock()
	all, err := t.compensations(ctx, undone, why)
	if err != nil {
		return nil, err
	}
	return t.append(ctx, all...)
}

// compensations are the events that make entities what they were before some about them.
func (t *Translator) compensations(ctx context.Context, undone map[string][]eventlog.Position, why Undoing) ([]event.Event, error) {
	after, err := t.after(ctx)
	if err != nil {
		return nil, err
	}
	var all []event.Event
	for _, ref := range slices.Sorted(maps.Keys(undone)) {
		r, err := t.retrace(ctx, after, ref, undone[ref])
		if err != nil {
			return nil, err
		}
		said, err := r.compensate(why.Reason)
		if err != nil {
			return nil, err
		}
		for _, data := range said {
			e, err := event.New(r.source, ref, data)
			if err != nil {
				return nil, err
			}
			e.ID, e.Time, e.Actor = uuid.NewString(), t.Now(), why.By
			e.Cause = event.Cause{Request: why.Request}
			e.Extensions = map[string]string{event.UndoesExtension: r.positions()}
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Conflict, "there is nothing to undo: only what registers, changes or removes an entity can be undone")
	}
	return all, nil
}

// retraced is an entity before and after the newest events about it, which are undone;
// nil where it is not there.
type retraced struct {
	ref, source string
	undone      []eventlog.Position
	before, now *event.Declaration
	again       bool // the newest of these undid others itself
	// refused is what is wrong now in the file that declares it; nil if nothing is. Whoever
	// declares it anew ends that, and undoing mends nothing.
	refused event.Data
}

// retrace follows an entity to its newest state.
func (t *Translator) retrace(ctx context.Context, after eventlog.Position, ref string, undone []eventlog.Position) (retraced, error) {
	slices.Sort(undone)
	r := retraced{ref: ref}
	for rec, err := range t.Entities.About(ctx, after, ref) {
		if err != nil {
			return r, err
		}
		now, err := r.follow(rec)
		if err != nil {
			return r, fmt.Errorf("position %d: %w", rec.Position, err)
		}
		if now == r.now {
			continue // it says nothing of what the entity is
		}
		switch {
		case slices.Contains(undone, rec.Position):
			if len(r.undone) == 0 {
				r.before = r.now
			}
			r.undone, r.source, r.again = append(r.undone, rec.Position), rec.Source, len(rec.Undoes()) > 0
		case len(r.undone) > 0 && slices.ContainsFunc(rec.Undoes(), func(p uint64) bool { return slices.Contains(undone, eventlog.Position(p)) }):
			return r, fault.New(fault.Conflict, "event %d undid that already", rec.Position)
		case len(r.undone) > 0:
			return r, fault.New(fault.Conflict, "event %d changed %s again: undo that first", rec.Position, ref)
		}
		r.now = now
	}
	if len(r.undone) == 0 {
		return r, fault.New(fault.Conflict, "event %d removed nothing: it only says that a second declaration of %s is gone", undone[0], ref)
	}
	return r, nil
}

// follow is what the entity is after an event.
func (r *retraced) follow(rec eventlog.Record) (*event.Declaration, error) {
	data, err := rec.Decode()
	if err != nil {
		return nil, err
	}
	switch d := data.(type) {
	case event.EntityRegistered:
		r.refused = nil
		return &d.Declaration, nil
	case event.EntityChanged:
		r.refused = nil
		return &d.Declaration, nil
	case event.EntityRemoved:
		if r.now != nil && inOneFile(r.now.Origin, d.Origin) {
			r.refused = nil
			return nil, nil
		}
	case event.EntityRejected:
		r.refuse(d, d.Origin)
	case event.EntityConflicted:
		r.refuse(d, d.Origin)
	}
	return r.now, nil
}

func (r *retraced) refuse(d event.Data, at event.Origin) {
	if r.now != nil && inOneFile(r.now.Origin, at) {
		r.refused = d
	}
}

func inOneFile(a, b event.Origin) bool {
	return a.Source == b.Source && a.RepositoryID == b.RepositoryID && a.Path == b.Path
}

// compensate says what makes the entity what it was.
func (r *retraced) compensate(why string) ([]event.Data, error) {
	for _, d := range []*event.Declaration{r.before, r.now} {
		switch {
		case d == nil:
		case d.Origin.Registration():
			return nil, fault.New(fault.Conflict, "%s stands for a location: remove that, or register it again", r.ref)
		case isOrganisation(d.Origin.RepositoryID):
			return nil, fault.New(fault.Conflict, "%s is what the forge tells of a team or a person: it is changed there", r.ref)
		}
	}
	reason := "undone: " + why
	switch {
	case r.before == nil && r.now == nil:
		return nil, nil
	case r.now == nil:
		d := *r.before
		if !r.again && !d.Origin.FromPortal() {
			d.Origin.Undone = &event.Undone{}
		}
		return []event.Data{event.EntityRegistered{Declaration: d, Reason: reason}}, nil
	case r.before == nil:
		return r.unregister(reason), nil
	case !inOneFile(r.before.Origin, r.now.Origin):
		return nil, fault.New(fault.Conflict, "%s moved from %s to %s with that: put the file back where it was", r.ref, r.before.Origin.Place(), r.now.Origin.Place())
	}
	d := *r.before
	d.Entity.Metadata.UID = r.now.Entity.Metadata.UID
	if !r.again && !d.Origin.FromPortal() { // else no file says what is not to count
		d.Origin = r.now.Origin
		d.Origin.Undone = &event.Undone{Document: event.DigestOf(r.now.Document)}
	}
	said := []event.Data{event.EntityChanged{Declaration: d, Reason: reason}}
	if r.refused != nil {
		said = append(said, r.refused)
	}
	return said, nil
}

// unregister removes the entity, and refuses what declares it unless nothing does.
func (r *retraced) unregister(reason string) []event.Data {
	said := []event.Data{event.EntityRemoved{Ref: r.ref, Reason: reason, Origin: r.now.Origin}}
	if removalUndone(r.now.Origin) || r.now.Origin.FromPortal() {
		return said
	}
	return append(said, event.EntityRejected{
		Ref: r.ref, Document: r.now.Document, Origin: r.now.Origin, Undone: true,
		Problems: []event.Problem{{Line: max(1, r.now.Origin.Line), Column: 1, Message: reason + "; it counts again once the file says something else"}},
	})
}

// positions lists what is undone.
func (r *retraced) positions() string {
	all := make([]string, len(r.undone))
	for i, p := range r.undone {
		all[i] = strconv.FormatUint(uint64(p), 10)
	}
	return strings.Join(all, ",")
}

// undone reports whether somebody undid what a document registered, and the file still
// has just that document.
func (p *planner) undone(c claim, ref string) bool {
	r, refused := p.rejected[place{c.file.Path, ref}]
	return refused && r.Undone && c.doc != nil && r.Document == c.doc.Text
}

// stays reports whether the entity is what somebody made it by undoing what a document
// says, and the file still has just that document.
func stays(before event.Declaration, c claim) bool {
	u := before.Origin.Undone
	return u != nil && before.Origin.Path == c.file.Path && u.Document == event.DigestOf(c.doc.Text)
}

// removalUndone reports whether an entity is there although no file declares it.
func removalUndone(o event.Origin) bool { return o.Undone != nil && o.Undone.Document == "" }
