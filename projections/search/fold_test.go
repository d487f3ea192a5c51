package search_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/search"
)

const payments = "component:default/payments"

const openAPI = `openapi: 3.0.3
info: {title: Payments, version: "1"}
paths:
  /payments:
    post: {summary: Take a payment, description: Idempotent by its key.}
  /payments/{id}:
    get: {summary: One payment}
`

func owned(by string) func(*catalog.Entity) { return spec("owner", by) }

// life is what happens to a service: it is declared, described otherwise, documented, given
// away, and taken out.
func life(t *testing.T) *world {
	t.Helper()
	return newWorld(t).
		entity("Component", "payments", description("Takes money."), owned("till")).
		entity("API", "payments-v1", spec("type", "openapi"), spec("definition", openAPI), owned("till")).
		publish(payments, "Handbook", "index.md", "# Welcome\n\nAbout acquirers.\n", "guide.md", "# Guide\n\nHow to retry.\n").
		entity("Component", "payments", description("Takes cheques."), owned("till")).
		publish(payments, "Handbook", "index.md", "# Welcome\n\nAbout acquirers.\n", "guide.md", "# Guide\n\nHow to reconcile.\n").
		entity("Component", "payments", description("Takes cheques."), owned("ledger"))
}

func (w *world) removed(ref string) *world {
	w.t.Helper()
	i := slices.IndexFunc(w.Records(), isOf(ref))
	d, err := event.DecodeWritten(w.Records()[i].Event)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Add(ref, event.EntityRemoved{Ref: ref, Reason: "catalog-info.yaml was deleted", Origin: d.Origin})
	return w
}

func TestFold(t *testing.T) {
	w := life(t).removed("api:default/payments-v1").
		entity("Component", "other", spec("dependsOn", []any{"component:payments"})).
		removed(payments).
		entity("Component", "payments", description("Takes money again."))
	projectiontest.Run(t, w.open, w.Records(), func(t *testing.T, s *search.Search) any {
		t.Helper()
		var all []any
		for _, text := range []string{"", "payments", "takes", "retry", "acquirers", "pamyents", "takes unknown"} {
			for _, q := range []search.Query{{}, {Newest: true}, {Moment: projections.Moment{Known: 4}}, {Moment: projections.Moment{At: w.Records()[5].Time}}} {
				q.Text = text
				all = append(all, find(t, s, q))
			}
		}
		return all
	})
}

// The end of a second declaration, which was refused, takes nothing away. Where one took the
// entity over, the end of the first does not, either.
func TestEndOfSecondDeclaration(t *testing.T) {
	w := life(t)
	first := projectiontest.Component("payments", "till")
	for _, elsewhere := range []func(*event.Origin){
		func(o *event.Origin) { o.Source = "gitlab" },
		func(o *event.Origin) { o.RepositoryID = "other" },
		func(o *event.Origin) { o.Path = "copy.yaml" },
	} {
		at := first.Origin
		elsewhere(&at)
		w.Add(payments, event.EntityRemoved{Ref: payments, Reason: "the copy was deleted", Origin: at})
	}
	moved := first
	moved.Origin.RepositoryID = "other"
	w.Add(payments, event.EntityChanged{Declaration: moved}).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "it moved", Origin: first.Origin})
	for _, text := range []string{"payments", "reconcile"} {
		if found := names(find(t, w.folded(t), search.Query{Text: text})); len(found) == 0 {
			t.Errorf("%q finds nothing after the end of a refused declaration", text)
		}
	}
	w.Add(payments, event.EntityRemoved{Ref: payments, Reason: "it was deleted", Origin: moved.Origin})
	if found := names(find(t, w.folded(t), search.Query{Text: "reconcile"})); len(found) > 0 {
		t.Errorf("after the end of its declaration there is still %v", found)
	}
}

// What changed is found as it is now, and no more as it was.
func TestNow(t *testing.T) {
	w := life(t)
	s := w.folded(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"money", nil},
		{"cheques", []string{"component:payments"}},
		{"retry", nil},
		{"reconcile", []string{"component:payments guide.md"}},
		{"acquirers", []string{"component:payments index.md"}},
		{"take a payment", []string{"api:payments-v1 POST /payments"}},
		{"/payments/{id}", []string{"api:payments-v1 GET /payments/{id}"}},
		{"idempotent key", []string{"api:payments-v1 POST /payments"}},
	} {
		t.Run(tt.text, func(t *testing.T) { expect(t, s, search.Query{Text: tt.text}, tt.want...) })
	}
	expect(t, s, search.Query{Text: "reconcile", Owners: []string{"group:default/ledger"}}, "component:payments guide.md")
	expect(t, s, search.Query{Text: "reconcile", Owners: []string{"group:default/till"}})

	before := len(w.Records())
	w.removed(payments).removed("api:default/payments-v1").
		entity("Component", "settlements", title("Payments of before"), description("Takes cheques."))
	if err := s.Apply(t.Context(), w.Records()[before:]); err != nil {
		t.Fatal(err)
	}
	expect(t, s, search.Query{Text: "cheques"}, "component:settlements")
	expect(t, s, search.Query{Text: "payments"}, "component:settlements")
	expect(t, s, search.Query{Text: "reconcile"})
	expect(t, s, search.Query{Text: "idempotent"})
}

// A page that says the same as before keeps its time, whatever else of the site changed.
func TestOnlyWhatChangedIsWrittenAnew(t *testing.T) {
	w := life(t)
	got := map[string]time.Time{}
	for _, h := range find(t, w.folded(t), search.Query{Types: []string{search.Pages}}).Hits {
		got[h.Place] = h.Changed
	}
	want := map[string]time.Time{"index.md": w.Records()[2].Time, "guide.md": w.Records()[4].Time}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMoments(t *testing.T) {
	w := life(t).removed(payments)
	s := w.folded(t)
	records := w.Records()
	for _, tt := range []struct {
		text  string
		event int // from 1
		want  []string
	}{
		{"money", 1, []string{"component:payments"}},
		{"money", 3, []string{"component:payments"}},
		{"money", 4, nil},
		{"cheques", 3, nil},
		{"cheques", 6, []string{"component:payments"}},
		{"cheques", 7, nil},
		{"retry", 2, nil},
		{"retry", 4, []string{"component:payments guide.md"}},
		{"retry", 5, nil},
		{"reconcile", 6, []string{"component:payments guide.md"}},
		{"reconcile", 7, nil},
		{"idempotent", 7, []string{"api:payments-v1 POST /payments"}},
	} {
		expect(t, s, search.Query{Text: tt.text, Moment: projections.Moment{At: records[tt.event-1].Time}}, tt.want...)
		expect(t, s, search.Query{Text: tt.text, Moment: projections.Moment{Known: records[tt.event-1].Position}}, tt.want...)
	}
	late := projections.Moment{At: records[5].Time}
	expect(t, s, search.Query{Text: "reconcile", Owners: []string{"group:default/ledger"}, Moment: late}, "component:payments guide.md")
	late.At = records[4].Time
	expect(t, s, search.Query{Text: "reconcile", Owners: []string{"group:default/till"}, Moment: late}, "component:payments guide.md")
	expect(t, s, search.Query{Text: "takes", Moment: projections.Moment{At: records[0].Time.Add(-time.Second)}})
}

// A page of which nothing is kept any more is found by its name.
func TestLostContents(t *testing.T) {
	w := newWorld(t).entity("Component", "payments")
	w.Add(payments, event.DocsPublished{Entity: payments, Site: "Handbook", Pages: []event.DocsPage{
		{Path: "guide/retry.md", Title: "Trying again", Source: "docs/guide/retry.md", Blob: "0123456789012345678901234567890123456789"},
	}})
	s := w.folded(t)
	for _, text := range []string{"retry", "trying again", "handbook"} {
		expect(t, s, search.Query{Text: text}, "component:payments guide/retry.md")
	}
}

// What was backfilled is past, and not found now.
func TestBackfilled(t *testing.T) {
	w := newWorld(t).entity("Component", "payments")
	d := projectiontest.Component("bygone", "till")
	w.Add("component:default/bygone", event.EntityRegistered{Declaration: d}, func(r *eventlog.Record) { r.Extensions = map[string]string{event.Backfill: "true"} })
	expect(t, w.folded(t), search.Query{Text: "bygone"})
}
