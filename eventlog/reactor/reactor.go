// Package reactor runs functions on what is appended to a log: work that asks
// other systems and may fail, such as translating a delivery. What only folds
// events into state is a projection and does not belong here.
//
// A [Reactor] names a function and the types of events that it wants; a
// [Runner] runs a set of them on Watermill's router. For each reactor, on its
// own:
//
//   - Records come in order, one at a time, the next after the one before is
//     done. Its position in the log is kept under its name.
//   - After a crash the last ones may come again, so its effects must bear
//     repeating: events that it appends have ids derived from the record's
//     ([event.DeriveID]).
//   - An error or panic makes it try again, with backoff, where that may help;
//     all that comes later waits. See [Reactor.React].
//   - What it gives up on goes to GaveUp, Watermill's poison queue. It is seen in
//     the log and the metrics, and [Runner.Replay] handles it again.
package reactor

import (
	"context"
	"errors"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Reactor is one function that runs on events. Name and React must be set.
type Reactor struct {
	// Name stands in metrics and logs, and its position is kept under it: under a
	// new name a reactor begins with the first record of the log.
	Name string
	On   []event.Type // none means all
	// Accept, if set, cheaply passes over records that React need not see.
	Accept func(eventlog.Record) bool

	// React does the work. By the kind of its error:
	//
	//   - unavailable: it is tried again until it succeeds, since what comes later
	//     would fail too. The wait is what the error says ([fault.Later]), or
	//     grows.
	//   - invalid, not found, denied, conflict: trying again would not help.
	//   - anything else: it is tried again as often as [Options] say.
	//
	// While the runner shuts down, ctx still lasts for [Options].Grace.
	React func(ctx context.Context, rec eventlog.Record) error

	// GaveUp is told of a record that React did not manage. If it fails, React
	// has another round. Nil means to append an [event.ReactionFailed].
	GaveUp func(ctx context.Context, rec eventlog.Record, failure Failure) error
	// Waiting, if set, is told before each wait of [Options].LongWait or more.
	Waiting func(ctx context.Context, rec eventlog.Record, failure Failure, until time.Time)
}

// Failure is what became of the attempts at a record.
type Failure struct {
	Err      error // of the last attempt
	Attempts int   // since the record was handed out, at least 1
	Took     time.Duration
}

// Text says what went wrong, for people: without what is internal.
func (f Failure) Text() string {
	var e *fault.Error
	if errors.As(f.Err, &e) && e.Kind != fault.Internal {
		return e.Message
	}
	return "an internal error, which the portal's own log has under the id of the event"
}

type contextKey int

const (
	correlationKey contextKey = iota
	attemptKey
)

// Correlation returns what the work of a React belongs to: the delivery,
// request or schedule tick that the record was caused by, else the record.
func Correlation(ctx context.Context) string {
	s, _ := ctx.Value(correlationKey).(string)
	return s
}

// Attempt returns which attempt at its record a React is, from 1; 0 outside of one.
func Attempt(ctx context.Context) int {
	n, _ := ctx.Value(attemptKey).(int)
	return n
}

func correlation(rec eventlog.Record) string {
	for _, id := range []string{rec.Cause.Delivery, rec.Cause.Request, rec.Cause.Schedule} {
		if id != "" {
			return id
		}
	}
	return rec.ID
}
