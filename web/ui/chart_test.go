package ui_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/callboard/callboard/web/ui"
)

// The labels at the end of a chart are in the order of its bands, inside it, and so far apart
// that each can be read, however thin a band is and however low the chart.
func TestLabelsAreReadable(t *testing.T) {
	label := regexp.MustCompile(`<span style="--y:([0-9.]+);?"><b>(\d+)</b>`)
	for name, tt := range map[string]struct {
		values []int // at the end, from the bottom
		tall   int
	}{
		"thin at the bottom": {[]int{1, 1, 1, 60}, 0},
		"thin at the top":    {[]int{60, 1, 1, 1}, 0},
		"thin between":       {[]int{30, 1, 1, 30}, 120},
		"none of some":       {[]int{0, 4, 0, 1}, 120},
		"five in little":     {[]int{1, 1, 96, 1, 1}, 96},
		"one at the top":     {[]int{5}, 120},
		"one at the bottom":  {[]int{1}, 120},
	} {
		t.Run(name, func(t *testing.T) {
			a := ui.Area{At: []float64{0, 100}, Tall: tt.tall, Whole: 5}
			for _, v := range tt.values {
				a.Bands = append(a.Bands, ui.Band{Label: "Level", Class: "gold", Values: []int{0, v}})
			}
			var b strings.Builder
			if err := ui.StackedArea(a).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			height := 236.0
			if tt.tall > 0 {
				height = float64(tt.tall)
			}
			var shown []int
			last := -100.0
			for _, m := range label.FindAllStringSubmatch(b.String(), -1) {
				at, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				px := at / 100 * height
				if px-last < 16 || px < 8 || px > height-8 {
					t.Errorf("%s stands at %.0f px of %.0f, the one below at %.0f", m[2], px, height, last)
				}
				last = px
				n, _ := strconv.Atoi(m[2])
				shown = append(shown, n)
			}
			want := 0
			for _, v := range tt.values {
				if v > 0 {
					if want >= len(shown) || shown[want] != v {
						t.Fatalf("labels are of %v, want those of %v", shown, tt.values)
					}
					want++
				}
			}
		})
	}
	// The only band is labelled at its line.
	var b strings.Builder
	if err := ui.StackedArea(ui.Area{At: []float64{0, 100}, Bands: []ui.Band{{Label: "hold", Values: []int{0, 3}}}, Whole: 5}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if m := label.FindStringSubmatch(b.String()); m == nil || m[1] != "60" {
		t.Errorf("the label of 3 of 5 stands at %q", m)
	}
}

// What is so since the last moment is drawn up to the end of a chart that ends with it, and
// nothing of what is still to come.
func TestTheLastMomentIsSeen(t *testing.T) {
	for _, tt := range []struct {
		last float64
		want string
	}{{97.999999, "L98 0L100 0"}, {98, "L98 0L100 0"}, {60, "L60 0L60 0"}} {
		var b strings.Builder
		a := ui.Area{At: []float64{0, tt.last}, Bands: []ui.Band{{Label: "hold", Values: []int{0, 5}}}, Whole: 5}
		if err := ui.StackedArea(a).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), tt.want) {
			t.Errorf("with the last at %g there is no %q in %s", tt.last, tt.want, b.String())
		}
	}
}
