// Package historytest is what every [history.Store] has to do: see [Run].
package historytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Place is where a store keeps its rows: opened again, it has them still.
type Place func(testing.TB) history.Store

// Run checks stores, each at a place of its own, which is empty at first.
func Run(t *testing.T, place func(testing.TB) Place) {
	t.Helper()
	s := suite{place}
	for _, one := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"projection", s.projection},
		{"filters", s.filters},
		{"seals", s.seals},
		{"pages", s.pages},
		{"by time", s.byTime},
		{"event", s.event},
		{"total", s.total},
		{"reopened", s.reopened},
		{"written again", s.writtenAgain},
		{"nothing yet", s.nothing},
		{"any filter", s.anyFilter},
		{"any moment", s.anyMoment},
		{"newest", s.newest},
	} {
		t.Run(one.name, one.run)
	}
}

type suite struct{ place func(testing.TB) Place }

func (s suite) open(t *testing.T) *history.History {
	t.Helper()
	return history.New(s.place(t)(t))
}

func (s suite) folded(t *testing.T, story *projectiontest.Story) *history.History {
	t.Helper()
	h := s.open(t)
	if err := h.Apply(t.Context(), story.Records()); err != nil {
		t.Fatal(err)
	}
	return h
}

const payments = "component:default/payments"

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

func (s suite) projection(t *testing.T) {
	t.Helper()
	projectiontest.Run(t, s.open, story(t).Records(), func(t *testing.T, h *history.History) any {
		t.Helper()
		page, err := h.Events(t.Context(), history.Filter{Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		return page
	})
}

func (s suite) filters(t *testing.T) {
	t.Helper()
	h := s.folded(t, story(t))
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
		{"kind without case", history.Filter{Kind: "Component"}, []eventlog.Position{6, 5, 4, 3, 2, 1}},
		{"type without version", history.Filter{Type: "entity.changed"}, []eventlog.Position{5, 3}},
		{"type with version", history.Filter{Type: "entity.removed.v1"}, []eventlog.Position{6}},
		{"a type's beginning is not the type", history.Filter{Type: "entity"}, nil},
		{"source", history.Filter{Source: "gitlab"}, nil},
		{"actor", history.Filter{Actor: "SaltMarsh"}, []eventlog.Position{3, 2}},
		{"commit by prefix", history.Filter{Commit: "CCC"}, []eventlog.Position{3}},
		{"cause", history.Filter{Cause: "github:ddd444"}, []eventlog.Position{4}},
		{"text in changes", history.Filter{Text: "Tier-1"}, []eventlog.Position{3}},
		{"the form of the record is no text", history.Filter{Text: `"path"`}, nil},
		{"text with wildcards means itself", history.Filter{Text: "%"}, nil},
		{"text that could end a literal", history.Filter{Text: "'\\\x00\t\n{x:String} ?"}, nil},
		{"what was on record", history.Filter{Known: 3}, []eventlog.Position{3, 2, 1}},
		{"period", history.Filter{From: at(2), To: at(4)}, []eventlog.Position{3, 2}},
		{"several", history.Filter{Entity: payments, Actor: "saltmarsh"}, []eventlog.Position{3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page, err := h.Events(t.Context(), tt.f)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, positions(page)); d != "" {
				t.Error(d)
			}
			if page.Total != len(tt.want) {
				t.Errorf("total is %d, want %d", page.Total, len(tt.want))
			}
		})
	}
}

// Seals come all the time, and tell nothing of what people do.
func (s suite) seals(t *testing.T) {
	t.Helper()
	h := s.folded(t, projectiontest.NewStory(t).
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
		if d := cmp.Diff(c.want, positions(page)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func (s suite) pages(t *testing.T) {
	t.Helper()
	h := s.folded(t, story(t))
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

// What was backfilled is compared with what was backfilled before it, and takes its
// place in time.
func (s suite) byTime(t *testing.T) {
	t.Helper()
	at := func(day int) func(*eventlog.Record) {
		return func(r *eventlog.Record) { r.Time = time.Date(2020, 1, day, 0, 0, 0, 0, time.UTC) }
	}
	found := func(r *eventlog.Record) { r.Extensions = map[string]string{event.Backfill: "true"} }
	elsewhere := projectiontest.Component("payments", "team-x")
	elsewhere.Origin.RepositoryID = "before"
	story := projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-c")}, at(9)).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}, at(4), found).
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-b")}, at(5), found).
		Add(payments, event.EntityRegistered{Declaration: elsewhere}, at(1), found).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "it moved", Origin: elsewhere.Origin}, at(2), found).
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-d")}, at(10))
	h := s.folded(t, story)
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

func (s suite) event(t *testing.T) {
	t.Helper()
	h := s.folded(t, story(t))
	e, err := h.Event(t.Context(), 3)
	if err != nil || e.Cause.Commit != "ccc333" {
		t.Errorf("event 3 is %+v, %v", e, err)
	}
	if _, err := h.Event(t.Context(), 99); fault.KindOf(err) != fault.NotFound {
		t.Errorf("event 99: %v, want an error of kind not found", err)
	}
}

func positions(page history.Page) (all []eventlog.Position) {
	for _, e := range page.Entries {
		all = append(all, e.Position)
	}
	return all
}

func (s suite) total(t *testing.T) {
	t.Helper()
	h := s.open(t)
	story := projectiontest.NewStory(t)
	for _, tt := range []struct {
		events int
		want   int
		more   bool
	}{{history.MaxTotal, history.MaxTotal, false}, {history.MaxTotal + 1, history.MaxTotal, true}} {
		for len(story.Records()) < tt.events {
			story.Add("github:1", event.DeliveryReplayed{Reason: "asked"})
		}
		if err := h.Apply(t.Context(), story.Records()); err != nil {
			t.Fatal(err)
		}
		page, err := h.Events(t.Context(), history.Filter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != tt.want || page.More != tt.more {
			t.Errorf("of %d events: total %d, more %v; want %d, %v", tt.events, page.Total, page.More, tt.want, tt.more)
		}
	}
}

func (s suite) reopened(t *testing.T) {
	t.Helper()
	open := s.place(t)
	records := story(t).Records()
	for i, part := range [][]eventlog.Record{records[:3], records} { // the second overlaps the first
		h := history.New(open(t))
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
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func (s suite) nothing(t *testing.T) {
	t.Helper()
	store := s.place(t)(t)
	if err := store.Append(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if p, err := store.Position(t.Context()); p != 0 || err != nil {
		t.Errorf("position is %d, %v", p, err)
	}
	if p, err := store.PositionAt(t.Context(), start); p != 0 || err != nil {
		t.Errorf("position by now is %d, %v", p, err)
	}
	if _, err := store.TruthAt(t.Context(), 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("event 1: %v, want an error of kind not found", err)
	}
	if page, err := store.Events(t.Context(), history.Filter{}); err != nil || !cmp.Equal(page, history.Page{}, cmpopts.EquateEmpty()) {
		t.Errorf("a page of nothing is %+v, %v", page, err)
	}
}
