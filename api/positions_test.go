package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
)

// told is a history of events: when each became true, by position. It counts what it is asked.
type told struct {
	times []time.Time
	asked int
}

func (h *told) Position(context.Context) (eventlog.Position, error) {
	return eventlog.Position(len(h.times)), nil
}

func (h *told) Event(context.Context, eventlog.Position) (history.Entry, error) {
	return history.Entry{}, nil
}

func (h *told) Events(_ context.Context, f history.Filter) (page history.Page, err error) {
	h.asked++
	for i, at := range h.times {
		p := eventlog.Position(i + 1) //nolint:gosec // few
		if at.Before(f.To) && (f.Known == 0 || p <= f.Known) && (len(page.Entries) == 0 || !at.Before(page.Entries[0].Time)) {
			page.Entries = []history.Entry{{Position: p, Time: at}}
		}
	}
	return page, nil
}

// days is a trend with a point each day, of which a backtest may have failed.
type days struct{ failed error }

func (d days) Of(_ context.Context, _ *catalog.Entity, s trends.Span, _ bool) (trends.Trend, error) {
	t := trends.Trend{Span: s, Failed: d.failed}
	for d := 1; d <= 6; d++ {
		t.Points = append(t.Points, scorecards.Point{At: time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC)})
	}
	return t, d.failed
}

// A trend whose backtest has to wait tells what is on record, and why there is no more. One
// that went wrong is our mistake.
func TestATrendWithoutItsBacktest(t *testing.T) {
	o := newOffice(t)
	for _, tt := range []struct {
		failed error
		status int
		want   string
	}{
		{nil, http.StatusOK, `"levels":[`},
		{fault.New(fault.Unavailable, "8 backtests wait already: try again in a minute"), http.StatusOK, `"failed":"8 backtests wait already: try again in a minute","items":[{`},
		{errors.New("the disk is gone"), http.StatusInternalServerError, "It is our mistake"},
	} {
		e := echo.New()
		api.New(api.Config{
			Catalog: o.catalog.Snapshot, History: &told{}, Trends: days{tt.failed}, Now: func() time.Time { return time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC) },
			Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		}).Register(e)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/scorecards/readiness/trend", nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || (tt.failed == nil) == strings.Contains(w.Body.String(), "failed") && tt.status == http.StatusOK {
			t.Errorf("%v: %d %s; want %d with %q", tt.failed, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

// Each point of a trend names the newest event that had become true by then, of those that
// are known: a late one, too, and none before the first.
func TestAPointOfATrendNamesItsPosition(t *testing.T) {
	o := newOffice(t)
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	h := &told{times: []time.Time{at(1, 9), at(4, 9), at(2, 9)}} // the third was told of late
	e := echo.New()
	api.New(api.Config{
		Catalog: o.catalog.Snapshot, History: h, Trends: days{}, Now: func() time.Time { return at(12, 9) },
		Wait: func(context.Context, eventlog.Position) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	}).Register(e)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/scorecards/readiness/trend", nil))
	var answer struct{ Items []struct{ Position int } }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d: %s, %v", w.Code, w.Body, err)
	}
	var got []int
	for _, p := range answer.Items {
		got = append(got, p.Position)
	}
	if diff := cmp.Diff([]int{0, 1, 3, 3, 2, 2}, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	if h.asked > 4 { // one for each that differs, and one for none
		t.Errorf("the history was asked %d times for three events", h.asked)
	}
}
