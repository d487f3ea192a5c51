package scorer_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards/scorer"
)

// runScorer runs a scorer until stop is called.
func runScorer(log scorer.Log) (s *scorer.Scorer, stop func()) {
	s = newScorer(log)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() { cancel(); <-ended }
}

// What is predicted of each event of a made-up history is what comes of it, and predicting
// leaves no trace: the record is that of a scorer whom nobody asked.
func TestPredictionIsWhatComes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cards := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 4).Draw(rt, "cards")
		events := history(rt, cards)
		log := eventlogtest.NewMemory()
		s, stop := runScorer(log)
		defer stop()
		for i := 0; i < len(events); {
			some := events[i : i+rapid.IntRange(1, len(events)-i).Draw(rt, "at once")]
			i += len(some)
			known := lastOf(rt, log)
			seen, err := s.Predict(t.Context(), known, some)
			if err != nil {
				rt.Fatal(err)
			}
			appended, err := log.Append(t.Context(), some...)
			if err != nil {
				rt.Fatal(err)
			}
			if err := s.Wait(t.Context(), appended[len(appended)-1].Position); err != nil {
				rt.Fatal(err)
			}
			var came []scorer.Transition
			for _, one := range recordedAfter(t, log, known) {
				if one.Cause.Schedule == "" {
					came = append(came, one)
				}
			}
			var want []scorer.Transition
			for _, f := range seen {
				if f.Card == nil {
					rt.Errorf("no card says that of %s", f.Entity)
				}
				want = append(want, f.Transition)
			}
			if diff := cmp.Diff(came, want, asSaid(), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("(-came +predicted):\n%s", diff)
			}
		}
		alone := eventlogtest.NewMemory()
		if _, err := alone.Append(t.Context(), events...); err != nil {
			rt.Fatal(err)
		}
		if err := newScorer(alone).CatchUp(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(recorded(t, alone), recorded(t, log), asSaid()); diff != "" {
			rt.Errorf("the record, by a scorer whom nobody asked and by one who was (-nobody +asked):\n%s", diff)
		}
	})
}

func lastOf(t interface{ Fatal(args ...any) }, log eventlog.Reader) eventlog.Position {
	last, err := log.Last(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func recordedAfter(t *testing.T, log eventlog.Reader, after eventlog.Position) []scorer.Transition {
	t.Helper()
	var all []scorer.Transition
	for _, rec := range eventlogtest.ReadAll(t, log, after) {
		if rec.Type != event.TypeScoreChanged {
			continue
		}
		d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scorer.Transition{Entity: rec.Subject, At: rec.Time, Actor: rec.Actor, Cause: rec.Cause, ScoreChanged: d})
	}
	return all
}

// A push counts for a rule that asks for one, and is forgotten with the prediction.
func TestPredictedPush(t *testing.T) {
	log := eventlogtest.NewMemory()
	card := entity("Scorecard", "readiness", map[string]any{"filter": `entity.kind == "Component"`, "rules": []any{
		map[string]any{"id": "pushed", "title": "p", "expr": "age(activity.lastPush) < days(90)"},
	}})
	service := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
	var all []event.Event
	for i, data := range []event.Data{event.EntityRegistered{Declaration: card}, event.EntityRegistered{Declaration: service}, push("a"), push("b")} {
		e, err := event.New("/sources/github", map[int]string{0: "scorecard:default/readiness", 1: "component:default/payments"}[i], data)
		if err != nil {
			t.Fatal(err)
		}
		if e.Subject == "" {
			e.Subject = "acme/payments"
		}
		e.ID, e.Time = event.DeriveID(i, "push"), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, 200*max(0, i-2))
		all = append(all, e)
	}
	if _, err := log.Append(t.Context(), all[:3]...); err != nil {
		t.Fatal(err)
	}
	s, stop := runScorer(log)
	defer stop()
	for range 2 { // the second finds it as it was
		seen, err := s.Predict(t.Context(), lastOf(t, log), all[3:])
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) != 1 || seen[0].After.Points != 1 || seen[0].Rules[0].Before != "fail" {
			t.Errorf("a push after 200 days leads to %+v, want that the rule passes again", seen)
		}
	}
}

func push(sha string) event.ActivityPush {
	return event.ActivityPush{Repository: event.Repository{Source: "github", ID: "payments", FullName: "acme/payments"}, Ref: "refs/heads/main", After: sha, Default: true}
}

// Whoever asks a scorer that does not run is told so when the patience ends.
func TestPredictWithoutScorer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newScorer(eventlogtest.NewMemory()).Predict(ctx, 0, nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want fault.Unavailable", err)
	}
}

// anew is a log that breaks off after some records when it is told to. Followed anew, it has
// no more than the first of them before it is told so.
type anew struct {
	*eventlogtest.Memory
	records           int
	fail, again, more chan struct{}
}

func (a anew) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		failed := false
		select {
		case <-a.fail:
			failed = true
			close(a.again)
		default:
		}
		for rec, err := range a.Memory.Follow(ctx, after) {
			if failed && rec.Position == 2 {
				<-a.more
			}
			if !yield(rec, err) {
				return
			}
			if !failed && int(rec.Position) == a.records {
				<-a.fail
				yield(eventlog.Record{}, errors.New("the disk is busy"))
				return
			}
		}
	}
}

// A scorer that begins anew after a failure answers nothing before it has caught up: of half
// of what is known it would tell what is not so.
func TestAsksWaitUntilItHasCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := story(t)[:5]
		log := anew{eventlogtest.NewMemory(), len(events), make(chan struct{}), make(chan struct{}), make(chan struct{})}
		if _, err := log.Append(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		if err := newScorer(log.Memory).CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		log.records = int(lastOf(t, log)) //nolint:gosec // few
		s, stop := runScorer(log)
		defer stop()
		if err := s.Wait(t.Context(), lastOf(t, log)); err != nil {
			t.Fatal(err)
		}
		close(log.fail)
		<-log.again
		question := scorer.Question{Card: "scorecard:default/readiness", Entity: "component:default/payments", Rule: "owner"}
		answered := make(chan error, 1)
		go func() {
			_, err := s.Explain(t.Context(), question)
			answered <- err
		}()
		synctest.Wait()
		select {
		case err := <-answered:
			t.Errorf("it answers before it has caught up: %v", err)
			answered <- nil
		default:
		}
		close(log.more)
		if err := <-answered; err != nil {
			t.Errorf("it has caught up: %v", err)
		}
	})
}

// A copy of a world has maps of its own, whichever are added to it: else a prediction would
// write to what is known.
func TestForkSharesNoMap(t *testing.T) {
	if shared := scorer.SharedByFork(scorer.NewWorld(kinds())); len(shared) > 0 {
		t.Errorf("a copy shares %v: fork has to clone them", shared)
	}
}
