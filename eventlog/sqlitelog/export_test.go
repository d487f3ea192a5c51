package sqlitelog

import "context"

// Do has the committer call do within a transaction, with a way to run
// statements on the connection that writes.
func (l *Log) Do(ctx context.Context, do func(exec func(string) error) error) error {
	return l.submit(&job{ctx: ctx, run: func(w *writer) error { return do(w.exec) }})
}
