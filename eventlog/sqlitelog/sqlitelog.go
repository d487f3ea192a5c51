// Package sqlitelog is an [eventlog.Log] in one SQLite file: the default, for a
// portal that runs as a single process.
//
// Start with [Open]. The way of an event goes from [Log.Append] through the
// committer (commit.go), which lets all that wait share one fsync, into the
// table of schema.go, whose triggers keep it append-only whoever writes. Those
// who follow the live end get it from memory (tail.go), others from the file.
//
// The file is in WAL mode with synchronous=FULL. What Append has acknowledged
// survives a crash of the process or the machine, as far as the disk keeps what
// it said was synced.
package sqlitelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Log is a log in a file. All methods may be called from many goroutines.
type Log struct {
	path      string
	retention bool
	now       func() time.Time

	lock   *sql.DB // holds the file against other processes
	readDB *sql.DB
	page   *sql.Stmt // on readDB: records between two positions
	cursor *sql.Stmt // on readDB

	writeDB *sql.DB
	writer  *writer // of the committer's goroutine; nil when its connection must be made anew

	queue   chan *job
	closing chan struct{} // closed when Close begins
	closed  chan struct{} // closed when the committer has ended
	once    sync.Once

	mu    sync.Mutex
	last  eventlog.Position
	tail  tail
	grown chan struct{} // closed, and replaced, when last moves
}

// Option changes how a log is opened.
type Option func(*Log)

// WithClock sets the clock for the times of recording; the default is time.Now.
func WithClock(now func() time.Time) Option { return func(l *Log) { l.now = now } }

// WithRetention opens a log of the kind that forgets: see [Log.Prune]. The kind
// is given when the file is made, and stays.
func WithRetention() Option { return func(l *Log) { l.retention = true } }

// Open opens the log in the file at path, and makes the file if there is none;
// its folder must be there. SQLite keeps two more files beside it, and the log
// a third, path.lock, by which it holds the file until Close.
//
// Errors are of kind fault.Conflict when another Log, in this process or
// another, has the file open, and when the file is something else than this
// version's log of the kind that the options ask for.
func Open(ctx context.Context, path string, opts ...Option) (_ *Log, err error) {
	l := &Log{
		now:   time.Now,
		queue: make(chan *job), closing: make(chan struct{}), closed: make(chan struct{}),
		grown: make(chan struct{}),
	}
	for _, o := range opts {
		o(l)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.closeFiles())
		}
	}()
	if l.path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("open log %s: %w", path, err)
	}
	if l.lock, err = lockFile(ctx, l.path); err != nil {
		return nil, err
	}
	if err := l.openWriter(ctx); err != nil {
		return nil, err
	}
	if err := l.openReaders(ctx); err != nil {
		return nil, err
	}
	go l.commitAll()
	return l, nil
}

func (l *Log) openWriter(ctx context.Context) error {
	var err error
	// A busy database is one that somebody looks at with a tool of their own.
	if l.writeDB, err = sql.Open("sqlite", dsn(l.path, "_pragma=busy_timeout(5000)", "_pragma=journal_size_limit(67108864)", "_defensive=1", "_dqs=0")); err != nil {
		return fmt.Errorf("open log %s: %w", l.path, err)
	}
	l.writeDB.SetMaxOpenConns(1)
	conn, err := l.writeDB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open log %s: %w", l.path, err)
	}
	if l.last, err = prepare(ctx, conn, l.retention); err != nil {
		return fmt.Errorf("open log %s: %w", l.path, errors.Join(err, conn.Close()))
	}
	return conn.Close() // back to the pool, where the committer finds it
}

func (l *Log) openReaders(ctx context.Context) error {
	var err error
	if l.readDB, err = sql.Open("sqlite", dsn(l.path, "mode=ro", "_pragma=busy_timeout(5000)", "_dqs=0")); err != nil {
		return fmt.Errorf("open log %s: %w", l.path, err)
	}
	l.readDB.SetMaxOpenConns(readers)
	l.readDB.SetMaxIdleConns(readers)
	if l.page, err = l.readDB.PrepareContext(ctx, selectPage); err != nil {
		return fmt.Errorf("open log %s: %w", l.path, err)
	}
	if l.cursor, err = l.readDB.PrepareContext(ctx, selectCursor); err != nil {
		return fmt.Errorf("open log %s: %w", l.path, err)
	}
	return nil
}

// Close lets the writes under way finish, refuses further ones, ends every
// Follow with an error, and gives the file free. More calls do nothing.
func (l *Log) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closing)
		<-l.closed
		err = l.closeFiles()
	})
	return err
}

func (l *Log) closeFiles() error {
	var errs []error
	if l.readDB != nil {
		errs = append(errs, l.readDB.Close())
	}
	// Then what writes: the last connection folds the WAL into the file, so that a log
	// at rest is one file. The lock comes last: until then the file is ours.
	if l.writer != nil {
		errs = append(errs, l.writer.close())
	}
	for _, db := range []*sql.DB{l.writeDB, l.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close log %s: %w", l.path, err)
	}
	return nil
}

func (l *Log) isClosing() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

func errClosed() error {
	return fault.New(fault.Unavailable, "the event log is closed; the portal is shutting down")
}

var (
	_ eventlog.Log     = (*Log)(nil)
	_ eventlog.Cursors = (*Log)(nil)
)
