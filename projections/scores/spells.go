package scores

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/callboard/callboard/eventlog"
)

// Spell is how an entity stood on a card for a time, without whose doing it was.
type Spell struct {
	Entity string
	Level  string
	Points float64
	Of     float64
	Since  time.Time
	Until  time.Time // zero while it lasts

	rules    []byte // JSON
	outcomes map[string]string
}

// Outcomes is what the rules came to, by their ids. It is read once, when it is asked for.
func (s *Spell) Outcomes() (map[string]string, error) {
	if s.outcomes != nil {
		return s.outcomes, nil
	}
	var rules []struct{ Rule, Outcome string }
	if err := json.Unmarshal(s.rules, &rules); err != nil {
		return nil, fmt.Errorf("decode the rules of %s: %w", s.Entity, err)
	}
	s.outcomes = make(map[string]string, len(rules))
	for _, r := range rules {
		s.outcomes[r.Rule] = r.Outcome
	}
	return s.outcomes, nil
}

// Spells yields all that was on record on a card, by what was known at a position; zero is
// now. A spell is to be used before the next one is asked for.
func (s *Scores) Spells(ctx context.Context, card string, known eventlog.Position) iter.Seq2[*Spell, error] {
	return s.spells(ctx, card, known, "")
}

// SpellsOf yields the same of some entities, by their full refs.
func (s *Scores) SpellsOf(ctx context.Context, card string, known eventlog.Position, entities []string) iter.Seq2[*Spell, error] {
	of, err := json.Marshal(entities)
	if err != nil { // which no text is
		return func(yield func(*Spell, error) bool) { yield(nil, err) }
	}
	return s.spells(ctx, card, known, ` AND entity IN (SELECT value FROM json_each(?3))`, string(of))
}

func (s *Scores) spells(ctx context.Context, card string, known eventlog.Position, which string, args ...any) iter.Seq2[*Spell, error] {
	return func(yield func(*Spell, error) bool) {
		last := int64(known) //nolint:gosec // a position
		if last == 0 {
			last = math.MaxInt64
		}
		rows, err := s.db.QueryContext(ctx, `SELECT entity, since, iif(ended > ?2, 0, until), level, points, of, rules FROM scores WHERE card = ?1 AND position <= ?2`+which, append([]any{card, last}, args...)...)
		if err != nil {
			yield(nil, fmt.Errorf("read the scores on %s: %w", card, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var one Spell
			var since, until int64
			if err := rows.Scan(&one.Entity, &since, &until, &one.Level, &one.Points, &one.Of, &one.rules); err != nil {
				yield(nil, err)
				return
			}
			one.Since = time.Unix(0, since).UTC()
			if until != 0 {
				one.Until = time.Unix(0, until).UTC()
			}
			if !yield(&one, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}
