package cloudevents

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// prefix is what the types of CDEvents begin with; what it is about, what happened
// to it, and a version follow: "dev.cdevents.service.deployed.0.1.1".
const prefix = "dev.cdevents."

// cdEvent is what is read of a CDEvent, of any version.
// https://github.com/cdevents/spec/blob/v0.3.0/continuous-deployment.md
type cdEvent struct {
	Context struct {
		Timestamp ingest.Moment `json:"timestamp"`
	} `json:"context"`
	Subject struct {
		ID      string `json:"id"`
		Content struct {
			Environment struct {
				ID string `json:"id"`
			} `json:"environment"`
			PipelineName string `json:"pipelineName"`
			URI          string `json:"uri"`
			URL          string `json:"url"` // its name before 0.2
			Outcome      string `json:"outcome"`
		} `json:"content"`
	} `json:"subject"`
	CustomData struct {
		Entity string `json:"entity"` // a ref, "component:payments" or "payments"
		Commit string `json:"commit"`
	} `json:"customData"`
}

// Translate says what events mean. Foreign types are not needed, and the meaning
// says so.
func (s *Source) Translate(d ingest.Delivery) (ingest.Meaning, error) {
	all, err := read(d.Header, d.Body)
	if err != nil {
		return ingest.Meaning{}, err
	}
	var m ingest.Meaning
	var reasons, notes []string
	for _, e := range all {
		said, reason, note := s.understand(e)
		if said == nil {
			reasons = append(reasons, reason)
			continue
		}
		m.Said = append(m.Said, *said)
		if note != "" {
			notes = append(notes, note)
		}
	}
	m.Note = ingest.Short(strings.Join(notes, "; "))
	if len(m.Said) == 0 {
		m.Reason = ingest.Short(strings.Join(reasons, "; "))
	}
	return m, nil
}

// understand returns what an event says, or why that is nothing, and what of it is of no
// use.
func (s *Source) understand(e event.Event) (says *event.Event, nothing, note string) {
	rest, isCD := strings.CutPrefix(string(e.Type), prefix)
	words := strings.Split(rest, ".")
	if !isCD || len(words) < 2 {
		return nil, fmt.Sprintf("events of type %s are foreign", e.Type), ""
	}
	var c cdEvent
	if err := ingest.ReadPayload(e.Data, &c); err != nil {
		return nil, fmt.Sprintf("event %s has no data that can be read", e.ID), ""
	}
	if e.Time.IsZero() {
		e.Time = c.Context.Timestamp.Time
	}
	c.Subject.ID = cmp.Or(c.Subject.ID, e.Subject)
	var data event.Data
	var reason string
	switch what, happened := words[0], words[1]; what {
	case "service":
		data, reason = s.deployment(e, &c, happened)
	case "pipelinerun":
		data, reason = s.pipeline(e, &c, happened)
	default: // a task is a part of a pipeline, and an environment is no deployment
		reason = fmt.Sprintf("events about %s are of no use to the catalog", what)
	}
	if data == nil {
		return nil, reason, ""
	}
	said, err := ingest.Say(s.name, cmp.Or(c.entity(), ingest.Short(c.Subject.ID)), e.Time, e.Actor, data)
	if err != nil {
		return nil, err.Error(), ""
	}
	if given := c.CustomData.Entity; given != "" && c.entity() == "" {
		note = fmt.Sprintf("customData.entity %q names no entity, so the event is on record without one: write component:payments, or payments", ingest.Short(given))
	}
	return &said, "", note
}

// deployment says what became of a service in an environment. Each event is a
// deployment of its own: CDEvents does not tell of its beginning.
func (s *Source) deployment(e event.Event, c *cdEvent, happened string) (event.Data, string) {
	status, known := map[string]string{
		"deployed": event.StatusSuccess, "upgraded": event.StatusSuccess, "rolledback": event.StatusSuccess, "removed": event.StatusCanceled,
	}[happened]
	environment := ingest.Short(c.Subject.Content.Environment.ID)
	switch {
	case !known:
		return nil, fmt.Sprintf("that a service is %s is of no use to the catalog", happened)
	case environment == "":
		return nil, "the event names no environment: subject.content.environment.id is missing"
	}
	return event.ActivityDeployment{
		Repository: event.Repository{Source: s.name}, ID: e.ID, Environment: environment, Status: status,
		Commit: ingest.SHA(c.CustomData.Commit), Finished: e.Time, Entity: c.entity(),
	}, ""
}

func (s *Source) pipeline(e event.Event, c *cdEvent, happened string) (event.Data, string) {
	content := &c.Subject.Content
	p := event.ActivityPipeline{
		Repository: event.Repository{Source: s.name}, ID: c.Subject.ID, Name: ingest.Short(content.PipelineName),
		Commit: ingest.SHA(c.CustomData.Commit), URL: ingest.WebPage(cmp.Or(content.URI, content.URL)), Entity: c.entity(),
	}
	switch happened {
	case "queued":
		p.Status = event.StatusPending
	case "started":
		p.Status, p.Started = event.StatusRunning, e.Time
	case "finished":
		p.Status, p.Finished = map[string]string{
			"success": event.StatusSuccess, "failure": event.StatusFailure, "error": event.StatusFailure,
			"cancel": event.StatusCanceled, "canceled": event.StatusCanceled, "cancelled": event.StatusCanceled, "skipped": event.StatusSkipped,
		}[content.Outcome], e.Time
	default:
		return nil, fmt.Sprintf("that a pipeline run is %s is of no use to the catalog", happened)
	}
	switch {
	case p.ID == "":
		return nil, "the event names no pipeline run: subject.id is missing"
	case p.Status == "":
		return nil, fmt.Sprintf("the outcome %q is not known: subject.content.outcome must be success, failure, error or cancel", content.Outcome)
	}
	return p, ""
}

var fullRef = regexp.MustCompile(`^[a-z][a-z0-9]*:[a-z0-9._-]+/[a-z0-9._-]+$`)

// entity is the full ref of what an event is about: what the producer says, or
// the subject if that is one.
func (c *cdEvent) entity() string {
	if c.CustomData.Entity == "" {
		if fullRef.MatchString(c.Subject.ID) {
			return c.Subject.ID
		}
		return ""
	}
	ref, err := catalog.ParseRef(c.CustomData.Entity, catalog.Ref{Kind: "component"})
	if err != nil || !fullRef.MatchString(ref.String()) {
		return ""
	}
	return ref.String()
}
