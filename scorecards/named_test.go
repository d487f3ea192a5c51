package scorecards_test

import (
	"testing"
	"time"

	"github.com/callboard/callboard/scorecards"
)

func TestRefNamed(t *testing.T) {
	for name, want := range map[string]string{
		"readiness":                   "scorecard:default/readiness",
		"tools:readiness":             "scorecard:tools/readiness",
		"tools/readiness":             "scorecard:tools/readiness",
		"scorecard:tools/readiness":   "scorecard:tools/readiness",
		"Scorecard:Default/Readiness": "scorecard:default/readiness",
		"component:default/readiness": "scorecard:default/component:default/readiness",
		"Scorecard:readiness":         "scorecard:default/readiness",
		"scorecard:scorecard/own":     "scorecard:scorecard/own",
	} {
		if got := scorecards.RefNamed(scorecards.KindScorecard, name).String(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// What a reference is called names it again, also in a namespace that is called as a kind is.
func TestNameOf(t *testing.T) {
	for ref, want := range map[string]string{
		"scorecard:default/readiness": "readiness", "scorecard:tools/readiness": "tools:readiness", "scorecard:scorecard/own": "scorecard:scorecard/own",
	} {
		got := scorecards.NameOf(scorecards.RefNamed(scorecards.KindScorecard, ref))
		if again := scorecards.RefNamed(scorecards.KindScorecard, got).String(); got != want || again != ref {
			t.Errorf("%s is called %s, want %s, and that names %s", ref, got, want, again)
		}
	}
}

func TestDays(t *testing.T) {
	east := time.FixedZone("", 9*60*60)
	if got := scorecards.DateOf(time.Time{}) + scorecards.DateOf(time.Date(2026, 4, 1, 8, 0, 0, 0, east)); got != "2026-03-31" {
		t.Errorf("a day is written %q, want that of UTC, and none as nothing", got)
	}
	if got := scorecards.QuarterOf(time.Date(2026, 4, 1, 8, 0, 0, 0, east)); !got.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the quarter began at %v, want that of UTC", got)
	}
}
