package main

import (
	"context"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// reporter puts on record what people and pipelines know, and returns once it can be read.
type reporter struct{ *portal }

var _ api.Reporter = reporter{}

// Report implements [api.Reporter].
func (r reporter) Report(ctx context.Context, reports []event.Report, by, request string) ([]eventlog.Appended, error) {
	appended, err := r.intake().translator.Report(ctx, reports, by, request)
	if err != nil || len(appended) == 0 {
		return appended, err
	}
	var last eventlog.Position
	for _, a := range appended {
		last = max(last, a.Position)
	}
	return appended, r.runner.WaitAll(ctx, last)
}

// Verify implements [api.Reporter].
func (r reporter) Verify(ctx context.Context, entity, by, note, request string) (eventlog.Position, error) {
	p, err := r.intake().translator.Verify(ctx, entity, by, note, request)
	if err != nil {
		return 0, err
	}
	return p, r.runner.WaitAll(ctx, p)
}
