// Package sqlstore opens the SQLite files that projections keep their rows in.
// A projection has a file of its own: to rebuild one is to delete its file.
package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver, registered under "sqlite"

	"github.com/callboard/callboard/eventlog"
)

// connections bounds how many reads run at once, and with the page cache of each
// the memory that a file takes.
const connections = 8

// Open opens or creates the file and brings its tables up to date with the
// migrations in the folder of that name, which must create a table `position (value INTEGER)` with one row.
//
// A crash can lose the newest transactions (synchronous=NORMAL) but never tears
// one: the position goes back with the rows, and the log is folded again.
func Open(ctx context.Context, path string, files fs.FS) (*sql.DB, error) {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	dsn := "file:" + url.PathEscape(path) + "?" + url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(10000)", "cache_size(-16384)", "temp_store(MEMORY)"},
		"_txlock": {"immediate"},
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
		return nil, fmt.Errorf("bring %s up to date (it is a read model: callboard rebuild makes it anew from the log): %w", path, err)
	}
	return db, nil
}

// Position reads how far the rows have come.
func Position(ctx context.Context, db *sql.DB) (eventlog.Position, error) {
	var p eventlog.Position
	err := db.QueryRowContext(ctx, "SELECT value FROM position").Scan(&p)
	return p, err
}

// InTx runs write in one transaction and moves the position to that of the last
// record, so that rows and position never disagree. Records that the rows have
// seen already are left out.
func InTx(ctx context.Context, db *sql.DB, records []eventlog.Record, write func(*sql.Tx, []eventlog.Record) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it has nothing to do
	var at eventlog.Position
	if err := tx.QueryRowContext(ctx, "SELECT value FROM position").Scan(&at); err != nil {
		return fmt.Errorf("read position: %w", err)
	}
	for len(records) > 0 && records[0].Position <= at {
		records = records[1:]
	}
	if len(records) == 0 {
		return nil
	}
	if err := write(tx, records); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE position SET value = ?", records[len(records)-1].Position); err != nil {
		return fmt.Errorf("store position: %w", err)
	}
	return tx.Commit()
}
