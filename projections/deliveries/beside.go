package deliveries

import (
	"context"
	"errors"
	"fmt"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
)

var _ projections.Rebuildable = (*Deliveries)(nil)

// Beside makes a second copy, in another file. The log forgets deliveries: to which
// commits those have brought the catalog is taken over from here.
func (d *Deliveries) Beside(ctx context.Context) (projections.Copy, error) {
	c, err := d.db.Beside(ctx)
	if err != nil {
		return projections.Copy{}, err
	}
	next := &Deliveries{db: c.Store, now: d.now}
	if err := d.hand(ctx, next); err != nil {
		return projections.Copy{}, errors.Join(err, c.Discard(ctx))
	}
	return projections.Copy{Projection: next, Replacement: replacement{c, d, next}}, nil
}

// hand gives the copy what stands in no log.
func (d *Deliveries) hand(ctx context.Context, next *Deliveries) error {
	rows, err := d.db.QueryContext(ctx, "SELECT source, repository, sha, position FROM reached")
	if err != nil {
		return fmt.Errorf("read which commits were reached: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			source, repository, sha string
			position                eventlog.Position
		)
		if err := rows.Scan(&source, &repository, &sha, &position); err != nil {
			return err
		}
		if err := next.db.ExecContext(ctx, "INSERT INTO reached (source, repository, sha, position) VALUES (?, ?, ?, ?)", source, repository, sha, position); err != nil {
			return err
		}
	}
	return rows.Err()
}

// replacement is a copy that forgets, too, what was forgotten while it was built.
type replacement struct {
	*sqlstore.Copy
	of, next *Deliveries
}

// TakeOver implements [projections.Replacement].
func (r replacement) TakeOver(ctx context.Context) error {
	r.of.forgetting.Lock()
	defer r.of.forgetting.Unlock()
	if !r.of.forgotten.IsZero() {
		if err := r.next.forget(ctx, r.of.forgotten); err != nil {
			return err
		}
	}
	return r.Copy.TakeOver(ctx)
}
