package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Area is a stacked area over time: how a number divides, step by step.
type Area struct {
	Says  string    // in words: first, last and what is worth knowing
	At    []float64 // where the values stand, from 0 to 100 or less, where time is still to come
	Bands []Band    // from the bottom
	Ticks []AxisTick
	Pins  []Pin
	Steps []Instant // what opens where a value is clicked on, in the order of At; nil: nothing
	Tall  int       // px; 0 = as usual, see usualHeight
	Whole int       // the least that the scale goes up to: 100 for shares
}

// Band is one part of an [Area].
type Band struct {
	Label  string
	Class  string // "gold", "silver", "bronze" or "none"; empty: it has a colour of its own
	Color  string // "#c9a227"
	Values []int
}

// Instant opens the page as of a moment of a chart. Without an address it does not.
type Instant struct{ Href, Says string }

// width is how far the values of a moment reach, of 100.
func (a Area) width(step int) float64 {
	end := a.end()
	if step < len(a.At)-1 {
		end = a.At[step+1]
	}
	return end - a.At[step]
}

// AxisTick is a label below a chart. One that would collide on a phone is Alt.
type AxisTick struct {
	At    float64
	Label string
	First bool
	Alt   bool
}

// Pin marks a moment of a chart; what it says stands below.
type Pin struct {
	At   float64
	Text string
}

// top is a round number that all values are below, and how far apart its lines are.
func (a Area) top() (top, step int) {
	most := max(1, a.Whole)
	for i := range a.At {
		sum := 0
		for _, b := range a.Bands {
			sum += b.Values[i]
		}
		most = max(most, sum)
	}
	for unit := 1; ; unit *= 10 {
		for _, n := range []int{1, 2, 5} {
			if step = n * unit; most <= 5*step {
				return (most + step - 1) / step * step, step
			}
		}
	}
}

// gridLine is a horizontal line of a chart.
type gridLine struct {
	at    float64 // from the bottom, of 100
	value int
}

func (a Area) grid() (all []gridLine) {
	top, step := a.top()
	for v := 0; v <= top; v += step {
		all = append(all, gridLine{100 * float64(v) / float64(top), v})
	}
	return all
}

// LastWidth is how much of the width, of 100, the last moment takes where a chart ends with
// it: what is so since then would not be seen.
const LastWidth = 2

// end is where the bands end.
func (a Area) end() float64 {
	last := a.At[len(a.At)-1]
	if last > 99.9-LastWidth { // but for what is rounded
		return 100
	}
	return last
}

// stairs is the upper edge of a band, from left to right: a number changes at an instant.
func (a Area) stairs(band int) []string {
	top, _ := a.top()
	var all []string
	last := 0.0
	for i, x := range a.At {
		sum := 0
		for _, b := range a.Bands[:band+1] {
			sum += b.Values[i]
		}
		y := 100 - 100*float64(sum)/float64(top)
		if i > 0 {
			all = append(all, point(x, last))
		}
		all = append(all, point(x, y))
		last = y
	}
	return append(all, point(a.end(), last))
}

func point(x, y float64) string { return fmt.Sprintf("%.4g %.4g", x, y) }

// fill is the path of a band.
func (a Area) fill(band int) string {
	lower := []string{point(a.end(), 100), "0 100"}
	if band > 0 {
		lower = a.stairs(band - 1)
		slices.Reverse(lower)
	}
	return "M" + strings.Join(a.stairs(band), "L") + "L" + strings.Join(lower, "L") + "Z"
}

// edges separate the bands.
func (a Area) edges() string {
	var b strings.Builder
	for i := range a.Bands[:max(len(a.Bands)-1, 0)] {
		b.WriteString("M" + strings.Join(a.stairs(i), "L"))
	}
	return b.String()
}

// endLabel stands beside the last value of a band.
type endLabel struct {
	at    float64 // from the bottom, of 100
	value int
	label string
}

const (
	usualHeight = 236 // px
	labelHeight = 17  // px, of a line of text with what parts it from the next
)

func (a Area) height() int { return cmp.Or(a.Tall, usualHeight) }

// ends are the labels of all bands that end in something: at their middle, or on the line
// where there is only one band, and none upon another, below the chart or above it.
func (a Area) ends() (all []endLabel) {
	top, _ := a.top()
	sum := 0
	for _, b := range a.Bands {
		value := b.Values[len(b.Values)-1]
		if value > 0 {
			middle := float64(sum) + float64(value)/2
			if len(a.Bands) == 1 {
				middle = float64(value)
			}
			all = append(all, endLabel{100 * middle / float64(top), value, Shorten(b.Label, 12)})
		}
		sum += value
	}
	apart := min(100*labelHeight/float64(a.height()), 100/float64(max(len(all), 1)))
	least, most := apart/2, 100-apart/2
	for i := range all {
		all[i].at = max(all[i].at, least)
		least = all[i].at + apart
	}
	for i := range slices.Backward(all) { // what was pushed out is pushed back
		all[i].at = min(all[i].at, most)
		most = all[i].at - apart
	}
	return all
}

// pinLines are the paths of the pins.
func (a Area) pinLines() string {
	var b strings.Builder
	for _, p := range a.Pins {
		fmt.Fprintf(&b, "M%.4g 0V100", p.At)
	}
	return b.String()
}

func (a Area) gridLines() string {
	var b strings.Builder
	for _, g := range a.grid() {
		if g.at > 0 {
			fmt.Fprintf(&b, "M0 %.4gH100", 100-g.at)
		}
	}
	return b.String()
}
