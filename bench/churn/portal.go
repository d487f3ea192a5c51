package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/bench/traffic"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

// portal is what reads and changes go through in a Callboard: nothing that
// ingests, no pages.
type portal struct {
	url        string
	population *population.Population
	log        *sqlitelog.Log
	runner     *projections.Runner
	closers    []func() error
}

// open makes a portal that has the whole population, in an empty folder.
func open(ctx context.Context, p *population.Population, folder string) (_ *portal, err error) {
	o := &portal{population: p}
	defer func() {
		if err != nil {
			err = o.close(err)
		}
	}()
	if o.log, err = sqlitelog.Open(ctx, filepath.Join(folder, "events.db")); err != nil {
		return nil, err
	}
	o.closers = append(o.closers, o.log.Close)
	if err := story.Append(ctx, p, o.log); err != nil {
		return nil, err
	}
	rows, err := sqlitestore.Open(ctx, filepath.Join(folder, "history.db"))
	if err != nil {
		return nil, err
	}
	o.closers = append(o.closers, rows.Close)
	past := history.New(rows)
	catalog := entities.New()
	logger := slog.New(slog.DiscardHandler)
	o.runner = projections.NewRunner(o.log, logger, catalog, past)
	following, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- o.runner.Run(following) }()
	o.closers = append(o.closers, func() error { stop(); return <-ended })
	if err := o.runner.Ready(ctx); err != nil {
		return nil, err
	}
	e := echo.New()
	api.New(api.Config{Catalog: catalog.Snapshot, History: past, Wait: o.runner.WaitAll, Logger: logger}).Register(e)
	server := httptest.NewServer(e)
	o.closers = append(o.closers, func() error { server.Close(); return nil })
	o.url = server.URL
	return o, nil
}

// close closes what open opened, last first, and returns err with what goes
// wrong meanwhile.
func (o *portal) close(err error) error {
	for _, c := range slices.Backward(o.closers) {
		err = errors.Join(err, c())
	}
	return err
}

// stretch is a time of changes, the round-th.
type stretch struct {
	round   int
	rate    int // changes a second
	lasting time.Duration
}

// pace is how fast changes were.
type pace struct {
	perSec  float64
	visible []time.Duration // from the call to append until the catalog shows it, sorted
}

// readWhileChanging reads and changes at the same time.
func (o *portal) readWhileChanging(ctx context.Context, t traffic.Target, c traffic.Case, connections int, s stretch) (traffic.Result, pace, error) {
	changes, err := o.changes(s)
	if err != nil {
		return traffic.Result{}, pace{}, err
	}
	var read traffic.Result
	var how pace
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		read, err = traffic.Run(ctx, t, c, connections, s.lasting)
		return err
	})
	g.Go(func() (err error) {
		how, err = o.change(ctx, changes, s)
		return err
	})
	return read, how, g.Wait()
}

// changes makes the changes of a stretch beforehand: every entity changes about
// as often as any other.
func (o *portal) changes(s stretch) ([]event.Event, error) {
	n := int(float64(s.rate) * s.lasting.Seconds())
	all := make([]event.Event, n)
	for k := range all {
		number := s.round*n + k
		const prime = 7919 // walks through all entities in no order that means anything
		var err error
		if all[k], err = story.Changed(o.population, number*prime%o.population.Len(), number+1); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// change appends what is due every few milliseconds, and watches when it is visible.
func (o *portal) change(ctx context.Context, changes []event.Event, s stretch) (pace, error) {
	type sent struct {
		at       time.Time
		position eventlog.Position
	}
	var how pace
	appended := make(chan sent, len(changes))
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(appended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for done := 0; done < len(changes); {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
			due := min(int(float64(s.rate)*time.Since(start).Seconds()), len(changes))
			if due == done {
				continue
			}
			at := time.Now()
			positions, err := o.log.Append(ctx, changes[done:due]...)
			if err != nil {
				return fmt.Errorf("append changes: %w", err)
			}
			appended <- sent{at, positions[len(positions)-1].Position}
			done = due
		}
		return nil
	})
	g.Go(func() error {
		for a := range appended {
			if err := o.runner.Wait(ctx, entities.Name, a.position); err != nil {
				return err
			}
			how.visible = append(how.visible, time.Since(a.at))
		}
		return nil
	})
	err := g.Wait()
	how.perSec = float64(len(changes)) / time.Since(start).Seconds()
	slices.Sort(how.visible)
	return how, err
}
