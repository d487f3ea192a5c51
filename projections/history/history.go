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
type History struct{ db *sql.DB }

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
	return sqlstore.Position(ctx, h.db)
}

// Apply writes a row for each record.
func (h *History) Apply(ctx context.Context, records []eventlog.Record) error {
	return sqlstore.InTx(ctx, h.db, records, func(tx *sql.Tx, records []eventlog.Record) error {
		w, err := newWriter(ctx, tx)
		if err != nil {
			return err
		}
		defer w.close()
		for _, rec := range records {
			if err := w.write(ctx, rec); err != nil {
				return fmt.Errorf("position %d: %w", rec.Position, err)
			}
		}
		return nil
	})
}

// writer writes rows within one transaction.
type writer struct{ insert, before, after *sql.Stmt }

func newWriter(ctx context.Context, tx *sql.Tx) (*writer, error) {
	var w writer
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&w.insert, `INSERT INTO events (position, id, type, source, subject, kind, time, recorded, actor, login, name, email, delivery, sha, cause, summary, changes, text, backfilled)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.before, `SELECT state FROM newest WHERE subject = ?`},
		{&w.after, `INSERT INTO newest (subject, state) VALUES (?, ?) ON CONFLICT (subject) DO UPDATE SET state = excluded.state`},
	} {
		var err error
		if *s.to, err = tx.PrepareContext(ctx, s.sql); err != nil { //nolint:sqlclosecheck // writer.close does
			w.close()
			return nil, err
		}
	}
	return &w, nil
}

func (w *writer) close() {
	for _, s := range []*sql.Stmt{w.insert, w.before, w.after} {
		if s != nil {
			s.Close()
		}
	}
}

func (w *writer) write(ctx context.Context, rec eventlog.Record) error {
	data, err := rec.Decode()
	if err != nil {
		return err
	}
	var before []byte
	about := stateKey(rec, data)
	if err := w.before.QueryRowContext(ctx, about).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the version before: %w", err)
	}
	tale, err := tell(data, before)
	if err != nil {
		return err
	}
	if tale.after != nil {
		if _, err := w.after.ExecContext(ctx, about, tale.after); err != nil {
			return fmt.Errorf("store the newest version: %w", err)
		}
	}
	changes, err := json.Marshal(tale.changes)
	if err != nil {
		return err
	}
	cause, err := json.Marshal(rec.Cause)
	if err != nil {
		return err
	}
	kind, _, _ := strings.Cut(rec.Subject, ":")
	_, err = w.insert.ExecContext(ctx, rec.Position, rec.ID, rec.Type, SourceName(rec.Source), rec.Subject, kind,
		rec.Time.UnixNano(), rec.Recorded.UnixNano(),
		strings.ToLower(rec.Actor.String()), rec.Actor.Login, rec.Actor.Name, rec.Actor.Email,
		rec.Cause.Delivery, rec.Cause.Commit, cause, tale.summary, changes,
		searchable(rec, tale), rec.Backfilled())
	return err
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
