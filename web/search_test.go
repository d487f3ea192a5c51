package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

func (p *page) found() []string { return p.texts("main .found h2") }

func TestSearchPage(t *testing.T) {
	p := acme(t)
	got := p.ok("/search?q=payments")
	if diff := cmp.Diff([]string{"payments", "Payments", "Payments API"}, got.found()[:3]); diff != "" {
		t.Log(got.found())
		t.Error(diff)
	}
	for _, row := range got.all("main .found .hit") {
		within := &page{t: t, node: row}
		if len(within.all("h2 a[href]")) != 1 || within.text(".hit-path") == "" || !strings.Contains(within.text(".hit-meta"), "Last change") {
			t.Errorf("a result lacks something: %s", textOf(row))
		}
	}
	if marks := got.texts("main .found mark"); len(marks) == 0 || !strings.HasPrefix(strings.ToLower(marks[0]), "payment") {
		t.Errorf("marked are %q", marks)
	}

	// Filters are links, and each is a count of what it leaves.
	all := len(p.ok("/search?q=payments&kind=component").found())
	href := got.follow(".facets a", "Components")
	if n := len(p.ok(href).found()); n != all || n == 0 {
		t.Errorf("components: %d by the link, %d by the address", n, all)
	}
	p.ok(href).wants(".chips", "Kind Components")
	if found := p.ok("/search?q=payments&type=catalog&kind=api&owner=group:default/payments").found(); len(found) != 1 {
		t.Errorf("one API of payments: %q", found)
	}
	if found := p.ok("/search?q=payments&from=2026-03-12").found(); cmp.Diff([]string{"Payments API"}, found) != "" {
		t.Errorf("of what changed today: %q", found)
	}
	if found := p.ok("/search?q=payments&order=change").found(); found[0] != "Payments API" {
		t.Errorf("the newest is %q", found[0])
	}

	// From the bar, without a script.
	action, values := p.ok("/audit").submit(".bar form[role=search]", map[string]string{"q": "ledger-db"})
	if found := p.ok(action + "?" + values.Encode()).found(); len(found) == 0 || found[0] != "ledger-db" {
		t.Errorf("from the bar: %q", found)
	}
	// The form of the page carries the filters along.
	action, values = p.ok("/search?q=payments&kind=component&page=1").submit("main form[role=search]", map[string]string{"q": "ledger"})
	if diff := cmp.Diff(url.Values{"q": {"ledger"}, "kind": {"component"}, "order": {""}}, values); diff != "" || action != "/search" {
		t.Errorf("%s %s", action, diff)
	}
}

func TestSearchSaysWhy(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct{ query, want string }{
		{"q=paymnets", "Showing results for payments. Nothing holds “paymnets”."},
		{"q=ledger+zzzzzzz", "Nothing holds all of these words. These hold some of them."},
		{"q=zzzzzzz", "Nothing holds “zzzzzzz”"},
		{"q=ledger&kind=template", "Nothing among these filters"},
		{"kind=template", "Nothing matches these filters"},
		{"", "What is in the catalog, in the docs and in the definitions of APIs"},
	} {
		got := p.ok("/search?" + tt.query)
		if !strings.Contains(got.text("main"), tt.want) {
			t.Errorf("%s does not say %q:\n%s", tt.query, tt.want, got.text("main"))
		}
	}
	empty(t).ok("/search").wants("main", "There is nothing to find yet")
	for _, query := range []string{"type=weather", "order=colour", "from=soon", "page=0"} {
		got := p.get("/search?q=x&" + query)
		if field, _, _ := strings.Cut(query, "="); got.status != http.StatusBadRequest || !strings.Contains(got.text("main"), field+"=") {
			t.Errorf("%s: %d %s", query, got.status, got.text("main"))
		}
	}
	// Beyond the last page is the last page.
	if got := p.get("/search?q=payments&page=40"); got.status != http.StatusSeeOther || !strings.Contains(got.header.Get("Location"), "page=") {
		t.Errorf("page 40: %d %s", got.status, got.header.Get("Location"))
	}
}

// At another moment what was then is found, under its owner of then.
func TestSearchThen(t *testing.T) {
	p := acme(t)
	if found := p.ok("/search?q=returns-desk").found(); len(found) > 0 && found[0] == "returns-desk" {
		t.Error("what was removed is found")
	}
	then := p.ok("/search?q=returns-desk&at=2026-02-20")
	if found := then.found(); len(found) == 0 || found[0] != "returns-desk" {
		t.Fatalf("then: %q", found)
	}
	if href := attr(then.one("main .found h2 a"), "href"); !strings.Contains(href, "at=2026-02-20") {
		t.Errorf("it leads to %s, of now", href)
	}
	owners := func(query string) string {
		got := p.ok("/search?q=payments-api&type=catalog" + query)
		return (&page{t: t, node: got.all("main .found .hit")[0]}).text(".hit-meta .who")
	}
	if was, is := owners("&at=2026-03-05"), owners(""); was == is || !strings.Contains(strings.ToLower(is), "payments") {
		t.Errorf("it was owned by %q, and is by %q", was, is)
	}
}

// A page that is found opens at the heading that it was found under.
func TestSearchPagesOfDocs(t *testing.T) {
	s := newShelf(t)
	p := empty(t, s.config, func(c *web.Config) { c.Search = s.search })
	for _, push := range []sample.Push{{At: sample.Now, By: event.Actor{Login: "mossbank"}, Repository: "acme/payments", Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: payments, annotations: {backstage.io/techdocs-ref: 'dir:.'}}\nspec: {type: service, lifecycle: production, owner: till}\n"}} {
		p.push(push)
	}
	p.settle()
	s.publish("component:default/payments", "mossbank", 2, map[string]string{
		"mkdocs.yml": "site_name: Handbook\n", "docs/index.md": "# Welcome\n\nHello.\n",
		"docs/guide.md": "# Guide\n\nBefore all.\n\n## Trying again\n\nSend the same key <b>twice</b>.\n",
	})
	got := p.ok("/search?q=same+key&type=docs")
	if diff := cmp.Diff([]string{"Guide"}, got.found()); diff != "" {
		t.Fatal(diff)
	}
	at := attr(got.one("main .found h2 a"), "href")
	if at != "/docs/default/component/payments/guide/#trying-again" {
		t.Errorf("it leads to %s", at)
	}
	page, anchor, _ := strings.Cut(at, "#")
	p.ok(page).one("#" + anchor)
	got.wants(".hit-path", "Handbook", "Trying again")
	got.wants(".hit-excerpt", "Send the same key twice.")

	action, values := p.ok("/docs").submit("main form[role=search]", map[string]string{"q": "hello"})
	if found := p.ok(action + "?" + values.Encode()).found(); cmp.Diff([]string{"Welcome"}, found) != "" || values.Get("type") != search.Pages {
		t.Errorf("from the docs: %q, %v", found, values)
	}
	options := p.ok(palette("trying", "/")).all("[aria-labelledby=palette-docs] [role=option]")
	if len(options) != 1 || attr(options[0], "data-href") != at {
		t.Errorf("the palette offers %d pages", len(options))
	}
}

// Each operation of an API that is found has its place on the page of the definition.
func TestSearchOperations(t *testing.T) {
	p := acme(t)
	found := p.ok("/search?q=payments&type=operations").all("main .found h2 a")
	if len(found) == 0 {
		t.Fatal("no operation is found")
	}
	for _, a := range found {
		u, err := url.Parse(attr(a, "href"))
		if err != nil {
			t.Fatal(err)
		}
		within := false
		for _, n := range p.ok(u.Path).all(".operations [id]") {
			within = within || attr(n, "id") == u.Fragment
		}
		if !within {
			t.Errorf("%s is not on the page", u)
		}
	}
}

func TestSearchEscapes(t *testing.T) {
	p := empty(t)
	evil := `<em>x</em>"><script>alert(1)</script>`
	declared := event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: catalog.Metadata{UID: "u", Name: "victim", Namespace: "default", Title: evil, Description: "alert " + evil},
	}}}
	if _, err := p.world.Add(sample.Now, "github", "component:default/victim", event.Actor{}, event.Cause{}, declared); err != nil {
		t.Fatal(err)
	}
	p.settle()
	for _, q := range []string{"alert", "victim", evil, `"` + evil} {
		got := p.ok("/search?" + url.Values{"q": {q}, "kind": {evil}}.Encode())
		if n := len(got.all("main em, script:not([src])")); n > 0 {
			t.Errorf("%q: %d elements that nobody of ours wrote", q, n)
		}
		got = p.ok("/search?" + url.Values{"q": {q}}.Encode())
		if n := len(got.all("main em, script:not([src])")); n > 0 {
			t.Errorf("%q: %d elements that nobody of ours wrote", q, n)
		}
	}
	if got := p.ok("/search?q=victim").one("main .found h2"); strings.TrimSpace(textOf(got)) != evil {
		t.Errorf("it became %q", textOf(got))
	}
}
