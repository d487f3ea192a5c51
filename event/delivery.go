package event

import "time"

// Deliveries are events too, in a log of their own that is kept for a limited
// time: what came to the webhook door, and what became of it. The subject of
// each is the delivery's id. What somebody asks for, [DeliveryReplayed] and
// [DeliveryDismissed], stands in the main log, too, with the same id.

// DeliveryReceived says that a signed delivery arrived. Its event id is the
// delivery's id for ever: see [DeliveryID].
type DeliveryReceived struct {
	Source  string            `json:"source"`  // name of the configured source
	Event   string            `json:"event"`   // the provider's name for it: "push", "Push Hook"
	Headers map[string]string `json:"headers"` // canonical names; signatures, tokens and cookies left out
	// Body is what came, byte for byte, compressed as Encoding says.
	Body     []byte `json:"body"`
	Encoding string `json:"encoding"` // "zstd"
	Size     int    `json:"size"`     // of the body as it came, in bytes
	// Fetched: it did not come, but the forge handed it over when it was asked.
	Fetched bool `json:"fetched,omitempty"`
}

// DeliveryHandled says what became of a delivery.
type DeliveryHandled struct {
	Status       DeliveryStatus `json:"status"`
	Repository   string         `json:"repository,omitempty"`   // full name, once it is known
	RepositoryID string         `json:"repositoryId,omitempty"` // the forge's id of it
	Commit       string         `json:"commit,omitempty"`       // that the catalog was brought to; empty unless Status is done
	Head         string         `json:"head,omitempty"`         // the commit that it told of; empty if Status is done, or it told of none
	Events       []uint64       `json:"events,omitempty"`       // positions in the main log of what it led to
	Error        string         `json:"error,omitempty"`        // for people: what is wrong, why it is not needed, or what of it was of no use
	Attempts     int            `json:"attempts"`
	Took         time.Duration  `json:"took"`              // nanoseconds, of the last attempt
	RetryAt      time.Time      `json:"retryAt,omitzero"`  // when Status is waiting
	Removes      int            `json:"removes,omitempty"` // entities that it would remove, when Status is held
	Current      bool           `json:"current,omitempty"` // it read the repository as it is now: what is held of it from before is not needed
}

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The statuses. A delivery that has no DeliveryHandled yet is received.
const (
	DeliveryReceivedStatus  DeliveryStatus = "received"
	DeliveryDone            DeliveryStatus = "done"
	DeliveryNotNeeded       DeliveryStatus = "not needed" // of no interest to the catalog
	DeliveryWaiting         DeliveryStatus = "waiting"    // the source does not answer; tried again by itself
	DeliveryFailed          DeliveryStatus = "failed"     // tried as often as makes sense; waits for a person
	DeliveryHeld            DeliveryStatus = "held"       // would remove too much at once; waits for a person to allow it
	DeliveryDismissedStatus DeliveryStatus = "dismissed"  // somebody said that it is not to be used
)

// DeliveryStatuses returns every status there is.
func DeliveryStatuses() []DeliveryStatus {
	return []DeliveryStatus{DeliveryReceivedStatus, DeliveryDone, DeliveryNotNeeded, DeliveryWaiting, DeliveryFailed, DeliveryHeld, DeliveryDismissedStatus}
}

// DeliveryReplayed says that somebody asked to handle a delivery again.
type DeliveryReplayed struct {
	Reason   string `json:"reason"`             // for people: "asked on the sources page"
	Received uint64 `json:"received,omitempty"` // position of its DeliveryReceived, or RepositoryDue, in the same log
	Allowed  bool   `json:"allowed,omitempty"`  // to remove as many entities as it takes
}

// DeliveryDismissed says that somebody will not have a delivery used that failed or is
// held: it waits for nobody any more. Who did is the event's actor, if they said so.
type DeliveryDismissed struct {
	Reason string `json:"reason"` // for people, in the words of who did
}

// DeliveryID names a delivery by its source and the provider's id for it.
func DeliveryID(source, providerID string) string { return source + ":" + providerID }

// EventType returns the fixed name.
func (DeliveryReceived) EventType() Type { return TypeDeliveryReceived }

// EventType returns the fixed name.
func (DeliveryHandled) EventType() Type { return TypeDeliveryHandled }

// EventType returns the fixed name.
func (DeliveryReplayed) EventType() Type { return TypeDeliveryReplayed }

// EventType returns the fixed name.
func (DeliveryDismissed) EventType() Type { return TypeDeliveryDismissed }
