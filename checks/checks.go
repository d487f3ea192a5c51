// Package checks says before a merge what that would do: to the catalog, and to scores. A
// proposal is read by the code that reads a push and judged by the code that judges the
// log, with nothing appended (docs/checks.md).
//
// Start with [Judge.Outcome], which makes an [Outcome] of a proposal; [Upload] is one that
// somebody sends, [Watch] looks at the pull requests that forges tell of, and [Store] keeps
// what was said of them.
package checks

import (
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards/scorer"
)

// patience is how long a prediction may take, waiting included.
const patience = 30 * time.Second

// Predictor says what a proposal would have appended; [ingest.Translator] is one.
type Predictor interface {
	Predict(ctx context.Context, source string, p ingest.Proposal) (ingest.Prediction, error)
}

// Scores says which scores would change; [scorer.Scorer] is one.
type Scores interface {
	Predict(ctx context.Context, known eventlog.Position, events []event.Event) ([]scorer.Foreseen, error)
}

// Judge makes outcomes. Make one with [NewJudge].
type Judge struct {
	predictor Predictor
	scores    Scores
	catalog   func() *entities.Snapshot
	kinds     catalog.Kinds
	turn      chan struct{} // holds one thing while one works
}

// NewJudge returns a judge. One proposal is judged at a time; the others wait.
func NewJudge(p Predictor, s Scores, snapshot func() *entities.Snapshot, kinds catalog.Kinds) *Judge {
	return &Judge{predictor: p, scores: s, catalog: snapshot, kinds: kinds, turn: make(chan struct{}, 1)}
}

// Outcome says what would come of a proposal.
func (j *Judge) Outcome(ctx context.Context, source string, p ingest.Proposal) (*Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "other changes are being checked: try again in a minute")
	}
	seen, err := j.predictor.Predict(ctx, source, p)
	if err != nil {
		return nil, err
	}
	scores, err := j.scores.Predict(ctx, seen.Position, seen.Events)
	if err != nil {
		return nil, err
	}
	b := builder{
		before: seen.Before, snapshot: j.catalog(), kinds: j.kinds, after: map[string]*catalog.Entity{}, declared: map[string]event.Declaration{},
		Outcome: Outcome{
			Source: source, Repository: p.Repository.FullName, Commit: p.Commit.SHA, Position: uint64(seen.Position), At: p.Commit.Time, Held: seen.Held,
			Entities: []Entity{}, Refused: []Refused{}, Broken: []Relation{}, Missing: []Missing{}, Scores: []Score{},
		},
	}
	for _, e := range seen.Events {
		if err := b.take(e); err != nil {
			return nil, err
		}
	}
	if b.Commit == unnamed {
		b.Commit = ""
	}
	b.relate()
	b.astray()
	b.Scores = append(b.Scores, scoresOf(scores)...)
	return &b.Outcome, nil
}
