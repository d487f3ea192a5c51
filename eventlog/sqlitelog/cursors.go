package sqlitelog

import (
	"context"
	"database/sql"
	"errors"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const (
	selectCursor = "SELECT position FROM cursors WHERE name = ?"
	upsertCursor = "INSERT INTO cursors (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)

// Cursor returns where a follower is; see [eventlog.Cursors].
func (l *Log) Cursor(ctx context.Context, name string) (eventlog.Position, error) {
	var p eventlog.Position
	err := l.cursor.QueryRowContext(ctx, name).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, l.readError(ctx, err, "read cursor %s of log %s", name, l.path)
	}
	return p, nil
}

// SetCursor remembers where a follower is; see [eventlog.Cursors]. It costs no
// fsync: after a power cut the newest cursors may be those of a moment before.
func (l *Log) SetCursor(ctx context.Context, name string, p eventlog.Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if name == "" {
		return fault.New(fault.Invalid, "a cursor has no name")
	}
	return l.submit(&job{ctx: ctx, run: func(w *writer) error {
		_, err := w.cursor.ExecContext(context.Background(), name, int64(p))
		return err
	}})
}
