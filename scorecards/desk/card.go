package desk

import (
	"context"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// OpenCard makes a scorecard of what somebody wrote.
func (d *Desk) OpenCard(ctx context.Context, card *catalog.Entity) (Made, error) {
	return d.publish(ctx, card, func(now *catalog.Entity) error {
		if now != nil {
			return fault.New(fault.Conflict, "%s is there already: change it on its page, or take another metadata.name", card.Ref())
		}
		return nil
	})
}

// ChangeCard has a scorecard that was made in the portal be as somebody wrote it. Seen is as
// for [Desk.ChangeInitiative].
func (d *Desk) ChangeCard(ctx context.Context, card *catalog.Entity, seen eventlog.Position) (Made, error) {
	return d.publish(ctx, card, func(now *catalog.Entity) error {
		if now == nil {
			return fault.New(fault.NotFound, "there is no %s", card.Ref())
		}
		return d.seen(card.Ref().String(), seen)
	})
}

// RemoveCard takes a scorecard that was made in the portal out of the catalog: nothing is judged
// by it any more. Seen is as for [Desk.ChangeInitiative].
func (d *Desk) RemoveCard(ctx context.Context, ref string, seen eventlog.Position) (Made, error) {
	if err := d.there(ref); err != nil {
		return Made{}, err
	}
	var p Problems
	p.by(ctx)
	if err := p.err(); err != nil {
		return Made{}, err
	}
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) {
		switch {
		case now == nil:
			return nil, fault.New(fault.NotFound, "there is no %s", ref)
		case now.Kind != scorecards.KindScorecard: // those have an end of their own
			return nil, fault.New(fault.Invalid, "%s is no scorecard", ref)
		}
		return nil, d.seen(ref, seen)
	})
	return Made{ref, at}, err
}

func (d *Desk) publish(ctx context.Context, card *catalog.Entity, may func(now *catalog.Entity) error) (Made, error) {
	var p Problems
	p.by(ctx)
	if err := p.err(); err != nil {
		return Made{}, err
	}
	ref := card.Ref().String()
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) { return card, may(now) })
	return Made{ref, at}, err
}
