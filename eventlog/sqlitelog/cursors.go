package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil && ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, fmt.Errorf("read cursor %s of log %s: %w", name, l.path, err)
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
