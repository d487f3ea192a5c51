package github_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/demoforge"
)

// A webhook is that of a portal by the whole of its address: what leads to another
// portal's source of the same name is told of, and stays as it is.
func TestEnsureHookLeavesAnotherPortalAlone(t *testing.T) {
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: demoforge.Service{Token: "forge-token", Secret: "hook-secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	repo, err := forge.Create(demoforge.GitHub, "acme/payments", demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	production, toProduction := receiver(t)
	trial, toTrial := receiver(t)
	own := func(secret string) *github.Source {
		return newSource(t, github.Options{URL: forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: secret, Organizations: []string{"acme"}})
	}
	if h, err := own("hook-secret").EnsureHook(t.Context(), "acme", production); err != nil || !h.New || len(h.Elsewhere) > 0 {
		t.Fatalf("the first: %+v, %v", h, err)
	}
	for i, secret := range []string{"first", "second"} {
		h, err := own(secret).EnsureHook(t.Context(), "acme", trial)
		if err != nil || h.New != (i == 0) || !slices.Equal(h.Elsewhere, []string{production}) {
			t.Errorf("time %d: %+v, %v", i+1, h, err)
		}
	}
	_, err = repo.Push("main", demoforge.Change{
		Author: demoforge.Person{Name: "Mossbank", Email: "mossbank@acme.example", Login: "mossbank"}, Time: time.Now(),
		Message: "Start", Files: map[string]string{"README.md": "hello"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	for secret, came := range map[string]func() []sent{"hook-secret": toProduction, "second": toTrial} {
		if !slices.ContainsFunc(came(), func(d sent) bool {
			_, err := own(secret).Verify(d.header, d.body)
			return err == nil && d.header.Get("X-GitHub-Event") == "push"
		}) {
			t.Errorf("no push came that is signed with %s", secret)
		}
	}
}

// sent is what came to a receiver.
type sent struct {
	header http.Header
	body   []byte
}

// receiver stands for a portal: the address of its webhook, and what came to it so far.
func receiver(t *testing.T) (payload string, came func() []sent) {
	t.Helper()
	var mu sync.Mutex
	var all []sent
	portal := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, sent{q.Header, body})
	}))
	t.Cleanup(portal.Close)
	return portal.URL + "/hooks/github", func() []sent {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// Somebody's own account is not taken for an organisation that is not there.
func TestCheckOfAPersonalAccount(t *testing.T) {
	forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitHub: demoforge.Service{Token: "forge-token", Secret: "hook-secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { forge.Close() })
	if _, err := forge.AddMember(demoforge.GitHub, "acme", demoforge.Person{Name: "Mossbank", Email: "mossbank@acme.example", Login: "mossbank"}, "member"); err != nil {
		t.Fatal(err)
	}
	s := newSource(t, github.Options{URL: forge.APIURL(demoforge.GitHub), Token: "forge-token", WebhookSecret: "hook-secret"})
	for name, want := range map[string]string{
		"acme":     "",
		"mossbank": "mossbank is a personal account and no organisation, and has no webhook of its own. Name its repositories in the configuration instead, as repositories: [mossbank/name]",
		"nobody":   "there is none of this name (404)",
	} {
		err := s.Check(t.Context(), name)
		var m *ingest.Misfit
		if (err == nil) != (want == "") || err != nil && (!errors.As(err, &m) || m.Setting != ingest.SettingOwner || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
