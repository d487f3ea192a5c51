package survey_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/fault"
)

// world is a forge, and a portal that does at once what a survey asks it for:
// both in memory, with the clock of the test.
type world struct {
	mu        sync.Mutex
	heads     map[string]string            // at the forge: the head of each repository that it lists, by id
	elsewhere map[string]ingest.Repository // that the forge finds, and does not list
	breaks    error                        // what a listing ends in after its first repository
	sent      []ingest.Attempt             // that the forge remembers
	unseen    error                        // why it does not tell what it sent
	tooMany   bool                         // it lists no older ones after those
	withheld  error                        // why it does not hand over what it lists at "withheld"
	noHook    *ingest.NoWebhook            // that it says is missing
	strange   map[string]error             // what it answers about a repository instead of its head
	budget    survey.Budget
	entered   chan struct{} // not nil: a listing says here that it has begun,
	leave     chan struct{} // and ends when told

	known   map[string]event.RepositoryState
	reached map[string]string
	waits   map[string]event.DeliveryStatus // what stands unfinished, by repository

	undocumented string          // a repository whose documentation is not here
	stored       map[string]bool // deliveries
	pending      int
	delivers     bool

	since                   time.Time // that the last check looked back to
	listings, checks, asked int       // asked: for heads
	atOnce, most            int       // listings that run, and the most that ever did
	due                     []event.RepositoryDue
	recorded                []string
	open                    []event.SourceGapFound // unless a test says otherwise, none is
}

func newWorld(repositories ...string) *world {
	w := &world{
		heads: map[string]string{}, elsewhere: map[string]ingest.Repository{}, known: map[string]event.RepositoryState{},
		reached: map[string]string{}, waits: map[string]event.DeliveryStatus{}, stored: map[string]bool{}, delivers: true,
	}
	for _, id := range repositories {
		w.heads[id] = sha(1)
		w.known[id] = repository(id).State("github")
		w.reached[id] = sha(1)
	}
	return w
}

func sha(n int) string { return fmt.Sprintf("%040d", n) }

func repository(id string) ingest.Repository {
	return ingest.Repository{ID: id, FullName: "acme/" + id, DefaultBranch: "main"}
}

// run surveys the world until the test ends, and has the first survey done.
func (w *world) run(t *testing.T, schedule string) *survey.Surveyor {
	t.Helper()
	s := w.surveyor(t, schedule)
	t.Cleanup(start(t, s))
	return s
}

// surveyor makes one that does not run yet.
func (w *world) surveyor(t *testing.T, schedule string) *survey.Surveyor {
	t.Helper()
	s, err := survey.New(survey.Options{
		Sources: []survey.Source{{
			Name: "github", Forge: forge{world: w}, Lister: w, Sent: w, Compare: schedule,
			Budget: func() survey.Budget { w.mu.Lock(); defer w.mu.Unlock(); return w.budget },
		}},
		Translator: w, Door: w, Repositories: w, Deliveries: deliveries{w}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start has the first survey done, and returns what ends it.
func start(t *testing.T, s *survey.Surveyor) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	synctest.Wait()
	return func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the surveys ended with %v", err)
		}
	}
}

func (w *world) is(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// Repositories is the forge's list.
func (w *world) Repositories(ctx context.Context) iter.Seq2[ingest.Repository, error] {
	return func(yield func(ingest.Repository, error) bool) {
		w.mu.Lock()
		w.listings++
		w.atOnce++
		w.most = max(w.most, w.atOnce)
		ids, breaks, entered, leave := slices.Sorted(maps.Keys(w.heads)), w.breaks, w.entered, w.leave
		w.mu.Unlock()
		defer w.is(func() { w.atOnce-- })
		if entered != nil {
			entered <- struct{}{}
			select {
			case <-leave:
			case <-ctx.Done():
				yield(ingest.Repository{}, ctx.Err())
				return
			}
		}
		for _, id := range ids {
			if !yield(repository(id), nil) {
				return
			}
			if breaks != nil {
				yield(ingest.Repository{}, breaks)
				return
			}
		}
	}
}

// forge answers about single repositories.
type forge struct {
	ingest.Forge // a survey reads no contents
	world        *world
}

func (f forge) Repository(_ context.Context, r ingest.Repository) (ingest.Repository, error) {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	if now, ok := f.world.elsewhere[r.ID]; ok {
		return now, nil
	}
	if _, ok := f.world.heads[r.ID]; ok {
		return repository(r.ID), nil
	}
	return r, fault.New(fault.NotFound, "there is no repository %s", r.ID)
}

func (f forge) Head(_ context.Context, r ingest.Repository, _ string) (ingest.Commit, error) {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	f.world.asked++
	if err := f.world.strange[r.ID]; err != nil {
		return ingest.Commit{}, err
	}
	return ingest.Commit{SHA: f.world.heads[r.ID]}, nil
}

// Since is what the forge sent.
func (w *world) Since(_ context.Context, since time.Time) iter.Seq2[ingest.Attempt, error] {
	return func(yield func(ingest.Attempt, error) bool) {
		w.mu.Lock()
		w.checks++
		w.since = since
		sent, unseen, tooMany, noHook := slices.Clone(w.sent), w.unseen, w.tooMany, w.noHook
		w.mu.Unlock()
		if unseen != nil {
			yield(ingest.Attempt{}, unseen)
			return
		}
		for _, a := range sent {
			if a.At.After(since) && !yield(a, nil) {
				return
			}
		}
		if tooMany {
			yield(ingest.Attempt{}, ingest.ErrTooManyAttempts)
		}
		if noHook != nil {
			yield(ingest.Attempt{}, noHook)
		}
	}
}

// Fetch hands out a delivery, unless it is one that the forge has forgotten.
func (w *world) Fetch(_ context.Context, a ingest.Attempt) (http.Header, []byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.Location == "withheld" && w.withheld != nil {
		return nil, nil, w.withheld
	}
	if a.Location == "" {
		return nil, nil, fault.New(fault.NotFound, "delivery %s is not kept", a.ID)
	}
	return http.Header{}, []byte("{}"), nil
}

// Fetched is the door.
func (w *world) Fetched(_ context.Context, source string, receipt ingest.Receipt, _ http.Header, _ []byte) (string, error) {
	id := event.DeliveryID(source, receipt.ID)
	w.is(func() { w.stored[id] = true })
	return id, nil
}

// Due looks at a repository at once.
func (w *world) Due(_ context.Context, d event.RepositoryDue, _ event.Cause) error {
	w.is(func() {
		w.due = append(w.due, d)
		if head, ok := w.heads[d.ID]; ok {
			w.known[d.ID], w.reached[d.ID] = repository(d.ID).State("github"), head
		}
	})
	return nil
}

func (w *world) Record(_ context.Context, events ...event.Event) error {
	for _, e := range events {
		w.is(func() { w.recorded = append(w.recorded, string(e.Type)+" "+e.Subject) })
	}
	return nil
}

func (w *world) People(context.Context, string, []ingest.Organisation, event.Cause) ([]string, error) {
	return nil, nil
}

func (w *world) State(_ context.Context, _, id string) (event.RepositoryState, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.known[id]
	return s, ok, nil
}

func (w *world) Documented(_ context.Context, _, id string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return id != w.undocumented, nil
}

func (w *world) Listed(context.Context, string, string) (bool, error) { return true, nil }

func (w *world) All(context.Context, string) ([]event.RepositoryState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.known)), nil
}

func (w *world) Open(context.Context, string) ([]event.SourceGapFound, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.open), nil
}

// deliveries is what the portal knows of them.
type deliveries struct{ world *world }

func (d deliveries) Reached(_ context.Context, _, id string) (string, error) {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	return d.world.reached[id], nil
}

func (d deliveries) Unfinished(_ context.Context, _, id, _ string) (event.DeliveryStatus, error) {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	return d.world.waits[id], nil
}

func (d deliveries) Pending(context.Context, string) (int, error) {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	return d.world.pending, nil
}

func (d deliveries) Has(_ context.Context, delivery string) (bool, error) {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	return d.world.stored[delivery], nil
}

func (d deliveries) Delivers(context.Context, string) (bool, error) {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	return d.world.delivers, nil
}
