package scorecards_test

import (
	"testing"

	"github.com/callboard/callboard/scorecards"
)

func TestPercent(t *testing.T) {
	for _, tt := range []struct {
		part, of float64
		want     int
	}{{6, 21, 29}, {1, 3, 33}, {199, 200, 99}, {999, 1000, 99}, {3, 3, 100}, {0.1 + 0.2, 0.3, 100}, {0, 5, 0}, {0, 0, 0}} {
		if got := scorecards.Percent(tt.part, tt.of); got != tt.want {
			t.Errorf("%v of %v are %d %%, want %d", tt.part, tt.of, got, tt.want)
		}
	}
}
