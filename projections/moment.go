package projections

import (
	"context"
	"errors"
	"time"

	"github.com/callboard/callboard/eventlog"
)

// Moment is a point on both clocks: what was true at a time, by what was on
// record up to a position. The zero Moment is now, by all that is known.
type Moment struct {
	// At is when it was true. Zero asks for what the newest record said, whatever
	// is known of the time before.
	At time.Time
	// Known is the last position that counts. Zero is the newest.
	Known eventlog.Position
}

// Now reports whether the moment is the present.
func (m Moment) Now() bool { return m == Moment{} }

// Patient returns a context in which the catalog of another moment is waited for that
// long at most, and no longer than otherwise.
func Patient(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, d)
}

type patience struct{}

// PatienceIn returns how long that is, or what it is otherwise.
func PatienceIn(ctx context.Context, otherwise time.Duration) time.Duration {
	if d, ok := ctx.Value(patience{}).(time.Duration); ok {
		return min(d, otherwise)
	}
	return otherwise
}

// ErrBeingMade says that what is asked for of a moment is being made, whether anybody
// waits for it or not: it will be there for who asks again.
var ErrBeingMade = errors.New("it is being made; ask again in a moment")
