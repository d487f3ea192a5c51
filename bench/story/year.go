package story

import (
	"context"
	"time"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Year is a year of a population: four of five entities are there when it begins,
// the others come, and all of them change, at an even pace.
type Year struct {
	*population.Population
	Changes int
}

// When it begins and ends. What is there then has come in the days before.
var (
	Begin = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	End   = Begin.AddDate(1, 0, 0)
)

// lag is from when something is true until it is recorded.
const lag = 2 * time.Second

// Append appends the year to a log whose clock is set before each piece.
func (y Year) Append(ctx context.Context, log eventlog.Appender, clock func(time.Time)) error {
	return inPieces(ctx, y.Len()+y.Changes, 100, y.Event, func(events []event.Event) error {
		clock(events[len(events)-1].Time.Add(lag))
		_, err := log.Append(ctx, events...)
		return err
	})
}

// before is how many entities are there when the year begins.
func (y Year) before() int { return y.Len() * 4 / 5 }

// Event returns the k-th event, from 0.
func (y Year) Event(k int) (e event.Event, err error) {
	k -= y.before()
	if k < 0 {
		if e, err = Registered(y.Population, k+y.before()); err == nil {
			e.Time = Begin.Add(time.Duration(k) * time.Second)
		}
		return e, err
	}
	all, coming := y.Len()-y.before()+y.Changes, y.Len()-y.before()
	came := k * coming / all // before this one
	if (k+1)*coming/all > came {
		e, err = Registered(y.Population, y.before()+came)
	} else {
		const prime = 7919 // walks through the entities in no order that means anything
		e, err = Changed(y.Population, k*prime%(y.before()+came), k+1)
	}
	e.Time = Begin.Add(time.Duration(float64(End.Sub(Begin)) * float64(k) / float64(all)))
	return e, err
}
