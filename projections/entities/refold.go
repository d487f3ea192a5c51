package entities

import (
	"fmt"
	"maps"

	"github.com/callboard/callboard/eventlog"
)

// Fork returns a catalog that begins as the present snapshot of c and goes ways of
// its own: see [Catalog.Refold]. The two share what stays the same, so it costs
// little.
func (c *Catalog) Fork() *Catalog {
	c.mu.Lock() // while what was restored is being related, there is nothing to begin with
	defer c.mu.Unlock()
	fork := &Catalog{
		kinds: c.kinds, owned: c.owned, notes: c.notes,
		relations: c.relations.copy(), rejections: maps.Clone(c.rejections), conflicts: maps.Clone(c.conflicts),
	}
	fork.snapshot.Store(c.Snapshot())
	return fork
}

// Refold publishes the snapshot in which what some subjects of events have said is
// as if only the given records had ever been about them: all that count, in the
// order in which they do, whatever their positions. Position is that of the
// snapshot. If some subjects bear on others' they have to be among those subjects
// all together, and entangled says that they are.
func (c *Catalog) Refold(position eventlog.Position, subjects []string, entangled bool, records []eventlog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.Snapshot()
	b := batch{Catalog: c, before: before, dirty: map[string]*pending{}, locations: before.locations}
	// What goes wrong must not leave half of it behind.
	refused, conflicts := maps.Clone(c.rejections), maps.Clone(c.conflicts)
	next, err := b.refold(subjects, entangled, records)
	if err != nil {
		c.rejections, c.conflicts = refused, conflicts
		return err
	}
	next.position, next.event = position, ""
	if n := len(records); n > 0 {
		next.recorded = records[n-1].Recorded
	}
	c.snapshot.Store(next)
	return nil
}

func (b *batch) refold(subjects []string, entangled bool, records []eventlog.Record) (*Snapshot, error) {
	for _, ref := range subjects {
		if _, ok := b.before.record(ref); ok {
			b.dirty[ref] = &pending{removed: true}
		}
	}
	if entangled {
		b.rejections, b.locations = true, nil
		for key := range b.Catalog.rejections {
			b.touch(key.ref)
			b.take(key)
		}
	}
	for _, rec := range records {
		if err := b.foldAny(rec); err != nil {
			return nil, fmt.Errorf("fold position %d: %w", rec.Position, err)
		}
	}
	return b.publish()
}
