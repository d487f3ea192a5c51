package projections

import (
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

// ErrBeingMade says that what is asked for of a moment is being made, whether anybody
// waits for it or not: it will be there for who asks again.
var ErrBeingMade = errors.New("it is being made; ask again in a moment")
