package sqlitelog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

const (
	insertEvent = "INSERT INTO events (" + eventColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	selectByID  = "SELECT position FROM events WHERE id = ?"
)

// row is an event ready for the table.
type row struct {
	event.Event
	extensions string
}

// Append adds events; see [eventlog.Appender].
func (l *Log) Append(ctx context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	if err := ctx.Err(); err != nil || len(events) == 0 {
		return nil, err
	}
	rows, size, err := toRows(events)
	if err != nil {
		return nil, err
	}
	var appended []eventlog.Appended
	err = l.submit(&job{ctx: ctx, size: size, durable: true, run: func(w *writer) (err error) {
		appended, err = w.append(rows)
		return err
	}})
	if err != nil {
		return nil, err
	}
	return appended, nil
}

// toRows does what can be done before the committer's turn, and copies what the
// caller may change once Append returned early.
func toRows(events []event.Event) ([]row, int, error) {
	rows, size := make([]row, len(events)), 0
	for i, e := range events {
		if err := e.Validate(); err != nil {
			return nil, 0, err
		}
		rows[i].Event = e
		rows[i].Data = append([]byte{}, e.Data...) // nil would be NULL
		rows[i].Extensions = nil
		if len(e.Extensions) > 0 {
			rows[i].Extensions = maps.Clone(e.Extensions)
			b, err := json.Marshal(e.Extensions)
			if err != nil {
				return nil, 0, fmt.Errorf("encode the extensions of event %q: %w", e.ID, err)
			}
			rows[i].extensions = string(b)
		}
		size += len(e.Data) + len(rows[i].extensions) + 512 // the rest is short
	}
	return rows, size, nil
}

// append writes rows, but for those whose id is there already.
func (w *writer) append(rows []row) ([]eventlog.Appended, error) {
	ctx := context.Background()
	appended := make([]eventlog.Appended, len(rows))
	for i, r := range rows {
		err := w.find.QueryRowContext(ctx, r.ID).Scan(&appended[i].Position)
		if err == nil {
			appended[i].Duplicate = true
			continue
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		at := r.Time
		if at.IsZero() || at.After(w.recorded) {
			at = w.recorded
		}
		next := w.last + 1
		_, err = w.insert.ExecContext(ctx, int64(next), w.recorded.UnixNano(), at.UnixNano(), r.ID, string(r.Type), r.Source, r.Subject,
			r.Actor.Name, r.Actor.Email, r.Actor.Login, r.Cause.Delivery, r.Cause.Commit, r.Cause.CommitURL, r.Cause.Request, r.Cause.Schedule,
			r.extensions, r.Data)
		if err != nil {
			return nil, err
		}
		w.last = next
		w.added = append(w.added, r.record(next, w.recorded, at))
		appended[i].Position = next
	}
	return appended, nil
}
