// Package projections folds the log into read models. A [Projection] is one
// read model; a [Runner] keeps a set of them in step with a log: first it
// catches up in batches, then it follows the live tail.
package projections

import (
	"context"

	"github.com/callboard/callboard/eventlog"
)

// Projection is one read model. It owns its position, stored together with the
// state that it describes.
type Projection interface {
	Name() string
	// Position returns how far the state has come, 0 for none.
	Position(ctx context.Context) (eventlog.Position, error)
	// Apply folds records, in order, and makes the result visible at once.
	// Records at or before Position change nothing. Types that it does not know
	// only move the position.
	Apply(ctx context.Context, records []eventlog.Record) error
}

// Rebuildable is a Projection that can be folded anew while it is read.
type Rebuildable interface {
	Projection
	// Beside makes a second copy of its state, with nothing in it. There may be one
	// at a time.
	Beside(ctx context.Context) (Copy, error)
}

// Copy is a second copy of a projection's state: folded as a Projection, it may take
// the place of the first.
type Copy struct {
	Projection
	Replacement
}

// Replacement is what becomes of a copy.
type Replacement interface {
	// TakeOver has whoever reads the projection from now on read the copy; what is
	// being read goes on as it began. Nothing is applied to either meanwhile. Once it
	// returns nil, the copy is the one that a crash leaves in use; before, the other is.
	TakeOver(ctx context.Context) error
	// Discard deletes the one that is not in use, once nobody reads it any more: this
	// copy or, after TakeOver, the one before.
	Discard(ctx context.Context) error
}
