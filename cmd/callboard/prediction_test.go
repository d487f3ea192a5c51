package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/examples/acme"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/scorecards/scorer"
)

// What is predicted of each push of the sample organisation's six months, before it comes,
// is what comes of it: the same entity events, and the same transitions of scores. Left out
// are what a repository's first push leads to, with which the forge tells of the repository
// itself, and what only time leads to.
func TestPredictionIsWhatComes(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	history, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	conf, problems := config.Parse([]byte(acme.Config()), func(string) (string, bool) { return "", false }, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := startPortal(t, func(c *config.Config) {
		c.Catalog = conf.Catalog
		for i := range c.Sources {
			c.Sources[i].Organizations, c.Sources[i].Groups = nil, nil
		}
	})
	r.telling.Store(true) // as the clock of today would judge what is of months ago, in between
	if err := r.forge.Play(t.Context(), history, demoforge.PlayOptions{End: history.End(time.Now())}); err != nil {
		t.Fatal(err)
	}
	known, pushes, scored := map[string]bool{}, 0, 0
	for _, d := range r.forge.Deliveries() {
		repo := repositoryNamed(r.forge, d)
		isPush := d.Ref == "refs/heads/"+settingsOf(repo).DefaultBranch && strings.Trim(d.After, "0") != ""
		if !isPush || !known[d.Repository] {
			known[d.Repository] = known[d.Repository] || isPush
			r.send(t, d)
			if isPush {
				r.settle(t)
			}
			continue
		}
		r.settle(t)
		before := r.judged(t)
		seen, scores := r.predict(t, string(d.Provider), repo, d.After)
		r.send(t, d)
		r.settle(t)
		r.judged(t)
		untimed := commitsOf(t, d) > 1 // of several commits each has its own time and its own part in what came
		wantEvents, wantScores := r.came(t, before, string(d.Provider)+":"+d.ID)
		if diff := cmp.Diff(timed(wantEvents, untimed), timed(entityEvents(t, seen.Events), untimed)); diff != "" {
			t.Fatalf("push %s of %s (-came +predicted):\n%s", d.After, d.Repository, diff)
		}
		if diff := cmp.Diff(timed(wantScores, untimed), timed(foreseen(scores), untimed)); diff != "" {
			t.Fatalf("push %s of %s: scores (-came +predicted):\n%s", d.After, d.Repository, diff)
		}
		pushes++
		scored += len(wantScores)
	}
	t.Logf("%d pushes were predicted, %d transitions among what came of them", pushes, scored)
	if pushes < 100 || scored < 20 {
		t.Errorf("%d pushes with %d transitions show little", pushes, scored)
	}
}

// commitsOf is how many commits a push lists.
func commitsOf(tb testing.TB, d demoforge.Delivery) int {
	tb.Helper()
	var p struct{ Commits []struct{} }
	if err := json.Unmarshal(d.Body, &p); err != nil {
		tb.Fatal(err)
	}
	return len(p.Commits)
}

// timed leaves out the moment that each text begins with, if that cannot be known.
func timed(all []string, unknown bool) []string {
	if !unknown {
		return all
	}
	texts := slices.Clone(all)
	for i := range texts {
		_, texts[i], _ = strings.Cut(texts[i], " ")
	}
	return texts
}

func repositoryNamed(f *demoforge.Forge, d demoforge.Delivery) *demoforge.Repository {
	for _, r := range f.Repositories() {
		if r.Provider() == d.Provider && r.Name() == d.Repository {
			return r
		}
	}
	return nil
}

func settingsOf(r *demoforge.Repository) demoforge.Settings {
	if r == nil {
		return demoforge.Settings{}
	}
	return r.Settings()
}

// judged waits until the scorer has come as far as the log, and returns where that is.
func (r *running) judged(tb testing.TB) eventlog.Position {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), storyWait)
	defer cancel()
	for {
		last, err := r.events.Last(ctx)
		if err != nil {
			tb.Fatal(err)
		}
		if err := r.scorer.Wait(ctx, last); err != nil {
			tb.Fatal(err)
		}
		if now, err := r.events.Last(ctx); err == nil && now == last {
			return last
		}
	}
}

// predict says what a commit of a repository would lead to, when it was made.
func (r *running) predict(tb testing.TB, source string, repo *demoforge.Repository, sha string) (ingest.Prediction, []scorer.Foreseen) {
	tb.Helper()
	in := r.intake()
	i := slices.IndexFunc(in.sources, func(s ingest.Source) bool { return s.Name() == source })
	forge := in.sources[i].Forge()
	state, err := forge.Repository(tb.Context(), ingest.Repository{ID: strconv.FormatInt(repo.ID(), 10), FullName: repo.Name()})
	if err != nil {
		tb.Fatal(err)
	}
	commit, err := forge.LastChange(tb.Context(), state, sha, "")
	if err != nil {
		tb.Fatal(err)
	}
	seen, err := in.translator.Predict(tb.Context(), source, ingest.Proposal{Repository: state, Contents: forge, Commit: commit})
	if err != nil {
		tb.Fatal(err)
	}
	scores, err := r.scorer.Predict(tb.Context(), seen.Position, seen.Events)
	if err != nil {
		tb.Fatal(err)
	}
	return seen, scores
}

// came returns what a delivery led to after a position.
func (r *running) came(tb testing.TB, after eventlog.Position, delivery string) (entities, scores []string) {
	tb.Helper()
	last, err := r.events.Last(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var all []event.Event
	for rec, err := range r.events.Read(tb.Context(), after) {
		if err != nil {
			tb.Fatal(err)
		}
		switch {
		case rec.Cause.Delivery != delivery:
		case rec.Type == event.TypeScoreChanged:
			d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
			if err != nil {
				tb.Fatal(err)
			}
			scores = append(scores, transitionText(rec.Subject, rec.Time, d))
		default:
			all = append(all, rec.Event)
		}
		if rec.Position == last {
			break
		}
	}
	return entityEvents(tb, all), scores
}

// entityEvents writes what events say of entities, without what derives from the delivery.
func entityEvents(tb testing.TB, all []event.Event) (texts []string) {
	tb.Helper()
	for _, e := range all {
		if !strings.HasPrefix(string(e.Type), "entity.") {
			continue
		}
		data, err := e.Decode()
		if err != nil {
			tb.Fatal(err)
		}
		if d, ok := data.(event.EntityRegistered); ok {
			d.Entity.Metadata.UID = ""
			data = d
		}
		texts = append(texts, fmt.Sprintf("%s %s %s %+v", e.Time.UTC().Format(time.RFC3339), e.Type, e.Subject, data))
	}
	return texts
}

func foreseen(all []scorer.Foreseen) (texts []string) {
	for _, f := range all {
		texts = append(texts, transitionText(f.Entity, f.At, f.ScoreChanged))
	}
	return texts
}

func transitionText(entity string, at time.Time, d event.ScoreChanged) string {
	text := fmt.Sprintf("%s %s %s", at.UTC().Format(time.RFC3339), d.Card, entity)
	for _, s := range []*event.Score{d.Before, d.After} {
		if s == nil {
			text += " -"
		} else {
			text += fmt.Sprintf(" %+v", *s)
		}
	}
	return fmt.Sprintf("%s %+v", text, d.Rules)
}
