package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web/internal/sample"
)

// graphRows is what the table says: for each entity, in order, how far it is and
// what it has to the others.
func (p *page) graphRows() []string {
	var rows []string
	for _, tr := range p.all("cb-graph tr[data-ref]") {
		cells := (&page{t: p.t, node: tr}).texts("td")
		rows = append(rows, strings.TrimPrefix(attr(tr, "data-ref"), "component:default/")+" "+cells[1]+": "+cells[2])
	}
	return rows
}

func TestGraphSaysWhatIsAround(t *testing.T) {
	p := acme(t)
	got := p.ok(payments + "/graph?steps=1")
	if diff := cmp.Diff([]string{
		"payments-api –: depends on identity-gateway depends on ledger depends on payments-db depends on payments-queue provides payments-v2",
		"api:default/payments-v2 1 step: –", "identity-gateway 1 step: –", "ledger 1 step: –",
		"resource:default/payments-db 1 step: –", "resource:default/payments-queue 1 step: –",
	}, got.graphRows()); diff != "" {
		t.Error(diff)
	}
	got.wants(".card-head", "1 step, 6 entities")
	got.wants(".tabs [aria-current=page]", "Dependencies")

	further := p.ok(got.follow("cb-graph .btn-group a", "2"))
	if rows := further.graphRows(); !slices.Contains(rows, "storefront 2 steps: consumes payments-v2") {
		t.Errorf("two steps away is not who uses its API: %q", rows)
	}
}

func TestGraphTakesChoices(t *testing.T) {
	p := acme(t)
	page := func(p *page) []string { return p.texts("cb-graph a.toggle[aria-current=true]") }
	got := p.ok(payments + "/graph")
	if diff := cmp.Diff([]string{"depends on", "APIs", "APIs", "Components", "Resources"}, page(got)); diff != "" {
		t.Error(diff)
	}
	owners := p.ok(got.follow("cb-graph a.toggle", "ownership"))
	if rows := owners.graphRows(); !slices.ContainsFunc(rows, func(r string) bool {
		return strings.HasPrefix(r, "group:default/payments 1 step: owns") && strings.Contains(r, "owns Payments API")
	}) {
		t.Errorf("with ownership: %q", rows)
	}
	fewer := p.ok(got.follow("cb-graph a.toggle", "Resources"))
	if rows := fewer.graphRows(); slices.ContainsFunc(rows, func(r string) bool { return strings.HasPrefix(r, "resource:") }) || len(rows) < 3 {
		t.Errorf("without resources: %q", rows)
	}
	back := p.ok(fewer.follow("cb-graph a.toggle", "Resources"))
	if diff := cmp.Diff(got.graphRows(), back.graphRows()); diff != "" {
		t.Errorf("taken back: %s", diff)
	}
	none := p.ok(p.ok(payments+"/graph?show=depends").follow("cb-graph a.toggle", "depends on"))
	if rows := none.graphRows(); len(rows) != 1 {
		t.Errorf("nothing is chosen, and the table has %q", rows)
	}
}

// Nobody uses a team or a system: there what consists of what is shown.
func TestGraphOfTheWhole(t *testing.T) {
	got := acme(t).ok("/catalog/default/domain/money/graph")
	if rows := got.graphRows(); len(rows) < 3 || !strings.HasPrefix(rows[0], "domain:default/money –: has part") {
		t.Errorf("the graph of a domain is %q", rows)
	}
}

func TestGraphRefusesWhatItCannotRead(t *testing.T) {
	p := acme(t)
	for query, want := range map[string]int{
		"steps=0": http.StatusBadRequest, "steps=5": http.StatusBadRequest, "steps=x": http.StatusBadRequest, "show=all": http.StatusBadRequest,
		"hide=nothing": http.StatusOK, "show=none": http.StatusOK, "show=": http.StatusBadRequest,
	} {
		if got := p.get(payments + "/graph?" + query); got.status != want {
			t.Errorf("%s: %d, want %d", query, got.status, want)
		}
	}
	if got := p.get("/catalog/default/component/nobody/graph"); got.status != http.StatusNotFound {
		t.Errorf("the graph of nobody: %d, want 404", got.status)
	}
}

func TestGraphOfMany(t *testing.T) {
	p := empty(t)
	declare := func(name string, spec map[string]any) {
		declared := event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: "Component", Metadata: catalog.Metadata{UID: name, Name: name, Namespace: "default"}, Spec: spec,
		}}}
		if _, err := p.world.Add(sample.Now, "github", "component:default/"+name, event.Actor{}, event.Cause{}, declared); err != nil {
			t.Fatal(err)
		}
	}
	var all []any
	for i := range 400 {
		all = append(all, fmt.Sprintf("component:part-%03d", i))
	}
	declare("hub", map[string]any{"type": "service", "dependsOn": all})
	declare("part-000", map[string]any{"type": "service", "dependsOn": []any{"component:hub"}})
	p.settle()

	whole := p.ok("/catalog/default/component/hub/graph")
	if rows := whole.graphRows(); len(rows) != 300 {
		t.Errorf("%d rows, want the first 300", len(rows))
	}
	whole.wants("cb-graph", "these are the nearest 300", "not in the catalog")
	card := p.ok("/catalog/default/component/hub")
	if rows := card.graphRows(); len(rows) != 40 {
		t.Errorf("%d rows on the overview, want the first 40", len(rows))
	}
	if got := len(whole.all(`tr[data-ref="component:default/part-000"] a.ref`)); got != 1 {
		t.Error("what is in the catalog is no link")
	}
	if got := len(whole.all(`tr[data-ref="component:default/part-001"] .ref.unknown`)); got != 1 {
		t.Error("what is not in the catalog is not marked")
	}
}
