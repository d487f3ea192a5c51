package sqlitelog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

func TestPrune(t *testing.T) {
	start := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	const events = 2500 // ten a minute
	for _, c := range []struct {
		name   string
		before time.Time
		first  eventlog.Position // that is left
	}{
		{"before the first", start, 1},
		{"the first minute", start.Add(time.Nanosecond), 11},
		{"some", start.Add(10 * time.Minute), 101},
		{"more than one step", start.Add(200 * time.Minute), 2001},
		{"all but the newest", start.Add(1e6 * time.Minute), events},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, path := start, newPath(t)
			opts := []sqlitelog.Option{sqlitelog.WithRetention(), sqlitelog.WithClock(func() time.Time { return now })}
			log := open(t, path, opts...)
			for i := 0; i < events; now = now.Add(time.Minute) {
				var ids []string
				for range 10 {
					i++
					ids = append(ids, fmt.Sprint(i))
				}
				appendIDs(t, log, ids...)
			}
			n, err := log.Prune(t.Context(), c.before)
			if want := int64(c.first - 1); n != want || err != nil {
				t.Fatalf("Prune = %d, %v, want %d", n, err, want)
			}
			closeLog(t, log)
			log = open(t, path, opts...) // and the check at Open has nothing against it

			records := eventlogtest.ReadAll(t, log, 0)
			if len(records) != events-int(c.first)+1 || records[0].Position != c.first || records[0].ID != fmt.Sprint(c.first) {
				t.Errorf("there are %d records from position %d on, want them from %d on", len(records), records[0].Position, c.first)
			}
			for i, r := range records {
				if r.Position != c.first+eventlog.Position(i) {
					t.Fatalf("record %d is at position %d", i, r.Position)
				}
			}
			for _, p := range []eventlog.Position{1, c.first - 1, c.first} {
				want := fault.NotFound
				if p >= c.first {
					want = fault.Internal // what KindOf says to nil
				}
				if _, err := log.At(t.Context(), p); fault.KindOf(err) != want {
					t.Errorf("At(%d) = %v, want an error of kind %s", p, err, want)
				}
			}
			if got := appendIDs(t, log, fmt.Sprint(events), "new"); !got[0].Duplicate || got[1].Position != events+1 {
				t.Errorf("Append afterwards = %v, want a duplicate and position %d", got, events+1)
			}
		})
	}
}

func TestPruneWhileReading(t *testing.T) {
	log := open(t, newPath(t), sqlitelog.WithRetention())
	var ids []string
	for i := range 1500 {
		ids = append(ids, fmt.Sprint(i))
	}
	appendIDs(t, log, ids...)
	var positions []eventlog.Position
	for r, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		positions = append(positions, r.Position)
		if r.Position == 1 {
			if _, err := log.Prune(t.Context(), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := positions[len(positions)-1]; got != 1500 {
		t.Errorf("Read ends at position %d, want 1500", got)
	}
}

func TestPruneRefuses(t *testing.T) {
	t.Run("a log that keeps everything", func(t *testing.T) {
		log := open(t, newPath(t))
		appendIDs(t, log, "a", "b")
		if _, err := log.Prune(t.Context(), time.Now().Add(time.Hour)); fault.KindOf(err) != fault.Denied {
			t.Errorf("Prune = %v, want an error of kind denied", err)
		}
	})
	for _, statement := range []string{
		"DELETE FROM events WHERE position = 2",
		"DELETE FROM events WHERE position >= 2",
		"DELETE FROM events", // and with it the newest
		"UPDATE events SET data = x'00'",
		"UPDATE events SET recorded = 0",
	} {
		t.Run(statement, func(t *testing.T) {
			path := newPath(t)
			log := open(t, path, sqlitelog.WithRetention())
			appendIDs(t, log, "a", "b", "c")
			if _, err := foreign(t, path).Exec(statement); err == nil {
				t.Errorf("%s was not refused", statement)
			}
			if diff := cmp.Diff([]string{"a", "b", "c"}, eventlogtest.IDs(eventlogtest.ReadAll(t, log, 0))); diff != "" {
				t.Errorf("the log (-want +got):\n%s", diff)
			}
		})
	}
}
