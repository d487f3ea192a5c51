package demoforge

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// hook is a webhook that somebody registered. It is of a repository, an owner,
// an app or, with none of these, of the GitLab instance.
type hook struct {
	id       int64
	provider Provider
	repo     *Repository
	owner    *owner
	app      *App

	url           string
	secret        string // signs on GitHub, is sent along on GitLab
	signing       string // GitLab's signing token
	form          bool   // GitHub: the body is a form, which is what one gets who does not ask for JSON
	insecure      bool
	name          string // GitLab's name and description
	description   string
	branches      string // GitLab: a wildcard that pushed branches must fit; "" is all
	events        map[string]bool
	active        bool
	created       time.Time
	updated       time.Time
	failures      int         // GitLab: in a row
	disabledUntil time.Time   // GitLab: after some of them
	asked         []time.Time // GitLab: when deliveries were to be sent again, in the last minute
	late          []*Outgoing
	attempts      []*attempt // the oldest first
}

// allEvents is what a GitHub hook listens for that wants everything.
const allEvents = "*"

// gitlabFlags are the settings of a GitLab hook by the events they switch on.
func gitlabFlags() map[string]string {
	return map[string]string{
		"Push Hook": "push_events", "Tag Push Hook": "tag_push_events", "Merge Request Hook": "merge_requests_events",
		"Issue Hook": "issues_events", "Note Hook": "note_events", "Job Hook": "job_events",
		"Pipeline Hook": "pipeline_events", "Deployment Hook": "deployment_events", "Release Hook": "releases_events",
		"Wiki Page Hook": "wiki_page_events", "Feature Flag Hook": "feature_flag_events", "Milestone Hook": "milestone_events",
		"Emoji Hook": "emoji_events", "Vulnerability Hook": "vulnerability_events", "Member Hook": "member_events",
		"Subgroup Hook": "subgroup_events", "Project Hook": "project_events", "Resource Access Token Hook": "resource_access_token_events",
	}
}

// hears reports whether a hook is told of a delivery.
func (h *hook) hears(d Delivery, now time.Time) bool {
	if h.provider != d.Provider || !h.active || !h.reached(d) {
		return false
	}
	if h.provider == GitHub {
		return h.events[allEvents] || h.events[d.Event] || strings.HasPrefix(d.Event, "installation")
	}
	if now.Before(h.disabledUntil) {
		return false
	}
	if h.system() {
		return d.Event != "System Hook" || d.Action != "repository_update" || h.events["repository_update_events"]
	}
	if d.Event == "Push Hook" && h.branches != "" && !wildcard(h.branches, strings.TrimPrefix(d.Ref, "refs/heads/")) {
		return false
	}
	return h.events[gitlabFlags()[d.Event]]
}

// reached compares where a hook is with what a delivery is about.
func (h *hook) reached(d Delivery) bool {
	about := d.about
	switch {
	case about.app != nil:
		return h.app == about.app
	case h.app != nil:
		return about.reach&toApps != 0 && h.app.installedOn(about) != nil
	case h.repo != nil:
		return about.reach&toRepository != 0 && h.repo == about.repo
	case h.owner != nil:
		return about.reach&toOwner != 0 && about.owner != nil && (h.owner == about.owner || h.provider == GitLab && h.owner.holds(about.owner.path))
	case about.reach&toInstance != 0:
		return true
	default: // pushes come to the instance's hooks too, if these ask for them
		return about.reach&toRepository != 0 && h.events[gitlabFlags()[d.Event]]
	}
}

func (h *hook) system() bool { return h.repo == nil && h.owner == nil && h.app == nil }

// wildcard matches a branch with a pattern in which * is anything.
func wildcard(pattern, s string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == s
	}
	if s, more = strings.CutPrefix(s, first); !more {
		return false
	}
	for i := range len(s) + 1 {
		if wildcard(rest, s[i:]) {
			return true
		}
	}
	return false
}

// addressed is a delivery as a hook gets it.
func (h *hook) addressed(d Delivery) (Delivery, error) {
	event := d.ID
	d.ID = stableUUID("hook", fmt.Sprint(h.id), d.ID)
	d.Header = d.Header.Clone()
	d.Along = nil
	d.service = Service{Secret: h.secret, SigningToken: h.signing}
	var err error
	switch {
	case h.app != nil && d.about.app == nil:
		err = d.say("installation", h.app.installedOn(d.about).short())
	case h.provider == GitLab && h.system() && d.Event != "System Hook":
		d.Event = "System Hook"
		err = d.say("commits", []jsonObject{})
	}
	if err != nil {
		return Delivery{}, err
	}
	if h.provider == GitLab {
		d.addressGitLab(d.Header.Get("X-Gitlab-Instance"), event)
		return d, nil
	}
	target, id := "repository", int64(0)
	switch {
	case h.app != nil:
		target, id = "integration", h.app.id
	case h.owner != nil:
		target, id = "organization", h.owner.id
	default:
		id = h.repo.id
	}
	d.addressGitHub(h.id, target, id)
	if h.form {
		d.Body = []byte("payload=" + url.QueryEscape(string(d.payload)))
		d.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return d, nil
}

// say changes one field of the body.
func (d *Delivery) say(name string, value any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(d.payload, &fields); err != nil {
		return fmt.Errorf("read the body of %s: %w", d.ID, err)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s of %s: %w", name, d.ID, err)
	}
	fields[name] = b
	if d.payload, err = json.Marshal(fields); err != nil {
		return fmt.Errorf("encode the body of %s: %w", d.ID, err)
	}
	d.Body = d.payload
	return nil
}

// register adds a hook.
func (f *Forge) register(h *hook) *hook {
	f.nextHook++
	h.id = hookID + f.nextHook
	h.created = f.options.Now()
	h.updated = h.created
	f.hooks = append(f.hooks, h)
	return h
}

// unregister removes a hook. What waits for it is sent all the same: it was on
// its way before.
func (f *Forge) unregister(h *hook) {
	f.hooks = slices.DeleteFunc(f.hooks, func(other *hook) bool { return other == h })
}

// dispatch puts a delivery into the outbox for each hook that hears it.
func (f *Forge) dispatch(d Delivery) {
	now := f.options.Now()
	for _, h := range f.hooks {
		if h.hears(d, now) {
			f.put(h, d)
		}
	}
}

// put addresses a delivery to one hook.
func (f *Forge) put(h *hook, d Delivery) {
	a, err := h.addressed(d)
	if err != nil {
		return // it was encoded before: it cannot fail
	}
	f.queue(&Outgoing{Hook: h.id, URL: h.url, Delivery: a, hook: h})
}
