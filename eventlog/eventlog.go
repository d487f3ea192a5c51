// Package eventlog is the one log that everything else follows: append-only, in
// total order, numbered 1, 2, 3 … without gaps.
//
// Start with [Log]. sqlitelog implements it; eventlogtest is the suite that
// every implementation passes; reactor runs work on what is appended.
package eventlog

import (
	"context"
	"iter"
	"time"

	"github.com/callboard/callboard/event"
)

// Position is an event's number in its log. The first is 1; 0 is before the first.
type Position uint64

// Record is an event with its place in the log.
type Record struct {
	Position Position
	Recorded time.Time // when the log took it; never earlier than the record before
	event.Event
}

// Appended says what became of one event of an Append.
type Appended struct {
	Position  Position // where it is; where it was already if Duplicate
	Duplicate bool     // an event with this id was in the log before
}

// Appender adds to a log.
type Appender interface {
	// Append makes events durable, in the given order and all or none, and
	// returns one Appended for each once they are. An event whose id is in the
	// log already, however long ago, is not appended again. An event whose
	// Time lies after the moment of recording is recorded with that moment
	// instead; the zero Time too.
	//
	// Errors are of kind fault.Invalid when an event is not what
	// [event.Event.Validate] asks for, and fault.Unavailable when the log cannot
	// take them now. After an error or a
	// cancelled ctx the events may still have been written; appending them
	// again is always safe.
	Append(ctx context.Context, events ...event.Event) ([]Appended, error)
}

// Reader reads a log in order. Many may read while one appends. They share the
// records' Data and Extensions, so nobody may change these.
type Reader interface {
	// Read yields the records after a position up to the end of the log as it
	// was when Read began. On an error it yields that once and stops.
	Read(ctx context.Context, after Position) iter.Seq2[Record, error]
	// Follow is Read that then waits for more, until ctx ends; the end of ctx
	// is no error and yields nothing.
	Follow(ctx context.Context, after Position) iter.Seq2[Record, error]
	// At returns the record at a position, or an error of kind fault.NotFound.
	At(ctx context.Context, p Position) (Record, error)
	// Last returns the position of the newest record, 0 for an empty log.
	Last(ctx context.Context) (Position, error)
}

// Log is a log that can be appended to and read.
type Log interface {
	Appender
	Reader
}

// Cursors remember how far each named follower of a log has come. A follower
// whose cursor was lost starts again from 0, so its work must bear repeating.
type Cursors interface {
	Cursor(ctx context.Context, name string) (Position, error) // 0 for a name never set
	// SetCursor remembers p, which may lie before the last one. A crash may undo
	// the newest ones. An empty name is an error of kind fault.Invalid.
	SetCursor(ctx context.Context, name string, p Position) error
}
