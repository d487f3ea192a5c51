package main

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// versions tells the scorer what an entity was, up to a moment.
func (p *portal) versions(ctx context.Context, ref string, at time.Time, known eventlog.Position) ([]scorer.Version, error) {
	told, err := p.ledger.Tell(ctx, projections.Moment{At: at, Known: known}, ref)
	if err != nil {
		return nil, err
	}
	all := make([]scorer.Version, len(told[ref]))
	for i, t := range told[ref] {
		all[i] = scorer.Version{
			Source: scorecards.Source{Position: int64(t.Position), Commit: t.Cause.Commit, Actor: t.Actor.String(), At: t.Time}, //nolint:gosec // no log is that long
			Entity: t.Entity,
		}
	}
	return all, nil
}
