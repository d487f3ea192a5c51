package notices

// The names of the kinds.
const (
	Drop      = "drop"
	Opened    = "initiative"
	Reminder  = "reminder"
	Requested = "exemption-requested"
	Decided   = "exemption-decided"
	Expiring  = "exemption-expiring"
	Expired   = "exemption-expired"
)

// What may be decided about an exemption.
const (
	Granted = "granted"
	Denied  = "denied"
	Revoked = "revoked"
)

// Lapsed is that the last day of an exemption is over; it may be [Revoked] before.
const Lapsed = "expired"

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
		{Opened, "New initiatives", "flag", "info", "An initiative asks for something from now on, or for something else."},
		{Reminder, "Reminders", "clock", "warn", "The last day of an initiative comes near."},
		{Requested, "Exemptions asked for", "shield", "warn", "A request for an exemption waits for a decision."},
		{Decided, "Exemptions decided", "shield", "info", "An exemption that was asked for is granted or denied, or one that was asked for and granted is revoked."},
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
