package sqlitelog

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

const (
	insertEvent = "INSERT INTO events (position, recorded, time, id, type, source, subject, actor, cause, extensions, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	selectByID  = "SELECT position FROM events WHERE id = ?"
)

// row is an event as the table takes it.
type row struct {
	event                    event.Event
	actor, cause, extensions any // JSON text, or nil when empty
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
		r := row{event: e}
		r.event.Data = append([]byte{}, e.Data...) // never nil: the column is NOT NULL
		var err error
		if r.actor, err = column(e.Actor, e.Actor == event.Actor{}); err != nil {
			return nil, 0, err
		}
		if r.cause, err = column(e.Cause, e.Cause == event.Cause{}); err != nil {
			return nil, 0, err
		}
		if r.extensions, err = column(e.Extensions, len(e.Extensions) == 0); err != nil {
			return nil, 0, err
		}
		rows[i] = r
		size += len(e.Data) + 256
	}
	return rows, size, nil
}

func column(v any, empty bool) (any, error) {
	if empty {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// append writes rows, but for those whose id is there already.
func (w *writer) append(rows []row) ([]eventlog.Appended, error) {
	ctx := context.Background()
	appended := make([]eventlog.Appended, len(rows))
	for i, r := range rows {
		err := w.find.QueryRowContext(ctx, r.event.ID).Scan(&appended[i].Position)
		if err == nil {
			appended[i].Duplicate = true
			continue
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		at := r.event.Time
		if at.IsZero() || at.After(w.recorded) {
			at = w.recorded
		}
		next := w.last + 1
		if _, err := w.insert.ExecContext(ctx, int64(next), w.recorded.UnixNano(), at.UnixNano(),
			r.event.ID, string(r.event.Type), r.event.Source, r.event.Subject, r.actor, r.cause, r.extensions, r.event.Data); err != nil {
			return nil, err
		}
		w.last = next
		appended[i].Position = next
	}
	return appended, nil
}
