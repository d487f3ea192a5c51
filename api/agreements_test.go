package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
)

// office is an API at which exemptions and initiatives are made: on record at once, in a
// catalog in memory.
type office struct {
	t       *testing.T
	story   *projectiontest.Story
	catalog *entities.Catalog
	*httptest.Server
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, story: projectiontest.NewStory(t), catalog: entities.New()}
	o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: readiness, title: Readiness}
spec:
  owner: group:default/platform
  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}]
  rules: [{id: docs, level: Silver, title: Has docs, expr: docs.present}]
`)
	o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Exemption
metadata: {name: filed}
spec: {scorecard: readiness, entity: component:default/ledger, reason: It is in a file}
`)
	for _, name := range []string{"payments", "ledger"} {
		o.story.Add("component:default/"+name, event.EntityRegistered{Declaration: projectiontest.Component(name, "bank")})
	}
	o.fold()
	now := func() time.Time { return time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC) }
	e := echo.New()
	api.New(api.Config{
		Catalog: o.catalog.Snapshot, Now: now, Scores: stood{}, Agreements: agreements.Reader{Scores: stood{}, Events: stood{}},
		Desk:   &desk.Desk{Catalog: func() desk.Catalog { return o }, Make: o.make, Now: now},
		Wait:   func(context.Context, eventlog.Position) error { return nil },
		Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	o.Server = httptest.NewServer(e)
	t.Cleanup(o.Close)
	return o
}

// stood is what is on record of scores: payments stands at Bronze, and always did; by the card
// named place, at Steady.
type stood struct{}

func (stood) List(_ context.Context, q scores.Query) ([]scores.Score, error) {
	if q.Entity != "" && q.Entity != "component:default/payments" {
		return nil, nil
	}
	level := "Bronze"
	if q.Card == "scorecard:default/place" {
		level = "Steady"
	}
	return []scores.Score{{Card: "scorecard:default/readiness", Entity: "component:default/payments", Level: level, Rules: []scores.Rule{{ID: "docs", Outcome: "fail"}}}}, nil
}

func (stood) Each(context.Context, []string, func(int, scores.Line)) error { return nil }

func (stood) Begun(context.Context, ...scores.Beginning) ([]scores.Score, error) { return nil, nil }

func (stood) SpellsOf(context.Context, string, eventlog.Position, []string) iter.Seq2[*scores.Spell, error] {
	return func(func(*scores.Spell, error) bool) {}
}

func (stood) Events(context.Context, history.Filter) (history.Page, error) {
	return history.Page{}, nil
}

func (o *office) fold() {
	o.t.Helper()
	if err := o.catalog.Apply(o.t.Context(), o.story.Records()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) declare(source, text string) eventlog.Position {
	o.t.Helper()
	f := descriptor.ResolveOf(scorecards.Kinds(), []byte(text), nil)
	if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
		o.t.Fatalf("%s: %+v", text, f)
	}
	d := event.Declaration{Entity: *f.Documents[0].Entity, Origin: event.Origin{Source: source, Repository: "acme/cards", Path: "catalog-info.yaml", Line: 1}}
	ref := d.Entity.Ref().String()
	var data event.Data = event.EntityRegistered{Declaration: d}
	if _, there := o.Entity(ref); there {
		data = event.EntityChanged{Declaration: d}
	}
	o.story.Add(ref, data)
	o.fold()
	return eventlog.Position(len(o.story.Records()))
}

func (o *office) make(_ context.Context, ref string, decide func(*catalog.Entity) (*catalog.Entity, error)) (eventlog.Position, error) {
	now, _ := o.Entity(ref)
	e, err := decide(now)
	if err != nil {
		return 0, err
	}
	text, err := descriptor.Format(e)
	if err != nil {
		return 0, err
	}
	return o.declare(event.PortalSource, string(text)), nil
}

func (o *office) Entity(ref string) (*catalog.Entity, bool) {
	e, ok := o.catalog.Snapshot().Get(ref)
	if !ok {
		return nil, false
	}
	return e.Entity, true
}

func (o *office) Since(ref string) eventlog.Position {
	if e, ok := o.catalog.Snapshot().Get(ref); ok {
		return e.Since.Position
	}
	return 0
}

func (o *office) User(string) string { return "" }

func (o *office) Kind(kind string) (all []*catalog.Entity) {
	for _, e := range o.catalog.Snapshot().Find(entities.Query{Kinds: []string{kind}}).Entries {
		all = append(all, e.Entity)
	}
	return all
}

// answer is what the API says to a request.
type answer struct {
	status int
	text   string
	says   struct {
		Ref         string
		Position    eventlog.Position
		Detail      string
		Status      any // of an exemption a word, of a problem a number
		Reason      string
		Until       string
		RequestedBy string
		DecidedBy   string
		Title       string
		Target      string
		State       string
		Asked, Done int
		Items       []json.RawMessage
	}
}

func (o *office) ask(method, path, body string) answer {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.URL+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := o.Client().Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, text: string(b)}
	if err := json.Unmarshal(b, &a.says); err != nil {
		o.t.Fatalf("%s %s: %s: %v", method, path, b, err)
	}
	return a
}

// refuses asks for what is refused, with words that the answer has.
func (o *office) refuses(status int, words, method, path, body string) {
	o.t.Helper()
	if a := o.ask(method, path, body); a.status != status || !strings.Contains(a.says.Detail, words) {
		o.t.Errorf("%s %s %s: %d %s; want %d %q", method, path, body, a.status, a.text, status, words)
	}
}

func TestExemptions(t *testing.T) {
	o := newOffice(t)
	const all, one = "/api/exemptions", "/api/exemptions/payments-docs"
	const ask = `{"entity": "payments", "scorecard": "readiness", "rules": ["docs"], "reason": "They move", "until": "2026-06-30", "by": "Salt Marsh"}`
	for _, tt := range []struct{ body, words string }{
		{``, "it is empty"},
		{`{`, "it breaks off"},
		{`{"entity": 1}`, "entity must be a string, found number"},
		{`{"of": "payments"}`, `there is no field "of"`},
		{`{}`, "by: say who you are"},
		{strings.Replace(ask, "payments", "nobody", 1), "entity: there is no component:default/nobody in the catalog"},
		{strings.Replace(ask, "readiness", "none", 1), "scorecard: there is no scorecard none"},
		{strings.Replace(ask, "docs", "tests", 1), "rules: Readiness has no rule tests"},
		{strings.Replace(ask, "They move", " ", 1), "reason: say why"},
		{strings.Replace(ask, "2026-06-30", "2026-06-31", 1), "until: must be a day"},
		{strings.Replace(ask, "2026-06-30", "2026-03-11", 1), "until: must not be over already"},
	} {
		o.refuses(http.StatusBadRequest, tt.words, "POST", all, tt.body)
	}
	made := o.ask("POST", all, ask)
	if made.status != http.StatusCreated || made.says.Ref != "exemption:default/payments-docs" || made.says.Position == 0 {
		t.Fatalf("asked for: %d %s", made.status, made.text)
	}
	o.refuses(http.StatusConflict, "waits for a decision: exemption:default/payments-docs", "POST", all, ask)
	is := o.ask("GET", one, "")
	if is.says.Status != "requested" || is.says.Until != "2026-06-30" || is.says.RequestedBy != "Salt Marsh" || is.says.Position != made.says.Position {
		t.Errorf("it is %s", is.text)
	}
	for query, want := range map[string]int{
		"": 2, "?status=requested": 1, "?status=granted": 1, "?entity=payments": 1, "?owner=bank": 2, "?scorecard=readiness": 2, "?scorecard=scorecard:default/readiness": 2,
	} {
		if a := o.ask("GET", all+query, ""); a.status != http.StatusOK || len(a.says.Items) != want {
			t.Errorf("%s: %d %s; want %d", query, a.status, a.text, want)
		}
	}
	o.refuses(http.StatusBadRequest, "status", "GET", all+"?status=maybe", "")
	for query, words := range map[string]string{"?owner=shop": "there is no group:default/shop", "?scorecard=none": "there is no scorecard:default/none", "?entity=nobody": "there is no component:default/nobody"} {
		o.refuses(http.StatusNotFound, words, "GET", all+query, "")
	}
	if a := o.ask("GET", all+"/filed", ""); !strings.Contains(a.text, `"inForce":true`) || strings.Contains(a.text, "astray") {
		t.Errorf("what holds is %s", a.text)
	}
	o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Exemption
metadata: {name: lost}
spec: {scorecard: readiness, entity: component:default/nobody, reason: It is in a file}
`)
	if a := o.ask("GET", all+"/lost", ""); a.says.Status != "granted" || !strings.Contains(a.text, `"inForce":false,"astray":"there is no component:default/nobody in the catalog"`) {
		t.Errorf("what nothing comes of is %s", a.text)
	}

	for _, what := range []string{"grant", "deny", "revoke"} {
		o.refuses(http.StatusNotFound, "there is no exemption:default/none", "POST", "/api/exemptions/none/"+what, `{"note": "x", "by": "Moss Bank"}`)
		o.refuses(http.StatusBadRequest, "by: say who you are", "POST", one+"/"+what, `{"note": "x"}`)
	}
	o.refuses(http.StatusBadRequest, "note: say why", "POST", one+"/deny", `{"by": "Moss Bank"}`)
	o.refuses(http.StatusBadRequest, "until: must not be after", "POST", one+"/grant", `{"until": "2026-07-01", "by": "Moss Bank"}`)
	o.refuses(http.StatusConflict, "only what is granted can be revoked", "POST", one+"/revoke", `{"note": "x", "by": "Moss Bank"}`)
	o.refuses(http.StatusNotFound, "there is no exemption:default/none", "GET", "/api/exemptions/none", "")

	// Who decides about what somebody changed since they looked is told so.
	stale := fmt.Sprintf(`{"by": "Moss Bank", "note": "x", "position": %d}`, made.says.Position-1)
	for _, what := range []string{"grant", "deny"} {
		o.refuses(http.StatusConflict, "was changed meanwhile", "POST", one+"/"+what, stale)
	}
	if a := o.ask("POST", one+"/grant", stale); a.says.Position != made.says.Position {
		t.Errorf("it does not say since when it is as it is: %s", a.text)
	}
	fresh := fmt.Sprintf(`{"by": "Moss Bank", "note": "Shorter", "until": "2026-04-30", "position": %d}`, made.says.Position)
	if a := o.ask("POST", one+"/grant", fresh); a.status != http.StatusCreated {
		t.Fatalf("granted: %d %s", a.status, a.text)
	}
	if is = o.ask("GET", one, ""); is.says.Status != "granted" || is.says.Until != "2026-04-30" || is.says.DecidedBy != "Moss Bank" {
		t.Errorf("granted, it is %s", is.text)
	}
	o.refuses(http.StatusConflict, "was changed meanwhile", "POST", one+"/revoke", stale)
	o.refuses(http.StatusConflict, "only what is asked for can be denied", "POST", one+"/deny", `{"note": "x", "by": "Moss Bank"}`)
	if a := o.ask("POST", one+"/revoke", `{"note": "They have moved", "by": "Fen Lock"}`); a.status != http.StatusCreated {
		t.Errorf("revoked: %d %s", a.status, a.text)
	}
}

func TestInitiatives(t *testing.T) {
	o := newOffice(t)
	const all, one = "/api/initiatives", "/api/initiatives/silver-by-summer"
	terms := func(change ...string) string {
		text := `{"title": "Silver by summer", "scorecard": "readiness", "level": "Silver", "target": "2026-06-30", "by": "Moss Bank"}`
		return strings.NewReplacer(change...).Replace(text)
	}
	for _, tt := range []struct{ body, words string }{
		{``, "it is empty"},
		{`[]`, "it must be an object, found array"},
		{`{"remind": [1.5]}`, "must be a whole number, found number 1.5"},
		{terms(`"by"`, `"who"`), `there is no field "who"`},
		{terms("Moss Bank", " "), "by: say who you are"},
		{terms("Silver by summer", ""), "title: is missing"},
		{terms(`"readiness"`, `"none"`), "scorecard: there is no scorecard none"},
		{terms(`"Silver"`, `"Platinum"`), "level: Readiness has no level Platinum"},
		{terms("2026-06-30", "2026-03-11"), "target: must not be over already"},
		{terms(`"by"`, `"filter": "repo.archived", "by"`), "filter: reads repo.archived"},
	} {
		o.refuses(http.StatusBadRequest, tt.words, "POST", all, tt.body)
		if !strings.Contains(tt.words, "over already") {
			o.refuses(http.StatusBadRequest, tt.words, "PUT", one, tt.body)
		}
	}
	o.refuses(http.StatusBadRequest, "position must be a whole number, 0 or more, found number -5", "PUT", one, `{"position": -5}`)
	o.refuses(http.StatusNotFound, "there is no initiative:default/silver-by-summer", "PUT", one, terms())
	o.refuses(http.StatusNotFound, "there is no initiative:default/silver-by-summer", "GET", one, "")
	o.refuses(http.StatusNotFound, "there is no initiative:default/silver-by-summer", "POST", one+"/close", `{"note": "x", "by": "Moss Bank"}`)

	made := o.ask("POST", all, terms())
	if made.status != http.StatusCreated || made.says.Ref != "initiative:default/silver-by-summer" {
		t.Fatalf("opened: %d %s", made.status, made.text)
	}
	is := o.ask("GET", one, "")
	if is.says.State != "open" || is.says.Asked != 1 || is.says.Done != 0 || len(is.says.Items) != 1 || is.says.Position != made.says.Position {
		t.Errorf("it is %s", is.text)
	}

	// Two who looked at the same change it: the second is told, and undoes nothing.
	seen := fmt.Sprintf(`"position": %d, "by"`, is.says.Position)
	first := o.ask("PUT", one, terms("2026-06-30", "2026-07-31", `"by"`, seen))
	if first.status != http.StatusCreated {
		t.Fatalf("changed: %d %s", first.status, first.text)
	}
	second := o.ask("PUT", one, terms("Silver by summer", "Silver soon", `"by"`, seen))
	if second.status != http.StatusConflict || second.says.Position != first.says.Position || !strings.Contains(second.says.Detail, "was changed meanwhile") {
		t.Errorf("changed by the second: %d %s", second.status, second.text)
	}
	if is = o.ask("GET", one, ""); is.says.Target != "2026-07-31" || is.says.Title != "Silver by summer" || is.says.Position != first.says.Position {
		t.Errorf("then it is %s", is.text)
	}
	seen = fmt.Sprintf(`"position": %d, "by"`, is.says.Position)
	if a := o.ask("PUT", one, terms("Silver by summer", "Silver soon", "2026-06-30", "2026-07-31", `"by"`, seen)); a.status != http.StatusCreated {
		t.Errorf("changed by who looked again: %d %s", a.status, a.text)
	}
	o.refuses(http.StatusBadRequest, "to end it, close it", "PUT", one, terms("2026-06-30", "2026-03-11"))

	o.refuses(http.StatusBadRequest, "note: say why", "POST", one+"/close", `{"by": "Fen Lock"}`)
	o.refuses(http.StatusConflict, "position", "POST", one+"/close", `{"note": "x", "by": "Fen Lock", "position": 1}`)
	if a := o.ask("POST", one+"/close", `{"note": "Another way", "by": "Fen Lock"}`); a.status != http.StatusCreated {
		t.Errorf("closed: %d %s", a.status, a.text)
	}
	o.refuses(http.StatusConflict, "the initiative is over already", "POST", one+"/close", `{"note": "x", "by": "Fen Lock"}`)
	if a := o.ask("GET", all, ""); len(a.says.Items) != 1 || !strings.Contains(a.text, `"state":"closed"`) {
		t.Errorf("all are %s", a.text)
	}
}
