package projections_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// doubled is a tally of which there can be a second copy.
type doubled struct {
	tally
	beside func(*tally) // is told of the copy before it is folded
}

func (p *doubled) Beside(context.Context) (projections.Copy, error) {
	next := &tally{name: p.name}
	p.beside(next)
	return projections.Copy{Projection: next, Replacement: taking{p, next}}, nil
}

type taking struct {
	of   *doubled
	next *tally
}

func (r taking) TakeOver(context.Context) error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.ids, r.of.position = r.next.seen(), r.next.position
	return nil
}

func (r taking) Discard(context.Context) error { return nil }

func now() time.Time { return time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC) }

func rebuildOf(t *testing.T, r *projections.Runner) projections.Rebuild {
	t.Helper()
	all, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[0].Rebuild
}

func TestRebuildFoldsAnewWhatIsLive(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2", "3")
	// It has missed an event, as one that was folded by an older version may have.
	p := &doubled{tally: tally{name: "doubled", position: 3, ids: []string{"1", "3"}}}
	p.beside = func(*tally) { add(t, log, "4") }
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), p)
	if err := r.Rebuild(t.Context(), "doubled", now); err != nil {
		t.Fatal(err)
	}
	if got := p.seen(); !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Errorf("folded anew it has %q", got)
	}
	if got := rebuildOf(t, r); got != (projections.Rebuild{Began: now(), Ended: now(), Position: 4, Last: 4}) {
		t.Errorf("it is told as %+v", got)
	}
	add(t, log, "5")
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.seen(); !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
		t.Errorf("it goes on with %q", got)
	}
}

func TestRebuildThatFailsChangesNothing(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2")
	refused := errors.New("the disk is full")
	p := &doubled{tally: tally{name: "doubled"}, beside: func(next *tally) { next.set(refused) }}
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), p)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Rebuild(t.Context(), "doubled", now); !errors.Is(err, refused) {
		t.Errorf("the error is %v", err)
	}
	if got := p.seen(); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("it has %q", got)
	}
	if got := rebuildOf(t, r); !errors.Is(got.Err, refused) || got.Running() {
		t.Errorf("it is told as %+v", got)
	}
}

// A copy that has come less far than what is read would take something away.
func TestRebuildNeverGoesBack(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2", "3")
	p := &doubled{tally: tally{name: "doubled"}, beside: func(*tally) {}}
	lossy := &shortened{Memory: log}
	r := projections.NewRunner(lossy, slog.New(slog.DiscardHandler), p)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	lossy.to = 2
	if err := r.Rebuild(t.Context(), "doubled", now); err == nil {
		t.Error("a copy of two events takes the place of three")
	}
	if got := p.seen(); len(got) != 3 {
		t.Errorf("it has %q", got)
	}
}

func TestRebuildIsRefused(t *testing.T) {
	log := eventlogtest.NewMemory()
	begun, goOn := make(chan struct{}), make(chan struct{})
	p := &doubled{tally: tally{name: "doubled"}, beside: func(*tally) { close(begun); <-goOn }}
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), p, &tally{name: "single"})
	done := make(chan error)
	go func() { done <- r.Rebuild(t.Context(), "doubled", now) }()
	<-begun
	if !rebuildOf(t, r).Running() {
		t.Error("it is not told that a rebuild runs")
	}
	for name, want := range map[string]fault.Kind{"doubled": fault.Conflict, "single": fault.Conflict, "none": fault.NotFound} {
		if err := r.Rebuild(t.Context(), name, now); fault.KindOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := r.Wait(t.Context(), "doubled", eventlog.Position(0)); err != nil {
		t.Error(err)
	}
}

// shortened is a log that has lost its end.
type shortened struct {
	*eventlogtest.Memory
	to eventlog.Position // 0: nothing is lost
}

func (l *shortened) Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for rec, err := range l.Memory.Read(ctx, after) {
			if l.to > 0 && rec.Position > l.to || !yield(rec, err) {
				return
			}
		}
	}
}
