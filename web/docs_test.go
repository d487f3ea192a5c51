package web_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/techdocs/store"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// shelf is the documentation of a portal: a read model and contents, filled by hand.
type shelf struct {
	t        *testing.T
	docs     *docs.Docs
	search   *search.Search
	contents *store.Store
	records  []eventlog.Record
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	rows, err := docs.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"))
	if err != nil {
		t.Fatal(err)
	}
	contents, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "docs-contents.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	index, err := search.Open(t.Context(), filepath.Join(t.TempDir(), "search.db"), contents, catalog.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close(); index.Close(); contents.Close() })
	return &shelf{t: t, docs: rows, search: index, contents: contents}
}

func (s *shelf) config(c *web.Config) {
	c.Docs, c.Contents, c.Log = s.docs, s.contents, shelfLog{c.Log, s}
}

// tell folds an event of somebody, so many hours before now.
func (s *shelf) tell(ref, login string, hours int, data event.Data) {
	s.t.Helper()
	e, err := event.New("callboard/sources/github", ref, data)
	if err != nil {
		s.t.Fatal(err)
	}
	e.ID, e.Time, e.Actor = fmt.Sprint("e", len(s.records)), sample.Now.Add(-time.Duration(hours)*time.Hour), event.Actor{Login: login}
	if strings.Contains(login, "@") { // nobody said whose address it is
		e.Actor = event.Actor{Name: "Some Name", Email: login}
	}
	e.Cause.Commit = "c0ffee" + login
	rec := eventlog.Record{Event: e, Position: eventlog.Position(len(s.records) + 1), Recorded: sample.Now} //nolint:gosec // a few
	s.records = append(s.records, rec)
	for _, p := range []projections.Projection{s.docs, s.search} {
		if err := p.Apply(s.t.Context(), []eventlog.Record{rec}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// publish publishes files: those that end in .md are pages, those without text are known
// to be there.
func (s *shelf) publish(ref, login string, hours int, files map[string]string) {
	s.t.Helper()
	s.publishWith(ref, login, hours, files, func(*event.DocsPublished) {})
}

// publishWith does so after what is published was changed.
func (s *shelf) publishWith(ref, login string, hours int, files map[string]string, change func(*event.DocsPublished)) {
	s.t.Helper()
	d := event.DocsPublished{Entity: ref, Site: "Handbook", Repository: event.Repository{Source: "github", ID: "1", FullName: "acme/payments"}, Commit: "c0ffee", Root: "svc", Edit: "https://git.example/edit/main/", View: "https://git.example/blob/main/"}
	for name, text := range files {
		sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
		id := hex.EncodeToString(sum[:])
		if text != "" {
			if err := s.contents.Put(s.t.Context(), id, []byte(text)); err != nil {
				s.t.Fatal(err)
			}
		}
		switch page, ok := strings.CutPrefix(name, "docs/"); {
		case text == "":
			d.Linked = append(d.Linked, name)
		case ok && strings.HasSuffix(name, ".md"):
			d.Pages = append(d.Pages, event.DocsPage{Path: page, Title: page, Source: name, Blob: id})
		default:
			d.Files = append(d.Files, event.DocsFile{Path: name, Blob: id})
		}
	}
	change(&d)
	s.tell(ref, login, hours, d)
}

const (
	apiRef  = "component:default/payments-api"
	apiDocs = "/docs/default/component/payments-api/"
)

func handbook(more map[string]string) map[string]string {
	all := map[string]string{
		"mkdocs.yml":          "site_name: Handbook\nnav: [index.md, {Guides: [guide/start.md, guide/end.md]}, {Forge: https://git.example/}]\n",
		"docs/index.md":       "# Handbook\n\nTo the [start](guide/start.md), [code](../cmd/main.go), [lost](lost.md).\n\n![flow](flow.svg)\n",
		"docs/guide/start.md": "# Start\n\n## First\n\n### Deep\n\n## Second\n",
		"docs/guide/end.md":   "---\nhide: [navigation, toc]\ntitle: End\n---\n## Last\n",
		"docs/flow.svg":       `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"docs/run.html":       "<script>alert(1)</script>",
		"docs/notes.txt":      "<b>plain</b>",
		"cmd/main.go":         "",
	}
	for name, text := range more {
		all[name] = text
	}
	return all
}

// Of whom docs know but an address is the user of the catalog that has it, if one has.
func TestDocsKnowPeopleByAddress(t *testing.T) {
	for address, want := range map[string]string{"pebbledash@acme.example": "pebbledash", "stranger@acme.example": "Some Name"} {
		s := newShelf(t)
		s.publish(apiRef, address, 48, handbook(nil))
		acme(t, s.config).ok(apiDocs).wants("[data-part=changed]", want)
	}
}

func TestDocsPages(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	p := acme(t, s.config)
	home := p.ok(apiDocs)
	home.wants("h1", "Handbook")
	home.wants(".docs-nav", "Guides", "Start", "End", "Forge")
	home.wants(".crumbs", "Catalog", "Docs")
	home.wants("[data-part=changed]", "mossbank", "c0ffeem")
	home.wants(".docs-problems", "docs/index.md:3", "lost.md is not there")
	for text, want := range map[string]string{
		"start": apiDocs + "guide/start/", "code": "https://git.example/blob/main/svc/cmd/main.go", "lost": apiDocs + "lost.md",
	} {
		if got := home.follow(".prose a", text); got != want {
			t.Errorf("%s leads to %s, want %s", text, got, want)
		}
	}
	if got := home.follow(".docs-foot a", "Edit this page"); got != "https://git.example/edit/main/svc/docs/index.md" {
		t.Errorf("the page is edited at %s", got)
	}
	if got := attr(home.one(".prose img"), "src"); got != apiDocs+"flow.svg" {
		t.Errorf("the image is at %s", got)
	}
	if got := home.all(`link[rel=stylesheet][href*="docs"]`); len(got) != 1 {
		t.Errorf("%d stylesheets of docs, want 1", len(got))
	}

	start := p.ok(apiDocs + "guide/start/")
	start.wants(".docs-toc", "First", "Deep", "Second")
	if len(start.all(".docs-nav details[open] a[aria-current=page]")) != 1 || start.follow("a[rel=prev]", "Handbook") != apiDocs || start.follow("a[rel=next]", "End") != apiDocs+"guide/end/" {
		t.Error("the navigation does not know where it is")
	}
	end := p.ok(apiDocs + "guide/end/")
	end.wants("h1", "End") // a page without a heading of its own has its title
	if len(end.all(".docs-nav"))+len(end.all(".docs-toc")) != 0 {
		t.Error("what the front matter hides is shown")
	}
	for _, tt := range []struct {
		address, leads string
	}{
		{strings.TrimSuffix(apiDocs, "/"), apiDocs},
		{apiDocs + "index.html", apiDocs},
		{apiDocs + "guide/start", apiDocs + "guide/start/"},
		{apiDocs + "guide/start.md", apiDocs + "guide/start/"},
		{"/docs/Default/Component/Payments-API/guide/start/?q=1", apiDocs + "guide/start/?q=1"},
	} {
		if got := p.get(tt.address); got.status != http.StatusSeeOther || got.header.Get("Location") != tt.leads {
			t.Errorf("%s: %d to %s, want %s", tt.address, got.status, got.header.Get("Location"), tt.leads)
		}
	}
	lost := p.get(apiDocs + "lost.md")
	if lost.status != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", lost.status)
	}
	lost.wants("main", "Handbook has no page lost.md", "Start")
	for _, address := range []string{"/docs/default/component/no-such/", apiDocs + "../../../../etc/passwd", "/docs/default/component/ledger/"} {
		if got := p.get(address); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", address, got.status)
		}
	}
}

// An entity may show the documentation of another, page for page. Where that leads back to
// it, the annotation is to be mended.
func TestDocsOfAnother(t *testing.T) {
	p := empty(t, newShelf(t).config)
	var text strings.Builder
	for name, lender := range map[string]string{"borrower": "component:default/lender", "here": "component:default/there", "there": "here"} {
		fmt.Fprintf(&text, "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s, annotations: {backstage.io/techdocs-entity: %q}}\nspec: {type: service, lifecycle: production, owner: payments}\n", name, lender)
	}
	p.push(sample.Push{At: sample.Now.Add(-time.Hour), Repository: "acme/loans", Text: text.String()})
	p.settle()
	if got, want := p.get("/docs/default/component/borrower/guide/a%20b/?view=history").header.Get("Location"), "/docs/default/component/lender/guide/a%20b/?view=history"; got != want {
		t.Errorf("leads to %q, want %q", got, want)
	}
	circle := p.get("/docs/default/component/here/")
	if circle.status != http.StatusNotFound {
		t.Errorf("docs in a circle: %d to %s", circle.status, circle.header.Get("Location"))
	}
	circle.wants("main", "The annotation backstage.io/techdocs-entity leads in a circle", "component:default/here, component:default/there, component:default/here")
}

// A file of docs is shown or kept, and nothing in it runs.
func TestDocsFiles(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	p := acme(t, s.config)
	for _, tt := range []struct{ name, typ, disposition string }{
		{"flow.svg", "image/svg+xml", ""},
		{"run.html", "application/octet-stream", "attachment"},
		{"notes.txt", "text/plain; charset=utf-8", ""},
	} {
		got := p.ok(apiDocs + tt.name)
		h := got.header
		if h.Get("Content-Type") != tt.typ || h.Get("Content-Disposition") != tt.disposition || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", tt.name, h)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script") {
			t.Errorf("%s may run: %s", tt.name, policy)
		}
		if got.body != handbook(nil)["docs/"+tt.name] {
			t.Errorf("%s: %q", tt.name, got.body)
		}
		again := httptest.NewRequest(http.MethodGet, apiDocs+tt.name, nil)
		again.Header.Set("If-None-Match", h.Get("ETag"))
		if got := p.do(again); got.status != http.StatusNotModified || got.body != "" {
			t.Errorf("%s asked for again: %d", tt.name, got.status)
		}
	}
}

func TestDocsOfAnotherMoment(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	s.publish(apiRef, "saltmarsh", 24, handbook(map[string]string{"docs/guide/start.md": "# Start anew\n"}))
	p := acme(t, s.config)
	p.ok(apiDocs+"guide/start/").wants("main", "Start anew", "saltmarsh")
	p.ok(apiDocs).wants("[data-part=changed]", "mossbank") // this page did not change
	then := "?at=" + sample.Now.Add(-30*time.Hour).Format("2006-01-02T15:04")
	old := p.ok(apiDocs + "guide/start/" + then)
	old.wants("[data-part=changed]", "mossbank")
	if strings.Contains(old.text("main"), "anew") {
		t.Error("the page of before has the text of now")
	}
	if got := old.follow("a[rel=next]", "End"); !strings.HasPrefix(got, apiDocs+"guide/end/?at=") {
		t.Errorf("the next page is %s, of now", got)
	}
	if got := attr(p.ok(apiDocs+then).one(".prose img"), "src"); !strings.HasPrefix(got, apiDocs+"flow.svg?at=") {
		t.Errorf("the image is %s, of now", got)
	}
	p.ok("/docs"+then).wants("main", "mossbank")
	before := p.get(apiDocs + "?at=" + sample.Now.Add(-72*time.Hour).Format("2006-01-02T15:04"))
	if before.status != http.StatusNotFound {
		t.Errorf("before there were docs: %d", before.status)
	}
}

func TestDocsList(t *testing.T) {
	s := newShelf(t)
	p := acme(t, s.config)
	p.ok("/docs").wants("main", "No documentation yet")
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	s.publish("component:default/ledger", "saltmarsh", 20, map[string]string{"docs/index.md": "# Books\n"})
	s.publish("component:default/not-in-the-catalog", "kestrel-7", 1, handbook(nil))
	s.tell(apiRef, "kestrel-7", 2, event.DocsFailed{
		Entity: apiRef, View: "https://git.example/blob/main/",
		DocsProblem: event.DocsProblem{File: "svc/mkdocs.yml", Line: 2, Message: "the file is not YAML " + strings.Repeat("x", 300)},
	})
	who := func(order string) string {
		return strings.Join(p.ok("/docs?order="+order).texts("tbody td:nth-child(4) .who"), " ")
	}
	for order, want := range map[string]string{"fresh": "SA saltmarsh MO mossbank", "stale": "MO mossbank SA saltmarsh"} {
		if got := who(order); got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
	p.ok("/docs").wants("main", "Newest commit cannot be shown")
	failed := p.ok(apiDocs)
	failed.wants(".strip.bad", "svc/mkdocs.yml:2", "the file is not YAML", "kestrel-7", "those of before")
	failed.wants("h1", "Handbook")
	if got := failed.follow(".strip.bad a", "svc/mkdocs.yml"); got != "https://git.example/blob/main/svc/mkdocs.yml" {
		t.Errorf("what is to be mended is at %s", got)
	}
	s.tell("component:default/checkout-web", "kestrel-7", 2, event.DocsFailed{DocsProblem: event.DocsProblem{File: "docs", Line: 1, Message: "there is no page"}, Entity: "component:default/checkout-web"})
}

// movingStanding has every source complete through a later moment.
type movingStanding struct {
	web.Standing
	by *time.Duration
}

func (m movingStanding) Truths(ctx context.Context) ([]standing.State, error) {
	all, err := m.Standing.Truths(ctx)
	for i := range all {
		all[i].Through = all[i].Through.Add(*m.by)
	}
	return all, err
}

// A browser that has a page is told that it is still so, until something on it is not.
func TestDocsAreNotSentAgain(t *testing.T) {
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, handbook(nil))
	var later time.Duration
	p := acme(t, s.config, func(c *web.Config) { c.Standing = movingStanding{c.Standing, &later} })
	first := p.ok(apiDocs)
	tag := first.header.Get("ETag")
	if got := first.header.Get("Cache-Control"); tag == "" || got != "private, no-cache" || first.header.Get("Vary") != "Cookie" {
		t.Fatalf("ETag %q, Cache-Control %q, Vary %q", tag, got, first.header.Get("Vary"))
	}
	again := func(cookie string) *page {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, apiDocs, nil)
		r.Header.Set("If-None-Match", tag)
		r.Header.Set("Cookie", cookie)
		return p.do(r)
	}
	if got := again(""); got.status != http.StatusNotModified || got.body != "" || got.header.Get("ETag") != tag {
		t.Errorf("asked again: %d, %d bytes", got.status, len(got.body))
	}
	later = time.Second
	if p.ok(apiDocs).body == first.body {
		t.Error("the page does not say that it is complete through a later second")
	}
	if got := again(""); got.status != http.StatusNotModified {
		t.Errorf("a second later: %d", got.status)
	}
	if got := again("callboard_theme=dark"); got.status != http.StatusOK {
		t.Errorf("with another theme: %d", got.status)
	}
	s.publish(apiRef, "saltmarsh", 1, handbook(map[string]string{"docs/index.md": "# Anew\n"}))
	if got := again(""); got.status != http.StatusOK || !strings.Contains(got.body, "Anew") {
		t.Errorf("after a change: %d", got.status)
	}
	if got := p.get(apiDocs + "nothing/"); got.header.Get("ETag") != "" {
		t.Error("a page that is not there has a tag")
	}
}
