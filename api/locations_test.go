package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// fakeLocations note what was asked for.
type fakeLocations struct {
	asked   []string
	preview api.LocationPreview
}

func (f *fakeLocations) Register(_ context.Context, typ, target string, refresh bool, _ event.Cause) (event.LocationRegistered, error) {
	f.asked = append(f.asked, fmt.Sprintf("register %s:%s %v", typ, target, refresh))
	return event.LocationRegistered{ID: "new", Type: typ, Target: target}, nil
}

func (f *fakeLocations) Update(_ context.Context, id, typ, target string, _ event.Cause) (event.LocationRegistered, error) {
	f.asked = append(f.asked, fmt.Sprintf("update %s %s:%s", id, typ, target))
	return event.LocationRegistered{ID: id, Type: typ, Target: target}, nil
}

func (f *fakeLocations) Remove(_ context.Context, id string, _ event.Cause) error {
	f.asked = append(f.asked, "remove "+id)
	return nil
}

func (f *fakeLocations) Refresh(_ context.Context, ref string) error {
	f.asked = append(f.asked, "refresh "+ref)
	return nil
}

func (f *fakeLocations) DeleteEntity(_ context.Context, ref string, _ event.Cause) error {
	f.asked = append(f.asked, "delete "+ref)
	return fault.New(fault.NotFound, "somebody was faster")
}

func (f *fakeLocations) Preview(context.Context, string, string) (api.LocationPreview, error) {
	return f.preview, nil
}

// locationPortal is an API over some locations, "l1" to "l4", of which l4 is configured.
type locationPortal struct {
	*httptest.Server
	*fakeLocations
}

func newLocationPortal(tb testing.TB) locationPortal {
	tb.Helper()
	story := projectiontest.NewStory(tb)
	for i := 4; i > 0; i-- {
		l := event.LocationRegistered{
			ID: fmt.Sprint("l", i), Type: "url", Target: fmt.Sprintf("https://files.example/%d.yaml", i),
			EntityRef: fmt.Sprint("location:default/generated-", i), Configured: i == 4,
		}
		story.Add(l.EntityRef, l)
	}
	story.Add("component:default/payments", event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")})
	c := entities.New()
	if err := c.Apply(tb.Context(), story.Records()); err != nil {
		tb.Fatal(err)
	}
	p := locationPortal{fakeLocations: &fakeLocations{}}
	e := echo.New()
	api.New(api.Config{
		Catalog: c.Snapshot, Locations: p.fakeLocations, Logger: slog.New(slog.DiscardHandler),
		Sites: func() map[string]string { return map[string]string{"git.acme.example": "github.com"} },
	}).Register(e)
	p.Server = httptest.NewServer(e)
	tb.Cleanup(p.Close)
	return p
}

func (p locationPortal) ask(tb testing.TB, method, path, body string) (int, string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, p.URL+"/api/catalog"+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestLocationRequests(t *testing.T) {
	const target = `"target":"https://files.example/x.yaml"`
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		says, asked              string
	}{
		{"register", "POST", "/locations", `{"type":"url",` + target + `}`, 201, `"id":"new"`, "register url:https://files.example/x.yaml false"},
		{"refresh one", "POST", "/locations?onConflict=refresh", `{"type":"url",` + target + `}`, 201, ``, "register url:https://files.example/x.yaml true"},
		{"presence", "POST", "/locations", `{"type":"url","presence":"optional",` + target + `}`, 201, ``, "register url:https://files.example/x.yaml false"},
		{"of type file", "POST", "/locations", `{"type":"file","target":"/x"}`, 400, `must be of an allowed type [\"url\"]`, ""},
		{"without type", "POST", "/locations", `{` + target + `}`, 400, "request/body must have required property 'type'", ""},
		{"a number", "POST", "/locations", `{"type":"url","target":1}`, 400, "request/body/target must be string", ""},
		{"a list", "POST", "/locations", `[]`, 400, "request/body must be object", ""},
		{"half", "POST", "/locations", `{"type":`, 400, "Unexpected end of JSON input", ""},
		{"two", "POST", "/locations", `{} {}`, 400, "Unexpected non-whitespace", ""},
		{"nothing", "POST", "/locations", ``, 400, "request/body must have required property 'target'", ""},
		{"parameter", "POST", "/locations?dryrun=1", `{"type":"url",` + target + `}`, 400, "Unknown query parameter 'dryrun'", ""},
		{"update", "PUT", "/locations/l1", `{"type":"url",` + target + `}`, 200, `"id":"l1"`, "update l1 url:https://files.example/x.yaml"},
		{"update more", "PUT", "/locations/l1", `{"type":"url","presence":"optional",` + target + `}`, 400, "must NOT have additional properties", ""},
		{"remove", "DELETE", "/locations/l1", "", 204, "", "remove l1"},
		{"get", "GET", "/locations/l2", "", 200, "https://files.example/2.yaml", ""},
		{"get configured", "GET", "/locations/l4", "", 404, "Found no location with ID l4", ""},
		{"of nobody", "GET", "/locations/by-entity/component/default/nobody", "", 404, "found no entity for ref component:default/nobody", ""},
		{"of one without", "GET", "/locations/by-entity/component/default/payments", "", 404, "found no origin annotation for ref component:default/payments", ""},
		{"refresh", "POST", "/refresh", `{"entityRef":"Component:default/Payments"}`, 200, "", "refresh component:default/payments"},
		{"refresh nothing", "POST", "/refresh", `{}`, 400, "request/body must have required property 'entityRef'", ""},
		{"delete", "DELETE", "/entities/by-uid/uid-payments", "", 204, "", "delete component:default/payments"},
		{"delete nothing", "DELETE", "/entities/by-uid/nobody", "", 204, "", ""},
		{"ancestry", "GET", "/entities/by-name/component/default/payments/ancestry", "", 200, `"parentEntityRefs":[]`, ""},
		{"ancestry of nobody", "GET", "/entities/by-name/component/default/nobody/ancestry", "", 404, "No such entity component:default/nobody", ""},
		{"analyse", "POST", "/analyze-location", `{"location":{"type":"url","target":"https://git.acme.example/acme/payments/blob/main/x.yaml"}}`, 200, `"github.com/project-slug":"acme/payments"`, ""},
		{"analyse a group", "POST", "/analyze-location", `{"location":{"type":"url","target":"https://gitlab.com/acme/shop/cart/-/tree/main"}}`, 200, `"gitlab.com/project-slug":"acme/shop/cart"`, ""},
		{"analyse no repository", "POST", "/analyze-location", `{"location":{"type":"url","target":"https://gitlab.com/acme"}}`, 400, "is no address of a repository", ""},
		{"analyse half", "POST", "/analyze-location", `{"location":{"type":"url"}}`, 400, "request/body/location must have required property 'target'", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newLocationPortal(t)
			status, body := p.ask(t, tt.method, tt.path, tt.body)
			if status != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want %d with %q", status, body, tt.status, tt.says)
			}
			if asked := strings.Join(p.asked, "\n"); asked != tt.asked {
				t.Errorf("it asks for %q, want %q", asked, tt.asked)
			}
		})
	}
}

func TestLocationsByQuery(t *testing.T) {
	p := newLocationPortal(t)
	for _, tt := range []struct{ query, want string }{
		{`null`, "400 request/body/query must be object"},
		{`{}`, "l1 l2 l3"},
		{`{"id":"L2"}`, "l2"},
		{`{"type":"url","id":"l2"}`, "l2"},
		{`{"type":"file"}`, ""},
		{`{"colour":"red"}`, ""},
		{`{"colour":{"$exists":false}}`, "l1 l2 l3"},
		{`{"entityRef":{"$exists":true}}`, "l1 l2 l3"},
		{`{"target":{"$hasPrefix":"https://FILES.example/1"}}`, "l1"},
		{`{"id":{"$in":["l3","l1","l9"]}}`, "l1 l3"},
		{`{"$any":[{"id":"l1"},{"id":"l3"}]}`, "l1 l3"},
		{`{"$any":[]}`, ""},
		{`{"$all":[]}`, "l1 l2 l3"},
		{`{"$not":{"id":"l1"}}`, "l2 l3"},
		{`{"$all":[{"type":"url"},{"$not":{"id":"l1"}}]}`, "l2 l3"},
		{`"x"`, "400 request/body/query must be object"},
		{`{"id":{"$nope":1}}`, "400 Invalid query: Validation error: Expected string, received object at \\\"id\\\""},
		{`{"id":["l1"]}`, "400 Invalid query: Validation error: Expected string, received array at"},
		{`{"$not":{"id":"l1"},"type":"url"}`, "400 Invalid query: Validation error: Unrecognized key(s) in object: 'type'"},
		{`{"$nope":[]}`, "400 Invalid query: Validation error: Invalid at"},
		{`{"$any":{}}`, "400 Expected array, received object at"},
	} {
		t.Run(tt.query, func(t *testing.T) {
			status, body := p.ask(t, "POST", "/locations/by-query", `{"query":`+tt.query+`}`)
			if status != 200 {
				if want, ok := strings.CutPrefix(tt.want, "400 "); !ok || !strings.Contains(body, want) {
					t.Errorf("got %d %s, want %s", status, body, tt.want)
				}
				return
			}
			ids, _, _ := locationPage(t, body)
			if ids != tt.want {
				t.Errorf("got %s, want %s", ids, tt.want)
			}
		})
	}
}

func locationPage(tb testing.TB, body string) (ids string, total int, next string) {
	tb.Helper()
	var page struct {
		Items      []struct{ ID string }
		TotalItems int
		PageInfo   struct{ NextCursor string }
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	var all []string
	for _, l := range page.Items {
		all = append(all, l.ID)
	}
	return strings.Join(all, " "), page.TotalItems, page.PageInfo.NextCursor
}

func TestLocationsByQueryPages(t *testing.T) {
	p := newLocationPortal(t)
	status, body := p.ask(t, "POST", "/locations/by-query", `{"limit":2,"query":{"type":"url"}}`)
	ids, total, next := locationPage(t, body)
	if status != 200 || ids != "l1 l2" || total != 3 || next == "" {
		t.Fatalf("the first page is %d %s", status, body)
	}
	// A cursor brings its own question with it.
	status, body = p.ask(t, "POST", "/locations/by-query", `{"cursor":"`+next+`","query":{"type":"file"}}`)
	if ids, total, next := locationPage(t, body); status != 200 || ids != "l3" || total != 3 || next != "" {
		t.Errorf("the second page is %d %s", status, body)
	}
	for _, limit := range []string{"0", "-1", "1.5"} {
		if status, body := p.ask(t, "POST", "/locations/by-query", `{"limit":`+limit+`}`); status != 400 || !strings.Contains(body, "Limit must be a positive integer") {
			t.Errorf("limit %s: %d %s", limit, status, body)
		}
	}
	if status, body := p.ask(t, "POST", "/locations/by-query", `{"cursor":"nonsense"}`); status != 400 || !strings.Contains(body, "Malformed cursor") {
		t.Errorf("a broken cursor: %d %s", status, body)
	}
}

// Backstage comes to the entities of a location by way of a stack.
func TestDryRunOrder(t *testing.T) {
	p := newLocationPortal(t)
	declared := func(name, parent string) event.Declaration {
		return event.Declaration{
			Entity: catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "Location", Metadata: catalog.Metadata{Name: name, Namespace: "default"}},
			Origin: event.Origin{Parent: parent},
		}
	}
	p.preview = api.LocationPreview{Declared: []event.Declaration{
		declared("root", ""), declared("a", "location:default/root"), declared("b", "location:default/root"),
		declared("c", "location:default/a"), declared("d", "location:default/b"),
	}}
	status, body := p.ask(t, "POST", "/locations?dryRun=true", `{"type":"url","target":"https://files.example/x.yaml"}`)
	var answer struct {
		Entities []struct{ Metadata struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	var names []string
	for _, e := range answer.Entities {
		names = append(names, e.Metadata.Name)
	}
	if d := cmp.Diff([]string{"root", "b", "d", "a", "c"}, names); d != "" {
		t.Error(d)
	}
}

func TestDryRunFailures(t *testing.T) {
	for _, tt := range []struct {
		failure api.LocationFailure
		says    string
	}{
		{api.LocationFailure{Kind: "missing", Location: "url:https://files.example/y.yaml"}, "NotFoundError: Unable to read url, no matching files found for https://files.example/y.yaml"},
		{api.LocationFailure{Kind: "denied", Location: "url:https://files.example/y.yaml"}, "Error: Unable to read url, NotAllowedError: Reading from 'https://files.example/y.yaml' is not allowed."},
		{api.LocationFailure{Kind: "forbidden", Location: "url:https://files.example/y.yaml", Ref: "group:default/g"}, "NotAllowedError: Entity group:default/g at url:https://files.example/y.yaml, originated at url:https://files.example/x.yaml, is not of an allowed kind for that location"},
		{api.LocationFailure{Kind: "unusable", Location: "url:https://files.example/y.yaml", Inside: event.Problem{Message: "so", Line: 3, Column: 5}}, "Error: YAML error at url:https://files.example/y.yaml, YAMLParseError: so at line 3, column 5"},
		{api.LocationFailure{Kind: "unread", Location: "url:https://files.example/y.yaml", Problem: event.Problem{Message: "so"}}, "Error: Unable to read url, so"},
	} {
		t.Run(tt.failure.Kind, func(t *testing.T) {
			p := newLocationPortal(t)
			p.preview = api.LocationPreview{Failures: []api.LocationFailure{tt.failure}}
			status, body := p.ask(t, "POST", "/locations?dryRun=true", `{"type":"url","target":"https://files.example/x.yaml"}`)
			if status != 400 || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want 400 with %s", status, body, tt.says)
			}
		})
	}
}

func FuzzLocationsByQuery(f *testing.F) {
	f.Add(`{"query":{"$any":[{"id":{"$in":["l1",2,null]}},{"$not":{}}]},"limit":1}`)
	f.Add(`{"cursor":"` + base64.StdEncoding.EncodeToString([]byte(`{"limit":1,"query":{"type":"url"},"afterId":"l1"}`)) + `"}`)
	f.Add(`{"query":{"target":{"$hasPrefix":""}},"limit":1e99}`)
	p := newLocationPortal(f)
	f.Fuzz(func(t *testing.T, body string) {
		status, answer := p.ask(t, "POST", "/locations/by-query", body)
		switch status {
		case 200:
			if _, total, _ := locationPage(t, answer); total > 3 {
				t.Errorf("%s selects %d of 3", body, total)
			}
		case 400:
		default:
			t.Errorf("%s: %d %s", body, status, answer)
		}
	})
}
