package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// dsn names a file for the driver, whatever characters its path is made of.
func dsn(path string, params ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: strings.Join(params, "&")}
	return u.String()
}

// lockFile takes the lock of the log at path, to be held until the handle is
// closed. SQLite lets many processes write one file, which is not what a log
// wants that counts and caches; so the lock is one of SQLite's own, on a file
// beside it: it goes when the process does, and works wherever SQLite does.
func lockFile(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path+".lock", "_pragma=busy_timeout(0)"))
	if err != nil {
		return nil, fmt.Errorf("lock log %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err = db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err == nil {
		return db, nil
	}
	if code(err) == sqlite3.SQLITE_BUSY {
		err = fault.New(fault.Conflict, "log %s is in use by another process; stop that one or choose another data folder", path)
	} else {
		err = fmt.Errorf("lock log %s: %w", path, err)
	}
	return nil, errors.Join(err, db.Close())
}

// prepare makes sure that the file is a log that this version can write, makes
// it one if it is new, and returns its last position.
func prepare(ctx context.Context, conn *sql.Conn, retention bool) (eventlog.Position, error) {
	var application, version, objects int
	if err := conn.QueryRowContext(ctx, "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").Scan(&application, &version, &objects); err != nil {
		if code(err) == sqlite3.SQLITE_NOTADB {
			return 0, fault.New(fault.Conflict, "the file is not a log, nor any SQLite database: %w", err)
		}
		return 0, err
	}
	switch {
	case application == 0 && version == 0 && objects == 0:
		if err := create(ctx, conn, retention); err != nil {
			return 0, fmt.Errorf("make the schema: %w", err)
		}
	case application != applicationID:
		return 0, fault.New(fault.Conflict, "the file is an SQLite database of another program (application_id %#x)", application)
	case version != schemaVersion:
		return 0, fault.New(fault.Conflict, "the file has schema version %d, and this version of Callboard knows %d; use the Callboard that wrote it, or a newer one", version, schemaVersion)
	}
	if err := checkSchema(ctx, conn, retention); err != nil {
		return 0, err
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil || mode != "wal" {
		return 0, fmt.Errorf("the file cannot be put in WAL mode, only in mode %q: %w", mode, err)
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous=FULL"); err != nil {
		return 0, err
	}
	// A process that was killed between a write and its fsync leaves events that
	// are there but not safe yet. To call a repeat of one a duplicate is to
	// acknowledge it: so they are made safe first.
	if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return 0, err
	}
	return checkPositions(ctx, conn, retention)
}

func create(ctx context.Context, conn *sql.Conn, retention bool) error {
	statements := []string{"BEGIN IMMEDIATE"}
	for _, o := range schema(retention) {
		statements = append(statements, o.sql)
	}
	statements = append(statements,
		fmt.Sprintf("PRAGMA application_id=%d", applicationID), fmt.Sprintf("PRAGMA user_version=%d", schemaVersion), "COMMIT")
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// checkSchema compares what the file has with what it should have: without its
// triggers a log would no longer be append-only.
func checkSchema(ctx context.Context, conn *sql.Conn, retention bool) error {
	found := map[string]string{}
	rows, err := conn.QueryContext(ctx, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		found[name] = text
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, o := range schema(retention) {
		switch text, ok := found[o.name]; {
		case text == o.sql:
		case text == deleteTrigger(!retention).sql && retention:
			return fault.New(fault.Conflict, "the log keeps everything for ever, and cannot be opened as one that forgets")
		case text == deleteTrigger(!retention).sql:
			return fault.New(fault.Conflict, "the log is of the kind that forgets old events, and cannot be opened as one that keeps everything")
		case !ok:
			return fault.New(fault.Conflict, "the log was tampered with: %s is missing; restore it from a backup", o.name)
		default:
			return fault.New(fault.Conflict, "the log was tampered with: %s is not as this version made it; restore it from a backup", o.name)
		}
	}
	return nil
}

// checkPositions makes sure that no position is missing and returns the last.
func checkPositions(ctx context.Context, conn *sql.Conn, retention bool) (eventlog.Position, error) {
	var first, last, count eventlog.Position
	err := conn.QueryRowContext(ctx, "SELECT coalesce(min(position), 1), coalesce(max(position), 0), (SELECT count(*) FROM events) FROM events").Scan(&first, &last, &count)
	if err != nil {
		return 0, err
	}
	if last-first+1 != count || (!retention && first != 1) {
		return 0, fault.New(fault.Conflict, "the log is damaged: it goes from position %d to %d but has %d events; restore it from a backup", first, last, count)
	}
	return last, nil
}

// code returns SQLite's primary result code of err, or 0.
// https://www.sqlite.org/rescode.html
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
