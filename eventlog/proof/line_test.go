package proof_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
)

// samples are records of every form that a line can have.
func samples() []eventlog.Record {
	at := time.Date(2026, 3, 12, 9, 40, 51, 0, time.UTC)
	return []eventlog.Record{
		{Position: 1, Recorded: at.Add(17*time.Second + 20*time.Millisecond), Event: event.Event{
			ID: "pWy1FoyCOjLHiDgXpxnwH8LN", Type: event.TypeEntityChanged, Source: "/sources/github", Subject: "component:default/payments-api", Time: at,
			Actor:      event.Actor{Name: "Pebble Dash", Email: "pebbledash@acme.example", Login: "pebbledash"},
			Cause:      event.Cause{Delivery: "github:8c41-77d2", Commit: "4f2a91c", CommitURL: "https://forge.example/c/4f2a91c", Request: "r-1", Schedule: "hourly"},
			Extensions: map[string]string{"traceparent": "00-4bf9-00f0-01", "backfill": "true", "blank": ""},
			Data:       []byte(`{"entity":{"a":"<b> & \u003c \" \\ é \/"},"n":[1,2.50,-0]}`),
		}},
		{Position: 2, Recorded: at, Event: event.Event{ID: "least", Type: "thing.happened.v1", Source: "/s", Time: at.Add(time.Nanosecond)}},
		{Position: 9_007_199_254_740_993, Recorded: at, Event: event.Event{
			ID: "quotes \" \\ / \b\f\n\r\t\x00\x1f\x7f <>& \u2028 \ufffd \U0001f600", Type: "thing.happened.v1", Source: "/s", Time: at, Data: []byte(`{"spaced": true}`),
		}},
		{Position: 4, Recorded: at, Event: event.Event{ID: "line feeds", Type: "t.v1", Source: "/s", Time: at, Data: []byte("{\n}\n")}},
		{Position: 5, Recorded: at, Event: event.Event{ID: "no JSON", Type: "t.v1", Source: "/s", Time: at, Data: []byte("\xff\x00plain")}},
		{Position: 6, Recorded: at, Event: event.Event{ID: "text that is not UTF-8, in JSON", Type: "t.v1", Source: "/s", Time: at, Data: []byte("\"\xff\"")}},
		{Position: 7, Recorded: at, Event: event.Event{ID: "null", Type: "t.v1", Source: "/s", Time: time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), Data: []byte(`null`)}},
	}
}

// What was sealed is checked against these lines for ever. There is no way to update
// them: another form of line is another version.
func TestLinesNeverChange(t *testing.T) {
	frozen, err := os.ReadFile("testdata/lines.v1.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, rec := range samples() {
		got.WriteString(proof.Leaf(rec).String() + " " + string(proof.Line(rec)) + "\n")
	}
	if d := cmp.Diff(string(frozen), got.String()); d != "" {
		t.Errorf("lines are not as they were sealed (-then +now):\n%s", d)
	}
}

func TestLinesReadAsTheyWereWritten(t *testing.T) {
	for _, rec := range samples() {
		roundTrip(t, rec)
	}
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, record(t)) })
}

func roundTrip(t rapid.TB, rec eventlog.Record) {
	t.Helper()
	line := proof.Line(rec)
	if bytes.ContainsRune(line, '\n') || !json.Valid(line) {
		t.Fatalf("this is no JSON on one line: %s", line)
	}
	got, err := proof.ParseLine(line)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rec, got); d != "" {
		t.Fatalf("(-written +read)\n%s", d)
	}
	if again := proof.Line(got); !bytes.Equal(line, again) {
		t.Fatalf("%s was read, and is written as %s", line, again)
	}
}

// record draws a record as logs have them.
func record(t *rapid.T) eventlog.Record {
	text := rapid.String()
	moment := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(0, rapid.Int64Range(-9e18, 9e18).Draw(t, "ns")).UTC() })
	r := eventlog.Record{Position: eventlog.Position(rapid.Uint64Range(1, 1<<62).Draw(t, "position")), Recorded: moment.Draw(t, "recorded"), Event: event.Event{
		ID: text.Draw(t, "id"), Type: event.Type(text.Draw(t, "type")), Source: text.Draw(t, "source"), Subject: text.Draw(t, "subject"), Time: moment.Draw(t, "time"),
		Actor: event.Actor{Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Login: text.Draw(t, "login")},
		Cause: event.Cause{Delivery: text.Draw(t, "delivery"), Commit: text.Draw(t, "commit"), Schedule: text.Draw(t, "schedule")},
	}}
	if all := rapid.MapOf(rapid.StringMatching(`[a-z0-9]{1,4}`), text).Draw(t, "extensions"); len(all) > 0 {
		r.Extensions = all
	}
	data := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.MapOf(text, text), func(m map[string]string) []byte {
		b, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		return b
	})).Draw(t, "data")
	if len(data) > 0 {
		r.Data = data
	}
	return r
}

// Whatever of a record differs, its line does.
func TestRecordsThatDifferHaveOtherLines(t *testing.T) {
	rec := samples()[0]
	lines := map[string]string{string(proof.Line(rec)): "nothing"}
	for name, change := range map[string]func(*eventlog.Record){
		"position":  func(r *eventlog.Record) { r.Position++ },
		"recorded":  func(r *eventlog.Record) { r.Recorded = r.Recorded.Add(1) },
		"id":        func(r *eventlog.Record) { r.ID += "x" },
		"type":      func(r *eventlog.Record) { r.Type += "x" },
		"source":    func(r *eventlog.Record) { r.Source += "x" },
		"subject":   func(r *eventlog.Record) { r.Subject += "x" },
		"time":      func(r *eventlog.Record) { r.Time = r.Time.Add(1) },
		"name":      func(r *eventlog.Record) { r.Actor.Name = "" },
		"email":     func(r *eventlog.Record) { r.Actor.Email += "x" },
		"login":     func(r *eventlog.Record) { r.Actor.Login += "x" },
		"delivery":  func(r *eventlog.Record) { r.Cause.Delivery = "" },
		"commit":    func(r *eventlog.Record) { r.Cause.Commit += "x" },
		"page":      func(r *eventlog.Record) { r.Cause.CommitURL += "x" },
		"request":   func(r *eventlog.Record) { r.Cause.Request += "x" },
		"schedule":  func(r *eventlog.Record) { r.Cause.Schedule += "x" },
		"extension": func(r *eventlog.Record) { r.Extensions = maps.Clone(r.Extensions); delete(r.Extensions, "blank") },
		"data":      func(r *eventlog.Record) { r.Data = bytes.Replace(r.Data, []byte("2.50"), []byte("2.5"), 1) },
		"spaces":    func(r *eventlog.Record) { r.Data = append([]byte(" "), r.Data...) },
		"no data":   func(r *eventlog.Record) { r.Data = nil },
	} {
		other := rec
		change(&other)
		line := string(proof.Line(other))
		if same, ok := lines[line]; ok {
			t.Errorf("a record whose %s differs has the same line as one of which %s does", name, same)
		}
		lines[line] = name
	}
}

func FuzzParseLine(f *testing.F) {
	for _, rec := range samples() {
		f.Add(proof.Line(rec))
	}
	f.Add([]byte(`{"v":1,"position":1,"data":` + "\xff" + `}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, err := proof.ParseLine(line)
		if err != nil {
			return
		}
		again, err := proof.ParseLine(proof.Line(rec))
		if err != nil {
			t.Fatalf("%q was read, but not what is written of it: %v", line, err)
		}
		if d := cmp.Diff(proof.Leaf(rec), proof.Leaf(again)); d != "" {
			t.Errorf("%q: %s", line, d)
		}
	})
}
