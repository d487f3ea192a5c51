package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/projectiontest"
)

// entityPage is an answer of by-query.
type entityPage struct {
	Items []struct {
		Metadata struct{ Name string }
	} `json:"items"`
	TotalItems int `json:"totalItems"`
	PageInfo   struct{ NextCursor, PrevCursor string }
}

func (p entityPage) names() string {
	var all []string
	for _, e := range p.Items {
		all = append(all, e.Metadata.Name)
	}
	return strings.Join(all, " ")
}

func (p *portal) page(t *testing.T, method, query, body string) entityPage {
	t.Helper()
	status, answer := p.send(t, method, "/entities/by-query"+query, body)
	var page entityPage
	if err := json.Unmarshal([]byte(answer), &page); err != nil || status != http.StatusOK {
		t.Fatalf("%s %s %s: %d %s (%v)", method, query, body, status, answer, err)
	}
	return page
}

func (p *portal) send(tb testing.TB, method, path, body string) (int, string) {
	tb.Helper()
	return locationPortal{Server: p.Server}.ask(tb, method, path, body)
}

func TestByQuery(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct {
		query, want string
		total       int
	}{
		{"", "payments Ledger cart", 3},
		{"?orderField=metadata.name", "cart Ledger payments", 3},
		{"?orderField=metadata.name,desc&orderField=kind,asc", "payments Ledger cart", 3},
		{"?orderField=METADATA.Name,asc&filter=spec.owner=team-a", "Ledger payments", 2},
		{"?orderField=metadata.title,asc", "", 0},
		{"?limit=0", "", 3},
		{"?limit=0&totalItems=exclude", "", 0},
		{"?totalItems=exclude&limit=1", "payments", 0},
		{"?offset=1&orderField=metadata.name,asc", "Ledger payments", 3},
		{"?fullTextFilterTerm=%20AR%20&fullTextFilterFields=metadata.name", "cart", 1},
		{"?fullTextFilterTerm=ar&orderField=metadata.name,asc", "cart", 1},
		{"?fullTextFilterTerm=l_dg%25r&fullTextFilterFields=metadata.name,spec.owner", "Ledger", 1},
		{"?fullTextFilterTerm=team-b&fullTextFilterFields=metadata.name,spec.owner", "cart", 1},
		{"?fullTextFilterTerm=team-b&fullTextFilterFields=metadata.name,spec.owner&fullTextFilterFields=kind", "", 0},
		{"?fullTextFilterTerm=cart", "cart", 1},                               // the uids are "uid-cart" and the like
		{"?fullTextFilterTerm=%00&fullTextFilterFields=metadata.name", "", 0}, // as between two texts
		{"?filter=metadata.name=a;b", "", 0},
		{"?filter=kind=component,spec.lifecycle&filter=metadata.name=nobody", "payments Ledger cart", 3},
	} {
		t.Run(tt.query, func(t *testing.T) {
			page := p.page(t, "GET", tt.query, "")
			if page.names() != tt.want || page.TotalItems != tt.total {
				t.Errorf("got %q of %d, want %q of %d", page.names(), page.TotalItems, tt.want, tt.total)
			}
		})
	}
}

func TestPredicates(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct{ query, want string }{
		{`{}`, "cart Ledger payments"},
		{`{"kind":"COMPONENT","spec.owner":"team-a"}`, "Ledger payments"},
		{`{"$not":{"spec.owner":"team-a"}}`, "cart"},
		{`{"$all":[]}`, "cart Ledger payments"},
		{`{"$any":[]}`, ""},
		{`{"$any":[{"metadata.name":"cart"},{"metadata.name":"Ledger"}]}`, "cart Ledger"},
		{`{"metadata.name":{"$in":["CART","nobody",1]}}`, "cart"},
		{`{"metadata.name":{"$in":[]}}`, ""},
		{`{"metadata.name":{"$hasPrefix":"P"}}`, "payments"},
		{`{"metadata.name":{"$hasPrefix":"%"}}`, ""},
		{`{"spec.lifecycle":{"$exists":true},"metadata.tags":{"$contains":"GO"}}`, "cart Ledger payments"},
		{`{"metadata.title":{"$exists":false}}`, "cart Ledger payments"},
		{`{"metadata.tags.go":true}`, "cart Ledger payments"},
		{`{"RELATIONS":{"$contains":{"Type":"ownedBy","targetRef":"GROUP:default/team-b"}}}`, "cart"},
		{`{"relations":{"$contains":{"type":"ownedby","targetRef":{"$in":["group:default/team-b","group:default/team-a"]}}}}`, "cart Ledger payments"},
		{`{"relations":{"$contains":{"type":"ownerOf"}}}`, ""},
	} {
		t.Run(tt.query, func(t *testing.T) {
			page := p.page(t, "POST", "", `{"orderBy":[{"field":"metadata.name","order":"asc"}],"query":`+tt.query+`}`)
			if page.names() != tt.want {
				t.Errorf("got %q, want %q", page.names(), tt.want)
			}
		})
	}
}

func TestWrongQueries(t *testing.T) {
	p := newPortal(t)
	facets, paths, deep := "", "", ""
	for i := range 60 {
		facets += fmt.Sprint("&facet=f", i)
		paths += "a."
		deep += `{"$not":`
	}
	cursor := func(json string) string { return base64.StdEncoding.EncodeToString([]byte(json)) }
	for _, tt := range []struct{ method, path, body, says string }{
		{"GET", "/entities/by-query?nope=1", "", "Unknown query parameter 'nope'"},
		{"GET", "/entities/by-query?limit=1&limit=2", "", "request/query/limit must be integer"},
		{"GET", "/entities/by-query?limit=1.5", "", "request/query/limit must be integer"},
		{"GET", "/entities/by-query?orderField=", "", "Empty value found for query parameter 'orderField'"},
		{"GET", "/entities/by-query?orderField=kind,sideways", "", "Invalid order field order, must be asc or desc"},
		{"GET", "/entities/by-query?totalItems=maybe", "", "must be equal to one of the allowed values: include, exclude"},
		{"GET", "/entities/by-query?filter==x", "", "Invalid filter, '=x' is not a valid statement"},
		{"GET", "/entities/by-query?cursor=nonsense", "", "Malformed cursor: SyntaxError: Unexpected token"},
		{"GET", "/entities/by-query?cursor=" + cursor(`{"a":1}`), "", `Malformed cursor: InputError: Malformed cursor: [\n  {\n    \"code\": \"invalid_type\"`},
		{"GET", "/entities/by-query?cursor=" + cursor(`{"orderFields":[{"field":"kind","order":"up"}],"orderFieldValues":[],"isPrevious":false}`), "", `invalid_enum_value`},
		{"GET", "/entities/by-query?cursor=" + cursor(`{"orderFields":[],"orderFieldValues":["6f0b37d6-533b"],"isPrevious":false}`), "", "Malformed cursor: it is not one of this catalog"},
		{"POST", "/entities/by-query", `{"cursor":""}`, "Cursor cannot be empty"},
		{"POST", "/entities/by-query", `{"query":{"kind":{"$nope":1}}}`, `or Required at \"kind.$hasPrefix\", or Invalid at \"kind\"; Expected never, received object at \"kind\"`},
		{"POST", "/entities/by-query", `{"query":{"$not":"x"}}`, `Wrap the value in a field expression, e.g. { \"kind\": \"x\" }`},
		{"POST", "/entities/by-query", `{"query":{"spec":{"$contains":{"type":"x"}}}}`, `Object form of $contains is not supported for field \"spec\"`},
		{"POST", "/entities/by-query", `{"query":{"relations":{"$contains":{"targetRef":"x"}}}}`, `requires a \"type\" string property`},
		{"POST", "/entities/by-query", `{"query":{"relations":{"$contains":{"type":"x","target":"y"}}}}`, `Unsupported key \"target\" in $contains`},
		{"POST", "/entities/by-query", `{"query":{"relations":{"$contains":{"type":"x","targetRef":{"$in":[]}}}}}`, `Empty \"$in\" array`},
		{"POST", "/entities/by-query", `{"orderBy":[{"field":"kind"}]}`, "request/body/orderBy/0 must have required property 'order'"},
		{"POST", "/entities/by-query", `{"limit":"5"}`, "request/body/limit must be number"},
		{"POST", "/entities/by-query", `{"limit":-1}`, "Limit must be a whole number"},
		{"POST", "/entities/by-query", `{"query":1,}`, "Expected double-quoted property name in JSON at position 11"},
		{"POST", "/entities/by-refs", `{"entityRefs":["a",1]}`, "request/body/entityRefs/1 must be string"},
		{"GET", "/entity-facets?facet=", "", "Empty value found for query parameter 'facet'"},
		{"GET", "/entity-facets?" + facets[1:], "", "At most 50 facets"},
		{"GET", "/entities?fields=" + paths, "", "At most 100 fields"},
		{"GET", "/entities/by-query?fullTextFilterTerm=" + strings.Repeat("%25_", 500), "", "at most 800 bytes"},
		{"POST", "/entities/by-query", `{"query":` + strings.Repeat(deep, 100) + `null` + strings.Repeat("}", 6001), "nested more than 64 levels"},
		{"GET", "/entities/by-query?cursor=" + cursor(strings.Repeat(deep, 3)+`null`+strings.Repeat("}", 180)), "", "nested more than 64 levels"},
		{"POST", "/entity-facets", `{"facets":[""]}`, "Missing or empty facets parameter"},
	} {
		t.Run(tt.path+" "+tt.body, func(t *testing.T) {
			status, body := p.send(t, tt.method, tt.path, tt.body)
			if body = strings.NewReplacer(`\u003e`, ">", `\u0026`, "&").Replace(body); status != http.StatusBadRequest || !strings.Contains(body, tt.says) {
				t.Errorf("%d %s\nwant 400 with %s", status, body, tt.says)
			}
		})
	}
}

// A walk by cursors, forwards and back again, sees each entity once, whatever
// comes and goes around it; and goes on by POST where it began by GET.
func TestCursorsStayGoodWhileTheCatalogChanges(t *testing.T) {
	p := newPortal(t)
	story := projectiontest.NewStory(t)
	add := func(name string) {
		d := projectiontest.Component(name, "team-a")
		story.Add(strings.ToLower(d.Entity.Ref().String()), event.EntityRegistered{Declaration: d})
	}
	for i := range 10 {
		add(fmt.Sprintf("svc-%d", i))
	}
	apply := func() {
		t.Helper()
		records := slices.Clone(story.Records())
		for i := range records {
			records[i].Position += 3 // those that newPortal applied
		}
		if err := p.catalog.Apply(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
	apply()

	page := p.page(t, "GET", "?filter=spec.owner=team-a&orderField=metadata.name,desc&limit=5", "")
	if want := "svc-9 svc-8 svc-7 svc-6 svc-5"; page.names() != want || page.TotalItems != 12 || page.PageInfo.PrevCursor != "" {
		t.Fatalf("the first page is %q of %d, want %q of 12", page.names(), page.TotalItems, want)
	}
	add("svc-95") // on the page that has been read
	add("svc-25")
	story.Add("component:default/svc-5", event.EntityRemoved{Ref: "component:default/svc-5", Origin: projectiontest.Component("svc-5", "team-a").Origin})
	apply()
	body := func(cursor string) string { return fmt.Sprintf(`{"cursor":%q,"limit":5}`, cursor) }
	first := page.names()
	page = p.page(t, "POST", "", body(page.PageInfo.NextCursor))
	if want := "svc-4 svc-3 svc-25 svc-2 svc-1"; page.names() != want || page.TotalItems != 12 {
		t.Fatalf("the second page is %q, want %q", page.names(), want)
	}
	last := p.page(t, "POST", "", body(page.PageInfo.NextCursor))
	if want := "svc-0 payments Ledger"; last.names() != want || last.PageInfo.NextCursor != "" {
		t.Fatalf("the last page is %q, next %q, want %q", last.names(), last.PageInfo.NextCursor, want)
	}
	back := p.page(t, "GET", "?limit=5&cursor="+url.QueryEscape(last.PageInfo.PrevCursor), "")
	if back.names() != page.names() {
		t.Errorf("back is %q, want %q", back.names(), page.names())
	}
	back = p.page(t, "GET", "?limit=5&cursor="+url.QueryEscape(back.PageInfo.PrevCursor), "")
	if want := strings.Replace(first, " svc-5", "", 1); back.names() != "svc-95 "+want && back.names() != want {
		t.Errorf("back at the beginning is %q, want %q", back.names(), want)
	}
}

func TestOlderCursorsAreTaken(t *testing.T) {
	p := newPortal(t)
	old := `{"orderFields":[],"orderFieldValues":[],"isPrevious":false,"totalItems":7,
		"filter":{"allOf":[{"key":"kind","values":["component"]},{"anyOf":[{"key":"metadata.name","values":["cart","x"]},{"key":"nope"}]},{"not":{"key":"metadata.title"}}]}}`
	page := p.page(t, "GET", "?cursor="+base64.URLEncoding.EncodeToString([]byte(old)), "")
	if page.names() != "cart" || page.TotalItems != 7 {
		t.Errorf("got %q of %d, want cart of 7", page.names(), page.TotalItems)
	}
}

func TestByRefsAndFacets(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct{ method, path, body, want string }{
		{"POST", "/entities/by-refs", `{"entityRefs":["component:default/cart","Component:default/cart","nonsense","component:default/ledger"],"fields":["metadata.name"]}`,
			`{"items":[{"metadata":{"name":"cart"}},null,null,{"metadata":{"name":"Ledger"}}]}`},
		{"POST", "/entities/by-refs?filter=spec.owner=team-b", `{"entityRefs":["component:default/cart","component:default/ledger"],"fields":["kind"],"query":{"kind":"Component"}}`,
			`{"items":[{"kind":"Component"},null]}`},
		{"POST", "/entities/by-refs", `{"entityRefs":[]}`, `{"items":[]}`},
		{"GET", "/entity-facets?facet=spec.owner&facet=Nope&filter=kind=component", "", `{"facets":{"Nope":[],"spec.owner":[{"value":"team-a","count":2},{"value":"team-b","count":1}]}}`},
		{"POST", "/entity-facets", `{"facets":["spec.Owner",""],"query":{"metadata.name":{"$hasPrefix":"c"}}}`, `{"facets":{"spec.Owner":[{"value":"team-b","count":1}]}}`},
		{"GET", "/entities?fields=metadata.tags.0,metadata.annotations&filter=metadata.name=cart", "", `[{"metadata":{"annotations":{"acme.example/on.call":"yes"},"tags":["go"]}}]`},
		{"GET", "/entities?fields=metadata,metadata.name.x,kind.0&filter=metadata.name=nobody", "", `[]`},
	} {
		t.Run(tt.path+" "+tt.body, func(t *testing.T) {
			status, body := p.send(t, tt.method, tt.path, tt.body)
			if d := cmp.Diff(tt.want, body); status != http.StatusOK || d != "" {
				t.Errorf("%d (-want +got):\n%s", status, d)
			}
		})
	}
}

func TestValidateEntity(t *testing.T) {
	p := newPortal(t)
	const location = `,"location":"url:https://git.example/catalog-info.yaml"}`
	entity := func(rest string) string {
		return `{"entity":{"apiVersion":"backstage.io/v1alpha1",` + rest + `}` + location
	}
	for _, tt := range []struct{ name, body, says string }{
		{"good", entity(`"kind":"Component","metadata":{"name":"x"},"spec":{"type":"a","lifecycle":"b","owner":"c"}`), ""},
		{"a placeholder", entity(`"kind":"API","metadata":{"name":"x"},"spec":{"type":"a","lifecycle":"b","owner":"c","definition":{"$text":"./x.yaml"}}`), ""},
		{"no envelope", entity(`"metadata":{"name":"x"}`), `{"errors":[{"name":"TypeError","message":"<root> must have required property 'kind' - missingProperty: kind"}]}`},
		{"an empty name", entity(`"kind":"System","metadata":{"name":""}`), `/metadata/name must NOT have fewer than 1 characters - limit: 1`},
		{"a title of no letters", entity(`"kind":"System","metadata":{"name":"x","title":""},"spec":{"owner":"c"}`), `caused by Error: Malformed envelope, /metadata/title must NOT have fewer than 1 characters`},
		{"a label that is a number", entity(`"kind":"System","metadata":{"name":"x","labels":{"a.b/c":1}},"spec":{"owner":"c"}`), `Malformed envelope, /metadata/labels/a.b~1c must be string`},
		{"relations", entity(`"kind":"System","metadata":{"name":"x"},"relations":[],"spec":{"owner":"c"}`), `Policy check failed for system:default/x; caused by Error: Unknown field relations`},
		{"a link", entity(`"kind":"System","metadata":{"name":"x","links":[{"url":"nowhere"}]},"spec":{"owner":"c"}`), `\"links.0.url\" is not valid; expected a string that is a valid url but found \"nowhere\".`},
		{"a list of numbers", entity(`"kind":"Component","metadata":{"name":"x"},"spec":{"type":"a","lifecycle":"b","owner":"c","dependsOn":[1]}`), `/spec/dependsOn/0 must be string - type: string`},
		{"presence", entity(`"kind":"Location","metadata":{"name":"x"},"spec":{"presence":"perhaps"}`), `/spec/presence must be equal to one of the allowed values - allowedValues: required,optional`},
		{"no kind in a ref", entity(`"kind":"Component","metadata":{"name":"x"},"spec":{"type":"a","lifecycle":"b","owner":"c","dependsOn":["x"]}`),
			`threw an error while postprocessing; caused by Error: Entity reference \"x\" had missing or empty kind`},
		{"half a ref", entity(`"kind":"Component","metadata":{"name":"x"},"spec":{"type":"a","lifecycle":"b","owner":"c/"}`), `caused by TypeError: Entity reference \"c/\" was not on the form`},
		{"a file", `{"entity":{"apiVersion":"a","kind":"b","metadata":{"name":"c"}},"location":"file:/x"}`, `Invalid location ref file:/x, only 'url:`},
		{"a bare URL", `{"entity":{"apiVersion":"a","kind":"b","metadata":{"name":"c"}},"location":"https://x"}`, `please prefix it with 'url:', e.g. 'url:https://x'`},
		{"no object", `{"entity":"x","location":"url:x"}`, `request/body/entity must be object`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := p.send(t, "POST", "/validate-entity", tt.body)
			body = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(body)
			if tt.says == "" && (status != http.StatusOK || body != "") {
				t.Errorf("%d %s, want 200 without a body", status, body)
			}
			if tt.says != "" && (status != http.StatusBadRequest || !strings.Contains(body, tt.says)) {
				t.Errorf("%d %s\nwant 400 with %s", status, body, tt.says)
			}
		})
	}
}

// Whatever is asked, the answer is a page or says what is wrong; and what next
// leads to is a page.
func FuzzByQuery(f *testing.F) {
	f.Add("?filter=kind=component,spec.owner=a&orderField=metadata.name,desc&limit=1", "")
	f.Add("?cursor="+base64.StdEncoding.EncodeToString([]byte(`{"orderFields":[{"field":"kind","order":"asc"}],"orderFieldValues":["component","2"],"isPrevious":true}`)), "")
	f.Add("?fullTextFilterTerm=%25_%25&fullTextFilterFields=metadata.name&limit=1", "")
	f.Add("", `{"query":{"$any":[{"kind":{"$in":["a",1]}},{"$not":{"relations":{"$contains":{"type":"ownedBy"}}}}]},"limit":1,"orderBy":[{"field":"kind","order":"desc"}]}`)
	f.Add("", `{"fullTextFilter":{"term":"%a","fields":[]},"offset":1e99}`)
	p := newPortal(f)
	f.Fuzz(func(t *testing.T, query, body string) {
		method := "GET"
		if body != "" {
			method = "POST"
		}
		if _, err := http.NewRequest(method, p.URL+"/"+query, nil); err != nil || query != "" && query[0] != '?' || strings.ContainsAny(query, "# ") {
			t.Skip()
		}
		for range 5 {
			status, answer := p.send(t, method, "/entities/by-query"+query, body)
			var page entityPage
			switch {
			case status == http.StatusBadRequest:
				return
			case status != http.StatusOK || json.Unmarshal([]byte(answer), &page) != nil || len(page.Items) > 3:
				t.Fatalf("%s %s %s: %d %s", method, query, body, status, answer)
			case page.PageInfo.NextCursor == "":
				return
			}
			method, query, body = "GET", "?limit=1&cursor="+url.QueryEscape(page.PageInfo.NextCursor), ""
		}
	})
}

// Filters are read or refused, and fields leave JSON.
func FuzzFilterAndFields(f *testing.F) {
	f.Add("kind=component,,metadata.tags.go=true", "metadata.annotations.acme.example/on.call,spec", "asc:metadata.name")
	f.Add("=", "metadata.tags.0,metadata.tags", "up:x")
	f.Add("$all=x,$not", "relations.0.type", "desc:$")
	p := newPortal(f)
	f.Fuzz(func(t *testing.T, filter, fields, order string) {
		query := url.Values{"filter": {filter}, "fields": {fields}, "order": {order}}.Encode()
		status, answer := p.send(t, "GET", "/entities?"+query, "")
		var list []map[string]any
		if status != http.StatusBadRequest && (status != http.StatusOK || json.Unmarshal([]byte(answer), &list) != nil || len(list) > 3) {
			t.Fatalf("%s: %d %s", query, status, answer)
		}
	})
}
