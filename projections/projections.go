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
