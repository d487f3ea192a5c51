package sqlitelog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// A read transaction ends after about this much, however slow the reader is:
// an open one would keep the WAL from being folded into the file.
const (
	pageRows  = 500
	pageBytes = 4 << 20
)

// readers is how many read the file at the same moment; others wait.
const readers = 8

const selectPage = "SELECT " + eventColumns + " FROM events WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"

// Read yields records; see [eventlog.Reader].
func (l *Log) Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		last, _ := l.end()
		if _, err := l.yieldBetween(ctx, after, last, yield); err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

// Follow yields records for ever; see [eventlog.Reader].
func (l *Log) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for {
			last, grown := l.end()
			more, err := l.yieldBetween(ctx, after, last, yield)
			switch {
			case ctx.Err() != nil || !more && err == nil:
				return
			case err != nil:
				yield(eventlog.Record{}, err)
				return
			}
			after = max(after, last)
			select {
			case <-grown:
			case <-ctx.Done():
				return
			case <-l.closing:
				yield(eventlog.Record{}, errClosed())
				return
			}
		}
	}
}

// At returns one record; see [eventlog.Reader].
func (l *Log) At(ctx context.Context, p eventlog.Position) (eventlog.Record, error) {
	if last, _ := l.end(); p == 0 || p > last {
		return eventlog.Record{}, fault.New(fault.NotFound, "there is no position %d in the log", p)
	}
	records, err := l.readPage(ctx, p-1, p)
	if err != nil {
		return eventlog.Record{}, err
	}
	if len(records) == 0 {
		return eventlog.Record{}, fault.New(fault.NotFound, "position %d is no longer kept", p)
	}
	return records[0], nil
}

// Last returns the newest position; see [eventlog.Reader].
func (l *Log) Last(context.Context) (eventlog.Position, error) {
	last, _ := l.end()
	return last, nil
}

// end returns the last position and what tells that it moved.
func (l *Log) end() (eventlog.Position, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.grown
}

// yieldBetween yields the records after one position up to another, and reports
// whether the loop's body wants more.
func (l *Log) yieldBetween(ctx context.Context, after, last eventlog.Position, yield func(eventlog.Record, error) bool) (bool, error) {
	for after < last {
		records, err := l.readPage(ctx, after, last)
		if err != nil {
			return false, err
		}
		// A log that forgets may begin anywhere, and forget while it is read.
		if len(records) == 0 && l.retention {
			break
		}
		if len(records) == 0 {
			return false, l.missing(after + 1)
		}
		for _, r := range records {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			if r.Position != after+1 && !l.retention {
				return false, l.missing(after + 1)
			}
			if !yield(r, nil) {
				return false, nil
			}
			after = r.Position
		}
	}
	return true, ctx.Err()
}

func (l *Log) missing(p eventlog.Position) error {
	return fmt.Errorf("log %s is damaged: position %d is missing; restore it from a backup", l.path, p)
}

// readPage returns the first records of those after one position up to another.
func (l *Log) readPage(ctx context.Context, after, last eventlog.Position) ([]eventlog.Record, error) {
	if l.isClosing() {
		return nil, errClosed()
	}
	l.mu.Lock()
	records, ok := l.tail.between(after, last)
	l.mu.Unlock()
	if ok {
		return records, nil
	}
	records, err := scanPage(l.page.QueryContext(ctx, int64(after), int64(last), pageRows))
	if err != nil {
		return nil, l.readError(ctx, err, "read log %s after position %d", l.path, after)
	}
	return records, nil
}

// readError says why a read failed: the caller gave up, the log is closed, or
// err.
func (l *Log) readError(ctx context.Context, err error, format string, args ...any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if l.isClosing() {
		return errClosed()
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

func scanPage(rows *sql.Rows, err error) ([]eventlog.Record, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var records []eventlog.Record
	for size := 0; size < pageBytes && rows.Next(); {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		size += len(r.Data)
	}
	return records, rows.Err()
}

func scanRecord(rows *sql.Rows) (r eventlog.Record, err error) {
	var position, recorded, at int64
	var extensions string
	// Pointers to the plain types: database/sql is slow with named ones.
	err = rows.Scan(&position, &recorded, &at, &r.ID, (*string)(&r.Type), &r.Source, &r.Subject,
		&r.Actor.Name, &r.Actor.Email, &r.Actor.Login, &r.Cause.Delivery, &r.Cause.Commit, &r.Cause.CommitURL, &r.Cause.Request, &r.Cause.Schedule,
		&extensions, &r.Data)
	if err != nil {
		return r, err
	}
	r.Position = eventlog.Position(position)
	r.Recorded, r.Time = time.Unix(0, recorded).UTC(), time.Unix(0, at).UTC()
	if extensions != "" {
		if err := json.Unmarshal([]byte(extensions), &r.Extensions); err != nil {
			return r, fmt.Errorf("extensions at position %d: %w", position, err)
		}
	}
	return r, nil
}
