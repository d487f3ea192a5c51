package scorer

import (
	"cmp"
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Question is which rule is to be explained, for which entity, as of when.
type Question struct {
	Card, Entity string // full refs
	Rule         string // its id
	// At leaves out what came true later, and Known what was recorded after that position.
	// Both zero: as of now.
	At    time.Time
	Known eventlog.Position
}

// Explained is how a rule comes to what it says of an entity.
type Explained struct {
	*scorecards.Explanation
	Card     *scorecards.Card // as it was
	Rule     *scorecards.Rule // one of its rules
	At       time.Time        // as of when it was evaluated
	Position eventlog.Position
}

// Explain has a rule evaluated once more, by the code and on the facts that the scorer
// judges by, and tells what each part of its expression came to. As of now the scorer
// stands still meanwhile. Of another moment the log is read from its beginning, in which
// time Explain does not return; the scorer goes on.
//
// Errors are of kind fault.NotFound if there is, or was, no such rule or entity, and of
// kind fault.Unavailable if ctx ended before there was an answer.
func (s *Scorer) Explain(ctx context.Context, q Question) (*Explained, error) {
	if q.At.IsZero() && q.Known == 0 {
		var x *Explained
		var err error
		failed := s.between(ctx, func(j *judge) {
			now := j.clock
			if by := s.Now(); by.After(now) {
				now = by
			}
			x, err = j.world.explain(q, j.at, now)
		})
		return x, cmp.Or(failed, err)
	}
	return explainPast(ctx, s.Log, s.Kinds, q)
}

// explainPast folds the log as far as it counts.
func explainPast(ctx context.Context, log eventlog.Reader, kinds catalog.Kinds, q Question) (*Explained, error) {
	w := NewWorld(kinds)
	w.only = q.Card
	var at eventlog.Position
	var clock time.Time
	for rec, err := range log.Read(ctx, 0) {
		switch {
		case ctx.Err() != nil:
			return nil, fault.New(fault.Unavailable, "it takes too long to go back to then: %d events were read: %w", at, ctx.Err())
		case err != nil:
			return nil, err
		}
		if q.Known > 0 && rec.Position > q.Known {
			break
		}
		at = rec.Position
		if !q.At.IsZero() && rec.Time.After(q.At) {
			continue
		}
		if err := w.Apply(rec); err != nil {
			return nil, err
		}
		if matters(rec) && rec.Time.After(clock) {
			clock = rec.Time
		}
	}
	if !q.At.IsZero() {
		clock = q.At
	}
	return w.explain(q, at, clock)
}

func (w *World) explain(q Question, at eventlog.Position, now time.Time) (*Explained, error) {
	card := w.cards[q.Card]
	if card == nil {
		return nil, fault.New(fault.NotFound, "no %s judges anything at that moment", q.Card)
	}
	rule := card.Rule(q.Rule)
	if rule == nil {
		return nil, fault.New(fault.NotFound, "%s has no rule %s at that moment", q.Card, q.Rule)
	}
	subject, err := w.Subject(q.Entity, now)
	if err != nil {
		return nil, err
	}
	if subject == nil {
		return nil, fault.New(fault.NotFound, "there is no %s at that moment", q.Entity)
	}
	return &Explained{Explanation: card.Explain(rule, subject, now), Card: card, Rule: rule, At: now, Position: at}, nil
}
