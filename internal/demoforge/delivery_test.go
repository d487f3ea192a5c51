package demoforge_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

const (
	zero         = "0000000000000000000000000000000000000000"
	signingToken = "whsec_bm90IGEgcmVhbCBzZWNyZXQ="
)

// request is a delivery as its receiver sees it.
func request(t testing.TB, d demoforge.Delivery) *http.Request {
	t.Helper()
	r, err := d.Request(context.Background(), "http://callboard.acme.example/hooks/x")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGitHubDeliveryIsSigned(t *testing.T) {
	secret := []byte("a secret")
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Secret: string(secret)}})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	d := push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))

	if err := github.ValidateSignature(request(t, d).Header.Get(github.SHA256SignatureHeader), d.Body, secret); err != nil {
		t.Errorf("right secret: %v", err)
	}
	if err := github.ValidateSignature(request(t, d).Header.Get(github.SHA256SignatureHeader), d.Body, []byte("another")); err == nil {
		t.Error("another secret fits too")
	}
	again := request(t, d)
	body, err := github.ValidatePayload(again, secret)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(d.Body), string(body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if github.WebHookType(again) != "push" || github.DeliveryID(again) != d.ID || d.ID == "" {
		t.Errorf("event %q, delivery %q, want push, %q", github.WebHookType(again), github.DeliveryID(again), d.ID)
	}
}

func TestGitHubPushPayload(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	first := push(t, r, "main", commit(0, "first", map[string]string{"a": "1", "b": "1"}))
	second := push(t, r, "main",
		commit(1, "second", map[string]string{"a": "2", "c/d": "1"}),
		demoforge.Change{Author: pebble, Time: noon, Message: "third", Remove: []string{"b"}})
	branch := push(t, r, "feature/x")
	forced, err := r.Move("main", first.After, moss)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := r.DeleteBranch("feature/x", moss)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := r.Tag("v1", first.After, moss)
	if err != nil {
		t.Fatal(err)
	}

	type facts struct {
		Ref, Before, After, Base  string
		Created, Deleted, Forced  bool
		Commits                   []string // message, and added modified removed
		Head, Pusher, Sender, Age string
	}
	for _, test := range []struct {
		name string
		d    demoforge.Delivery
		want facts
	}{
		{"first push", first, facts{Ref: "refs/heads/main", Before: zero, After: first.After, Created: true,
			Commits: []string{"first [a b] [] []"}, Head: first.After, Pusher: "mossbank", Sender: "mossbank"}},
		{"two commits", second, facts{Ref: "refs/heads/main", Before: first.After, After: second.After,
			Commits: []string{"second [c/d] [a] []", "third [] [] [b]"}, Head: second.After, Pusher: "pebbledash", Sender: "pebbledash"}},
		{"new branch without commits", branch, facts{Ref: "refs/heads/feature/x", Before: zero, After: second.After, Base: "refs/heads/main",
			Created: true, Head: second.After, Pusher: "pebbledash", Sender: "pebbledash"}},
		{"force push back", forced, facts{Ref: "refs/heads/main", Before: second.After, After: first.After, Forced: true,
			Head: first.After, Pusher: "mossbank", Sender: "mossbank"}},
		{"branch deleted", gone, facts{Ref: "refs/heads/feature/x", Before: second.After, After: zero, Deleted: true, Pusher: "mossbank", Sender: "mossbank"}},
		{"tag", tag, facts{Ref: "refs/tags/v1", Before: zero, After: first.After, Base: "refs/heads/main", Created: true,
			Head: first.After, Pusher: "mossbank", Sender: "mossbank"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			event, err := github.ParseWebHook(test.d.Event, test.d.Body)
			if err != nil {
				t.Fatal(err)
			}
			p := event.(*github.PushEvent)
			got := facts{
				Ref: p.GetRef(), Before: p.GetBefore(), After: p.GetAfter(), Base: p.GetBaseRef(),
				Created: p.GetCreated(), Deleted: p.GetDeleted(), Forced: p.GetForced(),
				Head: p.GetHeadCommit().GetID(), Pusher: p.GetPusher().GetName(), Sender: p.GetSender().GetLogin(),
			}
			for _, c := range p.Commits {
				got.Commits = append(got.Commits, fmt.Sprint(c.GetMessage(), " ", c.Added, " ", c.Modified, " ", c.Removed))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			repo := p.GetRepo()
			if repo.GetID() != r.ID() || repo.GetFullName() != "acme/ledger" || repo.GetDefaultBranch() != "main" || repo.GetOwner().GetName() != "acme" || repo.GetOwner().GetLogin() != "acme" {
				t.Errorf("repository %v", repo)
			}
		})
	}

	// Things that go-github's types would hide.
	var raw struct {
		Repository struct {
			CreatedAt json.Number `json:"created_at"`
			URL       string      `json:"url"`
			HTMLURL   string      `json:"html_url"`
		} `json:"repository"`
		Commits []struct {
			Timestamp string `json:"timestamp"`
			Distinct  bool   `json:"distinct"`
		} `json:"commits"`
	}
	if err := json.Unmarshal(second.Body, &raw); err != nil {
		t.Fatal(err)
	}
	if raw.Repository.CreatedAt.String() != fmt.Sprint(noon.Unix()) || raw.Repository.URL != raw.Repository.HTMLURL {
		t.Errorf("created_at %s and url %s, want Unix seconds and the page", raw.Repository.CreatedAt, raw.Repository.URL)
	}
	if raw.Commits[0].Timestamp != "2026-03-12T13:00:00+01:00" || !raw.Commits[0].Distinct {
		t.Errorf("commit %+v, want its own offset and distinct", raw.Commits[0])
	}
}

func TestGitHubPushListsTheNewestCommits(t *testing.T) {
	f := start(t, demoforge.Options{PushCommits: 2})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	d := push(t, r, "main", commit(0, "1", map[string]string{"a": "1"}), commit(1, "2", map[string]string{"a": "2"}), commit(2, "3", map[string]string{"a": "3"}))
	event, err := github.ParseWebHook(d.Event, d.Body)
	if err != nil {
		t.Fatal(err)
	}
	commits := event.(*github.PushEvent).Commits
	if len(commits) != 2 || commits[0].GetMessage() != "2" || commits[1].GetMessage() != "3" {
		t.Errorf("lists %v, want 2 and 3", commits)
	}
}

func TestGitHubPing(t *testing.T) {
	f := start(t, demoforge.Options{})
	d, err := create(t, f, demoforge.GitHub, "acme/ledger").Ping()
	if err != nil {
		t.Fatal(err)
	}
	event, err := github.ParseWebHook(d.Event, d.Body)
	if err != nil {
		t.Fatal(err)
	}
	if p := event.(*github.PingEvent); p.GetHookID() == 0 || p.GetZen() == "" || p.GetRepo().GetFullName() != "acme/ledger" || p.GetRepo().GetCreatedAt().IsZero() {
		t.Errorf("ping %v", p)
	}
}

func TestGitLabPushPayload(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/data/lake")
	var many []demoforge.Change
	for i := range 25 {
		many = append(many, commit(i, fmt.Sprintf("commit %d\n\nbody", i), map[string]string{fmt.Sprint(i): "x"}))
	}
	first := push(t, r, "main", many...)
	push(t, r, "side")
	gone, err := r.DeleteBranch("side", moss)
	if err != nil {
		t.Fatal(err)
	}

	event, err := gitlab.ParseWebhook(gitlab.HookEventType(request(t, first)), first.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := event.(*gitlab.PushEvent)
	if p.Before != zero || p.After != first.After || p.CheckoutSHA != first.After || p.Ref != "refs/heads/main" {
		t.Errorf("moved %s from %s to %s, checkout %s", p.Ref, p.Before, p.After, p.CheckoutSHA)
	}
	if len(p.Commits) != 20 || p.TotalCommitsCount != 25 || p.Commits[0].Title != "commit 5" || p.Commits[19].ID != first.After {
		t.Errorf("%d of %d commits from %q, want the newest 20 of 25", len(p.Commits), p.TotalCommitsCount, p.Commits[0].Title)
	}
	if diff := cmp.Diff([]string{"5"}, p.Commits[0].Added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	if p.ProjectID != r.ID() || p.Project.PathWithNamespace != "acme/data/lake" || p.Project.DefaultBranch != "main" || p.UserUsername != "mossbank" {
		t.Errorf("project %+v by %s", p.Project, p.UserUsername)
	}
	if !strings.Contains(string(gone.Body), `"checkout_sha":null`) || gone.After != zero {
		t.Errorf("deletion says %s", gone.Body)
	}
	tag, err := r.Tag("v1", first.After, moss)
	if err != nil {
		t.Fatal(err)
	}
	if event, err := gitlab.ParseWebhook(gitlab.HookEventType(request(t, tag)), tag.Body); err != nil {
		t.Error(err)
	} else if p, ok := event.(*gitlab.TagEvent); !ok || len(p.Commits) != 1 || p.Commits[0].ID != first.After || p.TotalCommitsCount != 1 {
		t.Errorf("a tag comes as %T with %d commits, want the one that it is at", event, len(p.Commits))
	}
}

func TestGitLabDeliveryIsSigned(t *testing.T) {
	now := noon
	f := start(t, demoforge.Options{
		GitLab: demoforge.Service{Secret: "a secret", SigningToken: signingToken},
		Now:    func() time.Time { return now },
	})
	d := push(t, create(t, f, demoforge.GitLab, "acme/stock"), "main", commit(0, "first", map[string]string{"a": "1"}))

	first := request(t, d)
	now = now.Add(time.Hour)
	second := request(t, d)
	for _, r := range []*http.Request{first, second} {
		if gitlab.HookEventToken(r) != "a secret" {
			t.Errorf("token %q", gitlab.HookEventToken(r))
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte("not a real secret"))
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want {
			t.Errorf("signature %s, want %s", r.Header.Get("webhook-signature"), want)
		}
		if r.Header.Get("Idempotency-Key") != d.ID || r.Header.Get("webhook-id") != d.ID || r.Header.Get("X-Gitlab-Webhook-UUID") == "" {
			t.Errorf("headers %v", r.Header)
		}
	}
	if first.Header.Get("webhook-timestamp") == second.Header.Get("webhook-timestamp") {
		t.Error("sent an hour later it is signed for the same moment")
	}
}

func TestDeliveriesKeepTheOrderOfEvents(t *testing.T) {
	f := start(t, demoforge.Options{})
	hub, lab := create(t, f, demoforge.GitHub, "acme/ledger"), create(t, f, demoforge.GitLab, "acme/stock")
	var want []string
	for i := range 3 {
		want = append(want, push(t, hub, "main", commit(i, "x", map[string]string{"a": fmt.Sprint(i)})).ID)
		want = append(want, push(t, lab, "main", commit(i, "x", map[string]string{"a": fmt.Sprint(i)})).ID)
	}
	// There and back again: the same two commits, another delivery.
	there, err := hub.Move("main", f.Deliveries()[0].After, moss)
	if err != nil {
		t.Fatal(err)
	}
	back, err := hub.Move("main", there.Before, moss)
	if err != nil {
		t.Fatal(err)
	}
	again, err := hub.Move("main", there.After, moss)
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, there.ID, back.ID, again.ID)
	var got []string
	seen := map[string]bool{}
	for _, d := range f.Deliveries() {
		got = append(got, d.ID)
		seen[d.ID] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(seen) != len(want) {
		t.Errorf("%d different ids (-want +got):\n%s", len(seen), diff)
	}
}

func TestPushRefusesWhatDoesNotFit(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	first := push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	for name, try := range map[string]func() error{
		"removing a file that is not there": func() error { _, err := r.Push("main", commit(1, "x", nil, "b")); return err },
		"a merge of nothing known": func() error {
			c := commit(1, "x", nil)
			c.Merge = []string{"unknown"}
			_, err := r.Push("main", c)
			return err
		},
		"a branch to an unknown commit":     func() error { _, err := r.Move("main", strings.Repeat("a", 40), moss); return err },
		"a branch to where it is":           func() error { _, err := r.Move("main", first.After, moss); return err },
		"deleting a branch that never was":  func() error { _, err := r.DeleteBranch("unknown", moss); return err },
		"a repository that is there":        func() error { _, err := f.Create(demoforge.GitHub, "acme/ledger", demoforge.Settings{}); return err },
		"a GitHub repository in a subgroup": func() error { _, err := f.Create(demoforge.GitHub, "acme/a/b", demoforge.Settings{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if err := try(); err == nil {
				t.Error("went through")
			}
			if r.Head("main") != first.After {
				t.Error("moved the branch")
			}
		})
	}
}
