package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
	"github.com/callboard/callboard/web/static"
)

func TestNavigationLeadsSomewhere(t *testing.T) {
	p := acme(t)
	home := p.get("/")
	if home.status != http.StatusSeeOther || home.header.Get("Location") != "/catalog" {
		t.Errorf("/: %d to %q, want 303 to /catalog", home.status, home.header.Get("Location"))
	}
	links := p.ok("/catalog").all(".nav a")
	if len(links) != 7 {
		t.Errorf("%d links in the navigation, want catalog, APIs, audit, changes, sources, subscribers and components", len(links))
	}
	for _, l := range links {
		at := p.ok(attr(l, "href"))
		if got := textOf(at.one(".nav a[aria-current=page]")); !strings.HasPrefix(got, strings.Fields(textOf(l))[0]) {
			t.Errorf("on %s the navigation marks %q", attr(l, "href"), got)
		}
	}
}

func TestComponentsOnlyInDemo(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.Demo = false })
	if got := p.get("/settings/components"); got.status != http.StatusNotFound {
		t.Errorf("/settings/components: %d, want 404", got.status)
	}
	if got := p.ok("/catalog").text(".nav"); strings.Contains(got, "Components") {
		t.Errorf("the navigation offers a page that is not there: %s", got)
	}
}

// A portal that has its own manual leads there from every page.
func TestManual(t *testing.T) {
	const at = "/docs/default/component/callboard/"
	p := acme(t, func(c *web.Config) { c.Manual = at })
	links := p.ok("/sources").all(".nav a")
	if last := links[len(links)-1]; attr(last, "href") != at || textOf(last) != "Manual" {
		t.Errorf("the last link of the navigation is %q to %s", textOf(last), attr(last, "href"))
	}
}

// What holds for every page: a name, a language, a way past the navigation, one
// heading, unique ids, icons that exist, and no script in the text.
func TestEveryPage(t *testing.T) {
	p := acme(t)
	sprite := httptest.NewRecorder()
	static.Handler().ServeHTTP(sprite, httptest.NewRequest(http.MethodGet, static.URL("icons.svg"), nil))
	for _, address := range pages() {
		t.Run(address, func(t *testing.T) {
			got := p.get(address)
			got.t = t
			if got.status >= http.StatusInternalServerError {
				t.Fatalf("%d: %s", got.status, got.text("main"))
			}
			if title := got.text("head title"); !strings.HasSuffix(title, " · Callboard") {
				t.Errorf("title %q", title)
			}
			if attr(got.one("html"), "lang") != "en" || attr(got.one(".skip"), "href") != "#main" {
				t.Error("no language, or no way past the navigation")
			}
			if n := len(got.all("h1")); n != 1 {
				t.Errorf("%d headings of the first rank, want 1", n)
			}
			ids := map[string]bool{}
			for _, n := range got.all("[id]") {
				if id := attr(n, "id"); ids[id] {
					t.Errorf("two elements are called %q", id)
				} else {
					ids[id] = true
				}
			}
			for _, n := range got.all("use") {
				_, id, _ := strings.Cut(attr(n, "href"), "#")
				if !strings.Contains(sprite.Body.String(), `id="`+id+`"`) {
					t.Errorf("icon %q is not in the sprite", id)
				}
			}
			for _, n := range got.all("script") {
				if textOf(n) != "" || attr(n, "src") == "" {
					t.Error("a script stands in the page")
				}
			}
			for _, n := range got.all("time") {
				if _, err := time.Parse(time.RFC3339, attr(n, "datetime")); err != nil || !strings.HasSuffix(attr(n, "title"), "UTC") {
					t.Errorf("time %q is no machine's, or its title %q does not name the zone", attr(n, "datetime"), attr(n, "title"))
				}
			}
			for _, n := range got.all("form[method=post] input[name=back]") {
				if back := attr(n, "value"); !strings.HasPrefix(back, "/") {
					t.Errorf("a form comes back to %q", back)
				}
			}
		})
	}
}

// Every link within the portal that a page shows leads to a page.
func TestEveryLinkResolves(t *testing.T) {
	p := acme(t)
	known := map[string]bool{}
	for _, address := range []string{"/catalog?kind=Component", "/catalog/default/component/payments-api", "/catalog/default/domain/money", "/audit/133", "/sources"} {
		for _, a := range p.ok(address).all("a[href]") {
			href := attr(a, "href")
			if !strings.HasPrefix(href, "/") || strings.HasPrefix(href, static.Prefix) || known[href] {
				continue
			}
			known[href] = true
			if got := p.get(href); got.status != http.StatusOK && href != "/" {
				t.Errorf("%s leads to %s: %d", address, href, got.status)
			}
		}
	}
	if len(known) < 150 {
		t.Errorf("only %d links were followed", len(known))
	}
}

func TestTruth(t *testing.T) {
	waiting := func(p *portal) {
		p.push(sample.Push{At: sample.Now.Add(-2 * time.Minute), Repository: "acme/cart", Only: event.DeliveryHandled{Status: event.DeliveryWaiting}})
		p.settle()
	}
	unheard := func(p *portal) {
		p.world.Surveys["github"] = standing.Survey{Compared: sample.Now.Add(-20 * time.Minute), NoHook: standing.NoHook{Says: "acme has no webhook", Since: sample.Now}}
	}
	ahead := func(p *portal) { // the log has an event that the catalog has not seen
		if _, err := p.world.Add(sample.Now.Add(-40*time.Second), "github", "component:default/late", event.Actor{}, event.Cause{}, event.EntityRemoved{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		before func(*portal)
		want   []string
		late   bool
	}{
		{"all is in", func(*portal) {}, []string{"Complete through 14:03:10", "Event 0", "All times are UTC."}, false},
		{"a delivery waits", waiting, []string{"Complete through 14:01:26", "1 min late"}, true},
		{"a forge could never be asked", func(p *portal) { p.world.Surveys["github"] = standing.Survey{Err: "401"} }, []string{"Completeness unknown"}, true},
		{"no webhook tells", unheard, []string{"Complete through 13:43:10", "20 min late"}, true},
		{"the catalog is behind the log", ahead, []string{"Complete through 14:02:47", "Event 0", "23 s late"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := empty(t)
			tt.before(p)
			got := p.ok("/catalog")
			got.wants(".side-foot", tt.want...)
			if late := len(got.all(".pulse.late")) == 1; late != tt.late {
				t.Errorf("late: %v, want %v", late, tt.late)
			}
		})
	}
	t.Run("not known", func(t *testing.T) {
		p := acme(t, func(c *web.Config) { c.Log = brokenLog{} })
		got := p.ok("/catalog") // the list itself is there
		got.wants(".side-foot", "Completeness unknown")
		if !strings.Contains(p.log.String(), errDisk.Error()) {
			t.Errorf("the log does not say why: %s", p.log)
		}
	})
}

func TestFailedDeliveriesInNavigation(t *testing.T) {
	acme(t).ok("/audit").wants(".nav .count", "3 failed")
}

func TestTheme(t *testing.T) {
	p := acme(t)
	back := "/catalog?kind=API&q=pay"
	action, form := p.ok(back).submit(".bar form[action='/settings/theme']", nil)
	if form.Get("back") != back {
		t.Errorf("the form comes back to %q, want %q", form.Get("back"), back)
	}
	form.Set("theme", "dark")
	got := p.post(action, form)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != back {
		t.Fatalf("%d to %q, want 303 to %q", got.status, got.header.Get("Location"), back)
	}
	r := httptest.NewRequest(http.MethodGet, "/catalog", nil)
	r.Header.Set("Cookie", strings.SplitN(got.header.Get("Set-Cookie"), ";", 2)[0])
	if theme := attr(p.do(r).one("html"), "data-theme"); theme != "dark" {
		t.Errorf("data-theme %q, want dark", theme)
	}
	if got := p.post(action, url.Values{"theme": {""}}).header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("as the system: %q does not forget the choice", got)
	}
	if got := p.post(action, url.Values{"theme": {"plaid"}}); got.status != http.StatusBadRequest {
		t.Errorf("an unknown theme: %d, want 400", got.status)
	}
}

func TestFormsComeBackToThePortalOnly(t *testing.T) {
	p := acme(t)
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "evil", "", "javascript:alert(1)"} {
		got := p.post("/settings/theme", url.Values{"theme": {"dark"}, "back": {back}})
		if to := got.header.Get("Location"); to != "/catalog" {
			t.Errorf("back=%q leads to %q", back, to)
		}
	}
}

func TestSourcesUnderTheirOrganisation(t *testing.T) {
	acme(t).ok("/catalog").wants(".brand", "Callboard", "Acme")
}

// packed is how many bytes something has over the wire.
func packed(body []byte) int {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(body)
	w.Close()
	return b.Len()
}

// filesWeight is how many bytes a page loads besides itself.
func filesWeight() (n int) {
	for _, name := range []string{"callboard.css", "icons.svg", "portal.js", "mark.svg"} {
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, static.URL(name), nil))
		n += packed(w.Body.Bytes())
	}
	return n
}

// The budget of a page is 60 kB over the wire, with all that it loads.
func TestPageWeight(t *testing.T) {
	p := acme(t)
	files := filesWeight()
	for _, address := range append(pages(), "/catalog?rows=100") {
		if n := packed([]byte(p.get(address).body)) + files; n > 60_000 {
			t.Errorf("%s: %d bytes over the wire", address, n)
		}
	}
}

func TestHeadAndHeaders(t *testing.T) {
	p := acme(t)
	head := p.do(httptest.NewRequest(http.MethodHead, "/catalog", nil))
	if head.status != http.StatusOK {
		t.Errorf("HEAD: %d", head.status)
	}
	want := map[string]string{"Content-Type": "text/html; charset=UTF-8", "Cache-Control": "private, no-cache", "Vary": "Cookie"}
	got := map[string]string{}
	for k := range want {
		got[k] = head.header.Get(k)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQueryHasABound(t *testing.T) {
	p := acme(t)
	got := p.get("/catalog?tag=" + strings.Repeat("x", 3000))
	if got.status != http.StatusBadRequest || len(got.body) > 20_000 {
		t.Errorf("%d with %d bytes, want 400 and a short page", got.status, len(got.body))
	}
}

func BenchmarkPages(b *testing.B) {
	p := acme(b)
	for _, address := range []string{"/catalog", "/catalog?rows=100", "/catalog/default/component/payments-api", "/audit", "/sources"} {
		b.Run(address, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, address, nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				p.handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}

// Whatever an address says, the answer is a page, and never our mistake.
func FuzzAddress(f *testing.F) {
	for i, q := range []string{
		"q=pay&kind=API&order=name", "page=-1", "rows=9999999999999999999999", "type=%00&tag=%ff", "from=2026-03-10&to=x", "after=48%2C106&event=1",
		"entity=a:b/c:d&commit=zz", "q=131", "status=failed&before=3", "delivery=github:x&replayed=4", "q=" + strings.Repeat("e", 40),
		"q=%3Edark&at=/catalog/a/b/c", "q=%40pay", "q=%23131", "steps=4&show=owners&hide=api",
	} {
		f.Add(byte(i), q)
	}
	p := acme(f)
	paths := []string{"/catalog", "/audit", "/sources", "/catalog/default/component/payments-api/history", "/audit/131", "/catalog/a/b/c", "/palette", "/catalog/default/component/payments-api/graph"}
	f.Fuzz(func(t *testing.T, which byte, query string) {
		r := httptest.NewRequest(http.MethodGet, paths[int(which)%len(paths)], nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		if !slices.Contains([]int{200, 303, 400, 404}, w.Code) {
			t.Errorf("%s: %d", r.URL, w.Code)
		}
	})
}

// brokenLog cannot be read.
type brokenLog struct{}

func (brokenLog) At(context.Context, eventlog.Position) (eventlog.Record, error) {
	return eventlog.Record{}, errDisk
}
func (brokenLog) Last(context.Context) (eventlog.Position, error) { return 0, errDisk }
