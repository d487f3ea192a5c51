package scores

import (
	"context"
	"fmt"
	"time"

	"github.com/callboard/callboard/projections/sqlstore"
	"github.com/callboard/callboard/scorecards"
)

// tally is by how much the numbers of a day change: of entities at a level, with their
// points, and of those with an outcome of a rule.
type tally map[tallied]*counted

type tallied struct{ rule, outcome string }

type counted struct {
	n          int
	points, of float64
}

func (t tally) at(key tallied) *counted {
	if t[key] == nil {
		t[key] = &counted{}
	}
	return t[key]
}

func (t tally) add(n int, level string, points, of float64, rules []Rule) {
	l := t.at(tallied{"", level})
	l.n += n
	l.points += float64(n) * points
	l.of += float64(n) * of
	for _, r := range rules {
		t.at(tallied{r.ID, r.Outcome}).n += n
	}
}

const nanosOfDay = int64(24 * time.Hour)

func (t tally) write(tx *sqlstore.Tx, card string, at int64) error {
	for key, c := range t {
		if *c == (counted{}) {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO tallies (card, day, rule, outcome, n, points, of) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET n = n + excluded.n, points = points + excluded.points, of = of + excluded.of`,
			card, at/nanosOfDay, key.rule, key.outcome, c.n, c.points, c.of); err != nil {
			return err
		}
	}
	return nil
}

// Trend returns how entities stood on a card at moments in order, by what is on record
// now. The days of UTC are what is counted by: a moment within a day stands for its
// midnight, but the last one, if nothing of its day came later, is as it says.
func (s *Scores) Trend(ctx context.Context, card string, moments []time.Time) ([]scorecards.Point, error) {
	t := scorecards.NewTally(moments)
	rows, err := s.db.QueryContext(ctx, `SELECT day, rule, outcome, n, points, of FROM tallies WHERE card = ? ORDER BY day`, card)
	if err != nil {
		return nil, fmt.Errorf("read the trend of %s: %w", card, err)
	}
	defer rows.Close()
	last := moments[len(moments)-1].UnixNano()
	for rows.Next() {
		var day int64
		var rule, outcome string
		var c counted
		if err := rows.Scan(&day, &rule, &outcome, &c.n, &c.points, &c.of); err != nil {
			return nil, err
		}
		// What happened in a day is so at its end, and now.
		at := time.Unix(0, min((day+1)*nanosOfDay, max(last, day*nanosOfDay)))
		if rule == "" {
			t.Level(at, outcome, c.n, c.points, c.of)
		} else {
			t.Rule(at, rule, scorecards.Outcome(outcome), c.n)
		}
	}
	return t.Points(), rows.Err()
}

// Began returns when the first entity was judged by a card as is on record; zero if none
// was.
func (s *Scores) Began(ctx context.Context, card string) (time.Time, error) {
	var first *int64
	if err := s.db.QueryRowContext(ctx, `SELECT min(since) FROM scores WHERE card = ?`, card).Scan(&first); err != nil || first == nil {
		return time.Time{}, err
	}
	return time.Unix(0, *first).UTC(), nil
}
