package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web/internal/sample"
)

const paymentsAPI = "/catalog/default/component/payments-api"

func TestEntityHeader(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI)
	got.wants("h1", "Payments API")
	got.wants(".entity-title", "Component, service", "component:default/payments-api")
	if diff := cmp.Diff([]string{"Catalog", "Money", "payments", "payments-api"}, got.texts(".crumbs li")); diff != "" {
		t.Error(diff)
	}
	got.wants(".facts", "Owner PA Payments", "Lifecycle Production", "Last change Today 09:40", "pebbledash", "132", "First seen 16 September 2025")
	if diff := cmp.Diff([]string{"Overview", "APIs 1", "Dependencies", "Descriptor", "History 7"}, got.texts(".tabs a")); diff != "" {
		t.Error(diff)
	}
	if source := got.follow(".entity-title a", "View source"); source != "https://git.acme.example/acme/payments-api/blob/main/catalog-info.yaml" {
		t.Errorf("view source leads to %q", source)
	}
	for _, tab := range got.all(".tabs a") {
		at := p.ok(attr(tab, "href"))
		if on := textOf(at.one(".tabs a[aria-current=page]")); on != textOf(tab) {
			t.Errorf("%s marks %q", attr(tab, "href"), on)
		}
	}
}

func TestEntityInAnyCase(t *testing.T) {
	acme(t).ok("/catalog/Default/COMPONENT/Payments-API").wants("h1", "Payments API")
}

func TestEntityAbout(t *testing.T) {
	got := acme(t).ok(paymentsAPI)
	about := map[string]string{}
	for _, n := range got.all("[aria-labelledby=h-about] .kv > div") {
		row := &page{t: t, node: n}
		about[row.text("dt")] = row.text("dd")
	}
	want := map[string]string{
		"Owner": "PA Payments", "System": "payments", "Lifecycle": "Production", "Domain": "Money", "Type": "service",
		"Repository": "acme/payments-api", "Tags": "go grpc pci tier-1", "Labels": "acme.dev/cost-centre=4100",
	}
	for name, text := range want {
		if !strings.HasPrefix(about[name], text) {
			t.Errorf("%s: %q, want %q", name, about[name], text)
		}
	}
	got.wants("[aria-labelledby=h-about] .card-foot", "Read from catalog-info.yaml at", "True since today 09:40")
	if to := got.follow("a", "acme/payments-api"); to != "https://git.acme.example/acme/payments-api" {
		t.Errorf("the repository is %q", to)
	}
	if to := got.follow(".tag", "pci"); to != "/catalog?tag=pci" {
		t.Errorf("a tag leads to %q", to)
	}
}

func TestEntityRelations(t *testing.T) {
	p := acme(t)
	relations := func(address string) map[string]string {
		all := map[string]string{}
		for _, n := range p.ok(address).all(".relations > div") {
			row := &page{t: t, node: n}
			all[row.text("dt")] = row.text("dd > .refs > .ref")
		}
		return all
	}
	want := map[string]string{
		"Owned by": "Payments", "Part of": "payments", "Provides": "payments-v2",
		"Depends on": "identity-gateway ledger payments-db payments-queue",
	}
	if diff := cmp.Diff(want, relations(paymentsAPI)); diff != "" {
		t.Error(diff)
	}
	want = map[string]string{"Owned by": "Payments", "Part of": "payments", "Provided by": "Payments API", "Consumed by": "checkout-web payment-webhooks storefront"}
	if diff := cmp.Diff(want, relations("/catalog/default/api/payments-v2")); diff != "" {
		t.Error(diff)
	}
	got := p.ok("/catalog/default/component/ledger")
	if unknown := got.text(".relations .ref.unknown"); unknown != "ledger-replica" {
		t.Errorf("not in the catalog: %q, want ledger-replica", unknown)
	}
	if len(got.all(".relations .ref.unknown[href]")) > 0 {
		t.Error("a link leads to an entity that is not there")
	}
}

// The graph has who uses the entity at its left, the entity with its APIs in
// the middle, and what it uses at its right.
func TestEntityGraph(t *testing.T) {
	p := acme(t)
	columns := func(address string) map[string][]string {
		all := map[string][]string{}
		for _, n := range p.ok(address).all(".graph svg a, .graph svg g.unknown") {
			in := &page{t: t, node: n}
			x := attr(in.one("rect"), "x")
			name := textOf(in.all("text")[0])
			if attr(n, "class") == "self" {
				name = "*" + name
			}
			all[x] = append(all[x], name)
		}
		return all
	}
	for address, want := range map[string]map[string][]string{
		paymentsAPI: {
			"12":  {"checkout-web", "payment-webhooks", "storefront"},
			"282": {"payments-v2", "*Payments API"},
			"546": {"identity-gateway", "ledger", "payments-db", "payments-queue"},
		},
		"/catalog/default/api/payments-v2": {
			"12":  {"checkout-web", "payment-webhooks", "storefront"},
			"282": {"*payments-v2", "Payments API"},
		},
		"/catalog/default/component/ledger": {
			"12":  {"settlement-batch", "fraud-scoring", "Payments API"},
			"282": {"ledger-v1", "*ledger"},
			"546": {"ledger-db", "ledger-replica"},
		},
		"/catalog/default/domain/money": {
			"282": {"*Money"},
			"546": {"ledger", "payments"},
		},
		"/catalog/default/group/payments": {
			"282": {"*Payments"},
			"546": {"kestrel-7", "pebbledash", "saltmarsh", "payments-v2", "fraud-scoring", "6 more"},
		},
	} {
		if diff := cmp.Diff(want, columns(address)); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
	got := p.ok(paymentsAPI)
	if diff := cmp.Diff([]string{"provides", "consumes API", "depends on"}, got.texts(".graph text.rel")); diff != "" {
		t.Errorf("each relation is named once: %s", diff)
	}
	says := attr(got.one(".graph > svg"), "aria-label")
	if !strings.Contains(says, "storefront (consumes API)") || !strings.Contains(says, "ledger (depends on)") {
		t.Errorf("to whom does not see it, it says %q", says)
	}
	p.push(sample.Push{At: sample.Now, Repository: "acme/alone", Text: "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: alone}\nspec: {owner: payments}\n"})
	p.settle()
	if n := len(p.ok("/catalog/default/domain/alone").all(".graph")); n != 0 {
		t.Error("there is nothing around it, and still a graph")
	}
}

// A component with many APIs hangs them on one rail; all of it stays on the drawing.
func TestEntityGraphOfSeveralAPIs(t *testing.T) {
	p := empty(t)
	var text strings.Builder
	for _, name := range []string{"one", "two", "three", "four"} {
		text.WriteString("apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: " + name + "}\nspec: {type: grpc, lifecycle: production, owner: x, definition: y}\n---\n")
	}
	text.WriteString("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: hub}\nspec: {type: service, lifecycle: production, owner: x, providesApis: [one, two, three, four], consumesApis: [one], dependsOn: [component:hub2]}\n")
	p.push(sample.Push{At: sample.Now, Repository: "acme/hub", Text: text.String()})
	p.settle()
	got := p.ok("/catalog/default/component/hub")
	if n := len(got.all(".graph rect[x='282']")); n != 4 {
		t.Errorf("%d in the middle, want three APIs and the component", n)
	}
	if n := len(got.all(".graph path.edge")); n != len(got.all(".graph path.tip")) || n < 4 {
		t.Errorf("%d lines with %d tips", n, len(got.all(".graph path.tip")))
	}
}

func TestEntityRecentChanges(t *testing.T) {
	got := acme(t).ok(paymentsAPI)
	events := got.texts("[aria-labelledby=h-recent] .timeline > li")
	if len(events) != 5 {
		t.Fatalf("%d events, want the 5 newest", len(events))
	}
	for i, want := range []string{
		"133 Descriptor refused. Line 29: spec.providesApis[1] must be a string",
		"132 Changed links metadata.links[2] Runbook · https://run.acme.example/pay Today 09:40",
		"129 Changed tags metadata.tags tier-1 Yesterday 17:40 MO mossbank",
	} {
		if !strings.HasPrefix(events[i], want) {
			t.Errorf("event %d: %q, want %q", i, events[i], want)
		}
	}
	if to := got.follow("[aria-labelledby=h-recent] a", "All 7 events"); to != paymentsAPI+"/history" {
		t.Errorf("all events are at %q", to)
	}
	if to := got.follow(".timeline a.cue", "Event 133"); to != "/audit/133" {
		t.Errorf("a cue leads to %q", to)
	}
}

func TestEntityWithRefusedDescriptor(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI)
	got.wants(".strip.bad", "The newest catalog-info.yaml cannot be used.", "You are looking at the last good one, from today 09:40",
		"catalog-info.yaml:29:7", "spec.providesApis[1]", "must be a string", "Since today 13:52", "kestrel-7", "133")
	if diff := cmp.Diff([]string{"28", "- payments-v2", "29", "- refunds: v1", "30", "dependsOn:"}, got.texts(".strip .source-line > span")); diff != "" {
		t.Error(diff)
	}
	if marked := got.text(".strip .hit mark"); marked != "refunds: v1" {
		t.Errorf("marked: %q", marked)
	}
	if to := got.follow(".strip a", "Open line 29"); to != "https://git.acme.example/acme/payments-api/blob/main/catalog-info.yaml#L29" {
		t.Errorf("the line is at %q", to)
	}
	text := p.ok(paymentsAPI + "/descriptor")
	if hit := text.text("[aria-labelledby=h-refused] tr.hit"); hit != "29 - refunds: v1" {
		t.Errorf("refused line: %q", hit)
	}
	if n := len(text.all("[aria-labelledby=h-text] tr.hit")); n != 0 {
		t.Error("the text that holds is marked too")
	}
	if good := p.ok("/catalog/default/component/ledger"); len(good.all(".strip")) != 0 {
		t.Error("a good descriptor has a strip")
	}
}

// Problems may point anywhere, also where no text is.
func TestRefusedDescriptorWithOddPlaces(t *testing.T) {
	p := acme(t)
	for i, problem := range []event.Problem{{}, {Line: 900, Column: 900, Message: "far away"}, {Line: 1, Column: 900, Message: "beyond its line"}, {Line: -3, Column: -3}} {
		refused := event.EntityRejected{
			Ref: "component:default/payments-api", Document: "only: line", Problems: []event.Problem{problem, {Line: 1, Column: 1, Message: "another"}},
			Origin: event.Origin{Source: "github", Repository: "acme/payments-api", RepositoryID: "acme/payments-api", Path: "catalog-info.yaml", URL: "javascript:alert(1)"},
		}
		if _, err := p.world.Add(sample.Now.Add(time.Duration(i)*time.Second), "github", refused.Ref, event.Actor{}, event.Cause{}, refused); err != nil {
			t.Fatal(err)
		}
		p.settle()
		got := p.ok(paymentsAPI)
		got.wants(".strip.bad", "cannot be used", "and 1 more problem")
		if n := len(got.all(".strip a[href^=javascript], .strip a[href*=invalid]")); n != 0 {
			t.Error("the line is a link to a script")
		}
		p.ok(paymentsAPI + "/descriptor")
	}
}

func TestDescriptor(t *testing.T) {
	p := acme(t)
	got := p.ok("/catalog/default/component/ledger/descriptor")
	got.wants("[aria-labelledby=h-text]", "catalog-info.yaml", "as written, true since 10 March 16:08", "1 apiVersion: backstage.io/v1alpha1", "resource:ledger-replica")
	if line := textOf(got.one("#L4")); line != "4 name: ledger" {
		t.Errorf("line 4: %q", line)
	}
}

func TestDescriptorOfPartOfAFile(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/two", Line: 40,
		Text: "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: far-down}\nspec: {owner: x}\n"})
	p.settle()
	p.ok("/catalog/default/domain/far-down/descriptor").one("#L43")
}

func TestEntityHistory(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI + "/history")
	if diff := cmp.Diff([]string{"133", "132", "129", "128", "126", "125", "34"}, got.texts(".timeline > li > .cue")); diff != "" {
		t.Error(diff)
	}
	got.wants(".timeline", "Registered service, owned by platform", "owner platform → payments")
}

func TestEntityHistoryInParts(t *testing.T) {
	p := acme(t)
	for i := range 60 {
		text := "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: busy, description: take " + strings.Repeat("x", i+1) + "}\nspec: {owner: x}\n"
		p.push(sample.Push{At: sample.Now.Add(time.Duration(i) * time.Second), Repository: "acme/busy", Text: text})
	}
	p.settle()
	at, n := "/catalog/default/domain/busy/history", 0
	for at != "" {
		got := p.ok(at)
		n += len(got.all(".timeline > li"))
		at = ""
		for _, a := range got.all(".card-foot a") {
			if textOf(a) == "Older" {
				at = attr(a, "href")
			}
		}
	}
	if n != 60 {
		t.Errorf("%d events on all pages, want 60", n)
	}
}

func TestRemovedEntity(t *testing.T) {
	p := acme(t)
	got := p.get("/catalog/default/component/returns-desk")
	if got.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", got.status)
	}
	got.wants("main", "returns-desk was removed", "component:default/returns-desk is not in the catalog now", "stays on record",
		"124 Removed catalog-info.yaml was deleted 24 February 10:12", "harbour-9")
	history := p.ok(got.follow("main a", "See its history"))
	history.wants(".timeline", "Removed", "Registered service")
	history.wants(".entity-title", "not in the catalog now")
	p.get("/catalog/default/component/returns-desk?at=2026-03-05").wants("main", "component:default/returns-desk is not in the catalog then")
}

func TestUnknownEntity(t *testing.T) {
	p := acme(t)
	got := p.get("/catalog/default/component/paymnts")
	if got.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", got.status)
	}
	got.wants("main", "Nothing here is called paymnts", "Neither the catalog nor the record knows component:default/paymnts")
	got.wants("[aria-labelledby=h-similar]", "Did you mean", "payments-db")
	if diff := cmp.Diff("/catalog?q=paymnts", got.follow("main a", "Search the catalog")); diff != "" {
		t.Error(diff)
	}
	other := p.get("/catalog/default/api/ledger") // another kind of this name
	other.wants("[aria-labelledby=h-similar]", "ledger")
	if got := p.get("/catalog/default/component/nobody/history"); got.status != http.StatusNotFound {
		t.Errorf("history of nothing: %d, want 404", got.status)
	}
	if got := p.get("/catalog/default/component/nobody/descriptor"); got.status != http.StatusNotFound {
		t.Errorf("descriptor of nothing: %d, want 404", got.status)
	}
}

// An entity whose first descriptor was refused is on record and not in the catalog.
func TestNeverUsableEntity(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now.Add(-time.Hour), By: event.Actor{Login: "kestrel-7"}, Repository: "acme/broken",
		Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: broken}\nspec: {type: service, lifecycle: 3, owner: x}\n"})
	p.settle()
	got := p.get("/catalog/default/component/broken")
	if got.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", got.status)
	}
	got.wants("main", "The descriptor of broken was refused", "acme/broken/catalog-info.yaml cannot be used", "Descriptor refused", "kestrel-7")
}

func TestEntityLinks(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI)
	if to := got.follow(".link-list a", "Dashboard"); to != "https://dash.acme.example/pay" {
		t.Errorf("dashboard leads to %q", to)
	}
	if to := got.follow(".link-list a", "Team Payments"); to != "mailto:team-payments@acme.example" {
		t.Errorf("mail leads to %q", to)
	}
	p.ok("/catalog/default/component/cart").wants("[aria-labelledby=h-links]", "None. metadata.links in the descriptor")
}

func TestEntityThatCameFromALocation(t *testing.T) {
	p := empty(t)
	data := event.EntityRegistered{Declaration: event.Declaration{
		Entity: catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "Component", Metadata: catalog.Metadata{Name: "till", Namespace: "default"}, Spec: map[string]any{"type": "service", "lifecycle": "production", "owner": "payments"}},
		Origin: event.Origin{Source: event.LocationsSource, Repository: "https://files.acme.example/all.yaml", RepositoryID: "x", Path: "https://files.acme.example/till.yaml", Line: 1, Parent: "location:default/all"},
	}}
	if _, err := p.world.Add(sample.Now, event.LocationsSource, "component:default/till", event.Actor{}, event.Cause{}, data); err != nil {
		t.Fatal(err)
	}
	p.settle()
	about := p.ok("/catalog/default/component/till").text("[aria-labelledby=h-about]")
	if !strings.Contains(about, "Location all") || strings.Contains(about, "Repository") {
		t.Errorf("about it: %s", about)
	}
}
