// Package subscribers sends what is appended to the log to other programs, as
// webhooks: signed, in the order of the log, at least once.
//
// Start with [Dispatcher], which has one [Worker] for each [Subscriber]. A worker
// reads events by the filters of the history, sends them in batches as CloudEvents
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#4-json-batch-format),
// signed as Standard Webhooks says
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
// and keeps in a [Store] how far it is. docs/adr/0018-subscribers.md has the reasons.
package subscribers

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
)

const (
	// MaxBatch is how many events go in one request at most.
	MaxBatch = 500
	// maxBody is how large a request becomes, in bytes, unless one event is larger.
	maxBody = 1 << 20
)

// Subscriber is a program that events are sent to.
type Subscriber struct {
	Name string // its position is kept under it
	URL  string
	// Secrets sign each request; more than one while they are rotated. Each is
	// whsec_ and 24 to 64 bytes in base64.
	Secrets []string
	Filter  history.Filter // what of it selects; how to page is the worker's
	// FromNow has a new subscriber begin after what is there; otherwise it begins after From.
	FromNow bool
	From    eventlog.Position
	Batch   int           // events in a request at most; 0 = 100
	Timeout time.Duration // for an answer; 0 = 15 s
	GiveUp  time.Duration // how long an event is refused until it is a dead letter; 0 = a day
	// Channel is for who is sent something else than events, or otherwise; nil for a
	// program that is sent those of the log as signed webhooks.
	Channel Channel
}

// Channel is another thing to send than the events of the log that a filter selects, and
// maybe another way to send it. What becomes of it is kept and retried as for any subscriber.
// Its positions are moments, in nanoseconds since 1970.
type Channel interface {
	Feed
	// Shown is what everybody may see of it.
	Shown() Shown
	// Ping is a record that nobody has to act on.
	Ping(at time.Time) (eventlog.Record, error)
	// Held is what waits though it is there, by why, what goes out first before all others.
	// Began is when the channel was first there.
	Held(ctx context.Context, began time.Time) ([]Held, error)
	// Courier sends it; nil has it sent as a signed webhook.
	Courier() Courier
}

// Shown is what everybody may see of a channel.
type Shown struct {
	Type  string // what way it is, in a word
	Sends string // what is sent, for people
	Host  string // of its address, with the scheme
}

// Held is something that waits, and not because of how it goes.
type Held struct {
	Why   string    // in a word
	Says  string    // for people: what it waits for, as a sentence
	Count int       // of what there is to send
	Until time.Time // when the first of it goes out
}

// Feed is what there is to send.
type Feed interface {
	// Ends returns a position that no entry is beyond.
	Ends(context.Context) (eventlog.Position, error)
	// Newest returns the last position of which all is known. Began is when the
	// channel was first there.
	Newest(ctx context.Context, began time.Time) (eventlog.Position, error)
	// Entries returns the first records between two positions.
	Entries(ctx context.Context, began time.Time, after, newest eventlog.Position, limit int) ([]eventlog.Record, error)
	// At returns the record at a position, or an error of kind fault.NotFound.
	At(ctx context.Context, began time.Time, p eventlog.Position) (eventlog.Record, error)
	// Wait returns once there may be something after a position, and as soon as it likes.
	Wait(ctx context.Context, after eventlog.Position) error
}

// Courier hands over a message.
type Courier interface {
	Send(ctx context.Context, m Message) Answer
}

// Message is what is handed over at once.
type Message struct {
	ID      string // the same whenever the same is sent
	Records []eventlog.Record
	At      time.Time
	Done    []string // those of several whom it is for that have it, as an answer named them
}

// Answer is what became of it.
type Answer struct {
	Verdict    Verdict
	Status     int    // of an answer, in the numbers of its protocol; 0 if there was none
	Reason     string // why it was not delivered
	Text       string // how the answer began
	RetryAfter time.Duration
	// Done are those of several whom it is for that have it, now or since before. They are
	// not sent it again. If it is not delivered all the same, others have not: these are
	// tried again for a while if they may take it Later, and hold up nobody for longer.
	Done  []string
	Later bool
}

// History answers which events there are for a subscriber.
type History interface {
	Position(context.Context) (eventlog.Position, error)
	Events(context.Context, history.Filter) (history.Page, error)
}

// Log has the events themselves.
type Log interface {
	Last(context.Context) (eventlog.Position, error)
	At(context.Context, eventlog.Position) (eventlog.Record, error)
}

// Status is where a subscriber is with what it is sent.
type Status string

// The statuses.
const (
	Current Status = "current" // it has all there is for it
	Behind  Status = "behind"  // it is being sent what it has not
	Failing Status = "failing" // it did not take the last request, which is sent again
	Paused  Status = "paused"  // nothing is sent until somebody resumes it
)

// State is how a subscriber stands.
type State struct {
	Name   string
	Host   string    // of its address, with the scheme
	Type   string    // "" for a program that is sent events; else that of its channel
	Sends  string    // what a channel is sent, for people
	UpTo   time.Time // of a channel: its position as a moment; zero if it was sent nothing
	Filter history.Filter
	Status Status
	Progress
	Newest  eventlog.Position // of the log
	Pending time.Time         // when the first was recorded that it has not; zero if it has all
	Lag     time.Duration     // from then to now
	GivesUp time.Time         // when the next event becomes a dead letter, if it is refused until then; zero if it is not
	Letters int               // dead letters
	Held    []Held            // of a channel: what waits by design
}

// Progress is how far a subscriber is, and how it goes.
type Progress struct {
	Position     eventlog.Position // it has, or is not to have, all up to this one
	Delivered    time.Time         // last request that it took
	Failures     int               // in a row
	FailingSince time.Time
	RetryAt      time.Time
	Reason       string // of the last failure
	Refusals     int    // of the next event, alone
	RefusedSince time.Time
	PausedFor    string // why; "" = it is not
	PausedAt     time.Time
	ByHand       bool // somebody paused it, and not Callboard
	batch        int  // events in the next request; 0 = as many as it takes
	began        time.Time
	partly       partly
}

// partly is a message that some of several have.
type partly struct {
	ID   string   `json:"id"`
	Done []string `json:"done"`
}

// of returns who has the message of an id.
func (p partly) of(id string) []string {
	if p.ID != id {
		return nil
	}
	return p.Done
}

// Verdict is what became of a request.
type Verdict string

// The verdicts.
const (
	// Delivered: an answer of 2xx.
	Delivered Verdict = "delivered"
	// Unavailable: no answer, or one that tells of the subscriber and not of the
	// events. What comes next would fare no better.
	Unavailable Verdict = "unavailable"
	// Refused: an answer that tells of what was sent.
	Refused Verdict = "refused"
	// Gone: 410, nothing is wanted any more.
	Gone Verdict = "gone"
)

// The kinds of requests.
const (
	KindEvents     = "events"
	KindRedelivery = "redelivery" // of a dead letter
	KindPing       = "ping"
)

// Attempt is a request that was made.
type Attempt struct {
	At          time.Time
	Kind        string
	First, Last eventlog.Position // 0 for a ping
	Events      int
	Verdict     Verdict
	Status      int    // of the answer; 0 if there was none
	Reason      string // why it was not delivered
	Answer      string // how the body of the answer begins
	Took        time.Duration
	retryAfter  time.Duration
	later       bool
	partly      partly
}

// Letter is a dead letter: an event that a subscriber did not take, and that it was
// not sent again.
type Letter struct {
	Position eventlog.Position
	Type     string
	Subject  string
	Since    time.Time // first refusal
	At       time.Time // last attempt
	Attempts int
	Status   int
	Reason   string
	Answer   string
	partly   partly
}
