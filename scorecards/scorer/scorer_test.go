package scorer_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

func newScorer(log scorer.Log) *scorer.Scorer {
	return scorer.New(scorer.Options{
		Log: log, Kinds: append(catalog.BuiltIn(), scorecards.Kinds()...), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
}

func rule(id, level, expr string) any {
	return map[string]any{"id": id, "level": level, "title": id, "expr": expr}
}

func entity(kind, name string, spec map[string]any) event.Declaration {
	version := "backstage.io/v1alpha1"
	if kind == scorecards.KindScorecard {
		version = scorecards.APIVersion
	}
	return event.Declaration{
		Entity: catalog.Entity{APIVersion: version, Kind: kind, Metadata: catalog.Metadata{Name: name, Namespace: "default"}, Spec: spec},
		Origin: event.Origin{Source: "github", RepositoryID: name, Path: "catalog-info.yaml"},
	}
}

// story is told to a log: a card, a service that is judged, its owner who comes
// later, CODEOWNERS that come and go, and the end of the service.
func story(t *testing.T) []event.Event {
	t.Helper()
	card := entity(scorecards.KindScorecard, "readiness", map[string]any{
		"owner":  "platform",
		"filter": `entity.kind == "Component"`,
		"levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
		"rules":  []any{rule("owner", "Bronze", "owner.exists"), rule("codeowners", "Silver", "repo.codeowners.size() > 0")},
	})
	payments := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
	named := event.Repository{Source: "github", ID: "payments", FullName: "acme/payments"}
	owners := []byte(`{"path":"CODEOWNERS","blob":"b","dialect":"github","rules":[{"pattern":"*","owners":["@bank"],"line":1}]}`)
	var all []event.Event
	add := func(subject, by string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Actor, e.Cause = event.DeriveID(len(all), "story"), event.Actor{Login: by}, event.Cause{Commit: by + "-commit"}
		e.Time = time.Date(2026, 3, 1+len(all), 9, 0, 0, 0, time.UTC)
		all = append(all, e)
	}
	add("scorecard:default/readiness", "mossbank", event.EntityRegistered{Declaration: card})
	add("component:default/payments", "mossbank", event.EntityRegistered{Declaration: payments})
	add("group:default/bank", "tamarisk", event.EntityRegistered{Declaration: entity("Group", "bank", map[string]any{"type": "team", "children": []any{}})})
	add("acme/payments", "mossbank", event.FactRecorded{Fact: event.FactCodeowners, Repository: named, Value: owners})
	add("acme/payments", "saltmarsh", event.FactRecorded{Fact: event.FactCodeowners, Repository: named, Value: []byte("null")})
	add("component:default/payments", "saltmarsh", event.EntityRemoved{Ref: "component:default/payments", Origin: payments.Origin})
	return all
}

// said is what the scorer appended, in short.
func said(t *testing.T, log eventlog.Reader) (all []string) {
	t.Helper()
	level := func(s *event.Score) string {
		switch {
		case s == nil:
			return "-"
		case s.Level == "":
			return "none"
		}
		return s.Level
	}
	for _, rec := range eventlogtest.ReadAll(t, log, 0) {
		if rec.Type != event.TypeScoreChanged {
			continue
		}
		d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec.Subject+" "+level(d.Before)+" "+level(d.After)+" by "+rec.Cause.Commit)
	}
	return all
}

func told() []string {
	const payments = "component:default/payments "
	return []string{
		payments + "- none by mossbank-commit",
		payments + "none Bronze by tamarisk-commit",
		payments + "Bronze Silver by mossbank-commit",
		payments + "Silver Bronze by saltmarsh-commit",
		payments + "Bronze - by saltmarsh-commit",
	}
}

func TestChangeNamesItsCause(t *testing.T) {
	log := eventlogtest.NewMemory()
	if _, err := log.Append(t.Context(), story(t)...); err != nil {
		t.Fatal(err)
	}
	if err := newScorer(log).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(told(), said(t, log)); diff != "" {
		t.Errorf("scores of a story judged at once (-want +got):\n%s", diff)
	}
}

// breaking is a log that cannot be followed past a position.
type breaking struct {
	*eventlogtest.Memory
	at *atomic.Uint64
}

func (b breaking) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for rec, err := range b.Memory.Follow(ctx, after) {
			if !yield(rec, err) {
				return
			}
			if err == nil && uint64(rec.Position) == b.at.Load() {
				yield(eventlog.Record{}, errors.New("the disk is full"))
				return
			}
		}
	}
}

// pauses are what a logger was told of pauses, sent on.
type pauses chan time.Duration

func (p pauses) Enabled(context.Context, slog.Level) bool { return true }
func (p pauses) WithAttrs([]slog.Attr) slog.Handler       { return p }
func (p pauses) WithGroup(string) slog.Handler            { return p }
func (p pauses) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "retry" {
			p <- a.Value.Duration()
		}
		return true
	})
	return nil
}

// Pauses between failures grow, and begin anew once it has come farther.
func TestPausesBeginAnewAfterProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at atomic.Uint64
		at.Store(1)
		events, log := story(t), breaking{eventlogtest.NewMemory(), &at}
		if _, err := log.Append(t.Context(), events[:2]...); err != nil {
			t.Fatal(err)
		}
		seen := make(pauses)
		ctx, stop := context.WithCancel(t.Context())
		s := scorer.New(scorer.Options{Log: log, Kinds: append(catalog.BuiltIn(), scorecards.Kinds()...), Now: time.Now, Logger: slog.New(seen)})
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		var got []time.Duration
		for i := range 6 {
			if i == 3 { // the scorer pauses meanwhile
				at.Store(2)
			}
			got = append(got, <-seen)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		const first = 100 * time.Millisecond
		if diff := cmp.Diff([]time.Duration{first, 2 * first, 4 * first, first, 2 * first, 4 * first}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A scorer that is started anew at any place, and whose cursor a crash has put back
// as far as can be, says all once.
func TestRestart(t *testing.T) {
	events := story(t)
	for first := range len(events) + 1 {
		log := eventlogtest.NewMemory()
		for _, some := range [][]event.Event{events[:first], events[first:], nil} {
			if len(some) > 0 {
				if _, err := log.Append(t.Context(), some...); err != nil {
					t.Fatal(err)
				}
			}
			if err := newScorer(log).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := log.SetCursor(t.Context(), scorer.Name, 0); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(told(), said(t, log)); diff != "" {
			t.Errorf("stopped after %d events (-want +got):\n%s", first, diff)
		}
	}
}
