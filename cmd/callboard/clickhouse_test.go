package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/history"
)

// inEachStore runs a test with a portal for each store of the history.
func inEachStore(t *testing.T, test func(*testing.T, *running)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, startPortal(t)) })
	t.Run("ClickHouse", func(t *testing.T) {
		test(t, startPortal(t, historyAt(clickhousetest.Start(t).Database(t))))
	})
}

// historyAt has the history kept in a database.
func historyAt(address string) func(*config.Config) {
	return func(c *config.Config) { c.History.URL = config.Secret(address) }
}

// switched stands before a database, which can be reached while it is on.
type switched struct {
	on    atomic.Bool
	proxy *httputil.ReverseProxy
}

func (s *switched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.on.Load() {
		panic(http.ErrAbortHandler)
	}
	s.proxy.ServeHTTP(w, r)
}

// switchedTo returns the URL of a database, with a password, by way of a switch.
func switchedTo(t *testing.T, database string) (string, *switched) {
	t.Helper()
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	s := &switched{proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return "http://writer:open-sesame@" + strings.TrimPrefix(server.URL, "http://") + to.Path, s
}

// A portal whose ClickHouse is away starts, takes deliveries and serves the catalog.
// It says what it cannot tell, and tells it all once ClickHouse is back.
func TestClickHouseIsAway(t *testing.T) {
	address, database := switchedTo(t, clickhousetest.Start(t).Database(t))
	r := startPortal(t, historyAt(address))
	repo := r.repository(t, demoforge.GitHub, "acme/payments")
	push := func(owner string) {
		t.Helper()
		d, err := repo.Push("main", demoforge.Change{
			Author: demoforge.Person{Name: "Saltmarsh", Email: "saltmarsh@acme.example", Login: "saltmarsh"}, Time: time.Now(), Message: "Own it",
			Files: map[string]string{"catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: payments}\nspec: {type: service, lifecycle: production, owner: " + owner + "}\n"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if status := r.send(t, d); status != http.StatusAccepted {
			t.Fatalf("status %d", status)
		}
		ctx, cancel := context.WithTimeout(t.Context(), storyWait)
		defer cancel()
		if err := r.inbox.wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
	push("team-a")
	const entity = "/catalog/default/component/payments"
	r.says(t, "/api/catalog/entities/by-name/component/default/payments", `"targetRef":"group:default/team-a"`)
	r.says(t, "/catalog", "payments")
	r.says(t, entity, "team-a", "The history cannot be read now")
	r.says(t, "/readyz", `"status":"ready"`, `"unreachable":true`)
	for path, want := range map[string]string{
		"/api/history/events":           "the history cannot be read now",
		"/api/catalog/entities?known=1": "the history cannot be read now",
		"/audit":                        "This page cannot be read just now",
		entity + "/history":             "This page cannot be read just now",
	} {
		status, body := r.read(t, path)
		if status != http.StatusServiceUnavailable || !strings.Contains(body, want) {
			t.Errorf("%s is answered with %d %s", path, status, body)
		}
		if strings.Contains(body, "sesame") || strings.Contains(body, "ClickHouse") {
			t.Errorf("%s tells of the inside: %s", path, body)
		}
	}

	database.on.Store(true)
	r.untilCaughtUp(t)
	r.says(t, "/api/history/events?entity=component:payments", "service, owned by team-a")
	push("team-b")
	r.settle(t)
	r.says(t, entity+"/history", "team-a", "team-b")
	r.says(t, "/readyz", `"status":"ready"`)

	// It goes away again, while the portal runs.
	database.on.Store(false)
	push("team-c")
	r.says(t, entity, "team-c", "The history cannot be read now")
	database.on.Store(true)
	r.untilCaughtUp(t)
	r.says(t, "/api/history/events?entity=component:payments", "owner team-b → team-c")
}

// untilCaughtUp waits until the history has seen all events.
func (r *running) untilCaughtUp(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	for r.runner.Wait(ctx, history.Name, r.last(t)) != nil {
		select {
		case <-time.After(20 * time.Millisecond): // it is tried again with growing pauses
		case <-ctx.Done():
			t.Fatal("the history has not caught up")
		}
	}
}

// What the portal says of a database that it cannot reach has no password.
func TestClickHouseIsNotThere(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	address := strings.TrimPrefix(gone.URL, "http://")
	logged := &notice{text: "ClickHouse at " + address + " cannot be reached; check that it runs, and history.url", seen: make(chan struct{})}
	conf := config.Default()
	conf.Data, conf.Server.Listen, conf.History.URL = t.TempDir(), "127.0.0.1:0", config.Secret("http://writer:open-sesame@"+address)
	ctx, stop := context.WithCancel(t.Context())
	p, err := openPortal(ctx, conf, slog.New(slog.NewTextHandler(logged, nil)), portalOptions{now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = p.run(ctx, func(context.Context) error {
		<-logged.seen
		stop()
		return nil
	})
	if closed := p.close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
	if strings.Contains(logged.all.String(), "sesame") {
		t.Errorf("the password is logged: %s", &logged.all)
	}
}

// While a history in ClickHouse is rebuilt by command, whoever reads is told the same.
func TestRebuildInClickHouseWhileRead(t *testing.T) {
	r := startPortal(t, historyAt(clickhousetest.Start(t).Database(t)))
	r.ownedBy(t, "payments", "team-a", "team-b")
	known := r.last(t)
	g, ctx := errgroup.WithContext(t.Context())
	done := make(chan struct{})
	for _, path := range []string{
		"/api/history/events?entity=component:payments", "/api/history/entities/component/default/payments", "/api/history/export",
		fmt.Sprintf("/api/catalog/entities?at=%d&known=%d", known, known),
	} {
		want, err := r.answerTo(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		g.Go(func() error {
			for {
				select {
				case <-done:
					return nil
				default:
				}
				got, err := r.answerTo(ctx, path)
				if err != nil || got != want {
					return fmt.Errorf("%s: %w: %s", path, err, cmp.Diff(want, got))
				}
			}
		})
	}
	for range 3 {
		if out := r.rebuildByCommand(t, history.Name); !strings.Contains(out, fmt.Sprintf("history: rebuilt up to event %d", known)) {
			t.Errorf("the command says %q", out)
		}
	}
	close(done)
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// callboard rebuild folds the history in ClickHouse anew, if it is told where that is.
func TestRebuildInClickHouse(t *testing.T) {
	database := clickhousetest.Start(t).Database(t)
	conf := config.Default()
	conf.Data, conf.Server.Listen = t.TempDir(), "127.0.0.1:0"
	historyAt(database)(&conf)
	descriptor := filepath.Join(t.TempDir(), "all.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(descriptor, "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: payments}\nspec: {type: service, lifecycle: production, owner: team-a}\n")
	conf.Catalog.Locations = []config.Location{{Type: "file", Target: descriptor}}
	p, stop := runPortalAt(t, conf)
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	if err := p.runner.WaitAll(ctx, 2); err != nil {
		t.Fatal(err)
	}
	told := func(p *portal) history.Page {
		t.Helper()
		page, err := p.history.Events(t.Context(), history.Filter{Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	before := told(p)
	stop()

	file := filepath.Join(t.TempDir(), "callboard.yaml")
	write(file, "data: "+conf.Data+"\nhistory: {url: \""+database+"\"}\n")
	var out, errs bytes.Buffer
	if code := run(t.Context(), process{Args: []string{"rebuild", "history", "--config", file}, Stdout: &out, Stderr: &errs, Env: os.LookupEnv}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	if !strings.HasPrefix(out.String(), "history: ") || strings.Contains(out.String(), "repositories") {
		t.Errorf("it says %q", &out)
	}
	if _, err := os.Stat(filepath.Join(conf.Data, fileHistory)); err == nil {
		t.Error("there is a history in the data folder, too")
	}
	conf.Catalog.Locations = nil
	p, _ = runPortalAt(t, conf)
	if err := p.runner.WaitAll(ctx, before.Entries[0].Position); err != nil {
		t.Fatal(err)
	}
	after := told(p)
	if after.Total < before.Total || after.Entries[len(after.Entries)-1].Position != 1 {
		t.Errorf("before there were %d events, and %d after", before.Total, after.Total)
	}
}
