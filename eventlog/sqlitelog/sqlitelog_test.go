//nolint:thelper // what the suite calls is its test, and no helper
package sqlitelog_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

func TestLog(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log { return open(t, newPath(t)) })
}

func TestLogWithRetention(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log { return open(t, newPath(t), sqlitelog.WithRetention()) })
}

func TestCursors(t *testing.T) {
	eventlogtest.RunCursors(t, func(t *testing.T) eventlog.Cursors { return open(t, newPath(t)) })
}

// TestMemoryAndFile compares what a log says of events that it has just taken
// with what it says of them after a restart.
func TestMemoryAndFile(t *testing.T) {
	path := newPath(t)
	log := open(t, path)
	var events []event.Event
	for i := range 1500 {
		e := eventlogtest.Event(fmt.Sprint(i))
		e.Time = time.Date(2026, 3, 3, 14, 0, i, i, time.FixedZone("", 3600))
		switch i % 5 {
		case 0:
			e.Data, e.Extensions = nil, map[string]string{}
		case 1:
			e.Data, e.Extensions = []byte{}, map[string]string{"x": "1"}
		case 2:
			e.Time, e.Actor = time.Time{}, event.Actor{Login: "kestrel-7"}
		case 3:
			e.Time, e.Cause = time.Now().Add(time.Hour), event.Cause{Request: "r"}
		}
		events = append(events, e)
	}
	for batch := range slices.Chunk(events, 70) {
		if _, err := log.Append(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	before := [][]eventlog.Record{eventlogtest.ReadAll(t, log, 0), eventlogtest.ReadAll(t, log, 1000), eventlogtest.ReadAll(t, log, 1499)}
	closeLog(t, log)
	log = open(t, path)
	after := [][]eventlog.Record{eventlogtest.ReadAll(t, log, 0), eventlogtest.ReadAll(t, log, 1000), eventlogtest.ReadAll(t, log, 1499)}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the log (-before the restart +after):\n%s", diff)
	}
}

func newPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "events.db")
}

func open(tb testing.TB, path string, opts ...sqlitelog.Option) *sqlitelog.Log {
	tb.Helper()
	log, err := sqlitelog.Open(tb.Context(), path, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeLog(tb, log) })
	return log
}

func closeLog(tb testing.TB, log *sqlitelog.Log) {
	tb.Helper()
	if err := log.Close(); err != nil {
		tb.Error(err)
	}
}

func appendIDs(t *testing.T, log eventlog.Log, ids ...string) []eventlog.Appended {
	t.Helper()
	var events []event.Event
	for _, id := range ids {
		events = append(events, eventlogtest.Event(id))
	}
	appended, err := log.Append(t.Context(), events...)
	if err != nil {
		t.Fatalf("append %v: %v", ids, err)
	}
	return appended
}
