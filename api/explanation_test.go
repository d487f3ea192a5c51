package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// beginnings are moments at which nothing was in the catalog.
type beginnings struct{}

func (beginnings) Parse(_ context.Context, at, _ string) (projections.Moment, error) {
	t, err := time.Parse(time.DateOnly, at)
	return projections.Moment{At: t}, err
}

func (beginnings) Bound(context.Context, string, string) (time.Time, error) { return time.Time{}, nil }

func (beginnings) Catalog(context.Context, projections.Moment) (*entities.Snapshot, error) {
	return entities.New().Snapshot(), nil
}

// A draft is explained as of a moment before it was made, too, as it is now; a card that judges
// is not.
func TestADraftIsExplainedBeforeItWasMade(t *testing.T) {
	o := newOffice(t)
	o.declare("github", `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: planned, title: Planned}
spec: {draft: true, rules: [{id: docs, title: Has docs, expr: docs.present}]}
`)
	explain := func(_ context.Context, q scorer.Question) (*scorer.Explained, error) {
		if q.Draft == nil {
			return nil, fault.New(fault.NotFound, "no %s judges anything at that moment", q.Card)
		}
		result := scorecards.RuleResult{Outcome: scorecards.Pass}
		return &scorer.Explained{Explanation: &scorecards.Explanation{Result: result}, Card: q.Draft, Rule: q.Draft.Rule(q.Rule), At: q.At}, nil
	}
	e := echo.New()
	api.New(api.Config{
		Catalog: o.catalog.Snapshot, Moments: beginnings{}, Explain: explain, Scores: stood{},
		Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	for _, tt := range []struct {
		path   string
		status int
		want   string
	}{
		{"planned/explanation?entity=component:default/payments&rule=docs&at=2026-01-10", http.StatusOK, `"title":"Has docs","at":"2026-01-10T00:00:00Z"`},
		{"planned/explanation?entity=component:default/payments&rule=docs", http.StatusOK, `"outcome":"pass"`},
		{"readiness/explanation?entity=component:default/payments&rule=docs&at=2026-01-10", http.StatusNotFound, "judges anything at that moment"},
		{"nowhere/explanation?entity=component:default/payments&rule=docs&at=2026-01-10", http.StatusNotFound, "judges anything at that moment"},
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/scorecards/"+tt.path, nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s; want %d with %s", tt.path, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

// A period that ends before it begins is told in the words of the request.
func TestFromIsBeforeTo(t *testing.T) {
	o := newOffice(t)
	e := echo.New()
	api.New(api.Config{
		Catalog: o.catalog.Snapshot, Trends: days{}, History: &told{}, Now: func() time.Time { return time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC) },
		Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/scorecards/readiness/trend?from=2026-03-02&to=2026-03-01", nil))
	if want := "from must be before to, found 2026-03-02 to 2026-03-01"; w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s; want 400 with %q", w.Code, w.Body, want)
	}
}
