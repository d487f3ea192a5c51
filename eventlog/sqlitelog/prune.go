package sqlitelog

import (
	"context"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// deleteOldest deletes some of the oldest events that were recorded before a
// moment. Record times never go backward, so these are the first ones.
const deleteOldest = `DELETE FROM events
WHERE position <= (SELECT max(position) FROM (SELECT position, recorded FROM events ORDER BY position LIMIT 1000) WHERE recorded < ?)
AND position < (SELECT max(position) FROM events)`

// Prune deletes what was recorded before a moment, but for the newest event of
// the log, and returns how many events that were. Positions do not move: the
// log then begins at a later one. An event whose id was deleted counts as new
// when it comes again.
//
// Only a log opened [WithRetention] can do this; for another the error is of
// kind fault.Denied.
func (l *Log) Prune(ctx context.Context, before time.Time) (int64, error) {
	if !l.retention {
		return 0, fault.New(fault.Denied, "this log keeps everything for ever")
	}
	// In steps, so that appenders get their turn in between.
	for total := int64(0); ; {
		var n int64
		err := l.submit(&job{ctx: ctx, run: func(w *writer) error {
			result, err := w.prune.ExecContext(context.Background(), before.UnixNano())
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			w.pruned = true
			return err
		}})
		if err != nil {
			return total, err
		}
		if n == 0 {
			return total, nil
		}
		total += n
	}
}
