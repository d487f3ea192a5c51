package eventlogtest

import (
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// Event returns a small valid event.
func Event(id string) event.Event {
	return event.Event{ID: id, Type: "test.v1", Source: "/test", Subject: "subject", Time: time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC), Data: []byte(`{"id":true}`)}
}

// ReadAll returns the records after a position.
func ReadAll(t *testing.T, log eventlog.Reader, after eventlog.Position) []eventlog.Record {
	t.Helper()
	var all []eventlog.Record
	for r, err := range log.Read(t.Context(), after) {
		if err != nil {
			t.Fatalf("read the log after %d: %v", after, err)
		}
		all = append(all, r)
	}
	return all
}

// IDs returns the records' ids.
func IDs(records []eventlog.Record) []string {
	var ids []string
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

func mustAppend(t *testing.T, log eventlog.Appender, events ...event.Event) []eventlog.Appended {
	t.Helper()
	appended, err := log.Append(t.Context(), events...)
	if err != nil {
		t.Fatalf("append %d events: %v", len(events), err)
	}
	return appended
}
