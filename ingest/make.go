package ingest

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/google/uuid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Making is what somebody makes of an entity in the portal, rather than in a file.
type Making struct {
	Ref string // full and lower-case
	// Decide returns the entity as it is to be from now on, given how it is; nil, of either, is
	// that it is not there. It is called while nobody else changes the catalog.
	Decide func(now *catalog.Entity) (*catalog.Entity, error)
	By     event.Actor
	Cause  event.Cause
}

// Wrong is what is wrong with an entity that somebody makes. It is of kind fault.Invalid.
type Wrong struct{ Problems []descriptor.Problem }

// Error says all of it.
func (w Wrong) Error() string {
	all := make([]string, len(w.Problems))
	for i, p := range w.Problems {
		all[i] = catalog.Problem{Path: p.Path, Message: p.Message}.String()
	}
	return strings.Join(all, "; ")
}

// Make registers, changes or removes an entity that no file declares, and returns where that
// stands; zero if it is as it is to be. It is written down as a descriptor and checked as
// one. The error is of kind fault.Conflict if a file declares the entity: then it is
// changed there; fault.Invalid, and wraps a [Wrong], if it is no good entity.
//
// A file that declares the entity afterwards takes it over.
func (t *Translator) Make(ctx context.Context, m Making) (eventlog.Position, error) {
	if !event.IsName(m.By.Name) {
		return 0, fault.New(fault.Invalid, "by: say who you are, in a line of at most %d characters: it stands beside what you do", event.MaxName)
	}
	// What is known may lag behind the log: it is waited for before everybody else is held up.
	if _, _, err := t.made(ctx, m.Ref); err != nil {
		return 0, err
	}
	t.appending.Lock()
	defer t.appending.Unlock()
	before, there, err := t.made(ctx, m.Ref)
	if err != nil {
		return 0, err
	}
	var now *catalog.Entity
	if there {
		now = &before.Entity
	}
	e, err := t.decide(m, before, now)
	if err != nil || e.Type == "" {
		return 0, err
	}
	at, err := t.append(ctx, e)
	if err != nil {
		return 0, err
	}
	return eventlog.Position(at[0]), nil
}

// made returns what somebody made of an entity in the portal.
func (t *Translator) made(ctx context.Context, ref string) (event.Declaration, bool, error) {
	after, err := t.after(ctx)
	if err != nil {
		return event.Declaration{}, false, err
	}
	d, there, err := t.Known.Declared(ctx, after, ref)
	if err == nil && there && !d.Origin.FromPortal() {
		err = fault.New(fault.Conflict, "%s is declared in %s: change it there", ref, d.Origin.Place())
	}
	return d, there, err
}

// decide is the event that makes the entity what it is to be; none if it is so.
func (t *Translator) decide(m Making, before event.Declaration, now *catalog.Entity) (event.Event, error) {
	wanted, err := m.Decide(now)
	if err != nil {
		return event.Event{}, err
	}
	id := uuid.NewString()
	data, err := t.become(m.Ref, id, before, now, wanted)
	if err != nil || data == nil {
		return event.Event{}, err
	}
	e, err := event.New(event.SourcePrefix+event.PortalSource, m.Ref, data)
	if err != nil {
		return event.Event{}, err
	}
	e.ID, e.Time, e.Actor, e.Cause = id, t.Now(), m.By, m.Cause
	return e, nil
}

// become is what there is to say where an entity is to be another one, none any more, or one at
// all; nil if it is so.
func (t *Translator) become(ref, id string, before event.Declaration, now, wanted *catalog.Entity) (event.Data, error) {
	switch {
	case wanted == nil && now == nil:
		return nil, nil
	case wanted == nil:
		return event.EntityRemoved{Ref: ref, Reason: "it was deleted in the portal", Origin: before.Origin}, nil
	}
	text, err := descriptor.Format(wanted)
	if err != nil {
		return nil, err
	}
	file := descriptor.ResolveOf(t.Kinds, text, nil)
	if len(file.Problems) > 0 || len(file.Documents) != 1 {
		return nil, fault.New(fault.Invalid, "%w", Wrong{file.Problems})
	}
	doc := file.Documents[0]
	if doc.Entity == nil {
		return nil, fault.New(fault.Invalid, "%w", Wrong{doc.Problems})
	}
	if is := doc.Entity.Ref().String(); is != ref {
		return nil, fmt.Errorf("%s was to be made, and %s came of it", ref, is)
	}
	d := event.Declaration{Entity: *doc.Entity, Document: doc.Text, Origin: event.Origin{
		Source: event.PortalSource, RepositoryID: event.PortalSource, Path: ref, Line: 1, Entities: 1,
	}}
	d.Entity.Metadata.UID = before.Entity.Metadata.UID
	if now == nil {
		d.Entity.Metadata.UID = uuid.NewSHA1(uuid.NameSpaceOID, []byte(id)).String()
	}
	d.Entity.Metadata.Annotations = maps.Clone(d.Entity.Metadata.Annotations)
	d.Entity.Metadata.ETag = catalog.ETag(&d.Entity)
	switch {
	case now == nil:
		return event.EntityRegistered{Declaration: d}, nil
	case len(catalog.Diff(now, &d.Entity)) == 0:
		return nil, nil
	default:
		return event.EntityChanged{Declaration: d}, nil
	}
}
