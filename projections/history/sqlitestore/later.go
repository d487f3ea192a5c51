package sqlitestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/sqlstore"
)

// To put each row into a dozen indexes, each at a place of its own, takes longer than
// to write it. So a history that is folded from its beginning, by many rows at a time,
// goes without most of them until it has caught up; then each is made at once. Which
// are still to be made stands in the file, so that it may be killed at any time.
const (
	// atMost is how many rows are sorted in memory for an index: some 100 MB.
	atMost eventlog.Position = 1_000_000
	// kept is the index that folding itself asks.
	kept = "events_about"
)

// postpone has the indexes made later, if rows are the first of many.
func (s *Store) postpone(ctx context.Context, rows []history.Row) error {
	if len(rows) < many || s.later.Load() {
		return nil
	}
	at, err := s.Position(ctx)
	if err != nil || at > 0 {
		return err
	}
	const indexes = "FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL AND name <> '" + kept + "'"
	if err := s.db.ExecContext(ctx, "INSERT OR REPLACE INTO later SELECT rowid, name, sql "+indexes); err != nil {
		return err
	}
	names, err := s.pairs(ctx, "SELECT name, sql "+indexes)
	if err != nil {
		return err
	}
	s.later.Store(true)
	for _, index := range names {
		if err := s.db.ExecContext(ctx, "DROP INDEX "+index[0]); err != nil {
			return err
		}
	}
	return nil
}

// CaughtUp makes what was postponed: the last rows may have been many, and nobody knows when the
// next one comes.
func (s *Store) CaughtUp(ctx context.Context) error {
	if err := s.index(ctx); err != nil {
		return fmt.Errorf("make the indexes that were postponed: %w", err)
	}
	return nil
}

// index makes the indexes that were postponed. It can be cut off anywhere.
func (s *Store) index(ctx context.Context) error {
	if !s.later.Load() {
		return nil
	}
	if err := s.db.ExecContext(ctx, "DELETE FROM later WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'index')"); err != nil {
		return err
	}
	missing, err := s.pairs(ctx, "SELECT name, statement FROM later ORDER BY rank")
	if err != nil {
		return err
	}
	for _, index := range missing {
		if err := s.db.ExecContext(ctx, index[1]); err != nil {
			return fmt.Errorf("make the index %s: %w", index[0], err)
		}
		if err := s.db.ExecContext(ctx, "DELETE FROM later WHERE name = ?", index[0]); err != nil {
			return err
		}
	}
	s.later.Store(false)
	return nil
}

func (s *Store) pairs(ctx context.Context, text string) (all [][2]string, err error) {
	rows, err := s.db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one [2]string
		if err := rows.Scan(&one[0], &one[1]); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// beside is a second file, which has all indexes before it takes over.
type beside struct {
	*sqlstore.Copy
	rows *Store
}

// TakeOver is [sqlstore.Copy.TakeOver].
func (b beside) TakeOver(ctx context.Context) error {
	if err := b.rows.index(ctx); err != nil {
		return err
	}
	return b.Copy.TakeOver(ctx)
}

var _ projections.Replacement = beside{}
