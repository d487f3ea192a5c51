package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// past is a repository of the fake forge as its clone would be.
type past struct {
	*forge
	id string
}

func (p past) Commit(_ context.Context, sha string) (ingest.Commit, error) {
	c, err := p.ask("commit", p.id, sha)
	if err != nil {
		return ingest.Commit{}, err
	}
	return c.Commit, nil
}

func (p past) FirstParents(ctx context.Context, sha string) ([]string, error) {
	var all []string
	for sha != "" {
		c, err := p.Commit(ctx, sha)
		if err != nil {
			return nil, err
		}
		all, sha = append(all, sha), ""
		if len(c.Parents) > 0 {
			sha = c.Parents[0]
		}
	}
	slices.Reverse(all)
	return all, nil
}

func (p past) Changed(_ context.Context, from, to string) (paths []string, err error) {
	before := files{}
	if from != "" {
		before = p.repo(p.id).commits[from].files
	}
	after := p.repo(p.id).commits[to].files
	for path, text := range after {
		if was, ok := before[path]; !ok || was != text {
			paths = append(paths, path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// backfill backfills a repository into the main log, or into what stands before it.
func (w *world) backfill(log eventlog.Log, id string, again bool) (ingest.Backfilled, error) {
	w.t.Helper()
	b, err := ingest.NewBackfill(w.t.Context(), log, w.kinds)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	page := "https://git.example/acme/" + id
	return b.Run(w.t.Context(), ingest.BackfillOf{
		Source: "github", Past: past{w.forge, id}, Head: w.forge.repo(id).head, Owners: codeowners.GitHub, CommitPage: page + "/commit/", Again: again,
		Repository: ingest.Repository{
			ID: id, FullName: "acme/" + id, DefaultBranch: "main", URL: page,
			Pages: ingest.Pages{View: page + "/blob/main/", Edit: page + "/edit/main/", Dir: page + "/tree/main/"},
		},
	})
}

func (w *world) mustBackfill(id string) ingest.Backfilled {
	w.t.Helper()
	done, err := w.backfill(w.log, id, false)
	if err != nil {
		w.t.Fatalf("backfill %s: %v", id, err)
	}
	return done
}

// Commits that come in one push are one change, to the newest state. A backfill tells of
// those that were there when the repository was first read, and of no later ones.
func TestBackfillOfCommitsThatCameTogether(t *testing.T) {
	w := newWorld(t)
	together := func(owners ...string) []string {
		t.Helper()
		head := ""
		for _, owner := range owners {
			head = w.forge.push("payments", "mossbank", files{yaml: component("x", owner)})
		}
		return tell(t, w.handle(w.delivery("payments", head)))
	}
	got := append(together("a", "b"), together("c", "d", "e")...)
	want := []string{"registered component:default/x in catalog-info.yaml owner b", "changed component:default/x in catalog-info.yaml owner e"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}
	before := len(w.all())
	w.mustBackfill("payments")
	var past []eventlog.Record
	for _, rec := range w.all()[before:] {
		if strings.HasPrefix(string(rec.Type), "entity.") {
			past = append(past, rec)
		}
	}
	if diff := cmp.Diff([]string{"registered component:default/x in catalog-info.yaml owner a"}, tell(t, past)); diff != "" {
		t.Errorf("backfilled (-want +got):\n%s", diff)
	}
}

// all is what the main log holds.
func (w *world) all() (recs []eventlog.Record) {
	w.t.Helper()
	for rec, err := range w.log.Read(w.t.Context(), 0) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		recs = append(recs, rec)
	}
	return recs
}

// asOf is what the catalog was at a time: refs with owners, by all that is on
// record of the time up to then.
func asOf(t tester, recs []eventlog.Record, at time.Time) map[string]string {
	t.Helper()
	recs = slices.Clone(recs)
	slices.SortStableFunc(recs, func(a, b eventlog.Record) int { return a.Time.Compare(b.Time) })
	c := entities.New()
	for i, rec := range recs {
		if rec.Time.After(at) {
			break
		}
		rec.Extensions, rec.Position = nil, eventlog.Position(i+1)
		if err := c.Apply(t.Context(), []eventlog.Record{rec}); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return owners(c)
}

func owners(c *entities.Catalog) map[string]string {
	all := map[string]string{}
	for _, e := range c.Snapshot().All() {
		all[e.Ref] = fmt.Sprintf("%s owner %v at %s", e.Origin.Path, e.Entity.Spec["owner"], e.Origin.Repository)
	}
	return all
}

func TestBackfill(t *testing.T) {
	w := newWorld(t)
	for _, tree := range []files{
		{"README.md": "nothing yet"},
		{yaml: component("pay", "a"), "old.yaml": "x"},
		{yaml: docs(component("pay", "a"), component("gone", "a"))},
		{yaml: component("pay", "b"), "README.md": "more"},
		{yaml: component("pay", "b"), "README.md": "no descriptor is touched"},
		{yaml: without("pay")},
		{yaml: component("pay", "c")},
	} {
		w.forge.push("payments", "mossbank", tree)
	}
	live := w.handle(w.delivery("payments", w.forge.repo("payments").head))
	uid := w.uid("component:default/pay")
	before := owners(w.catalog)

	done := w.mustBackfill("payments")
	recs := w.all()
	got := tell(t, slices.DeleteFunc(recs[len(live):len(recs):len(recs)], func(r eventlog.Record) bool { return !r.Backfilled() }))
	want := []string{
		"registered component:default/pay in catalog-info.yaml owner a",
		"registered component:default/gone in catalog-info.yaml owner a",
		"changed component:default/pay in catalog-info.yaml owner b",
		"removed component:default/gone: catalog-info.yaml does not declare it any more",
		"rejected component:default/pay in catalog-info.yaml at 5:spec",
	}
	slices.Sort(got)
	slices.Sort(want)
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "rejected") })
	want = slices.DeleteFunc(want, func(s string) bool { return strings.HasPrefix(s, "rejected") })
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if done.Events != 5 || done.Commits != 7 {
		t.Errorf("it says %+v", done)
	}
	first := w.all()[len(live)]
	if first.Actor.Login != "mossbank" || first.Cause.CommitURL != "https://git.example/acme/payments/commit/"+first.Cause.Commit || first.Cause.Delivery != "" {
		t.Errorf("the first event is by %+v because of %+v", first.Actor, first.Cause)
	}
	if c := w.forge.repo("payments").commits[first.Cause.Commit]; !first.Time.Equal(c.Time) {
		t.Errorf("the first event is of %s, and its commit of %s", first.Time, c.Time)
	}
	if d, err := event.DecodeAs[event.EntityRegistered](first.Event); err != nil || d.Entity.Metadata.UID != uid {
		t.Errorf("in the past the entity has uid %s (%v), now %s", d.Entity.Metadata.UID, err, uid)
	}
	if err := w.catchUp(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, owners(w.catalog)); d != "" {
		t.Errorf("the present has changed: %s", d)
	}
	if asked := w.reclaim(); len(asked) > 0 {
		t.Errorf("what was removed in the past asks for %d deliveries", len(asked))
	}
	if again, err := w.backfill(w.log, "payments", false); err != nil || !again.Before {
		t.Errorf("again it says %+v, %v", again, err)
	}
}

// What CODEOWNERS said comes along, up to where live reading tells of it.
func TestOwnersOfThePast(t *testing.T) {
	w := newWorld(t)
	for _, tree := range []files{
		{"CODEOWNERS": "* @acme/a"}, {"CODEOWNERS": "* @acme/a", "README.md": "x"}, {"CODEOWNERS": "* @acme/b"}, {}, {".github/CODEOWNERS": "* @acme/c"}, {},
	} {
		w.forge.push("payments", "mossbank", tree)
	}
	w.mustBackfill("payments")
	var got []string
	for _, rec := range w.all() {
		if rec.Type == event.TypeFactRecorded && rec.Backfilled() {
			d, err := event.DecodeAs[event.FactRecorded](rec.Event)
			if err != nil {
				t.Fatal(err)
			}
			var found codeowners.Found
			if err := json.Unmarshal(d.Value, &found); err != nil {
				t.Fatal(err)
			}
			got = append(got, rec.Time.Format("15h ")+found.Path)
		}
	}
	if d := cmp.Diff([]string{"01h CODEOWNERS", "03h CODEOWNERS", "04h ", "05h .github/CODEOWNERS", "06h "}, got); d != "" {
		t.Error(d)
	}
}

func (w *world) uid(ref string) string {
	w.t.Helper()
	if err := w.catchUp(w.t.Context(), 0); err != nil {
		w.t.Fatalf("%v", err)
	}
	e, ok := w.catalog.Snapshot().Get(ref)
	if !ok {
		w.t.Fatalf("there is no %s", ref)
	}
	return e.Entity.Metadata.UID
}

func TestBackfillWaitsForTheFirstReading(t *testing.T) {
	w := newWorld(t)
	w.forge.push("payments", "mossbank", files{yaml: component("pay", "a")})
	if _, err := w.backfill(w.log, "payments", false); fault.KindOf(err) != fault.Conflict || len(w.all()) > 0 {
		t.Errorf("%v, %d events", err, len(w.all()))
	}
	// One that has no descriptors (any more) needs no reading.
	w.forge.push("payments", "mossbank", files{})
	if done := w.mustBackfill("payments"); done.Events != 2 {
		t.Errorf("it says %+v", done)
	}
}

// What was declared in the past and could not be used when it was first read ends
// with the past.
func TestPastMeetsPresent(t *testing.T) {
	w := newWorld(t)
	w.forge.push("payments", "mossbank", files{yaml: component("pay", "a")})
	w.push("payments", "mossbank", files{yaml: without("pay")})
	w.mustBackfill("payments")
	recs := w.all()
	if got := asOf(t, recs, w.forge.clock.Add(-time.Hour)); len(got) != 1 {
		t.Errorf("before the end of the past there is %v", got)
	}
	if got := asOf(t, recs, w.forge.clock); len(got) != 0 {
		t.Errorf("at the first reading there is %v", got)
	}
}

// What could not be used any more and then moved ended in the past, although what was
// first read live tells of its new file from that very commit on.
func TestPastEndsWhereItIsRefused(t *testing.T) {
	w := newWorld(t)
	w.forge.push("payments", "mossbank", files{yaml: component("pay", "a")})
	w.forge.push("payments", "mossbank", files{yaml: without("pay")})
	w.forge.push("payments", "mossbank", files{"a/" + yaml: without("pay")})
	moved := w.forge.clock
	w.push("payments", "mossbank", files{"a/" + yaml: without("pay"), "README.md": "# Pay\n"})
	w.mustBackfill("payments")
	recs := w.all()
	if got := asOf(t, recs, moved.Add(-time.Second)); len(got) != 1 {
		t.Errorf("before it moved there is %v", got)
	}
	if got := asOf(t, recs, moved); len(got) != 0 {
		t.Errorf("once it moved there is %v", got)
	}
}

// Two repositories that declared one entity in the past: the first kept it.
func TestConflictsOfThePast(t *testing.T) {
	w := newWorld(t)
	w.forge.push("a", "mossbank", files{yaml: component("pay", "a")})
	w.forge.push("b", "mossbank", files{yaml: component("pay", "b")})
	w.forge.push("a", "mossbank", files{})
	w.forge.push("b", "mossbank", files{yaml: component("pay", "c")})
	w.forge.push("b", "mossbank", files{})
	for _, id := range []string{"a", "b"} {
		w.handle(w.delivery(id, w.forge.repo(id).head))
		w.mustBackfill(id)
	}
	var got []string
	for _, rec := range w.all() {
		if rec.Backfilled() {
			got = append(got, tell(t, []eventlog.Record{rec})...)
		}
	}
	want := []string{
		"registered component:default/pay in catalog-info.yaml owner a",
		"removed component:default/pay: catalog-info.yaml was deleted",
		"conflicted component:default/pay in catalog-info.yaml with acme/a/catalog-info.yaml",
		"registered component:default/pay in catalog-info.yaml owner c",
		"removed component:default/pay: catalog-info.yaml was deleted",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, id := range []string{"a", "b"} {
		if done, err := w.backfill(w.log, id, true); err != nil || done.Events > 0 {
			t.Errorf("again, %s says %+v, %v", id, done, err)
		}
	}
}

// dyingLog is a log that takes so many appends and no more.
type dyingLog struct {
	*eventlogtest.Memory
	left int
}

var errBroken = errors.New("killed")

func (b *dyingLog) Append(ctx context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	if b.left--; b.left < 0 {
		return nil, errBroken
	}
	return b.Memory.Append(ctx, events...)
}

// TestBackfillTellsWhatLiveReadingWould has a repository with a random history read
// for the first time at some commit, and more pushed to it before, during and after
// a backfill that is killed and resumed. A world in which each commit was read when
// it was made says what the past was.
func TestBackfillTellsWhatLiveReadingWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, oracle := newWorld(t), newWorld(t)
		d := newDraft()
		var trees []files
		for range rapid.IntRange(2, 10).Draw(t, "commits") {
			d = d.clone()
			d.plainEdit(t)
			trees = append(trees, d.tree("r"))
		}
		first := rapid.IntRange(0, len(trees)-1).Draw(t, "first")
		kill := rapid.IntRange(0, 8).Draw(t, "kill")
		soon := false // the first backfill said something, whatever was pushed later
		var times []time.Time
		var then []map[string]string // what the catalog was then
		for i, tree := range trees {
			w.forge.push("r", "mossbank", tree)
			times = append(times, w.forge.clock)
			oracle.push("r", "mossbank", tree)
			if i >= first {
				w.handle(w.delivery("r", w.forge.repo("r").head))
			}
			seen := oracle
			if i >= first {
				seen = w
			}
			if err := seen.catchUp(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			then = append(then, owners(seen.catalog))
			if i == (first+len(trees))/2 {
				before := len(w.all())
				_, err := w.backfill(&dyingLog{w.log, kill}, "r", false) // which may be too early, too
				soon = err == nil || len(w.all()) > before
			}
		}
		if _, err := w.backfill(w.log, "r", false); fault.KindOf(err) == fault.Conflict {
			return // nothing was ever good
		} else if err != nil {
			t.Fatal(err)
		}
		recs := w.all()
		for i, at := range times {
			if diff := cmp.Diff(then[i], asOf(t, recs, at)); diff != "" {
				t.Fatalf("as of commit %d of %d, where %d was the first that was read (-then +as of):\n%s", i, len(times), first, diff)
			}
		}
		if err := w.catchUp(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(then[len(then)-1], owners(w.catalog)); diff != "" {
			t.Fatalf("the present has changed:\n%s", diff)
		}

		// Again it finds nothing, and undisturbed it would have found the same.
		if done, err := w.backfill(w.log, "r", true); err != nil || done.Events > 0 || len(w.all()) != len(recs) {
			t.Fatalf("again it says %+v, %v", done, err)
		}
		calm := eventlogtest.NewMemory()
		for _, rec := range recs {
			if rec.Backfilled() || rec.Type == event.TypeRepositoryBackfilled {
				continue
			}
			if _, err := calm.Append(t.Context(), rec.Event); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.backfill(calm, "r", false); err != nil {
			t.Fatal(err)
		}
		calmly, killed := pastOf(t, calm), pastOf(t, w.log)
		if soon { // what came back after it was another entity, which nobody could know
			calmly, killed = withoutUIDs(calmly), withoutUIDs(killed)
		}
		if diff := cmp.Diff(calmly, killed); diff != "" {
			t.Fatalf("killed, it says otherwise:\n%s", diff)
		}
	})
}

var uids = regexp.MustCompile(`"uid":"[^"]*"`)

func withoutUIDs(past map[string]string) map[string]string {
	all := map[string]string{}
	for id, text := range past {
		all[id] = uids.ReplaceAllString(text, "")
	}
	return all
}

// pastOf is what a log tells of the past, by id.
func pastOf(t tester, log eventlog.Log) map[string]string {
	t.Helper()
	all := map[string]string{}
	for rec, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		if rec.Backfilled() {
			all[rec.ID] = fmt.Sprint(rec.Type, rec.Subject, rec.Cause, maps.Clone(rec.Extensions), string(rec.Data))
		}
	}
	return all
}

// plainEdit changes one thing at random, in descriptors that lead nowhere and bring
// nothing in: who is told to have made these what they are at a first reading is
// who last changed the descriptor itself.
func (d draft) plainEdit(t *rapid.T) {
	d.edit(t, "r", "move", "change", "change", "spoil", "break", "delete", "withdraw")
}
