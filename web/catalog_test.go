package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/web/internal/sample"
)

// names are the entities that a list shows, in its order.
func (p *page) names() []string { return p.texts("main table.catalog .name") }

func TestCatalogFilters(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct {
		name, query string
		want        []string
	}{
		{"kind", "kind=Domain&order=name", []string{"Commerce", "Money"}},
		{"kind in any case", "kind=domain&order=name", []string{"Commerce", "Money"}},
		{"two kinds", "kind=Domain&kind=API&order=name", []string{"Commerce", "consent-v1", "ledger-v1", "Money", "payments-v2", "search-v3"}},
		{"type", "type=website&order=name", []string{"checkout-web", "storefront"}},
		{"owner", "owner=group:default/ledger&kind=Component&order=name", []string{"ledger", "settlement-batch"}},
		{"lifecycle", "lifecycle=deprecated", []string{"shipping-rates"}},
		{"all of the tags", "tag=go&tag=tier-1&order=name", []string{"feature-flags", "Payments API"}},
		{"source and type", "source=gitlab&type=database", []string{"payments-db"}},
		{"text", "q=double-entry", []string{"ledger"}},
		{"text in a title", "q=Payments+API", []string{"Payments API"}},
		{"text within a kind", "q=payments&kind=API", []string{"payments-v2"}},
		{"newest change first", "kind=Component&rows=3", []string{"Payments API", "feature-flags", "identity-gateway"}},
		{"by owner", "kind=Resource&order=owner", []string{"ledger-db", "payments-db", "payments-queue", "product-index"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := p.ok("/catalog?" + tt.query)
			if diff := cmp.Diff(tt.want, got.names()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCatalogSaysHowMany(t *testing.T) {
	p := acme(t)
	for query, want := range map[string]string{
		"":                      "50 entities from 2 sources.",
		"?kind=Component":       "50 entities from 2 sources. 17 match.",
		"?lifecycle=deprecated": "50 entities from 2 sources. 1 matches.",
		"?q=nothing+like+it":    "50 entities from 2 sources. None match.",
	} {
		if got := p.ok("/catalog" + query).text(".lede"); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestCatalogRow(t *testing.T) {
	got := acme(t).ok("/catalog?kind=Component")
	row := &page{t: t, url: got.url, node: got.all("main tbody tr")[0]}
	row.wants("td", "Payments API", "line 29", "Takes, captures and refunds", "Payments", "payments", "Production", "service", "Today 09:40", "pebbledash")
	if href := row.follow("a", "Payments API"); href != "/catalog/default/component/payments-api" {
		t.Errorf("the name leads to %q", href)
	}
	if href := row.follow("a", "Descriptor error"); href != "/catalog/default/component/payments-api" {
		t.Errorf("the error leads to %q", href)
	}
	got.wants("main tbody .who.unknown", "logistics", "is not in the catalog") // nobody declares this team
}

func TestCatalogFacets(t *testing.T) {
	p := acme(t)
	got := p.ok("/catalog?kind=Component&type=service&tag=go")
	facets := map[string]string{}
	for _, n := range got.all("details.facet") {
		facets[attr(n, "data-name")] = textOf(n)
	}
	for name, want := range map[string]string{
		"Kind": "Components 7", "Type": "service 7", "Owner": "Checkout 2", "Lifecycle": "production 7", "Tag": "go 7", "Source": "github 7",
	} {
		if !strings.Contains(facets[name], want) {
			t.Errorf("%s: %q does not count %q", name, facets[name], want)
		}
	}
	// What a value counts is what it leads to.
	for _, item := range got.all("details.facet li a") {
		link := &page{t: t, node: item}
		facet := attr(item.Parent.Parent.Parent, "data-name")
		if adds := facet != "Type" && facet != "Source"; !adds || attr(item, "aria-current") == "true" {
			continue // it leaves a filter out, or adds to what is there
		}
		if n, to := link.text(".n"), p.ok(attr(item, "href")).text(".lede"); !strings.Contains(to, ". "+n+" match") {
			t.Errorf("%s: %s counts %s and leads to %q", facet, link.text(".v"), n, to)
		}
	}
	chosen := got.texts("details.facet a[aria-current=true] .v")
	if diff := cmp.Diff([]string{"Components", "service", "go"}, chosen); diff != "" {
		t.Error(diff)
	}
	if to := p.ok(got.follow("details.facet a", "service")); len(to.names()) != 7 {
		t.Errorf("without its type: %d entities, want 7", len(to.names()))
	}
}

func TestCatalogChips(t *testing.T) {
	p := acme(t)
	got := p.ok("/catalog?kind=Component&owner=group:default/payments&q=pay&page=1&rows=50")
	if diff := cmp.Diff([]string{"Kind Component", "Owner Payments"}, got.texts(".chips .chip")); diff != "" {
		t.Error(diff)
	}
	drop, err := url.Parse(got.follow(".chip a", "Remove filter Owner is Payments"))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"kind": {"Component"}, "q": {"pay"}, "rows": {"50"}}
	if diff := cmp.Diff(want, drop.Query()); diff != "" {
		t.Error(diff)
	}
	if clear := got.follow(".chips a", "Clear"); clear != "/catalog" {
		t.Errorf("clear leads to %q", clear)
	}
}

// The search form works without a script: it carries the filters along.
func TestCatalogSearchForm(t *testing.T) {
	p := acme(t)
	action, values := p.ok("/catalog?kind=Component&tag=go&page=1").submit("main form[role=search]", map[string]string{"q": "Token", "order": "name"})
	got := p.ok(action + "?" + values.Encode())
	if diff := cmp.Diff([]string{"identity-gateway"}, got.names()); diff != "" {
		t.Error(diff)
	}
	if value := attr(got.one("main input[type=search]"), "value"); value != "Token" {
		t.Errorf("the field says %q", value)
	}
	if order := attr(got.one("#order option[selected]"), "value"); order != "name" {
		t.Errorf("the order is %q", order)
	}
}

// The parts that the script replaces are there, and its form is marked.
func TestCatalogLiveParts(t *testing.T) {
	p := acme(t)
	for _, address := range []string{"/catalog", "/catalog?q=paymnts"} {
		got := p.ok(address)
		var parts []string
		for _, n := range got.all("[data-part]") {
			parts = append(parts, attr(n, "data-part"))
		}
		slices.Sort(parts)
		if diff := cmp.Diff([]string{"back", "chips", "facets", "lede", "results", "says", "star-back", "starred", "views", "you-back"}, parts); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
		got.one("main form[data-live]")
		if attr(got.one("[data-part=says]"), "role") != "status" {
			t.Error("the count is not read out")
		}
	}
}

func TestCatalogPaging(t *testing.T) {
	p := acme(t)
	var seen []string
	at := "/catalog?order=name"
	for range 5 {
		got := p.ok(at)
		for _, n := range got.all("main table.catalog .name") {
			seen = append(seen, attr(n, "href"))
		}
		next := got.all(".pager a.btn.sm")
		at = ""
		for _, n := range next {
			if textOf(n) == "Next" {
				at = attr(n, "href")
			}
		}
		if at == "" {
			got.wants(".pager", "26–50 of 50")
			if back := got.follow(".pager a", "Back"); back != "/catalog?order=name" {
				t.Errorf("back leads to %q", back)
			}
			break
		}
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(seen)))); len(seen) != 50 || n != 50 {
		t.Errorf("%d entities on all pages, %d of them different", len(seen), n)
	}
	rows := p.ok(p.ok("/catalog?kind=Component").follow(".pager a", "50"))
	if len(rows.names()) != 17 || !strings.Contains(rows.url.RawQuery, "kind=Component") {
		t.Errorf("%d rows at %s", len(rows.names()), rows.url)
	}
	past := p.get("/catalog?page=9")
	if to := past.header.Get("Location"); past.status != http.StatusSeeOther || to != "/catalog?page=2" {
		t.Errorf("past the end: %d to %q", past.status, to)
	}
}

func TestCatalogNoMatch(t *testing.T) {
	p := acme(t)
	t.Run("a slip", func(t *testing.T) {
		got := p.ok("/catalog?q=paymnts&kind=Component")
		got.wants(".empty", "Nothing here is called “paymnts”", "Did you mean payments?", "It has 1 match among these filters, and 6 in the whole catalog.")
		to := p.ok(got.follow(".empty a.btn", "Search “payments”"))
		if diff := cmp.Diff([]string{"payment-webhooks"}, to.names()); diff == "" {
			t.Error("the button leaves the filters out")
		}
		if len(to.names()) != 1 || to.url.Query().Get("kind") != "Component" {
			t.Errorf("the button leads to %s, %v", to.url, to.names())
		}
		if n := len(p.ok(got.follow(".empty p a", "payments")).names()); n != 6 {
			t.Errorf("in the whole catalog: %d", n)
		}
	})
	t.Run("letters that changed places", func(t *testing.T) {
		p.ok("/catalog?q=legder").wants(".empty", "Did you mean ledger?")
	})
	t.Run("hidden by a filter", func(t *testing.T) {
		got := p.ok("/catalog?q=double-entry&kind=API")
		got.wants(".empty", "It is in the catalog, and a filter leaves it out.")
		if diff := cmp.Diff([]string{"ledger"}, p.ok(got.follow(".empty a", "Search everything")).names()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("nothing like it", func(t *testing.T) {
		p.ok("/catalog?q=xylophone").wants(".empty", "Nothing here is called “xylophone”", "Show everything")
	})
	t.Run("filters alone", func(t *testing.T) {
		got := p.ok("/catalog?kind=API&type=website")
		got.wants(".empty", "Nothing matches these filters")
		if diff := cmp.Diff([]string{"Kind API", "Type website"}, got.texts(".chip")); diff != "" {
			t.Errorf("they can still be dropped: %s", diff)
		}
	})
}

func TestCatalogFirstStart(t *testing.T) {
	got := empty(t).ok("/catalog")
	got.wants(".empty", "The board is empty", "appears with the first push that its forge tells Callboard of.")
	if to := got.follow(".empty a", "See where webhooks go"); to != "/sources" {
		t.Errorf("connect leads to %q", to)
	}
}

func TestCatalogRefusesWhatItDoesNotUnderstand(t *testing.T) {
	p := acme(t)
	for query, says := range map[string]string{
		"order=sideways": "order=sideways is no order; write order=change, order=name or order=owner.",
		"page=0":         "page=0 is no number from 1",
		"page=x":         "page=x is no number",
		"rows=100000":    "rows=100000 is no number from 1 to 200.",
	} {
		got := p.get("/catalog?" + query)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", query, got.status)
		}
		got.wants(".error-card", says, "Nothing was searched")
		if to := got.follow(".error-card a", "Start without filters"); to != "/catalog" {
			t.Errorf("%s: the way on is %q", query, to)
		}
	}
}

// Names as long as they may be, and far more values than anybody can read.
func TestCatalogMuch(t *testing.T) {
	p := empty(t)
	long := strings.Repeat("very-", 12) + "xyz" // 63 characters, the most that a name may have
	var text strings.Builder
	for i := range 300 {
		if i > 0 {
			text.WriteString("---\n")
		}
		name := long
		if i > 0 {
			name = "service-" + strings.Repeat("x", i%40+1) + "-" + string(rune('a'+i%26))
		}
		text.WriteString("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + name + "\n  namespace: n" + string(rune('a'+i%26)) + "\n  title: " + strings.Repeat("Long title ", 30) +
			"\n  description: " + strings.Repeat("word ", 400) + "\n  tags: [t" + strings.Repeat("y", i%50+1) + "]\nspec: {type: t" + strings.Repeat("z", i%60+1) + ", lifecycle: production, owner: team-" + strings.Repeat("o", i%60+1) + "}\n")
	}
	p.push(sample.Push{At: sample.Now.Add(-time.Hour), Repository: "acme/much", Text: text.String()})
	p.settle()
	got := p.ok("/catalog?rows=100&order=name")
	for _, desc := range got.texts(".desc") {
		if len(desc) > 150 {
			t.Errorf("a description of %d characters stands in the list", len(desc))
		}
	}
	for _, n := range got.all("details.facet") {
		shown := &page{t: t, node: n}
		if items := len(shown.all("li")); items > 50 {
			t.Errorf("%s: %d values", attr(n, "data-name"), items)
		}
	}
	got.wants("details.facet", "10 rarer ones are not listed")
}

// The name of a team alone is a reference, as in a descriptor.
func TestShortOwner(t *testing.T) {
	p := acme(t)
	got := p.get("/catalog?owner=ledger&kind=Component")
	if to := got.header.Get("Location"); to != "/catalog?kind=Component&owner=group%3Adefault%2Fledger" {
		t.Errorf("%d to %q", got.status, to)
	}
	p.ok("/catalog?owner=none")
}

func TestNothingLeftByFilters(t *testing.T) {
	p := acme(t)
	p.ok("/catalog?tag=nosuch").wants("main", "The one filter that is set leaves nothing.")
	p.ok("/catalog?tag=nosuch&kind=Component").wants("main", "All the filters together leave nothing.")
}
