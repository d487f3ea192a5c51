package scorer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// trialsOfStory are trials over a log in which something happened, and a card to try.
func trialsOfStory(t *testing.T, now time.Time) (*scorer.Trials, *catalog.Entity) {
	t.Helper()
	return trialsAt(t, func() time.Time { return now })
}

func trialsAt(t *testing.T, now func() time.Time) (*scorer.Trials, *catalog.Entity) {
	t.Helper()
	log := eventlogtest.NewMemory()
	if _, err := log.Append(t.Context(), story(t)...); err != nil {
		t.Fatal(err)
	}
	e := entity(scorecards.KindScorecard, "readiness", readiness(1)).Entity
	e.APIVersion = scorecards.APIVersion
	return scorer.NewTrials(t.Context(), log, kinds(), now), &e
}

// A backtest is up to the moment that was asked for; of now, there is one for ten minutes.
func TestTrialsAnswerWhatWasAsked(t *testing.T) {
	now := time.Date(2026, 6, 1, 15, 8, 30, 0, time.UTC)
	trials, card := trialsOfStory(t, now)
	ask := func(to time.Time) *scorer.Backtest {
		t.Helper()
		a, err := trials.Begin(card, "", now.AddDate(0, -1, 0), to, scorecards.Day)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Result(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, ago := range []time.Duration{7 * time.Minute, 2 * time.Minute} { // of the same ten minutes
		if got := ask(now.Add(-ago)); !got.To.Equal(now.Add(-ago)) {
			t.Errorf("asked up to %s it is up to %s", now.Add(-ago), got.To)
		}
	}
	if first := ask(now.Add(-time.Second)); ask(now) != first {
		t.Error("who asks for now a second later has it run anew")
	}
}

// One of now is the same for ten minutes, whatever the clock says, and for as long as it waits
// or runs.
func TestTrialsOfNow(t *testing.T) {
	now := time.Date(2026, 6, 1, 15, 9, 50, 0, time.UTC)
	trials, card := trialsAt(t, func() time.Time { return now })
	begin := func() *scorer.Attempt {
		t.Helper()
		a, err := trials.Begin(card, "", now.AddDate(0, 0, -7).Truncate(24*time.Hour), now, scorecards.Day)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := begin()
	if _, err := first.Result(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		same  bool
	}{{15 * time.Second, true}, {9 * time.Minute, true}, {2 * time.Minute, false}} {
		now = now.Add(c.after)
		if again := begin(); (again == first) != c.same {
			t.Errorf("asked for again at %v it is the same: %v", now, !c.same)
		} else if _, err := again.Result(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	trials = scorer.NewTrials(t.Context(), stuck{eventlogtest.NewMemory()}, kinds(), func() time.Time { return now })
	waits := begin()
	now = now.Add(11 * time.Minute)
	if begin() != waits {
		t.Error("one that has not ended after eleven minutes is begun once more")
	}
}

// One that takes too long is given up, and says how far it came.
func TestTrialsEnd(t *testing.T) {
	now := time.Date(2026, 6, 1, 15, 8, 30, 0, time.UTC)
	trials, card := trialsOfStory(t, now)
	trials.Limit(time.Nanosecond)
	a, err := trials.Begin(card, "", now.AddDate(0, -1, 0), now, scorecards.Day)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Result(t.Context()); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "given up") {
		t.Errorf("it ended with %v", err)
	}
	trials.Limit(time.Minute)
	if a, err = trials.Begin(card, "another", now.AddDate(0, -1, 0), now, scorecards.Day); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Result(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// stuck is a log of which nobody learns where it ends.
type stuck struct{ eventlog.Reader }

func (stuck) Last(ctx context.Context) (eventlog.Position, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// Eight backtests wait for the one that runs; who asks for another is told how many do, and when
// to come again.
func TestTrialsThatWait(t *testing.T) {
	now := time.Date(2026, 6, 1, 15, 8, 30, 0, time.UTC)
	_, card := trialsOfStory(t, now)
	trials := scorer.NewTrials(t.Context(), stuck{eventlogtest.NewMemory()}, kinds(), func() time.Time { return now })
	begin := func(text string) error {
		_, err := trials.Begin(card, text, now.AddDate(0, -1, 0), now, scorecards.Day)
		return err
	}
	for i := range 9 {
		if err := begin(fmt.Sprint(i)); err != nil {
			t.Fatalf("number %d: %v", i+1, err)
		}
	}
	if err := begin("8"); err != nil {
		t.Errorf("the last one, asked for again: %v", err)
	}
	err := begin("one more")
	if fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) != time.Minute || !strings.HasPrefix(err.Error(), "8 backtests wait already") {
		t.Errorf("one more: %v, again in %v", err, fault.RetryAfter(err))
	}
}

// Those that ended first are forgotten first, when all together name too many entities; the
// newest is kept, whatever it names.
func TestTrialsForget(t *testing.T) {
	now := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	trials, card := trialsOfStory(t, now)
	card.Metadata.Name = "another" // nothing is on record of it
	run := func(text string) *scorer.Attempt {
		t.Helper()
		a, err := trials.Begin(card, text, time.Time{}, now, scorecards.Day)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Result(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := run("first")
	b, _ := first.Result(t.Context())
	each := len(b.Moves)
	for _, tt := range []struct{ most, kept int }{{0, 1}, {2 * each, 2}, {3*each - 1, 2}, {3 * each, 3}} {
		trials.KeepMoves(tt.most)
		var all []*scorer.Attempt
		for i := range 3 {
			all = append(all, run(fmt.Sprint(tt, i)))
		}
		run(fmt.Sprint(tt, 2)) // who asks the same again gets it
		for i, a := range all {
			if _, is := trials.Find(a.ID); is != (i >= len(all)-tt.kept) {
				t.Errorf("of at most %d moves, with %d each: number %d is kept: %v", tt.most, each, i+1, is)
			}
		}
	}
}

// Of a card that nothing is on record of, each entity that it would judge is told with what
// its rules would say.
func TestMovesSayWhy(t *testing.T) {
	now := time.Date(2026, 6, 1, 15, 8, 30, 0, time.UTC)
	trials, card := trialsOfStory(t, now)
	card.Metadata.Name = "another"
	card.Spec = map[string]any{"filter": `entity.kind == "Component"`, "rules": []any{map[string]any{"id": "tier", "title": "Tier", "expr": "facts.tier == 1", "weight": 1.0}}}
	a, err := trials.Begin(card, "", time.Time{}, time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), scorecards.Day)
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []event.RuleChange{{Rule: "tier", Title: "Tier", After: "unknown", Message: "not known: facts.tier"}}
	if len(got.Moves) == 0 {
		t.Fatal("nobody would be judged")
	}
	for _, m := range got.Moves {
		if diff := cmp.Diff(want, m.Rules); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.Entity, diff)
		}
	}
}
