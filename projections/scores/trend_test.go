package scores_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// judged draws how two entities come to stand on a card.
func judged(rt *rapid.T) (records []eventlog.Record) {
	standing := map[string]*event.Score{}
	outcomes := map[string]string{}
	at := begin
	for i := range rapid.IntRange(1, 25).Draw(rt, "events") {
		at = at.Add(time.Duration(rapid.IntRange(-5, 30).Draw(rt, "hours")) * time.Hour)
		entity := rapid.SampledFrom([]string{payments, "component:default/ledger"}).Draw(rt, "entity")
		d := event.ScoreChanged{Card: card, Before: standing[entity]}
		if d.Before == nil || rapid.IntRange(0, 4).Draw(rt, "ends") > 0 {
			d.After = &event.Score{Level: rapid.SampledFrom([]string{"", "Bronze", "Silver"}).Draw(rt, "level"), Points: float64(rapid.IntRange(0, 3).Draw(rt, "points")), Of: 3}
			after := rapid.SampledFrom([]string{"pass", "fail", "unknown"}).Draw(rt, "outcome")
			if after != outcomes[entity] {
				d.Rules = []event.RuleChange{{Rule: "owner", Before: outcomes[entity], After: after}}
			}
			outcomes[entity] = after
		} else {
			delete(outcomes, entity)
		}
		standing[entity] = d.After
		e, err := event.New("/scorecards", entity, d)
		if err != nil {
			rt.Fatal(err)
		}
		e.ID, e.Time = fmt.Sprint("score-", i), at
		records = append(records, eventlog.Record{Position: eventlog.Position(i + 1), Recorded: at, Event: e}) //nolint:gosec // small
	}
	return records
}

var begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// folded has two batches of records, in an empty file.
func folded(t *rapid.T, file string, records []eventlog.Record) *scores.Scores {
	t.Helper()
	s, half := openAt(t, file), len(records)/2
	for _, some := range [][]eventlog.Record{records[:half], records[half:]} {
		if err := s.Apply(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// What is told of the events is what is kept of them, by whatever was known.
func TestTellIsWhatListsSay(t *testing.T) {
	empty := projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(rt *rapid.T) {
		records := judged(rt)
		s := folded(rt, empty(), records)
		known := rapid.IntRange(1, len(records)).Draw(rt, "known")
		for _, entity := range []string{payments, "component:default/ledger", "nobody"} {
			kept, err := s.List(t.Context(), scores.Query{Card: card, Entity: entity, Moment: projections.Moment{Known: eventlog.Position(known)}, Past: true}) //nolint:gosec // not negative
			if err != nil {
				rt.Fatal(err)
			}
			told, err := scores.Tell(card, entity, records[:known])
			if diff := cmp.Diff(kept, told, cmpopts.EquateEmpty()); diff != "" || err != nil {
				rt.Errorf("%s up to %d, %v (-kept +told):\n%s", entity, known, err, diff)
			}
		}
	})
}

// A trend has at each midnight what a list of that moment has.
func TestTrendIsWhatListsSay(t *testing.T) {
	empty := projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(rt *rapid.T) {
		s := folded(rt, empty(), judged(rt))
		moments, err := scorecards.Moments(begin.AddDate(0, 0, -1), begin.AddDate(0, 0, 40), scorecards.Day)
		if err != nil {
			rt.Fatal(err)
		}
		points, err := s.Trend(t.Context(), card, moments, 0)
		if err != nil {
			rt.Fatal(err)
		}
		for i, p := range points {
			midnight := p.At
			if i > 0 {
				midnight = midnight.Add(-1) // what begins at midnight is of the day that begins
			}
			list, err := s.List(t.Context(), scores.Query{Card: card, Moment: projections.Moment{At: midnight}})
			if err != nil {
				rt.Fatal(err)
			}
			want := scorecards.Point{At: p.At, Levels: map[string]int{}, Rules: map[string]map[scorecards.Outcome]int{}}
			for _, one := range list {
				want.Entities++
				want.Levels[one.Level]++
				want.Points, want.Of = want.Points+one.Points, want.Of+one.Of
				for _, r := range one.Rules {
					if want.Rules[r.ID] == nil {
						want.Rules[r.ID] = map[scorecards.Outcome]int{}
					}
					want.Rules[r.ID][scorecards.Outcome(r.Outcome)]++
				}
			}
			if diff := cmp.Diff(want, p); diff != "" {
				rt.Errorf("at %v (-list +trend):\n%s", p.At, diff)
			}
		}
	})
}

// By what was known at a position a trend is that of a log which ends there: to the day, and
// from when on it was on record.
func TestTrendAsKnownThen(t *testing.T) {
	empty := projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(rt *rapid.T) {
		records := judged(rt)
		known := rapid.IntRange(1, len(records)).Draw(rt, "known")
		all, then := folded(rt, empty(), records), folded(rt, empty(), records[:known])
		moments, err := scorecards.Moments(begin.AddDate(0, 0, -1), begin.AddDate(0, 0, 40), scorecards.Day)
		if err != nil {
			rt.Fatal(err)
		}
		want, err := then.Trend(t.Context(), card, moments, 0)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := all.Trend(t.Context(), card, moments, eventlog.Position(known)) //nolint:gosec // not negative
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			rt.Errorf("%v (-as it was +as known then):\n%s", err, diff)
		}
		first, err := then.Began(t.Context(), card, 0)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := all.Began(t.Context(), card, eventlog.Position(known)); err != nil || !got.Equal(first) { //nolint:gosec // not negative
			rt.Errorf("it began at %v, %v; want %v", got, err, first)
		}
	})
}

func TestBegan(t *testing.T) {
	s, records := open(t), story(t).Records()
	if err := s.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	began, err := s.Began(t.Context(), card, 0)
	if err != nil || !began.Equal(records[0].Time) {
		t.Errorf("the card began at %v, %v; want %v", began, err, records[0].Time)
	}
	if none, err := s.Began(t.Context(), "scorecard:default/none", 0); err != nil || !none.IsZero() {
		t.Errorf("a card that judged nobody began at %v, %v", none, err)
	}
}
