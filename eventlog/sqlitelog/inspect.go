package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Inspection is a log's file as it lies there, be it damaged: for whoever checks it.
// It is only read, also while a portal has it open.
type Inspection struct {
	path string
	db   *sql.DB
	conn *sql.Conn
}

// Inspect opens the file of a log that keeps everything. What is found is the log as
// it is at that moment. An error of kind fault.NotFound says that there is no file,
// one of kind fault.Invalid that it cannot be read as a log at all.
func Inspect(ctx context.Context, path string) (*Inspection, error) {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular():
		return nil, fault.New(fault.NotFound, "there is no event log %s", path)
	case err != nil:
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	i, err := inspect(ctx, path)
	if c := code(err); c == sqlite3.SQLITE_CANTOPEN || c == sqlite3.SQLITE_READONLY {
		// In a folder that cannot be written to, SQLite wants to be told that nobody
		// writes; what stands in a WAL would be passed over.
		if info, missing := os.Stat(path + "-wal"); missing != nil || info.Size() == 0 {
			i, err = inspect(ctx, path, "immutable=1")
		}
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "the file %s cannot be read as an event log: %w", path, err)
	}
	return i, nil
}

func inspect(ctx context.Context, path string, params ...string) (_ *Inspection, err error) {
	params = append(params, "mode=ro", "_pragma=busy_timeout(5000)", "_pragma=cell_size_check(1)", "_pragma=trusted_schema(0)", "_dqs=0")
	i := &Inspection{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Close())
		}
	}()
	if i.db, err = sql.Open("sqlite", dsn(path, params...)); err != nil {
		return nil, err
	}
	if i.conn, err = i.db.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err = i.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	var n int // a transaction begins to see the file when it first reads
	return i, i.conn.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT "+eventColumns+" FROM events LIMIT 1)").Scan(&n)
}

// Close closes the file.
func (i *Inspection) Close() error {
	var errs []error
	if i.conn != nil {
		errs = append(errs, i.conn.Close())
	}
	if i.db != nil {
		errs = append(errs, i.db.Close())
	}
	return errors.Join(errs...)
}

// Records yields the records in the order in which they lie in the file, whatever
// their positions are. An error is yielded once, after all that could be read before.
func (i *Inspection) Records(ctx context.Context) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		// From the first to the last, without looking anything up: a number that was
		// changed leads every look-up astray.
		rows, err := i.conn.QueryContext(ctx, "SELECT "+eventColumns+" FROM events ORDER BY position")
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			r, err := scanRecord(rows)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

// CheckFile looks at what the records do not tell: that the file is the one that this
// version makes, append-only by its triggers, and that SQLite finds nothing wrong
// with its structure and its indexes. Errors are of kind fault.Conflict.
func (i *Inspection) CheckFile(ctx context.Context) error {
	var application, version int
	if err := i.conn.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version").Scan(&application, &version); err != nil {
		return fault.New(fault.Conflict, "the file is damaged: %w", err)
	}
	if application != applicationID || version != schemaVersion {
		return fault.New(fault.Conflict, "the file says that it is no log of this version (application_id %#x, schema version %d)", application, version)
	}
	if err := checkSchema(ctx, i.conn, false); err != nil {
		return err
	}
	rows, err := i.conn.QueryContext(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return fault.New(fault.Conflict, "the file is damaged: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var says string
		if err := rows.Scan(&says); err != nil {
			return err
		}
		if says != "ok" {
			return fault.New(fault.Conflict, "every event is as it was, but the file around them is damaged: %s", says)
		}
	}
	if err := rows.Err(); err != nil {
		return fault.New(fault.Conflict, "the file is damaged: %w", err)
	}
	return nil
}
