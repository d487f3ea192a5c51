package ingest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// closing closes something at the end of a test.
func closing(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// tester is what both a test and a rapid check offer.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

// source is one whose deliveries say what they mean.
type source struct {
	name  string
	forge *forge
}

func (s source) Name() string        { return s.name }
func (s source) Forge() ingest.Forge { return s.forge }

func (s source) Covers(fullName string) bool { return !strings.HasPrefix(fullName, "elsewhere/") }

func (s source) Verify(http.Header, []byte) (ingest.Receipt, error) { return ingest.Receipt{}, nil }

func (s source) Translate(d ingest.Delivery) (m ingest.Meaning, err error) {
	if d.Event == "star" {
		return ingest.Meaning{}, nil
	}
	if err := json.Unmarshal(d.Body, &m); err != nil {
		return m, fault.New(fault.Invalid, "fake: the body is no push")
	}
	return m, nil
}

// world is a translator between a fake forge and a log in memory, with the real
// projection as what is known.
type world struct {
	t          tester
	forge      *forge
	sources    []ingest.Source
	deliveries eventlog.Log
	log        *eventlogtest.Memory
	main       ingest.MainLog    // the same, unless a test puts something before it
	after      eventlog.Position // that was asked for last
	folding    sync.Mutex
	catalog    *entities.Catalog
	kinds      catalog.Kinds // nil: those that are built in
	selection  ingest.Selection
	guard      float64
	known      ingest.Repositories // nil: nothing is kept of repositories
	named      []string            // files that somebody wants to know the content of
	surveyed   []string            // sources
	sender     string              // source that deliveries come from
	translator *ingest.Translator
	docs       *ingest.DocsOptions // nil: no documentation is read
	now        time.Time
	sent       int
}

func newWorld(t tester) *world {
	t.Helper()
	w := &world{
		t: t, log: eventlogtest.NewMemory(), catalog: entities.New(),
		forge: &forge{repos: map[string]*repo{}, clock: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)},
		now:   time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC), sender: "github",
	}
	deliveries := eventlogtest.NewMemory()
	deliveries.Now = func() time.Time { return w.now.Add(-time.Hour) } // they come late, unless a test turns its clock back
	w.deliveries = deliveries
	w.sources, w.main = []ingest.Source{source{"github", w.forge}}, w.log
	w.restart()
	return w
}

// restart makes a new translator, which knows nothing but what is in the logs.
func (w *world) restart() {
	w.translator = ingest.NewTranslator(ingest.TranslatorOptions{
		Sources: w.sources,
		Kinds:   w.kinds, Deliveries: w.deliveries, Log: w.main, Known: w, Reached: w, Positions: w, Logger: quiet(), Now: func() time.Time { return w.now },
		Selections: map[string]ingest.Selection{"github": w.selection}, Guard: w.guard, Repositories: w.known, Named: func() []string { return w.named },
		Survey: func(source string) { w.surveyed = append(w.surveyed, source) },
		Led:    w.led,
		Docs:   w.docs,
	})
}

// led reads what a delivery led to out of the log.
func (w *world) led(ctx context.Context, _ eventlog.Position, source, delivery string) (all []uint64, err error) {
	for rec, err := range w.log.Read(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if rec.Source == event.SourcePrefix+source && rec.Cause.Delivery == delivery {
			all = append(all, uint64(rec.Position))
		}
	}
	return all, nil
}

// try handles a record as the runner of reactors does, but once; an error means
// that it is to be tried again.
func (w *world) try(rec eventlog.Record) error {
	for _, r := range w.translator.Reactors() {
		if !slices.Contains(r.On, rec.Type) || !r.Accept(rec) {
			continue
		}
		err := r.React(w.t.Context(), rec)
		failure := reactor.Failure{Err: err, Attempts: 1, Took: time.Millisecond}
		switch fault.KindOf(err) {
		case fault.Unavailable:
			r.Waiting(w.t.Context(), rec, failure, w.now.Add(fault.RetryAfter(err)))
			return err
		default:
			if err != nil {
				return r.GaveUp(w.t.Context(), rec, failure)
			}
		}
	}
	return nil
}

// catchUp folds the whole log.
func (w *world) catchUp(ctx context.Context, after eventlog.Position) error {
	w.folding.Lock()
	defer w.folding.Unlock()
	w.after = after
	at, err := w.catalog.Position(ctx)
	if err != nil {
		return err
	}
	for rec, err := range w.log.Read(ctx, at) {
		if err != nil {
			return err
		}
		if err := w.catalog.Apply(ctx, []eventlog.Record{rec}); err != nil {
			return err
		}
		at = rec.Position
	}
	if at < after {
		w.t.Fatalf("asked for position %d of a log that ends at %d", after, at)
	}
	return nil
}

func (w *world) Repository(ctx context.Context, after eventlog.Position, source, id string) ([]event.Declaration, []ingest.Rejection, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return nil, nil, err
	}
	entries, rejections := w.catalog.Repository(source, id)
	var declared []event.Declaration
	for _, e := range entries {
		declared = append(declared, event.Declaration{Entity: *e.Entity, Origin: e.Origin})
	}
	var rejected []ingest.Rejection
	for _, r := range rejections {
		rejected = append(rejected, ingest.Rejection{EntityRejected: r.EntityRejected, With: r.With})
	}
	return declared, rejected, nil
}

func (w *world) Declared(ctx context.Context, after eventlog.Position, ref string) (event.Declaration, bool, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return event.Declaration{}, false, err
	}
	e, ok := w.catalog.Snapshot().Get(ref)
	if !ok {
		return event.Declaration{}, false, nil
	}
	return event.Declaration{Entity: *e.Entity, Origin: e.Origin}, true, nil
}

func (w *world) Refused(ctx context.Context, after eventlog.Position, ref string) ([]string, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return nil, err
	}
	var all []string
	for _, r := range slices.Backward(w.catalog.Snapshot().Rejections()) {
		if r.Ref == ref {
			all = append(all, r.Cause.Delivery)
		}
	}
	return all, nil
}

// reclaim runs that reactor on all of the main log, as after a restart that has
// forgotten how far it was, and returns the deliveries that it asks for.
func (w *world) reclaim() (asked []eventlog.Record) {
	w.t.Helper()
	before, err := w.deliveries.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	r := w.translator.Reclaim()
	for rec, err := range w.log.Read(w.t.Context(), 0) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		if !slices.Contains(r.On, rec.Type) {
			continue
		}
		if err := r.React(w.t.Context(), rec); err != nil {
			w.t.Fatalf("reclaim: %v", err)
		}
	}
	for rec, err := range w.deliveries.Read(w.t.Context(), before) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		asked = append(asked, rec)
	}
	return asked
}

// Reached reads what the deliveries log has on record.
func (w *world) Reached(ctx context.Context, source, id string) (sha string, err error) {
	for rec, err := range w.deliveries.Read(ctx, 0) {
		if err != nil {
			return "", err
		}
		if rec.Type != event.TypeDeliveryHandled || rec.Source != event.SourcePrefix+source {
			continue
		}
		h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
		if err != nil {
			return "", err
		}
		if h.RepositoryID == id && h.Commit != "" {
			sha = h.Commit
		}
	}
	return sha, nil
}

// Unfinished is nothing: here what is asked for is handled at once.
func (w *world) Unfinished(context.Context, string, string, string) (event.DeliveryStatus, error) {
	return "", nil
}

// Status is what was recorded last of a delivery.
func (w *world) Status(ctx context.Context, id string) (event.DeliveryStatus, error) {
	status := event.DeliveryReceivedStatus
	for rec, err := range w.deliveries.Read(ctx, 0) {
		if err != nil {
			return "", err
		}
		if rec.Type != event.TypeDeliveryHandled || rec.Subject != id {
			continue
		}
		h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
		if err != nil {
			return "", err
		}
		status = h.Status
	}
	return status, nil
}

func (w *world) Count(ctx context.Context, after eventlog.Position, source string) (int, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return 0, err
	}
	return w.catalog.Snapshot().Count(entities.FromSource(source)), nil
}

func (w *world) Position(ctx context.Context, id string) (eventlog.Position, error) {
	for rec, err := range w.deliveries.Read(ctx, 0) {
		if err != nil {
			return 0, err
		}
		if rec.ID == id {
			return rec.Position, nil
		}
	}
	return 0, fault.New(fault.NotFound, "there is no delivery %q", id)
}

// delivery stores a delivery that says that main of a repository moved to after.
func (w *world) delivery(id, after string) eventlog.Record { w.t.Helper(); return w.pushed(id, after) }

// repositoryOf is a repository as deliveries tell of it.
func repositoryOf(id string) ingest.Repository {
	page := "https://git.example/acme/" + id
	return ingest.Repository{
		ID: id, FullName: "acme/" + id, DefaultBranch: "main", URL: page,
		Pages: ingest.Pages{View: page + "/blob/main/", Edit: page + "/edit/main/", Dir: page + "/tree/main/"},
	}
}

// pushed is a delivery of a push that says something besides.
func (w *world) pushed(id, after string, said ...event.Event) eventlog.Record {
	w.t.Helper()
	m := ingest.Meaning{
		Repository: repositoryOf(id),
		Push:       &ingest.Push{After: after, Pusher: event.Actor{Login: "pusher"}},
		Said:       said,
	}
	b, err := json.Marshal(m)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return w.store("push", string(b))
}

// store appends a delivery to its log.
func (w *world) store(name, body string) eventlog.Record {
	w.t.Helper()
	w.sent++
	e, err := event.New(event.SourcePrefix+w.sender, fmt.Sprintf("%s:%d", w.sender, w.sent), event.DeliveryReceived{
		Source: w.sender, Event: name, Body: zstdPack([]byte(body)), Encoding: "zstd", Size: len(body),
	})
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

func (w *world) record(p eventlog.Position) eventlog.Record {
	w.t.Helper()
	rec, err := w.deliveries.At(w.t.Context(), p)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return rec
}

// handle handles a record, once, and returns what it added to the main log.
func (w *world) handle(rec eventlog.Record) []eventlog.Record {
	w.t.Helper()
	before, err := w.log.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if err := w.try(rec); err != nil {
		w.t.Fatalf("handle %s: %v", rec.ID, err)
	}
	var added []eventlog.Record
	for r, err := range w.log.Read(w.t.Context(), before) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		added = append(added, r)
	}
	return added
}

// push pushes a tree, delivers that, and returns what it added to the main log.
func (w *world) push(id, author string, tree files) []eventlog.Record {
	w.t.Helper()
	return w.handle(w.delivery(id, w.forge.push(id, author, tree)))
}

// outcome is what became of the newest delivery.
func (w *world) outcome() event.DeliveryHandled {
	w.t.Helper()
	last, err := w.deliveries.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	h, err := event.DecodeAs[event.DeliveryHandled](w.record(last).Event)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return h
}

// tell says in a line what an event says of an entity: type, entity, file, and why or who.
func tell(tb testing.TB, recs []eventlog.Record) []string {
	tb.Helper()
	lines := []string{}
	for _, rec := range recs {
		d, err := rec.Decode()
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(string(rec.Type), "entity."), ".v1")
		switch d := d.(type) {
		case event.EntityRegistered:
			lines = append(lines, fmt.Sprintf("%s %s in %s owner %s", name, d.Entity.Ref(), d.Origin.Path, d.Entity.SpecString("owner")))
		case event.EntityChanged:
			lines = append(lines, fmt.Sprintf("%s %s in %s owner %s", name, d.Entity.Ref(), d.Origin.Path, d.Entity.SpecString("owner")))
		case event.EntityRemoved:
			lines = append(lines, fmt.Sprintf("%s %s: %s", name, d.Ref, d.Reason))
		case event.EntityConflicted:
			lines = append(lines, fmt.Sprintf("%s %s in %s with %s", name, d.Ref, d.Origin.Path, d.With.Place()))
		case event.EntityRejected:
			var texts []string
			for _, p := range d.Problems {
				texts = append(texts, fmt.Sprintf("%d:%s", p.Line, p.Path))
			}
			lines = append(lines, fmt.Sprintf("%s %s in %s at %s", name, d.Ref, d.Origin.Path, strings.Join(texts, " ")))
		case event.ActivityPush: // says nothing of entities
		default:
			tb.Fatalf("an event of type %s", rec.Type)
		}
	}
	return lines
}

// component is a descriptor.
func component(name, owner string) string {
	return fmt.Sprintf(`apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: %s
spec:
  type: service
  lifecycle: production
  owner: %s
`, name, owner)
}

// without is a descriptor that breaks its schema: it has no owner.
func without(name string) string {
	return strings.TrimSuffix(component(name, "x"), "  owner: x\n")
}

// unreadable is a file with a syntax error in its third line.
const unreadable = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: [\n"

func location(targets ...string) string {
	text := "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  targets:\n"
	for _, t := range targets {
		text += "    - " + t + "\n"
	}
	return text
}

func docs(texts ...string) string { return strings.Join(texts, "---\n") }
