package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/techdocs"
)

// pagesByBlob has the pages that it was given.
type pagesByBlob map[string]string

// Published implements [search.Contents].
func (p pagesByBlob) Published(ctx context.Context, d event.DocsPublished) (*techdocs.Site, error) {
	files := make([]techdocs.File, 0, len(d.Pages))
	for _, page := range d.Pages {
		files = append(files, techdocs.File{Path: page.Source, Blob: page.Blob})
	}
	return techdocs.Read(ctx, techdocs.Tree{Files: files, Read: func(_ context.Context, path string) ([]byte, error) {
		return []byte(p[path]), nil
	}}, techdocs.Options{Name: d.Site})
}

// searched is an API over a service with docs, an API and a person.
func searched(t *testing.T) http.Handler {
	t.Helper()
	story := projectiontest.NewStory(t)
	add := func(kind, name string, change func(*catalog.Entity)) {
		d := projectiontest.Component(name, "team-a")
		d.Entity.Kind = kind
		change(&d.Entity)
		story.Add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
	}
	add("Component", "payments-api", func(e *catalog.Entity) { e.Metadata.Title, e.Metadata.Description = "Payments API", "Takes money." })
	add("API", "payments", func(e *catalog.Entity) {
		e.Spec["type"], e.Spec["definition"] = "openapi", `{"openapi":"3.0.3","info":{"title":"P","version":"1"},"paths":{"/refunds/{id}":{"get":{"summary":"One refund","description":"Of money."}}}}`
	})
	add("User", "mossbank", func(e *catalog.Entity) {
		e.Spec = map[string]any{"profile": map[string]any{"displayName": "M. Bank", "email": "m@acme.example"}}
	})
	story.Add("component:default/payments-api", event.DocsPublished{Entity: "component:default/payments-api", Site: "Handbook", Pages: []event.DocsPage{
		{Path: "guide/start.md", Title: "Start", Source: "docs/guide/start.md", Blob: "b1"},
	}})
	c := entities.New()
	s, err := search.Open(t.Context(), filepath.Join(t.TempDir(), "search.db"), pagesByBlob{
		"docs/guide/start.md": "# Start\n\nHello.\n\n## Refunds & more\n\nA refund `<b>gives</b>` money back.\n",
	}, catalog.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, apply := range []error{c.Apply(t.Context(), story.Records()), s.Apply(t.Context(), story.Records())} {
		if apply != nil {
			t.Fatal(apply)
		}
	}
	e := echo.New()
	api.New(api.Config{Catalog: c.Snapshot, Search: s, Logger: slog.New(slog.DiscardHandler)}).Register(e)
	return e
}

func askSearch(t *testing.T, h http.Handler, query string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/search/query?"+query, nil))
	return w.Code, w.Body.String()
}

// What is found has the shape of Backstage's SearchResultSet, and of the documents that
// its collators make.
func TestSearchShapes(t *testing.T) {
	h := searched(t)
	for _, tt := range []struct{ query, want string }{
		{"term=takes", `{"results":[{"type":"software-catalog","document":{"title":"Payments API","text":"Takes money.","location":"/catalog/default/component/payments-api",
			"kind":"Component","namespace":"default","componentType":"service","lifecycle":"production","owner":"team-a","type":"service"},"rank":1,
			"highlight":{"preTag":"<callboard-mark>","postTag":"</callboard-mark>","fields":{"title":"Payments API","text":"<callboard-mark>Takes</callboard-mark> money."}}}],"numberOfResults":1}`},
		{"term=mossbank", `{"results":[{"type":"software-catalog","document":{"title":"M. Bank","text":"M. Bank : m@acme.example","location":"/catalog/default/user/mossbank",
			"kind":"User","namespace":"default","componentType":"other","lifecycle":"","owner":"","type":"other"},"rank":1,
			"highlight":{"preTag":"<callboard-mark>","postTag":"</callboard-mark>","fields":{"title":"M. Bank","text":"M. Bank"}}}],"numberOfResults":1}`},
		{"term=gives+money&types[]=techdocs", `{"results":[{"type":"techdocs","document":{"title":"Start","text":"Refunds & more\nA refund <b>gives</b> money back.\n",
			"location":"/docs/default/component/payments-api/guide/start/#refunds-more","kind":"component","namespace":"default","componentType":"service","lifecycle":"production","owner":"team-a",
			"name":"payments-api","entityTitle":"Payments API","path":"guide/start/#refunds-more"},"rank":1,
			"highlight":{"preTag":"<callboard-mark>","postTag":"</callboard-mark>","fields":{"title":"Start","text":"Refunds & more · A refund <b><callboard-mark>gives</callboard-mark></b> <callboard-mark>money</callboard-mark> back."}}}],"numberOfResults":1}`},
		{"term=one+refund&types[0]=api-operation", `{"results":[{"type":"api-operation","document":{"title":"One refund","text":"Of money.",
			"location":"/catalog/default/api/payments/definition#op-GET-/refunds/%7Bid%7D","kind":"api","namespace":"default","componentType":"openapi","lifecycle":"production","owner":"team-a",
			"name":"payments","entityTitle":"payments","path":"#op-GET-/refunds/%7Bid%7D"},"rank":1,
			"highlight":{"preTag":"<callboard-mark>","postTag":"</callboard-mark>","fields":{"title":"<callboard-mark>One</callboard-mark> <callboard-mark>refund</callboard-mark>","text":"Of money."}}}],"numberOfResults":1}`},
		{"term=nothinglikeit", `{"results":[],"numberOfResults":0}`},
	} {
		t.Run(tt.query, func(t *testing.T) {
			status, body := askSearch(t, h, tt.query)
			var got, want any
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
				t.Fatalf("%d %s: %v", status, body, err)
			}
			if err := json.Unmarshal([]byte(strings.NewReplacer("\n\t\t\t", "").Replace(tt.want)), &want); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A client that goes on from cursor to cursor sees each document once, in the order of ranks.
func TestSearchPages(t *testing.T) {
	h := searched(t)
	var seen []string
	query, back := "term=money&pageLimit=1", ""
	for range 10 {
		var page struct {
			Results []struct {
				Rank     int
				Document struct{ Location string }
			}
			NextPageCursor, PreviousPageCursor string
			NumberOfResults                    int
		}
		status, body := askSearch(t, h, query)
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK || page.NumberOfResults != 3 || len(page.Results) != 1 {
			t.Fatalf("%d %s: %v", status, body, err)
		}
		if seen = append(seen, page.Results[0].Document.Location); page.Results[0].Rank != len(seen) {
			t.Errorf("result %d has rank %d", len(seen), page.Results[0].Rank)
		}
		if (page.PreviousPageCursor == "") != (len(seen) == 1) {
			t.Errorf("before page %d is %q", len(seen), page.PreviousPageCursor)
		}
		back = page.PreviousPageCursor
		if page.NextPageCursor == "" {
			break
		}
		query = "term=money&pageLimit=1&pageCursor=" + url.QueryEscape(page.NextPageCursor)
	}
	want := []string{"/catalog/default/api/payments/definition#op-GET-/refunds/%7Bid%7D", "/catalog/default/component/payments-api", "/docs/default/component/payments-api/guide/start/#refunds-more"}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
	if _, body := askSearch(t, h, "term=money&pageLimit=1&pageCursor="+url.QueryEscape(back)); !strings.Contains(body, `"rank":2`) {
		t.Errorf("the page before: %s", body)
	}
}

func TestSearchFilters(t *testing.T) {
	h := searched(t)
	for _, tt := range []struct {
		query string
		want  int
	}{
		{"filters[kind]=Component", 2},
		{"filters[kind][0]=api&filters[kind][1]=user", 3},
		{"filters[kind][]=api&filters[kind][]=user", 3},
		{"filters[kind]=component&types[]=software-catalog", 1},
		{"filters[owner]=team-a", 4},
		{"filters[owner]=group:default/team-a&filters[componentType]=openapi", 2},
		{"filters[name]=payments-api", 2},
		{"filters[namespace]=other", 0},
		{"filters[lifecycle]=production&types[]=techdocs&types[]=api-operation", 2},
		{"somethingElse=1", 5}, // as in Backstage
	} {
		status, body := askSearch(t, h, strings.NewReplacer("[", "%5B", "]", "%5D").Replace(tt.query))
		var got struct{ NumberOfResults int }
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || got.NumberOfResults != tt.want {
			t.Errorf("%s: %d found, want %d; %d %v", tt.query, got.NumberOfResults, tt.want, status, err)
		}
	}
}

func TestSearchRefuses(t *testing.T) {
	h := searched(t)
	for _, tt := range []struct{ query, want string }{
		{"types[]=weather", `Invalid query string: types: \"weather\" is no type of documents; there are software-catalog, techdocs and api-operation`},
		{"term=" + strings.Repeat("a", 101), `Invalid query string: term: The term length \"101\" is greater than \"100\"`},
		{"pageLimit=101", `Invalid query string: pageLimit: The page limit \"101\" is greater than \"100\"`},
		{"pageLimit=some", `Invalid query string: pageLimit: \"some\" is no number from 1 to 100`},
		{"pageCursor=x", `Invalid query string: pageCursor: \"x\" is no cursor out of an answer`},
		{"filters[colour]=red", `Invalid query string: filters: \"colour\" is no field to filter by; there are kind, namespace, name, lifecycle, componentType, type and owner`},
	} {
		status, body := askSearch(t, h, tt.query)
		if status != http.StatusBadRequest || !strings.Contains(body, `"name":"InputError","message":"`+tt.want+`"`) || !strings.Contains(body, `"url":"/query?`) {
			t.Errorf("%s: %d %s", tt.query, status, body)
		}
	}
}
