// Package eventlogtest is the contract of [eventlog.Log] and [eventlog.Cursors]
// as a suite of tests, [Run] and [RunCursors], and a log in memory, [Memory],
// for the tests of whatever reads or writes a log.
//
//nolint:thelper // the functions here are tests: a failure belongs to its own line
package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Run holds a log to the contract. Each test gets an empty log from open,
// which closes it in t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) eventlog.Log) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, eventlog.Log)
	}{
		{"Empty", testEmpty},
		{"Order", testOrder},
		{"Content", testContent},
		{"Times", testTimes},
		{"Repeats", testRepeats},
		{"Invalid", testInvalid},
		{"AllOrNone", testAllOrNone},
		{"CallersMemory", testCallersMemory},
		{"ReadFrom", testReadFrom},
		{"ReadEndsWhereItBegan", testReadEnds},
		{"Cancelled", testCancelled},
		{"Follow", testFollow},
		{"FollowCancelled", testFollowCancelled},
		{"ManyAppenders", testManyAppenders},
		{"FollowManyAppenders", testFollowManyAppenders},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func testEmpty(t *testing.T, log eventlog.Log) {
	ctx := t.Context()
	if last, err := log.Last(ctx); last != 0 || err != nil {
		t.Errorf("Last = %d, %v, want 0, nil", last, err)
	}
	for r, err := range log.Read(ctx, 0) {
		t.Errorf("Read yields %v, %v", r, err)
	}
	if appended, err := log.Append(ctx); len(appended) != 0 || err != nil {
		t.Errorf("Append of nothing = %v, %v, want nothing", appended, err)
	}
	for _, p := range []eventlog.Position{0, 1, 1 << 62} {
		if r, err := log.At(ctx, p); fault.KindOf(err) != fault.NotFound {
			t.Errorf("At(%d) = %v, %v, want an error of kind not found", p, r, err)
		}
	}
}

func testOrder(t *testing.T, log eventlog.Log) {
	var want []string
	next := eventlog.Position(1)
	for _, size := range []int{1, 3, 1, 700, 2} { // events in one Append
		var batch []event.Event
		var positions []eventlog.Appended
		for range size {
			id := fmt.Sprintf("e%d", next)
			want = append(want, id)
			batch = append(batch, Event(id))
			positions = append(positions, eventlog.Appended{Position: next})
			next++
		}
		if diff := cmp.Diff(positions, mustAppend(t, log, batch...)); diff != "" {
			t.Fatalf("Append (-want +got):\n%s", diff)
		}
		if last, err := log.Last(t.Context()); last != next-1 || err != nil {
			t.Fatalf("Last = %d, %v, want %d", last, err, next-1)
		}
	}
	if diff := cmp.Diff(want, IDs(ReadAll(t, log, 0))); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	for _, p := range []eventlog.Position{1, 2, 350, next - 1} {
		r, err := log.At(t.Context(), p)
		if err != nil || r.Position != p || r.ID != want[p-1] {
			t.Errorf("At(%d) = %d %s, %v, want %s", p, r.Position, r.ID, err, want[p-1])
		}
	}
	if _, err := log.At(t.Context(), next); fault.KindOf(err) != fault.NotFound {
		t.Errorf("At(%d) = %v, want an error of kind not found", next, err)
	}
}

func testContent(t *testing.T, log eventlog.Log) {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	at := time.Date(2024, 2, 29, 23, 59, 59, 123_456_789, time.UTC)
	events := []event.Event{
		{ID: "bare", Type: "a.v1", Source: "/s", Time: at},
		{
			ID: "full", Type: "entity.changed.v1", Source: "/sources/github", Subject: "component:default/payments", Time: at,
			Actor:      event.Actor{Name: "Pebble Dash", Email: "pebbledash@acme.example", Login: "pebbledash"},
			Cause:      event.Cause{Delivery: "github:1", Commit: "9c1185a", CommitURL: "https://forge.example/c/9c1185a", Request: "r", Schedule: "hourly"},
			Extensions: map[string]string{"traceparent": "00-4bf9", "empty": ""},
			Data:       []byte(`{"n":1}`),
		},
		{ID: "only a login", Type: "a.v1", Source: "/s", Time: at, Actor: event.Actor{Login: "mossbank"}},
		{ID: "only a request", Type: "a.v1", Source: "/s", Time: at, Cause: event.Cause{Request: "r"}},
		{ID: "only an extension", Type: "a.v1", Source: "/s", Time: at, Extensions: map[string]string{"x": "<&\u2028"}},
		{ID: "bytes", Type: "a.v1", Source: "/s", Time: at, Data: everyByte},
		{ID: "JSON with white space", Type: "a.v1", Source: "/s", Time: at, Data: []byte("{\n  \"n\": 1.0e2 }\n")},
		{ID: "4 MiB", Type: "a.v1", Source: "/s", Time: at, Data: bytes.Repeat([]byte("salt"), 1<<20)},
		{ID: "odd text \x00 '\"; --", Type: "a.v1", Source: "/s", Subject: "line\nfeed, 'quotes' and \u00e9\U0001F5FF", Time: at},
		{ID: strings.Repeat("long", 200), Type: "a.v1", Source: "/s", Time: at},
	}
	mustAppend(t, log, events...)
	var got []event.Event
	for i, r := range ReadAll(t, log, 0) {
		got = append(got, r.Event)
		one, err := log.At(t.Context(), eventlog.Position(i+1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, one, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("At and Read differ at %d (-Read +At):\n%s", i+1, diff)
		}
	}
	// Byte by byte, 4 MiB would take cmp long; and an empty slice or map is as good as nil.
	if diff := cmp.Diff(events, got, cmp.Comparer(bytes.Equal), cmp.Comparer(maps.Equal[map[string]string, map[string]string])); diff != "" {
		t.Errorf("what went in and what came out (-in +out):\n%s", diff)
	}
}

func testTimes(t *testing.T, log eventlog.Log) {
	past := time.Date(1970, 1, 1, 0, 0, 0, 1, time.FixedZone("", -7200))
	events := []event.Event{Event("past"), Event("future"), Event("none"), Event("before 1970")}
	events[0].Time = past
	events[1].Time = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	events[2].Time = time.Time{}
	events[3].Time = time.Date(1912, 4, 15, 5, 18, 0, 0, time.UTC)
	mustAppend(t, log, events...)
	for i := range 20 {
		mustAppend(t, log, Event(fmt.Sprint("more", i)))
	}

	records := ReadAll(t, log, 0)
	if !records[0].Time.Equal(past) {
		t.Errorf("a past time came back as %v, want %v", records[0].Time, past)
	}
	for _, r := range records[1:3] {
		if !r.Time.Equal(r.Recorded) {
			t.Errorf("%s: time %v, want the moment of recording, %v", r.ID, r.Time, r.Recorded)
		}
	}
	if !records[3].Time.Equal(events[3].Time) {
		t.Errorf("a time before 1970 came back as %v, want %v", records[3].Time, events[3].Time)
	}
	for i, r := range records {
		if r.Recorded.IsZero() || r.Recorded.Location() != time.UTC || r.Time.Location() != time.UTC {
			t.Errorf("position %d: recorded %v, time %v; want both set and in UTC", r.Position, r.Recorded, r.Time)
		}
		if i > 0 && r.Recorded.Before(records[i-1].Recorded) {
			t.Errorf("position %d was recorded at %v, before the one before it", r.Position, r.Recorded)
		}
	}
}

func testRepeats(t *testing.T, log eventlog.Log) {
	first := Event("again")
	first.Data = []byte(`"first"`)
	mustAppend(t, log, Event("a"), first)

	other := first
	other.Data, other.Type, other.Source = []byte(`"other"`), "other.v1", "/other"
	want := []eventlog.Appended{{Position: 2, Duplicate: true}}
	if diff := cmp.Diff(want, mustAppend(t, log, other)); diff != "" {
		t.Errorf("a repeat with other content (-want +got):\n%s", diff)
	}

	want = []eventlog.Appended{{Position: 3}, {Position: 3, Duplicate: true}, {Position: 1, Duplicate: true}, {Position: 4}, {Position: 3, Duplicate: true}}
	if diff := cmp.Diff(want, mustAppend(t, log, Event("b"), Event("b"), Event("a"), Event("c"), Event("b"))); diff != "" {
		t.Errorf("repeats within one Append (-want +got):\n%s", diff)
	}

	var many []event.Event
	for i := range 2000 {
		many = append(many, Event(fmt.Sprint("many", i)))
	}
	mustAppend(t, log, many...)
	want = []eventlog.Appended{{Position: 2, Duplicate: true}, {Position: 1004, Duplicate: true}, {Position: 2005}}
	if diff := cmp.Diff(want, mustAppend(t, log, first, Event("many999"), Event("new"))); diff != "" {
		t.Errorf("repeats of old events (-want +got):\n%s", diff)
	}

	records := ReadAll(t, log, 0)
	if len(records) != 2005 {
		t.Errorf("the log has %d records, want 2005", len(records))
	}
	if got := string(records[1].Data); got != `"first"` {
		t.Errorf("after the repeats the data is %s, want that of the first", got)
	}
}

func testInvalid(t *testing.T, log eventlog.Log) {
	for _, c := range []struct {
		name string
		edit func(*event.Event)
	}{
		{"no id", func(e *event.Event) { e.ID = "" }},
		{"no type", func(e *event.Event) { e.Type = "" }},
		{"no source", func(e *event.Event) { e.Source = "" }},
		{"an extension in upper case", func(e *event.Event) { e.Extensions = map[string]string{"A": "1"} }},
		{"an extension under the name of a field", func(e *event.Event) { e.Extensions = map[string]string{"actorname": "1"} }},
		{"text that is not UTF-8", func(e *event.Event) { e.Subject = "\xff" }},
		{"a time before all logs", func(e *event.Event) { e.Time = time.Date(1066, 10, 14, 9, 0, 0, 0, time.UTC) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Event("x")
			c.edit(&e)
			if _, err := log.Append(t.Context(), e); fault.KindOf(err) != fault.Invalid {
				t.Errorf("Append = %v, want an error of kind invalid", err)
			}
		})
	}
	if got := ReadAll(t, log, 0); len(got) != 0 {
		t.Errorf("the log has %v", IDs(got))
	}
}

func testAllOrNone(t *testing.T, log eventlog.Log) {
	bad := Event("bad")
	bad.Type = ""
	mustAppend(t, log, Event("a"))
	if _, err := log.Append(t.Context(), Event("b"), Event("c"), bad, Event("d")); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("Append = %v, want an error of kind invalid", err)
	}
	if diff := cmp.Diff([]eventlog.Appended{{Position: 2}}, mustAppend(t, log, Event("c"))); diff != "" {
		t.Errorf("Append after one that was refused (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "c"}, IDs(ReadAll(t, log, 0))); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func testCallersMemory(t *testing.T, log eventlog.Log) {
	e := Event("a")
	e.Data = []byte(`"mine"`)
	e.Extensions = map[string]string{"x": "mine"}
	mustAppend(t, log, e)
	copy(e.Data, `"gone"`)
	e.Extensions["x"] = "gone"
	got := ReadAll(t, log, 0)[0]
	if string(got.Data) != `"mine"` || got.Extensions["x"] != "mine" {
		t.Errorf("the caller changed its event after Append, and the record now has data %s and extensions %v", got.Data, got.Extensions)
	}
}

func testReadFrom(t *testing.T, log eventlog.Log) {
	var events []event.Event
	for i := range 1500 {
		events = append(events, Event(fmt.Sprint(i+1)))
	}
	mustAppend(t, log, events...)
	for _, c := range []struct{ after, want int }{{0, 1500}, {1, 1499}, {749, 751}, {1499, 1}, {1500, 0}, {1501, 0}, {1 << 40, 0}} {
		records := ReadAll(t, log, eventlog.Position(c.after))
		if len(records) != c.want {
			t.Errorf("Read after %d yields %d records, want %d", c.after, len(records), c.want)
		}
		for i, r := range records {
			if want := fmt.Sprint(c.after + i + 1); r.ID != want || fmt.Sprint(r.Position) != want {
				t.Fatalf("Read after %d yields %s at %d, want %s", c.after, r.ID, r.Position, want)
			}
		}
	}
	seq := log.Read(t.Context(), 0) // may be used twice
	for range 2 {
		n := 0
		for r, err := range seq {
			if n++; err != nil || r.Position != eventlog.Position(n) {
				t.Fatalf("Read yields position %d, %v, want %d", r.Position, err, n)
			}
			if n == 700 {
				break
			}
		}
	}
}

func testReadEnds(t *testing.T, log eventlog.Log) {
	mustAppend(t, log, Event("a"), Event("b"))
	var got []string
	for r, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
		mustAppend(t, log, Event("after "+r.ID))
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Errorf("Read while the log grows (-want +got):\n%s", diff)
	}
}

func testCancelled(t *testing.T, log eventlog.Log) {
	mustAppend(t, log, Event("a"), Event("b"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for r, err := range log.Read(ctx, 0) {
		switch n++; {
		case n == 1 && err == nil:
			cancel()
		case n == 2 && errors.Is(err, context.Canceled):
		default:
			t.Errorf("Read yields %v, %v as number %d", r.ID, err, n)
		}
	}
	if n != 2 {
		t.Errorf("Read yields %d times, want a record and then the context's error", n)
	}
	if _, err := log.Append(ctx, Event("c")); !errors.Is(err, context.Canceled) {
		t.Errorf("Append with a context that has ended = %v, want its error", err)
	}
	for r, err := range log.Follow(ctx, 0) {
		t.Errorf("Follow with a context that has ended yields %v, %v", r.ID, err)
	}
	mustAppend(t, log, Event("c")) // safe, whatever became of the one before
	if got := IDs(ReadAll(t, log, 2)); len(got) != 1 || got[0] != "c" {
		t.Errorf("after the repeat the log ends with %v, want one c", got)
	}
}
