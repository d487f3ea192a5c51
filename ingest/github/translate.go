package github

import (
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Translate says what a delivery means. New events and actions come without
// notice, so what is not known is not needed.
func (s *Source) Translate(d ingest.Delivery) (ingest.Meaning, error) {
	translate := translation(d.Event)
	if translate == nil {
		return ingest.Meaning{}, nil
	}
	body, err := unwrap(d)
	if err != nil {
		return ingest.Meaning{}, err
	}
	t := told{source: s.name, covers: s.Covers}
	// go-github's types are not used: v60 fails on some payloads as a whole.
	if err := ingest.ReadPayload(body, &t); err != nil {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: it is not GitHub's JSON: %w", err)
	}
	if !s.counts(t.owners()) {
		return ingest.Meaning{}, nil
	}
	return translate(&t)
}

// translation returns what understands an event; nil if it is not needed.
//
// A push tells of each branch and tag that comes or goes, with its commits, so
// create and delete have nothing to add.
func translation(name string) func(*told) (ingest.Meaning, error) {
	switch name {
	case "push":
		return (*told).push
	case "repository":
		return (*told).repository
	case "public":
		return (*told).public
	case "branch_protection_rule":
		return (*told).branchProtection
	case "installation":
		return (*told).installation
	case "installation_repositories":
		return (*told).installationRepositories
	case "installation_target":
		return (*told).installationTarget
	case "meta":
		return (*told).meta
	case "team", "membership", "organization", "member":
		return (*told).people
	case "pull_request":
		return (*told).pullRequest
	case "release":
		return (*told).release
	case "deployment":
		return (*told).deployment
	case "deployment_status":
		return (*told).deploymentStatus
	case "workflow_run":
		return (*told).workflowRun
	case "check_suite":
		return (*told).checkSuite
	case "code_scanning_alert":
		return (*told).codeScanningAlert
	case "dependabot_alert":
		return (*told).dependabotAlert
	case "secret_scanning_alert":
		return (*told).secretScanningAlert
	}
	return nil
}

// told is what is read of deliveries, whatever their event. A payload has the
// parts of its event, and no two events have a part of one name that differs.
type told struct {
	source string
	covers func(fullName string) bool

	Action       string     `json:"action"`
	Sender       account    `json:"sender"`
	Repository   repository `json:"repository"`
	Organization account    `json:"organization"`
	Changes      changes    `json:"changes"`

	pushed
	connected
	acted
	Rule  rule  `json:"rule"`
	Alert alert `json:"alert"`
}

// account is a user, an organisation or a bot.
type account struct {
	Login string `json:"login"`
}

func (a account) actor() event.Actor { return event.Actor{Login: a.Login} }

// changes is how something was called before.
type changes struct {
	Owner struct {
		From struct {
			User         account `json:"user"`
			Organization account `json:"organization"`
		} `json:"from"`
	} `json:"owner"`
	Login struct {
		From string `json:"from"`
	} `json:"login"`
	Base struct { // of a pull request
		Ref struct {
			From string `json:"from"`
		} `json:"ref"`
	} `json:"base"`
}

// owners are the accounts that a delivery is about, by login: several when
// something passed from one to another, none when it does not say.
func (t *told) owners() []string {
	var all []string
	for _, login := range []string{
		t.Repository.owner(), t.Changes.Owner.From.User.Login, t.Changes.Owner.From.Organization.Login,
		t.Organization.Login, t.Installation.Account.Login, t.Account.Login, t.Changes.Login.From,
	} {
		if login != "" {
			all = append(all, login)
		}
	}
	return all
}

// counts reports whether one of the owners is an organisation of the source.
func (s *Source) counts(owners []string) bool {
	return len(s.organizations) == 0 || len(owners) == 0 || slices.ContainsFunc(owners, func(owner string) bool {
		return slices.ContainsFunc(s.organizations, func(o string) bool { return strings.EqualFold(o, owner) })
	})
}

// Covers reports whether a repository belongs to an organisation of the source.
func (s *Source) Covers(fullName string) bool {
	owner, _, _ := strings.Cut(fullName, "/")
	return s.counts([]string{owner})
}

// about returns a meaning that nothing follows from yet. Ok is false if the
// delivery does not name its repository.
func (t *told) about() (m ingest.Meaning, ok bool) {
	repo, err := t.Repository.describe()
	if err != nil {
		return ingest.Meaning{}, false
	}
	return ingest.Meaning{Repository: repo, By: t.Sender.actor()}, true
}

// named is the repository as events name it.
func (t *told) named() event.Repository { return t.Repository.named(t.source) }

// say adds to a meaning what is kept as it was said.
func (t *told) say(m ingest.Meaning, at ingest.Moment, data event.Data) (ingest.Meaning, error) {
	return t.sayOf(m, t.Repository.FullName, at.Time, data)
}

func (t *told) sayOf(m ingest.Meaning, subject string, at time.Time, data event.Data) (ingest.Meaning, error) {
	e, err := ingest.Say(t.source, subject, at, m.By, data)
	if err != nil {
		return ingest.Meaning{}, err
	}
	m.Said = append(m.Said, e)
	return m, nil
}

// unwrap takes the JSON out of the body of a webhook whose content type is a form.
func unwrap(d ingest.Delivery) ([]byte, error) {
	if t, _, _ := mime.ParseMediaType(d.Header.Get("Content-Type")); t != "application/x-www-form-urlencoded" {
		return d.Body, nil
	}
	form, err := url.ParseQuery(string(d.Body))
	if err != nil || !form.Has("payload") {
		return nil, fault.New(fault.Invalid, "read the delivery: the form has no field payload that can be read")
	}
	return []byte(form.Get("payload")), nil
}
