package history_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
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

// Whether many events are folded at once, by all processors, or a few at a time makes
// no difference.
func TestFoldedAtOnceOrByAndBy(t *testing.T) {
	records := told(t, 3000, 40)
	var pages []history.Page
	for _, size := range []int{len(records), 70} {
		h := open(t)
		for part := range slices.Chunk(records, size) {
			if err := h.Apply(t.Context(), part); err != nil {
				t.Fatal(err)
			}
		}
		page, err := h.Events(t.Context(), history.Filter{Limit: len(records), Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if d := cmp.Diff(pages[1], pages[0]); d != "" {
		t.Errorf("a few at a time (-) and at once (+):\n%s", d)
	}
	if one := pages[0].Entries[0]; len(pages[0].Entries) < 500 || len(one.Changes) == 0 {
		t.Errorf("%d events, the last of which is %+v, prove nothing", len(pages[0].Entries), one)
	}
}
