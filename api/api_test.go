package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/standing"
)

// portal is an API over a small catalog, and the knobs that tests turn.
type portal struct {
	catalog    *entities.Catalog
	history    fakeHistory
	deliveries fakeDeliveries
	health     api.Health
	waited     eventlog.Position
	replayed   []string
	allowed    []string
	surveyed   []string
	standing   fakeStanding
	*httptest.Server
}

type fakeHistory struct {
	asked history.Filter
	page  history.Page
	err   error
}

func (f *fakeHistory) Events(_ context.Context, asked history.Filter) (history.Page, error) {
	f.asked = asked
	return f.page, f.err
}

func (f *fakeHistory) Position(context.Context) (eventlog.Position, error) {
	if len(f.page.Entries) == 0 {
		return 0, f.err
	}
	return f.page.Entries[0].Position, f.err
}

func (f *fakeHistory) Event(_ context.Context, p eventlog.Position) (history.Entry, error) {
	for _, e := range f.page.Entries {
		if e.Position == p {
			return e, nil
		}
	}
	return history.Entry{}, fault.New(fault.NotFound, "there is no event %d", p)
}

type fakeDeliveries struct {
	asked     deliveries.Filter
	page      deliveries.Page
	summaries []deliveries.Summary
	attempts  []deliveries.Attempt
}

func (f *fakeDeliveries) List(_ context.Context, asked deliveries.Filter) (deliveries.Page, error) {
	f.asked = asked
	return f.page, nil
}

func (f *fakeDeliveries) Summaries(context.Context) ([]deliveries.Summary, error) {
	return f.summaries, nil
}

func (f *fakeDeliveries) Get(_ context.Context, id string) (deliveries.Delivery, error) {
	for _, d := range f.page.Deliveries {
		if d.ID == id {
			return d, nil
		}
	}
	return deliveries.Delivery{}, fault.New(fault.NotFound, "there is no delivery %q", id)
}

func (f *fakeDeliveries) Attempts(context.Context, string) ([]deliveries.Attempt, error) {
	return f.attempts, nil
}

type fakeStanding struct {
	all  []standing.State
	gaps []repositories.Gap
}

func (f *fakeStanding) All(context.Context) ([]standing.State, error) { return f.all, nil }

func (f *fakeStanding) One(_ context.Context, name string) (standing.State, error) {
	for _, s := range f.all {
		if s.Source == name {
			return s, nil
		}
	}
	return standing.State{}, fault.New(fault.NotFound, "there is no source %q", name)
}

func (f *fakeStanding) Gaps(context.Context, string, int) ([]repositories.Gap, error) {
	return f.gaps, nil
}

func newPortal(t testing.TB) *portal {
	t.Helper()
	p := &portal{catalog: entities.New()}
	story := projectiontest.NewStory(t)
	for _, c := range []struct{ name, owner, lifecycle string }{
		{"payments", "team-a", "production"}, {"Ledger", "team-a", "production"}, {"cart", "team-b", "experimental"},
	} {
		d := projectiontest.Component(c.name, c.owner)
		d.Entity.Spec["lifecycle"] = c.lifecycle
		d.Entity.Metadata.Tags = []string{"go"}
		d.Entity.Metadata.Annotations = map[string]string{"acme.example/on.call": "yes"}
		story.Add(strings.ToLower(d.Entity.Ref().String()), event.EntityRegistered{Declaration: d})
	}
	if err := p.catalog.Apply(t.Context(), story.Records()); err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Use(middleware.RequestIDWithConfig(middleware.RequestIDConfig{Generator: func() string { return "req-1" }}))
	api.New(api.Config{
		Catalog: p.catalog.Snapshot, History: &p.history, Deliveries: &p.deliveries,
		Replay: func(_ context.Context, id, _ string) error {
			if id == "github:unknown" {
				return fault.New(fault.NotFound, "there is no delivery %q", id)
			}
			p.replayed = append(p.replayed, id)
			return nil
		},
		Allow: func(_ context.Context, id, _ string) error {
			p.allowed = append(p.allowed, id)
			return nil
		},
		Standing: &p.standing, Gaps: &p.standing,
		Webhook: func(source string) (api.Webhook, bool) {
			return api.Webhook{Made: "the webhook of acme is made"}, source == "github"
		},
		Survey: func(_ context.Context, source string) error {
			if source == "git" {
				return fault.New(fault.Conflict, "source git is not surveyed")
			}
			p.surveyed = append(p.surveyed, source)
			return nil
		},
		Kinds: catalog.BuiltIn(), Sources: func() []api.Source {
			return []api.Source{{Name: "github", Type: "github", URL: "http://127.0.0.1:8080/hooks/github"}}
		},
		Wait: func(_ context.Context, at eventlog.Position) error {
			if p.waited = at; at > 100 {
				return fault.New(fault.Unavailable, "entities has reached position 3, not yet %d", at)
			}
			return nil
		},
		Health: func(context.Context) (api.Health, error) { return p.health, nil },
		Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	p.Server = httptest.NewServer(e)
	t.Cleanup(p.Close)
	return p
}

func (p *portal) do(t *testing.T, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := p.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, strings.TrimSpace(string(b))
}

func TestEntities(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct{ query, want string }{
		{"", "payments Ledger cart"},
		{"?filter=spec.lifecycle=production", "payments Ledger"},
		{"?filter=kind=component,spec.owner=TEAM-B", "cart"},
		{"?filter=metadata.name=cart&filter=metadata.name=ledger", "Ledger cart"},
		{"?filter=metadata.name=cart,metadata.name=ledger", "Ledger cart"},
		{"?filter=metadata.tags.go=true", "payments Ledger cart"},
		{"?filter=metadata.tags=go,spec.lifecycle=experimental", "cart"},
		{"?filter=metadata.annotations.acme.example/on.call", "payments Ledger cart"},
		{"?filter=relations.ownedBy=group:default/team-b", "cart"},
		{"?filter=spec.nothing", ""},
		{"?filter=metadata.etag", ""},
		{"?filter=kind=component,,spec.lifecycle=experimental,", "cart"},
		{"?order=desc:metadata.name", "payments Ledger cart"},
		{"?order=asc:spec.owner&order=desc:metadata.name&limit=9", "payments Ledger cart"},
		{"?limit=2", "cart Ledger"},
		{"?limit=2&offset=2", "payments"},
		{"?offset=99", ""},
	} {
		t.Run(tt.query, func(t *testing.T) {
			resp, body := p.do(t, "GET", "/api/catalog/entities"+tt.query)
			var list []struct {
				Metadata struct{ Name string }
			}
			if err := json.Unmarshal([]byte(body), &list); err != nil || resp.StatusCode != 200 {
				t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
			}
			var names []string
			for _, e := range list {
				names = append(names, e.Metadata.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEntityPagesFollowTheLink(t *testing.T) {
	p := newPortal(t)
	next, pages := "/entities?limit=1&fields=metadata.name", ""
	for next != "" {
		resp, body := p.do(t, "GET", "/api/catalog"+next)
		pages += body
		next, _, _ = strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
	}
	if want := `[{"metadata":{"name":"cart"}}][{"metadata":{"name":"Ledger"}}][{"metadata":{"name":"payments"}}]`; pages != want {
		t.Errorf("pages are %s, want %s", pages, want)
	}
}

func TestFieldsMayHoldDots(t *testing.T) {
	_, body := newPortal(t).do(t, "GET", "/api/catalog/entities?filter=metadata.name=cart&fields=kind,metadata.annotations.acme.example/on.call,spec.nothing")
	if want := `[{"kind":"Component","metadata":{"annotations":{"acme.example/on.call":"yes"}}}]`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestEntityByName(t *testing.T) {
	p := newPortal(t)
	resp, body := p.do(t, "GET", "/api/catalog/entities/by-name/COMPONENT/Default/l%65dger")
	if resp.StatusCode != 200 || !strings.Contains(body, `"name":"Ledger"`) || !strings.Contains(body, `"relations":[{"type":"ownedBy","targetRef":"group:default/team-a"}]`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Callboard-Position"); got != "3" {
		t.Errorf("Callboard-Position is %q, want 3", got)
	}
	_, body = p.do(t, "GET", "/api/catalog/entities/by-uid/uid-cart")
	if !strings.Contains(body, `"name":"cart"`) {
		t.Errorf("by uid: %s", body)
	}
}

func TestBackstageErrors(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"/entities/by-name/spaceship/default/enterprise", 404,
			`{"error":{"name":"NotFoundError","message":"No entity named 'enterprise' found, with kind 'spaceship' in namespace 'default'"},"request":{"method":"GET","url":"/entities/by-name/spaceship/default/enterprise"},"response":{"statusCode":404}}`},
		{"/entities?filter=", 400, `{"error":{"name":"InputError","message":"Empty value found for query parameter 'filter'"},"request":{"method":"GET","url":"/entities?filter="},"response":{"statusCode":400}}`},
		{"/entities?fields=metadata.tags%5B0%5D", 400, `Invalid field \"metadata.tags[0]\", array type fields are not supported`},
		{"/entities?order=up:metadata.name", 400, `Invalid order parameter \"up:metadata.name\"`},
		{"/entities?limit=-1", 400, `request/query/limit must be \u003e= 0`},
		{"/entities?limit=many", 400, `request/query/limit must be integer`},
		{"/entities?after=", 400, `Empty value`},
		{"/entities?after=%21%21", 400, `Malformed after cursor`},
	} {
		resp, body := p.do(t, "GET", "/api/catalog"+tt.path)
		if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s: %d %s\nwant %d %s", tt.path, resp.StatusCode, body, tt.status, tt.want)
		}
	}
}

func TestEventsPassTheFilterOn(t *testing.T) {
	p := newPortal(t)
	p.history.page = history.Page{Entries: []history.Entry{{Position: 3, Type: event.TypeEntityChanged}}, Next: 3, Total: 9, More: true}
	_, body := p.do(t, "GET", "/api/history/events?entity=Component:payments&type=entity.changed&actor=mossbank&commit=ab&q=owner&from=2026-03-01&to=2026-03-02T10:00:00%2B02:00&order=asc&after=7&limit=5&source=github")
	for _, want := range []string{`"nextCursor":"3"`, `"totalItems":9`, `"moreItems":true`, `"changes":[]`, `"position":3`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s\nlacks %s", body, want)
		}
	}
	asked := p.history.asked
	if asked.Entity != "component:default/payments" || asked.Type != "entity.changed" || asked.Actor != "mossbank" || asked.Commit != "ab" ||
		asked.Text != "owner" || !asked.Oldest || asked.After != 7 || asked.Limit != 5 || asked.Source != "github" ||
		asked.From.Format("2006-01-02") != "2026-03-01" || asked.To.UTC().Hour() != 8 {
		t.Errorf("asked for %+v", asked)
	}
}

func TestProblems(t *testing.T) {
	p := newPortal(t)
	for _, tt := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/api/history/events?from=yesterday", 400, `from must be a date such as 2026-07-01`},
		{"GET", "/api/history/events?limit=-1", 400, `limit must be a whole number`},
		{"GET", "/api/history/events?order=up", 400, `order must be asc or desc`},
		{"GET", "/api/history/events?entity=a/b/", 400, `entity`},
		{"GET", "/api/deliveries?status=bogus", 400, `status must be one of`},
		{"GET", "/api/history/events/77", 404, `there is no event 77`},
		{"GET", "/api/history/events/x", 400, `position must be a number`},
		{"POST", "/api/deliveries/github:unknown/replay", 404, `there is no delivery`},
	} {
		resp, body := p.do(t, tt.method, tt.path)
		if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s\nwant %d %s", tt.path, resp.StatusCode, resp.Header.Get("Content-Type"), body, tt.status, tt.want)
		}
	}
}

// What is internal never reaches the caller; an id to ask for it does.
func TestInternalErrorsShowAnIDOnly(t *testing.T) {
	p := newPortal(t)
	p.history.err = errors.New("open /secret/path: disk on fire")
	resp, body := p.do(t, "GET", "/api/history/events")
	if resp.StatusCode != 500 || strings.Contains(body, "secret") || !strings.Contains(body, "req-1") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestWaitPosition(t *testing.T) {
	p := newPortal(t)
	if resp, _ := p.do(t, "GET", "/api/catalog/entities", "Callboard-Wait-Position", "3"); resp.StatusCode != 200 || p.waited != 3 {
		t.Errorf("status %d, waited for %d", resp.StatusCode, p.waited)
	}
	if resp, body := p.do(t, "GET", "/api/catalog/entities", "Callboard-Wait-Position", "101"); resp.StatusCode != 503 || !strings.Contains(body, "ServiceUnavailableError") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := p.do(t, "GET", "/api/history/events", "Callboard-Wait-Position", "soon"); resp.StatusCode != 400 {
		t.Errorf("status %d, want 400", resp.StatusCode)
	}
}

func TestSourcesAndDeliveries(t *testing.T) {
	p := newPortal(t)
	d := deliveries.Delivery{ID: "github:1", Source: "github", Event: "push", Status: event.DeliveryDone}
	p.deliveries.page = deliveries.Page{Deliveries: []deliveries.Delivery{d}, Total: 1}
	_, body := p.do(t, "GET", "/api/deliveries?q=tree&event=push&repository=led&from=2026-03-12")
	want := deliveries.Filter{Text: "tree", Event: "push", Repository: "led", From: time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)}
	if p.deliveries.asked != want || !strings.Contains(body, `"totalItems":1`) {
		t.Errorf("asked for %+v, got %s", p.deliveries.asked, body)
	}
	_, body = p.do(t, "GET", "/api/deliveries?status=failed&source=github&after=9")
	if p.deliveries.asked != (deliveries.Filter{Source: "github", Status: event.DeliveryFailed, Before: 9}) || !strings.Contains(body, `"events":[]`) {
		t.Errorf("asked for %+v, got %s", p.deliveries.asked, body)
	}
	resp, _ := p.do(t, "POST", "/api/deliveries/github:72d3162e/replay")
	if resp.StatusCode != 202 || !slices.Equal(p.replayed, []string{"github:72d3162e"}) {
		t.Errorf("replay: %d, replayed %v", resp.StatusCode, p.replayed)
	}
	resp, _ = p.do(t, "POST", "/api/deliveries/github:72d3162e/allow")
	if resp.StatusCode != 202 || !slices.Equal(p.allowed, []string{"github:72d3162e"}) {
		t.Errorf("allow: %d, allowed %v", resp.StatusCode, p.allowed)
	}
}

// One delivery is told of with all that became of it, and why it led to nothing.
func TestDelivery(t *testing.T) {
	p := newPortal(t)
	noon := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	p.deliveries.page.Deliveries = []deliveries.Delivery{
		{ID: "github:1", Source: "github", Event: "star", Status: event.DeliveryNotNeeded},
		{ID: "github:2", Source: "github", Event: "push", Status: event.DeliveryDismissedStatus, Error: "a trial"},
	}
	p.deliveries.attempts = []deliveries.Attempt{{At: noon, Status: event.DeliveryFailed, Reason: "the token may not", Tries: 5, Took: time.Second}, {At: noon, Status: event.DeliveryDismissedStatus, Reason: "a trial", By: "saltmarsh"}}
	for path, wants := range map[string][]string{
		"/api/deliveries/github:1": {`"status":"not needed"`, `"reason":"says nothing of entities"`},
		"/api/deliveries/github:2": {`"status":"dismissed"`, `"reason":"a trial"`, `"history":[{"at":"2026-03-12T12:00:00Z","status":"failed","reason":"the token may not","tries":5,"tookMs":1000},`, `"by":"saltmarsh"`},
		"/api/deliveries":          {`"reason":"says nothing of entities"`},
	} {
		resp, body := p.do(t, "GET", path)
		for _, want := range wants {
			if resp.StatusCode != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d, and no %s in\n%s", path, resp.StatusCode, want, body)
			}
		}
	}
	if resp, _ := p.do(t, "GET", "/api/deliveries/github:3"); resp.StatusCode != 404 {
		t.Errorf("one that is none: %d", resp.StatusCode)
	}
	if resp, body := p.do(t, "POST", "/api/deliveries/github:2/dismiss"); resp.StatusCode != 400 || !strings.Contains(body, "says why, and who you are: {\\\"reason\\\": \\\"…\\\", \\\"by\\\": \\\"…\\\"}: it is empty") {
		t.Errorf("dismissed without a word: %d %s", resp.StatusCode, body)
	}
}

func TestSources(t *testing.T) {
	p := newPortal(t)
	noon := time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)
	p.standing.all = []standing.State{{
		Source: "github", Truth: standing.Truth{Through: noon, Lag: 90 * time.Second, Is: standing.Gap},
		Backlog: deliveries.Backlog{Failed: 1, Held: 2}, Last: &deliveries.Delivery{ID: "github:1", Source: "github", Event: "push", Status: event.DeliveryDone},
		Counts: repositories.Counts{Repositories: 2000, Archived: 40, OpenGaps: 1, ClosedGaps: 3},
		Survey: &standing.Survey{Compared: noon, Running: "compare", Done: 7, Total: 2000, Budget: standing.Budget{Limit: 5000, Remaining: 4100}, People: standing.People{Groups: 4, People: 17, Read: noon, LeftOut: []string{"group:default/pay is taken"}}},
	}}
	p.standing.gaps = []repositories.Gap{{SourceGapFound: event.SourceGapFound{Gap: "g", Kind: event.GapHead, Detail: "main moved"}, Found: noon, Position: 7}}
	p.deliveries.summaries = []deliveries.Summary{{Source: "github", Total: 4}}
	_, all := p.do(t, "GET", "/api/sources")
	_, one := p.do(t, "GET", "/api/sources/github")
	for _, want := range []string{
		`"name":"github"`, `"url":"http://127.0.0.1:8080/hooks/github"`, `"condition":"gap"`, `"completeThrough":"2026-03-12T12:00:00Z"`, `"lagSeconds":90`, `"deliveries":4`, `"failed":1`, `"held":2`,
		`"id":"github:1"`, `"repositories":{"total":2000,"archived":40}`, `"gaps":{"open":1,"closed":3`, `"running":"compare","done":7,"total":2000,"found":0,"compared"`, `"budget":{"limit":5000,"remaining":4100}`,
		`"people":{"groups":4,"people":17,"read":"2026-03-12T12:00:00Z","leftOut":["group:default/pay is taken"]}`,
	} {
		if !strings.Contains(all, want) || !strings.Contains(one, want) {
			t.Errorf("neither may lack %s:\n%s\n%s", want, all, one)
		}
	}
	if !strings.Contains(one, `"webhook":{"running":false,"done":0,"made":"the webhook of acme is made"}`) {
		t.Errorf("what became of the webhook is not told:\n%s", one)
	}
	if !strings.Contains(one, `"detail":"main moved"`) || strings.Contains(all, "main moved") {
		t.Errorf("the gaps are those of one source:\n%s\n%s", all, one)
	}
	if resp, _ := p.do(t, "GET", "/api/sources/none"); resp.StatusCode != 404 {
		t.Errorf("a source that is none: %d", resp.StatusCode)
	}
	if resp, _ := p.do(t, "POST", "/api/sources/github/survey"); resp.StatusCode != 202 || !slices.Equal(p.surveyed, []string{"github"}) {
		t.Errorf("survey: %d, surveyed %v", resp.StatusCode, p.surveyed)
	}
	if resp, _ := p.do(t, "POST", "/api/sources/git/survey"); resp.StatusCode != 409 {
		t.Errorf("a survey of what is not surveyed: %d", resp.StatusCode)
	}
}

func TestReadiness(t *testing.T) {
	p := newPortal(t)
	p.health = api.Health{Projections: []api.ProjectionHealth{{Name: "entities", Ready: true}, {Name: "history", Lag: 12}}}
	resp, body := p.do(t, "GET", "/readyz")
	if resp.StatusCode != 503 || !strings.Contains(body, `"lag":12`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	p.health.Projections[1] = api.ProjectionHealth{Name: "history", Ready: true}
	if resp, _ := p.do(t, "GET", "/readyz"); resp.StatusCode != 200 {
		t.Errorf("status %d, want 200", resp.StatusCode)
	}
	p.health.Projections[0].Failing = true
	if resp, _ := p.do(t, "GET", "/readyz"); resp.StatusCode != 503 {
		t.Errorf("status %d while a projection stands still, want 503", resp.StatusCode)
	}
}

// Every route is described, and everything described is a route.
func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	b, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for m := range methods {
			described[strings.ToUpper(m)+" "+strings.NewReplacer("{", ":", "}", "").Replace(path)] = true
		}
	}
	for _, elsewhere := range []string{"POST /hooks/:source", "GET /metrics"} { // the door's and the wiring's
		if !described[elsewhere] {
			t.Errorf("%s is not described", elsewhere)
		}
		delete(described, elsewhere)
	}
	e := echo.New()
	api.New(api.Config{Catalog: entities.New().Snapshot}).Register(e)
	routes, gets, heads := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range e.Routes() {
		if r.Method == http.MethodHead {
			heads[r.Path] = true
		}
		if r.Method == http.MethodGet {
			gets[r.Path] = true
		}
		if r.Method == "echo_route_not_found" || r.Method == http.MethodHead || strings.HasSuffix(r.Path, "/") || r.Path == "/api/openapi.yaml" {
			continue
		}
		routes[r.Method+" "+strings.ReplaceAll(r.Path, "/*", "/:path")] = true
	}
	if d := cmp.Diff(described, routes); d != "" {
		t.Errorf("described (-) and served (+) differ:\n%s", d)
	}
	if d := cmp.Diff(gets, heads); d != "" {
		t.Errorf("what answers GET (-) and HEAD (+) differs:\n%s", d)
	}
}
