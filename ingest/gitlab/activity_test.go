package gitlab_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/fault"
)

// about is a body about a project, with the parts of its event before.
func about(parts string) string {
	return fmt.Sprintf(`{%s, "user": {"id": 5, "name": "Mossbank", "username": "mossbank", "email": "[REDACTED]"}, "project": {"id": 15,
  "web_url": "https://gitlab.com/acme/money/ledger", "path_with_namespace": "acme/money/ledger", "default_branch": "main", "visibility_level": 0}}`, parts)
}

// activity is a delivery, and what it means.
type activity struct {
	name, hook, body string
	look             string // "Look", "Gone" or "Survey"
	at               time.Time
	said             event.Data // nil: nothing
}

func day(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }

func activities() []activity {
	const request = `"id": 99, "iid": 7, "title": "Round half to even", "url": "https://gitlab.com/acme/money/ledger/-/merge_requests/7", "author_id": 5,
  "target_branch": "main", "source_branch": "rounding", "source_project_id": 15, "target_project_id": 15, "last_commit": {"id": "` + sha + `"},
  "created_at": "2026-03-02 09:00:00 UTC", "updated_at": "2026-03-02T10:00:00.000Z"`
	opened := event.ActivityPullRequest{
		Repository: named, Number: 7, Action: "open", State: "open", Title: "Round half to even", URL: "https://gitlab.com/acme/money/ledger/-/merge_requests/7",
		Author: event.Actor{Name: "Mossbank", Login: "mossbank"}, Base: "main", Head: "rounding", HeadSHA: sha, Opened: day(9, 0),
	}
	drafted, merged, fork := opened, opened, opened
	drafted.Action, drafted.Draft = "update", true
	merged.Action, merged.State, merged.MergeCommit, merged.Merged, merged.Closed = "merge", "merged", digits, day(10, 0), day(10, 0)
	fork.Action, fork.State, fork.Head, fork.Closed = "close", "closed", "kestrel/ledger:rounding", day(10, 0)

	const pipeline = `"id": 92, "name": "build", "sha": "` + sha + `", "created_at": "2026-03-02 09:00:00 UTC", "finished_at": "2026-03-02 09:05:00 UTC"`
	waits := event.ActivityPipeline{
		Repository: named, ID: "92", Name: "build", Status: event.StatusPending, Branch: "main", Commit: sha,
		URL: "https://gitlab.com/acme/money/ledger/-/pipelines/92", Started: day(9, 0),
	}
	failed, skipped := waits, waits
	failed.Status, failed.Branch, failed.Finished = event.StatusFailure, "", day(9, 5)
	skipped.Status, skipped.Branch, skipped.Finished = event.StatusSkipped, "rounding", day(9, 5)

	const deployment = `"object_kind": "deployment", "status_changed_at": "2026-03-02 11:00:00 +0200", "deployment_id": 91, "environment": "production",
  "deployable_url": "https://gitlab.com/acme/money/ledger/-/jobs/796", "short_sha": "9f0c3a5b", "commit_url": "https://gitlab.com/acme/money/ledger/-/commit/` + sha + `", "ref": "main"`
	running := event.ActivityDeployment{
		Repository: named, ID: "91", Environment: "production", Status: event.StatusRunning, Commit: sha, Ref: "main",
		URL: "https://gitlab.com/acme/money/ledger/-/jobs/796", Started: day(9, 0),
	}
	canceled := running
	canceled.Status, canceled.Started, canceled.Finished = event.StatusCanceled, time.Time{}, day(9, 0)

	const released = `"object_kind": "release", "tag": "v1.2.0", "name": "Spring", "created_at": "2026-03-02 09:00:00 UTC", "released_at": "2026-03-02 10:00:00 UTC",
  "url": "https://gitlab.com/acme/money/ledger/-/releases/v1.2.0"`
	release := event.ActivityRelease{
		Repository: named, Tag: "v1.2.0", Name: "Spring", Action: "published", URL: "https://gitlab.com/acme/money/ledger/-/releases/v1.2.0", Published: day(10, 0),
	}
	changed := release
	changed.Action = "changed"

	flaw := func(state, report string) string {
		return fmt.Sprintf(`{"object_kind": "vulnerability", "object_attributes": {"id": 42, "url": "https://gitlab.com/acme/money/ledger/-/security/vulnerabilities/42",
  "title": "SQL injection", "state": %q, "project_id": 15, "severity": "high", "report_type": %q, "dismissed_at": "", "resolved_at": "2026-03-02 10:00:00 UTC",
  "created_at": "2026-03-02 09:00:00 UTC", "updated_at": "2026-03-02 11:00:00 UTC"}}`, state, report)
	}
	alert := event.ActivityAlert{
		Repository: named, Tool: "code scanning", ID: "42", State: event.AlertOpen, Severity: "high", Title: "SQL injection",
		URL: "https://gitlab.com/acme/money/ledger/-/security/vulnerabilities/42", Opened: day(9, 0),
	}
	fixed, dismissed := alert, alert
	fixed.Tool, fixed.State, fixed.Closed = "dependencies", event.AlertFixed, day(10, 0)
	dismissed.Tool, dismissed.State, dismissed.Closed = "secrets", event.AlertDismissed, day(11, 0)

	of := func(kind, parts string) string {
		return fmt.Sprintf(`{"event_name": %q, "created_at": "2026-03-02T09:00:00Z", "project_id": 15, "path_with_namespace": "acme/money/ledger", %s}`, kind, parts)
	}
	group := func(kind, parts string) string {
		return fmt.Sprintf(`{"event_name": %q, "group_id": 2, %s}`, kind, parts)
	}
	mr, none := func(parts, attributes string) string {
		return about(`"object_kind": "merge_request", ` + parts + `"object_attributes": {` + attributes + `, ` + request + `}`)
	}, time.Time{}
	runs := func(parts, attributes string) string {
		return about(`"object_kind": "pipeline", ` + parts + `"object_attributes": {` + attributes + `, ` + pipeline + `}`)
	}
	return []activity{
		{"a merge request", "Merge Request Hook", mr("", `"action": "open", "state": "opened"`), "", day(10, 0), opened},
		{"it is a draft now", "Merge Request Hook", mr(`"changes": {"title": {"previous": "x"}}, `, `"action": "update", "state": "locked", "draft": true`), "", day(10, 0), drafted},
		{"it gets a label", "Merge Request Hook", mr(`"changes": {"labels": {}}, `, `"action": "update", "state": "opened"`), "", none, nil},
		{"it is approved", "Merge Request Hook", mr("", `"action": "approved", "state": "opened"`), "", none, nil},
		{"the instance tells that it is merged", "System Hook", mr("", `"action": "merge", "state": "merged", "merge_commit_sha": "`+digits+`"`), "", day(10, 0), merged},
		{"one of a fork is closed", "Merge Request Hook", about(`"object_kind": "merge_request", "object_attributes": {` + request +
			`, "action": "close", "state": "closed", "source_project_id": 16, "source": {"path_with_namespace": "kestrel/ledger"}}`), "", day(10, 0), fork},

		{"a pipeline waits for somebody", "Pipeline Hook", runs("", `"status": "manual", "ref": "main"`), "", none, waits},
		{"that of a tag fails", "Pipeline Hook", runs("", `"status": "failed", "ref": "main", "tag": true`), "", day(9, 5), failed},
		{"that of a merge request is skipped", "Pipeline Hook", runs(`"merge_request": {"source_branch": "rounding"}, `, `"status": "skipped", "ref": "refs/merge-requests/7/head"`), "", day(9, 5), skipped},
		{"one has a status that nobody knew", "Pipeline Hook", runs("", `"status": "entangled", "ref": "main"`), "", none, nil},

		{"a deployment runs", "Deployment Hook", about(`"status": "running", ` + deployment), "", day(9, 0), running},
		{"it is skipped", "Deployment Hook", about(`"status": "skipped", ` + deployment), "", day(9, 0), canceled},

		{"a release", "Release Hook", about(`"action": "create", ` + released), "", day(9, 0), release},
		{"it changes", "Release Hook", about(`"action": "update", ` + released), "", none, changed},

		{"code with a flaw", "Vulnerability Hook", flaw("detected", "sast"), "", day(11, 0), alert},
		{"a dependency is fixed", "Vulnerability Hook", flaw("resolved", "container_scanning"), "", day(11, 0), fixed},
		{"a secret is of no concern", "Vulnerability Hook", flaw("dismissed", "secret_detection"), "", day(11, 0), dismissed},

		{"a project is there", "Project Hook", of("project_create", `"owners": []`), "Look", none, nil},
		{"it has another name", "System Hook", of("project_rename", `"old_path_with_namespace": "acme/money/book"`), "Look", none, nil},
		{"it is elsewhere", "System Hook", of("project_transfer", `"old_path_with_namespace": "acme/book"`), "Look", none, nil},
		{"something about it changed", "System Hook", of("project_update", `"project_visibility": "private"`), "Look", none, nil},
		{"it is gone", "System Hook", of("project_destroy", `"project_visibility": "private"`), "Gone", none, nil},
		{"a group is there", "Subgroup Hook", group("subgroup_create", `"full_path": "acme/new"`), "Survey", none, nil},
		{"a group above has another name", "System Hook", group("group_rename", `"full_path": "acme", "old_full_path": "acne"`), "Survey", none, nil},
		{"a member", "Member Hook", group("user_add_to_group", `"group_path": "money"`), "Survey", none, nil},
		{"a member of a project", "System Hook", group("user_add_to_team", `"project_path_with_namespace": "acme/money/ledger"`), "Survey", none, nil},
		{"somebody mistyped a password", "System Hook", group("user_failed_login", `"state": "blocked"`), "", none, nil},
	}
}

func TestActivities(t *testing.T) {
	by := event.Actor{Name: "Mossbank", Login: "mossbank"}
	for _, tt := range activities() {
		t.Run(tt.name, func(t *testing.T) {
			m, err := newSource(t, gitlab.Options{WebhookSecret: secret, Groups: []string{"Acme"}}).Translate(ingest.Delivery{Event: tt.hook, Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			checkMeaning(t, m)
			want := ingest.Meaning{By: m.By, Repository: m.Repository, Look: tt.look == "Look", Gone: tt.look == "Gone", Survey: tt.look == "Survey"}
			if tt.name == "a merge request" { // it is open, and goes into the default branch
				want.PullRequest = 7
			}
			if tt.said != nil {
				if tt.hook == "Release Hook" || tt.hook == "Vulnerability Hook" {
					by = m.By // nobody, or whoever the test's project is told with
				}
				want.Said = []event.Event{says(t, "acme/money/ledger", tt.at, by, tt.said)}
			}
			if diff := cmp.Diff(want, m, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Groups that the source is not configured for are not needed.
func TestActivitiesElsewhere(t *testing.T) {
	s := newSource(t, gitlab.Options{WebhookSecret: secret, Groups: []string{"other/money"}})
	for _, tt := range activities() {
		m, err := s.Translate(ingest.Delivery{Event: tt.hook, Body: []byte(tt.body)})
		if diff := cmp.Diff(ingest.Meaning{}, m); err != nil || diff != "" && tt.name != "a member" { // of which group it does not say
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
	moved := `{"event_name": "project_transfer", "project_id": 15, "path_with_namespace": "acme/ledger", "old_path_with_namespace": "other/money/ledger"}`
	if m, err := s.Translate(ingest.Delivery{Event: "System Hook", Body: []byte(moved)}); err != nil || !m.Look || !m.Left {
		t.Errorf("a project that left the group: %+v, %v", m, err)
	}
}

// What has another type than it should does not spoil the rest.
func TestTranslateIsLenient(t *testing.T) {
	s := newSource(t, gitlab.Options{WebhookSecret: secret})
	body := about(`"object_kind": "pipeline", "commits": {}, "changes": 7, "ref": [], "tag": {}, "merge_request": "none",
  "object_attributes": {"id": 92, "status": "success", "ref": "main", "name": {"no": "text"}, "created_at": 7.5, "finished_at": "soon", "sha": "bcbb5ec"}`)
	m, err := s.Translate(ingest.Delivery{Event: "Pipeline Hook", Body: []byte(body)})
	if err != nil || len(m.Said) != 1 {
		t.Fatalf("got %+v, %v", m, err)
	}
	got, err := event.DecodeAs[event.ActivityPipeline](m.Said[0])
	want := event.ActivityPipeline{Repository: named, ID: "92", Status: event.StatusSuccess, Branch: "main", URL: "https://gitlab.com/acme/money/ledger/-/pipelines/92"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, body := range []string{`[]`, `"text"`, `null`, `{}`, `{"event_name": "project_destroy", "project_id": "15"}`, `{"event_name": "project_destroy", "project_id": 15, "path_with_namespace": "../x"}`} {
		if m, err := s.Translate(ingest.Delivery{Event: "System Hook", Body: []byte(body)}); err != nil || describe(m) != "" {
			t.Errorf("%s means %+v, %v", body, m, err)
		}
	}
	if _, err := s.Translate(ingest.Delivery{Event: "Pipeline Hook", Body: []byte("{")}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("half an object gives %v", err)
	}
}
