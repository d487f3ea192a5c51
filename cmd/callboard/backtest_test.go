package main

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// The six months of the sample organisation, as a portal recorded them: a backtest of each
// of its cards says the same, transition by transition. A change is tried on them as a
// browser without a script does.
func TestDemoBacktest(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	data := filepath.Join(t.TempDir(), "demo")
	t.Run("a change is tried", func(t *testing.T) { // and the demo ends
		base := startDemoIn(t, data)
		tryChange(t, base)
		v := newVisitor(t).open(base+"/sources/github").isTold(`[data-part="checks"]`, "Retire CODEOWNERS")
		v.follow("acme/payments-api #812").isTold(`[data-part="says"]`, "payments-api from Gold to None on Production readiness").isTold(`[data-part="scores"]`, "CODEOWNERS names somebody")
	})

	log, err := sqlitelog.Open(t.Context(), filepath.Join(data, fileEvents))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	judge := scorer.New(scorer.Options{Log: log, Kinds: append(catalog.BuiltIn(), scorecards.Kinds()...), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err := judge.CatchUp(t.Context()); err != nil { // it ended while surveys were looking around, as a next start would find it
		t.Fatal(err)
	}
	recorded, to := map[string][]scorer.Transition{}, time.Time{}
	cards := map[string]*scorecards.Card{}
	unknown := map[string]bool{} // rules about docs, by entity and rule
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Position > last {
			break
		}
		if rec.Time.After(to) {
			to = rec.Time
		}
		data, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		switch d := data.(type) {
		case event.ScoreChanged:
			if d.After == nil {
				maps.DeleteFunc(unknown, func(what string, _ bool) bool { return strings.HasPrefix(what, rec.Subject+" ") })
			}
			for _, r := range d.Rules {
				if d.Card == "scorecard:default/docs" {
					unknown[rec.Subject+" "+r.Rule] = r.After == string(scorecards.Unknown)
				}
			}
			recorded[d.Card] = append(recorded[d.Card], scorer.Transition{Entity: rec.Subject, At: rec.Time, Actor: rec.Actor, Cause: rec.Cause, ScoreChanged: d})
		case event.FactRecorded:
			if d.Fact == event.FactProtected && rec.Recorded.Sub(rec.Time) < 24*time.Hour {
				t.Errorf("that the branch of %s is protected is known since %s only, and its first push was months ago", rec.Subject, rec.Time)
			}
		case event.EntityRegistered:
			if card, _ := scorecards.ParseCard(&d.Entity); card != nil {
				cards[card.Ref.String()] = card
			}
		}
	}
	for what, is := range unknown {
		if is {
			t.Errorf("the card about docs does not know of %s", what)
		}
	}
	if len(unknown) == 0 || len(cards) != 5 {
		t.Errorf("the log tells of %d cards, want five", len(cards))
	}
	for ref, card := range cards {
		trial := scorer.Trial{Card: card, AsRecorded: true, To: to, Step: scorecards.Week, Keep: 1 << 20}
		got, err := trial.Run(t.Context(), log, append(catalog.BuiltIn(), scorecards.Kinds()...))
		if err != nil {
			t.Fatal(err)
		}
		if len(recorded[ref]) == 0 {
			t.Errorf("%s: nothing is on record", ref)
		}
		if diff := cmp.Diff(recorded[ref], got.Transitions, cmpopts.IgnoreFields(event.ScoreChanged{}, "By")); diff != "" {
			t.Errorf("%s (-record +backtest):\n%s", ref, diff[:min(len(diff), 4000)])
		}
	}
}

// tryChange tries a wrong change and then another.
func tryChange(t *testing.T, base string) {
	t.Helper()
	v := newVisitor(t).open(base + "/scorecards/production-readiness")
	v.isTold(`[data-part="distribution"]`, "Gold").isTold(`[data-part="trend"] svg ~ .end-labels`, "None").isTold(`[data-part="heat"] .team`, "checkout")
	v.follow("Try a change on the past").isAt("/scorecards/production-readiness/try")
	v.press("Try it on the past", map[string]string{"card": "kind: Scorecard\napiVersion: callboard.dev/v1alpha1\nmetadata: {name: production-readiness}\nspec:\n  rules:\n    - {id: a, title: A, expr: owner.exist}\n"})
	v.isTold(`[data-part="problems"]`, "Line 6, column 31", "did you mean 'owner.exists'?")
	v.press("Try it on the past", map[string]string{"card": "kind: Scorecard\napiVersion: callboard.dev/v1alpha1\nmetadata: {name: production-readiness}\nspec:\n  filter: entity.kind == \"Component\"\n  levels: [{name: Bronze, rank: 1}]\n  rules:\n    - {id: owner, level: Bronze, title: A, expr: owner.exists}\n"})
	trial := v.at.String()
	if ok, err := until(t.Context(), storyWait, func(context.Context) (bool, error) {
		return strings.Contains(v.open(trial).body, `data-part="says"`), nil
	}); err != nil || !ok {
		t.Fatalf("the trial at %s does not end: %v\n%s", trial, err, v.body)
	}
	v.isTold(`[data-part="says"]`, "be judged for the first time").isTold(`[data-part="rates"]`, "A")
}
