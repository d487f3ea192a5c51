package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web/internal/sample"
)

func palette(text, at string) string {
	return "/palette?" + url.Values{"q": {text}, "on": {at}}.Encode()
}

func TestPaletteRanks(t *testing.T) {
	p := empty(t)
	for _, e := range []struct{ kind, namespace, name, title, description string }{
		{"Component", "default", "checkout", "", "calls pay"},
		{"Component", "default", "repay", "", ""},
		{"Component", "default", "till", "Desk to pay at", ""},
		{"API", "default", "payments-v2", "", ""},
		{"Component", "default", "payments", "Money in", ""},
		{"Component", "shop", "pay", "", ""},
		{"Group", "default", "pay", "Payroll", ""},
		{"User", "default", "payne", "", ""},
		{"Component", "default", "other", "", ""},
	} {
		declared := event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: e.kind,
			Metadata: catalog.Metadata{UID: e.namespace + e.name + e.kind, Name: e.name, Namespace: e.namespace, Title: e.title, Description: e.description},
			Spec:     map[string]any{"type": "x"},
		}}}
		ref := catalog.Ref{Kind: e.kind, Namespace: e.namespace, Name: e.name}.String()
		if _, err := p.world.Add(sample.Now, "github", ref, event.Actor{}, event.Cause{}, declared); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"pay", []string{"/shop/component/pay", "/default/group/pay", "/default/component/payments", "/default/api/payments-v2", "/default/user/payne",
			"/default/component/till", "/default/component/checkout"}},
		{"PAY", []string{"/shop/component/pay", "/default/group/pay", "/default/component/payments", "/default/api/payments-v2", "/default/user/payne",
			"/default/component/till", "/default/component/checkout"}},
		{"payments v2", []string{"/default/api/payments-v2"}},
		{"money in", []string{"/default/component/payments"}},
		{"@pay", []string{"/default/group/pay", "/default/user/payne"}},
		{"chekcout", []string{"/default/component/checkout"}},
		{"nothing like it", nil},
	} {
		t.Run(tt.text, func(t *testing.T) {
			var got []string
			for _, o := range p.ok(palette(tt.text, "/")).all(`[aria-labelledby=palette-found] [role=option]`) {
				got = append(got, strings.TrimPrefix(attr(o, "data-href"), "/catalog"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPaletteOffers(t *testing.T) {
	v := visitor{acme(t), map[string]string{}}
	v.press(v.get("/catalog/default/component/ledger"), "Star ledger")
	v.get("/catalog/default/group/payments")
	v.get(payments)
	groups := func(p *page) map[string][]string {
		all := map[string][]string{}
		for _, g := range p.all("[role=group]") {
			within := &page{t: t, node: g}
			for _, n := range within.all(".strong") {
				all[within.text(".group")] = append(all[within.text(".group")], strings.Join(textsIn(n), ""))
			}
		}
		return all
	}
	var pages []string
	for _, a := range v.ok("/catalog").all(".nav:not([data-part]) a") {
		pages = append(pages, strings.TrimSpace(strings.SplitN(strings.Join(textsIn(a), "\n"), "\n", 2)[0]))
	}
	pages = append(pages, "Starred")
	look := []string{"Light", "Dark", "Light or dark as the system"}
	here := []string{"Star Payments API", "What happened to Payments API", "What is around Payments API"}
	copies := []string{"Register a location", "Copy the address of this page"}
	for _, tt := range []struct {
		text, at string
		want     map[string][]string
	}{
		{"", "/audit", map[string][]string{"Starred": {"ledger"}, "Recent": {"Payments API", "Payments"}, "Go to": pages, "Do": append(copies, look...)}},
		{"", payments + "/history", map[string][]string{"Starred": {"ledger"}, "Recent": {"Payments"}, "Go to": pages, "Do": append(append(here, copies...), look...)}},
		{">", payments, map[string][]string{"Do": append(append(here, copies...), look...)}},
		{">dark", "/", map[string][]string{"Do": {"Dark", "Light or dark as the system"}}},
		{"#4,812", "/", map[string][]string{"What happened": {"Event 4,812"}}},
		{"/#4,812", "/", map[string][]string{"What happened": {"Event 4,812"}}},
		{"/", "/audit", map[string][]string{"Starred": {"ledger"}, "Recent": {"Payments API", "Payments"}, "Go to": pages, "Do": append(copies, look...)}},
		{"#x", "/", map[string][]string{}},
		{"audi", "/sources", map[string][]string{"Go to": {"Audit"}, "Search": {"All that holds “audi”"}}},
	} {
		t.Run(tt.text+" at "+tt.at, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, groups(v.get(palette(tt.text, tt.at)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// textsIn are the texts below a node as they are written.
func textsIn(n *html.Node) []string {
	var all []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			all = append(all, d.Data)
		}
	}
	return all
}

// Each option does something that the page, or the portal, can do.
func TestPaletteOptionsLeadSomewhere(t *testing.T) {
	p := acme(t)
	at := p.ok(payments)
	seen := map[string]bool{}
	for _, text := range []string{"", "pay", "@pay", "#131", ">"} {
		for _, o := range p.ok(palette(text, payments)).all("[role=option]") {
			if seen[attr(o, "id")] && text == "" {
				t.Errorf("two options are called %s", attr(o, "id"))
			}
			switch href, press := attr(o, "data-href"), attr(o, "data-press"); {
			case href != "":
				page, _, _ := strings.Cut(href, "#")
				if got := p.get(page); got.status != http.StatusOK {
					t.Errorf("%s leads to %s: %d", textOf(o), href, got.status)
				}
			case press != "":
				at.one(`button[name="` + press + `"][value="` + attr(o, "data-value") + `"]`)
			default:
				if !strings.Contains(textOf(o), "Copy") {
					t.Errorf("%s does nothing", textOf(o))
				}
			}
		}
	}
}

func TestPaletteMarks(t *testing.T) {
	got := acme(t).ok(palette("paym", "/"))
	if marks := got.texts("[aria-labelledby=palette-found] mark"); len(marks) < 4 || !strings.EqualFold(marks[0], "paym") {
		t.Errorf("marked are %q", marks)
	}
	if len(got.all("html.shell, main, .shell")) > 0 {
		t.Error("what the palette lists has a page around it")
	}
}
