package scorer_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

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
			x, err := s.Explain(t.Context(), scorer.Question{Card: said.Card, Entity: said.Entity, Rule: r.Rule, At: said.At, Known: by})
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
	if err != nil || x.Card.Title == "" || x.Rule.ID != "codeowners" || x.Explanation.Card.State != scorecards.True {
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
