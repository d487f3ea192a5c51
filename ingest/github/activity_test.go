package github_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

func urlEncode(s string) string { return url.QueryEscape(s) }

// about is a body about a repository, with the parts of its event before.
func about(parts string) string {
	return fmt.Sprintf(`{%s, "sender": {"login": "pebbledash"}, "organization": {"login": "acme"}, "repository": {
  "id": 186853002, "full_name": "acme/payments", "html_url": "https://github.com/acme/payments", "default_branch": "release/2026",
  "created_at": "2019-05-15T15:19:25Z", "pushed_at": "2026-03-01T10:00:00Z"}}`, parts)
}

// activity is a delivery, and what it means.
type activity struct {
	name, event, body string
	look              string // "Look", "Gone" or "Survey"
	at                time.Time
	said              event.Data // nil: nothing
}

func day(hour, minute int) time.Time { return time.Date(2026, 3, 2, hour, minute, 0, 0, time.UTC) }

func activities() []activity {
	const pull = `"number": 7, "title": "Round half\n to even", "html_url": "https://github.com/acme/payments/pull/7", "user": {"login": "saltmarsh"},
  "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T11:00:00+01:00",
  "base": {"ref": "release/2026", "sha": "1111111111111111111111111111111111111111", "repo": {"id": 186853002, "full_name": "acme/payments"}}`
	opened := event.ActivityPullRequest{
		Repository: named, Number: 7, Action: "opened", State: "open", Title: "Round half to even", URL: "https://github.com/acme/payments/pull/7",
		Author: event.Actor{Login: "saltmarsh"}, Base: "release/2026", Head: "rounding", HeadSHA: sha, Opened: day(9, 0),
	}
	merged, fork := opened, opened
	merged.Action, merged.State, merged.MergeCommit, merged.Merged, merged.Closed = "closed", "merged", digits, day(10, 0), day(10, 0)
	fork.Action, fork.State, fork.Head, fork.HeadSHA, fork.Closed = "closed", "closed", "kestrel:rounding", "", day(10, 0)
	ours := `, "head": {"label": "acme:rounding", "ref": "rounding", "sha": "` + sha + `", "repo": {"id": 186853002}}`

	release := event.ActivityRelease{
		Repository: named, Tag: "v1.2.0", Name: "Spring", Action: "published", Prerelease: true, URL: "https://github.com/acme/payments/releases/tag/v1.2.0", Published: day(9, 0),
	}
	unpublished := release
	unpublished.Action, unpublished.Published = "deleted", time.Time{}
	const released = `"tag_name": "v1.2.0", "name": "Spring", "prerelease": true, "html_url": "https://github.com/acme/payments/releases/tag/v1.2.0"`

	const deployment = `"deployment": {"id": 91, "sha": "` + sha + `", "ref": "main", "environment": "production", "created_at": "2026-03-02T09:00:00Z"}`
	pending := event.ActivityDeployment{Repository: named, ID: "91", Environment: "production", Status: event.StatusPending, Commit: sha, Ref: "main", Started: day(9, 0)}
	failed := pending
	failed.Environment, failed.Status, failed.URL, failed.Finished = "eu", event.StatusFailure, "https://ci.example/91", day(9, 5)

	const runs = `"id": 92, "name": "build", "head_branch": "main", "head_sha": "` + sha + `", "html_url": "https://github.com/acme/payments/actions/runs/92",
  "created_at": "2026-03-02T09:00:00Z", "run_started_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:05:00Z"`
	queued := event.ActivityPipeline{
		Repository: named, ID: "92", Name: "build", Status: event.StatusPending, Branch: "main", Commit: sha,
		URL: "https://github.com/acme/payments/actions/runs/92", Started: day(9, 0),
	}
	running, success, waits := queued, queued, queued
	running.Status = event.StatusRunning
	success.Status, success.Branch, success.Finished = event.StatusSuccess, "kestrel:main", day(9, 5)
	waits.Status = event.StatusPending
	const suite = `"id": 93, "head_branch": "main", "head_sha": "` + sha + `", "conclusion": "timed_out", "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:05:00Z"`

	const rule = `"rule": {"name": "release/*", "updated_at": "2026-03-02T09:00:00.000-04:00", "admin_enforced": true, "pull_request_reviews_enforcement_level": "everyone",
  "required_approving_review_count": 2, "required_status_checks": ["build"], "required_status_checks_enforcement_level": "non_admins", "allow_force_pushes_enforcement_level": "off"}`
	alert := func(tool, title string) event.ActivityAlert {
		return event.ActivityAlert{Repository: named, Tool: tool, ID: "3", State: event.AlertOpen, Title: title, URL: "https://github.com/acme/payments/alerts/3", Opened: day(9, 0)}
	}
	const alerted = `"number": 3, "html_url": "https://github.com/acme/payments/alerts/3", "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T10:00:00Z"`
	scanned := alert("code scanning", "SQL injection")
	scanned.Severity = "high"
	dependency := alert("dependencies", "left-pad")
	dependency.State, dependency.Severity, dependency.Closed = event.AlertDismissed, "medium", day(10, 0)
	revoked := alert("secrets", "Acme API key")
	revoked.State, revoked.Closed = event.AlertFixed, day(10, 0)

	account := func(parts string) string {
		return fmt.Sprintf(`{%s, "sender": {"login": "pebbledash"}, "installation": {"id": 1, "account": {"login": "acme"}}}`, parts)
	}
	notice := func(notice, detail string, about ...event.Repository) event.SourceNoticed {
		return event.SourceNoticed{Source: "github", Notice: notice, Detail: detail, Repositories: about}
	}
	tills := event.Repository{Source: "github", ID: "8", FullName: "acme/tills"}
	return []activity{
		{"a pull request is opened", "pull_request", about(`"action": "opened", "pull_request": {"state": "open", "merge_commit_sha": "` + digits + `", ` + pull + ours + `}`), "", day(10, 0), opened},
		{"it is merged", "pull_request", about(`"action": "closed", "pull_request": {"state": "closed", "merged": true, "merge_commit_sha": "` + digits + `",
  "merged_at": "2026-03-02T10:00:00Z", "closed_at": "2026-03-02T10:00:00Z", ` + pull + ours + `}`), "", day(10, 0), merged},
		{"one of a fork that is gone is closed", "pull_request", about(`"action": "closed", "pull_request": {"state": "closed", "closed_at": "2026-03-02T10:00:00Z", ` + pull +
			`, "head": {"label": "kestrel:rounding", "ref": "rounding", "sha": "?", "repo": null}}`), "", day(10, 0), fork},
		{"it gets a label", "pull_request", about(`"action": "labeled", "pull_request": {"state": "open", ` + pull + `}`), "", time.Time{}, nil},

		{"a release", "release", about(`"action": "published", "release": {` + released + `, "published_at": "2026-03-02T09:00:00Z"}`), "", day(9, 0), release},
		{"it is a draft again", "release", about(`"action": "unpublished", "release": {"draft": true, "published_at": null, ` + released + `}`), "", time.Time{}, unpublished},
		{"a draft", "release", about(`"action": "edited", "release": {"draft": true, ` + released + `}`), "", time.Time{}, nil},
		{"what published says too", "release", about(`"action": "released", "release": {` + released + `}`), "", time.Time{}, nil},

		{"a deployment", "deployment", about(`"action": "created", ` + deployment), "", day(9, 0), pending},
		{"it fails", "deployment_status", about(`"action": "created", "deployment_status": {"state": "error", "environment": "eu", "target_url": "https://ci.example/91",
  "created_at": "2026-03-02T09:05:00Z"}, ` + deployment), "", day(9, 5), failed},
		{"a newer one took its place", "deployment_status", about(`"action": "created", "deployment_status": {"state": "inactive"}, ` + deployment), "", time.Time{}, nil},

		{"a run", "workflow_run", about(`"action": "requested", "workflow_run": {"status": "queued", ` + runs + `}`), "", day(9, 0), queued},
		{"it runs", "workflow_run", about(`"action": "in_progress", "workflow_run": {"conclusion": null, ` + runs + `}`), "", day(9, 5), running},
		{"it succeeds, for a fork", "workflow_run", about(`"action": "completed", "workflow_run": {"conclusion": "success", "head_repository": {"id": 5, "full_name": "kestrel/payments"}, ` + runs + `}`),
			"", day(9, 5), success},
		{"it waits for somebody", "workflow_run", about(`"action": "completed", "workflow_run": {"conclusion": "action_required", ` + runs + `}`), "", day(9, 5), waits},
		{"it ends in a way that nobody knew", "workflow_run", about(`"action": "completed", "workflow_run": {"conclusion": "entangled", ` + runs + `}`), "", time.Time{}, nil},
		{"another App's checks", "check_suite", about(`"action": "completed", "check_suite": {"app": {"slug": "lint", "name": "Lint"}, "latest_check_runs_count": 2, ` + suite + `}`), "", day(9, 5),
			event.ActivityPipeline{
				Repository: named, ID: "check-suite/93", Name: "Lint", Status: event.StatusFailure, Branch: "main", Commit: sha,
				URL: "https://github.com/acme/payments/commit/" + sha + "/checks", Started: day(9, 0), Finished: day(9, 5),
			}},
		{"those of GitHub Actions", "check_suite", about(`"action": "completed", "check_suite": {"app": {"slug": "github-actions"}, ` + suite + `}`), "", time.Time{}, nil},
		{"a suite that nothing ran in", "check_suite", about(`"action": "completed", "check_suite": {"latest_check_runs_count": 0, ` + suite + `}`), "", time.Time{}, nil},

		{"a branch is protected", "branch_protection_rule", about(`"action": "edited", ` + rule), "Look", day(13, 0), event.FactRecorded{Fact: "branchProtection", Repository: named,
			Value: []byte(`{"pattern":"release/*","admins":true,"pullRequest":true,"approvals":2,"statusChecks":["build"]}`)}},
		{"it is not any more", "branch_protection_rule", about(`"action": "deleted", ` + rule), "Look", time.Time{}, event.FactRecorded{Fact: "branchProtection", Repository: named, Value: []byte("null")}},

		{"code with a flaw", "code_scanning_alert", about(`"action": "created", "alert": {"most_recent_instance": {"state": "open"}, "state": null,
  "rule": {"id": "go/sql", "description": "SQL injection", "security_severity_level": "high"}, ` + alerted + `}`), "", day(10, 0), scanned},
		{"a bad dependency", "dependabot_alert", about(`"action": "auto_dismissed", "alert": {"state": "auto_dismissed", "auto_dismissed_at": "2026-03-02T10:00:00Z",
  "dependency": {"package": {"name": "left-pad"}}, "security_vulnerability": {"severity": "moderate"}, ` + alerted + `}`), "", day(10, 0), dependency},
		{"a secret is found", "secret_scanning_alert", about(`"action": "created", "alert": {"secret_type": "acme_key", "secret": "hunter2", ` + alerted + `}`), "", day(10, 0), alert("secrets", "acme_key")},
		{"it is worth nothing now", "secret_scanning_alert", about(`"action": "resolved", "alert": {"resolution": "revoked", "resolved_at": "2026-03-02T10:00:00Z",
  "secret_type_display_name": "Acme API key", ` + alerted + `}`), "", day(10, 0), revoked},
		{"somebody is to see to it", "secret_scanning_alert", about(`"action": "assigned", "alert": {` + alerted + `}`), "", time.Time{}, nil},

		{"a repository is renamed", "repository", about(`"action": "renamed", "changes": {"repository": {"name": {"from": "tills"}}}`), "Look", time.Time{}, nil},
		{"its default branch is another", "repository", about(`"action": "edited", "changes": {"default_branch": {"from": "main"}}`), "Look", time.Time{}, nil},
		{"it is archived", "repository", about(`"action": "archived"`), "Look", time.Time{}, nil},
		{"it is deleted", "repository", about(`"action": "deleted"`), "Gone", time.Time{}, nil},
		{"something that nobody knew happens to it", "repository", about(`"action": "teleported"`), "", time.Time{}, nil},
		{"all may see it", "public", about(`"number": 1`), "Look", time.Time{}, nil},

		{"the App is installed", "installation", account(`"action": "created", "repositories": [{"id": 8, "full_name": "acme/tills"}, {"id": 9, "full_name": "../x"}]`), "Survey", time.Time{},
			notice(event.NoticeConnected, "the App was installed for acme", tills)},
		{"it is suspended", "installation", account(`"action": "suspend"`), "Survey", time.Time{}, notice(event.NoticeSuspended, "the App was suspended for acme")},
		{"it is removed", "installation", account(`"action": "deleted"`), "Survey", time.Time{}, notice(event.NoticeRemoved, "the App was removed from acme")},
		{"it may see more", "installation_repositories", account(`"action": "added", "repositories_added": [{"id": 8, "full_name": "acme/tills"}]`), "Survey", time.Time{},
			notice(event.NoticeGranted, "acme/tills was added to the App", tills)},
		{"it may see less", "installation_repositories", account(`"action": "removed", "repositories_removed": [{"id": 8, "full_name": "acme/tills"}]`), "Survey", time.Time{},
			notice(event.NoticeWithdrawn, "acme/tills was taken from the App", tills)},
		{"the account has a new name", "installation_target", `{"action": "renamed", "account": {"login": "acme"}, "changes": {"login": {"from": "acme-old"}}, "sender": {"login": "pebbledash"}}`, "Survey", time.Time{},
			notice(event.NoticeConnected, "acme-old is called acme now")},
		{"the webhook is deleted", "meta", about(`"action": "deleted", "hook_id": 1, "hook": {"type": "Repository"}`), "", time.Time{},
			notice(event.NoticeHookDeleted, "a repository's webhook was deleted; nothing is heard of it any more", named)},
		{"a team gets a repository", "team", about(`"action": "added_to_repository"`), "Survey", time.Time{}, nil},
		{"somebody joins a team", "membership", `{"action": "added", "organization": {"login": "acme"}}`, "Survey", time.Time{}, nil},
		{"somebody is invited", "organization", `{"action": "member_invited", "organization": {"login": "acme"}}`, "", time.Time{}, nil},
	}
}

func TestActivities(t *testing.T) {
	for _, tt := range activities() {
		for _, org := range []string{"Acme", "other"} {
			t.Run(tt.name+" for "+org, func(t *testing.T) {
				m, err := newSource(t, github.Options{Organizations: []string{org}}).Translate(ingest.Delivery{Event: tt.event, Body: []byte(tt.body)})
				if err != nil {
					t.Fatal(err)
				}
				if org == "other" { // organisations that the source is not configured for are not needed
					if diff := cmp.Diff(ingest.Meaning{}, m); diff != "" {
						t.Error(diff)
					}
					return
				}
				checkMeaning(t, m)
				want := ingest.Meaning{By: m.By, Repository: m.Repository, Look: tt.look == "Look", Gone: tt.look == "Gone", Survey: tt.look == "Survey"}
				if tt.name == "a pull request is opened" { // it is open, and goes into the default branch
					want.PullRequest = 7
				}
				if tt.said != nil {
					subject := "acme/payments"
					if n, ok := tt.said.(event.SourceNoticed); ok {
						if subject = "acme"; len(n.Repositories) == 1 {
							subject = n.Repositories[0].FullName
						}
					}
					want.Said = []event.Event{says(t, subject, tt.at, event.Actor{Login: "pebbledash"}, tt.said)}
				}
				if diff := cmp.Diff(want, m, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for _, e := range m.Said {
					if strings.Contains(fmt.Sprint(e.Subject, e.Actor, e.Cause, string(e.Data)), "hunter2") {
						t.Error("the secret is told")
					}
				}
			})
		}
	}
}

// What has another type than it should does not spoil the rest.
func TestTranslateIsLenient(t *testing.T) {
	s := newSource(t, github.Options{})
	body := about(`"action": "opened", "number": "seven", "changes": [], "installation": "x", "commits": {}, "alert": 1,
  "pull_request": {"number": 7, "title": ["no", "text"], "draft": "yes", "state": "open", "created_at": {"when": "now"}, "updated_at": "yesterday", "head": null, "base": {"ref": "main", "repo": []}}`)
	m, err := s.Translate(ingest.Delivery{Event: "pull_request", Body: []byte(body)})
	if err != nil || len(m.Said) != 1 {
		t.Fatalf("got %+v, %v", m, err)
	}
	got, err := event.DecodeAs[event.ActivityPullRequest](m.Said[0])
	if diff := cmp.Diff(event.ActivityPullRequest{Repository: named, Number: 7, Action: "opened", State: "open", Base: "main"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, body := range []string{`[]`, `"text"`, `null`, `{}`, `{"repository": null}`, `{"action": "renamed", "repository": {"id": "8", "full_name": "acme/tills"}}`} {
		if m, err := s.Translate(ingest.Delivery{Event: "repository", Body: []byte(body)}); err != nil || describe(m) != "" {
			t.Errorf("%s means %+v, %v", body, m, err)
		}
	}
	if _, err := s.Translate(ingest.Delivery{Event: "repository", Body: []byte("{")}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("half an object gives %v", err)
	}
}

// A repository that passes to another organisation is looked at from either.
func TestTransferred(t *testing.T) {
	d := ingest.Delivery{Event: "repository", Body: []byte(about(`"action": "transferred", "changes": {"owner": {"from": {"organization": {"login": "tills-inc"}}}}`))}
	for _, tt := range []struct {
		organizations []string
		look, left    bool
	}{
		{[]string{"acme"}, true, false},
		{[]string{"Tills-Inc"}, true, true},
		{[]string{"tills-inc", "acme"}, true, false},
		{nil, true, false},
		{[]string{"other"}, false, false},
	} {
		if m, err := newSource(t, github.Options{Organizations: tt.organizations}).Translate(d); err != nil || m.Look != tt.look || m.Left != tt.left {
			t.Errorf("for %v: %+v, %v", tt.organizations, m, err)
		}
	}
}
