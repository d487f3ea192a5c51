package event

// ReactionFailed says that a reactor gave up on an event: it was refused, or
// tried as often as makes sense. Its subject and cause are those of that event.
type ReactionFailed struct {
	Reactor  string `json:"reactor"`
	Event    string `json:"event"`    // id of the event that it gave up on
	Position uint64 `json:"position"` // of that event, in the same log
	Kind     string `json:"kind"`     // of the error, a fault.Kind
	Error    string `json:"error"`    // for people
	Attempts int    `json:"attempts"`
}

// EventType returns the fixed name.
func (ReactionFailed) EventType() Type { return TypeReactionFailed }
