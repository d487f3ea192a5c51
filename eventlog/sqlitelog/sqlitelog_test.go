//nolint:thelper // what the suite calls is its test, and no helper
package sqlitelog_test

import (
	"path/filepath"
	"testing"

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
