package ingest_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// tester is what both a test and a rapid check offer.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

// files is a tree: contents by path.
type files map[string]string

// repo is a repository of the fake forge: a history that the test writes.
type repo struct {
	name    string
	commits map[string]*commit
	head    string // of main; "" = the branch is gone
	pruned  map[string]bool
}

type commit struct {
	ingest.Commit
	files files
}

// forge is a forge in memory. It answers as the interface says, and fails when told to.
type forge struct {
	repos map[string]*repo
	clock time.Time

	asking sync.Mutex                  // contents are read several at a time
	fail   func(question string) error // nil: nothing fails
	asked  []string
}

func (f *forge) repo(id string) *repo {
	if f.repos[id] == nil {
		f.repos[id] = &repo{name: "acme/" + id, commits: map[string]*commit{}, pruned: map[string]bool{}}
	}
	return f.repos[id]
}

// commit adds a commit by somebody, without moving the branch, and returns its SHA.
func (f *forge) commit(id, author string, tree files, parents ...string) string {
	f.clock = f.clock.Add(time.Hour)
	b, err := json.Marshal([]any{id, author, tree, parents, f.clock})
	if err != nil {
		panic(err)
	}
	sha := digest(string(b))
	f.repo(id).commits[sha] = &commit{files: tree, Commit: ingest.Commit{
		SHA: sha, URL: "https://git.example/acme/" + id + "/commit/" + sha, Author: event.Actor{Login: author}, Time: f.clock, Parents: parents,
	}}
	return sha
}

// push commits on top of main and moves it there.
func (f *forge) push(id, author string, tree files) string {
	var parents []string
	if head := f.repo(id).head; head != "" {
		parents = []string{head}
	}
	f.repo(id).head = f.commit(id, author, tree, parents...)
	return f.repo(id).head
}

func digest(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (f *forge) ask(question, id, sha string) (*commit, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	f.asked = append(f.asked, question)
	if f.fail != nil {
		if err := f.fail(question); err != nil {
			return nil, err
		}
	}
	c := f.repo(id).commits[sha]
	if c == nil || f.repo(id).pruned[sha] {
		return nil, fault.New(fault.NotFound, "fake: %s of %s at %.7s: not found", question, id, sha)
	}
	return c, nil
}

func (f *forge) Head(_ context.Context, r ingest.Repository, _ string) (ingest.Commit, error) {
	c, err := f.ask("head", r.ID, f.repo(r.ID).head)
	if err != nil {
		return ingest.Commit{}, err
	}
	return c.Commit, nil
}

func (f *forge) Tree(_ context.Context, r ingest.Repository, sha string) ([]ingest.File, error) {
	c, err := f.ask("tree", r.ID, sha)
	if err != nil {
		return nil, err
	}
	var all []ingest.File
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		all = append(all, ingest.File{Path: path, Blob: digest(c.files[path])})
	}
	return all, nil
}

func (f *forge) Blob(_ context.Context, r ingest.Repository, file ingest.File) ([]byte, error) {
	if _, err := f.ask("blob "+file.Path, r.ID, f.repo(r.ID).head); err != nil {
		return nil, err
	}
	for _, c := range f.repo(r.ID).commits {
		if text, ok := c.files[file.Path]; ok && digest(text) == file.Blob {
			return []byte(text), nil
		}
	}
	return nil, fault.New(fault.NotFound, "fake: no blob %s", file.Blob)
}

// ancestors of a commit, with itself.
func (f *forge) ancestors(id, sha string) map[string]bool {
	seen := map[string]bool{}
	for next := []string{sha}; len(next) > 0; next = next[1:] {
		if c := f.repo(id).commits[next[0]]; c != nil && !seen[next[0]] {
			seen[next[0]] = true
			next = append(next, c.Parents...)
		}
	}
	return seen
}

func (f *forge) Between(_ context.Context, r ingest.Repository, base, head string) (ingest.Range, error) {
	for _, sha := range []string{base, head} {
		if _, err := f.ask("between", r.ID, sha); err != nil {
			return ingest.Range{}, err
		}
	}
	before, after := f.ancestors(r.ID, base), f.ancestors(r.ID, head)
	out := ingest.Range{Ancestor: after[base], Complete: true}
	for sha := range after {
		if !before[sha] {
			out.Commits = append(out.Commits, f.repo(r.ID).commits[sha].Commit)
		}
	}
	slices.SortFunc(out.Commits, func(a, b ingest.Commit) int { return b.Time.Compare(a.Time) })
	return out, nil
}

// LastChange follows the first parent that has the same content, as Git does.
func (f *forge) LastChange(_ context.Context, r ingest.Repository, sha, path string) (ingest.Commit, error) {
	c, err := f.ask("last change of "+path, r.ID, sha)
	if err != nil {
		return ingest.Commit{}, err
	}
	ever := false
walk:
	for {
		text, is := c.files[path]
		ever = ever || is
		for _, p := range c.Parents {
			before := f.repo(r.ID).commits[p]
			if old, was := before.files[path]; old == text && was == is {
				c = before
				continue walk
			}
		}
		if len(c.Parents) == 0 && !is {
			return ingest.Commit{}, fault.New(fault.NotFound, "fake: %s was never there", path)
		}
		return c.Commit, nil
	}
}

// source is one whose deliveries say what they mean.
type source struct {
	name  string
	forge *forge
}

func (s source) Name() string        { return s.name }
func (s source) Forge() ingest.Forge { return s.forge }

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
	folding    sync.Mutex
	catalog    *entities.Catalog
	translator *ingest.Translator
	now        time.Time
	sent       int
}

func newWorld(t tester) *world {
	t.Helper()
	w := &world{
		t: t, deliveries: eventlogtest.NewMemory(), log: eventlogtest.NewMemory(), catalog: entities.New(),
		forge: &forge{repos: map[string]*repo{}, clock: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)},
		now:   time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC),
	}
	w.sources = []ingest.Source{source{"github", w.forge}}
	w.restart()
	return w
}

// restart makes a new translator, which knows nothing but what is in the logs.
func (w *world) restart() {
	w.translator = ingest.NewTranslator(ingest.TranslatorOptions{
		Sources:    w.sources,
		Deliveries: w.deliveries, Log: w.log, Known: w, Reached: w, Positions: w, Logger: quiet(), Now: func() time.Time { return w.now },
	})
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

func (w *world) Repository(ctx context.Context, after eventlog.Position, source, id string) ([]event.Declaration, []event.EntityRejected, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return nil, nil, err
	}
	entries, rejections := w.catalog.Repository(source, id)
	var declared []event.Declaration
	for _, e := range entries {
		declared = append(declared, event.Declaration{Entity: *e.Entity, Origin: e.Origin})
	}
	var rejected []event.EntityRejected
	for _, r := range rejections {
		rejected = append(rejected, r.EntityRejected)
	}
	return declared, rejected, nil
}

func (w *world) Declared(ctx context.Context, after eventlog.Position, ref string) (event.Origin, bool, error) {
	if err := w.catchUp(ctx, after); err != nil {
		return event.Origin{}, false, err
	}
	e, ok := w.catalog.Snapshot().Get(ref)
	if !ok {
		return event.Origin{}, false, nil
	}
	return e.Origin, true, nil
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
func (w *world) delivery(id, after string) eventlog.Record {
	w.t.Helper()
	page := "https://git.example/acme/" + id
	m := ingest.Meaning{
		Repository: ingest.Repository{
			ID: id, FullName: "acme/" + id, DefaultBranch: "main", URL: page,
			Pages: ingest.Pages{View: page + "/blob/main/", Edit: page + "/edit/main/", Dir: page + "/tree/main/"},
		},
		Push: &ingest.Push{After: after, Pusher: event.Actor{Login: "pusher"}},
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
	e, err := event.New(event.SourcePrefix+"github", fmt.Sprintf("github:%d", w.sent), event.DeliveryReceived{
		Source: "github", Event: name, Body: zstdPack([]byte(body)), Encoding: "zstd", Size: len(body),
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

// tell says in a line what an event says: type, entity, file, and why or who.
func tell(t testing.TB, recs []eventlog.Record) []string {
	t.Helper()
	lines := []string{}
	for _, rec := range recs {
		d, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(string(rec.Type), "entity."), ".v1")
		switch d := d.(type) {
		case event.EntityRegistered:
			lines = append(lines, fmt.Sprintf("%s %s in %s owner %s", name, d.Entity.Ref(), d.Origin.Path, d.Entity.SpecString("owner")))
		case event.EntityChanged:
			lines = append(lines, fmt.Sprintf("%s %s in %s owner %s", name, d.Entity.Ref(), d.Origin.Path, d.Entity.SpecString("owner")))
		case event.EntityRemoved:
			lines = append(lines, fmt.Sprintf("%s %s: %s", name, d.Ref, d.Reason))
		case event.EntityRejected:
			var texts []string
			for _, p := range d.Problems {
				texts = append(texts, fmt.Sprintf("%d:%s", p.Line, p.Path))
			}
			lines = append(lines, fmt.Sprintf("%s %s in %s at %s", name, d.Ref, d.Origin.Path, strings.Join(texts, " ")))
		default:
			t.Fatalf("an event of type %s", rec.Type)
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
