package scores

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/callboard/callboard/eventlog"
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

// Trend returns how entities stood on a card at moments in order, by what was known at a
// position; zero is now. The days of UTC are what is counted by: a moment within a day
// stands for its midnight, but the last one, if nothing of its day came later, is as it says.
func (s *Scores) Trend(ctx context.Context, card string, moments []time.Time, known eventlog.Position) ([]scorecards.Point, error) {
	t := scorecards.NewTally(moments)
	last := moments[len(moments)-1].UnixNano()
	// What happened in a day is so at its end, and now.
	so := func(day int64) time.Time { return time.Unix(0, min((day+1)*nanosOfDay, max(last, day*nanosOfDay))) }
	if known > 0 {
		err := s.spelled(ctx, t, card, known, so)
		return t.Points(), err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT day, rule, outcome, n, points, of FROM tallies WHERE card = ? ORDER BY day`, card)
	if err != nil {
		return nil, fmt.Errorf("read the trend of %s: %w", card, err)
	}
	defer rows.Close()
	for rows.Next() {
		var day int64
		var rule, outcome string
		var c counted
		if err := rows.Scan(&day, &rule, &outcome, &c.n, &c.points, &c.of); err != nil {
			return nil, err
		}
		if rule == "" {
			t.Level(so(day), outcome, c.n, c.points, c.of)
		} else {
			t.Rule(so(day), rule, scorecards.Outcome(outcome), c.n)
		}
	}
	return t.Points(), rows.Err()
}

// spelled adds to a trend how each entity stood by what was known: the sums of days are of
// what is known now.
func (s *Scores) spelled(ctx context.Context, t *scorecards.Tally, card string, known eventlog.Position, so func(day int64) time.Time) error {
	for one, err := range s.Spells(ctx, card, known) {
		if err != nil {
			return err
		}
		outcomes, err := one.Outcomes()
		if err != nil {
			return err
		}
		add := func(at time.Time, n int) {
			day := so(at.UnixNano() / nanosOfDay)
			t.Level(day, one.Level, n, float64(n)*one.Points, float64(n)*one.Of)
			for rule, outcome := range outcomes {
				t.Rule(day, rule, scorecards.Outcome(outcome), n)
			}
		}
		add(one.Since, 1)
		if !one.Until.IsZero() {
			add(one.Until, -1)
		}
	}
	return nil
}

// Began returns when the first entity was judged by a card, by what was known at a position;
// zero if none was. A position of zero is now.
func (s *Scores) Began(ctx context.Context, card string, known eventlog.Position) (time.Time, error) {
	newest := int64(known) //nolint:gosec // a position
	if known == 0 {
		newest = math.MaxInt64
	}
	var first *int64
	if err := s.db.QueryRowContext(ctx, `SELECT min(since) FROM scores WHERE card = ? AND position <= ?`, card, newest).Scan(&first); err != nil || first == nil {
		return time.Time{}, err
	}
	return time.Unix(0, *first).UTC(), nil
}
