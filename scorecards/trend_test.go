package scorecards_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/scorecards"
)

func TestMoments(t *testing.T) {
	day := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
	}
	tests := []struct {
		step     scorecards.Step
		from, to time.Time
		want     []time.Time
	}{
		{scorecards.Day, day(3, 1, 9), day(3, 3, 9), []time.Time{day(3, 1, 9), day(3, 2, 0), day(3, 3, 0), day(3, 3, 9)}},
		{scorecards.Week, day(3, 1, 0), day(3, 16, 0), []time.Time{day(3, 1, 0), day(3, 2, 0), day(3, 9, 0), day(3, 16, 0)}},
		{scorecards.Month, day(3, 31, 9), day(5, 1, 1), []time.Time{day(3, 31, 9), day(4, 1, 0), day(5, 1, 0), day(5, 1, 1)}},
		{scorecards.Month, day(3, 1, 9), day(3, 2, 9), []time.Time{day(3, 1, 9), day(3, 2, 9)}},
	}
	for _, tt := range tests {
		got, err := scorecards.Moments(tt.from, tt.to, tt.step)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("each %s from %v to %v: %v, %v; want %v", tt.step, tt.from, tt.to, got, err, tt.want)
		}
	}
	for name, f := range map[string]func() ([]time.Time, error){
		"backwards": func() ([]time.Time, error) { return scorecards.Moments(day(3, 2, 0), day(3, 1, 0), scorecards.Day) },
		"no time":   func() ([]time.Time, error) { return scorecards.Moments(day(3, 2, 0), day(3, 2, 0), scorecards.Day) },
		"no step":   func() ([]time.Time, error) { return scorecards.Moments(day(3, 1, 0), day(3, 2, 0), "hour") },
		"too many": func() ([]time.Time, error) {
			return scorecards.Moments(day(3, 1, 0).AddDate(-9, 0, 0), day(3, 2, 0), scorecards.Day)
		},
		"year zero": func() ([]time.Time, error) { return scorecards.Moments(time.Time{}, day(3, 2, 0), scorecards.Day) },
	} {
		if got, err := f(); err == nil {
			t.Errorf("%s: %v, want an error", name, got)
		}
	}
}

// A tally has at each moment what one finds who looks at all entities then, whatever the
// order in which it was told.
func TestTallyCountsWhatIsThere(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		type span struct {
			from, to int // hours
			level    string
			outcome  scorecards.Outcome
			points   float64
		}
		spans := rapid.SliceOf(rapid.Custom(func(t *rapid.T) span {
			from := rapid.IntRange(0, 200).Draw(t, "from")
			return span{
				from, from + rapid.IntRange(1, 100).Draw(t, "for"), rapid.SampledFrom([]string{"", "Bronze", "Gold"}).Draw(t, "level"),
				rapid.SampledFrom([]scorecards.Outcome{scorecards.Pass, scorecards.Fail}).Draw(t, "outcome"), float64(rapid.IntRange(0, 5).Draw(t, "points")),
			}
		})).Draw(t, "spans")
		moments, err := scorecards.Moments(begin, begin.Add(240*time.Hour), scorecards.Day)
		if err != nil {
			t.Fatal(err)
		}
		tally, at := scorecards.NewTally(moments), func(hours int) time.Time { return begin.Add(time.Duration(hours) * time.Hour) }
		for _, s := range spans {
			tally.Level(at(s.to), s.level, -1, -s.points, -5)
			tally.Rule(at(s.to), "rule", s.outcome, -1)
			tally.Level(at(s.from), s.level, 1, s.points, 5)
			tally.Rule(at(s.from), "rule", s.outcome, 1)
		}
		for i, p := range tally.Points() {
			levels, outcomes, points, n := map[string]int{}, map[scorecards.Outcome]int{}, 0.0, 0
			for _, s := range spans {
				if !at(s.from).After(moments[i]) && at(s.to).After(moments[i]) {
					levels[s.level]++
					outcomes[s.outcome]++
					points += s.points
					n++
				}
			}
			for _, level := range []string{"", "Bronze", "Gold"} {
				if p.Levels[level] != levels[level] {
					t.Errorf("%v: %d at %q, want %d", p.At, p.Levels[level], level, levels[level])
				}
			}
			for _, o := range []scorecards.Outcome{scorecards.Pass, scorecards.Fail} {
				if p.Rules["rule"][o] != outcomes[o] {
					t.Errorf("%v: %d %s, want %d", p.At, p.Rules["rule"][o], o, outcomes[o])
				}
			}
			if p.Entities != n || p.Points != points || p.Of != 5*float64(n) {
				t.Errorf("%v: %d entities with %v of %v points, want %d with %v", p.At, p.Entities, p.Points, p.Of, n, points)
			}
		}
	})
}
