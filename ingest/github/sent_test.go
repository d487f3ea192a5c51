package github_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/demoforge"
)

// A delivery is found again by the webhook that it was sent to, whatever the owner
// and the repository are called: a name may begin or end in a hyphen, or be one.
func TestSentIsFetched(t *testing.T) {
	for _, name := range []string{"acme/payments", "acme/payments-", "acme/-payments", "acme/-", "acme-/payments"} {
		t.Run(name, func(t *testing.T) {
			forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: demoforge.Service{Token: "forge-token", Secret: "hook-secret"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { forge.Close() })
			repo, err := forge.Create(demoforge.GitHub, name, demoforge.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			s := newSource(t, github.Options{URL: forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "hook-secret", Repositories: []string{name}, Payload: toPayload})
			hook(t, forge, "repos/"+name+"/hooks")
			_, err = repo.Push("main", demoforge.Change{
				Author: demoforge.Person{Name: "Mossbank", Email: "mossbank@acme.example", Login: "mossbank"}, Time: time.Now(),
				Message: "Start", Files: map[string]string{"README.md": "hello"},
			})
			if err != nil {
				t.Fatal(err)
			}
			forge.SetFates(func(demoforge.Outgoing) demoforge.Fate { return demoforge.Fate{Lost: true} })
			if err := forge.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			var sent []ingest.Attempt
			for a, err := range s.Since(t.Context(), time.Now().Add(-time.Hour)) {
				if err != nil {
					t.Fatal(err)
				}
				if a.Event == "push" {
					sent = append(sent, a)
				}
			}
			if len(sent) != 1 || sent[0].OK {
				t.Fatalf("what was sent is %+v, want one push", sent)
			}
			header, body, err := s.Fetch(t.Context(), sent[0])
			if err != nil || header.Get("X-GitHub-Event") != "push" || !strings.Contains(string(body), `"full_name":"`+name+`"`) {
				t.Errorf("fetched %v, %v: %.200s", header, err, body)
			}
		})
	}
}

// A list that is too long breaks off with a word, and not as if it had come to its end.
func TestTooManySent(t *testing.T) {
	pages := 0
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/hooks") {
			fmt.Fprint(w, `[{"id": 1, "active": true, "config": {"url": "https://portal.example/hooks/github"}}]`)
			return
		}
		pages++
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?cursor=%d>; rel="next"`, r.Host, r.URL.Path, pages))
		fmt.Fprintf(w, `[{"id": %d, "guid": "g%d", "event": "push", "delivered_at": %q, "status_code": 202}]`, pages, pages, time.Now().UTC().Format(time.RFC3339))
	}))
	t.Cleanup(forge.Close)
	s := newSource(t, github.Options{URL: forge.URL, Token: "forge-token", WebhookSecret: "hook-secret", Organizations: []string{"acme"}, Payload: toPayload})
	listed := 0
	var end error
	for _, err := range s.Since(t.Context(), time.Now().Add(-time.Hour)) {
		if end = err; err == nil {
			listed++
		}
	}
	if listed != pages || pages != ingest.MaxAttempts/100 || !errors.Is(end, ingest.ErrTooManyAttempts) {
		t.Errorf("%d of %d pages are listed, and then %v", listed, pages, end)
	}
}

const payload = "https://portal.example/hooks/github"

func toPayload() string { return payload }

// What another portal's source of the same name was sent by a webhook of its own is not
// ours, and without one that leads here it is said whose is missing.
func TestSentToAnotherPortal(t *testing.T) {
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: demoforge.Service{Token: "forge-token", Secret: "hook-secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	for _, name := range []string{"acme/payments", "bank/ledger"} {
		if _, err := forge.Create(demoforge.GitHub, name, demoforge.Settings{}); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(o github.Options) (n int, missing *ingest.NoWebhook) {
		t.Helper()
		o.URL, o.Token, o.WebhookSecret, o.Payload = forge.APIURL(demoforge.GitHub), "forge-token", "hook-secret", toPayload
		for _, err := range newSource(t, o).Since(t.Context(), time.Now().Add(-time.Hour)) {
			if err == nil {
				n++
			} else if !errors.As(err, &missing) {
				t.Fatal(err)
			}
		}
		return n, missing
	}
	const other = "https://other.example/hooks/github"
	hookTo(t, forge, "orgs/acme/hooks", other)
	forge.SetFates(func(demoforge.Outgoing) demoforge.Fate { return demoforge.Fate{Lost: true} })
	if err := forge.Deliver(t.Context()); err != nil { // a ping
		t.Fatal(err)
	}
	both := github.Options{Organizations: []string{"acme", "bank"}}
	n, missing := listed(both)
	if n != 0 || missing == nil || missing.Partly || !slices.Equal(missing.Elsewhere, []string{other}) {
		t.Errorf("%d are listed, and missing is %+v", n, missing)
	}
	if want := "organisation acme and organisation bank have no webhook that is active and leads to " + payload + "; one leads to " + other + ", which is taken for another portal's: if it is this one, set server.url, or the webhookUrl of the source"; missing.Error() != want {
		t.Errorf("it is told as %q", missing)
	}

	hook(t, forge, "orgs/acme/hooks")
	if err := forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, missing = listed(both); n != 1 || missing == nil || !missing.Partly || !slices.Equal(missing.Of, []string{"organisation bank"}) {
		t.Errorf("with one of ours %d are listed, and missing is %+v", n, missing)
	}
	for name, o := range map[string]github.Options{
		"of the organisation":                 {Organizations: []string{"acme"}},
		"of the organisation of a repository": {Organizations: []string{"acme"}, Repositories: []string{"acme/payments"}},
	} {
		if n, missing = listed(o); n != 1 || missing != nil {
			t.Errorf("%s: %d are listed, and missing is %v", name, n, missing)
		}
	}
	if _, missing = listed(github.Options{Repositories: []string{"bank/ledger"}}); missing == nil || missing.Of[0] != "repository bank/ledger" {
		t.Errorf("of a repository alone missing is %v", missing)
	}
}

// hook registers a webhook that leads to the source "github".
func hook(t *testing.T, forge *demoforge.Forge, path string) {
	t.Helper()
	hookTo(t, forge, path, payload)
}

func hookTo(t *testing.T, forge *demoforge.Forge, path, to string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, forge.APIURL(demoforge.GitHub)+path, strings.NewReader(
		`{"name": "web", "active": true, "events": ["*"], "config": {"url": "`+to+`", "content_type": "json", "secret": "hook-secret"}}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer forge-token")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("the forge answers %s", answer.Status)
	}
}
