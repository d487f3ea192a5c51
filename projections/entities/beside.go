package entities

import (
	"context"

	"github.com/callboard/callboard/projections"
)

var _ projections.Rebuildable = (*Catalog)(nil)

// Beside makes a second copy, in memory as the first is.
func (c *Catalog) Beside(context.Context) (projections.Copy, error) {
	next := NewOf(c.kinds)
	next.notes = c.notes
	return projections.Copy{Projection: next, Replacement: replacement{c, next}}, nil
}

// replacement is a catalog that may take the place of another.
type replacement struct{ of, next *Catalog }

// TakeOver implements [projections.Replacement]. Who has a snapshot goes on with that.
func (r replacement) TakeOver(context.Context) error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.relations, r.of.rejections, r.of.conflicts = r.next.relations, r.next.rejections, r.next.conflicts
	r.of.snapshot.Store(r.next.Snapshot())
	return nil
}

// Discard implements [projections.Replacement]: nobody holds on to the other.
func (r replacement) Discard(context.Context) error { return nil }
