package trends_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func card(draft bool) *catalog.Entity {
	return &catalog.Entity{
		APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: "readiness", Namespace: "default"},
		Spec: map[string]any{
			"draft": draft, "filter": `entity.kind == "Component"`, "levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}},
			"rules": []any{map[string]any{"id": "owner", "level": "Bronze", "title": "Owner", "expr": `owner.ref != ""`}},
		},
	}
}

// A draft has what a backtest finds; once it is live, what is on record, and before that
// still what a backtest finds.
func TestFromDayOne(t *testing.T) {
	kinds := append(catalog.BuiltIn(), scorecards.Kinds()...)
	log := eventlogtest.NewMemory()
	add := func(at time.Time, e *catalog.Entity) {
		t.Helper()
		told, err := event.New("/sources/github", e.Ref().String(), event.EntityChanged{Declaration: event.Declaration{
			Entity: *e, Origin: event.Origin{Source: "github", RepositoryID: e.Metadata.Name, Path: "catalog-info.yaml"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		told.ID, told.Time = event.DeriveID(at.Day(), e.Metadata.Name), at
		if _, err := log.Append(t.Context(), told); err != nil {
			t.Fatal(err)
		}
	}
	component := &catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component", Metadata: catalog.Metadata{Name: "payments", Namespace: "default"},
		Spec: map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"},
	}
	add(day(2).Add(time.Hour), component)
	add(day(5).Add(time.Hour), card(true))
	store, err := scores.Open(t.Context(), filepath.Join(t.TempDir(), "scores.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := day(10)
	of := trends.Trends{Recorded: store, Trials: scorer.NewTrials(t.Context(), log, kinds, func() time.Time { return now })}
	catchUp := func() {
		t.Helper()
		s := scorer.New(scorer.Options{Log: log, Kinds: kinds, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
		if err := s.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		at, err := store.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Apply(t.Context(), eventlogtest.ReadAll(t, log, at)); err != nil {
			t.Fatal(err)
		}
	}
	trend := func(draft bool) trends.Trend {
		t.Helper()
		got, err := of.Of(t.Context(), card(draft), trends.Span{From: day(1), To: now, Step: scorecards.Day}, true)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	expect := func(got trends.Trend, computedUntil int) {
		t.Helper()
		for _, p := range got.Points {
			want := 1
			if !p.At.After(day(2)) {
				want = 0
			}
			if p.Levels["Bronze"] != want || p.Computed != (p.At.Day() <= computedUntil) {
				t.Errorf("%v: %d at Bronze, computed %v; want %d, computed until day %d", p.At, p.Levels["Bronze"], p.Computed, want, computedUntil)
			}
		}
	}
	catchUp()
	draft := trend(true)
	expect(draft, 10)
	if !draft.Began.IsZero() {
		t.Errorf("something is on record of a draft, since %v", draft.Began)
	}
	add(day(8).Add(time.Hour), card(false))
	catchUp()
	live := trend(false)
	expect(live, 8)
	if want := day(8).Add(time.Hour); !live.Began.Equal(want) {
		t.Errorf("the record began at %v, want %v", live.Began, want)
	}
}
