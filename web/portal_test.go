package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/net/html"

	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// portal is a whole portal in the process.
type portal struct {
	t       testing.TB
	world   *sample.World
	handler http.Handler
	log     *bytes.Buffer
}

// acme is a portal of the sample organisation; change may alter what it is made of.
func acme(t testing.TB, change ...func(*web.Config)) *portal {
	t.Helper()
	w, err := sample.Acme(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return open(t, w, change...)
}

// empty is a portal before its first push.
func empty(t testing.TB, change ...func(*web.Config)) *portal {
	t.Helper()
	w, err := sample.New(context.Background(), t.TempDir(), sample.Now)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, w, change...)
}

func open(t testing.TB, w *sample.World, change ...func(*web.Config)) *portal {
	t.Helper()
	t.Cleanup(func() { w.Close() })
	p := &portal{t: t, world: w, log: &bytes.Buffer{}}
	config := w.Config(slog.New(slog.NewTextHandler(p.log, nil)))
	for _, c := range change {
		c(&config)
	}
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.Recover())
	site := web.New(config)
	site.Register(e)
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if err := site.Error(c, err); err != nil {
			t.Errorf("no page for the error: %v", err)
		}
	}
	p.handler = e
	return p
}

// settle brings the read models up to date after pushes.
func (p *portal) settle() {
	p.t.Helper()
	if err := p.world.Settle(context.Background()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *portal) push(push sample.Push) {
	p.t.Helper()
	if err := p.world.Push(context.Background(), push); err != nil {
		p.t.Fatal(err)
	}
}

func (p *portal) do(r *http.Request) *page {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	body := w.Body.String()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		p.t.Fatalf("%s: %v", r.URL, err)
	}
	return &page{t: p.t, url: r.URL, status: w.Code, header: w.Header(), body: body, node: doc}
}

func (p *portal) get(address string) *page {
	p.t.Helper()
	address, _, _ = strings.Cut(address, "#") // a browser does not send it
	return p.do(httptest.NewRequest(http.MethodGet, address, nil))
}

// ok gets a page that is there.
func (p *portal) ok(address string) *page {
	p.t.Helper()
	got := p.get(address)
	if got.status != http.StatusOK {
		p.t.Fatalf("%s: %d\n%s", address, got.status, got.text("main"))
	}
	return got
}

func (p *portal) post(address string, form url.Values) *page {
	p.t.Helper()
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(r)
}

// page is an answer, to be asked with CSS selectors.
type page struct {
	t      testing.TB
	url    *url.URL
	status int
	header http.Header
	body   string
	node   *html.Node
}

// again is after how many seconds the page is asked for again, with a script and
// without; "" for never.
func (p *page) again() string {
	p.t.Helper()
	var again string
	for _, a := range p.one(".page").Attr {
		if a.Key == "data-again" {
			again = a.Val
		}
	}
	if plain := fmt.Sprintf(`<noscript><meta http-equiv="refresh" content="%s"`, again); strings.Contains(p.body, plain) != (again != "") {
		p.t.Errorf("with a script it is asked for again after %q seconds, without it is not", again)
	}
	return again
}

func (p *page) all(selector string) []*html.Node {
	p.t.Helper()
	s, err := cascadia.ParseGroup(selector)
	if err != nil {
		p.t.Fatalf("%s: %v", selector, err)
	}
	return cascadia.QueryAll(p.node, s)
}

// one returns the only element that matches.
func (p *page) one(selector string) *html.Node {
	p.t.Helper()
	found := p.all(selector)
	if len(found) != 1 {
		p.t.Fatalf("%s: %d elements match %s, want 1", p.url, len(found), selector)
	}
	return found[0]
}

// texts are the texts of all that match, with blanks made one.
func (p *page) texts(selector string) []string {
	p.t.Helper()
	var all []string
	for _, n := range p.all(selector) {
		all = append(all, textOf(n))
	}
	return all
}

func (p *page) text(selector string) string {
	p.t.Helper()
	return strings.Join(p.texts(selector), " ")
}

// wants fails unless each of the texts is there.
func (p *page) wants(selector string, texts ...string) {
	p.t.Helper()
	got := p.text(selector)
	for _, want := range texts {
		if !strings.Contains(got, want) {
			p.t.Errorf("%s: %s does not say %q; it says %q", p.url, selector, want, got)
		}
	}
}

// follow returns the address of the only link with a text.
func (p *page) follow(selector, text string) string {
	p.t.Helper()
	for _, n := range p.all(selector) {
		if strings.Contains(textOf(n), text) || strings.Contains(attr(n, "aria-label"), text) {
			return attr(n, "href")
		}
	}
	p.t.Fatalf("%s: no %s says %q", p.url, selector, text)
	return ""
}

// submit returns the address that a form with GET leads to, or the fields that
// one with POST sends, after some of its fields were filled in.
func (p *page) submit(selector string, fill map[string]string) (string, url.Values) {
	p.t.Helper()
	form := p.one(selector)
	values := url.Values{}
	within := &page{t: p.t, url: p.url, node: form}
	for _, n := range within.all("input, select") {
		name := attr(n, "name")
		value := attr(n, "value")
		if n.Data == "select" {
			value = ""
			for _, o := range (&page{t: p.t, node: n}).all("option[selected]") {
				value = attr(o, "value")
			}
		}
		if filled, ok := fill[name]; ok {
			value = filled
		}
		if name != "" {
			values.Add(name, value)
		}
	}
	return attr(form, "action"), values
}

func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		if n.Type == html.ElementNode {
			b.WriteByte(' ')
		}
	}
	walk(n)
	return strings.NewReplacer(" .", ".", " ?", "?", " ,", ",").Replace(strings.Join(strings.Fields(b.String()), " "))
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// pages are addresses of every page in several of its states.
func pages() []string {
	entity := "/catalog/default/component/payments-api"
	return []string{
		"/catalog", "/catalog?kind=Component&tag=go&order=name&rows=50", "/catalog?q=paymnts", "/catalog?q=nothing+like+it&kind=API",
		"/catalog?page=2", "/catalog?order=sideways",
		entity, entity + "/graph", entity + "/graph?steps=4&show=owners&hide=user", "/catalog?starred=1", entity + "/descriptor", entity + "/history", "/catalog/default/group/payments", "/catalog/default/api/payments-v2",
		"/catalog/default/component/warehouse-sync", entity + "/apis", entity + "/needs?relation=dependsOn", "/catalog/default/system/payments/parts?kind=API",
		"/catalog/default/group/payments/owns", "/catalog/default/group/payments/members", "/catalog/default/user/pebbledash/owns",
		"/catalog/default/api/payments-v2/definition", "/catalog/default/api/payments-v2/definition?view=source", "/catalog/default/api/ledger-v1/definition",
		"/apis", "/apis?type=graphql", "/catalog/register", "/catalog/register/nothing",
		"/catalog/default/component/returns-desk", "/catalog/default/component/returns-desk/history", "/catalog/default/component/nobody",
		"/audit", "/audit?type=entity.changed&from=2026-03-10&to=2026-03-12&event=131", "/audit/133", "/audit/999", "/audit?q=nothing+like+it",
		"/sources", "/sources?status=failed&source=github", "/sources?delivery=github:none", "/sources?replayed=3",
		"/sources/github", "/sources/gitlab", "/sources/nothing", "/sources/connect", "/sources/connect?forge=gitlab", "/sources/github/connect", "/sources/labs/connect", "/sources/github/repositories", "/sources/github/deliveries?status=failed", "/sources/github/deliveries/github:none",
		"/checks/github/acme/payments/" + sample.CheckedMuch, "/checks/github/acme/payments/" + sample.CheckedNothing, "/checks/github/acme/payments/" + sample.CheckedUntold, "/checks/github/nothing",
		"/settings/components", "/nowhere",
	}
}
