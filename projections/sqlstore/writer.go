package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/callboard/callboard/eventlog"
)

// What suits the connection that writes: rows go to the end of their table, but to
// anywhere in its indexes, whose pages it keeps (64 MB) and which change often before
// they need to be copied from the WAL (32 MB).
const tuned = "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8192"

// writer is the connection that writes. Its statements are prepared once.
type writer struct {
	conn   *sql.Conn
	tx     Tx
	broken bool // not to be used again
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, tx: Tx{conn: conn, statements: map[string]*sql.Stmt{}}}
	if _, err := conn.ExecContext(ctx, tuned); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close ends the statements and the connection for good; to close an sql.Conn
// alone would keep the connection, and its transaction, for the next.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.tx.statements {
		errs = append(errs, s.Close())
	}
	if err := w.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (w *writer) apply(ctx context.Context, records []eventlog.Record, fold func(*Tx, eventlog.Record) error) error {
	if _, err := w.tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := w.tx.fold(ctx, records, fold)
	if err == nil {
		_, err = w.tx.Exec("COMMIT")
	}
	if err != nil {
		// Some errors have rolled back already, and then this one fails too: a new
		// connection is sure to be in no transaction.
		_, failed := w.tx.Exec("ROLLBACK")
		w.broken = failed != nil
	}
	return err
}

// Tx is the transaction of [Store.Apply]. Each text of a statement is prepared once,
// so it must not hold values.
type Tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// Exec runs a statement, and returns how many rows it changed.
func (tx *Tx) Exec(text string, args ...any) (int64, error) {
	s, err := tx.prepare(text) //nolint:sqlclosecheck // kept: writer.close closes it
	if err != nil {
		return 0, err
	}
	done, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// QueryRow runs a query for one row.
func (tx *Tx) QueryRow(text string, args ...any) Row {
	s, err := tx.prepare(text) //nolint:sqlclosecheck // as above
	if err != nil {
		return Row{err: err}
	}
	return Row{row: s.QueryRowContext(context.Background(), args...)}
}

// prepare finds the statement. The context of all that follows is nobody's: one
// that can end costs a goroutine for each statement.
func (tx *Tx) prepare(text string) (*sql.Stmt, error) {
	if s, ok := tx.statements[text]; ok {
		return s, nil
	}
	s, err := tx.conn.PrepareContext(context.Background(), text)
	if err == nil {
		tx.statements[text] = s
	}
	return s, err
}

// Row is a row, or why there is none.
type Row struct {
	row     *sql.Row
	err     error
	release func() // of the file that it is read from; nil within a transaction
}

// Scan is [sql.Row.Scan].
func (r Row) Scan(to ...any) error {
	if r.release != nil {
		defer r.release()
	}
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(to...)
}

func (tx *Tx) fold(ctx context.Context, records []eventlog.Record, fold func(*Tx, eventlog.Record) error) error {
	var at eventlog.Position
	if err := tx.QueryRow("SELECT value FROM position").Scan(&at); err != nil {
		return fmt.Errorf("read position: %w", err)
	}
	for _, rec := range records {
		if rec.Position <= at {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fold(tx, rec); err != nil {
			return fmt.Errorf("position %d: %w", rec.Position, err)
		}
		at = rec.Position
	}
	if _, err := tx.Exec("UPDATE position SET value = ?", at); err != nil {
		return fmt.Errorf("store position: %w", err)
	}
	return nil
}
