package history_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/projectiontest"
)

const payments = "component:default/payments"

func open(t *testing.T) *history.History {
	t.Helper()
	rows, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return history.New(rows)
}

func folded(t *testing.T, s *projectiontest.Story) *history.History {
	t.Helper()
	h := open(t)
	if err := h.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	return h
}

// story: payments is registered, gets another owner and a tag, is broken, mended
// and removed; ledger is registered in between.
func story(t *testing.T) *projectiontest.Story {
	t.Helper()
	first := projectiontest.Component("payments", "team-a")
	first.Entity.Metadata.Tags = []string{"go"}
	second := projectiontest.Component("payments", "team-b")
	second.Entity.Metadata.Tags = []string{"go", "tier-1"}
	broken := event.EntityRejected{Ref: payments, Origin: second.Origin, Problems: []event.Problem{{Path: "spec.owner", Line: 9, Column: 3, Message: "must be a string"}}}
	return projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: first}, projectiontest.By("mossbank", "aaa111")).
		Add("component:default/ledger", event.EntityRegistered{Declaration: projectiontest.Component("ledger", "team-a")}, projectiontest.By("saltmarsh", "bbb222")).
		Add(payments, event.EntityChanged{Declaration: second}, projectiontest.By("saltmarsh", "ccc333")).
		Add(payments, broken, projectiontest.By("kestrel-7", "ddd444")).
		Add(payments, event.EntityChanged{Declaration: second}, projectiontest.By("kestrel-7", "eee555")).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "catalog-info.yaml was deleted", Origin: second.Origin}, projectiontest.By("mossbank", "fff666"))
}

func TestProjection(t *testing.T) {
	projectiontest.Run(t, open, story(t).Records(), func(t *testing.T, h *history.History) any {
		t.Helper()
		page, err := h.Events(t.Context(), history.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return page
	})
}

func TestChanges(t *testing.T) {
	page, err := folded(t, story(t)).Events(t.Context(), history.Filter{Entity: payments, Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Type    event.Type
		Who     string
		Commit  string
		Summary string
		Changes []catalog.Change
	}
	var got []row
	for _, e := range page.Entries {
		got = append(got, row{e.Type, e.Actor.String(), e.Cause.Commit, e.Summary, e.Changes})
	}
	const wrong = "catalog-info.yaml:9:3 spec.owner must be a string"
	want := []row{
		{event.TypeEntityRegistered, "mossbank", "aaa111", "service, owned by team-a", nil},
		{event.TypeEntityChanged, "saltmarsh", "ccc333", "tags, owner", []catalog.Change{
			{Path: "metadata.tags", Op: catalog.Added, After: "tier-1"},
			{Path: "spec.owner", Op: catalog.Changed, Before: "team-a", After: "team-b"},
		}},
		{event.TypeEntityRejected, "kestrel-7", "ddd444", "line 9: spec.owner must be a string", []catalog.Change{{Path: "status", Op: catalog.Added, After: wrong}}},
		{event.TypeEntityChanged, "kestrel-7", "eee555", "descriptor mended", []catalog.Change{{Path: "status", Op: catalog.Removed, Before: wrong}}},
		{event.TypeEntityRemoved, "mossbank", "fff666", "catalog-info.yaml was deleted", nil},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A second declaration elsewhere that is refused and goes again leaves the first
// one's history alone.
func TestARefusedSecondDeclaration(t *testing.T) {
	first := projectiontest.Component("payments", "team-a")
	elsewhere := first.Origin
	elsewhere.RepositoryID, elsewhere.Repository = "copy", "acme/copy"
	next := projectiontest.Component("payments", "team-b")
	h := folded(t, projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: first}).
		Add(payments, event.EntityConflicted{With: first.Origin, EntityRejected: event.EntityRejected{
			Ref: payments, Origin: elsewhere, Problems: []event.Problem{{Line: 1, Column: 1, Message: "is declared in acme/payments already"}},
		}}).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "catalog-info.yaml was deleted", Origin: elsewhere}).
		Add(payments, event.EntityChanged{Declaration: next}))
	e, err := h.Event(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Change{{Path: "spec.owner", Op: catalog.Changed, Before: "team-a", After: "team-b"}}
	if d := cmp.Diff(want, e.Changes); d != "" || e.Summary != "owner team-a → team-b" {
		t.Errorf("summary %q\n%s", e.Summary, d)
	}
	second := elsewhere.Place()
	words := map[eventlog.Position]string{
		2: "also in " + second + ":1; " + first.Origin.Place() + ":1 keeps the name. Give one of the two another name, or remove the wrong one",
		3: "its second declaration, " + second + ": catalog-info.yaml was deleted",
	}
	for at, want := range words {
		if e, err := h.Event(t.Context(), at); err != nil || e.Summary != want {
			t.Errorf("event %d is told as %q, %v", at, e.Summary, err)
		}
	}
}

func TestFilters(t *testing.T) {
	h := folded(t, story(t))
	at := func(minute int) time.Time { return time.Date(2026, 3, 12, 9, minute, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name string
		f    history.Filter
		want []eventlog.Position
	}{
		{"all, newest first", history.Filter{}, []eventlog.Position{6, 5, 4, 3, 2, 1}},
		{"oldest first", history.Filter{Oldest: true}, []eventlog.Position{1, 2, 3, 4, 5, 6}},
		{"entity", history.Filter{Entity: "Component:default/Ledger"}, []eventlog.Position{2}},
		{"kind", history.Filter{Kind: "API"}, nil},
		{"type without version", history.Filter{Type: "entity.changed"}, []eventlog.Position{5, 3}},
		{"type with version", history.Filter{Type: "entity.removed.v1"}, []eventlog.Position{6}},
		{"a type's beginning is not the type", history.Filter{Type: "entity"}, nil},
		{"source", history.Filter{Source: "gitlab"}, nil},
		{"actor", history.Filter{Actor: "SaltMarsh"}, []eventlog.Position{3, 2}},
		{"commit by prefix", history.Filter{Commit: "CCC"}, []eventlog.Position{3}},
		{"text in changes", history.Filter{Text: "Tier-1"}, []eventlog.Position{3}},
		{"the form of the record is no text", history.Filter{Text: `"path"`}, nil},
		{"text with wildcards means itself", history.Filter{Text: "%"}, nil},
		{"what was on record", history.Filter{Known: 3}, []eventlog.Position{3, 2, 1}},
		{"period", history.Filter{From: at(2), To: at(4)}, []eventlog.Position{3, 2}},
		{"several", history.Filter{Entity: payments, Actor: "saltmarsh"}, []eventlog.Position{3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page, err := h.Events(t.Context(), tt.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []eventlog.Position
			for _, e := range page.Entries {
				got = append(got, e.Position)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if page.Total != len(tt.want) {
				t.Errorf("total is %d, want %d", page.Total, len(tt.want))
			}
		})
	}
}

// Seals come all the time, and tell nothing of what people do.
func TestSealsAreListedWhenAskedFor(t *testing.T) {
	h := folded(t, projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}).
		Add(event.LogSubject, event.LogSealed{Size: 1}).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "gone"}).
		Add(event.LogSubject, event.LogSealed{Size: 3}))
	for name, c := range map[string]struct {
		filter history.Filter
		want   []eventlog.Position
	}{
		"everything":   {history.Filter{}, []eventlog.Position{3, 1}},
		"with seals":   {history.Filter{Seals: true}, []eventlog.Position{4, 3, 2, 1}},
		"seals":        {history.Filter{Type: "log.sealed"}, []eventlog.Position{4, 2}},
		"of the log":   {history.Filter{Entity: event.LogSubject}, []eventlog.Position{4, 2}},
		"text":         {history.Filter{Text: "e"}, []eventlog.Position{3, 1}},
		"oldest first": {history.Filter{Oldest: true, After: 1}, []eventlog.Position{3}},
		"by time":      {history.Filter{ByTime: true}, []eventlog.Position{3, 1}},
	} {
		page, err := h.Events(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []eventlog.Position
		for _, e := range page.Entries {
			got = append(got, e.Position)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func TestPages(t *testing.T) {
	h := folded(t, story(t))
	for _, oldest := range []bool{false, true} {
		var got []string
		f := history.Filter{Limit: 4, Oldest: oldest}
		for {
			page, err := h.Events(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				got = append(got, e.Cause.Commit[:1])
			}
			if page.Total != 6 {
				t.Errorf("total is %d on a later page, want 6", page.Total)
			}
			if page.Next == 0 {
				break
			}
			got = append(got, "|")
			f.After = page.Next
		}
		want := "fedc|ba"
		if oldest {
			want = "abcd|ef"
		}
		if s := strings.Join(got, ""); s != want {
			t.Errorf("oldest %v: pages are %s, want %s", oldest, s, want)
		}
	}
}

func TestEvent(t *testing.T) {
	h := folded(t, story(t))
	e, err := h.Event(t.Context(), 3)
	if err != nil || e.Cause.Commit != "ccc333" {
		t.Errorf("event 3 is %+v, %v", e, err)
	}
	if _, err := h.Event(t.Context(), 99); fault.KindOf(err) != fault.NotFound {
		t.Errorf("event 99: %v, want an error of kind not found", err)
	}
}

func TestReopenGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	records := story(t).Records()
	for i, part := range [][]eventlog.Record{records[:3], records} { // the second overlaps the first
		rows, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		h := history.New(rows)
		if err := h.Apply(t.Context(), part); err != nil {
			t.Fatal(err)
		}
		page, err := h.Events(t.Context(), history.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(part); page.Total != want {
			t.Errorf("after part %d: %d events, want %d", i+1, page.Total, want)
		}
		h.Close()
	}
}

func TestTheTotalIsCountedSoFar(t *testing.T) {
	for _, tt := range []struct {
		events int
		want   int
		more   bool
	}{{history.MaxTotal, history.MaxTotal, false}, {history.MaxTotal + 1, history.MaxTotal, true}} {
		t.Run(fmt.Sprint(tt.events), func(t *testing.T) {
			s := projectiontest.NewStory(t)
			for range tt.events {
				s.Add("github:1", event.DeliveryReplayed{Reason: "asked"})
			}
			page, err := folded(t, s).Events(t.Context(), history.Filter{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != tt.want || page.More != tt.more {
				t.Errorf("total %d, more %v; want %d, %v", page.Total, page.More, tt.want, tt.more)
			}
		})
	}
}

// What was backfilled is compared with what was backfilled before it, and takes its
// place in time.
func TestBackfilled(t *testing.T) {
	at := func(day int) func(*eventlog.Record) {
		return func(r *eventlog.Record) { r.Time = time.Date(2020, 1, day, 0, 0, 0, 0, time.UTC) }
	}
	found := func(r *eventlog.Record) { r.Extensions = map[string]string{event.Backfill: "true"} }
	elsewhere := projectiontest.Component("payments", "team-x")
	elsewhere.Origin.RepositoryID = "before"
	s := projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-c")}, at(9)).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}, at(4), found).
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-b")}, at(5), found).
		Add(payments, event.EntityRegistered{Declaration: elsewhere}, at(1), found).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "it moved", Origin: elsewhere.Origin}, at(2), found).
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-d")}, at(10))
	h := folded(t, s)
	read := func(f history.Filter) (lines []string) {
		for {
			page, err := h.Events(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				lines = append(lines, fmt.Sprintf("%d %s %t", e.Position, e.Summary, e.Backfilled))
			}
			if f.After = page.Next; page.Next == 0 {
				return lines
			}
		}
	}
	want := []string{
		"4 service, owned by team-x true", "5 it moved true", "2 service, owned by team-a true", "3 owner team-a → team-b true",
		"1 service, owned by team-c false", "6 owner team-c → team-d false",
	}
	for _, limit := range []int{1, 2, 50} {
		if d := cmp.Diff(want, read(history.Filter{Entity: payments, ByTime: true, Oldest: true, Limit: limit})); d != "" {
			t.Errorf("%d at a time: %s", limit, d)
		}
		newest := read(history.Filter{Entity: payments, ByTime: true, Limit: limit})
		slices.Reverse(newest)
		if d := cmp.Diff(want, newest); d != "" {
			t.Errorf("newest first, %d at a time: %s", limit, d)
		}
	}
}
