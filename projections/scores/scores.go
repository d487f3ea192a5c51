// Package scores is how entities stand on scorecards, now and before: each row is
// how one entity stood on one card from an event to the next. It keeps its rows
// in SQLite.
package scores

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "scores"

//go:embed migrations/*.sql
var migrations embed.FS

// Scores is the projection.
type Scores struct {
	db    *sqlstore.Store
	lines lines
}

// Open opens or creates the projection's file.
func Open(ctx context.Context, path string) (*Scores, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Scores{db: db}, nil
}

// Close closes the file.
func (s *Scores) Close() error { return s.db.Close() }

// Name returns [Name].
func (s *Scores) Name() string { return Name }

// Position returns how far the rows have come.
func (s *Scores) Position(ctx context.Context) (eventlog.Position, error) { return s.db.Position(ctx) }

// Apply folds records.
func (s *Scores) Apply(ctx context.Context, records []eventlog.Record) error {
	return s.db.Apply(ctx, records, fold)
}

// Beside makes a second copy, in another file.
func (s *Scores) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := s.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Scores{db: c.Store}, Replacement: replacement{c, s}}, nil
}

func fold(tx *sqlstore.Tx, rec eventlog.Record) error {
	if rec.Type != event.TypeScoreChanged {
		return nil
	}
	d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
	if err != nil {
		return err
	}
	var rules []Rule
	var written, level string
	since := rec.Time.UnixNano()
	var began, ended int64
	count := tally{}
	var points, of float64
	err = tx.QueryRow(`SELECT rules, level, max(since, until), points, of, ended FROM scores WHERE card = ? AND entity = ? ORDER BY position DESC LIMIT 1`, d.Card, rec.Subject).
		Scan(&written, &level, &began, &points, &of, &ended)
	switch {
	case err == nil && ended == 0:
		if err := json.Unmarshal([]byte(written), &rules); err != nil {
			return err
		}
		count.add(-1, level, points, of, rules)
	case err == nil: // it was not judged for a while
		level = ""
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	since = max(since, began) // clocks of commits go backward
	if _, err := tx.Exec(`UPDATE scores SET until = ?, ended = ? WHERE card = ? AND entity = ? AND ended = 0`, since, rec.Position, d.Card, rec.Subject); err != nil {
		return err
	}
	if d.After == nil {
		return errors.Join(count.write(tx, d.Card, since), writeStanding(tx, rec, d, since, nil))
	}
	rules = after(rules, d.Rules, origin{rec, time.Unix(0, since).UTC()})
	if err := writeStanding(tx, rec, d, since, rules); err != nil {
		return err
	}
	count.add(1, d.After.Level, d.After.Points, d.After.Of, rules)
	if err := count.write(tx, d.Card, since); err != nil {
		return err
	}
	now, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	actor, err := json.Marshal(rec.Actor)
	if err != nil {
		return err
	}
	cause, err := json.Marshal(rec.Cause)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO scores (card, entity, position, since, level, before, points, of, rules, actor, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Card, rec.Subject, rec.Position, since, d.After.Level, level, d.After.Points, d.After.Of, string(now), string(actor), string(cause))
	return err
}

type origin struct {
	eventlog.Record
	since time.Time
}

// after returns how all rules stand once some have changed.
func after(all []Rule, changes []event.RuleChange, o origin) []Rule {
	for _, c := range changes {
		now := Rule{ID: c.Rule, Outcome: c.After, Before: c.Before, Message: c.Message, Since: o.since, Position: o.Position, Actor: o.Actor, Cause: o.Cause}
		at := -1
		for i := range all {
			if all[i].ID == c.Rule {
				at = i
			}
		}
		switch {
		case c.After == "" && at >= 0:
			all = append(all[:at], all[at+1:]...)
		case c.After == "":
		case at >= 0:
			all[at] = now
		default:
			all = append(all, now)
		}
	}
	return all
}

// Rule is what a rule comes to for an entity, and since which event.
type Rule struct {
	ID       string            `json:"rule"`
	Outcome  string            `json:"outcome"`
	Before   string            `json:"before,omitempty"`
	Message  string            `json:"message,omitempty"`
	Since    time.Time         `json:"since"`
	Position eventlog.Position `json:"position"`
	Actor    event.Actor       `json:"actor"`
	Cause    event.Cause       `json:"cause"`
}

// Score is how an entity stood on a card for a time.
type Score struct {
	Card     string            `json:"card"`
	Entity   string            `json:"entity"`
	Level    string            `json:"level"`
	Before   string            `json:"before"` // the level before
	Points   float64           `json:"points"`
	Of       float64           `json:"of"`
	Rules    []Rule            `json:"rules"`
	Since    time.Time         `json:"since"`
	Until    time.Time         `json:"until,omitzero"` // zero while it lasts
	Position eventlog.Position `json:"position"`       // of the event that began it
	Actor    event.Actor       `json:"actor"`
	Cause    event.Cause       `json:"cause"`
}

// Query selects scores. Empty fields select all.
type Query struct {
	Card, Entity string // full refs
	// Moment is when they stood so; zero is now. Without At it is how the newest record
	// has it that counts.
	projections.Moment
	// Past has all that were on record, instead of those of a time. At is not looked at.
	Past bool
}

// List returns scores by card and entity, the oldest first.
func (s *Scores) List(ctx context.Context, q Query) ([]Score, error) {
	known := int64(q.Known) //nolint:gosec // a position
	if known == 0 {
		known = math.MaxInt64
	}
	text := `SELECT card, entity, position, since, iif(ended > ?3, 0, until), level, before, points, of, rules, actor, cause
		FROM scores WHERE (?1 = '' OR card = ?1) AND (?2 = '' OR entity = ?2) AND position <= ?3`
	args := []any{q.Card, q.Entity, known}
	switch {
	case q.Past:
	case q.At.IsZero():
		text += ` AND (ended = 0 OR ended > ?3)`
	default:
		text += ` AND since <= ?4 AND (ended = 0 OR ended > ?3 OR until > ?4)`
		args = append(args, q.At.UnixNano())
	}
	return s.read(ctx, text+` ORDER BY card, entity, position`, args...)
}

// OnRecord reports whether anything was ever judged by a card, by what was known at a
// position; zero is now. With the id of a rule, whether it was by that rule.
func (s *Scores) OnRecord(ctx context.Context, card, rule string, known eventlog.Position) (is bool, err error) {
	last := int64(known) //nolint:gosec // a position
	if last == 0 {
		last = math.MaxInt64
	}
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM scores WHERE card = ?1 AND position <= ?2
		AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(rules) WHERE value ->> 'rule' = ?3)))`, card, last, rule).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("ask whether anything is on record of %s: %w", card, err)
	}
	return is, nil
}

// read returns the scores of a query for all of their columns.
func (s *Scores) read(ctx context.Context, query string, args ...any) ([]Score, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read scores: %w", err)
	}
	defer rows.Close()
	var all []Score
	for rows.Next() {
		var one Score
		var since, until int64
		var rules, actor, cause []byte
		if err := rows.Scan(&one.Card, &one.Entity, &one.Position, &since, &until, &one.Level, &one.Before, &one.Points, &one.Of, &rules, &actor, &cause); err != nil {
			return nil, err
		}
		one.Since = time.Unix(0, since).UTC()
		if until != 0 {
			one.Until = time.Unix(0, until).UTC()
		}
		if err := errors.Join(json.Unmarshal(rules, &one.Rules), json.Unmarshal(actor, &one.Actor), json.Unmarshal(cause, &one.Cause)); err != nil {
			return nil, fmt.Errorf("decode the score of %s on %s: %w", one.Entity, one.Card, err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

var _ projections.Rebuildable = (*Scores)(nil)
