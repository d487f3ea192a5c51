package event

import (
	"encoding/json"
	"time"
)

// SourceNoticed says that the forge told of the connection itself: an App was
// installed, a webhook was deleted. Nothing of the catalog follows from it.
type SourceNoticed struct {
	Source       string       `json:"source"`
	Notice       string       `json:"notice"`                 // see the constants
	Detail       string       `json:"detail,omitempty"`       // for people
	Repositories []Repository `json:"repositories,omitempty"` // that it is about; empty = all
}

// The notices.
const (
	NoticeConnected   = "connected"    // an App was installed, or taken up again
	NoticeSuspended   = "suspended"    // an App was suspended
	NoticeRemoved     = "disconnected" // an App was removed
	NoticeGranted     = "granted"      // repositories were added to an installation
	NoticeWithdrawn   = "withdrawn"    // repositories were taken from an installation
	NoticeHookDeleted = "hook deleted"
)

// SourceGapFound says that something of a source was missed: a delivery that the
// forge sent and that did not come, or a branch that moved without a word.
type SourceGapFound struct {
	Source     string     `json:"source"`
	Gap        string     `json:"gap"`  // its id; the same for as long as it is open
	Kind       string     `json:"kind"` // "delivery" or "head"
	Repository Repository `json:"repository,omitzero"`
	Delivery   string     `json:"delivery,omitempty"` // id of the delivery that is missing
	Detail     string     `json:"detail"`             // for people
	Since      time.Time  `json:"since,omitzero"`     // when it happened, as far as is known
}

// The kinds of gaps.
const (
	GapDelivery = "delivery"
	GapHead     = "head"
)

// SourceGapClosed says that what was missed has been made up for, or cannot be, or that
// what makes up for it waits for a person.
type SourceGapClosed struct {
	Source string `json:"source"`
	Gap    string `json:"gap"`
	Detail string `json:"detail"`         // for people: "fetched from the forge"
	Lost   bool   `json:"lost,omitempty"` // the forge has forgotten it
}

// SourceConnected says that somebody connected a source while the portal ran.
type SourceConnected struct {
	Source string   `json:"source"`
	Type   string   `json:"type"` // of its forge, as the configuration has it: "github"
	URL    string   `json:"url,omitempty"`
	Reads  []string `json:"reads,omitempty"` // the organisations, groups or repositories; empty = all that it tells of
}

// SourceChanged says that somebody changed the settings of such a source.
type SourceChanged struct {
	Source   string   `json:"source"`
	Settings []string `json:"settings"` // their names, as the configuration has them; some are secrets
}

// SourceDisconnected says that somebody took such a source away.
type SourceDisconnected struct {
	Source string `json:"source"`
}

// SourceWorkRequested says that somebody asked for work at a source.
type SourceWorkRequested struct {
	Source string `json:"source"`
	Work   string `json:"work"` // see the constants
}

// The works.
const (
	WorkSurvey   = "survey"   // to look for what is new
	WorkBackfill = "backfill" // to read what happened before
	WorkWebhook  = "webhook"  // to make it at the forge
)

// FactRecorded says something that is known of a repository or an entity.
type FactRecorded struct {
	Fact       string          `json:"fact"` // its name: "codeowners", "branchProtection"
	Repository Repository      `json:"repository,omitzero"`
	Entity     string          `json:"entity,omitempty"` // full ref, for facts of entities
	Value      json.RawMessage `json:"value"`            // null: it is not there (any more)
	// Until is from when on it says nothing any more; zero: whoever uses it decides.
	Until time.Time `json:"until,omitzero"`
}

// The facts that Callboard itself knows what to do with; see [FactFiles], too.
const (
	// FactCodeowners is what the CODEOWNERS file of a repository says.
	FactCodeowners = "codeowners"
	// FactProtection is what a rule of the forge asks of those who change branches.
	FactProtection = "branchProtection"
	// FactProtected is whether the default branch is protected, as the forge says.
	FactProtected = "protected"
	// FactVerified is that somebody said of an entity that what its descriptor says is
	// still true. The actor did; the value is a [Verified].
	FactVerified = "verified"
	// FactReported is what the names of facts begin with that somebody reported, as
	// a pipeline does: "facts.coverage".
	FactReported = "facts."
)

// Verified is the value of a FactVerified.
type Verified struct {
	Note string `json:"note,omitempty"` // for people
}

// EventType returns the fixed name.
func (SourceConnected) EventType() Type { return TypeSourceConnected }

// EventType returns the fixed name.
func (SourceChanged) EventType() Type { return TypeSourceChanged }

// EventType returns the fixed name.
func (SourceDisconnected) EventType() Type { return TypeSourceDisconnected }

// EventType returns the fixed name.
func (SourceWorkRequested) EventType() Type { return TypeSourceWorkRequested }

// EventType returns the fixed name.
func (SourceNoticed) EventType() Type { return TypeSourceNoticed }

// EventType returns the fixed name.
func (SourceGapFound) EventType() Type { return TypeSourceGapFound }

// EventType returns the fixed name.
func (SourceGapClosed) EventType() Type { return TypeSourceGapClosed }

// EventType returns the fixed name.
func (FactRecorded) EventType() Type { return TypeFactRecorded }
