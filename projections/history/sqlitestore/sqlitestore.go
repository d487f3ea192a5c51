// Package sqlitestore keeps the rows of the history in a SQLite file.
package sqlitestore

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is such a file.
type Store struct {
	db    *sqlstore.Store
	later atomic.Bool // some indexes are still to be made
}

var _ history.Replaceable = (*Store)(nil)

// Open opens or creates the file.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	missing, err := s.pairs(ctx, "SELECT name, statement FROM later")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.later.Store(len(missing) > 0)
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Position returns how far the rows have come.
func (s *Store) Position(ctx context.Context) (eventlog.Position, error) {
	return s.db.Position(ctx)
}

// Beside makes a second file beside this one; see [history.Replaceable].
func (s *Store) Beside(ctx context.Context) (history.Store, projections.Replacement, error) {
	c, err := s.db.Beside(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows := &Store{db: c.Store}
	return rows, beside{c, rows}, nil
}

const newest = `SELECT e.about, e.truth, e.state, e.declares, d.rest
	FROM json_each(?) asked
	JOIN events e ON e.position = (SELECT max(position) FROM events WHERE about = asked.value)
	LEFT JOIN events d ON d.position = e.declares`

// Newest returns the newest version of each of some things.
func (s *Store) Newest(ctx context.Context, about []string) (_ map[string]history.Version, err error) {
	asked, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, newest, asked)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]history.Version{}
	for rows.Next() {
		var (
			of    string
			truth int64
			rest  []byte
			v     history.Version
		)
		if err := rows.Scan(&of, &truth, &v.State, &v.Declares, &rest); err != nil {
			return nil, err
		}
		v.Truth = moment(truth)
		if v.Declares > 0 {
			e, err := history.Unpack(rest)
			if err != nil {
				return nil, fmt.Errorf("position %d: %w", v.Declares, err)
			}
			v.Declared = e.Data
		}
		all[of] = v
	}
	return all, rows.Err()
}

const insert = `INSERT INTO events (position, id, type, source, subject, kind, time, recorded, truth, actor, login, name, email, sha, cause, caused, summary, changes, text,
	backfilled, folded, file, about, state, declares, rest)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Append keeps rows and the position of the last.
func (s *Store) Append(ctx context.Context, rows []history.Row) error {
	if len(rows) == 0 {
		return nil
	}
	records := make([]eventlog.Record, len(rows))
	at := make(map[eventlog.Position]int, len(rows))
	for i := range rows {
		records[i], at[rows[i].Position] = rows[i].Record, i
	}
	if err := s.postpone(ctx, rows); err != nil {
		return fmt.Errorf("postpone the indexes: %w", err)
	}
	pause := pace(len(rows))
	err := s.db.Apply(ctx, records, func(tx *sqlstore.Tx, rec eventlog.Record) error {
		if pause > 0 {
			time.Sleep(pause)
		}
		return write(tx, &rows[at[rec.Position]])
	})
	if err == nil && (len(rows) < many || rows[len(rows)-1].Position >= atMost) {
		err = s.index(ctx)
	}
	return err
}

// What comes all the time is written at an even pace, and leaves the processor to
// whoever reads in between: a batch is spread over the time in which the next one
// gathers.
const (
	spread = 50 * time.Millisecond
	few    = 8    // rows that are written at once
	many   = 1000 // rows that are: it has fallen behind
)

// pace is how long to wait before each of n rows.
func pace(n int) time.Duration {
	if n <= few || n >= many {
		return 0
	}
	return spread / time.Duration(n)
}

func write(tx *sqlstore.Tx, r *history.Row) error {
	cause, err := json.Marshal(r.Cause)
	if err != nil {
		return err
	}
	rest, err := history.Pack(r.Event)
	if err != nil {
		return err
	}
	var about, state any
	if r.About != "" {
		about, state = r.About, string(r.State)
	}
	kind, _, _ := strings.Cut(r.Subject, ":")
	_, err = tx.Exec(insert, r.Position, r.ID, r.Type, history.SourceName(r.Source), r.Subject, kind,
		r.Time.UnixNano(), r.Recorded.UnixNano(), r.Truth.UnixNano(),
		strings.ToLower(r.Actor.String()), r.Actor.Login, r.Actor.Name, r.Actor.Email,
		r.Cause.Commit, string(cause), history.CausedBy(r.Cause), r.Summary, string(r.Changes), r.Text,
		r.Backfilled(), history.InCatalog(r.Type), r.File, about, state, r.Declares, rest)
	return err
}

func moment(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }
