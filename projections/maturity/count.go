package maturity

import (
	"strings"

	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Count is how some entities stand on a card.
type Count struct {
	Entities int
	// Levels counts entities by level: first those at none, then from the lowest level on. One at a
	// level that the card does not have any more is in none of them.
	Levels     []int
	Points, Of float64
	// Reached is how many stand at the target level, or above.
	Reached int
	// Unsure is how many have a rule of which it is not known whether it passes.
	Unsure int
	Exempt int // that are exempt from a rule
	// New is how many were not judged at the earlier moment.
	New int
	// Higher and Lower are how many stand higher, or lower, than at the earlier moment, however
	// often they rose and fell meanwhile: that is for [Falls] to say.
	Higher, Lower int
}

// Share is what is reached in percent: entities at the target level, or points on a card
// that has no levels. False if there is nothing to reach.
func (c Count) Share() (float64, bool) {
	switch {
	case len(c.Levels) > 1 && c.Entities > 0:
		return 100 * float64(c.Reached) / float64(c.Entities), true
	case len(c.Levels) == 1 && c.Of > 0:
		return 100 * c.Points / c.Of, true
	}
	return 0, false
}

func (c *Count) plus(o Count) {
	if len(c.Levels) < len(o.Levels) { // nothing was added up yet
		c.Levels = append(c.Levels, make([]int, len(o.Levels)-len(c.Levels))...)
	}
	c.Entities += o.Entities
	for i, n := range o.Levels {
		c.Levels[i] += n
	}
	c.Points, c.Of = c.Points+o.Points, c.Of+o.Of
	c.Reached, c.Unsure, c.Exempt, c.New = c.Reached+o.Reached, c.Unsure+o.Unsure, c.Exempt+o.Exempt, c.New+o.New
	c.Higher, c.Lower = c.Higher+o.Higher, c.Lower+o.Lower
}

// counter counts by a card.
type counter struct {
	card   *scorecards.Card
	levels []scorecards.Level
	target string
	goal   int   // index of the target in a [Count]
	steps  []int // two more than those of levels by their codes; 0: not looked up yet
}

// lost is the step of a level that the card does not have any more.
const lost = -1

func newCounter(card *scorecards.Card, target string) *counter {
	c := &counter{card: card, levels: card.Levels, target: target}
	c.goal = max(1, c.step(target))
	return c
}

func (c *counter) count() Count { return Count{Levels: make([]int, len(c.levels)+1)} }

// step is the number of a level from the lowest, 1; 0 for none, and on a card without levels.
func (c *counter) step(level string) int {
	if len(c.levels) == 0 {
		return 0
	}
	if step, known := c.card.Step(level); known {
		return step
	}
	return lost
}

// value is how high something stands: in steps of the ladder, or in percent of points.
func (c *counter) value(level string, points, of float64) float64 {
	if len(c.levels) > 0 {
		return float64(c.step(level))
	}
	if of == 0 {
		return 100
	}
	return 100 * points / of
}

func (c *counter) valueOf(s scores.Stand) float64 {
	if len(c.levels) > 0 {
		return float64(c.stepOf(s))
	}
	return c.value(s.Level, s.Points, s.Of)
}

// stepOf is the step of a level, looked up once.
func (c *counter) stepOf(s scores.Stand) int {
	for len(c.steps) <= s.Code {
		c.steps = append(c.steps, 0)
	}
	if c.steps[s.Code] == 0 {
		c.steps[s.Code] = 2 + c.step(s.Level)
	}
	return c.steps[s.Code] - 2
}

// by is how much higher something stands than it did; false if nobody can say, as
// [scorecards.Card.Compare] has it.
func (c *counter) by(was, now scores.Stand) (float64, bool) {
	if c.stepOf(was) == lost || c.stepOf(now) == lost {
		return 0, false
	}
	return c.valueOf(now) - c.valueOf(was), true
}

func (c *counter) add(to *Count, s scores.Stand) {
	step := c.stepOf(s)
	to.Entities++
	if step != lost {
		to.Levels[step]++
	}
	to.Points, to.Of = to.Points+s.Points, to.Of+s.Of
	if step >= c.goal {
		to.Reached++
	}
	if len(s.Outcomes.Unsure) > 0 {
		to.Unsure++
	}
	if len(s.Outcomes.Exempt) > 0 {
		to.Exempt++
	}
}

// compare counts one that stands higher, or lower, than it did.
func (c *counter) compare(to *Count, was, now scores.Stand) {
	switch by := c.valueOf(now) - c.valueOf(was); {
	case by > 0:
		to.Higher++
	case by < 0:
		to.Lower++
	}
}

// compareRefs orders by name, then by the whole reference.
func compareRefs(a, b string) int {
	name := func(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
	if c := strings.Compare(name(a), name(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
