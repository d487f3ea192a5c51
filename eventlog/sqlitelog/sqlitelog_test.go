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

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "events.db") }

func open(t testing.TB, path string, opts ...sqlitelog.Option) *sqlitelog.Log {
	t.Helper()
	log, err := sqlitelog.Open(t.Context(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLog(t, log) })
	return log
}

func closeLog(t testing.TB, log *sqlitelog.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

func appendIDs(t testing.TB, log eventlog.Log, ids ...string) []eventlog.Appended {
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
