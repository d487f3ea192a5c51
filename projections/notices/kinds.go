package notices

import "github.com/callboard/callboard/event"

// The names of the kinds.
const (
	Drop      = "drop"
	Opened    = "initiative"
	Reminder  = "reminder"
	Requested = "exemption-requested"
	Expiring  = "exemption-expiring"
	Expired   = "exemption-expired"
)

// Kind is a kind of notice.
type Kind struct {
	Name  string // in addresses and the configuration
	Title string // for people, of several
	Icon  string
	Look  string // good, warn, bad or info
	Says  string // when there is one, as a sentence
}

// Kinds lists the kinds. To add one is a row here, a case in [Text], and in fold what it
// is due to.
func Kinds() []Kind {
	return []Kind{
		{Drop, "Levels that fell", "arrow-down", "bad", "An entity fell to a lower level of a scorecard."},
		{Opened, "New initiatives", "flag", "info", "An initiative asks for something from now on."},
		{Reminder, "Reminders", "clock", "warn", "The last day of an initiative comes near."},
		{Requested, "Exemptions asked for", "shield", "warn", "A request for an exemption waits for a decision."},
		{Expiring, "Exemptions that end soon", "shield", "warn", "An exemption ends within a week, or tomorrow."},
		{Expired, "Exemptions that ended", "shield", "bad", "An exemption does not hold any more."},
	}
}

// KindOf returns the kind of a name, and false if there is none.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// The types of what becomes of exemptions and initiatives. Notices read the little of
// them that they tell.
const (
	exemptionRequested event.Type = "exemption.requested.v1"
	exemptionGranted   event.Type = "exemption.granted.v1"
	exemptionDenied    event.Type = "exemption.denied.v1"
	exemptionRevoked   event.Type = "exemption.revoked.v1"
	exemptionExpired   event.Type = "exemption.expired.v1"
	initiativeOpened   event.Type = "initiative.opened.v1"
	initiativeClosed   event.Type = "initiative.closed.v1"
)

// exemption is what an event of an exemption says.
type exemption struct {
	Ref         string   `json:"exemption"`
	Card        string   `json:"card"`
	Entity      string   `json:"entity"`
	Rules       []string `json:"rules"`
	Reason      string   `json:"reason"`
	Until       string   `json:"until"` // last day, in UTC; empty: it does not end
	RequestedBy string   `json:"requestedBy"`
	DecidedBy   string   `json:"decidedBy"`
}

// initiative is what an event of an initiative says.
type initiative struct {
	Ref    string   `json:"initiative"`
	Title  string   `json:"title"`
	Card   string   `json:"card"`
	Owner  string   `json:"owner"`
	Level  string   `json:"level"`
	Rules  []string `json:"rules"`
	Target string   `json:"target"` // last day, in UTC
}
