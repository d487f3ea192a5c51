package scorer_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// What is explained of the moment of a change is what was said then, over made-up histories.
func TestExplanationIsWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		log := eventlogtest.NewMemory()
		if _, err := log.Append(t.Context(), history(rt, []int{rapid.IntRange(0, 3).Draw(rt, "card")})...); err != nil {
			rt.Fatal(err)
		}
		s := newScorer(log)
		if err := s.CatchUp(t.Context()); err != nil {
			rt.Fatal(err)
		}
		newest := map[eventlog.Position]time.Time{} // when the newest event up to there became true
		var clock time.Time
		for _, rec := range eventlogtest.ReadAll(t, log, 0) {
			if rec.Type != event.TypeScoreChanged && rec.Time.After(clock) {
				clock = rec.Time
			}
			newest[rec.Position] = clock
		}
		for _, said := range recorded(t, log) {
			by := eventlog.Position(said.By)
			if said.After == nil || newest[by].After(said.At) { // judged by what came true later, too: a late delivery
				continue
			}
			rules := slices.DeleteFunc(slices.Clone(said.Rules), func(r event.RuleChange) bool { return r.After == "" })
			if len(rules) == 0 {
				continue
			}
			r := rapid.SampledFrom(rules).Draw(rt, "rule")
			q := scorer.Question{Card: said.Card, Entity: said.Entity, Rule: r.Rule, At: said.At, Known: by}
			x, err := s.Explain(t.Context(), q)
			if err != nil {
				rt.Fatal(err)
			}
			if string(x.Result.Outcome) != r.After || x.Result.Message != r.Message || x.Position != by {
				rt.Errorf("%s at %s: %s of %s is explained as %s %q of position %d, was said to be %s %q of %d",
					said.Card, said.At, r.Rule, said.Entity, x.Result.Outcome, x.Result.Message, x.Position, r.After, r.Message, by)
			}
		}
	})
}

// As of the position at which it was said what time alone led to, that time had come.
func TestExplainWhatTimeLedTo(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	ref := "component:default/payments"
	log := eventlogtest.NewMemory()
	for i, e := range []struct {
		at      time.Time
		subject string
		data    event.Data
	}{
		{day(1), "scorecard:default/readiness", event.EntityRegistered{Declaration: entity(scorecards.KindScorecard, "readiness", readiness(1))}},
		{day(1), ref, event.EntityRegistered{Declaration: entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})}},
		{day(1), ref, event.FactRecorded{Fact: "facts.coverage", Entity: ref, Value: []byte("80")}},
		{day(4), ref, event.ScoreChanged{Card: "scorecard:default/readiness", By: 3}},
	} {
		said, err := event.New("/test", e.subject, e.data)
		if err != nil {
			t.Fatal(err)
		}
		said.ID, said.Time = event.DeriveID(i, "time"), e.at
		if _, err := log.Append(t.Context(), said); err != nil {
			t.Fatal(err)
		}
	}
	s := newScorer(log)
	for known, want := range map[eventlog.Position]scorecards.Outcome{3: scorecards.Pass, 4: scorecards.Fail} {
		x, err := s.Explain(t.Context(), scorer.Question{Card: "scorecard:default/readiness", Entity: ref, Rule: "fresh", Known: known})
		if err != nil {
			t.Fatal(err)
		}
		if x.Result.Outcome != want {
			t.Errorf("as of position %d it is %s, want %s", known, x.Result.Outcome, want)
		}
	}
}

// What was explained stays as it was told, whatever comes next.
func TestExplanationStays(t *testing.T) {
	log := eventlogtest.NewMemory()
	events := story(t)
	if _, err := log.Append(t.Context(), events[:len(events)-1]...); err != nil {
		t.Fatal(err)
	}
	s, stop := runScorer(log)
	defer stop()
	if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
		t.Fatal(err)
	}
	x, err := s.Explain(t.Context(), scorer.Question{Card: "scorecard:default/readiness", Entity: "component:default/payments", Rule: "codeowners"})
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(x.Expr)
	if err != nil {
		t.Fatal(err)
	}
	var again event.Event
	for _, e := range events {
		if d, err := event.DecodeAs[event.FactRecorded](e); err == nil && d.Fact == event.FactCodeowners {
			again = e
		}
	}
	again.ID, again.Time = event.DeriveID(0, "again"), again.Time.Add(time.Minute)
	if _, err := log.Append(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
		t.Fatal(err)
	}
	if now, err := json.Marshal(x.Expr); err != nil || string(now) != string(told) {
		t.Errorf("what was explained is %s by now, was %s: %v", now, told, err)
	}
}

// Of now, a rule is explained with the events and commits that its facts are from; of an
// earlier moment by what was so then.
func TestExplain(t *testing.T) {
	log := eventlogtest.NewMemory()
	events := story(t)
	if _, err := log.Append(t.Context(), events[:len(events)-1]...); err != nil { // the last is the end of the service
		t.Fatal(err)
	}
	s, stop := runScorer(log)
	defer stop()
	if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
		t.Fatal(err)
	}
	q := scorer.Question{Card: "scorecard:default/readiness", Entity: "component:default/payments", Rule: "codeowners"}
	outcomes := map[scorecards.Outcome]bool{}
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Type != event.TypeFactRecorded {
			continue
		}
		q.Known = rec.Position
		x, err := s.Explain(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		outcomes[x.Result.Outcome] = true
		var from *scorecards.Source
		var find func(n *scorecards.Node)
		find = func(n *scorecards.Node) {
			if n.Input == "repo.codeowners" {
				from = n.Source
			}
			for _, part := range n.Children {
				find(part)
			}
		}
		find(x.Expr)
		if from == nil || from.Position != int64(rec.Position) || from.Commit != rec.Cause.Commit {
			t.Errorf("position %d, commit %s: CODEOWNERS is from %+v", rec.Position, rec.Cause.Commit, from)
		}
	}
	if !outcomes[scorecards.Pass] || !outcomes[scorecards.Fail] {
		t.Errorf("the story came to %v", outcomes)
	}

	q.Known = 0
	x, err := s.Explain(t.Context(), q)
	if err != nil || x.Card.Title == "" || x.Rule.ID != "codeowners" || x.Judges.State != scorecards.True {
		t.Errorf("of now: %+v, %v", x, err)
	}
	for _, wrong := range []scorer.Question{
		{Card: "scorecard:default/none", Entity: q.Entity, Rule: q.Rule},
		{Card: q.Card, Entity: q.Entity, Rule: "none"},
		{Card: q.Card, Entity: "component:default/none", Rule: q.Rule},
		{Card: q.Card, Entity: q.Entity, Rule: q.Rule, Known: 1},
		{Card: q.Card, Entity: q.Entity, Rule: q.Rule, At: events[0].Time.Add(-time.Hour)},
	} {
		if _, err := s.Explain(t.Context(), wrong); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	q.Known = 3
	if _, err := s.Explain(ended, q); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("nobody waits: %v", err)
	}
}

// A draft judges nothing, and is explained as it is proposed.
func TestExplainDraft(t *testing.T) {
	log := eventlogtest.NewMemory()
	events := story(t)
	if _, err := log.Append(t.Context(), events[:len(events)-1]...); err != nil {
		t.Fatal(err)
	}
	s, stop := runScorer(log)
	defer stop()
	if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
		t.Fatal(err)
	}
	draft := cardOf(t, map[string]any{"rules": []any{map[string]any{"id": "typed", "title": "Has a type", "expr": `entity.spec.type != ""`}}})
	ref, err := catalog.ParseRef("scorecard:default/proposed", catalog.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	draft.Ref = ref
	for name, known := range map[string]eventlog.Position{"now": 0, "then": lastOf(t, log)} {
		q := scorer.Question{Card: ref.String(), Entity: "component:default/payments", Rule: "typed", Known: known, Draft: draft}
		if x, err := s.Explain(t.Context(), q); err != nil || x.Result.Outcome != scorecards.Pass || len(x.Expr.Children) == 0 {
			t.Errorf("%s: %+v, %v", name, x, err)
		}
		q.Draft = nil
		if _, err := s.Explain(t.Context(), q); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s, without the draft: %v", name, err)
		}
	}
}
