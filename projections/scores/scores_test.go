package scores_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
)

const (
	card     = "scorecard:default/readiness"
	payments = "component:default/payments"
)

func open(t *testing.T) *scores.Scores {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "scores.db"))
}

// openAt opens those in a file until the end of a test, or of one check of many.
func openAt(t interface {
	rapid.TB
	Cleanup(func())
	Context() context.Context
}, path string) *scores.Scores {
	t.Helper()
	s, err := scores.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// story: payments is Silver, falls to Bronze by a commit, and is not judged at last.
func story(t *testing.T) *projectiontest.Story {
	t.Helper()
	silver, bronze := &event.Score{Level: "Silver", Points: 2, Of: 2}, &event.Score{Level: "Bronze", Points: 1, Of: 2}
	return projectiontest.NewStory(t).
		Add(payments, event.ScoreChanged{Card: card, After: silver, Rules: []event.RuleChange{{Rule: "owner", After: "pass"}, {Rule: "codeowners", After: "pass"}}}).
		Add(payments, event.ScoreChanged{
			Card: card, Before: silver, After: bronze,
			Rules: []event.RuleChange{{Rule: "codeowners", Before: "pass", After: "fail", Message: "Nobody on main"}, {Rule: "owner", Before: "pass"}},
		}, projectiontest.By("saltmarsh", "4f2a")).
		Add("component:default/ledger", event.ScoreChanged{Card: card, After: bronze}).
		Add(payments, event.ScoreChanged{Card: card, Before: bronze})
}

func TestFold(t *testing.T) {
	projectiontest.Run(t, open, story(t).Records(), func(t *testing.T, s *scores.Scores) any {
		t.Helper()
		all, err := s.List(t.Context(), scores.Query{Past: true})
		if err != nil {
			t.Fatal(err)
		}
		return all
	})
}

func TestList(t *testing.T) {
	s, records := open(t), story(t).Records()
	if err := s.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	list := func(q scores.Query) []scores.Score {
		t.Helper()
		all, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if now := list(scores.Query{Card: card}); len(now) != 1 || now[0].Entity != "component:default/ledger" {
		t.Errorf("judged now: %+v, want the ledger alone", now)
	}
	fallen := list(scores.Query{Entity: payments, Moment: projections.Moment{At: records[1].Time}})
	if len(fallen) != 1 {
		t.Fatalf("after the fall: %+v", fallen)
	}
	one := fallen[0]
	if one.Level != "Bronze" || one.Before != "Silver" || one.Cause.Commit != "4f2a" || one.Actor.Login != "saltmarsh" || one.Position != 2 {
		t.Errorf("after the fall: %+v", one)
	}
	if len(one.Rules) != 1 || one.Rules[0].Outcome != "fail" || one.Rules[0].Position != eventlog.Position(2) {
		t.Errorf("its rules: %+v; one of them is gone", one.Rules)
	}
	if before := list(scores.Query{Entity: payments, Moment: projections.Moment{At: records[1].Time.Add(-time.Second)}}); len(before) != 1 || before[0].Level != "Silver" {
		t.Errorf("before the fall: %+v", before)
	}
	// By what was on record before the fall, payments goes on as it was.
	for _, at := range []time.Time{{}, records[3].Time.Add(time.Hour)} {
		m := projections.Moment{At: at, Known: 1}
		if then := list(scores.Query{Entity: payments, Moment: m}); len(then) != 1 || then[0].Level != "Silver" || !then[0].Until.IsZero() {
			t.Errorf("by what was known before the fall, at %v: %+v", at, then)
		}
	}
	if then := list(scores.Query{Entity: payments, Moment: projections.Moment{Known: 3}, Past: true}); len(then) != 2 || then[0].Until != records[1].Time || !then[1].Until.IsZero() {
		t.Errorf("what was known before it was judged no more: %+v", then)
	}
	if past := list(scores.Query{Entity: payments, Past: true}); len(past) != 2 || past[1].Until != records[3].Time {
		t.Errorf("all of the past: %+v", past)
	}
}
