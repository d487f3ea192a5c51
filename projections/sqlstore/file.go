package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/callboard/callboard/eventlog"
)

// file is an open file of rows, and who reads it.
type file struct {
	path string
	db   *sql.DB

	writing sync.Mutex
	writer  *writer // nil until something is written, and after an error

	mu      sync.Mutex
	readers int
	left    bool          // it is not in use any more: nobody begins to read it
	idle    chan struct{} // closed once it is left and nobody reads it
}

func openFile(ctx context.Context, path string, migrations fs.FS) (*file, error) {
	db, err := OpenDB(ctx, path, migrations)
	if err != nil {
		return nil, fmt.Errorf("%w (it is a read model: callboard rebuild makes it anew from the log)", err)
	}
	return &file{path: path, db: db, idle: make(chan struct{})}, nil
}

// hold keeps the file open until it is released; false if it is left.
func (f *file) hold() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left {
		return false
	}
	f.readers++
	return true
}

func (f *file) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers--
	f.settle()
}

func (f *file) releaseOnce() func() { return sync.OnceFunc(f.release) }

// leave has nobody begin to read the file.
func (f *file) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.left {
		f.left = true
		f.settle()
	}
}

func (f *file) settle() {
	if f.left && f.readers == 0 {
		close(f.idle)
	}
}

// drop closes and deletes the file, which is left, once nobody reads it. If ctx ends
// before, the file stays for the next start to delete.
func (f *file) drop(ctx context.Context) error {
	select {
	case <-f.idle:
	case <-ctx.Done():
		select {
		case <-f.idle:
		default:
			return errors.Join(ctx.Err(), f.close())
		}
	}
	return errors.Join(f.close(), remove(f.path))
}

func (f *file) apply(ctx context.Context, records []eventlog.Record, fold func(*Tx, eventlog.Record) error) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.writer == nil {
		w, err := newWriter(ctx, f.db)
		if err != nil {
			return err
		}
		f.writer = w
	}
	err := f.writer.apply(ctx, records, fold)
	if err != nil && f.writer.broken {
		err = errors.Join(err, f.forget())
	}
	return err
}

// flush writes what stands in the WAL into the file itself, and to the disk.
func (f *file) flush(ctx context.Context) error {
	var busy, frames, done int
	if err := f.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done); err != nil {
		return fmt.Errorf("write %s to disk: %w", f.path, err)
	}
	if busy != 0 {
		return fmt.Errorf("write %s to disk: somebody else has it open", f.path)
	}
	return nil
}

func (f *file) close() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	return errors.Join(f.forget(), f.db.Close())
}

func (f *file) forget() error {
	if f.writer == nil {
		return nil
	}
	err := f.writer.close()
	f.writer = nil
	return err
}

// remove deletes a file and what SQLite keeps beside it.
func remove(path string) error {
	// The file itself goes first: without it the others are nothing.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
