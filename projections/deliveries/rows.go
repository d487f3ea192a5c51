package deliveries

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const columns = `position, id, source, event, repository, received, size, status, error, events, attempts, took, retry_at, removes, fetched`

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

// Status returns where a delivery stands, or an error of kind fault.NotFound.
func (d *Deliveries) Status(ctx context.Context, id string) (event.DeliveryStatus, error) {
	one, err := d.Get(ctx, id)
	return one.Status, err
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

// Unfinished returns where the newest delivery or look stands that would bring the
// catalog to a head of a repository, by the forge's id of it, and has not: it is
// still to be handled, waits for a person, or was dismissed. "" if there is none, or a
// later one brought the catalog somewhere. One that tells of no commit would to any,
// unless it was dismissed; and any that is still to be handled finds what is so without
// a head, "".
func (d *Deliveries) Unfinished(ctx context.Context, source, repositoryID, head string) (event.DeliveryStatus, error) {
	var status event.DeliveryStatus
	err := d.db.QueryRowContext(ctx, `
		SELECT status FROM deliveries
		WHERE source = ?1 AND repository_id = ?2 AND (head IN ('', ?3) OR ?3 = '' AND status IN (?4, ?5)) AND (status IN (?4, ?5, ?6, ?7) OR status = ?8 AND head <> '')
			AND position > coalesce((SELECT position FROM reached WHERE source = ?1 AND repository = ?2), 0)
		ORDER BY position DESC LIMIT 1`,
		source, repositoryID, head, event.DeliveryReceivedStatus, event.DeliveryWaiting, event.DeliveryFailed, event.DeliveryHeld, event.DeliveryDismissedStatus).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return status, err
}

// Delivers reports whether a source has sent anything that is kept.
func (d *Deliveries) Delivers(ctx context.Context, source string) (bool, error) {
	var some bool
	err := d.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM deliveries WHERE source = ? AND event <> ?)", source, Look).Scan(&some)
	return some, err
}

// List returns a page of the deliveries that f selects, newest first.
func (d *Deliveries) List(ctx context.Context, f Filter) (Page, error) {
	where, args := conditions(f)
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

// conditions are those of a filter, but for where its page begins.
func conditions(f Filter) (where string, args []any) {
	where = " WHERE true"
	and := func(condition string, values ...any) { where, args = where+" AND "+condition, append(args, values...) }
	if f.Source != "" {
		and("source = ?", f.Source)
	}
	if f.Status != "" {
		and("status = ?", f.Status)
	}
	if f.Event != "" {
		and("event = ?", f.Event)
	}
	if f.Repository != "" {
		and(`repository LIKE ? ESCAPE '\'`, like(f.Repository))
	}
	if f.Text != "" {
		text := like(f.Text)
		and(`(id LIKE ? ESCAPE '\' OR event LIKE ? ESCAPE '\' OR repository LIKE ? ESCAPE '\' OR error LIKE ? ESCAPE '\')`, text, text, text, text)
	}
	if !f.From.IsZero() {
		and("received >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		and("received < ?", f.To.UnixNano())
	}
	return where, args
}

func like(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part) + "%"
}

// Attempts returns what became of a delivery, time and again, the oldest first.
func (d *Deliveries) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT at, status, reason, tries, took, allowed, who FROM attempts WHERE delivery = ? ORDER BY position`, id)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	defer rows.Close()
	var all []Attempt
	for rows.Next() {
		var a Attempt
		var at int64
		if err := rows.Scan(&at, &a.Status, &a.Reason, &a.Tries, &a.Took, &a.Allowed, &a.By); err != nil {
			return nil, err
		}
		a.At = fromUnixNano(at)
		all = append(all, a)
	}
	return all, rows.Err()
}

// Events returns the names of the events that a source has sent, looks among them.
func (d *Deliveries) Events(ctx context.Context, source string) ([]string, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT DISTINCT event FROM deliveries WHERE source = ? AND event <> '' ORDER BY event`, source)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}

// Heard returns the newest delivery that a source sent and that came by itself; false if
// none is kept.
func (d *Deliveries) Heard(ctx context.Context, source string) (Delivery, bool, error) {
	row, err := scan(d.db.QueryRowContext(ctx, "SELECT "+columns+" FROM deliveries WHERE source = ? AND event <> ? AND fetched = 0 ORDER BY position DESC LIMIT 1", source, Look))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, false, nil
	}
	return row, err == nil, err
}

// Backlogs tells what is not done with, by source; one that is missing has nothing.
func (d *Deliveries) Backlogs(ctx context.Context) (map[string]Backlog, error) {
	// By one index alone: this is asked for with every page.
	rows, err := d.db.QueryContext(ctx, `
		SELECT source, count(*) FILTER (WHERE status IN (?1, ?2)), coalesce(min(received) FILTER (WHERE status IN (?1, ?2)), 0),
		       count(*) FILTER (WHERE status = ?3), count(*) FILTER (WHERE status = ?4)
		FROM deliveries WHERE status IN (?1, ?2, ?3, ?4) GROUP BY source`,
		event.DeliveryReceivedStatus, event.DeliveryWaiting, event.DeliveryFailed, event.DeliveryHeld)
	if err != nil {
		return nil, fmt.Errorf("read the backlog of deliveries: %w", err)
	}
	defer rows.Close()
	all := map[string]Backlog{}
	for rows.Next() {
		var source string
		var b Backlog
		var oldest int64
		if err := rows.Scan(&source, &b.Pending, &oldest, &b.Failed, &b.Held); err != nil {
			return nil, err
		}
		b.Oldest = fromUnixNano(oldest)
		all[source] = b
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for source, b := range all {
		if b.Pending == 0 {
			continue
		}
		if b.Unread, err = d.unread(ctx, source); err != nil {
			return nil, err
		}
		all[source] = b
	}
	return all, nil
}

// unread reports whether a look is pending at a repository of a source that was never read.
func (d *Deliveries) unread(ctx context.Context, source string) (found bool, err error) {
	// In the words of the index, which has nothing but these.
	err = d.db.QueryRowContext(ctx, `SELECT EXISTS (
		SELECT 1 FROM deliveries d INDEXED BY deliveries_looks WHERE d.source = ? AND d.event = 'look' AND d.status IN ('received', 'waiting')
		AND NOT EXISTS (SELECT 1 FROM reached r WHERE r.source = d.source AND r.repository = d.repository_id))`, source).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("read whether repositories were never read: %w", err)
	}
	return found, nil
}

// Summaries tells how each source stands that has sent anything, by name.
func (d *Deliveries) Summaries(ctx context.Context) ([]Summary, error) {
	rows, err := d.db.QueryContext(ctx, `
		SELECT source, count(*), max(position),
		       count(*) FILTER (WHERE status IN (?, ?)),
		       coalesce(min(received) FILTER (WHERE status IN (?, ?)), 0),
		       count(*) FILTER (WHERE status = ?),
		       count(*) FILTER (WHERE status = ?),
		       count(*) FILTER (WHERE status = ? AND received >= ?)
		FROM deliveries GROUP BY source ORDER BY source`,
		event.DeliveryReceivedStatus, event.DeliveryWaiting, event.DeliveryReceivedStatus, event.DeliveryWaiting,
		event.DeliveryFailed, event.DeliveryHeld, event.DeliveryFailed, d.now().Add(-24*time.Hour).UnixNano())
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
		if err := rows.Scan(&s.Source, &s.Total, &last, &s.Pending, &oldest, &s.Failed, &s.Held, &s.Failed24); err != nil {
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
	err := row.Scan(&d.Position, &d.ID, &d.Source, &d.Event, &d.Repository, &received, &d.Size, &d.Status, &d.Error, &events, &d.Attempts, &d.Took, &retryAt, &d.Removes, &d.Fetched)
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
