package gitlab_test

import (
	"fmt"
	"strings"
	"testing"

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

func update(changes string) string {
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

func TestTranslate(t *testing.T) {
	moved := ingest.Meaning{Repository: ledger, Push: &ingest.Push{After: sha, Pusher: event.Actor{Name: "Mossbank", Login: "mossbank"}}}
	untouched := ingest.Meaning{Repository: ledger}
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
		{"another branch", "Push Hook", push("refs/heads/main/2", sha, `"`+sha+`"`), untouched},
		{"the default branch is deleted", "Push Hook", push("refs/heads/main", zeros, "null"), untouched},
		{"a tag", "Tag Push Hook", push("refs/tags/main", sha, `"`+sha+`"`), ingest.Meaning{}},
		{"the instance tells of a push", "System Hook", push("refs/heads/main", sha, "null"), moved},
		{"the instance tells of an update", "System Hook", update(change("refs/heads/x", zeros) + "," + change("refs/heads/main", sha)), moved},
		{"an update of other branches", "System Hook", update(change("refs/heads/x", sha)), untouched},
		{"the instance tells of something else", "System Hook", `{"event_name": "project_create"}`, ingest.Meaning{}},
		{"a merge request", "Merge Request Hook", `{"object_kind": "merge_request"}`, ingest.Meaning{}},
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

func FuzzTranslate(f *testing.F) {
	f.Add("Push Hook", []byte(push("refs/heads/main", sha, "null")))
	f.Add("System Hook", []byte(update(`{"after": "x", "ref": "refs/heads/main"}`)))
	f.Add("Tag Push Hook", []byte("{}"))
	s := newSource(f, gitlab.Options{WebhookSecret: secret})
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		m, err := s.Translate(ingest.Delivery{Event: name, Body: body})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
			}
			return
		}
		if m.Push != nil && (!ingest.IsSHA(m.Push.After) || ingest.IsZeroSHA(m.Push.After) || m.Repository.ID == "") {
			t.Errorf("a push of nothing: %+v", m)
		}
	})
}
