package scorecards

import (
	"fmt"
	"time"
)

// Step is how far apart the points of a trend are.
type Step string

// The steps. They begin at midnight, UTC; weeks on Monday.
const (
	Day   Step = "day"
	Week  Step = "week"
	Month Step = "month"
)

// maxPoints bounds a trend: a day's step over a year is fine, over a decade it is not.
const maxPoints = 750

// Moments are those of a trend: the first one, where each step between begins, and
// the last one. There is an error if there are too many, or the step is none.
func Moments(from, to time.Time, step Step) ([]time.Time, error) {
	from, to = from.UTC(), to.UTC()
	if !from.Before(to) {
		return nil, fmt.Errorf("from must be before to, found %s to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	year, month, day := from.Date()
	next := func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	switch step {
	case Day:
	case Week:
		day -= (int(from.Weekday()) + 6) % 7
		next = func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }
	case Month:
		day = 1
		next = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	default:
		return nil, fmt.Errorf("a step must be day, week or month, found %q", step)
	}
	all := []time.Time{from}
	for t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); t.Before(to); t = next(t) {
		if !t.After(from) {
			continue
		}
		if all = append(all, t); len(all) >= maxPoints {
			return nil, fmt.Errorf("a trend has at most %d points: take a longer step or a shorter time", maxPoints)
		}
	}
	return append(all, to), nil
}

// QuarterOf is when the quarter of a time began, in UTC.
func QuarterOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
}

// Point is how entities stand on a card at a moment.
type Point struct {
	At       time.Time      `json:"at"`
	Entities int            `json:"entities"` // that the card judges
	Levels   map[string]int `json:"levels"`   // entities by level; "" is for not even the lowest
	// Points of all entities, of those that there are to reach.
	Points float64                    `json:"points"`
	Of     float64                    `json:"of"`
	Rules  map[string]map[Outcome]int `json:"rules"` // entities by the outcome of each rule, by its id
	// Computed is set where the point was found by a backtest and nothing was on record.
	Computed bool `json:"computed,omitempty"`
}

// PassRate is the share of the entities that a rule passes for, of those that it
// passes or fails for; false if there are none.
func (p *Point) PassRate(rule string) (float64, bool) {
	pass, fail := p.Rules[rule][Pass], p.Rules[rule][Fail]
	if pass+fail == 0 {
		return 0, false
	}
	return float64(pass) / float64(pass+fail), true
}

// Tally counts how entities stand at the moments of a trend, from how they change.
// Changes may come in any order. Make one with [NewTally].
type Tally struct {
	moments []time.Time
	// by moment, what there is more than at the moment before
	levels []map[string]int
	rules  []map[ruled]int
	points [][2]float64
}

type ruled struct {
	rule    string
	outcome Outcome
}

// NewTally returns one without entities, for moments in order.
func NewTally(moments []time.Time) *Tally {
	t := &Tally{moments: moments, levels: make([]map[string]int, len(moments)), rules: make([]map[ruled]int, len(moments)), points: make([][2]float64, len(moments))}
	for i := range moments {
		t.levels[i], t.rules[i] = map[string]int{}, map[ruled]int{}
	}
	return t
}

// first is the index of the first moment that is not before a time; false if there is none.
func (t *Tally) first(at time.Time) (int, bool) {
	low, high := 0, len(t.moments)
	for low < high {
		if middle := (low + high) / 2; t.moments[middle].Before(at) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(t.moments)
}

// Level adds n entities at a level from a time on, with what they have of points; a
// negative n takes them away.
func (t *Tally) Level(at time.Time, level string, n int, points, of float64) {
	if i, ok := t.first(at); ok {
		t.levels[i][level] += n
		t.points[i][0] += points
		t.points[i][1] += of
	}
}

// Rule adds n entities for which a rule has an outcome from a time on.
func (t *Tally) Rule(at time.Time, rule string, outcome Outcome, n int) {
	if i, ok := t.first(at); ok {
		t.rules[i][ruled{rule, outcome}] += n
	}
}

// Points returns how entities stand at each moment. Nothing that is zero is in them.
func (t *Tally) Points() []Point {
	levels, rules := map[string]int{}, map[ruled]int{}
	var points [2]float64
	all := make([]Point, len(t.moments))
	for i, at := range t.moments {
		p := Point{At: at, Levels: map[string]int{}, Rules: map[string]map[Outcome]int{}}
		for level, n := range t.levels[i] {
			levels[level] += n
		}
		for key, n := range t.rules[i] {
			rules[key] += n
		}
		points[0], points[1] = points[0]+t.points[i][0], points[1]+t.points[i][1]
		for level, n := range levels {
			if n != 0 {
				p.Levels[level] = n
				p.Entities += n
			}
		}
		for key, n := range rules {
			if n == 0 {
				continue
			}
			if p.Rules[key.rule] == nil {
				p.Rules[key.rule] = map[Outcome]int{}
			}
			p.Rules[key.rule][key.outcome] = n
		}
		if p.Entities > 0 { // else what is left is an error of rounding
			p.Points, p.Of = points[0], points[1]
		}
		all[i] = p
	}
	return all
}
