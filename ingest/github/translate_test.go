package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

const (
	sha    = "9f0c3a5b7d1e2f4a6b8c0d1e2f3a4b5c6d7e8f90"
	zeros  = "0000000000000000000000000000000000000000"
	digits = "1234567890123456789012345678901234567890"
)

// push is a body with the traps that real ones have: times as Unix seconds, the
// page as url, custom properties with several values, lists of commits.
func push(ref, after, more string) string {
	return fmt.Sprintf(`{
  "ref": %q, "before": "1111111111111111111111111111111111111111", "after": %q, %s
  "created": false, "forced": false, "base_ref": null, "compare": "https://github.com/acme/payments/compare/1111...9f0c",
  "commits": [{"id": 7, "timestamp": "not a time"}], "head_commit": null,
  "repository": {
    "id": 186853002, "node_id": "R_1", "name": "payments", "full_name": "acme/payments",
    "owner": {"name": "acme", "email": null, "login": "acme", "id": 21031067},
    "html_url": "https://github.com/acme/payments", "url": "https://github.com/acme/payments",
    "created_at": 1557933565, "updated_at": "2026-03-01T10:00:00Z", "pushed_at": 1772546400,
    "default_branch": "release/2026", "master_branch": "release/2026",
    "custom_properties": {"tier": ["gold", "silver"]}
  },
  "pusher": {"name": "pebbledash", "email": "pebbledash@example.com"},
  "sender": {"login": "pebbledash", "id": 5}
}`, ref, after, more)
}

var payments = ingest.Repository{
	ID: "186853002", FullName: "acme/payments", DefaultBranch: "release/2026", URL: "https://github.com/acme/payments",
	Pages: ingest.Pages{
		View: "https://github.com/acme/payments/blob/release/2026/",
		Edit: "https://github.com/acme/payments/edit/release/2026/",
		Dir:  "https://github.com/acme/payments/tree/release/2026/",
	},
}

var named = event.Repository{Source: "github", ID: "186853002", FullName: "acme/payments"}

// says is an event as a meaning has it.
func says(tb testing.TB, subject string, at time.Time, by event.Actor, data event.Data) event.Event {
	tb.Helper()
	e, err := event.New("/sources/github", subject, data)
	if err != nil {
		tb.Fatal(err)
	}
	e.Time, e.Actor = at, by
	return e
}

func TestTranslate(t *testing.T) {
	by := event.Actor{Name: "pebbledash", Email: "pebbledash@example.com", Login: "pebbledash"}
	said := func(ref, after string) []event.Event {
		p := event.ActivityPush{
			Repository: named, Ref: ref, Before: "1111111111111111111111111111111111111111", After: after,
			Default: ref == "refs/heads/release/2026", Commits: 1,
		}
		return []event.Event{says(t, "acme/payments", time.Unix(1772546400, 0).UTC(), by, p)}
	}
	tag := event.ActivityPush{
		Repository: named, Ref: "refs/tags/v1", Before: "1111111111111111111111111111111111111111", After: sha, Commits: 1,
		Committed: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
	}
	tagged := ingest.Meaning{Repository: payments, By: by, Said: []event.Event{says(t, "acme/payments", time.Unix(1772546400, 0).UTC(), by, tag)}}
	moved := ingest.Meaning{Repository: payments, By: by, Push: &ingest.Push{After: sha, Pusher: by}, Said: said("refs/heads/release/2026", sha)}
	untouched := func(ref, after string) ingest.Meaning {
		return ingest.Meaning{Repository: payments, By: by, Said: said(ref, after)}
	}
	tests := []struct {
		name  string
		event string
		body  string
		want  ingest.Meaning
	}{
		{"the default branch, with a slash", "push", push("refs/heads/release/2026", sha, ""), moved},
		{"another branch", "push", push("refs/heads/release/2025", sha, ""), untouched("refs/heads/release/2025", sha)},
		{"a branch with the same end", "push", push("refs/heads/2026", sha, ""), untouched("refs/heads/2026", sha)},
		{"a tag of the same name", "push", push("refs/tags/release/2026", sha, ""), untouched("refs/tags/release/2026", sha)},
		{"a tag whose commit is told", "push", push("refs/tags/v1", sha, `"head_commit": {"id": "c0ffee", "timestamp": "2026-03-01T10:00:00+01:00"},`), tagged},
		{"a branch whose commit is told", "push", push("refs/heads/x", sha, `"head_commit": {"timestamp": "2026-03-01T10:00:00+01:00"},`), untouched("refs/heads/x", sha)},
		{"the default branch is deleted", "push", push("refs/heads/release/2026", zeros, `"deleted": true,`), untouched("refs/heads/release/2026", "")},
		{"deleted, by the zeros alone", "push", push("refs/heads/release/2026", zeros, ""), untouched("refs/heads/release/2026", "")},
		{"notes", "push", push("refs/notes/commits", sha, ""), ingest.Meaning{Repository: payments, By: by}},
		{"another branch is at no commit", "push", push("refs/heads/x", "main", ""), ingest.Meaning{Repository: payments, By: by}},
		{"a branch that a push tells of too", "create", `{"ref": "x", "ref_type": "branch", "repository": {"id": 1, "full_name": "acme/payments"}}`, ingest.Meaning{}},
		{"a ping", "ping", `{"zen": "Mind your words, they are important.", "hook_id": 1}`, ingest.Meaning{}},
		{"an event of no interest", "star", `{"action": "created"}`, ingest.Meaning{}},
		{"an event that nobody knew", "quantum_merge", `not even JSON`, ingest.Meaning{}},
		{"no event at all", "", `{}`, ingest.Meaning{}},
	}
	s := newSource(t, github.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, form := range []bool{false, true} {
				d := ingest.Delivery{Event: tt.event, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(tt.body)}
				if form {
					d.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					d.Body = []byte("payload=" + urlEncode(tt.body))
				}
				got, err := s.Translate(d)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("as form: %v (-want +got):\n%s", form, diff)
				}
			}
		})
	}
}

func TestTranslateRefuses(t *testing.T) {
	good := push("refs/heads/release/2026", sha, "")
	tests := []struct{ name, body, want string }{
		{"no JSON", "payload", "not GitHub's JSON"},
		{"no repository", `{"ref": "refs/heads/main"}`, "repository.id"},
		{"a name that leads elsewhere", strings.ReplaceAll(good, "acme/payments", "acme/../../user"), "full_name"},
		{"a name with a query", strings.ReplaceAll(good, "acme/payments", "acme/payments?x="), "full_name"},
		{"no default branch", strings.NewReplacer(`"default_branch": "release/2026"`, `"x": 1`, `"master_branch": "release/2026"`, `"y": 1`).Replace(good), "default_branch"},
		{"after is no commit", push("refs/heads/release/2026", "main", ""), "no commit"},
	}
	s := newSource(t, github.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Translate(ingest.Delivery{Event: "push", Body: []byte(tt.body)})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it invalid with %q", err, tt.want)
			}
		})
	}
}

func TestTranslateOrganizations(t *testing.T) {
	d := ingest.Delivery{Event: "push", Body: []byte(push("refs/heads/release/2026", sha, ""))}
	for org, want := range map[string]bool{"ACME": true, "acm": false, "other": false} {
		m, err := newSource(t, github.Options{Organizations: []string{"first", org}}).Translate(d)
		if err != nil || (m.Push != nil) != want {
			t.Errorf("with organization %s: %+v, %v", org, m, err)
		}
	}
}
