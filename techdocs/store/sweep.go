package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// sweepAtOnce is how many contents are looked up together.
const sweepAtOnce = 500

// Sweep deletes contents that the log does not name: they were fetched for what was not
// published then. Named returns those of some ids that it names; what it names stays for
// good, and is not asked about again. Nothing may be published meanwhile.
func (s *Store) Sweep(ctx context.Context, named func(ctx context.Context, ids []string) ([]string, error)) (swept int, err error) {
	for {
		ids, err := s.unnamed(ctx)
		if err != nil || len(ids) == 0 {
			return swept, err
		}
		stay, err := named(ctx, ids)
		if err != nil {
			return swept, err
		}
		n, err := s.settle(ctx, ids, stay)
		if swept += n; err != nil {
			return swept, fmt.Errorf("sweep the contents of documentation: %w", err)
		}
	}
}

func (s *Store) unnamed(ctx context.Context) (ids []string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM blobs WHERE named = 0 LIMIT ?", sweepAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// settle marks those contents of some that stay, and deletes the others.
func (s *Store) settle(ctx context.Context, ids, stay []string) (swept int, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // after a commit there is nothing to roll back
	kept, errKept := json.Marshal(append([]string{}, stay...))
	all, errAll := json.Marshal(ids)
	if err := errors.Join(errKept, errAll); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE blobs SET named = 1 WHERE id IN (SELECT value FROM json_each(?))", string(kept)); err != nil {
		return 0, err
	}
	done, err := tx.ExecContext(ctx, "DELETE FROM blobs WHERE named = 0 AND id IN (SELECT value FROM json_each(?))", string(all))
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	if err != nil {
		return 0, err
	}
	return int(n), tx.Commit()
}
