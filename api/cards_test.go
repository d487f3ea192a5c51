package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// A card is named by its name, with its namespace, or by its full reference, and however the path
// writes a colon. What is no card is none, and not deleted as one.
func TestCardsAreNamed(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"readiness", "default:readiness", "default%3Areadiness", "scorecard%3Adefault%2Freadiness"} {
		for _, of := range []string{"", "/results"} {
			if a := o.ask("GET", "/api/scorecards/"+name+of, ""); a.status != http.StatusOK {
				t.Errorf("%s%s: %d %s", name, of, a.status, a.text)
			}
		}
	}
	var card struct {
		Position eventlog.Position
	}
	if err := json.Unmarshal([]byte(o.ask("GET", "/api/scorecards/readiness", "").text), &card); err != nil || card.Position != o.Since("scorecard:default/readiness") {
		t.Errorf("its position is %d, %v", card.Position, err)
	}
	o.refuses(http.StatusNotFound, "there is no scorecard:", "DELETE", "/api/scorecards/exemption%3Adefault%2Ffiled", "")
	if _, is := o.Entity("exemption:default/filed"); !is {
		t.Error("an exemption is deleted as a scorecard")
	}
}

// report is what the API answers about maturity on 12 March 2026.
func report(t *testing.T, query string) (status int, text string) {
	t.Helper()
	o := newOffice(t)
	for kind, name := range map[string]string{"Group": "bank", "Domain": "money"} {
		e := catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: kind, Metadata: catalog.Metadata{Name: name}}
		o.story.Add(e.Ref().String(), event.EntityRegistered{Declaration: event.Declaration{Entity: e}})
	}
	o.fold()
	e := echo.New()
	api.New(api.Config{
		Catalog: o.catalog.Snapshot, Scores: stood{}, History: &told{}, Trends: days{}, Now: func() time.Time { return time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC) },
		Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, query, nil))
	return w.Code, w.Body.String()
}

// A part of the organisation is divided by the grouping that has it, unless another is asked for,
// which has nothing of it.
func TestMaturityWithin(t *testing.T) {
	for query, want := range map[string]string{
		"": "domain", "group=team": "team", "within=none": "domain", "within=none&group=team": "team",
		"within=group:default/bank": "team", "within=group:default/bank&group=team": "team", "within=domain:default/money": "domain",
	} {
		status, text := report(t, "/api/maturity?"+query)
		var answer struct{ Group string }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Group != want {
			t.Errorf("%s: %d, by %q, %v; want %q", query, status, answer.Group, err, want)
		}
	}
	for query, want := range map[string]string{
		"within=group:default/bank&group=domain": "group=domain has no group:default/bank in it: leave it out, or write group=team",
		"within=domain:default/money&group=team": "group=team has no domain:default/money in it: leave it out, or write group=domain",
		"within=component:default/payments":      "component:default/payments is no domain, system, group or user",
	} {
		if status, text := report(t, "/api/maturity?"+query); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s; want 400 with %q", query, status, text, want)
		}
	}
}

// The groups as CSV say how many stand otherwise in the words of the JSON.
func TestMaturityAsCSV(t *testing.T) {
	if _, text := report(t, "/api/maturity?format=csv"); !strings.Contains(text, ",reached,higher,lower,unknown,") {
		t.Errorf("the table is %s", text)
	}
}

// A day that begins a period is in it from its beginning, one that ends it up to its end, of today up
// to now.
func TestMaturityOfDays(t *testing.T) {
	const now = "2026-03-12T09:00:00Z"
	for query, want := range map[string][2]string{
		"from=2026-02-01&to=2026-03-01":           {"2026-02-01T00:00:00Z", "2026-03-01T23:59:59.999999999Z"},
		"from=2026-03-01&to=2026-03-01":           {"2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999999999Z"},
		"from=2026-02-01&to=2026-03-01T00:00:00Z": {"2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		"from=2026-02-01&to=2026-03-12":           {"2026-02-01T00:00:00Z", now},
		"from=2026-02-01&to=2026-12-31":           {"2026-02-01T00:00:00Z", now},
		"from=2026-02-01":                         {"2026-02-01T00:00:00Z", now},
	} {
		for _, path := range []string{"/api/maturity?", "/api/scorecards/readiness/trend?"} {
			status, text := report(t, path+query)
			var answer struct{ From, To string }
			if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.From != want[0] || answer.To != want[1] {
				t.Errorf("%s%s: %d, from %s to %s, %v; want %s", path, query, status, answer.From, answer.To, err, want)
			}
		}
	}
	for _, path := range []string{"/api/maturity", "/api/scorecards/readiness/trend"} {
		status, text := report(t, path+"?from=2026-03-02&to=2026-03-01")
		if want := "from must be before to, found 2026-03-02 to 2026-03-01"; status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s; want 400 with %q", path, status, text, want)
		}
	}
}

// What is wrong with no field of a card is told without one.
func TestWhatIsNoCard(t *testing.T) {
	o := newOffice(t)
	const card = "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: readiness}\nspec: {rules: [{id: docs, title: Has docs, expr: docs.present}]}\n"
	o.refuses(http.StatusBadRequest, "line 1, column 1: must be one scorecard, found 2 documents", "PUT", "/api/scorecards/readiness", card+"---\n"+strings.Replace(card, "readiness", "other", 1))
}
