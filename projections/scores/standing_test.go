package scores_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
)

// drawRecords makes up how some entities move on two cards; clocks go backward now and then.
func drawRecords(rt *rapid.T, begin time.Time) (records []eventlog.Record) {
	type pair struct{ card, entity string }
	standing, outcomes := map[pair]*event.Score{}, map[pair]string{}
	at := begin
	for i := range rapid.IntRange(1, 30).Draw(rt, "events") {
		at = at.Add(time.Duration(rapid.IntRange(-5, 30).Draw(rt, "hours")) * time.Hour)
		key := pair{rapid.SampledFrom([]string{card, "scorecard:default/docs"}).Draw(rt, "card"), rapid.SampledFrom([]string{payments, "component:default/ledger"}).Draw(rt, "entity")}
		d := event.ScoreChanged{Card: key.card, Before: standing[key]}
		if d.Before == nil || rapid.IntRange(0, 4).Draw(rt, "ends") > 0 {
			d.After = &event.Score{Level: rapid.SampledFrom([]string{"", "Bronze", "Silver"}).Draw(rt, "level"), Points: float64(rapid.IntRange(0, 3).Draw(rt, "points")), Of: 3}
			if after := rapid.SampledFrom([]string{"pass", "fail", "unknown", "exempt", "error", "not-applicable"}).Draw(rt, "outcome"); after != outcomes[key] {
				d.Rules = []event.RuleChange{{Rule: "owner", Before: outcomes[key], After: after}}
				outcomes[key] = after
			}
		} else {
			delete(outcomes, key)
		}
		standing[key] = d.After
		e, err := event.New("/scorecards", key.entity, d)
		if err != nil {
			rt.Fatal(err)
		}
		e.ID, e.Time = fmt.Sprint("score-", i), at
		records = append(records, eventlog.Record{Position: eventlog.Position(i + 1), Recorded: at, Event: e}) //nolint:gosec // small
	}
	return records
}

// short is what a list has that a Stand has, too.
func short(s scores.Score) scores.Stand {
	all := &scores.Outcomes{}
	for _, r := range s.Rules {
		switch r.Outcome {
		case "pass":
			all.Passes = append(all.Passes, r.ID)
		case "fail":
			all.Fails = append(all.Fails, r.ID)
		case "unknown", "error":
			all.Unsure = append(all.Unsure, r.ID)
		case "exempt":
			all.Exempt = append(all.Exempt, r.ID)
		}
	}
	return scores.Stand{Level: s.Level, Points: s.Points, Of: s.Of, Outcomes: all, Since: s.Since, Position: s.Position}
}

// What is in memory says at any moment what a list of that moment does, however the
// records came.
func TestLinesAreWhatListsSay(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	empty := projectiontest.Copies(t, scores.Open)
	rapid.Check(t, func(rt *rapid.T) {
		s, records := openAt(rt, empty()), drawRecords(rt, begin)
		half := rapid.IntRange(0, len(records)).Draw(rt, "read first")
		for _, some := range [][]eventlog.Record{records[:half], records[half:]} {
			if err := s.Apply(t.Context(), some); err != nil {
				rt.Fatal(err)
			}
			if err := s.Each(t.Context(), []string{card}, func(int, scores.Line) {}); err != nil { // what comes later is read on
				rt.Fatal(err)
			}
		}
		m := projections.Moment{Known: eventlog.Position(rapid.IntRange(0, len(records)).Draw(rt, "known"))} //nolint:gosec // small
		if hours := rapid.IntRange(0, 30*len(records)).Draw(rt, "at"); hours > 0 {
			m.At = begin.Add(time.Duration(hours) * time.Hour)
		}
		for _, of := range []string{card, "scorecard:default/docs", "scorecard:default/none"} {
			list, err := s.List(t.Context(), scores.Query{Card: of, Moment: m})
			if err != nil {
				rt.Fatal(err)
			}
			want, got := map[string]scores.Stand{}, map[string]scores.Stand{}
			codes := map[int]string{}
			for _, one := range list {
				want[one.Entity] = short(one)
			}
			err = s.Each(t.Context(), []string{of}, func(_ int, l scores.Line) {
				entity := l.Entity()
				if stand, ok := l.At(m); ok {
					if level, known := codes[stand.Code]; stand.Code == 0 || known && level != stand.Level {
						rt.Errorf("%d stands for %q and for %q", stand.Code, level, stand.Level)
					}
					codes[stand.Code], stand.Code = stand.Level, 0
					got[entity] = stand
				}
				// The changes lead back from how it stands to how it stood.
				stand, is := l.At(m)
				from := begin.Add(50 * time.Hour)
				for c := range l.After(from, m) {
					if c.Is != is || is && c.After.Position != stand.Position {
						rt.Errorf("%s on %s: a change to %+v, where it stands at %+v", entity, of, c.After, stand)
					}
					stand, is = c.Before, c.Was
				}
				if then, was := l.At(projections.Moment{At: from, Known: m.Known}); (m.At.IsZero() || m.At.After(from)) && (was != is || was && then.Position != stand.Position) {
					rt.Errorf("%s on %s: the changes lead back to %+v, it stood at %+v", entity, of, stand, then)
				}
			})
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Errorf("%s at %+v (-list +lines):\n%s", of, m, diff)
			}
		}
	})
}

// What a rebuild made is what is told of, also where it has come no farther.
func TestLinesAfterRebuild(t *testing.T) {
	s, records := open(t), story(t).Records()
	count := func() (n int) {
		t.Helper()
		if err := s.Each(t.Context(), []string{card}, func(int, scores.Line) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := s.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 2 {
		t.Fatalf("%d entities were judged, want 2", n)
	}
	beside, err := s.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Apply(t.Context(), records[:2]); err != nil { // as if the code had another opinion
		t.Fatal(err)
	}
	if err := beside.TakeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("after the rebuild %d entities were judged, want 1", n)
	}
}

// While rebuilds come to their end one after the other, whoever asks is told of all.
func TestLinesDuringRebuilds(t *testing.T) {
	s, records := open(t), story(t).Records()
	if err := s.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for {
				n := 0
				if err := s.Each(t.Context(), []string{card}, func(int, scores.Line) { n++ }); err != nil || n != 2 {
					t.Errorf("%d entities were judged, want 2 (%v)", n, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 12 {
		beside, err := s.Beside(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(beside.Apply(t.Context(), records), beside.TakeOver(t.Context()), beside.Discard(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	asking.Wait()
}

// Whoever asks while others do, and while more is judged, is told of all cards as of one position.
func TestLinesWhileOthersReadOn(t *testing.T) {
	const entities = 400
	s, cards := open(t), []string{card, "scorecard:default/docs"}
	done := make(chan struct{})
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for {
				var judged [2][]string
				err := s.Each(t.Context(), cards, func(card int, l scores.Line) { judged[card] = append(judged[card], l.Entity()) })
				if err != nil || !slices.Equal(judged[0], judged[1]) {
					t.Errorf("one card judged %d entities and the other %d, want the same (%v)", len(judged[0]), len(judged[1]), err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := range entities {
		var both []eventlog.Record
		for i, of := range cards {
			e, err := event.New("/scorecards", fmt.Sprintf("component:default/c%d", n), event.ScoreChanged{Card: of, After: &event.Score{Level: "Silver", Points: 1, Of: 1}})
			if err != nil {
				t.Fatal(err)
			}
			both = append(both, eventlog.Record{Position: eventlog.Position(2*n + i + 1), Event: e}) //nolint:gosec // small
		}
		if err := s.Apply(t.Context(), both); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	asking.Wait()
}

func TestBegun(t *testing.T) {
	s, records := open(t), story(t).Records()
	if err := s.Apply(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	found, err := s.Begun(t.Context(), scores.Beginning{Card: card, Entity: payments, Position: 2}, scores.Beginning{Card: card, Entity: payments, Position: 99})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Level != "Bronze" || found[0].Cause.Commit != "4f2a" || found[0].Until != records[3].Time {
		t.Errorf("begun by event 2: %+v", found)
	}
}
