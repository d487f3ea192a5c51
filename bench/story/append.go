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
	return inPieces(ctx, p.Len(), perAppend, func(i int) (event.Event, error) { return Registered(p, i) }, func(events []event.Event) error {
		_, err := log.Append(ctx, events...)
		return err
	})
}

// inPieces makes n events, on all cores, and appends them in their order.
func inPieces(ctx context.Context, n, size int, of func(int) (event.Event, error), appended func([]event.Event) error) error {
	g, ctx := errgroup.WithContext(ctx)
	pieces := make(chan chan []event.Event, runtime.GOMAXPROCS(0)) // in order, being made
	g.Go(func() error {
		defer close(pieces)
		for from := 0; from < n; from += size {
			piece := make(chan []event.Event, 1)
			select {
			case pieces <- piece:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				defer close(piece)
				events := make([]event.Event, 0, size)
				for i := from; i < min(from+size, n); i++ {
					e, err := of(i)
					if err != nil {
						return err
					}
					events = append(events, e)
				}
				piece <- events
				return nil
			})
		}
		return nil
	})
	g.Go(func() error {
		for piece := range pieces {
			events, made := <-piece
			if !made {
				return nil // the one who was to make it says why
			}
			if err := appended(events); err != nil {
				return fmt.Errorf("append to the event log: %w", err)
			}
		}
		return nil
	})
	return g.Wait()
}
