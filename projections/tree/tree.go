// Package tree keeps the hashes of all events: the stored part of the Merkle tree
// that package proof is about, from which roots and proofs are put together by
// reading a few of them. It knows the seals, too.
package tree

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "tree"

//go:embed migrations/*.sql
var migrations embed.FS

// Tree is the projection.
type Tree struct{ db *sqlstore.Store }

// Open opens or creates the projection's file.
func Open(ctx context.Context, path string) (*Tree, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Tree{db}, nil
}

// Close closes the file.
func (t *Tree) Close() error { return t.db.Close() }

// Name returns [Name].
func (t *Tree) Name() string { return Name }

// Position returns how many events the tree has.
func (t *Tree) Position(ctx context.Context) (eventlog.Position, error) { return t.db.Position(ctx) }

// Apply adds leaves.
func (t *Tree) Apply(ctx context.Context, records []eventlog.Record) error {
	return t.db.Apply(ctx, records, fold)
}

// Beside makes a second copy, in another file.
func (t *Tree) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := t.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	return projections.Copy{Projection: &Tree{c.Store}, Replacement: c}, nil
}

func fold(tx *sqlstore.Tx, rec eventlog.Record) error {
	before := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return read(indexes, func(text string, args ...any) interface{ Scan(...any) error } { return tx.QueryRow(text, args...) })
	})
	hashes, err := tlog.StoredHashesForRecordHash(int64(rec.Position-1), proof.Leaf(rec), before) //nolint:gosec // positions are below 2^63, as SQLite has them
	if err != nil {
		return err
	}
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	if _, err := tx.Exec("INSERT INTO hashes (position, hashes) VALUES (?, ?)", rec.Position, b); err != nil {
		return err
	}
	if rec.Type != event.TypeLogSealed {
		return nil
	}
	d, err := event.DecodeAs[event.LogSealed](rec.Event)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO seals (position, size, note, recorded) VALUES (?, ?, ?, ?)", rec.Position, d.Size, d.Note, rec.Recorded.UnixNano())
	return err
}

// read finds hashes by their index in the order in which tlog stores them. Those of
// a tree stand with the last of its leaves.
func read(indexes []int64, row func(text string, args ...any) interface{ Scan(...any) error }) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		last := (n + 1) << level
		var b []byte
		if err := row("SELECT substr(hashes, ?, 32) FROM hashes WHERE position = ?", level*tlog.HashSize+1, last).Scan(&b); err != nil {
			return nil, fmt.Errorf("read the hashes of position %d: %w", last, err)
		}
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("the hashes of position %d are cut short; callboard rebuild makes them anew", last)
		}
		all[i] = tlog.Hash(b)
	}
	return all, nil
}

func (t *Tree) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return read(indexes, func(text string, args ...any) interface{ Scan(...any) error } {
			return t.db.QueryRowContext(ctx, text, args...)
		})
	})
}

// Root returns the root of the tree of the first events.
func (t *Tree) Root(ctx context.Context, size uint64) (proof.Hash, error) {
	return tlog.TreeHash(int64(size), t.reader(ctx)) //nolint:gosec // as above
}

// Leaves returns the hashes of the events after one up to another.
func (t *Tree) Leaves(ctx context.Context, after, to uint64) ([]proof.Hash, error) {
	rows, err := t.db.QueryContext(ctx, "SELECT substr(hashes, 1, 32) FROM hashes WHERE position > ? AND position <= ? ORDER BY position", int64(after), int64(to)) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []proof.Hash
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		if len(b) != tlog.HashSize {
			return nil, errors.New("hashes are cut short; callboard rebuild makes them anew")
		}
		all = append(all, tlog.Hash(b))
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if uint64(len(all)) != to-after {
		return nil, fmt.Errorf("there are %d hashes of the events from %d to %d", len(all), after+1, to)
	}
	return all, nil
}

// Unsealed counts the events after one up to another that are no seals.
func (t *Tree) Unsealed(ctx context.Context, after, to uint64) (int, error) {
	var seals int
	err := t.db.QueryRowContext(ctx, "SELECT count(*) FROM seals WHERE position > ? AND position <= ?", int64(after), int64(to)).Scan(&seals) //nolint:gosec // as above
	return int(to-after) - seals, err                                                                                                         //nolint:gosec // a count
}

var (
	_ projections.Rebuildable = (*Tree)(nil)
	_ proof.Tree              = (*Tree)(nil)
)
