package gitlab_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/demoforge"
)

// A webhook is that of a portal by the whole of its address, be it a group's or a
// project's: what leads to another portal's source of the same name stays as it is.
func TestEnsureHooksLeavesAnotherPortalAlone(t *testing.T) {
	none := func(int) {}
	for name, faults := range map[string]func(*http.Request) demoforge.Fault{
		"group": nil,
		"project": func(r *http.Request) demoforge.Fault {
			if strings.Contains(r.URL.Path, "/groups/acme/hooks") {
				return demoforge.Fault{Status: http.StatusForbidden}
			}
			return demoforge.Fault{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			forge, err := demoforge.Listen("127.0.0.1:0", demoforge.Options{GitLab: demoforge.Service{Token: "forge-token"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { forge.Close() })
			repo, err := forge.Create(demoforge.GitLab, "acme/payments", demoforge.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			forge.SetFaults(faults)
			production, toProduction := receiver(t)
			trial, toTrial := receiver(t)
			own := func(secret string) *gitlab.Source {
				return newSource(t, gitlab.Options{Name: "gitlab", URL: forge.APIURL(demoforge.GitLab), Token: "forge-token", WebhookSecret: secret, Groups: []string{"acme"}})
			}
			if h, err := own("hook-secret").EnsureHooks(t.Context(), "acme", production, none); err != nil || h.New != 1 || len(h.Elsewhere) != 0 {
				t.Fatalf("the first: %+v, %v", h, err)
			}
			for i, secret := range []string{"first", "second"} {
				h, err := own(secret).EnsureHooks(t.Context(), "acme", trial, none)
				if err != nil || h.New != 1-i || !slices.Equal(h.Elsewhere, []string{production}) {
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
			if err := own("second").Ping(t.Context(), "acme", trial); err != nil {
				t.Fatal(err)
			}
			if err := forge.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := toProduction(); !slices.Equal(got, []string{"hook-secret"}) {
				t.Errorf("a push came with %q", got)
			}
			if got := toTrial(); !slices.Equal(got, []string{"second", "second"}) {
				t.Errorf("a push and a test push came with %q", got)
			}
		})
	}
}

// receiver stands for a portal: the address of its webhook, and the secrets that came
// along with what came to it so far.
func receiver(t *testing.T) (payload string, secrets func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	portal := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, q.Header.Get("X-Gitlab-Token"))
	}))
	t.Cleanup(portal.Close)
	return portal.URL + "/hooks/gitlab", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// Somebody's own account is not taken for a group that is not there.
func TestCheckOfAPersonalAccount(t *testing.T) {
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/users") && r.URL.Query().Get("username") == "mossbank":
			fmt.Fprint(w, `[{"id": 7, "username": "Mossbank"}]`)
		case strings.HasSuffix(r.URL.Path, "/users"):
			fmt.Fprint(w, "[]")
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message": "404 Group Not Found"}`)
		}
	}))
	t.Cleanup(forge.Close)
	s := newSource(t, gitlab.Options{Name: "gitlab", URL: forge.URL, Token: "a token for tests", WebhookSecret: secret})
	for name, want := range map[string]string{"mossbank": "mossbank is a personal account and no group, and has no webhook of its own. Leave groups out", "nobody": "there is none of this name (404)"} {
		err := s.Check(t.Context(), name)
		var m *ingest.Misfit
		if !errors.As(err, &m) || m.Setting != ingest.SettingOwner || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
