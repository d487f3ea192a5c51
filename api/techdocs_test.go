package api_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/techdocs/store"
)

const (
	docsCommit = "4f2a91c05b3e6d7a8c9b0a1f2e3d4c5b6a798081"
	docsStatic = "/api/techdocs/static/docs/default/component/payments"
)

// docsPortal is an API with the documentation of one of two components.
func docsPortal(t *testing.T) *portal {
	t.Helper()
	rows, err := docs.Open(t.Context(), filepath.Join(t.TempDir(), "docs.db"))
	if err != nil {
		t.Fatal(err)
	}
	contents, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "docs-contents.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close(); contents.Close() })
	published := event.DocsPublished{
		Entity: "component:default/payments", Site: "Payments", Commit: docsCommit, Root: "svc",
		Edit: "https://git.example/edit/main/", View: "https://git.example/blob/main/", Linked: []string{"main.go"},
	}
	files := map[string]string{
		"mkdocs.yml": "site_name: Payments handbook\nsite_description: How money moves\nnav: [index.md, {Guides: [guide/start.md, guide/end.md]}, {Forge: 'https://git.example/'}]\n" +
			"plugins: [{redirects: {redirect_maps: {old.md: guide/start.md#first}}}]\n",
		"docs/index.md":       "# Payments\n\nTo the [start](guide/start.md#first), [code](../main.go), [lost](lost.md), <script>alert(1)</script>.\n\n![flow](flow.svg)\n",
		"docs/guide/start.md": "# Start\n\n## First\n\nAt noon.\n\n### Deep\n\n![flow](../flow.svg)\n\n## Second\n",
		"docs/guide/end.md":   "---\nhide: [navigation, toc]\nsearch: {exclude: true}\n---\n# End\n",
		"docs/flow.svg":       `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"docs/run.js":         "alert(1)",
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(files[name]), files[name]))
		id := hex.EncodeToString(sum[:])
		if err := contents.Put(t.Context(), id, []byte(files[name])); err != nil {
			t.Fatal(err)
		}
		if page, ok := strings.CutPrefix(name, "docs/"); ok && strings.HasSuffix(name, ".md") {
			published.Pages = append(published.Pages, event.DocsPage{Path: page, Source: name, Blob: id})
		} else {
			published.Files = append(published.Files, event.DocsFile{Path: name, Blob: id})
		}
	}
	story := projectiontest.NewStory(t)
	for name, where := range map[string]string{"payments": "dir:./svc", "bare": ""} {
		d := projectiontest.Component(name, "team-a")
		d.Entity.Metadata.Annotations = map[string]string{"backstage.io/managed-by-location": "url:https://git.example/acme/mono/-/blob/main/catalog-info.yaml"}
		if where != "" {
			d.Entity.Metadata.Annotations["backstage.io/techdocs-ref"] = where
		}
		story.Add(strings.ToLower(d.Entity.Ref().String()), event.EntityRegistered{Declaration: d})
	}
	story.Add(published.Entity, published)
	story.Add(published.Entity, event.DocsFailed{Entity: published.Entity, DocsProblem: event.DocsProblem{File: "mkdocs.yml", Line: 2, Message: "the file is not YAML"}})
	p := &portal{catalog: entities.New()}
	for _, err := range []error{p.catalog.Apply(t.Context(), story.Records()), rows.Apply(t.Context(), story.Records())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	e := echo.New()
	api.New(api.Config{
		Catalog: p.catalog.Snapshot, Docs: rows, Contents: contents, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Date(2026, 3, 12, 14, 0, 0, 0, time.UTC) },
	}).Register(e)
	p.Server = httptest.NewServer(e)
	t.Cleanup(p.Close)
	p.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return p
}

// What clients of Backstage ask for is answered as its backend does.
func TestTechDocs(t *testing.T) {
	p := docsPortal(t)
	for _, tt := range []struct {
		path   string
		status int
		typ    string
		want   []string
	}{
		{docsStatic + "/index.html", 200, "text/plain; charset=utf-8", []string{
			`<title>Payments - Payments handbook</title>`, `<meta name="description" content="How money moves">`, `<article class="md-content__inner md-typeset">`, `data-md-component="content"`,
			`class="md-sidebar md-sidebar--primary"`, `class="md-sidebar md-sidebar--secondary"`, `md-nav__item--nested`, `md-nav__toggle md-toggle`, `href="https://git.example/" class="md-nav__link"`,
			`<a href="https://git.example/edit/main/svc/docs/index.md" title="Edit this page"`, `href="./guide/start/#first"`, `href="https://git.example/blob/main/svc/main.go"`,
			`src="./flow.svg"`, `href="./guide/start/" class="md-footer__link md-footer__link--next"`,
		}},
		{docsStatic + "/", 200, "text/plain; charset=utf-8", []string{"<title>Payments - Payments handbook</title>"}},
		{docsStatic + "/guide/start/index.html", 200, "text/plain; charset=utf-8", []string{
			`md-nav__item--active`, `src="../../flow.svg"`, `href="#first" class="md-nav__link"`, `<nav class="md-nav" aria-label="First"><ul class="md-nav__list"><li class="md-nav__item"><a href="#deep"`,
			`href="../../" class="md-footer__link md-footer__link--prev"`, `href="../../guide/end/" class="md-footer__link md-footer__link--next"`,
		}},
		{docsStatic + "/guide/end/", 200, "text/plain; charset=utf-8", []string{`data-md-type="navigation" hidden>`, `data-md-type="toc" hidden>`}},
		{docsStatic + "/old/", 200, "text/plain; charset=utf-8", []string{`<meta http-equiv="refresh" content="0; url=../guide/start/#first">`}},
		{docsStatic + "/flow.svg", 200, "text/plain; charset=utf-8", []string{"<svg"}},
		{docsStatic + "/run.js", 200, "application/octet-stream", []string{"alert(1)"}},
		{docsStatic + "/techdocs_metadata.json", 200, "application/json; charset=utf-8", []string{`"site_name":"Payments handbook"`}},
		{docsStatic, 301, "", []string{docsStatic + "/"}},
		{docsStatic + "/guide/start?x=1", 301, "", []string{docsStatic + "/guide/start/?x=1"}},
		{"/api/techdocs/static/docs/Default/Component/Payments/guide/Start/", 301, "", []string{docsStatic + "/guide/Start/"}},
		{docsStatic + "/guide/Start/", 404, "application/json; charset=utf-8", []string{`"name":"NotFoundError"`, `"url":"/static/docs/default/component/payments/guide/Start/"`}},
		{docsStatic + "/guide/start.md", 404, "application/json; charset=utf-8", []string{"has no file guide/start.md"}},
		{docsStatic + "/..%2f..%2f..%2fmkdocs.yml", 404, "application/json; charset=utf-8", []string{"NotFoundError"}},
		{"/api/techdocs/static/docs/default/component/bare/index.html", 404, "application/json; charset=utf-8", []string{"component:default/bare has no documentation"}},
		{"/api/techdocs/static/docs/default/component/nothing/index.html", 404, "application/json; charset=utf-8", []string{"Entity not found for component:default/nothing"}},
		{"/api/techdocs/metadata/techdocs/default/Component/Payments", 200, "application/json; charset=utf-8", []string{
			`"site_description":"How money moves"`, `"etag":"` + docsCommit + `"`, `"files":["flow.svg","guide/end/index.html","guide/start/index.html","index.html","run.js","search/search_index.json","techdocs_metadata.json"]`,
		}},
		{"/api/techdocs/metadata/techdocs/default/component/bare", 404, "application/json; charset=utf-8", []string{"Unable to get metadata for 'component:default/bare'", `"url":"/metadata/techdocs/default/component/bare"`}},
		{"/api/techdocs/metadata/entity/default/component/payments", 200, "application/json; charset=utf-8", []string{
			`"locationMetadata":{"target":"https://git.example/acme/mono/-/tree/main/svc","type":"url"}`, `"kind":"Component"`, `"relations":[`,
		}},
		{"/api/techdocs/metadata/entity/default/component/bare", 404, "application/json; charset=utf-8", []string{"Unable to get metadata for 'component:default/bare'"}},
		{"/api/techdocs/metadata/entity/default/component/payments?colour=red", 400, "application/json; charset=utf-8", []string{"Unknown query parameter 'colour'"}},
		{"/api/techdocs/sync/default/component/payments", 200, "text/event-stream", []string{"event: log\ndata: \"mkdocs.yml:2: the file is not YAML\"\n\nevent: finish\ndata: {\"updated\":false}"}},
		{"/api/techdocs/sync/default/component/bare", 200, "text/event-stream", []string{"event: finish\ndata: {\"updated\":false}"}},
		{"/api/techdocs/sync/default/component/nothing", 404, "application/json; charset=utf-8", []string{"Entity metadata UID missing"}},
		{"/api/techdocs/cookie", 200, "application/json; charset=utf-8", []string{`{"expiresAt":"2026-03-12T15:00:00Z"}`}},
	} {
		resp, body := p.do(t, "GET", tt.path)
		if resp.StatusCode != tt.status || tt.typ != "" && resp.Header.Get("Content-Type") != tt.typ {
			t.Errorf("%s: %d %s, want %d %s\n%s", tt.path, resp.StatusCode, resp.Header.Get("Content-Type"), tt.status, tt.typ, body)
		}
		if tt.status == 301 {
			body = resp.Header.Get("Location")
		}
		for _, want := range tt.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s\nlacks %s", tt.path, body, want)
			}
		}
		if strings.Contains(body, "<script") && !strings.HasSuffix(tt.path, ".svg") {
			t.Errorf("%s has a script:\n%s", tt.path, body)
		}
	}
	if _, body := p.do(t, "GET", "/api/techdocs/sync/default/component/payments", "Accept", "application/json"); body != `{"updated":false}` {
		t.Errorf("in JSON: %s", body)
	}
}

// A file that a client has is not sent again, and nothing in any of them runs.
func TestTechDocsHeaders(t *testing.T) {
	p := docsPortal(t)
	for _, file := range []string{"/index.html", "/flow.svg", "/search/search_index.json"} {
		resp, _ := p.do(t, "GET", docsStatic+file)
		h := resp.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Cache-Control") != "private, no-cache" || h.Get("Callboard-Position") == "" {
			t.Errorf("%s: %v", file, h)
		}
		if again, body := p.do(t, "GET", docsStatic+file, "If-None-Match", h.Get("ETag")); again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s, again: %d %s", file, again.StatusCode, body)
		}
	}
}

func TestTechDocsSearchIndex(t *testing.T) {
	_, body := docsPortal(t).do(t, "GET", docsStatic+"/search/search_index.json")
	type entry struct{ Location, Title, Text string }
	var got struct{ Docs []entry }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := []entry{
		{"", "Payments", "Payments\nTo the start, code, lost, &lt;script&gt;alert(1)&lt;/script&gt;."},
		{"#payments", "Payments", "To the start, code, lost, &lt;script&gt;alert(1)&lt;/script&gt;."},
		{"guide/start/", "Start", "Start\nFirst\nAt noon.\nDeep\nSecond"},
		{"guide/start/#start", "Start", ""},
		{"guide/start/#first", "First", "At noon."},
		{"guide/start/#deep", "Deep", ""},
		{"guide/start/#second", "Second", ""},
	}
	if d := cmp.Diff(want, got.Docs); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
