package projections_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// tally is a projection that keeps the ids it has seen.
type tally struct {
	mu       sync.Mutex
	name     string
	position eventlog.Position
	ids      []string
	batches  []int // how many records each Apply had
	refuse   error // Apply fails with it while it is set
}

func (p *tally) Name() string { return p.name }

func (p *tally) Position(context.Context) (eventlog.Position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position, nil
}

func (p *tally) Apply(_ context.Context, records []eventlog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return p.refuse
	}
	p.batches = append(p.batches, len(records))
	for _, r := range records {
		p.ids = append(p.ids, r.ID)
		p.position = r.Position
	}
	return nil
}

func (p *tally) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

func (p *tally) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.ids...)
}

func add(t *testing.T, log eventlog.Appender, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := log.Append(t.Context(), event.Event{ID: id, Type: "thing.happened.v1", Source: "/test", Subject: "a:b/c", Data: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCatchUpGoesOnFromTheStoredPosition(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2", "3")
	fresh, halfway := &tally{name: "fresh"}, &tally{name: "halfway", position: 2}
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), fresh, halfway)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"1", "2", "3"}, {"3"}}, [][]string{fresh.seen(), halfway.seen()}); d != "" {
		t.Error(d)
	}
	status, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []projections.Status{{Name: "fresh", Position: 3, Last: 3, Ready: true}, {Name: "halfway", Position: 3, Last: 3, Ready: true}}
	if d := cmp.Diff(want, status); d != "" {
		t.Error(d)
	}
}

func TestRunFollowsAndWaitReadsOnesOwnWrite(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1")
	p := &tally{name: "tally"}
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), p)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	for i := 2; i <= 50; i++ {
		add(t, log, fmt.Sprint(i))
		if err := r.Wait(t.Context(), "tally", eventlog.Position(i)); err != nil {
			t.Fatal(err)
		}
		if n := len(p.seen()); n != i {
			t.Fatalf("after waiting for %d the projection has seen %d", i, n)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the end of the context is no error, got %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	r := projections.NewRunner(eventlogtest.NewMemory(), slog.New(slog.DiscardHandler), &tally{name: "tally"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Wait(ctx, "tally", 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want an error of kind unavailable", err)
	}
	if err := r.Wait(t.Context(), "nobody", 0); err == nil {
		t.Error("waiting for a projection that is not there must fail")
	}
}

// A projection that fails stands still, says why, skips nothing and goes on once
// it can; its neighbour does not notice.
func TestAFailingProjectionSkipsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := eventlogtest.NewMemory()
		broken, fine := &tally{name: "broken"}, &tally{name: "fine"}
		broken.set(errors.New("disk is full"))
		r := projections.NewRunner(log, slog.New(slog.DiscardHandler), broken, fine)
		add(t, log, "1", "2")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		if err := r.Wait(t.Context(), "fine", 2); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		status, err := r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s := status[0]; s.Err == nil || s.Position != 0 || s.Lag() != 2 {
			t.Errorf("status is %+v with lag %d, want an error at position 0 and lag 2", s, s.Lag())
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second) // of the bubble's clock
		defer cancel()
		if err := r.Ready(soon); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("ready: %v, want an error of kind unavailable", err)
		}
		broken.set(nil)
		if err := r.Ready(t.Context()); err != nil {
			t.Errorf("ready: %v", err)
		}
		time.Sleep(time.Minute) // of the bubble's clock: the retry is due within 30 s
		synctest.Wait()
		if d := cmp.Diff([]string{"1", "2"}, broken.seen()); d != "" {
			t.Error(d)
		}
		if status, _ := r.Status(t.Context()); status[0].Err != nil {
			t.Errorf("the error is still there: %v", status[0].Err)
		}
		stop()
		<-done
	})
}

// away is a projection whose database does not answer while it is told so.
type away struct{ tally }

func (p *away) Position(ctx context.Context) (eventlog.Position, error) {
	p.mu.Lock()
	err := p.refuse
	p.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return p.tally.Position(ctx)
}

// A projection that cannot be reached keeps nobody waiting, from the start on; it
// catches up when it can be.
func TestNobodyWaitsForAProjectionThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := eventlogtest.NewMemory()
		far, fine := &away{tally{name: "far"}}, &tally{name: "fine"}
		far.set(fault.New(fault.Unavailable, "nobody answers"))
		add(t, log, "1", "2")
		r := projections.NewRunner(log, slog.New(slog.DiscardHandler), far, fine)
		if err := r.Check(t.Context()); err != nil {
			t.Errorf("check: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Wait(t.Context(), "fine", 2); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"wait": r.Wait(t.Context(), "far", 2), "wait for all": r.WaitAll(t.Context(), 2)} {
			if fault.KindOf(err) != fault.Unavailable || err.Error() != "nobody answers" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if status, err := r.Status(t.Context()); err != nil || !status[0].Unreachable || status[0].Ready || status[1].Unreachable {
			t.Errorf("status is %+v, %v", status, err)
		}
		far.set(nil)
		time.Sleep(time.Minute) // of the bubble's clock: the retry is due within 30 s
		if err := r.WaitAll(t.Context(), 2); err != nil {
			t.Error(err)
		}
		if status, err := r.Status(t.Context()); err != nil || status[0].Unreachable || !status[0].Ready {
			t.Errorf("status is %+v, %v", status, err)
		}
		// It goes away while others wait for it.
		far.set(fault.New(fault.Unavailable, "nobody answers"))
		waiting := make(chan error)
		go func() { waiting <- r.Wait(t.Context(), "far", 3) }()
		synctest.Wait()
		add(t, log, "3")
		if err := <-waiting; fault.KindOf(err) != fault.Unavailable {
			t.Errorf("who waited got %v", err)
		}
		stop()
		<-done
	})
}

func TestCheckRefusesAnotherLogsProjection(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2")
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), &tally{name: "fine", position: 2}, &tally{name: "history", position: 3})
	for name, err := range map[string]error{"check": r.Check(t.Context()), "catch up": r.CatchUp(t.Context())} {
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "history") || !strings.Contains(err.Error(), "callboard rebuild --data") {
			t.Errorf("%s: %v, want a conflict that names the projection and the command", name, err)
		}
	}
	add(t, log, "3")
	if err := r.Check(t.Context()); err != nil {
		t.Errorf("at the end of the log: %v", err)
	}
}

// identified is a projection that knows which event it saw last.
type identified struct {
	tally
	last string
}

func (p *identified) EventID(context.Context, eventlog.Position) (string, error) { return p.last, nil }

// Two portals that are given one database do not mix what they know.
func TestCheckRefusesTheProjectionOfALogAsLong(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2", "3")
	check := func(last string, at eventlog.Position) error {
		p := &identified{tally{name: "history", position: at}, last}
		return projections.NewRunner(log, slog.New(slog.DiscardHandler), p).Check(t.Context())
	}
	for _, err := range []error{check("", 0), check("2", 2), check("3", 3)} {
		if err != nil {
			t.Errorf("of this log: %v", err)
		}
	}
	if err := check("1", 2); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "history was folded from another log: its event 2 is 1") {
		t.Errorf("of another log: %v", err)
	}
}

// settling is a projection that has to know when there is nothing more for now.
type settling struct {
	tally
	at []eventlog.Position // where it was told so
}

func (p *settling) CaughtUp(context.Context) error {
	p.at = append(p.at, p.position)
	return p.refuse
}

func TestProjectionsAreToldThatTheyHaveCaughtUp(t *testing.T) {
	log := eventlogtest.NewMemory()
	add(t, log, "1", "2", "3")
	p := &settling{tally: tally{name: "settling"}}
	r := projections.NewRunner(log, slog.New(slog.DiscardHandler), p)
	for range 2 {
		if err := r.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, log, "4")
	}
	if d := cmp.Diff([]eventlog.Position{3, 4}, p.at); d != "" {
		t.Error(d)
	}
	p.refuse = errors.New("no room")
	if err := projections.NewRunner(log, slog.New(slog.DiscardHandler), p).CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), "settle projection settling") {
		t.Errorf("of one that cannot settle: %v", err)
	}
}

func TestBatchesAreBoundedByBytes(t *testing.T) {
	log := eventlogtest.NewMemory()
	data := []byte(`"` + strings.Repeat("x", 6<<20) + `"`)
	for i := range 7 {
		if _, err := log.Append(t.Context(), event.Event{ID: fmt.Sprint(i), Type: "thing.happened.v1", Source: "/test", Subject: "a:b/c", Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	p := &tally{name: "tally"}
	if err := projections.NewRunner(log, slog.New(slog.DiscardHandler), p).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{3, 3, 1}, p.batches); d != "" {
		t.Error(d)
	}
}
