// Package clickhousestore keeps the rows of the history in a ClickHouse database.
// Start with [Store]; migrations/00001_events.sql says what is kept, and
// docs/adr/0015-clickhouse.md why so.
package clickhousestore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/pressly/goose/v3"
	"golang.org/x/sync/singleflight"

	"github.com/callboard/callboard/eventlog"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is such a database. It is not connected to before it is used: while the
// server cannot be reached, all that is asked of it is an error of kind
// fault.Unavailable.
type Store struct {
	options *clickhouse.Options
	conn    driver.Conn
	// suffix is of the names of its tables, and generation theirs, if these are not
	// the ones in use.
	suffix     string
	generation uint64

	migrated  atomic.Bool // the tables are up to date
	migrating singleflight.Group
}

// Open returns the database at a URL: see [Parse].
func Open(address string) (*Store, error) {
	o, err := Parse(address)
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		return nil, fmt.Errorf("history.url: %w", err)
	}
	return &Store{options: o, conn: conn}, nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.conn.Close() }

// Batch is how many events, and bytes of their data, are best written at once.
func (s *Store) Batch() (records, bytes int) { return 20_000, 32 << 20 }

// patience is how long the tables may take to be brought up to date.
const patience = time.Minute

// ready brings the tables up to date, once. All who ask meanwhile share the answer,
// so that they do not queue before a server that does not give one.
func (s *Store) ready(ctx context.Context) error {
	if s.migrated.Load() {
		return nil
	}
	done := s.migrating.DoChan("", func() (any, error) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		err := s.migrate(bounded)
		s.migrated.Store(err == nil)
		return nil, err
	})
	select {
	case r := <-done:
		return s.explain(r.Err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) migrate(ctx context.Context) error {
	if err := s.create(ctx); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := clickhouse.OpenDB(s.options)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectClickHouse, db, files)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the tables up to date: %w", err)
	}
	if err := s.tidy(ctx); err != nil {
		return fmt.Errorf("end the rebuild that was cut off: %w", err)
	}
	return nil
}

// create makes the database, if it is not there and may be made.
func (s *Store) create(ctx context.Context) (err error) {
	without := *s.options
	without.Auth.Database = ""
	conn, err := clickhouse.Open(&without)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoted(s.options.Auth.Database))
	if isException(err) {
		return nil // a user that may not: that it is missing is told by what comes next
	}
	return err
}

func quoted(identifier string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(identifier) + "`"
}

// Clear deletes all rows, so that they can be folded anew.
func (s *Store) Clear(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	// The position goes first: rows beyond it do not count.
	for _, table := range []string{"newest", "events", "events_by_subject"} {
		if err := s.conn.Exec(ctx, "TRUNCATE TABLE "+table); err != nil {
			return s.explain(err)
		}
	}
	return nil
}

// position is that of the last row that counts.
const position = "(SELECT max(position) FROM newest WHERE about = '')"

// Position returns how far the rows have come.
func (s *Store) Position(ctx context.Context) (eventlog.Position, error) {
	var p uint64
	err := s.row(ctx, []any{&p}, "SELECT "+position)
	return eventlog.Position(p), err
}

// query reads rows, each with scan.
func (s *Store) query(ctx context.Context, scan func(driver.Rows) error, text string, args ...any) (err error) {
	if err := s.ready(ctx); err != nil {
		return err
	}
	rows, err := s.conn.Query(ctx, s.on(text), args...)
	if err != nil {
		return s.explain(err)
	}
	return s.scan(rows, scan)
}

// scan reads rows to their end.
func (s *Store) scan(rows driver.Rows, scan func(driver.Rows) error) (err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = s.explain(closed)
		}
	}()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return s.explain(rows.Err())
}

// row reads the first row, if there is one.
func (s *Store) row(ctx context.Context, to []any, text string, args ...any) error {
	return s.query(ctx, func(rows driver.Rows) error { return rows.Scan(to...) }, text, args...)
}

func (s *Store) texts(ctx context.Context, text string, args ...any) (all []string, err error) {
	err = s.query(ctx, func(rows driver.Rows) error {
		var t string
		err := rows.Scan(&t)
		all = append(all, t)
		return err
	}, text, args...)
	return all, err
}

func moment(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }
