package ingest

import (
	"context"
	"fmt"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/internal/fault"
)

// Reclaim is to be run on the main log. When an entity is removed, another
// repository may be waiting for its name: one that declared it too and was
// refused. Nothing need ever be pushed there again, so the delivery that was
// refused is handled once more.
func (t *Translator) Reclaim() reactor.Reactor {
	return reactor.Reactor{Name: "reclaim", On: []event.Type{event.TypeEntityRemoved}, Accept: present, React: t.reclaim}
}

// present reports whether an event changes what is so now.
func present(rec eventlog.Record) bool { return !rec.Backfilled() }

func (t *Translator) reclaim(ctx context.Context, rec eventlog.Record) error {
	d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
	if err != nil || d.Ref == "" {
		return err
	}
	if _, held, err := t.Known.Declared(ctx, rec.Position, d.Ref); err != nil || held {
		return err
	}
	t.freed(d.Ref)
	refused, err := t.Known.Refused(ctx, rec.Position, d.Ref)
	if err != nil {
		return err
	}
	for _, delivery := range refused {
		if delivery == "" {
			continue // a location's, which [Locations.Reclaim] reads again
		}
		p, err := t.Positions.Position(ctx, delivery)
		if fault.KindOf(err) == fault.NotFound { // it is not kept any more
			t.Logger.WarnContext(ctx, "a name is free, and the repository that wants it has to be pushed to", "entity", d.Ref, "delivery", delivery)
			continue
		}
		if err != nil {
			return err
		}
		again := event.DeliveryReplayed{Reason: fmt.Sprintf("%s is no longer declared in %s", d.Ref, d.Origin.Repository), Received: uint64(p)}
		if err := t.replay(ctx, event.DeriveID(0, rec.ID, "reclaim", delivery), again, event.Actor{}); err != nil && fault.KindOf(err) != fault.Conflict { // else nobody reads its source
			return err
		}
	}
	return nil
}
