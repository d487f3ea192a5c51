package event

// SubscriberWorkRequested says that somebody told a subscriber what to do.
type SubscriberWorkRequested struct {
	Subscriber string `json:"subscriber"` // its name
	Work       string `json:"work"`       // see the constants
	// Positions are the events that it is about: to go on behind one, or those that are
	// sent again or dropped. None: all dead letters.
	Positions []uint64 `json:"positions,omitempty"`
}

// What a subscriber is told to do.
const (
	WorkPause     = "pause"
	WorkResume    = "resume"
	WorkSkip      = "skip"      // to put the next event aside
	WorkRewind    = "rewind"    // to be sent everything again behind an event
	WorkRedeliver = "redeliver" // to be sent dead letters again
	WorkDismiss   = "dismiss"   // to do without dead letters
)

// EventType returns the fixed name.
func (SubscriberWorkRequested) EventType() Type { return TypeSubscriberWorkRequested }
