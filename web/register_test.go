package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

const tillURL = "https://git.acme.example/acme/till/blob/main/catalog-info.yaml"

// till is what stands at [tillURL].
func till() web.Preview {
	return web.Preview{
		Entities: []web.PreviewEntity{
			{Ref: "component:default/till", Title: "The till", File: "catalog-info.yaml", Is: web.PreviewNew},
			{Ref: "component:default/cart", File: "catalog-info.yaml", Is: web.PreviewChanged, Changes: []catalog.Change{{Path: "spec.owner", Op: catalog.Changed, Before: "checkout", After: "payments"}}},
			{Ref: "component:default/ledger", File: "more.yaml", Is: web.PreviewConflict, With: &event.Origin{Repository: "acme/ledger", Path: "catalog-info.yaml", Line: 1, URL: "https://git.acme.example/acme/ledger/blob/main/catalog-info.yaml"}},
			{Ref: "system:default/payments", File: "more.yaml", Is: web.PreviewSame},
		},
		Problems: []web.PreviewProblem{
			{File: "broken.yaml", Document: 1, Problem: event.Problem{Path: "spec.type", Line: 7, Column: 3, Message: "must be a string"}},
			{File: "broken.yaml", Document: 1, Problem: event.Problem{Path: "spec.owner", Line: 8, Column: 3, Message: "must be a string"}},
		},
	}
}

// arrive plays that a location was read and led to a component.
func (p *portal) arrive(id, name string) {
	p.t.Helper()
	p.push(sample.Push{At: sample.Now, Repository: "acme/" + name, Parent: "location:default/" + id,
		Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + "}\nspec: {type: service, lifecycle: production, owner: payments}\n"})
	p.settle()
	p.world.Locations.Read[id] = web.LocationState{Read: sample.Now}
}

func TestRegisterALocation(t *testing.T) {
	p := acme(t)
	p.world.Locations.Answers[tillURL] = till()
	start := p.ok(p.ok("/catalog").follow(".page-head a", "Register a location"))
	action, form := start.submit("main form", map[string]string{"target": " " + tillURL + " "})
	events := len(p.world.Log.Records)

	preview := p.post(action, form)
	if preview.status != http.StatusOK {
		t.Fatalf("preview: %d", preview.status)
	}
	preview.wants("[aria-labelledby=h-preview]", "1 new, 1 would change, 1 there already, as it is, 1 declared elsewhere, 1 cannot be used",
		"New The till Component catalog-info.yaml", "spec.owner checkout payments", "acme/ledger/catalog-info.yaml:1 keeps the name", "No change payments",
		"broken.yaml:7:3 spec.type must be a string")
	if to := preview.follow("main a", "acme/ledger/catalog-info.yaml:1"); to != "https://git.acme.example/acme/ledger/blob/main/catalog-info.yaml#L1" {
		t.Errorf("who keeps the name is at %q", to)
	}
	if len(p.world.Log.Records) != events {
		t.Error("looking has recorded something")
	}

	action, form = preview.submit("main .card-foot form", nil)
	done := p.post(action, form)
	if done.status != http.StatusSeeOther {
		t.Fatalf("confirm: %d", done.status)
	}
	at := done.header.Get("Location")
	for _, step := range []string{"before the catalog has seen it", "before it is read"} {
		waiting := p.ok(at)
		if waiting.again() == "" || len(waiting.all(".waiting")) != 1 {
			t.Errorf("%s nothing is waited for: it looks again after %q", step, waiting.again())
		}
		p.settle()
	}
	p.arrive("loc-1", "till")
	arrived := p.ok(at)
	arrived.wants("main", "It is in the catalog.", "What came from it till")
	if arrived.again() != "" {
		t.Error("the page goes on asking")
	}

	again := p.post("/catalog/register", url.Values{"target": {tillURL}})
	again.wants("main", "It is registered already")
	if got := p.post("/catalog/register/confirm", url.Values{"target": {tillURL}}); got.status != http.StatusConflict {
		t.Errorf("a second time: %d, want 409", got.status)
	}
}

func TestRegisterWhatCannotBe(t *testing.T) {
	p := acme(t)
	for target, want := range map[string]string{"": "is no address", "javascript:alert(1)": "is no address", "https://git.acme.example/nothing": "answers 404"} {
		got := p.post("/catalog/register", url.Values{"target": {target}})
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d, want 422", target, got.status)
		}
		got.wants("main .problem", want)
		leadsTo(t, got, "target")
		if value := attr(got.one("#target"), "value"); value != target {
			t.Errorf("%q comes back as %q", target, value)
		}
	}
	p.world.Locations.Answers[tillURL] = web.Preview{Problems: till().Problems}
	got := p.post("/catalog/register", url.Values{"target": {tillURL}})
	got.wants("main", "There is nothing to register.")
	if len(got.all(".card-foot form")) != 0 {
		t.Error("nothing can be registered, and a button offers it")
	}
}

func TestWithoutLocations(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.Locations = nil })
	for _, address := range []string{"/catalog/register", "/catalog/register/loc-1"} {
		if got := p.get(address); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", address, got.status)
		}
	}
	for _, address := range []string{"/catalog/register", "/catalog/register/confirm", "/sources/locations/remove"} {
		if got := p.post(address, url.Values{}); got.status != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", address, got.status)
		}
	}
	if strings.Contains(p.ok("/catalog").text("main"), "Register") || strings.Contains(p.ok("/sources").text("main"), "Locations") {
		t.Error("something is offered that is not there")
	}
}

func TestLocationsOnSources(t *testing.T) {
	p := acme(t)
	p.ok("/sources").wants("[aria-labelledby=h-locations]", "None.")
	if _, err := p.world.Locations.Register(t.Context(), tillURL); err != nil {
		t.Fatal(err)
	}
	configured := event.LocationRegistered{ID: "c", Type: "file", Target: "/etc/callboard/org.yaml", EntityRef: "location:default/org", Configured: true}
	if _, err := p.world.Add(sample.Now, "callboard", configured.EntityRef, event.Actor{}, event.Cause{}, configured); err != nil {
		t.Fatal(err)
	}
	p.settle()
	p.arrive("loc-1", "till")
	p.world.Locations.Read["c"] = web.LocationState{Read: sample.Now, Problem: "the file is not there"}
	got := p.ok("/sources")
	rows := got.texts("table.locations tbody tr")
	if len(rows) != 2 || !strings.Contains(rows[0], "/etc/callboard/org.yaml in the configuration the file is not there Has a problem") || strings.Contains(rows[0], "Remove") {
		t.Errorf("the configured location: %q", rows)
	}
	if !strings.Contains(rows[1], tillURL+" registered today 14:03 Read Today 14:03 1") {
		t.Errorf("the registered location: %q", rows[1])
	}
	action, form := got.submit("table.locations form", nil)
	if done := p.post(action, form); done.status != http.StatusSeeOther || done.header.Get("Location") != "/sources#h-locations" {
		t.Fatalf("remove: %d to %s", done.status, done.header.Get("Location"))
	}
	p.settle()
	if left := p.ok("/sources").texts("table.locations tbody tr"); len(left) != 1 {
		t.Errorf("after its removal: %q", left)
	}
	p.ok("/audit").wants("main", "location.removed")
}

// Of two places that declare an entity, its page and the sources page name both.
func TestConflict(t *testing.T) {
	p := acme(t)
	keeper, ok := p.world.Entities.Snapshot().Get("component:default/ledger")
	if !ok {
		t.Fatal("there is no ledger")
	}
	other := keeper.Origin
	other.Repository, other.RepositoryID, other.URL = "acme/books", "books", "https://git.acme.example/acme/books/blob/main/catalog-info.yaml"
	data := event.EntityConflicted{With: keeper.Origin, EntityRejected: event.EntityRejected{
		Ref: "component:default/ledger", Origin: other, Document: "kind: Component", Problems: []event.Problem{{Line: 1, Column: 1, Message: "is declared in acme/ledger"}},
	}}
	if _, err := p.world.Add(sample.Now, "github", data.Ref, event.Actor{Login: "mossbank"}, event.Cause{}, data); err != nil {
		t.Fatal(err)
	}
	p.settle()
	got := p.ok("/catalog/default/component/ledger")
	got.wants(".strip.warn", "Also declared in acme/books/catalog-info.yaml:1", "acme/ledger/catalog-info.yaml:1 was there first and keeps the name", "mossbank", "remove the one that is wrong")
	if to := got.follow(".strip a", "Open the other"); to != other.URL+"#L1" {
		t.Errorf("the other is at %q", to)
	}
	if len(got.all(".strip.bad")) != 0 {
		t.Error("the entity itself is said to be broken")
	}
	got.wants(".timeline", "Declared elsewhere.")
	sources := p.ok("/sources")
	sources.wants("[aria-labelledby=h-conflicts]", "ledger", "acme/ledger/catalog-info.yaml:1 keeps it; acme/books/catalog-info.yaml:1 does not get it.")
	if text := sources.text("[aria-labelledby=h-rejected]"); strings.Contains(text, "acme/books") {
		t.Errorf("it is listed twice: %s", text)
	}
}

// Of two sources that read one repository, it is said which has what it declares.
func TestConflictOfSources(t *testing.T) {
	p := acme(t)
	ledger, ok := p.world.Entities.Snapshot().Get("component:default/ledger")
	if !ok {
		t.Fatal("there is no ledger")
	}
	again := ledger.Origin
	again.Source = "gitlab"
	data := event.EntityConflicted{With: ledger.Origin, EntityRejected: event.EntityRejected{
		Ref: "component:default/ledger", Origin: again, Problems: []event.Problem{{Line: 1, Column: 1, Message: "is declared in acme/ledger"}},
	}}
	if _, err := p.world.Add(sample.Now, "gitlab", data.Ref, event.Actor{}, event.Cause{}, data); err != nil {
		t.Fatal(err)
	}
	p.settle()
	p.ok("/sources").wants("[aria-labelledby=h-conflicts]", "acme/ledger/catalog-info.yaml:1, by source github keeps it; acme/ledger/catalog-info.yaml:1, by source gitlab does not get it.")
}

// A file that a location led to before its repository was read is one file.
func TestConflictWithItself(t *testing.T) {
	p := acme(t)
	ledger, ok := p.world.Entities.Snapshot().Get("component:default/ledger")
	if !ok {
		t.Fatal("there is no ledger")
	}
	const target = "https://git.acme.example/acme/ledger/blob/main/all.yaml"
	at, with := ledger.Origin, ledger.Origin
	at.RepositoryID = "again"
	with.Source, with.Repository, with.Path = "locations", target, with.URL
	data := event.EntityConflicted{With: with, EntityRejected: event.EntityRejected{
		Ref: "component:default/ledger", Origin: at, Problems: []event.Problem{{Line: 1, Column: 1, Message: "is brought in by a location; remove that"}},
	}}
	if _, err := p.world.Add(sample.Now, "github", data.Ref, event.Actor{}, event.Cause{}, data); err != nil {
		t.Fatal(err)
	}
	p.settle()
	got := p.ok("/catalog/default/component/ledger")
	got.wants(".strip.warn", "Also found in acme/ledger/catalog-info.yaml:1, a file that the location "+target+" was first to lead to.", "Remove that location")
	got.wants(".timeline", "is brought in by a location; remove that")
	p.ok("/sources").wants("[aria-labelledby=h-conflicts]", target+", a location, was first to lead to acme/ledger/catalog-info.yaml:1")
}

func TestWhatALocationLedTo(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/all", Text: "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {targets: [./till.yaml]}\n"})
	p.arrive("all", "till")
	p.ok("/catalog/default/location/all").wants("[aria-labelledby=h-targets]", "./till.yaml", "What came from there till")
}

// What came through a location is counted over all steps; it tells which location
// that was, and claims no repository.
func TestWhatCameThroughALocation(t *testing.T) {
	p := empty(t)
	if _, err := p.world.Locations.Register(t.Context(), tillURL); err != nil {
		t.Fatal(err)
	}
	p.settle()
	root := p.world.Entities.Snapshot().Locations()[0].EntityRef
	declare := func(repository, parent, text string) {
		p.push(sample.Push{At: sample.Now, Repository: repository, Parent: parent, Text: "apiVersion: backstage.io/v1alpha1\n" + text})
	}
	declare("acme/all", root, "kind: Location\nmetadata: {name: all}\nspec: {targets: [./till.yaml, ./all.yaml]}\n")
	declare("acme/till", "location:default/all", "kind: Component\nmetadata: {name: till}\nspec: {type: service, lifecycle: production, owner: payments}\n")
	p.settle()
	rows := p.ok("/sources").texts("table.locations tbody tr")
	if len(rows) != 1 || !strings.Contains(rows[0], "Not read yet 2 1 Remove") {
		t.Errorf("the location: %q", rows)
	}
}

func TestOrphan(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/alone", Text: "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: alone, annotations: {backstage.io/orphan: \"true\"}}\nspec: {owner: payments}\n"})
	p.settle()
	p.ok("/catalog/default/domain/alone").wants(".strip.warn", "What declared this entity is gone.")
}
