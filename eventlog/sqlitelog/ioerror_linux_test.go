package sqlitelog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

const limitPath = "SQLITELOG_TEST_LIMIT_PATH"

// TestWriteError has the kernel refuse to let the WAL grow, so that the commit
// itself fails. The limit is one of a process; therefore a child has it.
func TestWriteError(t *testing.T) {
	if path := os.Getenv(limitPath); path != "" {
		if err := appendWithoutRoom(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return
	}
	path := newPath(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program, "-test.run=^TestWriteError$")
	child.Env = append(os.Environ(), limitPath+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	if diff := cmp.Diff([]string{"before", "after"}, eventlogtest.IDs(eventlogtest.ReadAll(t, open(t, path), 0))); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func appendWithoutRoom(ctx context.Context, path string) error {
	log, err := sqlitelog.Open(ctx, path)
	if err != nil {
		return err
	}
	if _, err := log.Append(ctx, eventlogtest.Event("before")); err != nil {
		return err
	}
	wal, err := os.Stat(path + "-wal")
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ) // then the write fails with EFBIG instead
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(wal.Size()), Max: limit.Max}); err != nil {
		return err
	}
	for range 3 {
		_, err := log.Append(ctx, eventlogtest.Event("refused"))
		if fault.KindOf(err) != fault.Unavailable {
			return fmt.Errorf("append without room = %w, want an error of kind unavailable", err)
		}
		last, lastErr := log.Last(ctx)
		if last != 1 || lastErr != nil {
			return fmt.Errorf("the last position is %d, %w, want 1", last, lastErr)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	appended, err := log.Append(ctx, eventlogtest.Event("after"))
	if err == nil && appended[0].Position != 2 {
		err = fmt.Errorf("once there is room, the event goes to position %d, want 2", appended[0].Position)
	}
	return errors.Join(err, log.Close())
}
