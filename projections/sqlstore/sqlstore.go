// Package sqlstore keeps the rows of a projection in a SQLite file of its own: to
// rebuild one is to delete its file.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"sync"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver, registered under "sqlite"

	"github.com/callboard/callboard/eventlog"
)

// connections bounds how many reads run at once, and with the page cache of each
// the memory that a file takes.
const connections = 8

// Store is a projection's file. As a *sql.DB it is read; [Store.Apply] writes.
type Store struct {
	*sql.DB
	mu     sync.Mutex
	writer *writer // nil until something is written, and after an error
}

// Open opens or creates the file and brings its tables up to date with the
// migrations in the folder of that name, which must create a table `position (value INTEGER)` with one row.
//
// A crash can lose the newest transactions (synchronous=NORMAL) but never tears
// one: the position goes back with the rows, and the log is folded again.
func Open(ctx context.Context, path string, files fs.FS) (*Store, error) {
	db, err := OpenDB(ctx, path, files)
	if err != nil {
		return nil, fmt.Errorf("%w (it is a read model: callboard rebuild makes it anew from the log)", err)
	}
	return &Store{DB: db}, nil
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
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.forget(), s.DB.Close())
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer == nil {
		w, err := newWriter(ctx, s.DB)
		if err != nil {
			return err
		}
		s.writer = w
	}
	err := s.writer.apply(ctx, records, fold)
	if err != nil && s.writer.broken {
		err = errors.Join(err, s.forget())
	}
	return err
}

func (s *Store) forget() error {
	if s.writer == nil {
		return nil
	}
	err := s.writer.close()
	s.writer = nil
	return err
}
