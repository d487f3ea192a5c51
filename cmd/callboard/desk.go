package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards/desk"
)

// newDesk is where people ask for and decide about exemptions and initiatives.
func (p *portal) newDesk() *desk.Desk {
	return &desk.Desk{Catalog: func() desk.Catalog { return deskCatalog{p.catalog.Snapshot()} }, Make: p.make, Now: p.now}
}

// scoresPatience is how long somebody who makes something waits for the scores that follow.
const scoresPatience = 3 * time.Second

// make puts an entity on record that somebody makes, and returns once it can be read, and what
// follows for scores, unless that takes long.
func (p *portal) make(ctx context.Context, ref string, decide func(*catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error) {
	at, err := p.intake().translator.Make(ctx, ingest.Making{Ref: ref, Decide: decide, By: event.ActorIn(ctx), Cause: event.CauseIn(ctx)})
	if wrong, ok := errors.AsType[ingest.Wrong](err); ok {
		return 0, fault.New(fault.Invalid, "%w", problemsOf(wrong))
	}
	if err != nil || at == 0 {
		return at, err
	}
	if err := p.runner.WaitAll(ctx, at); err != nil {
		return at, err
	}
	return at, p.followed(ctx, at)
}

// followed waits until scores that an event led to can be read.
func (p *portal) followed(ctx context.Context, at eventlog.Position) error {
	soon, stop := context.WithTimeout(ctx, scoresPatience)
	defer stop()
	if err := p.scorer.Wait(soon, at); err != nil {
		return ctx.Err() // else they follow later
	}
	last, err := p.events.Last(ctx)
	if err != nil {
		return err
	}
	return p.runner.WaitAll(ctx, last)
}

// problemsOf says by the fields of a form what is wrong with a descriptor.
func problemsOf(w ingest.Wrong) desk.Problems {
	all := make(desk.Problems, len(w.Problems))
	for i, one := range w.Problems {
		field := one.Path[strings.LastIndex(one.Path, ".")+1:]
		field, _, _ = strings.Cut(field, "[")
		all[i] = desk.Problem{Field: field, Message: one.Message}
	}
	return all
}

// deskCatalog is the catalog as the desk wants it.
type deskCatalog struct{ *entities.Snapshot }

// Entity returns the entity with a full ref.
func (c deskCatalog) Entity(ref string) (*catalog.Entity, bool) {
	e, ok := c.Get(ref)
	if !ok {
		return nil, false
	}
	return e.Entity, true
}

// Kind returns the entities of a kind.
func (c deskCatalog) Kind(kind string) []*catalog.Entity {
	found := c.Find(entities.Query{Kinds: []string{kind}}).Entries
	all := make([]*catalog.Entity, len(found))
	for i, e := range found {
		all[i] = e.Entity
	}
	return all
}

// Since returns the position of the event that made an entity what it is.
func (c deskCatalog) Since(ref string) eventlog.Position {
	e, ok := c.Get(ref)
	if !ok {
		return 0
	}
	return e.Since.Position
}

// User returns who goes by a name: as the entity is called, or by the name in the profile.
func (c deskCatalog) User(name string) string {
	if ref, err := catalog.ParseRef(strings.TrimPrefix(name, "@"), catalog.Ref{Kind: "User"}); err == nil {
		if e, ok := c.Get(ref.String()); ok && strings.EqualFold(e.Entity.Kind, "User") {
			return e.Ref
		}
	}
	shown := entities.Equals{Key: "spec.profile.displayname", Values: []string{name}}
	found := c.List(entities.Listing{Where: shown, Limit: 2}).Rows
	if len(found) != 1 || !strings.HasPrefix(found[0].Ref, "user:") {
		return ""
	}
	return found[0].Ref
}
