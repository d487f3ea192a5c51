package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// backfilled is a data folder whose portal reads one folder, and is stopped.
type backfilled struct {
	t            *testing.T
	data, config string
}

func newBackfilled(t *testing.T, folder string) backfilled {
	t.Helper()
	b := backfilled{t: t, data: t.TempDir()}
	b.config = filepath.Join(b.data, "callboard.yaml")
	text := fmt.Sprintf("sources:\n  - {name: platform, type: git, url: %q}\n", folder)
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// read runs the portal until it has read the folder, and calls look before it stops.
func (b backfilled) read(look func(r *running)) {
	b.t.Helper()
	conf, err := config.Load(b.config, os.LookupEnv)
	if err != nil {
		b.t.Fatal(err)
	}
	conf.Data, conf.Server.Listen = b.data, "127.0.0.1:0"
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p, err := openPortal(ctx, conf, slog.New(slog.DiscardHandler), portalOptions{now: time.Now})
	if err != nil {
		b.t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.run(ctx, func(context.Context) error { close(ready); return nil }) }()
	select {
	case <-ready:
	case err := <-ended:
		b.t.Fatalf("the portal did not start: %v", err)
	}
	r := &running{portal: p, base: p.url(), inbox: handledWatch{log: p.inbox}, client: http.DefaultClient}
	r.mustSurvey(b.t, "platform")
	look(r)
	stop()
	if err := <-ended; err != nil {
		b.t.Fatal(err)
	}
	if err := p.close(); err != nil {
		b.t.Fatal(err)
	}
}

// run runs the command and returns its exit code and what it printed.
func (b backfilled) run(args ...string) (int, string) {
	b.t.Helper()
	var out bytes.Buffer
	code := run(b.t.Context(), process{
		Args: append([]string{"backfill", "--config", b.config, "--data", b.data}, args...), Env: os.LookupEnv, Stdout: &out, Stderr: &out,
	})
	return code, out.String()
}

// events returns all that the log holds.
func (b backfilled) events() (recs []eventlog.Record) {
	b.t.Helper()
	log, err := sqlitelog.Open(b.t.Context(), filepath.Join(b.data, fileEvents))
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	for rec, err := range log.Read(b.t.Context(), 0) {
		if err != nil {
			b.t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	return recs
}

// TestBackfillCommand: the history of a small repository, told afterwards.
func TestBackfillCommand(t *testing.T) {
	folder := plainRepository(t)
	for i, owner := range []string{"a", "b", "c"} {
		t.Setenv("GIT_COMMITTER_DATE", time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC3339))
		commitFile(t, folder, "catalog-info.yaml", strings.ReplaceAll(service("pay"), "owner: a", "owner: "+owner))
		commitFile(t, folder, "README.md", owner)
	}
	b := newBackfilled(t, folder)
	if code, out := b.run(); code != exitUsage || !strings.Contains(out, "no data folder") {
		t.Errorf("without a portal: %d %s", code, out)
	}
	b.read(func(*running) {})
	if code, out := b.run("--source", "nope"); code != exitUsage || !strings.Contains(out, "no source nope") {
		t.Errorf("an unknown source: %d %s", code, out)
	}
	if code, out := b.run("--repository", "nope"); code != exitProblems || !strings.Contains(out, "knows no repository nope") {
		t.Errorf("an unknown repository: %d %s", code, out)
	}
	code, out := b.run()
	if code != exitFine || !strings.Contains(out, "catalog: 2 events in 6 commits since 2020-01-01") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := b.run(); code != exitFine || !strings.Contains(out, "done before") {
		t.Errorf("again: %d %s", code, out)
	}
	past := slices.IndexFunc(b.events(), func(rec eventlog.Record) bool { return rec.Backfilled() && rec.Subject == "component:default/pay" }) + 1
	b.read(func(r *running) {
		e, ok := r.catalog.Snapshot().Get("component:default/pay")
		if !ok || e.Entity.SpecString("owner") != "c" {
			t.Errorf("now it is %+v", e)
		}
		if _, body := getFrom(t, r.base+"/catalog/default/component/pay/history"); !strings.Contains(body, "owner a → b") {
			t.Error("the page of its history does not tell of the past")
		}
		if status, body := getFrom(t, fmt.Sprintf("%s/audit/%d", r.base, past)); status != http.StatusOK || strings.Contains(body, "Undo this event") {
			t.Errorf("event %d of the past offers to be undone (%d)", past, status)
		}
		if _, err := r.undo(t.Context(), []eventlog.Position{eventlog.Position(past)}, "a mistake", "mossbank", "request"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "tells of the past only") { //nolint:gosec // not negative
			t.Errorf("event %d of the past undone: %v", past, err)
		}
		if code, out := b.run(); code != exitProblems || !strings.Contains(out, "in use") {
			t.Errorf("while the portal runs: %d %s", code, out)
		}
	})
}

// TestBackfilledRealHistories reads real histories at their end, backfills them, and
// compares the catalog as of each commit with a fresh read of that commit.
func TestBackfilledRealHistories(t *testing.T) {
	for name, folder := range realHistories(t) {
		t.Run(name, func(t *testing.T) {
			b := newBackfilled(t, folder)
			present := map[string]*catalog.Entity{}
			b.read(func(r *running) {
				for _, e := range r.catalog.Snapshot().All() {
					present[e.Ref] = e.Entity
				}
			})
			live := len(b.events())
			if code, out := b.run(); code != exitFine {
				t.Fatalf("%d %s", code, out)
			}
			recs := b.events()
			compareAsOf(t, folder, recs, present)
			if code, out := b.run("--again"); code != exitFine || len(b.events()) != len(recs) {
				t.Errorf("again: %d %s; %d events became %d", code, out, len(recs), len(b.events()))
			}
			b.read(func(r *running) {
				for _, e := range r.catalog.Snapshot().All() {
					if d := cmp.Diff(present[e.Ref], e.Entity); d != "" {
						t.Errorf("%s has changed: %s", e.Ref, d)
					}
				}
			})
			t.Logf("%d events by reading the end, %d more of the past", live, len(recs)-live)
		})
	}
}

// compareAsOf folds events in the order of time, and compares after each commit.
func compareAsOf(t *testing.T, folder string, recs []eventlog.Record, present map[string]*catalog.Entity) {
	t.Helper()
	recs = slices.Clone(recs)
	slices.SortStableFunc(recs, func(a, b eventlog.Record) int { return a.Time.Compare(b.Time) })
	then, want := entities.New(), fresh{good: map[string]*catalog.Entity{}, of: map[string][]string{}}
	applied := 0
	commits := strings.Fields(git(t, folder, "log", "--first-parent", "--reverse", "--format=%H,%cI", "main"))
	var clock time.Time // which does not go back
	for i, line := range commits {
		sha, at, _ := strings.Cut(line, ",")
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if when.After(clock) {
			clock = when
		}
		want.read(t, folder, sha)
		if i+1 < len(commits) {
			_, next, _ := strings.Cut(commits[i+1], ",")
			if n, err := time.Parse(time.RFC3339, next); err == nil && !n.After(clock) {
				continue // another commit of the same moment follows
			}
		}
		for ; applied < len(recs) && !recs[applied].Time.After(clock); applied++ {
			rec := recs[applied]
			rec.Extensions, rec.Position = nil, eventlog.Position(applied+1)
			if err := then.Apply(t.Context(), []eventlog.Record{rec}); err != nil {
				t.Fatal(err)
			}
		}
		expected := want.good
		if i == len(commits)-1 {
			expected = present // in which what was broken when it was first read is not
		}
		got := map[string]*catalog.Entity{}
		for _, e := range then.Snapshot().All() {
			got[e.Ref] = e.Entity
		}
		if d := cmp.Diff(keys(expected), keys(got)); d != "" {
			t.Fatalf("as of commit %d %s: (-fresh +as of) %s", i, sha, d)
		}
		for ref, e := range expected {
			if d := catalog.Diff(e, got[ref]); len(d) > 0 {
				t.Fatalf("as of commit %d %s: %s differs: %v", i, sha, ref, d)
			}
		}
	}
	for _, rec := range recs {
		if rec.Backfilled() && rec.Type == event.TypeEntityRegistered && rec.Cause.Commit == "" {
			t.Errorf("position %d has no commit", rec.Position)
		}
	}
}
