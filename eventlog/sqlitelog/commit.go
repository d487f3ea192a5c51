package sqlitelog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// A transaction takes what waits, up to about this much.
const (
	maxJobs  = 1000
	maxBytes = 8 << 20
)

// job is one write. The committer puts many into one transaction.
type job struct {
	ctx     context.Context // once it ends nobody waits any more
	size    int             // bytes, more or less
	durable bool            // must be on disk when it is answered
	// run writes. It may be run again, after its first transaction was rolled
	// back, and must then begin afresh.
	run  func(*writer) error
	done chan error // has room for the answer
}

// submit hands a job to the committer and waits for the answer.
func (l *Log) submit(j *job) error {
	j.done = make(chan error, 1)
	select {
	case l.queue <- j:
	case <-j.ctx.Done():
		return j.ctx.Err()
	case <-l.closing:
		return errClosed()
	}
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// commitAll is the committer: it alone writes, until the log is closed.
func (l *Log) commitAll() {
	defer close(l.closed)
	for {
		select {
		case j := <-l.queue:
			// Those that were answered a moment ago may have their next one ready:
			// with these it is a third more for the same fsync.
			runtime.Gosched()
			l.commit(l.collect(j))
		case <-l.closing:
			return
		}
	}
}

// collect adds to a job those that wait too.
func (l *Log) collect(first *job) []*job {
	jobs, size := []*job{first}, first.size
	for len(jobs) < maxJobs && size < maxBytes {
		select {
		case j := <-l.queue:
			jobs, size = append(jobs, j), size+j.size
		default:
			return jobs
		}
	}
	return jobs
}

// commit answers every job. When their common transaction fails each gets one
// of its own, so that one that cannot be written does not fail its neighbours.
func (l *Log) commit(jobs []*job) {
	var wanted []*job
	for _, j := range jobs {
		if err := j.ctx.Err(); err != nil {
			j.done <- err
			continue
		}
		wanted = append(wanted, j)
	}
	err := l.transact(wanted)
	for _, j := range wanted {
		if err != nil && len(wanted) > 1 {
			j.done <- l.transact([]*job{j})
		} else {
			j.done <- err
		}
	}
}

// transact runs jobs in one transaction. After an error nothing of it is there,
// or, should the disk have failed in the last moment, all of it: never a part.
func (l *Log) transact(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	if l.writer == nil {
		w, err := newWriter(l.writeDB)
		if err != nil {
			return refused(err)
		}
		l.writer = w
	}
	last, err := l.writer.transact(jobs, l.now())
	if err != nil {
		if l.writer.broken {
			err = errors.Join(err, l.writer.close())
			l.writer = nil
		}
		return refused(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writer.pruned {
		l.tail = tail{}
	}
	l.tail.add(l.writer.added)
	if last != l.last {
		l.last = last
		close(l.grown)
		l.grown = make(chan struct{})
	}
	return nil
}

// refused turns an error of SQLite's into the one that callers are promised.
func refused(err error) error {
	return fault.New(fault.Unavailable, "the event log cannot be written now: %w", err)
}

// writer is the connection that writes, and the transaction that it is in.
type writer struct {
	conn    *sql.Conn
	stmts   []*sql.Stmt
	insert  *sql.Stmt
	find    *sql.Stmt // position by id
	newest  *sql.Stmt
	cursor  *sql.Stmt
	prune   *sql.Stmt
	relaxed bool // synchronous is NORMAL, not FULL
	broken  bool // not to be used again

	// The transaction's:
	last     eventlog.Position
	recorded time.Time // of what it adds
	added    []eventlog.Record
	pruned   bool
}

func newWriter(db *sql.DB) (*writer, error) {
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	for text, stmt := range map[string]**sql.Stmt{insertEvent: &w.insert, selectByID: &w.find, selectNewest: &w.newest, upsertCursor: &w.cursor, deleteOldest: &w.prune} {
		if *stmt, err = conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // close closes them all
			return nil, errors.Join(err, w.close())
		}
		w.stmts = append(w.stmts, *stmt)
	}
	if err := w.exec("PRAGMA synchronous=FULL"); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close ends the statements and the connection for good; to close an sql.Conn
// alone would keep the connection, and its transaction, for the next.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	if err := w.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// exec runs a statement without arguments. The context is nobody's: a job whose
// caller has left must not take its neighbours with it.
func (w *writer) exec(text string) error {
	_, err := w.conn.ExecContext(context.Background(), text)
	return err
}

// transact runs the jobs and commits, and returns the last position after it.
func (w *writer) transact(jobs []*job, now time.Time) (eventlog.Position, error) {
	if err := w.relax(jobs); err != nil {
		return 0, err
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return 0, err
	}
	err := w.begin(now)
	for _, j := range jobs {
		if err == nil {
			err = j.run(w)
		}
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		// Some errors have rolled back already, and then this one fails too: a new
		// connection is sure to be in no transaction.
		w.broken = w.exec("ROLLBACK") != nil
		return 0, err
	}
	return w.last, nil
}

// relax spares transactions that nobody needs on disk at once the fsync. A
// later one that is durable takes them along, since all go into one WAL.
func (w *writer) relax(jobs []*job) error {
	relaxed := true
	for _, j := range jobs {
		relaxed = relaxed && !j.durable
	}
	if relaxed == w.relaxed {
		return nil
	}
	level := "FULL"
	if relaxed {
		level = "NORMAL"
	}
	if err := w.exec("PRAGMA synchronous=" + level); err != nil {
		return err
	}
	w.relaxed = relaxed
	return nil
}

// begin reads where the log ends. Only the file knows: after a failed commit
// memory could be wrong in both directions.
func (w *writer) begin(now time.Time) error {
	w.added, w.pruned = nil, false
	var recorded int64
	err := w.newest.QueryRowContext(context.Background()).Scan(&w.last, &recorded)
	if errors.Is(err, sql.ErrNoRows) {
		w.last, recorded = 0, now.UnixNano()
	} else if err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	w.recorded = time.Unix(0, max(recorded, now.UnixNano())).UTC() // clocks go backward; the log does not
	return nil
}

const selectNewest = "SELECT position, recorded FROM events ORDER BY position DESC LIMIT 1"
