package sqlitelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

// held opens a log whose committer waits until release is called, so that what
// is appended meanwhile shares a transaction. For use within synctest.
func held(t *testing.T, path string) (log *sqlitelog.Log, release func()) {
	t.Helper()
	log = open(t, path)
	gate := make(chan struct{})
	go func() {
		if err := log.Do(context.Background(), func(func(string) error) error { <-gate; return nil }); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return log, func() { close(gate) }
}

func TestNeighboursInATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, release := held(t, newPath(t))
		broken := errors.New("broken")
		results := make([]error, 5)
		appended := make([][]eventlog.Appended, 5)
		for i := range results {
			go func() {
				if i == 2 {
					results[i] = log.Do(t.Context(), func(exec func(string) error) error {
						if err := exec("INSERT INTO cursors VALUES ('half', 1)"); err != nil {
							return err
						}
						return broken
					})
					return
				}
				appended[i], results[i] = log.Append(t.Context(), eventlogtest.Event(fmt.Sprint("own", i)), eventlogtest.Event("common"))
			}()
			synctest.Wait()
		}
		release()
		synctest.Wait()

		for i, err := range results {
			if i == 2 && !errors.Is(err, broken) || i != 2 && err != nil {
				t.Errorf("write %d = %v", i, err)
			}
		}
		want := [][]eventlog.Appended{
			{{Position: 1}, {Position: 2}},
			{{Position: 3}, {Position: 2, Duplicate: true}},
			nil,
			{{Position: 4}, {Position: 2, Duplicate: true}},
			{{Position: 5}, {Position: 2, Duplicate: true}},
		}
		if diff := cmp.Diff(want, appended); diff != "" {
			t.Errorf("Append beside a write that fails (-want +got):\n%s", diff)
		}
		if p, err := log.Cursor(t.Context(), "half"); p != 0 || err != nil {
			t.Errorf("what the failed write did before it failed is there: %d, %v", p, err)
		}
	})
}

func TestCancelledInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, release := held(t, newPath(t))
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 1)
		go func() {
			_, err := log.Append(ctx, eventlogtest.Event("impatient"))
			results <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("Append = %v, want the context's error", err)
		}
		release()
		appendIDs(t, log, "patient")
		if diff := cmp.Diff([]string{"patient"}, eventlogtest.IDs(eventlogtest.ReadAll(t, log, 0))); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, release := held(t, newPath(t))
		follower := make(chan error, 1)
		go func() {
			for _, err := range log.Follow(t.Context(), 0) {
				follower <- err
			}
		}()
		appender := make(chan error, 1)
		go func() {
			_, err := log.Append(t.Context(), eventlogtest.Event("too late"))
			appender <- err
		}()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- log.Close() }()
		for name, ch := range map[string]chan error{"Append that waited": appender, "Follow": follower} {
			if err := <-ch; fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s = %v, want an error of kind unavailable", name, err)
			}
		}
		release() // only now can Close end: it waits for the write under way
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if _, err := log.Append(t.Context(), eventlogtest.Event("later")); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("Append to a closed log = %v, want an error of kind unavailable", err)
		}
		if err := log.SetCursor(t.Context(), "docs", 1); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("SetCursor of a closed log = %v, want an error of kind unavailable", err)
		}
	})
}

func TestFullDisk(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	appendIDs(t, log, "before")
	pages := func(limit string) {
		t.Helper()
		if err := log.Do(t.Context(), func(exec func(string) error) error { return exec("PRAGMA max_page_count=" + limit) }); err != nil {
			t.Fatal(err)
		}
	}
	big := func(id string) event.Event {
		e := eventlogtest.Event(id)
		e.Data = bytes.Repeat([]byte("x"), 100_000)
		return e
	}

	pages("20")
	for range 3 {
		if _, err := log.Append(t.Context(), eventlogtest.Event("first half"), big("big")); fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("Append to a full disk = %v, want an error of kind unavailable", err)
		}
	}
	if got := appendIDs(t, log, "small"); got[0].Position != 2 {
		t.Errorf("what still fits goes to position %d, want 2", got[0].Position)
	}
	pages("1000000")
	if got, err := log.Append(t.Context(), eventlogtest.Event("first half"), big("big")); err != nil || got[1].Position != 4 {
		t.Errorf("Append once there is room = %v, %v, want positions 3 and 4", got, err)
	}
	closeLog(t, log)
	if diff := cmp.Diff([]string{"before", "small", "first half", "big"}, eventlogtest.IDs(eventlogtest.ReadAll(t, open(t, path), 0))); diff != "" {
		t.Errorf("after Close and Open (-want +got):\n%s", diff)
	}
}

func TestClock(t *testing.T) {
	start := time.Date(2026, 3, 3, 14, 0, 0, 7, time.UTC)
	now := start
	clock := sqlitelog.WithClock(func() time.Time { return now })
	path := newPath(t)
	log := open(t, path, clock)
	var want []time.Time
	for _, step := range []struct {
		now      time.Time
		recorded time.Time
	}{
		{start, start},
		{start.Add(time.Second), start.Add(time.Second)},
		{start.Add(-time.Hour), start.Add(time.Second)}, // the clock was set back
		{start.Add(2 * time.Second), start.Add(2 * time.Second)},
	} {
		now = step.now
		appendIDs(t, log, step.now.String())
		want = append(want, step.recorded)
	}
	closeLog(t, log)
	now = start // and again while the portal was down
	log = open(t, path, clock)
	appendIDs(t, log, "after the restart")
	want = append(want, start.Add(2*time.Second))

	var got []time.Time
	for _, r := range eventlogtest.ReadAll(t, log, 0) {
		got = append(got, r.Recorded)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("times of recording (-want +got):\n%s", diff)
	}
}

// TestSlowReader has a reader stand still in the middle of a log that grows: the
// WAL must not wait for it, and it must not lose its place.
func TestSlowReader(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	data := bytes.Repeat([]byte("x"), 8192)
	add := func(from, to int) {
		var batch []event.Event
		for i := from; i < to; i++ {
			e := eventlogtest.Event(fmt.Sprint(i + 1))
			e.Data = data
			batch = append(batch, e)
		}
		if _, err := log.Append(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	const half = 600 // more than a page of the reader's
	add(0, half)
	n := 0
	for r, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if want := fmt.Sprint(n); r.ID != want {
			t.Fatalf("record %d is %s", n, r.ID)
		}
		if n == 3 {
			for i := range 20 {
				add(half+i*100, half+(i+1)*100)
			}
			// 16 MiB went through the WAL, which starts again from its beginning every
			// 4 MB or so, unless somebody still reads what is in it.
			info, err := os.Stat(path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > 10<<20 {
				t.Errorf("the WAL has grown to %d bytes while a reader stood still", info.Size())
			}
		}
	}
	if n != half {
		t.Errorf("Read yields %d records, want the %d that were there when it began", n, half)
	}
}
