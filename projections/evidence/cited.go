package evidence

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// citations holds what a report cites against the log. What was folded from it can be
// edited where it is kept, and nothing would show; the log is under seal.
type citations struct {
	log  Log
	read map[eventlog.Position]eventlog.Record
}

func (c citations) at(ctx context.Context, p eventlog.Position) (eventlog.Record, error) {
	if rec, ok := c.read[p]; ok {
		return rec, nil
	}
	rec, err := c.log.At(ctx, p)
	if err == nil {
		c.read[p] = rec
	}
	return rec, err
}

// check checks that the events that an entity's stretches go back to say what these say.
func (c citations) check(ctx context.Context, q Question, e Entity) error {
	for _, s := range e.Owners {
		rec, err := c.at(ctx, s.By.Position)
		if err != nil {
			return err
		}
		if rec.Subject != e.Ref {
			return amiss("history", s.By.Position)
		}
	}
	for _, s := range e.Control {
		rec, err := c.at(ctx, s.By.Position)
		if err != nil {
			return err
		}
		if !says(rec, q, e.Ref, s) {
			return amiss("scores", s.By.Position)
		}
	}
	return nil
}

func amiss(model string, p eventlog.Position) error {
	return fault.New(fault.Conflict, "what %s has of event %d is not what the log says: somebody changed it; callboard rebuild %s folds it anew", model, p, model)
}

// says reports whether an event begins a stretch of a control.
func says(rec eventlog.Record, q Question, entity string, s Stretch) bool {
	if rec.Type != event.TypeScoreChanged || rec.Subject != entity {
		return false
	}
	d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
	if err != nil || d.Card != q.Scorecard || d.After == nil {
		return false
	}
	if q.Rule == "" {
		return d.After.Level == s.Value
	}
	return slices.ContainsFunc(d.Rules, func(c event.RuleChange) bool { return c.Rule == q.Rule && c.After == s.Value && c.Message == s.Says })
}

// hasLevels checks that the level of a scorecard can be asked for.
func (r *Reporter) hasLevels(ctx context.Context, q Question, end projections.Moment) error {
	if q.Scorecard == "" || q.Rule != "" {
		return nil
	}
	told, err := r.Ledger.Tell(ctx, end, q.Scorecard)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(told[q.Scorecard]) {
		var obj map[string]any
		if t.Entity == "" || json.Unmarshal([]byte(t.Entity), &obj) != nil {
			continue
		}
		if card, err := catalog.Read(obj); err == nil && card.Spec["levels"] == nil {
			return fault.New(fault.Invalid, "%s has points and no levels: name one of its rules", q.Scorecard)
		}
		break
	}
	return nil
}
