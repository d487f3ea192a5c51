package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/entities"
)

// toldEvent is an event as the API tells it.
type toldEvent struct {
	Position   eventlog.Position `json:"position"`
	ID         string            `json:"id"`
	Type       event.Type        `json:"type"`
	Source     string            `json:"source"`
	Subject    string            `json:"subject"`
	Time       time.Time         `json:"time"`
	RecordedAt time.Time         `json:"recordedAt"`
	Actor      event.Actor       `json:"actor"`
	Cause      event.Cause       `json:"cause"`
	Extensions map[string]string `json:"extensions"`
	Data       json.RawMessage   `json:"data"`
}

func (e toldEvent) record() eventlog.Record {
	return eventlog.Record{Position: e.Position, Recorded: e.RecordedAt, Event: event.Event{
		ID: e.ID, Type: e.Type, Source: event.SourcePrefix + e.Source, Subject: e.Subject, Time: e.Time, Actor: e.Actor, Cause: e.Cause, Extensions: e.Extensions, Data: e.Data,
	}}
}

// follower reads a feed.
type follower struct {
	t    *testing.T
	body io.ReadCloser
	*bufio.Scanner
}

func (r *running) follow(t *testing.T, query string, header ...string) *follower {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+"/api/history/feed"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{}).Do(req) //nolint:bodyclose // below
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%s of type %q", resp.Status, got)
	}
	f := &follower{t, resp.Body, bufio.NewScanner(resp.Body)}
	f.Buffer(nil, 1<<20)
	return f
}

// until reads events up to the comment that all up to a position have been sent.
func (f *follower) until(p eventlog.Position) (all []toldEvent) {
	f.t.Helper()
	var id string
	for f.Scan() {
		switch name, value, _ := strings.Cut(f.Text(), ": "); name {
		case "":
			if at, err := strconv.ParseUint(strings.TrimPrefix(value, "event "), 10, 64); err == nil && eventlog.Position(at) >= p {
				return all
			}
		case "id":
			id = value
		case "data":
			var e toldEvent
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				f.t.Fatal(err)
			}
			if id != fmt.Sprint(e.Position) {
				f.t.Fatalf("event %d has the id %s", e.Position, id)
			}
			all = append(all, e)
		}
	}
	f.t.Fatalf("the feed ended before event %d: %v", p, f.Err())
	return nil
}

// last is the newest event of a portal that has settled.
func (r *running) last(t *testing.T) eventlog.Position {
	t.Helper()
	p, err := r.events.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ownedBy makes a repository whose component has an owner after the other.
func (r *running) ownedBy(t *testing.T, name string, owners ...string) {
	t.Helper()
	repo := r.repository(t, demoforge.GitHub, "acme/"+name)
	for i, owner := range owners {
		d, err := repo.Push("main", demoforge.Change{
			Author: demoforge.Person{Name: "Saltmarsh", Email: "saltmarsh@acme.example", Login: "saltmarsh"}, Time: time.Now(), Message: fmt.Sprint("Owner ", i),
			Files: map[string]string{"catalog-info.yaml": fmt.Sprintf(
				"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s, description: '=1+2'}\nspec: {type: service, lifecycle: production, owner: %s}\n", name, owner)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if status := r.send(t, d); status != http.StatusAccepted {
			t.Fatalf("status %d", status)
		}
		r.settle(t)
	}
}

// Whoever follows the feed from its beginning has the catalog.
func TestFeedIsTheCatalog(t *testing.T) { inEachStore(t, feedIsTheCatalog) }

func feedIsTheCatalog(t *testing.T, r *running) {
	t.Helper()
	r.ownedBy(t, "payments", "team-a", "team-b")
	r.ownedBy(t, "ledger", "team-a")
	feed := r.follow(t, "")
	before := feed.until(r.last(t))
	r.ownedBy(t, "stock", "team-c") // while it is read
	events := append(before, feed.until(r.last(t))...)

	records := make([]eventlog.Record, len(events))
	for i, e := range events {
		if e.Position != eventlog.Position(i+1) {
			t.Fatalf("event %d comes after event %d", e.Position, i)
		}
		records[i] = e.record()
	}
	r.sameCatalog(t, records)

	// It goes on where it was left, and a filter leaves events out, but no place.
	if rest := r.follow(t, "", "Last-Event-ID", fmt.Sprint(before[len(before)-1].Position)).until(r.last(t)); len(rest) != len(events)-len(before) {
		t.Errorf("%d events after %d, want %d", len(rest), len(before), len(events)-len(before))
	}
	owned := r.follow(t, "?type=entity.changed&after=1").until(r.last(t))
	if len(owned) != 1 || owned[0].Subject != "component:default/payments" {
		t.Errorf("%d changes, the first of %+v", len(owned), owned)
	}
}

// sameCatalog checks that the catalog can be made of events that somebody was told.
func (r *running) sameCatalog(t *testing.T, records []eventlog.Record) {
	t.Helper()
	replica := entities.New()
	for _, rec := range records {
		if err := replica.Apply(t.Context(), []eventlog.Record{rec}); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(jsonOf(r.catalog.Snapshot()), jsonOf(replica.Snapshot())); d != "" {
		t.Errorf("the catalog (-) and its replica (+) differ:\n%s", d)
	}
}

func jsonOf(s *entities.Snapshot) (all []string) {
	for _, row := range s.List(entities.Listing{Limit: -1}).Rows {
		all = append(all, row.JSON.String())
	}
	return all
}

// A feed does not hold up a portal that stops: its reader sees the end.
func TestFeedEndsWithThePortal(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a")
	feed := r.follow(t, "")
	feed.until(r.last(t))
	r.closing()
	if rest, err := io.ReadAll(feed.body); err != nil {
		t.Errorf("after %q: %v", rest, err)
	}
}

// All formats of an export have every event, and the same of each.
func TestExports(t *testing.T) { inEachStore(t, exports) }

func exports(t *testing.T, r *running) {
	t.Helper()
	r.ownedBy(t, "payments", "team-a", "team-b")
	get := func(format string) []byte {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.base+"/api/history/export?entity=component:payments&format="+format, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status, err, string(b))
		}
		if want := fmt.Sprintf("attachment; filename=callboard-events-%d.%s", r.last(t), format); resp.Header.Get("Content-Disposition") != want {
			t.Errorf("%q, want %q", resp.Header.Get("Content-Disposition"), want)
		}
		return b
	}
	var lines []toldEvent
	for d := json.NewDecoder(bytes.NewReader(get("jsonl"))); d.More(); {
		var e toldEvent
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, e)
	}
	if len(lines) != 2 || lines[0].Type != event.TypeEntityRegistered || lines[1].Type != event.TypeEntityChanged {
		t.Fatalf("%+v", lines)
	}
	rows, err := csv.NewReader(bytes.NewReader(get("csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	file := get("parquet")
	type row struct {
		Position   uint64    `parquet:"position"`
		Type       string    `parquet:"type"`
		RecordedAt time.Time `parquet:"recordedAt,timestamp(microsecond)"`
		Login      string    `parquet:"login"`
		Data       string    `parquet:"data"`
	}
	columns, err := parquet.Read[row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(columns) != 2 {
		t.Fatalf("%d rows of CSV and %d of Parquet", len(rows), len(columns))
	}
	for i, e := range lines {
		want := row{uint64(e.Position), string(e.Type), e.RecordedAt.Truncate(time.Microsecond), "saltmarsh", string(e.Data)}
		if d := cmp.Diff(want, columns[i]); d != "" {
			t.Errorf("Parquet (-want +got):\n%s", d)
		}
		if got := rows[i+1]; got[0] != fmt.Sprint(e.Position) || got[2] != string(e.Type) || got[7] != "saltmarsh" || got[18] != string(e.Data) {
			t.Errorf("CSV: %q", got)
		}
	}
}
