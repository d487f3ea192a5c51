package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/projectiontest"
)

// What is in the catalog, owns something in it, or has notices though it is gone, may have
// none; what is nowhere is not found.
func TestNotices(t *testing.T) {
	const card, gone = "scorecard:default/readiness", "scorecard:default/gone"
	story := projectiontest.NewStory(t)
	for ref, title := range map[string]string{card: "Readiness", gone: "Gone"} {
		name := ref[len("scorecard:default/"):]
		story.Add(ref, event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{
			APIVersion: "callboard.dev/v1alpha1", Kind: "Scorecard", Metadata: catalog.Metadata{Name: name, Namespace: "default", Title: title}, Spec: map[string]any{
				"levels": []any{map[string]any{"name": "Silver", "rank": 1}, map[string]any{"name": "Gold", "rank": 2}},
				"rules":  []any{map[string]any{"id": "owner", "title": "Has an owner", "level": "Gold", "expr": "true"}},
			},
		}}})
	}
	ledger := projectiontest.Component("ledger", "books")
	story.Add("component:default/payments", event.EntityRegistered{Declaration: projectiontest.Component("payments", "bank")})
	story.Add("component:default/ledger", event.EntityRegistered{Declaration: ledger})
	story.Add("component:default/ledger", event.ScoreChanged{Card: gone, Before: &event.Score{Level: "Gold"}, After: &event.Score{Level: "Silver"}})
	story.Add("component:default/ledger", event.EntityRemoved{Ref: "component:default/ledger", Origin: ledger.Origin})
	story.Add(gone, event.EntityRemoved{Ref: gone})
	all := entities.New()
	told, err := notices.Open(t.Context(), filepath.Join(t.TempDir(), "notices.db"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { told.Close() })
	for _, p := range []interface {
		Apply(ctx context.Context, records []eventlog.Record) error
	}{all, told} {
		if err := p.Apply(t.Context(), story.Records()); err != nil {
			t.Fatal(err)
		}
	}
	e := echo.New()
	api.New(api.Config{Catalog: all.Snapshot, Notices: told, Now: func() time.Time { return time.Now().AddDate(100, 0, 0) }}).Register(e)
	for _, c := range []struct {
		query  string
		status int
		words  string
	}{
		{"", http.StatusOK, `"totalItems":1`},
		{"?owner=bank", http.StatusOK, `"totalItems":0`},  // it owns something
		{"?owner=books", http.StatusOK, `"totalItems":1`}, // what it owned is gone
		{"?owner=nobody", http.StatusNotFound, "there is no group:default/nobody in the catalog"},
		{"?owner=bank&owner=user:nobody", http.StatusNotFound, "there is no user:default/nobody in the catalog"},
		{"?scorecard=readiness", http.StatusOK, `"totalItems":0`},
		{"?scorecard=gone", http.StatusOK, `"totalItems":1`},
		{"?scorecard=none", http.StatusNotFound, "there is no scorecard:default/none in the catalog"},
		{"?limit=many", http.StatusBadRequest, "limit must be a whole number"},
	} {
		a := httptest.NewRecorder()
		e.ServeHTTP(a, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/notices"+c.query, http.NoBody))
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.words) {
			t.Errorf("%s: %d %s; want %d %q", c.query, a.Code, a.Body, c.status, c.words)
		}
	}
}
