package gitlab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/fault"
)

const (
	sha    = "9f0c3a5b7d1e2f4a6b8c0d1e2f3a4b5c6d7e8f90"
	zeros  = "0000000000000000000000000000000000000000"
	digits = "1234567890123456789012345678901234567890"
)

const project = `"project_id": 15, "user_name": "Mossbank", "user_username": "mossbank", "user_email": "[REDACTED]",
  "project": {"id": 15, "name": "ledger", "web_url": "https://gitlab.com/acme/money/ledger", "avatar_url": null, "visibility_level": 0,
    "path_with_namespace": "acme/money/ledger", "default_branch": "main"},
  "repository": {"name": "ledger", "visibility_level": 0}`

// push is a body with the traps that real ones have: times in several forms.
func push(ref, after, checkout string) string {
	return fmt.Sprintf(`{"object_kind": "push", "event_name": "push", "before": %q, "after": %q, "ref": %q, "checkout_sha": %s, %s,
  "commits": [{"id": "b6568db1", "timestamp": "2015-01-01 10:00:00 UTC"}], "total_commits_count": 400}`, zeros, after, ref, checkout, project)
}

func updated(changes string) string {
	return fmt.Sprintf(`{"event_name": "repository_update", %s, "changes": [%s], "refs": ["refs/heads/main"]}`, project, changes)
}

var ledger = ingest.Repository{
	ID: "15", FullName: "acme/money/ledger", DefaultBranch: "main", URL: "https://gitlab.com/acme/money/ledger",
	Pages: ingest.Pages{
		View: "https://gitlab.com/acme/money/ledger/-/blob/main/",
		Edit: "https://gitlab.com/acme/money/ledger/-/edit/main/",
		Dir:  "https://gitlab.com/acme/money/ledger/-/blob/main/",
	},
}

var named = event.Repository{Source: "gitlab", ID: "15", FullName: "acme/money/ledger"}

// says is an event as a meaning has it.
func says(tb testing.TB, subject string, at time.Time, by event.Actor, data event.Data) event.Event {
	tb.Helper()
	e, err := event.New("/sources/gitlab", subject, data)
	if err != nil {
		tb.Fatal(err)
	}
	e.Time, e.Actor = at, by
	return e
}

func TestTranslate(t *testing.T) {
	by := event.Actor{Name: "Mossbank", Login: "mossbank"}
	said := func(m ingest.Meaning, ref, after string) ingest.Meaning {
		p := event.ActivityPush{Repository: named, Ref: ref, After: after, Default: ref == "refs/heads/main", Commits: 400}
		m.Said = []event.Event{says(t, "acme/money/ledger", time.Time{}, by, p)}
		return m
	}
	untouched := ingest.Meaning{Repository: ledger, By: by}
	noCommits := untouched
	noCommits.Push = &ingest.Push{After: sha, Pusher: by}
	moved := said(noCommits, "refs/heads/main", sha)
	listed := said(noCommits, "refs/heads/main", sha) // it happened when the commit was made that it ends with
	listed.Said[0].Time = time.Date(2026, 3, 12, 8, 0, 0, 0, time.UTC)
	tag := event.ActivityPush{Repository: named, Ref: "refs/tags/v1", After: sha, Commits: 400, Committed: time.Date(2026, 3, 12, 8, 0, 0, 0, time.UTC)}
	tagged := untouched // an annotated tag has an id of its own
	tagged.Said = []event.Event{says(t, "acme/money/ledger", time.Time{}, by, tag)}
	change := func(ref, after string) string {
		return fmt.Sprintf(`{"before": %q, "after": %q, "ref": %q}`, zeros, after, ref)
	}
	tests := []struct {
		name  string
		event string
		body  string
		want  ingest.Meaning
	}{
		{"the default branch", "Push Hook", push("refs/heads/main", sha, `"`+sha+`"`), moved},
		{"a push that lists its commits", "Push Hook", strings.Replace(push("refs/heads/main", sha, `"`+sha+`"`), `UTC"}`, `UTC"}, {"id": "`+sha+`", "timestamp": "2026-03-12T09:00:00+01:00"}`, 1), listed},
		{"another branch", "Push Hook", push("refs/heads/main/2", sha, `"`+sha+`"`), said(untouched, "refs/heads/main/2", sha)},
		{"the default branch is deleted", "Push Hook", push("refs/heads/main", zeros, "null"), said(untouched, "refs/heads/main", "")},
		{"a tag", "Tag Push Hook", strings.ReplaceAll(push("refs/tags/main", sha, `"`+sha+`"`), `"push"`, `"tag_push"`), said(untouched, "refs/tags/main", sha)},
		{"a tag whose commit is told", "Tag Push Hook", strings.Replace(push("refs/tags/v1", sha, `"`+digits+`"`), `UTC"}`, `UTC"}, {"id": "`+digits+`", "timestamp": "2026-03-12T09:00:00+01:00"}`, 1), tagged},
		{"the instance tells of a push", "System Hook", push("refs/heads/main", sha, "null"), moved},
		{"the instance tells of an update", "System Hook", updated(change("refs/heads/x", zeros) + "," + change("refs/heads/main", sha)), noCommits},
		{"an update of other branches", "System Hook", updated(change("refs/heads/x", sha)), untouched},
		{"the instance tells of something else", "System Hook", `{"event_name": "key_create"}`, ingest.Meaning{}},
		{"a merge request of no project", "Merge Request Hook", `{"object_kind": "merge_request"}`, ingest.Meaning{}},
		{"an event that nobody knew", "Quantum Hook", `not even JSON`, ingest.Meaning{}},
	}
	s := newSource(t, gitlab.Options{WebhookSecret: secret})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.Translate(ingest.Delivery{Event: tt.event, Body: []byte(tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTranslateRefuses(t *testing.T) {
	good := push("refs/heads/main", sha, "null")
	tests := []struct{ name, body, want string }{
		{"no JSON", "payload", "not GitLab's JSON"},
		{"no project", `{"event_name": "push"}`, "project_id"},
		{"a path that leads elsewhere", strings.Replace(good, "acme/money/ledger\"", "acme/../ledger\"", 2), "path_with_namespace"},
		{"no path", strings.Replace(good, "path_with_namespace", "path", 1), "path_with_namespace"},
		{"after is no commit", push("refs/heads/main", "main", "null"), "no commit"},
	}
	s := newSource(t, gitlab.Options{WebhookSecret: secret})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Translate(ingest.Delivery{Event: "Push Hook", Body: []byte(tt.body)})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it invalid with %q", err, tt.want)
			}
		})
	}
}

func TestTranslateGroups(t *testing.T) {
	d := ingest.Delivery{Event: "Push Hook", Body: []byte(push("refs/heads/main", sha, "null"))}
	for group, want := range map[string]bool{"Acme": true, "acme/money": true, "acme/mon": false, "acme/money/ledger": false, "other": false} {
		m, err := newSource(t, gitlab.Options{WebhookSecret: secret, Groups: []string{"first", group}}).Translate(d)
		if err != nil || (m.Push != nil) != want {
			t.Errorf("with group %s: %+v, %v", group, m, err)
		}
	}
}
