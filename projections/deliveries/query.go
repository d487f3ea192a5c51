package deliveries

import (
	"cmp"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Delivery is one webhook delivery and what became of it.
type Delivery struct {
	ID         string
	Position   eventlog.Position // in the deliveries log
	Source     string            // name of the source
	Event      string            // the provider's name: "push"
	Repository string            // full name, once known
	Received   time.Time
	Size       int // bytes of the body
	Status     event.DeliveryStatus
	Error      string              // or, in the words for people, why it is not needed, or was dismissed
	Events     []eventlog.Position // in the main log, of what it led to
	Attempts   int
	Took       time.Duration
	RetryAt    time.Time
	Removes    int  // entities that it would remove, while it is held
	Fetched    bool // it did not come, and was fetched from the forge
}

// Attempt is one thing that became of a delivery.
type Attempt struct {
	At      time.Time
	Status  event.DeliveryStatus // "" if it was asked to be handled again
	Reason  string               // the error, or why somebody asked for it again or dismissed it; for people
	Tries   int
	Took    time.Duration
	Allowed bool   // to remove as much as it takes
	By      string // who asked for it again, or dismissed it; "" if they did not say
}

// Reason says why a delivery led to nothing that is not needed, or was dismissed; ""
// for all others.
func (d Delivery) Reason() string {
	switch d.Status {
	case event.DeliveryNotNeeded:
		return cmp.Or(d.Error, "says nothing of entities")
	case event.DeliveryDismissedStatus, event.DeliveryDone: // of one that is done, what of it was of no use
		return d.Error
	}
	return ""
}

// Filter selects deliveries, newest first.
type Filter struct {
	Source     string
	Status     event.DeliveryStatus
	Event      string
	Repository string            // part of its full name
	Text       string            // part of its id, event, repository or error
	From, To   time.Time         // received between; To is the first moment that is not
	Before     eventlog.Position // go on with those before this one; 0 = from the newest
	Limit      int               // 0 means 50; at most 500
}

// Page is a part of the answer to a Filter.
type Page struct {
	Deliveries []Delivery
	Next       eventlog.Position // pass as Before to go on; 0 at the end
	Total      int               // that match, on all pages
}

// Summary is how one source stands.
type Summary struct {
	Source   string
	Total    int       // deliveries that are kept
	Last     *Delivery // nil when none came yet
	Pending  int       // received or waiting
	Oldest   time.Time // when the oldest pending one came; zero when none is
	Failed   int       // that wait for a person
	Held     int       // that wait for a person to allow them
	Failed24 int       // failed among those of the last 24 hours
}

// Backlog is what is not done with, of one source.
type Backlog struct {
	Pending int       // received or waiting
	Oldest  time.Time // when the oldest pending one came; zero when none is
	Unread  bool      // a look at a repository that was never read is pending
	Failed  int       // that wait for a person
	Held    int       // that wait for a person to allow them
}
