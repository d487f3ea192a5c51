package event

// Initiative is an initiative as it stands when it begins, changes or ends.
type Initiative struct {
	Ref    string   `json:"initiative"` // full ref
	Title  string   `json:"title"`
	Card   string   `json:"card"`             // full ref of the scorecard
	Owner  string   `json:"owner,omitempty"`  // full ref
	Level  string   `json:"level,omitempty"`  // to be reached; empty if it is rules
	Rules  []string `json:"rules,omitempty"`  // ids, to be kept
	Start  string   `json:"start,omitempty"`  // first day; empty: at once
	Target string   `json:"target,omitempty"` // last day, in UTC
}

// InitiativeOpened says that entities are asked for something from now on.
type InitiativeOpened struct{ Initiative }

// InitiativeChanged says that an initiative that is open is another one from now on: as it
// is now, and when people are to be reminded may be another day, too.
type InitiativeChanged struct{ Initiative }

// InitiativeAsked says whom an initiative asks: when it begins or changes, or can be measured
// at last, and some days before its last one, or on that, when people are to be reminded.
type InitiativeAsked struct {
	Initiative
	Days int `json:"days,omitempty"` // to its last one, where people are reminded
	// Reminds is that people are reminded, rather than told what is new to them: see [InitiativeAsked.Reminder].
	Reminds bool     `json:"reminds,omitempty"`
	Mended  bool     `json:"mended,omitempty"` // it could not be measured until now
	Owners  []string `json:"owners"`           // full refs: of the entities that have something left to do
	Done    int      `json:"done"`             // entities that have nothing left to do
	Asked   int      `json:"asked"`            // all entities that are asked
}

// Reminder reports whether people are reminded. Older events do not say so, and those of the last
// day are not told from those of a beginning: without days it is new to people.
func (a InitiativeAsked) Reminder() bool { return a.Reminds || a.Days > 0 }

// InitiativeClosed says that entities are not asked any more.
type InitiativeClosed struct {
	Initiative
	Outcome string `json:"outcome"`        // see the constants
	Done    int    `json:"done"`           // entities that have nothing left to do
	Asked   int    `json:"asked"`          // all entities that were asked
	Note    string `json:"note,omitempty"` // why it was closed before its target, or cannot be measured
}

// How an initiative ends.
const (
	InitiativeReached   = "reached"   // the target is over, and all are done
	InitiativeMissed    = "missed"    // the target is over, and some are not
	InitiativeWithdrawn = "withdrawn" // somebody closed or removed it before

	// The target is over, and nobody was asked.
	InitiativeUnasked = "unasked"
	// The target is over, and there is no such scorecard, or no such level or rule of it.
	InitiativeUnmeasured = "unmeasured"
)

// EventType returns the fixed name.
func (InitiativeOpened) EventType() Type { return TypeInitiativeOpened }

// EventType returns the fixed name.
func (InitiativeChanged) EventType() Type { return TypeInitiativeChanged }

// EventType returns the fixed name.
func (InitiativeAsked) EventType() Type { return TypeInitiativeAsked }

// EventType returns the fixed name.
func (InitiativeClosed) EventType() Type { return TypeInitiativeClosed }
