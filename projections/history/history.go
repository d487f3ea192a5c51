// Package history is every event as people ask for it: who changed what, when
// and why, filtered and paged. It keeps its rows in SQLite.
package history

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "history"

//go:embed migrations/*.sql
var migrations embed.FS

// History is the projection.
type History struct{ db *sqlstore.Store }

// Open opens or creates the projection's file.
func Open(ctx context.Context, path string) (*History, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &History{db}, nil
}

// Close closes the file.
func (h *History) Close() error { return h.db.Close() }

// Name returns [Name].
func (h *History) Name() string { return Name }

// Position returns how far the rows have come.
func (h *History) Position(ctx context.Context) (eventlog.Position, error) {
	return h.db.Position(ctx)
}

// Apply writes a row for each record.
func (h *History) Apply(ctx context.Context, records []eventlog.Record) error {
	pause := pace(len(records))
	return h.db.Apply(ctx, records, func(tx *sqlstore.Tx, rec eventlog.Record) error {
		if pause > 0 {
			time.Sleep(pause)
		}
		return write(tx, rec)
	})
}

// What comes all the time is written at an even pace, and leaves the processor to
// whoever reads in between: a batch is spread over the time in which the next one
// gathers.
const (
	spread = 50 * time.Millisecond
	few    = 8    // records that are written at once
	many   = 1000 // records that are: it has fallen behind
)

// pace is how long to wait after each of n records.
func pace(n int) time.Duration {
	if n <= few || n >= many {
		return 0
	}
	return spread / time.Duration(n)
}

const insert = `INSERT INTO events (position, id, type, source, subject, kind, time, recorded, actor, login, name, email, sha, cause, summary, changes, text, backfilled, about, state)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func write(tx *sqlstore.Tx, rec eventlog.Record) error {
	data, err := decode(rec)
	if err != nil {
		return err
	}
	about := stateKey(rec, data)
	before, err := stateBefore(tx, about)
	if err != nil {
		return fmt.Errorf("read the version before: %w", err)
	}
	tale, err := tell(data, before)
	if err != nil {
		return err
	}
	changes, err := json.Marshal(tale.changes)
	if err != nil {
		return err
	}
	cause, err := json.Marshal(rec.Cause)
	if err != nil {
		return err
	}
	var key, state any
	if tale.after != nil {
		key, state = about, tale.after
	}
	kind, _, _ := strings.Cut(rec.Subject, ":")
	_, err = tx.Exec(insert, rec.Position, rec.ID, rec.Type, SourceName(rec.Source), rec.Subject, kind,
		rec.Time.UnixNano(), rec.Recorded.UnixNano(),
		strings.ToLower(rec.Actor.String()), rec.Actor.Login, rec.Actor.Name, rec.Actor.Email,
		rec.Cause.Commit, cause, tale.summary, changes, searchable(rec, tale), rec.Backfilled(), key, state)
	return err
}

// stateBefore reads the newest state of what an event is about; nil if there is none.
func stateBefore(tx *sqlstore.Tx, about string) ([]byte, error) {
	var packed []byte
	err := tx.QueryRow(`SELECT state FROM events WHERE about = ? ORDER BY position DESC LIMIT 1`, about).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return packed, err
}

// searchable is the text that a search looks through: words and values, nothing of their form.
func searchable(rec eventlog.Record, t tale) string {
	words := []string{rec.Subject, t.summary, rec.Actor.Login, rec.Actor.Name, rec.Actor.Email, string(rec.Type)}
	for _, c := range t.changes {
		words = append(words, c.Path)
		for _, v := range []any{c.Before, c.After} {
			if v != nil {
				words = append(words, fmt.Sprint(v))
			}
		}
	}
	return strings.ToLower(strings.Join(words, "\n"))
}

// SourceName returns the name of the configured source that an event's CloudEvents
// source stands for: "github" for "/sources/github".
func SourceName(source string) string { return strings.TrimPrefix(source, event.SourcePrefix) }

var _ projections.Projection = (*History)(nil)
