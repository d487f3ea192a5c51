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
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
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
	db  *sql.DB
	now func() time.Time
}

// Open opens or creates the projection's file. The clock bounds "the last 24 hours".
func Open(ctx context.Context, path string, now func() time.Time) (*Deliveries, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db, err := sqlstore.Open(ctx, path, files)
	if err != nil {
		return nil, err
	}
	return &Deliveries{db, now}, nil
}

// Close closes the file.
func (d *Deliveries) Close() error { return d.db.Close() }

// Name returns [Name].
func (d *Deliveries) Name() string { return Name }

// Position returns how far the rows have come.
func (d *Deliveries) Position(ctx context.Context) (eventlog.Position, error) {
	return sqlstore.Position(ctx, d.db)
}

// Apply folds records.
func (d *Deliveries) Apply(ctx context.Context, records []eventlog.Record) error {
	return sqlstore.InTx(ctx, d.db, records, func(tx *sql.Tx, records []eventlog.Record) error {
		for _, rec := range records {
			if err := fold(ctx, tx, rec); err != nil {
				return fmt.Errorf("position %d: %w", rec.Position, err)
			}
		}
		return nil
	})
}

func fold(ctx context.Context, tx *sql.Tx, rec eventlog.Record) error {
	switch rec.Type {
	case event.TypeDeliveryReceived:
		// The body is not needed here, and may be large.
		var r struct {
			Source string `json:"source"`
			Event  string `json:"event"`
			Size   int    `json:"size"`
		}
		if err := json.Unmarshal(rec.Data, &r); err != nil {
			return fmt.Errorf("decode %s: %w", rec.Type, err)
		}
		return receive(ctx, tx, rec, r.Source, r.Event, r.Size)
	case event.TypeRepositoryDue:
		d, err := event.DecodeAs[event.RepositoryDue](rec.Event)
		if err != nil {
			return err
		}
		return receive(ctx, tx, rec, d.Source, Look, 0)
	case event.TypeDeliveryHandled:
		return handle(ctx, tx, rec)
	case event.TypeDeliveryReplayed:
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET status = ?, error = '', retry_at = 0 WHERE id = ?`, event.DeliveryReceivedStatus, rec.Subject)
		return err
	}
	return nil
}

// receive adds what is to be handled. An id comes twice once the log no longer
// keeps the first: a delivery of its own.
func receive(ctx context.Context, tx *sql.Tx, rec eventlog.Record, source, name string, size int) error {
	_, err := tx.ExecContext(ctx, `
			INSERT INTO deliveries (position, id, source, event, received, size, status) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET position = excluded.position, source = excluded.source, event = excluded.event,
				received = excluded.received, size = excluded.size, status = excluded.status,
				repository = '', error = '', events = '', attempts = 0, took = 0, retry_at = 0`,
		rec.Position, rec.Subject, source, name, rec.Recorded.UnixNano(), size, event.DeliveryReceivedStatus)
	return err
}

// handle notes what became of a delivery.
func handle(ctx context.Context, tx *sql.Tx, rec eventlog.Record) error {
	h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
	if err != nil {
		return err
	}
	// Handled again, it leads to nothing new; what it led to before stays.
	before, err := scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM deliveries WHERE id = ?", rec.Subject))
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
	_, err = tx.ExecContext(ctx, `UPDATE deliveries SET status = ?, repository = ?, error = ?, events = ?, attempts = ?, took = ?, retry_at = ? WHERE id = ?`,
		h.Status, h.Repository, h.Error, events, h.Attempts, h.Took, unixNano(h.RetryAt), rec.Subject)
	if err != nil || h.Commit == "" {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO reached (source, repository, sha) VALUES (?, ?, ?) ON CONFLICT (source, repository) DO UPDATE SET sha = excluded.sha`,
		strings.TrimPrefix(rec.Source, event.SourcePrefix), h.RepositoryID, h.Commit)
	return err
}

// Forget drops the rows of deliveries that came before a moment and are done
// with; those that are still to be handled stay, however old. It asks for nothing
// else to have happened: call it with the moment that the log is pruned to,
// whether or not that dropped anything.
func (d *Deliveries) Forget(ctx context.Context, before time.Time) error {
	_, err := d.db.ExecContext(ctx, `DELETE FROM deliveries WHERE received < ? AND status NOT IN (?, ?)`,
		before.UnixNano(), event.DeliveryReceivedStatus, event.DeliveryWaiting)
	if err != nil {
		return fmt.Errorf("forget deliveries: %w", err)
	}
	return nil
}

const columns = `position, id, source, event, repository, received, size, status, error, events, attempts, took, retry_at`

// Get returns a delivery, or an error of kind fault.NotFound.
func (d *Deliveries) Get(ctx context.Context, id string) (Delivery, error) {
	row, err := scan(d.db.QueryRowContext(ctx, "SELECT "+columns+" FROM deliveries WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, fault.New(fault.NotFound, "there is no delivery %q; it may be older than what is kept", id)
	}
	return row, err
}

// Failed reports whether a delivery waits for a person.
func (d *Deliveries) Failed(ctx context.Context, id string) (bool, error) {
	var failed bool
	err := d.db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE id = ? AND status = ?", id, event.DeliveryFailed).Scan(&failed)
	return failed, err
}

// Reached returns the commit that the catalog was last brought to by a delivery
// of a source about a repository, by the forge's id of it; "" if by none.
func (d *Deliveries) Reached(ctx context.Context, source, repositoryID string) (string, error) {
	var sha string
	err := d.db.QueryRowContext(ctx, "SELECT sha FROM reached WHERE source = ? AND repository = ?", source, repositoryID).Scan(&sha)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return sha, err
}

// Delivers reports whether a source has sent anything that is kept.
func (d *Deliveries) Delivers(ctx context.Context, source string) (bool, error) {
	var some bool
	err := d.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM deliveries WHERE source = ? AND event <> ?)", source, Look).Scan(&some)
	return some, err
}

// List returns a page of the deliveries that f selects, newest first.
func (d *Deliveries) List(ctx context.Context, f Filter) (Page, error) {
	where, args := " WHERE true", []any{}
	if f.Source != "" {
		where, args = where+" AND source = ?", append(args, f.Source)
	}
	if f.Status != "" {
		where, args = where+" AND status = ?", append(args, f.Status)
	}
	var page Page
	if err := d.db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries"+where, args...).Scan(&page.Total); err != nil {
		return Page{}, fmt.Errorf("count deliveries: %w", err)
	}
	if f.Before > 0 {
		where, args = where+" AND position < ?", append(args, f.Before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	rows, err := d.db.QueryContext(ctx, "SELECT "+columns+" FROM deliveries"+where+" ORDER BY position DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return Page{}, fmt.Errorf("read deliveries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return Page{}, err
		}
		page.Deliveries = append(page.Deliveries, row)
	}
	if err := rows.Err(); err != nil {
		return Page{}, fmt.Errorf("read deliveries: %w", err)
	}
	if len(page.Deliveries) > limit {
		page.Deliveries = page.Deliveries[:limit]
		page.Next = page.Deliveries[limit-1].Position
	}
	return page, nil
}

// Backlog tells what is not done with, of all sources.
func (d *Deliveries) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	var oldest int64
	// By the index on status alone: this is asked for with every page.
	err := d.db.QueryRowContext(ctx, `
		SELECT coalesce(sum(status <> ?), 0), coalesce(min(received) FILTER (WHERE status <> ?), 0), coalesce(sum(status = ?), 0)
		FROM deliveries WHERE status IN (?, ?, ?)`,
		event.DeliveryFailed, event.DeliveryFailed, event.DeliveryFailed,
		event.DeliveryReceivedStatus, event.DeliveryWaiting, event.DeliveryFailed).Scan(&b.Pending, &oldest, &b.Failed)
	if err != nil {
		return Backlog{}, fmt.Errorf("read the backlog of deliveries: %w", err)
	}
	b.Oldest = fromUnixNano(oldest)
	return b, nil
}

// Summaries tells how each source stands that has sent anything, by name.
func (d *Deliveries) Summaries(ctx context.Context) ([]Summary, error) {
	rows, err := d.db.QueryContext(ctx, `
		SELECT source, count(*), max(position),
		       count(*) FILTER (WHERE status IN (?, ?)),
		       coalesce(min(received) FILTER (WHERE status IN (?, ?)), 0),
		       count(*) FILTER (WHERE status = ?),
		       count(*) FILTER (WHERE status = ? AND received >= ?)
		FROM deliveries GROUP BY source ORDER BY source`,
		event.DeliveryReceivedStatus, event.DeliveryWaiting, event.DeliveryReceivedStatus, event.DeliveryWaiting,
		event.DeliveryFailed, event.DeliveryFailed, d.now().Add(-24*time.Hour).UnixNano())
	if err != nil {
		return nil, fmt.Errorf("summarise deliveries: %w", err)
	}
	defer rows.Close()
	var all []Summary
	var newest []eventlog.Position
	for rows.Next() {
		var s Summary
		var oldest int64
		var last eventlog.Position
		if err := rows.Scan(&s.Source, &s.Total, &last, &s.Pending, &oldest, &s.Failed, &s.Failed24); err != nil {
			return nil, err
		}
		s.Oldest = fromUnixNano(oldest)
		all, newest = append(all, s), append(newest, last)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("summarise deliveries: %w", err)
	}
	for i, p := range newest {
		last, err := scan(d.db.QueryRowContext(ctx, "SELECT "+columns+" FROM deliveries WHERE position = ?", p))
		if err != nil {
			return nil, fmt.Errorf("read the newest delivery of %s: %w", all[i].Source, err)
		}
		all[i].Last = &last
	}
	return all, nil
}

func scan(row interface{ Scan(...any) error }) (Delivery, error) {
	var (
		d                 Delivery
		received, retryAt int64
		events            []byte
	)
	err := row.Scan(&d.Position, &d.ID, &d.Source, &d.Event, &d.Repository, &received, &d.Size, &d.Status, &d.Error, &events, &d.Attempts, &d.Took, &retryAt)
	if err != nil {
		return Delivery{}, err
	}
	d.Received, d.RetryAt = fromUnixNano(received), fromUnixNano(retryAt)
	if len(events) > 0 {
		if err := json.Unmarshal(events, &d.Events); err != nil {
			return Delivery{}, fmt.Errorf("read delivery %s: %w", d.ID, err)
		}
	}
	return d, nil
}

func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromUnixNano(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

var _ projections.Projection = (*Deliveries)(nil)
