package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/repositories"
)

// observed keeps what is known of repositories in the real projection.
type observed struct {
	w    *world
	rows *repositories.Repositories
}

// catchUp folds what the log has.
func (o observed) catchUp(ctx context.Context) error {
	from, err := o.rows.Position(ctx)
	if err != nil {
		return err
	}
	for rec, err := range o.w.log.Read(ctx, from) {
		if err != nil {
			return err
		}
		if err := o.rows.Apply(ctx, []eventlog.Record{rec}); err != nil {
			return err
		}
	}
	return nil
}

func (o observed) Deleted(ctx context.Context, _ eventlog.Position, source, id string) (bool, error) {
	if err := o.catchUp(ctx); err != nil {
		return false, err
	}
	r, err := o.rows.Get(ctx, source, id)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return !r.Deleted.IsZero(), err
}

func (o observed) Fact(ctx context.Context, _ eventlog.Position, source, id, fact string) (json.RawMessage, error) {
	if err := o.catchUp(ctx); err != nil {
		return nil, err
	}
	f, err := o.rows.Fact(ctx, source, id, fact)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return f.Value, err
}

func (o observed) State(ctx context.Context, _ eventlog.Position, source, id string) (event.RepositoryState, bool, error) {
	if err := o.catchUp(ctx); err != nil {
		return event.RepositoryState{}, false, err
	}
	r, err := o.rows.Get(ctx, source, id)
	if fault.KindOf(err) == fault.NotFound {
		return event.RepositoryState{}, false, nil
	}
	return r.RepositoryState, err == nil && r.Deleted.IsZero(), err
}

func newObservingWorld(t *testing.T) *world {
	t.Helper()
	rows, err := repositories.Open(t.Context(), filepath.Join(t.TempDir(), "repositories.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	w := newWorld(t)
	w.known = observed{w, rows}
	w.restart()
	return w
}

// means stores a delivery that means m and handles it.
func (w *world) means(m ingest.Meaning) []string {
	w.t.Helper()
	return w.lines(w.handle(w.store("repository", mustJSON(w.t, m))))
}

func mustJSON(t tester, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(b)
}

// due asks to look at a repository, and looks.
func (w *world) due(d event.RepositoryDue) []string {
	w.t.Helper()
	return w.lines(w.handle(w.look(d)))
}

// look asks to look at a repository.
func (w *world) look(d event.RepositoryDue) eventlog.Record {
	w.t.Helper()
	w.sent++
	e, err := event.New(event.SourcePrefix+"github", fmt.Sprintf("look:%d", w.sent), d)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	e.ID = e.Subject
	done, err := w.deliveries.Append(w.t.Context(), e)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return w.record(done[0].Position)
}

// lines says in short what events say, of whatever kind.
func (w *world) lines(recs []eventlog.Record) []string {
	w.t.Helper()
	lines := []string{}
	for _, rec := range recs {
		data, err := rec.Decode()
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		name := strings.TrimSuffix(string(rec.Type), ".v1")
		switch d := data.(type) {
		case event.RepositoryObserved:
			lines = append(lines, fmt.Sprintf("%s %s %s", name, d.FullName, d.Description))
		case event.RepositoryRenamed:
			lines = append(lines, fmt.Sprintf("%s %s from %s", name, d.FullName, d.From))
		case event.RepositoryArchived, event.RepositoryUnarchived, event.RepositoryDeleted, event.ActivityRelease:
			lines = append(lines, fmt.Sprintf("%s %s", name, rec.Subject))
		case event.SourceGapClosed:
			lines = append(lines, fmt.Sprintf("%s %s", name, d.Gap))
		case event.FactRecorded:
			if d.Fact == event.FactFiles {
				lines = append(lines, fmt.Sprintf("%s %s", d.Fact, filesText(w.t, d.Value)))
			} else {
				lines = append(lines, fmt.Sprintf("%s %s", d.Fact, rec.Subject))
			}
		case event.EntityRemoved:
			lines = append(lines, fmt.Sprintf("%s %s: %s by %s", name, d.Ref, d.Reason, rec.Actor.Login))
		default:
			lines = append(lines, fmt.Sprintf("%s %s", name, rec.Subject))
		}
	}
	return lines
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// The life of a repository: every step is an event, once; what it declares stays,
// comes and goes with it.
func TestLifeOfARepository(t *testing.T) {
	w := newObservingWorld(t)
	repo := w.forge.repo("payments")
	look := ingest.Meaning{Repository: ingest.Repository{ID: "payments", FullName: "acme/payments"}, Look: true, By: event.Actor{Login: "mossbank"}}

	expect(t, w.lines(w.push("payments", "pebbledash", files{yaml: component("x", "a")})),
		"repository.observed acme/payments ", "entity.registered component:default/x", "files = +catalog-info.yaml")
	expect(t, w.lines(w.push("payments", "pebbledash", files{yaml: component("x", "a"), "README.md": "more"})), "files +README.md")
	expect(t, w.lines(w.push("payments", "pebbledash", files{yaml: component("x", "a"), "README.md": "less"})))

	repo.description = "Takes the money."
	expect(t, w.means(look), "repository.observed acme/payments Takes the money.")
	expect(t, w.means(look))

	repo.name = "bank/payments"
	expect(t, w.means(look), "repository.renamed bank/payments from acme/payments", "entity.changed component:default/x")
	expect(t, w.means(look))

	repo.archived = true
	expect(t, w.means(look), "repository.archived bank/payments", "entity.removed component:default/x: bank/payments is archived by mossbank")
	expect(t, w.means(look))
	repo.archived = false
	expect(t, w.means(look), "repository.unarchived bank/payments", "entity.registered component:default/x")

	gone := look
	gone.Look, gone.Gone = false, true
	expect(t, w.means(gone)) // the forge has it still: the delivery is late
	repo.gone = true
	expect(t, w.means(look)) // not to be found is no end
	if h := w.outcome(); h.Status != event.DeliveryFailed || !strings.Contains(h.Error, "stays") {
		t.Errorf("a repository that cannot be found is %s: %s", h.Status, h.Error)
	}
	expect(t, w.means(gone), "repository.deleted bank/payments", "entity.removed component:default/x: acme/payments was deleted by mossbank")
	expect(t, w.means(gone))
	expect(t, w.means(look)) // late: it is known to be gone
	if h := w.outcome(); h.Status != event.DeliveryDone {
		t.Errorf("a late delivery of a deleted repository is %s: %s", h.Status, h.Error)
	}
	repo.gone = false
	expect(t, w.means(look), "repository.observed bank/payments Takes the money.", "entity.registered component:default/x", "files = +README.md +catalog-info.yaml")
}

// A repository that is said to be transferred out of what the source covers takes
// what it declares with it; one that is merely seen elsewhere does not, and what
// comes late of before brings nothing back.
func TestTransferredAway(t *testing.T) {
	w := newObservingWorld(t)
	repo := w.forge.repo("payments")
	look := ingest.Meaning{Repository: ingest.Repository{ID: "payments", FullName: "acme/payments"}, Look: true, By: event.Actor{Login: "mossbank"}}
	left := look
	left.Repository.FullName, left.Left = "elsewhere/payments", true
	w.push("payments", "pebbledash", files{yaml: component("x", "a")})
	w.means(look)

	expect(t, w.means(left)) // it is back already: the delivery is late
	repo.name = "elsewhere/payments"
	expect(t, w.means(look), "repository.renamed elsewhere/payments from acme/payments", "entity.changed component:default/x")
	expect(t, w.means(left), "repository.left elsewhere/payments", "entity.removed component:default/x: the repository was transferred to elsewhere/payments, which is none of the source's by mossbank")
	expect(t, w.means(left))
	expect(t, w.means(look)) // late

	repo.name = "acme/payments"
	expect(t, w.means(look), "repository.observed acme/payments ", "entity.registered component:default/x", "files = +catalog-info.yaml")
	repo.gone = true // a token need not see what is another's
	expect(t, w.means(left), "repository.left acme/payments", "entity.removed component:default/x: the repository was transferred to elsewhere/payments, which is none of the source's by mossbank")
	expect(t, w.means(look))
}

func TestWhatASourceLeavesOut(t *testing.T) {
	w := newObservingWorld(t)
	w.selection = ingest.Selection{Archived: true, SkipForks: true}
	w.restart()
	w.forge.repo("old").archived, w.forge.repo("copy").fork = true, true
	expect(t, w.lines(w.push("old", "pebbledash", files{yaml: component("x", "a")})), "repository.observed acme/old ", "entity.registered component:default/x", "files = +catalog-info.yaml")
	expect(t, w.lines(w.push("copy", "pebbledash", files{yaml: component("y", "a")})), "repository.observed acme/copy ")
}

// A look needs no delivery: it finds the head, is tried again like a delivery, and
// closes the gap that asked for it.
func TestLook(t *testing.T) {
	w := newObservingWorld(t)
	repo := event.Repository{Source: "github", ID: "payments", FullName: "acme/payments"}
	w.forge.repo("payments").empty = true
	expect(t, w.due(event.RepositoryDue{Repository: repo, Reason: "found"}), "repository.observed acme/payments ")
	w.forge.repo("payments").empty = false
	expect(t, w.due(event.RepositoryDue{Repository: repo, Reason: "found"})[1:]) // it has a branch by now, and no commit

	w.forge.push("payments", "pebbledash", files{yaml: component("x", "a")})
	expect(t, w.due(event.RepositoryDue{Repository: repo, Reason: "hourly comparison", Gap: "g1"}), "entity.registered component:default/x", "files = +catalog-info.yaml", "source.gap.closed g1")
	if h := w.outcome(); h.Status != event.DeliveryDone || h.Commit != w.forge.repo("payments").head {
		t.Errorf("a look ends %+v", h)
	}
	expect(t, w.due(event.RepositoryDue{Repository: repo, Reason: "hourly comparison"}))
}

// What a delivery says is kept once, however often it is handled, and never
// true before it came.
func TestSaid(t *testing.T) {
	w := newObservingWorld(t)
	release, err := event.New(event.SourcePrefix+"github", "acme/payments", event.ActivityRelease{Tag: "v1", Action: "published"})
	if err != nil {
		t.Fatal(err)
	}
	release.Time, release.Actor = w.now.Add(24*time.Hour), event.Actor{Login: "mossbank"}
	rec := w.store("release", mustJSON(t, ingest.Meaning{Said: []event.Event{release}, Survey: true}))
	added := w.handle(rec)
	expect(t, w.lines(added), "activity.release acme/payments")
	if got := added[0]; got.Time.After(rec.Recorded) || got.Cause.Delivery != rec.Subject || got.Actor.Login != "mossbank" {
		t.Errorf("it was said %+v", got.Event)
	}
	if err := w.translator.Replay(t.Context(), rec.Subject, "asked", event.Actor{}); err != nil {
		t.Fatal(err)
	}
	expect(t, w.lines(w.handle(w.record(rec.Position+2))))
	if len(w.surveyed) != 2 {
		t.Errorf("%d surveys were asked for, want one each time", len(w.surveyed))
	}
}

// Much that goes at once waits for a person.
func TestGuard(t *testing.T) {
	w := newWorld(t)
	w.guard = 0.5
	w.restart()
	many := files{}
	for i := range 12 {
		many[fmt.Sprintf("%d/%s", i, yaml)] = component(fmt.Sprintf("c%d", i), "a")
	}
	w.push("payments", "mossbank", many)
	few := files{}
	for i := range 6 {
		few[fmt.Sprintf("%d/%s", i, yaml)] = component(fmt.Sprintf("c%d", i), "a")
	}
	if added := w.push("payments", "mossbank", few); len(added) != 6 {
		t.Fatalf("half of the entities may go, and %d did", len(added))
	}
	if added := w.push("payments", "mossbank", files{"README.md": "all gone"}); len(added) != 0 {
		t.Fatalf("%d events, want it held", len(added))
	}
	h := w.outcome()
	if h.Status != event.DeliveryHeld || h.Removes != 6 || !strings.Contains(h.Error, "remove 6 of the 6") {
		t.Fatalf("it is %s: %s", h.Status, h.Error)
	}
	w.restart()
	last, err := w.deliveries.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := w.record(last).Subject
	if err := w.translator.Allow(t.Context(), held, "it is meant", event.Actor{Login: "mossbank"}); err != nil {
		t.Fatal(err)
	}
	if added := w.handle(w.record(last + 1)); len(added) != 6 {
		t.Errorf("after it was allowed %d went", len(added))
	}
}
