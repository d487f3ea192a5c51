package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/projections/tree"
)

// answerTo is what the portal answers with 200, whole.
func (r *running) answerTo(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
	}
	return string(b), err
}

// fedUpTo is what the feed says from its beginning up to an event.
func (r *running) fedUpTo(ctx context.Context, p eventlog.Position) (string, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/api/history/feed", http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var all strings.Builder
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == fmt.Sprint("id: ", p+1) {
			return all.String(), nil
		}
		if id, of := strings.CutPrefix(lines.Text(), "id: "); of {
			fmt.Fprintln(&all, "event", id)
		} else if data, of := strings.CutPrefix(lines.Text(), "data: "); of {
			fmt.Fprintln(&all, data)
		}
	}
	return "", fmt.Errorf("the feed ended before event %d: %w", p+1, lines.Err())
}

// first keeps the first lines of a text.
func first(text string, n int) string {
	lines := strings.SplitAfterN(text, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "")
}

// While read models are rebuilt time and again, and deliveries come in, whoever reads
// is told the same by whichever copy, and nobody is told of an error.
func TestRebuildWhileRead(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a", "team-b", "team-c", "team-a")
	r.ownedBy(t, "ledger", "team-a", "team-b")
	known := r.last(t)
	busy := r.repository(t, demoforge.GitHub, "acme/busy")
	r.send(t, push(t, busy, map[string]string{"catalog-info.yaml": service("busy-0")})) // the feed goes on after what is known
	r.settle(t)
	kept, err := r.deliveries.List(t.Context(), deliveries.Filter{Repository: "acme/payments"})
	if err != nil || kept.Total == 0 {
		t.Fatal(kept.Total, err)
	}

	facts := fmt.Sprintf("/api/repositories/github/%d/facts", busy.ID())
	answer := func(path string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return r.answerTo(ctx, path) }
	}
	then := time.Now().UTC().Format(time.RFC3339Nano)
	questions := map[string]func(context.Context) (string, error){
		"feed": func(ctx context.Context) (string, error) { return r.fedUpTo(ctx, known) },
		"export": func(ctx context.Context) (string, error) {
			all, err := r.answerTo(ctx, "/api/history/export")
			return first(all, int(known)), err //nolint:gosec // a few
		},
	}
	for _, path := range []string{
		"/api/history/events?entity=component:payments",
		"/api/history/events/1",
		"/api/history/entities/component/default/payments",
		"/api/history/entities/component/default/payments/blame?at=" + then,
		"/api/history/entities/component/default/payments/owners?at=" + then,
		fmt.Sprintf("/api/history/diff?from=1&to=%d&known=%d", known, known),
		fmt.Sprintf("/api/catalog/entities?at=%d&known=%d", known, known),
		"/api/catalog/entities?known=2",
		"/api/catalog/entities/by-name/component/default/ledger",
		"/api/search/query?term=payments",
		"/api/search/query?known=2",
		fmt.Sprintf("/api/history/proof/consistency?from=1&to=%d", known),
		"/api/deliveries/" + kept.Deliveries[0].ID,
		facts,
	} {
		questions[path] = answer(path)
	}

	g, ctx := errgroup.WithContext(t.Context())
	done := make(chan struct{})
	rounds := func(f func(int) error) {
		g.Go(func() error {
			for n := 1; ; n++ {
				select {
				case <-done:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				default:
				}
				if err := f(n); err != nil {
					return err
				}
			}
		})
	}
	for name, ask := range questions {
		want, err := ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rounds(func(int) error {
			got, err := ask(ctx)
			if d := cmp.Diff(want, got); err == nil && d != "" {
				err = fmt.Errorf("another copy (+) answers otherwise:\n%s", d)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	rounds(func(n int) error {
		d, err := busy.Push("main", demoforge.Change{Author: pebbledash, Time: time.Now(), Message: "Change", Files: map[string]string{"catalog-info.yaml": service(fmt.Sprint("busy-", n))}})
		if err != nil {
			return err
		}
		status, err := d.Send(ctx, r.client, r.base+"/hooks/github")
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("a delivery was answered with %d", status)
		}
		return err
	})
	for range 5 {
		for _, name := range []string{history.Name, entities.Name, repositories.Name, scores.Name, notices.Name, docs.Name, search.Name, tree.Name} {
			if err := r.runner.Rebuild(t.Context(), name, time.Now); err != nil {
				t.Error(err)
			}
		}
		if err := r.inboxes.Rebuild(t.Context(), deliveries.Name, time.Now); err != nil {
			t.Error(err)
		}
	}
	close(done)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}

	// By all that came meanwhile, the two copies are the same.
	r.settle(t)
	whole := func() (all []string) {
		for _, path := range []string{
			"/api/history/events?limit=500&order=asc", "/api/history/export", "/api/catalog/entities", "/api/deliveries?limit=500",
			fmt.Sprintf("/api/history/proof/consistency?from=1&to=%d", r.last(t)), facts,
		} {
			got, err := r.answerTo(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, got)
		}
		return all
	}
	before := whole()
	out := r.rebuildByCommand(t)
	for _, name := range []string{history.Name, entities.Name, repositories.Name, scores.Name, notices.Name, docs.Name, search.Name, tree.Name, deliveries.Name} {
		if !strings.Contains(out, name+": rebuilt up to event ") {
			t.Errorf("the command does not tell of %s:\n%s", name, out)
		}
	}
	if d := cmp.Diff(before, whole()); d != "" {
		t.Errorf("before (-) and after (+):\n%s", d)
	}
	var left []string
	files, err := filepath.Glob(filepath.Join(r.config.Data, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		left = append(left, filepath.Base(f))
	}
	slices.Sort(left)
	if want := []string{"checks.db", "deliveries.db", "delivery-status.7.db", "docs-contents.db", "docs.7.db", "events.db", "history.7.db", "notices.7.db", "proof.7.db", "repositories.7.db", "scores.7.db", "search.7.db", "subscribers.db"}; !slices.Equal(left, want) {
		t.Errorf("there are %q, want %q", left, want)
	}
}

// rebuildByCommand has all read models rebuilt.
func (r *running) rebuildByCommand(t *testing.T, args ...string) string {
	t.Helper()
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), process{
		Args: append([]string{"rebuild", "--portal", r.base, "--portal-token", token}, args...),
		Env:  func(string) (string, bool) { return "", false }, Stdout: &out, Stderr: &errs,
	})
	if code != 0 {
		t.Fatalf("exit code %d:\n%s%s", code, &out, &errs)
	}
	return out.String()
}

// What the deliveries log has forgotten, and what is forgotten while a copy is built,
// is the same in both.
func TestRebuildOfWhatTheLogForgot(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a")
	r.ownedBy(t, "ledger", "team-a")
	if _, err := r.portal.inbox.Prune(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	till := r.repository(t, demoforge.GitHub, "acme/till") // whose deliveries stay
	r.send(t, push(t, till, map[string]string{"catalog-info.yaml": service("till")}))
	r.settle(t)
	reached := func() (all []string) {
		for _, repo := range r.forge.Repositories() {
			sha, err := r.deliveries.Reached(t.Context(), "github", fmt.Sprint(repo.ID()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, repo.Name()+" "+sha)
		}
		return all
	}
	before := reached()
	if err := r.inboxes.Rebuild(t.Context(), deliveries.Name, time.Now); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, reached()); d != "" {
		t.Errorf("before (-) and after a rebuild (+) differ:\n%s", d)
	}
	if sha, err := r.deliveries.Reached(t.Context(), "github", fmt.Sprint(till.ID())); err != nil || sha == "" {
		t.Errorf("what is still in the log was reached: %q, %v", sha, err)
	}

	c, err := r.deliveries.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(r.portal.inbox, r.logger, c).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.deliveries.Forget(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := c.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page, err := r.deliveries.List(t.Context(), deliveries.Filter{}); err != nil || page.Total != 0 {
		t.Errorf("%d deliveries came back that were forgotten meanwhile, %v", page.Total, err)
	}
}

// A rebuild that is refused, or cut off, changes nothing.
func TestRebuildIsRefused(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a")
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token, name string) error {
		return newPortalClient(r.base, token).ask(t.Context(), http.MethodPost, "/api/projections/"+name+"/rebuild", nil, nil)
	}
	if err := ask(token, "weather"); err == nil || !strings.Contains(err.Error(), `there is no read model "weather"`) {
		t.Errorf("of no read model: %v", err)
	}
	if err := ask("another", history.Name); err == nil || !strings.Contains(err.Error(), "another token") {
		t.Errorf("without a token: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := r.runner.Rebuild(ended, history.Name, time.Now); err == nil {
		t.Error("a rebuild that was cut off says that it is done")
	}
	if got, err := r.answerTo(t.Context(), "/api/projections"); err != nil || !strings.Contains(got, `"state":"failed"`) {
		t.Errorf("a rebuild that was cut off: %v, %s", err, got)
	}
	if _, err := os.Stat(filepath.Join(r.config.Data, "history.next.db")); err == nil {
		t.Error("what was half built stays")
	}
	if got, err := r.answerTo(t.Context(), "/api/history/events/1"); err != nil || !strings.Contains(got, `"position":1`) {
		t.Errorf("the history is not as it was: %v, %s", err, got)
	}
	if out := r.rebuildByCommand(t, history.Name); strings.Count(out, "\n") != 1 {
		t.Errorf("one read model is rebuilt after that: %s", out)
	}
}
