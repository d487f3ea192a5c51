// Package deliveries is what came to the webhook door and what became of it,
// folded from the deliveries log. It keeps its rows in SQLite.
package deliveries

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/sqlstore"
)

// Name is the projection's name.
const Name = "deliveries"

// Look is the event of what is no delivery: a repository that is to be looked at.
const Look = "look"

const (
	defaultLimit = 50
	maxLimit     = 500
)

//go:embed migrations/*.sql
var migrations embed.FS

// Deliveries is the projection.
type Deliveries struct {
	db  *sqlstore.Store
	now func() time.Time

	forgetting sync.Mutex
	forgotten  time.Time // the moment that was last forgotten up to
}

// Open opens or creates the projection's file. The clock bounds "the last 24 hours".
func Open(ctx context.Context, path string, now func() time.Time) (*Deliveries, error) {
	db, err := sqlstore.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Deliveries{db: db, now: now}, nil
}

// Close closes the file.
func (d *Deliveries) Close() error { return d.db.Close() }

// Name returns [Name].
func (d *Deliveries) Name() string { return Name }

// Position returns how far the rows have come.
func (d *Deliveries) Position(ctx context.Context) (eventlog.Position, error) {
	return d.db.Position(ctx)
}

// Apply folds records.
func (d *Deliveries) Apply(ctx context.Context, records []eventlog.Record) error {
	return d.db.Apply(ctx, records, fold)
}

func fold(tx *sqlstore.Tx, rec eventlog.Record) error {
	switch rec.Type {
	case event.TypeDeliveryReceived:
		// The body is not needed here, and may be large.
		var r struct {
			Source  string `json:"source"`
			Event   string `json:"event"`
			Size    int    `json:"size"`
			Fetched bool   `json:"fetched"`
		}
		if err := json.Unmarshal(rec.Data, &r); err != nil {
			return fmt.Errorf("decode %s: %w", rec.Type, err)
		}
		return receive(tx, rec, arrival{source: r.Source, event: r.Event, size: r.Size, fetched: r.Fetched})
	case event.TypeRepositoryDue:
		d, err := event.DecodeAs[event.RepositoryDue](rec.Event)
		if err != nil {
			return err
		}
		return receive(tx, rec, arrival{source: d.Source, event: Look, repositoryID: d.ID, head: d.Head})
	case event.TypeDeliveryHandled:
		return handle(tx, rec)
	case event.TypeDeliveryReplayed:
		return replay(tx, rec)
	case event.TypeDeliveryDismissed:
		return dismiss(tx, rec)
	}
	return nil
}

// arrival is what is to be handled, as far as that is known before it is.
type arrival struct {
	source, event      string
	size               int
	fetched            bool
	repositoryID, head string
}

// receive adds what is to be handled. An id comes twice once the log no longer
// keeps the first: a delivery of its own.
func receive(tx *sqlstore.Tx, rec eventlog.Record, a arrival) error {
	_, err := tx.Exec(`
			INSERT INTO deliveries (position, id, source, event, received, size, status, repository_id, head, fetched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET position = excluded.position, source = excluded.source, event = excluded.event,
				received = excluded.received, size = excluded.size, status = excluded.status,
				repository_id = excluded.repository_id, head = excluded.head, fetched = excluded.fetched,
				repository = '', error = '', events = '', attempts = 0, took = 0, retry_at = 0, removes = 0`,
		rec.Position, rec.Subject, a.source, a.event, rec.Recorded.UnixNano(), a.size, event.DeliveryReceivedStatus, a.repositoryID, a.head, a.fetched)
	return err
}

// handle notes what became of a delivery.
func handle(tx *sqlstore.Tx, rec eventlog.Record) error {
	h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
	if err != nil {
		return err
	}
	// Handled again, it leads to nothing new; what it led to before stays.
	before, err := scan(tx.QueryRow("SELECT "+columns+" FROM deliveries WHERE id = ?", rec.Subject))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // the log forgot what came, but not yet what became of it
	} else if err != nil {
		return err
	}
	all := before.Events
	for _, p := range h.Events {
		all = append(all, eventlog.Position(p))
	}
	slices.Sort(all)
	events, err := json.Marshal(slices.Compact(all))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE deliveries SET status = ?, repository = ?, repository_id = ?, head = ?, error = ?, events = ?, attempts = ?, took = ?, retry_at = ?, removes = ? WHERE id = ?`,
		h.Status, h.Repository, h.RepositoryID, h.Head, h.Error, events, h.Attempts, h.Took, unixNano(h.RetryAt), h.Removes, rec.Subject)
	if err != nil {
		return err
	}
	if err := attempt(tx, rec, Attempt{Status: h.Status, Reason: h.Error, Tries: h.Attempts, Took: h.Took}); err != nil {
		return err
	}
	if h.Current {
		if err := replaceHeld(tx, rec, before.Source, h.RepositoryID); err != nil {
			return err
		}
	}
	if h.Commit == "" {
		return nil
	}
	_, err = tx.Exec(`INSERT INTO reached (source, repository, sha, position) VALUES (?, ?, ?, ?) ON CONFLICT (source, repository) DO UPDATE SET sha = excluded.sha, position = excluded.position`,
		strings.TrimPrefix(rec.Source, event.SourcePrefix), h.RepositoryID, h.Commit, before.Position)
	return err
}

// replaced is why what was held is not needed.
const replaced = "a newer look at the repository took its place"

// replaceHeld has what is held of a repository wait for nobody any more, as the
// repository was read as it is by now.
func replaceHeld(tx *sqlstore.Tx, rec eventlog.Record, source, repositoryID string) error {
	args := []any{rec.Position, rec.Recorded.UnixNano(), event.DeliveryNotNeeded, replaced, source, repositoryID, event.DeliveryHeld, rec.Subject}
	_, err := tx.Exec(`INSERT INTO attempts (delivery, position, at, status, reason, tries, took, allowed, who)
		SELECT id, ?1, ?2, ?3, ?4, 0, 0, FALSE, '' FROM deliveries WHERE source = ?5 AND repository_id = ?6 AND status = ?7 AND id <> ?8`, args...)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE deliveries SET status = ?3, error = ?4, removes = 0 WHERE source = ?5 AND repository_id = ?6 AND status = ?7 AND id <> ?8`, args...)
	return err
}

// replay notes that a delivery is to be handled again.
func replay(tx *sqlstore.Tx, rec eventlog.Record) error {
	r, err := event.DecodeAs[event.DeliveryReplayed](rec.Event)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE deliveries SET status = ?, error = '', retry_at = 0, removes = 0 WHERE id = ?`, event.DeliveryReceivedStatus, rec.Subject)
	if err != nil || n == 0 {
		return err // the log forgot what came
	}
	return attempt(tx, rec, Attempt{Reason: r.Reason, Allowed: r.Allowed, By: rec.Actor.String()})
}

// dismiss notes that a delivery is not to be used, unless it was asked for again, or
// something became of it, meanwhile.
func dismiss(tx *sqlstore.Tx, rec eventlog.Record) error {
	d, err := event.DecodeAs[event.DeliveryDismissed](rec.Event)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE deliveries SET status = ?, error = ?, removes = 0 WHERE id = ? AND status IN (?, ?)`,
		event.DeliveryDismissedStatus, d.Reason, rec.Subject, event.DeliveryFailed, event.DeliveryHeld)
	if err != nil || n == 0 {
		return err
	}
	return attempt(tx, rec, Attempt{Status: event.DeliveryDismissedStatus, Reason: d.Reason, By: rec.Actor.String()})
}

func attempt(tx *sqlstore.Tx, rec eventlog.Record, a Attempt) error {
	_, err := tx.Exec(`INSERT INTO attempts (delivery, position, at, status, reason, tries, took, allowed, who) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		rec.Subject, rec.Position, rec.Recorded.UnixNano(), a.Status, a.Reason, a.Tries, a.Took, a.Allowed, a.By)
	return err
}

// Forget drops the rows of deliveries that came before a moment and are done
// with; those that are still to be handled stay, however old. It asks for nothing
// else to have happened: call it with the moment that the log is pruned to,
// whether or not that dropped anything.
func (d *Deliveries) Forget(ctx context.Context, before time.Time) error {
	d.forgetting.Lock()
	defer d.forgetting.Unlock()
	d.forgotten = before
	return d.forget(ctx, before)
}

func (d *Deliveries) forget(ctx context.Context, before time.Time) error {
	err := d.db.ExecContext(ctx, `DELETE FROM deliveries WHERE received < ? AND status NOT IN (?, ?)`,
		before.UnixNano(), event.DeliveryReceivedStatus, event.DeliveryWaiting)
	if err == nil {
		err = d.db.ExecContext(ctx, `DELETE FROM attempts WHERE at < ? AND delivery NOT IN (SELECT id FROM deliveries)`, before.UnixNano())
	}
	if err != nil {
		return fmt.Errorf("forget deliveries: %w", err)
	}
	return nil
}
