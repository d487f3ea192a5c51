package event

// ScoreChanged says that an entity stands otherwise on a scorecard than before.
// Its actor and cause are those of the event that led to it; that of time that
// went by has a schedule for its cause.
type ScoreChanged struct {
	Card   string       `json:"card"`             // full ref of the scorecard
	Title  string       `json:"title"`            // what the scorecard is called, for people
	Before *Score       `json:"before,omitempty"` // nil: the card did not judge it before
	After  *Score       `json:"after,omitempty"`  // nil: the card does not judge it any more
	Rules  []RuleChange `json:"rules,omitempty"`  // that came to something else, in the order of the card
	// By is the position of the last event that was looked at.
	By uint64 `json:"by"`
}

// Score is how an entity stands on a scorecard.
type Score struct {
	Level  string  `json:"level,omitempty"` // empty: not even the lowest, or the card has none
	Points float64 `json:"points"`          // of the rules that pass
	Of     float64 `json:"of"`              // of those that pass or fail
}

// RuleChange is what a rule came to before and after.
type RuleChange struct {
	Rule    string `json:"rule"`             // its id
	Title   string `json:"title,omitempty"`  // for people
	Before  string `json:"before,omitempty"` // outcome; empty if there was none
	After   string `json:"after,omitempty"`  // outcome; empty if there is none any more
	Message string `json:"message,omitempty"`
}

// EventType returns the fixed name.
func (ScoreChanged) EventType() Type { return TypeScoreChanged }
