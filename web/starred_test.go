package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const payments = "/catalog/default/component/payments-api"

// visitor keeps cookies as a browser does.
type visitor struct {
	*portal
	cookies map[string]string
}

func (v visitor) do(r *http.Request) *page {
	v.t.Helper()
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	p := v.portal.do(r)
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		v.cookies[c.Name] = c.Value
	}
	return p
}

func (v visitor) get(address string) *page {
	v.t.Helper()
	return v.do(httptest.NewRequest(http.MethodGet, address, nil))
}

// push presses the button of the page's form of stars with a label.
func (v visitor) press(p *page, label string) *page {
	v.t.Helper()
	action, form := p.submit("#star-form", nil)
	b := p.one(fmt.Sprintf(`button[form="star-form"][aria-label=%q]`, label))
	form.Set(attr(b, "name"), attr(b, "value"))
	r := httptest.NewRequest(http.MethodPost, action, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	done := v.do(r)
	if done.status != http.StatusSeeOther {
		v.t.Fatalf("%s: %d\n%s", label, done.status, done.text("main"))
	}
	return v.get(done.header.Get("Location"))
}

func TestStars(t *testing.T) {
	v := visitor{acme(t), map[string]string{}}
	stars := func(p *page) []string { return p.texts(`[data-part="starred"] a`) }

	start := v.get("/catalog?starred=1")
	start.wants("main", "Nothing is starred yet")
	if got := stars(start); len(got) > 0 {
		t.Errorf("the sidebar has %q before anything is starred", got)
	}

	list := v.press(v.get("/catalog?q=pay&order=name"), "Star Payments API")
	if list.url.String() != "/catalog?order=name&q=pay" {
		t.Errorf("after a star one is at %s", list.url)
	}
	if got := attr(list.one(`button[aria-label="Star Payments API"]`), "aria-pressed"); got != "true" {
		t.Errorf("the button in the list says pressed %q", got)
	}
	at := v.press(v.get("/catalog/default/component/ledger"), "Star ledger")
	if diff := cmp.Diff([]string{"ledger", "Payments API"}, stars(at)); diff != "" {
		t.Error(diff)
	}
	starred := v.get("/catalog?starred=1&order=name")
	if diff := cmp.Diff([]string{"ledger", "Payments API"}, starred.texts("tbody a.name")); diff != "" {
		t.Error(diff)
	}
	if got := v.get("/catalog?starred=1&kind=API"); len(got.all("tbody a.name")) > 0 {
		t.Error("a filter beside the stars is ignored")
	}

	without := v.press(v.get(payments), "Star Payments API")
	if diff := cmp.Diff([]string{"ledger"}, stars(without)); diff != "" {
		t.Error(diff)
	}
	v.press(v.get("/catalog/default/component/ledger"), "Star ledger")
	if got := v.cookies["callboard_starred"]; got != "" {
		t.Errorf("without a star the cookie holds %q", got)
	}
}

func TestStarsOfAnyCookie(t *testing.T) {
	for name, value := range map[string]string{
		"gone":     "component:default/nobody|component:default/ledger",
		"no refs":  "|||x|<em>|component:|" + strings.Repeat("y", 3000) + "|component:default/ledger",
		"repeated": "component:default/ledger|component:default/ledger",
	} {
		t.Run(name, func(t *testing.T) {
			v := visitor{acme(t), map[string]string{"callboard_starred": value}}
			got := v.get("/catalog?starred=1")
			if diff := cmp.Diff([]string{"ledger"}, got.texts("tbody a.name")); diff != "" {
				t.Error(diff)
			}
			if got := slices.Compact(got.texts(`[data-part="starred"] a`)); !slices.Equal(got, []string{"ledger"}) {
				t.Errorf("the sidebar has %q", got)
			}
		})
	}
}

func TestStarsAreRefused(t *testing.T) {
	p := acme(t)
	if got := p.post("/starred", url.Values{"star": {"component:default/nobody"}}); got.status != http.StatusNotFound {
		t.Errorf("a star for what is not there: %d, want 404", got.status)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("component:default/service-with-a-long-name-%03d", i))
	}
	v := visitor{p, map[string]string{"callboard_starred": strings.Join(many, "|")}}
	r := httptest.NewRequest(http.MethodPost, "/starred", strings.NewReader("star=component:default/ledger"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := v.do(r)
	if got.status != http.StatusConflict {
		t.Errorf("one star too many: %d, want 409", got.status)
	}
	got.wants("main", "100 entities are starred", "remove a star first")
}

func TestManyStarsInTheSidebar(t *testing.T) {
	p := acme(t)
	var refs []string
	for _, b := range p.ok("/catalog?kind=Component").all(`button[name="star"]`) {
		refs = append(refs, attr(b, "value"))
	}
	v := visitor{p, map[string]string{"callboard_starred": strings.Join(refs, "|")}}
	got := v.get("/audit").all(`[data-part="starred"] a`)
	if last := got[len(got)-1]; len(got) != 8 || textOf(last) != fmt.Sprintf("All %d", len(refs)) || attr(last, "href") != "/catalog?starred=1" {
		t.Errorf("%d links of %d stars, the last of them %q", len(got), len(refs), textOf(got[len(got)-1]))
	}
}

func TestVisitsAreKept(t *testing.T) {
	v := visitor{acme(t), map[string]string{}}
	for _, a := range v.ok("/catalog?kind=Component").all("tbody a.name")[:9] {
		v.get(attr(a, "href"))
	}
	v.get("/catalog/default/component/ledger")
	v.get(payments)
	v.get("/catalog/default/component/nobody")
	got := strings.Split(v.cookies["callboard_recent"], "|")
	if len(got) != 8 || got[0] != "component:default/payments-api" || got[1] != "component:default/ledger" {
		t.Errorf("recent are %q", got)
	}
}
