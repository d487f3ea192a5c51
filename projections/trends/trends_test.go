package trends_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
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

// broken is a log that cannot be read.
type broken struct {
	*eventlogtest.Memory
	reads chan struct{}
}

var errBroken = errors.New("the disk is gone")

func (b broken) Read(context.Context, eventlog.Position) iter.Seq2[eventlog.Record, error] {
	b.reads <- struct{}{}
	return func(yield func(eventlog.Record, error) bool) { yield(eventlog.Record{}, errBroken) }
}

// A backtest that failed is told of as that, and is not begun again each time that somebody
// looks.
func TestFailuresAreTold(t *testing.T) {
	kinds := append(catalog.BuiltIn(), scorecards.Kinds()...)
	log := broken{eventlogtest.NewMemory(), make(chan struct{}, 100)}
	told, err := event.New("/sources/github", "scorecard:default/readiness", event.EntityChanged{Declaration: event.Declaration{Entity: *card(true)}})
	if err != nil {
		t.Fatal(err)
	}
	told.ID, told.Time = "first", day(2)
	if _, err := log.Append(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	store, err := scores.Open(t.Context(), filepath.Join(t.TempDir(), "scores.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := day(10)
	of := trends.Trends{Recorded: store, Trials: scorer.NewTrials(t.Context(), log, kinds, func() time.Time { return now })}
	ask := func(wait bool) (trends.Trend, error) {
		return of.Of(t.Context(), card(true), trends.Span{From: day(1), To: day(10), Step: scorecards.Day}, wait)
	}
	if _, err := ask(true); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	for range 3 {
		trend, err := ask(false)
		if !errors.Is(err, errBroken) || !errors.Is(trend.Failed, errBroken) || trend.Running != nil || len(trend.Points) == 0 {
			t.Fatalf("%v, %+v: want what is on record, and why there is no more", err, trend)
		}
	}
	if n := len(log.reads); n != 1 {
		t.Errorf("the log was read %d times, want once", n)
	}
	now = now.Add(time.Minute)
	if _, err := ask(true); !errors.Is(err, errBroken) || len(log.reads) != 2 {
		t.Errorf("%v: the log was read %d times; after a minute it is tried again", err, len(log.reads))
	}
}

// held is a log that nobody can read to its end.
type held struct{ *eventlogtest.Memory }

func (held) Read(ctx context.Context, _ eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(func(eventlog.Record, error) bool) { <-ctx.Done() }
}

// While too many backtests wait, what is on record is told all the same, and why there is no more.
func TestAFullQueueIsTold(t *testing.T) {
	kinds := append(catalog.BuiltIn(), scorecards.Kinds()...)
	log := held{eventlogtest.NewMemory()}
	told, err := event.New("/sources/github", "scorecard:default/readiness", event.EntityChanged{Declaration: event.Declaration{Entity: *card(true)}})
	if err != nil {
		t.Fatal(err)
	}
	told.ID, told.Time = "first", day(2)
	if _, err := log.Append(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	store, err := scores.Open(t.Context(), filepath.Join(t.TempDir(), "scores.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	of := trends.Trends{Recorded: store, Trials: scorer.NewTrials(t.Context(), log, kinds, func() time.Time { return day(10) })}
	var full error
	for n := 0; full == nil && n < 100; n++ {
		_, full = of.Trials.Begin(card(true), fmt.Sprint(n), day(1), day(10), scorecards.Day)
	}
	for _, wait := range []bool{false, true} {
		trend, err := of.Of(t.Context(), card(true), trends.Span{From: day(1), To: day(10), Step: scorecards.Day}, wait)
		if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, trend.Failed) || trend.Running != nil || len(trend.Points) == 0 {
			t.Errorf("%v, %+v: want what is on record, and that %v", err, trend, full)
		}
	}
}
