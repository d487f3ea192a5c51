package github

import (
	"cmp"
	"strconv"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// alert is what is read of the alerts of all three tools. The secret that one of
// them found is not.
type alert struct {
	Number    int64         `json:"number"`
	State     string        `json:"state"`
	HTMLURL   string        `json:"html_url"`
	CreatedAt ingest.Moment `json:"created_at"`
	UpdatedAt ingest.Moment `json:"updated_at"`

	FixedAt         ingest.Moment `json:"fixed_at"`
	DismissedAt     ingest.Moment `json:"dismissed_at"`
	AutoDismissedAt ingest.Moment `json:"auto_dismissed_at"`
	ResolvedAt      ingest.Moment `json:"resolved_at"` // of a secret

	// code_scanning_alert
	Rule struct {
		ID          string `json:"id"`
		Description string `json:"description"`
		Severity    string `json:"security_severity_level"`
	} `json:"rule"`
	MostRecent struct {
		State string `json:"state"`
	} `json:"most_recent_instance"`

	// dependabot_alert
	Dependency struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"dependency"`
	Vulnerability struct {
		Severity string `json:"severity"`
	} `json:"security_vulnerability"`

	// secret_scanning_alert
	SecretType     string `json:"secret_type"`
	SecretTypeName string `json:"secret_type_display_name"`
	Resolution     string `json:"resolution"`
}

func (t *told) codeScanningAlert() (ingest.Meaning, error) {
	switch t.Action {
	case "appeared_in_branch", "closed_by_user", "created", "fixed", "reopened", "reopened_by_user":
	default:
		m, _ := t.about()
		return m, nil
	}
	return t.alerted(t.Alert.code())
}

func (t *told) dependabotAlert() (ingest.Meaning, error) {
	switch t.Action {
	case "created", "fixed", "dismissed", "reopened", "reintroduced", "auto_dismissed", "auto_reopened":
	default:
		m, _ := t.about()
		return m, nil
	}
	return t.alerted(t.Alert.dependency())
}

// secretScanningAlert goes by the action, since not every payload has a state.
func (t *told) secretScanningAlert() (ingest.Meaning, error) {
	a := &t.Alert
	said := a.secret()
	switch t.Action {
	case "created", "reopened", "publicly_leaked", "validated":
		said.State = event.AlertOpen
	case "resolved":
		said.State, said.Closed = event.AlertDismissed, a.ResolvedAt.Time
		if a.Resolution == "revoked" {
			said.State = event.AlertFixed
		}
	case "revoked":
		said.State, said.Closed = event.AlertFixed, a.ResolvedAt.Time
	}
	return t.alerted(said)
}

// code is what an alert of code scanning says.
func (a *alert) code() event.ActivityAlert {
	return event.ActivityAlert{
		Tool: "code scanning", State: alertState(cmp.Or(a.State, a.MostRecent.State)), Severity: severity(a.Rule.Severity),
		Title: cmp.Or(a.Rule.Description, a.Rule.ID), Closed: closed(a.FixedAt, a.DismissedAt),
	}
}

// dependency is what an alert of Dependabot says.
func (a *alert) dependency() event.ActivityAlert {
	return event.ActivityAlert{
		Tool: "dependencies", State: alertState(a.State), Severity: severity(a.Vulnerability.Severity),
		Title: a.Dependency.Package.Name, Closed: closed(a.FixedAt, a.DismissedAt, a.AutoDismissedAt),
	}
}

// secret is what an alert of secret scanning says, but for how it stands.
func (a *alert) secret() event.ActivityAlert {
	return event.ActivityAlert{Tool: "secrets", Title: cmp.Or(a.SecretTypeName, a.SecretType)}
}

// fill fills in what the alerts of all tools have; false if it is none that is known.
func (a *alert) fill(said *event.ActivityAlert) bool {
	if a.Number <= 0 || said.State == "" {
		return false
	}
	said.ID, said.Title = strconv.FormatInt(a.Number, 10), ingest.Short(said.Title)
	said.URL, said.Opened = ingest.WebPage(a.HTMLURL), a.CreatedAt.Time
	if said.State == event.AlertOpen {
		said.Closed = time.Time{}
	}
	return true
}

// alerted says how an alert stands.
func (t *told) alerted(said event.ActivityAlert) (ingest.Meaning, error) {
	m, ok := t.about()
	if !ok || !t.Alert.fill(&said) {
		return m, nil
	}
	said.Repository = t.named()
	return t.say(m, t.Alert.UpdatedAt, said)
}

// alertState maps GitHub's states; "" for one that nobody knows.
func alertState(state string) string {
	switch state {
	case "open":
		return event.AlertOpen
	case "fixed":
		return event.AlertFixed
	case "dismissed", "auto_dismissed", "closed":
		return event.AlertDismissed
	}
	return ""
}

// severity keeps the words that events have.
func severity(s string) string {
	switch s {
	case "critical", "high", "medium", "low":
		return s
	case "moderate":
		return "medium"
	}
	return ""
}

// closed is the first of the times that is set.
func closed(times ...ingest.Moment) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t.Time
		}
	}
	return time.Time{}
}
