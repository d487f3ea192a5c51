package story

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// perAppend is how many events share an fsync.
const perAppend = 2000

// Append appends the registration of every entity, in their order. The events
// are made on all cores.
func Append(ctx context.Context, p *population.Population, log eventlog.Appender) error {
	g, ctx := errgroup.WithContext(ctx)
	pieces := make(chan chan []event.Event, runtime.GOMAXPROCS(0)) // in order, being made
	g.Go(func() error {
		defer close(pieces)
		for from := 0; from < p.Len(); from += perAppend {
			piece := make(chan []event.Event, 1)
			select {
			case pieces <- piece:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				defer close(piece)
				events, err := registrations(p, from, min(from+perAppend, p.Len()))
				if err == nil {
					piece <- events
				}
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		for piece := range pieces {
			if _, err := log.Append(ctx, <-piece...); err != nil {
				return fmt.Errorf("append to the event log: %w", err)
			}
		}
		return nil
	})
	return g.Wait()
}

func registrations(p *population.Population, from, to int) ([]event.Event, error) {
	events := make([]event.Event, 0, to-from)
	for i := from; i < to; i++ {
		e, err := Registered(p, i)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}
