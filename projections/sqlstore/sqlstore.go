// Package sqlstore keeps the rows of a projection in a SQLite file of its own: to
// rebuild one is to fold another file, and to have it take the place of the first; see
// [Store.Beside].
package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver, registered under "sqlite"

	"github.com/callboard/callboard/eventlog"
)

// connections bounds how many reads run at once, and with the page cache of each
// the memory that a file takes.
const connections = 8

// Store is a projection's rows, in the file that is in use. Each query is answered
// whole by one file, whatever takes its place meanwhile.
type Store struct {
	path       string // of the first file; see [generations]
	migrations fs.FS
	inUse      atomic.Pointer[file]
}

// Open opens or creates the file and brings its tables up to date with the
// migrations in the folder of that name, which must create a table `position (value INTEGER)` with one row.
// What a rebuild left behind that was cut off is deleted: nobody else may have it open.
//
// A crash can lose the newest transactions (synchronous=NORMAL) but never tears
// one: the position goes back with the rows, and the log is folded again.
func Open(ctx context.Context, path string, migrations fs.FS) (*Store, error) {
	newest, err := tidy(path)
	if err != nil {
		return nil, err
	}
	f, err := openFile(ctx, newest, migrations)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, migrations: migrations}
	s.inUse.Store(f)
	return s, nil
}

// OpenDB is Open for a file that is no read model: its tables are whatever the
// migrations create.
func OpenDB(ctx context.Context, path string, files fs.FS) (*sql.DB, error) {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	dsn := "file:" + url.PathEscape(path) + "?" + url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(10000)", "cache_size(-16384)", "temp_store(MEMORY)"},
	}.Encode()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("bring %s up to date: %w", path, err)
	}
	return db, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.inUse.Load().close() }

// QueryContext is [sql.DB.QueryContext]. The rows must be closed.
func (s *Store) QueryContext(ctx context.Context, query string, args ...any) (*Rows, error) {
	f := s.hold()
	rows, err := f.db.QueryContext(ctx, query, args...)
	if err != nil {
		f.release()
		return nil, err
	}
	return &Rows{Rows: rows, release: f.releaseOnce()}, nil
}

// QueryRowContext is [sql.DB.QueryRowContext]. The row must be scanned.
func (s *Store) QueryRowContext(ctx context.Context, query string, args ...any) Row {
	f := s.hold()
	return Row{row: f.db.QueryRowContext(ctx, query, args...), release: f.releaseOnce()}
}

// ExecContext is [sql.DB.ExecContext], for what does not come of the log.
func (s *Store) ExecContext(ctx context.Context, query string, args ...any) error {
	f := s.hold()
	defer f.release()
	_, err := f.db.ExecContext(ctx, query, args...)
	return err
}

// Position reads how far the rows have come.
func (s *Store) Position(ctx context.Context) (eventlog.Position, error) {
	var p eventlog.Position
	err := s.QueryRowContext(ctx, "SELECT value FROM position").Scan(&p)
	return p, err
}

// Apply calls fold for each record that the rows have not seen, in one transaction
// that also moves the position to that of the last, so that rows and position never
// disagree. The end of ctx is seen between two records.
func (s *Store) Apply(ctx context.Context, records []eventlog.Record, fold func(*Tx, eventlog.Record) error) error {
	f := s.hold()
	defer f.release()
	return f.apply(ctx, records, fold)
}

// hold returns the file that is in use, which stays open until it is released.
func (s *Store) hold() *file {
	for {
		if f := s.inUse.Load(); f.hold() {
			return f
		}
	}
}

// Rows are the answer to a query, which keep the file open that they are read from.
type Rows struct {
	*sql.Rows
	release func()
}

// Close ends reading.
func (r *Rows) Close() error {
	defer r.release()
	return r.Rows.Close()
}
