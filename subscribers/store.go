package subscribers

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// keptAttempts is how many attempts are kept of each subscriber.
const keptAttempts = 100

// Store keeps how far subscribers are, what was sent lately, and dead letters, in a
// file of SQLite. It cannot be folded from the log.
//
// A crash of the machine can take its newest transactions; the events in them are
// then sent again.
type Store struct{ db *sql.DB }

// Open opens or creates the file.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := sqlstore.OpenDB(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// begin makes a subscriber known that is new.
func (s *Store) begin(ctx context.Context, name string, at eventlog.Position, now time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO subscribers (name, position, began) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`, name, at, nano(now))
	if err != nil {
		return fmt.Errorf("begin with subscriber %s: %w", name, err)
	}
	return nil
}

// load reads how far a subscriber is.
func (s *Store) load(ctx context.Context, name string) (p Progress, err error) {
	var paused, delivered, since, retry, refused, began int64
	var some []byte
	err = s.db.QueryRowContext(ctx, `SELECT position, batch, paused, paused_at, by_hand, delivered_at, failures, failing_since, retry_at, reason, refusals, refused_since, began, partly
		FROM subscribers WHERE name = ?`, name).
		Scan(&p.Position, &p.batch, &p.PausedFor, &paused, &p.ByHand, &delivered, &p.Failures, &since, &retry, &p.Reason, &p.Refusals, &refused, &began, &some)
	if err == nil {
		err = json.Unmarshal(some, &p.partly)
	}
	if err != nil {
		return Progress{}, fmt.Errorf("read how far subscriber %s is: %w", name, err)
	}
	p.began = moment(began)
	p.PausedAt, p.Delivered, p.FailingSince, p.RetryAt, p.RefusedSince = moment(paused), moment(delivered), moment(since), moment(retry), moment(refused)
	return p, nil
}

// step is what changes at once.
type step struct {
	name string
	Progress
	attempt *Attempt
	letter  *Letter             // becomes one
	delete  []eventlog.Position // dead letters that are none any more
}

// save makes a step durable, all of it or nothing.
func (s *Store) save(ctx context.Context, st step) error {
	// What was sent was sent: that the portal ends does not undo it.
	ctx = context.WithoutCancel(ctx)
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keep how far subscriber %s is: %w", st.name, err)
	}
	defer tx.Rollback() // after the commit there is nothing to undo
	if err := st.write(ctx, tx); err != nil {
		return fmt.Errorf("keep how far subscriber %s is: %w", st.name, err)
	}
	return tx.Commit()
}

func (st step) write(ctx context.Context, tx *sql.Tx) error {
	some, err := json.Marshal(st.partly)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE subscribers SET position = ?, batch = ?, paused = ?, paused_at = ?, by_hand = ?, delivered_at = ?, failures = ?, failing_since = ?,
		retry_at = ?, reason = ?, refusals = ?, refused_since = ?, partly = ? WHERE name = ?`,
		st.Position, st.batch, st.PausedFor, nano(st.PausedAt), st.ByHand, nano(st.Delivered), st.Failures, nano(st.FailingSince),
		nano(st.RetryAt), st.Reason, st.Refusals, nano(st.RefusedSince), string(some), st.name)
	if err != nil {
		return err
	}
	if a := st.attempt; a != nil {
		_, err := tx.ExecContext(ctx, `INSERT INTO attempts (subscriber, at, kind, first, last, events, verdict, status, reason, answer, took) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			st.name, nano(a.At), a.Kind, a.First, a.Last, a.Events, a.Verdict, a.Status, a.Reason, a.Answer, a.Took)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM attempts WHERE subscriber = ? AND id <= (SELECT id FROM attempts WHERE subscriber = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
				st.name, st.name, keptAttempts)
		}
		if err != nil {
			return err
		}
	}
	if l := st.letter; l != nil {
		some, err := json.Marshal(l.partly)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO dead_letters (subscriber, position, type, subject, since, at, attempts, status, reason, answer, partly) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (subscriber, position) DO UPDATE SET at = excluded.at, attempts = excluded.attempts, status = excluded.status, reason = excluded.reason, answer = excluded.answer, partly = excluded.partly`,
			st.name, l.Position, l.Type, l.Subject, nano(l.Since), nano(l.At), l.Attempts, l.Status, l.Reason, l.Answer, string(some))
		if err != nil {
			return err
		}
	}
	if len(st.delete) == 0 {
		return nil
	}
	gone, err := json.Marshal(st.delete)
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM dead_letters WHERE subscriber = ? AND position IN (SELECT value FROM json_each(?))`, st.name, string(gone))
	}
	return err
}

// attempts returns the newest first.
func (s *Store) attempts(ctx context.Context, name string, limit int) ([]Attempt, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT at, kind, first, last, events, verdict, status, reason, answer, took FROM attempts WHERE subscriber = ? ORDER BY id DESC LIMIT ?`, name, limit)
	if err != nil {
		return nil, fmt.Errorf("read what was sent to subscriber %s: %w", name, err)
	}
	defer rows.Close()
	var all []Attempt
	for rows.Next() {
		var a Attempt
		var at int64
		if err := rows.Scan(&at, &a.Kind, &a.First, &a.Last, &a.Events, &a.Verdict, &a.Status, &a.Reason, &a.Answer, &a.Took); err != nil {
			return nil, err
		}
		a.At = moment(at)
		all = append(all, a)
	}
	return all, rows.Err()
}

const letterColumns = `position, type, subject, since, at, attempts, status, reason, answer, partly`

// letters returns dead letters after a position, the oldest first.
func (s *Store) letters(ctx context.Context, name string, after eventlog.Position, limit int) ([]Letter, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+letterColumns+` FROM dead_letters WHERE subscriber = ? AND position > ? ORDER BY position LIMIT ?`, name, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the dead letters of subscriber %s: %w", name, err)
	}
	defer rows.Close()
	var all []Letter
	for rows.Next() {
		l, err := scanLetter(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// letter returns one, or an error of kind fault.NotFound.
func (s *Store) letter(ctx context.Context, name string, at eventlog.Position) (Letter, error) {
	l, err := scanLetter(s.db.QueryRowContext(ctx, `SELECT `+letterColumns+` FROM dead_letters WHERE subscriber = ? AND position = ?`, name, at))
	if errors.Is(err, sql.ErrNoRows) {
		return Letter{}, fault.New(fault.NotFound, "event %d is no dead letter of subscriber %s", at, name)
	}
	return l, err
}

func (s *Store) countLetters(ctx context.Context, name string) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM dead_letters WHERE subscriber = ?`, name).Scan(&n)
	return n, err
}

func scanLetter(row interface{ Scan(...any) error }) (Letter, error) {
	var l Letter
	var since, at int64
	var some []byte
	err := row.Scan(&l.Position, &l.Type, &l.Subject, &since, &at, &l.Attempts, &l.Status, &l.Reason, &l.Answer, &some)
	if err == nil {
		err = json.Unmarshal(some, &l.partly)
	}
	l.Since, l.At = moment(since), moment(at)
	return l, err
}

func nano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(nano int64) time.Time {
	if nano == 0 {
		return time.Time{}
	}
	return time.Unix(0, nano).UTC()
}
