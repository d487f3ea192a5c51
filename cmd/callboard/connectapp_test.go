package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

// appForge stands for a GitHub in the one thing that the demo forge does as it should:
// it tells what App was made, as a test wants it.
func appForge(t *testing.T, tell http.HandlerFunc) *httptest.Server {
	t.Helper()
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodPost || !strings.HasPrefix(q.URL.Path, "/app-manifests/") {
			http.NotFound(w, q)
			return
		}
		tell(w, q)
	}))
	t.Cleanup(forge.Close)
	return forge
}

// tellApp is what GitHub tells of an App that was made.
func tellApp(t *testing.T, w http.ResponseWriter, owner, page, key string) {
	t.Helper()
	w.WriteHeader(http.StatusCreated)
	err := json.NewEncoder(w).Encode(map[string]any{
		"id": 7, "slug": "callboard-of-acme", "owner": map[string]any{"login": owner}, "html_url": page, "webhook_secret": "app-secret", "pem": key,
	})
	if err != nil {
		t.Error(err)
	}
}

// sentAway is a visitor's way to a forge: the portal's door, and the state of the one
// who is away.
func (r *running) sentAway(t *testing.T, forge *httptest.Server, name string) (pageConnecting, string) {
	t.Helper()
	c := pageConnecting{r.portal, newAway(time.Now)}
	action, _, err := c.AskForApp(t.Context(), web.NewSource{Type: config.GitHub, Name: name, Owner: "acme", URL: forge.URL, Pages: forge.URL}, r.base+"/sources/connect/app", r.base)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(action)
	if err != nil {
		t.Fatal(err)
	}
	return c, u.Query().Get("state")
}

// A forge that has trouble when the App is asked for may be asked again.
func TestAppMadeAfterTrouble(t *testing.T) {
	key := newKey(t)
	var asked atomic.Int32
	var forge *httptest.Server
	forge = appForge(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		tellApp(t, w, "acme", forge.URL+"/apps/callboard-of-acme", key)
	})
	r := startEmpty(t)
	c, state := r.sentAway(t, forge, "github")
	if _, err := c.AppMade(t.Context(), state, "code"); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "again") {
		t.Fatalf("while the forge has trouble: %v", err)
	}
	if _, err := c.AppMade(t.Context(), state, "code"); err != nil {
		t.Errorf("after it: %v", err)
	}
	if _, err := c.AppMade(t.Context(), state, "code"); fault.KindOf(err) != fault.Denied {
		t.Errorf("once more: %v", err)
	}
}

// Whoever goes away while the App is asked for has it all the same: its secrets are
// told once.
func TestAppMadeOutlivesItsVisitor(t *testing.T) {
	key := newKey(t)
	ctx, hangUp := context.WithCancel(t.Context())
	var forge *httptest.Server
	forge = appForge(t, func(w http.ResponseWriter, _ *http.Request) {
		hangUp()
		tellApp(t, w, "acme", forge.URL+"/apps/callboard-of-acme", key)
	})
	r := startEmpty(t)
	c, state := r.sentAway(t, forge, "github")
	if _, err := c.AppMade(ctx, state, "code"); err != nil {
		t.Error(err)
	}
	if _, _, ok := r.sourceNamed("github"); !ok {
		t.Error("the source is not there")
	}
	if kept, err := os.ReadFile(r.keyFile("github")); err != nil || string(kept) != key {
		t.Errorf("the key is not kept: %v", err)
	}
}

// A key that is gone keeps the portal neither from starting nor from taking what the
// forge sends; it is told of, and found when it is back.
func TestAppWithoutItsKey(t *testing.T) {
	conf := config.Default()
	conf.Data = t.TempDir()
	app := config.Source{
		Name: "github", Type: config.GitHub, WebhookSecret: "app-secret", Organizations: []string{"acme"},
		App: config.App{ID: "1", PrivateKeyFile: filepath.Join(conf.Data, "app-github.pem")},
	}
	if err := config.WriteSources(filepath.Join(conf.Data, fileConnected), []config.Source{app}); err != nil {
		t.Fatal(err)
	}
	p, err := openPortal(t.Context(), conf, slog.New(slog.DiscardHandler), portalOptions{now: time.Now})
	if err != nil {
		t.Fatalf("the portal does not start: %v", err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}

	r := startEmpty(t)
	r.repository(t, demoforge.GitHub, "acme/pay")
	app.URL, app.App.PrivateKeyFile = r.forge.APIURL(demoforge.GitHub), r.keyFile("github")
	if err := r.connect(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if err := r.survey(t, demoforge.GitHub); err == nil || !strings.Contains(err.Error(), "app.privateKeyFile") {
		t.Errorf("without the key: %v", err)
	}
	r.says(t, "/sources/github", "Cannot be asked", "app.privateKeyFile")
	r.says(t, "/api/sources/github", `"condition":"unreachable"`, "app.privateKeyFile")
	if err := config.Keep(r.keyFile("github"), []byte(newKey(t))); err != nil {
		t.Fatal(err)
	}
	if err := r.survey(t, demoforge.GitHub); err == nil || strings.Contains(err.Error(), "app.privateKeyFile") {
		t.Errorf("with a key, of which the forge knows no App: %v", err)
	}
}

// What a forge says of an App is looked at before it is believed.
func TestAppMadeIsLookedAt(t *testing.T) {
	key := newKey(t)
	for _, tt := range []struct {
		name, owner string
		page        func(forge string) string
		wrong       string // part of what is wrong; "" = the App is taken
	}{
		{"as it should be", "acme", func(forge string) string { return forge + "/apps/callboard-of-acme" }, ""},
		{"the owner in other letters", "Acme", func(forge string) string { return forge + "/apps/callboard-of-acme" }, ""},
		{"another owner", "evil", func(forge string) string { return forge + "/apps/callboard-of-acme" }, "the App belongs to evil and not to acme"},
		{"a page elsewhere", "acme", func(string) string { return "https://evil.example/apps/callboard-of-acme" }, ""},
		{"a page that begins alike", "acme", func(forge string) string { return forge + ".evil.example/apps/callboard-of-acme" }, ""},
		{"no page", "acme", func(string) string { return "" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var forge *httptest.Server
			forge = appForge(t, func(w http.ResponseWriter, _ *http.Request) { tellApp(t, w, tt.owner, tt.page(forge.URL), key) })
			r := startEmpty(t)
			c, state := r.sentAway(t, forge, "github")
			install, err := c.AppMade(t.Context(), state, "code")
			_, _, there := r.sourceNamed("github")
			_, kept := os.Stat(r.keyFile("github"))
			if tt.wrong == "" {
				if err != nil || install != forge.URL+"/apps/callboard-of-acme/installations/new" || !there || kept != nil {
					t.Errorf("led to %q, %v; there is a source: %t, a key: %v", install, err, there, kept)
				}
				return
			}
			if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), tt.wrong) || there || !os.IsNotExist(kept) {
				t.Errorf("got %q, %v; there is a source: %t, a key: %v", install, err, there, kept)
			}
		})
	}
}

// A name that was taken while somebody was away, or while the App was made, is taken.
func TestAppMadeOfATakenName(t *testing.T) {
	key := newKey(t)
	other := addition{source: config.Source{Name: "github", Type: config.GitHub, WebhookSecret: "other-secret", Reconcile: config.Never}}
	for _, meanwhile := range []bool{false, true} {
		var r *running
		var asked atomic.Int32
		var forge *httptest.Server
		forge = appForge(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			if meanwhile {
				if err := r.add(t.Context(), other); err != nil {
					t.Error(err)
				}
			}
			tellApp(t, w, "acme", forge.URL+"/apps/callboard-of-acme", key)
		})
		r = startEmpty(t)
		c, state := r.sentAway(t, forge, "github")
		if !meanwhile {
			if err := r.add(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.AppMade(t.Context(), state, "code"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "there is a source github by now") {
			t.Errorf("meanwhile %t: %v", meanwhile, err)
		}
		if asked := asked.Load() > 0; asked != meanwhile {
			t.Errorf("meanwhile %t: the forge was asked: %t", meanwhile, asked)
		}
		stored, err := config.ReadSources(r.storedSources())
		if err != nil || len(stored) != 1 || stored[0].WebhookSecret != "other-secret" {
			t.Errorf("meanwhile %t: stored are %v, %v", meanwhile, stored, err)
		}
		if _, err := os.Stat(r.keyFile("github")); !os.IsNotExist(err) {
			t.Errorf("meanwhile %t: a key is kept: %v", meanwhile, err)
		}
	}
}
