package event

// FactAlerts is which security alerts of a repository are open, as its forge lists them.
// Its value is an [OpenAlerts]. Each of them was told of by an [ActivityAlert] before.
const FactAlerts = "alerts"

// OpenAlerts are all alerts that are open, by the tool that found them: their ids. A tool
// that is not in it is off, or the forge does not say.
type OpenAlerts map[string][]string
