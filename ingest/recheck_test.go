package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
)

// queues is the kind Queue, whose entities need some fields.
func queues(needs ...string) catalog.Kinds {
	return append(catalog.BuiltIn(), catalog.Kind{
		Name: "Queue", APIVersions: []string{"acme.example/v1"}, Spec: catalog.Related()[:1],
		Own: &catalog.Own{Check: func(spec map[string]any) []catalog.Problem {
			var all []catalog.Problem
			for _, name := range needs {
				if spec[name] == nil {
					all = append(all, catalog.Problem{Path: "spec." + name, Message: "is missing"})
				}
			}
			return all
		}},
	})
}

func queue(name string) string {
	return "apiVersion: acme.example/v1\nkind: Queue\nmetadata: {name: " + name + "}\nspec:\n  owner: a\n"
}

// recheck starts anew with other kinds, and returns what is asked for and what
// came of that.
func (w *world) recheck(kinds catalog.Kinds) (asked int, added []eventlog.Record) {
	w.t.Helper()
	w.kinds = kinds
	w.restart()
	last, err := w.log.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if err := w.catchUp(w.t.Context(), last); err != nil {
		w.t.Fatalf("%v", err)
	}
	before, err := w.deliveries.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	if err := w.translator.Recheck(w.t.Context(), w.judged()); err != nil {
		w.t.Fatalf("%v", err)
	}
	var replays []eventlog.Record
	for rec, err := range w.deliveries.Read(w.t.Context(), before) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		replays = append(replays, rec)
	}
	for _, rec := range replays {
		if rec.Type == event.TypeDeliveryReplayed {
			asked++
			added = append(added, w.handle(rec)...)
		}
	}
	return asked, added
}

func (w *world) judged() []ingest.Judged {
	var all []ingest.Judged
	for _, e := range w.catalog.Snapshot().All() {
		if e.Rejection == nil {
			all = append(all, ingest.Judged{Ref: e.Ref, Origin: e.Origin, Delivery: e.Since.Cause.Delivery, Entity: e.Entity})
		}
	}
	for _, r := range w.catalog.Snapshot().Rejections() {
		all = append(all, ingest.Judged{Ref: r.Ref, Origin: r.Origin, Delivery: r.Cause.Delivery, Document: r.Document, Problems: r.Problems})
	}
	return all
}

func TestRecheck(t *testing.T) {
	w := newWorld(t)
	w.push("streams", "mossbank", files{yaml: docs(component("x", "a"), queue("orders"), queue("returns"))})
	w.push("ledger", "tamarisk", files{yaml: component("x", "b")})                                             // refused: the name is taken
	w.push("books", "tamarisk", files{yaml: without("y")})                                                     // refused: no owner
	w.push("lake", "tamarisk", files{yaml: component("z", "a")})                                               // fine
	w.push("ships", "tamarisk", files{yaml: "kind: Ship\napiVersion: acme.example/v1\nmetadata: {name: a}\n"}) // unknown, and stays so
	for _, step := range []struct {
		name  string
		kinds catalog.Kinds
		asked int
		want  []string
	}{
		{"as they were", nil, 0, nil},
		{"declared", queues(), 2, []string{ // of the ship it is told anew which kinds there are
			"registered queue:default/orders in catalog-info.yaml owner a",
			"registered queue:default/returns in catalog-info.yaml owner a",
			"rejected ship:default/a in catalog-info.yaml at 1:kind",
		}},
		{"as they were then", queues(), 0, nil},
		{"stricter, but kept", queues("owner"), 0, nil},
		{"stricter", queues("engine"), 1, []string{
			"rejected queue:default/orders in catalog-info.yaml at 13:spec.engine",
			"rejected queue:default/returns in catalog-info.yaml at 19:spec.engine",
		}},
		{"stricter still", queues("engine", "owner", "keep"), 1, []string{
			"rejected queue:default/orders in catalog-info.yaml at 13:spec.engine 13:spec.keep",
			"rejected queue:default/returns in catalog-info.yaml at 19:spec.engine 19:spec.keep",
		}},
		{"not declared", nil, 2, []string{
			"rejected queue:default/orders in catalog-info.yaml at 11:kind",
			"rejected queue:default/returns in catalog-info.yaml at 17:kind",
			"rejected ship:default/a in catalog-info.yaml at 1:kind",
		}},
		{"declared again", queues(), 2, []string{
			"changed queue:default/orders in catalog-info.yaml owner a",
			"changed queue:default/returns in catalog-info.yaml owner a",
			"rejected ship:default/a in catalog-info.yaml at 1:kind",
		}},
	} {
		asked, added := w.recheck(step.kinds)
		if asked != step.asked {
			t.Errorf("%s: %d repositories are read again, want %d", step.name, asked, step.asked)
		}
		got := slices.Sorted(slices.Values(tell(t, added)))
		slices.Sort(step.want)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if err := w.catchUp(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, ok := w.catalog.Snapshot().Get("queue:default/orders"); !ok && step.name != "as they were" {
			t.Errorf("%s: the queue is gone", step.name)
		}
	}
}

// A file that has not changed is read all the same once its kind is declared
// otherwise, by the next push to its repository.
func TestKindsAtTheNextPush(t *testing.T) {
	w := newWorld(t)
	w.kinds = queues()
	w.restart()
	w.push("streams", "mossbank", files{yaml: queue("orders")})
	w.kinds = queues("engine")
	w.restart()
	got := tell(t, w.push("streams", "mossbank", files{yaml: queue("orders"), "README.md": "x"}))
	if diff := cmp.Diff([]string{"rejected queue:default/orders in catalog-info.yaml at 4:spec.engine"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What placeholders bring in is not on record with a refusal; that the kind was
// unknown is.
// What was read of a source that nobody reads any more stays as it is.
func TestRecheckOfASourceThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.kinds = queues()
	w.restart()
	w.push("streams", "mossbank", files{yaml: queue("orders")})
	w.sources = nil
	if asked, added := w.recheck(nil); asked != 0 || len(added) > 0 {
		t.Errorf("%d repositories are read again, which adds %v", asked, tell(t, added))
	}
}

func TestRecheckWithPlaceholders(t *testing.T) {
	w := newWorld(t)
	text := strings.Replace(queue("orders"), "owner: a", "owner: {$text: ./owner.txt}", 1)
	w.push("streams", "mossbank", files{yaml: text, "owner.txt": "a"})
	for _, step := range []struct {
		kinds catalog.Kinds
		want  []string
	}{
		{nil, []string{}},
		{queues(), []string{"registered queue:default/orders in catalog-info.yaml owner a"}},
		{queues(), []string{}},
		{queues("engine"), []string{"rejected queue:default/orders in catalog-info.yaml at 4:spec.engine"}},
		{queues("engine"), []string{}},
	} {
		_, added := w.recheck(step.kinds)
		if diff := cmp.Diff(step.want, tell(t, added)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
