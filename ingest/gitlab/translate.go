package gitlab

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Translate says what a delivery means, be it from a project's, a group's or the
// instance's webhook. New events and actions come without notice, so what is not
// known is not needed.
func (s *Source) Translate(d ingest.Delivery) (ingest.Meaning, error) {
	switch d.Event {
	case "Push Hook", "Tag Push Hook", "Merge Request Hook", "Pipeline Hook", "Deployment Hook", "Release Hook",
		"Member Hook", "Subgroup Hook", "Project Hook", "Vulnerability Hook", "System Hook":
	default:
		return ingest.Meaning{}, nil
	}
	t := told{source: s}
	if err := ingest.ReadPayload(d.Body, &t); err != nil {
		return ingest.Meaning{}, fault.New(fault.Invalid, "read the delivery: it is not GitLab's JSON: %w", err)
	}
	// The instance sends all its events under one name.
	switch cmp.Or(t.ObjectKind, t.EventName) {
	case "push", "tag_push":
		return t.push()
	case "repository_update":
		return t.repositoryUpdate()
	case "merge_request":
		return t.mergeRequest()
	case "pipeline":
		return t.pipeline()
	case "deployment":
		return t.deployment()
	case "release":
		return t.release()
	case "vulnerability":
		return t.vulnerability()
	case "project_create", "project_rename", "project_transfer", "project_update":
		m := t.project()
		m.Look = m.Repository.ID != ""
		m.Left = m.Look && !s.Covers(t.PathWithNamespace) // from a group that it covers, or it would not count
		return m, nil
	case "project_destroy":
		m := t.project()
		m.Gone = m.Repository.ID != ""
		return m, nil
	case "group_create", "group_destroy", "group_rename", "subgroup_create", "subgroup_destroy",
		"user_create", "user_destroy", "user_rename",
		"user_add_to_team", "user_remove_from_team", "user_update_for_team",
		"user_add_to_group", "user_remove_from_group", "user_update_for_group":
		return t.people(), nil
	}
	return ingest.Meaning{}, nil
}

// told is what is read of deliveries, whatever their event. A payload has the
// parts of its event; client-go's types are not used, since they fail on some
// payloads as a whole.
type told struct {
	source *Source

	ObjectKind string `json:"object_kind"`
	EventName  string `json:"event_name"`

	ProjectID int64   `json:"project_id"`
	Project   project `json:"project"`
	User      user    `json:"user"`
	Action    string  `json:"action"` // of a release

	pushed
	named
	acted
	Attributes attributes      `json:"object_attributes"`
	Changes    json.RawMessage `json:"changes"` // of refs, or of a merge request's fields
}

// user is who did it.
type user struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

func (u user) actor() event.Actor {
	return event.Actor{Name: u.Name, Email: email(u.Email), Login: u.Username}
}

// email drops what GitLab writes for an address that its owner hides.
func email(s string) string {
	if s == "[REDACTED]" {
		return ""
	}
	return s
}

// about returns a meaning that nothing follows from yet. Ok is false if the
// delivery does not name its project, or the source leaves it out.
func (t *told) about() (m ingest.Meaning, ok bool) {
	repo, err := t.repository()
	if err != nil || !t.source.Covers(repo.FullName) {
		return ingest.Meaning{}, false
	}
	return ingest.Meaning{Repository: repo, By: t.User.actor()}, true
}

// say adds to a meaning what is kept as it was said.
func (t *told) say(m ingest.Meaning, at ingest.Moment, data event.Data) (ingest.Meaning, error) {
	e, err := ingest.Say(t.source.name, m.Repository.FullName, at.Time, m.By, data)
	if err != nil {
		return ingest.Meaning{}, err
	}
	m.Said = append(m.Said, e)
	return m, nil
}

// name is a repository as events name it.
func (t *told) name(r ingest.Repository) event.Repository {
	return event.Repository{Source: t.source.name, ID: r.ID, FullName: r.FullName}
}

// Covers reports whether a project is in one of the source's groups.
func (s *Source) Covers(fullName string) bool {
	return len(s.groups) == 0 || slices.ContainsFunc(s.groups, func(g string) bool { return within(fullName, g) })
}

// within reports whether a path lies below a group's.
func within(path, group string) bool {
	return len(path) > len(group) && path[len(group)] == '/' && strings.EqualFold(path[:len(group)], group)
}
