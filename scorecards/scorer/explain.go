package scorer

import (
	"cmp"
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Question is which rule is to be explained, for which entity, as of when.
type Question struct {
	Card, Entity string // full refs
	Rule         string // its id
	// Draft is the card as it is proposed, since the log's own says nothing yet; nil: there
	// is none.
	Draft *scorecards.Card
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
// stands still while these are gathered. Of another moment the log is read from its beginning,
// for few at a time; the scorer goes on.
//
// Errors are of kind fault.NotFound if there is, or was, no such rule or entity, and of
// kind fault.Unavailable if ctx ended before there was an answer.
func (s *Scorer) Explain(ctx context.Context, q Question) (*Explained, error) {
	if q.At.IsZero() && q.Known == 0 {
		var k *knowledge
		var err error
		failed := s.between(ctx, func(j *judge) {
			k, err = j.world.knows(q, j.at, s.clock(j))
		})
		if err := cmp.Or(failed, err); err != nil {
			return nil, err
		}
		return s.explain(ctx, k, q), nil
	}
	select {
	case s.past <- struct{}{}:
		defer func() { <-s.past }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "others are going back in time just now: %w", ctx.Err())
	}
	k, err := knowledgeOf(ctx, s.Log, s.Kinds, q)
	if err != nil {
		return nil, err
	}
	return s.explain(ctx, k, q), nil
}

// knowledgeOf folds the log as far as it counts.
func knowledgeOf(ctx context.Context, log eventlog.Reader, kinds catalog.Kinds, q Question) (*knowledge, error) {
	w := NewWorld(kinds)
	w.only = q.Card
	last := q.Known
	if last == 0 {
		var err error
		if last, err = log.Last(ctx); err != nil {
			return nil, err
		}
	}
	var at eventlog.Position
	var clock time.Time
	err := readAhead(ctx, log, last, func(rec eventlog.Record) (reading, error) { return readingOf(rec, kinds) }, func(rec reading) error {
		at = rec.Position
		if !q.At.IsZero() && rec.Time.After(q.At) {
			return nil
		}
		// What time alone led to is known from when it was said.
		if (matters(rec.Record) || rec.Type == event.TypeScoreChanged) && rec.Time.After(clock) {
			clock = rec.Time
		}
		_, err := w.fold(rec)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, fault.New(fault.Unavailable, "it takes too long to go back to then: %d events were read: %w", at, ctx.Err())
	case err != nil:
		return nil, err
	}
	if !q.At.IsZero() {
		clock = q.At
	}
	return w.knows(q, at, clock)
}

// knowledge is all that is needed to explain a rule. Nothing of it changes with the world.
type knowledge struct {
	card    *scorecards.Card
	rule    *scorecards.Rule
	subject *scorecards.Subject
	now     time.Time
	at      eventlog.Position
}

// explain evaluates the rule, and finds what each value is from.
func (s *Scorer) explain(ctx context.Context, k *knowledge, q Question) *Explained {
	x := &Explained{Explanation: k.card.Explain(k.rule, k.subject, k.now), Card: k.card, Rule: k.rule, At: k.now, Position: k.at}
	if s.Versions == nil {
		return x
	}
	a := attribution{versions: func(ref string) ([]Version, error) { return s.Versions(ctx, ref, q.At, q.Known) }, subject: k.subject, read: map[string][]Version{}}
	for _, root := range []*scorecards.Node{x.Judges, x.Filter, x.Expr} {
		a.node(root)
	}
	if a.failed != nil { // the newest event of each descriptor is named then
		s.Logger.WarnContext(ctx, "what a rule reads is not told by field", "entity", q.Entity, "error", a.failed)
	}
	return x
}

func (w *World) knows(q Question, at eventlog.Position, now time.Time) (*knowledge, error) {
	if q.Draft != nil && w.cards[q.Card] == nil { // the files that it reads are looked at, too
		w.cards[q.Card], w.read = q.Draft, nil
		defer func() {
			delete(w.cards, q.Card)
			w.read = nil
		}()
	}
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
	subject.Known()
	related := subject.Relations()
	subject.Observe, subject.Relations = nil, func() []catalog.Relation { return related }
	return &knowledge{card, rule, subject, now, at}, nil
}
