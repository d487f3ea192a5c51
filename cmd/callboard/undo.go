package main

import (
	"context"
	"iter"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
)

// entityLog lets the translator ask the history what was said of an entity.
type entityLog struct {
	runner  *projections.Runner
	history *history.History
}

var _ ingest.EntityLog = entityLog{}

// About implements [ingest.EntityLog].
func (l entityLog) About(ctx context.Context, after eventlog.Position, ref string) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		if err := l.runner.Wait(ctx, history.Name, after); err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		for rec, err := range l.history.Counting(ctx, projections.Moment{}, []string{ref}, true) {
			if !yield(rec, err) {
				return
			}
		}
	}
}

// led returns the events of a source that a delivery led to, as of at least a position.
func (l entityLog) led(ctx context.Context, after eventlog.Position, source, delivery string) ([]uint64, error) {
	if err := l.runner.Wait(ctx, history.Name, after); err != nil {
		return nil, err
	}
	f := history.Filter{Source: source, Cause: delivery, Limit: 500, Oldest: true, Uncounted: true}
	var all []uint64
	for {
		page, err := l.history.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			all = append(all, uint64(e.Position))
		}
		if f.After = page.Next; f.After == 0 {
			return all, nil
		}
	}
}

// undo makes entities what they were before some events. By is what whoever asks calls
// themselves: nobody signs in.
func (p *portal) undo(ctx context.Context, events []eventlog.Position, reason, by, request string) ([]eventlog.Position, error) {
	records := make([]eventlog.Record, len(events))
	for i, at := range events {
		var err error
		if records[i], err = p.events.At(ctx, at); err != nil {
			return nil, err
		}
	}
	appended, err := p.intake().translator.Undo(ctx, records, ingest.Undoing{Reason: reason, By: namedOr(ctx, by), Request: request})
	if err != nil {
		return nil, err
	}
	all := make([]eventlog.Position, len(appended))
	for i, at := range appended {
		all[i] = eventlog.Position(at)
	}
	return all, p.runner.WaitAll(ctx, all[len(all)-1])
}
