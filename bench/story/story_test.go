package story_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

func made(t *testing.T, entities int) *population.Population {
	t.Helper()
	p, err := population.New(entities, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The log has every entity once, in order, whole, and told again it grows no more.
func TestAppend(t *testing.T) {
	p := made(t, 2100) // more than are appended together
	log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	for range 2 {
		if err := story.Append(t.Context(), p, log); err != nil {
			t.Fatal(err)
		}
	}
	i := 0
	for rec, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Subject != p.Ref(i) {
			t.Fatalf("event %d is about %s, not %s", rec.Position, rec.Subject, p.Ref(i))
		}
		data, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		d, ok := data.(event.EntityRegistered)
		if !ok {
			t.Fatalf("event %d is a %T", rec.Position, data)
		}
		if rec.Actor.Login == "" || rec.Cause.Commit == "" || d.Origin.Path == "" || d.Entity.Metadata.UID == "" {
			t.Fatalf("event %d lacks an actor, a cause, an origin or a uid: %+v", rec.Position, rec)
		}
		i++
	}
	if i != p.Len() {
		t.Errorf("%d events for %d entities", i, p.Len())
	}
}

// What is written as a document is what the event says of the entity, but for
// what follows from its place.
func TestDocumentsSayWhatEventsSay(t *testing.T) {
	p := made(t, 300)
	for i := range p.Len() {
		e, err := story.Registered(p, i)
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.Decode()
		if err != nil {
			t.Fatal(err)
		}
		d := data.(event.EntityRegistered)
		f := descriptor.Parse([]byte(d.Document))
		if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
			t.Fatalf("the document of %s: %v", p.Ref(i), f)
		}
		if changes := catalog.Diff(f.Documents[0].Entity, &d.Entity); len(changes) > 0 {
			t.Fatalf("%s: %v", p.Ref(i), changes)
		}
	}
}

func TestChanges(t *testing.T) {
	p := made(t, 1000)
	component := p.Number(population.Component, 0)
	paths := func(n int) []string {
		t.Helper()
		decoded := func(e event.Event, err error) catalog.Entity {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			data, err := e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			switch d := data.(type) {
			case event.EntityRegistered:
				return d.Entity
			case event.EntityChanged:
				return d.Entity
			}
			t.Fatalf("a %T", data)
			return catalog.Entity{}
		}
		before, after := decoded(story.Registered(p, component)), decoded(story.Changed(p, component, n))
		var all []string
		for _, c := range catalog.Diff(&before, &after) {
			all = append(all, c.Path)
		}
		return all
	}
	for n, want := range map[int][]string{1: {"metadata.title"}, 2: {"metadata.title"}, 3: {"metadata.title", "spec.owner"}} {
		if d := cmp.Diff(want, paths(n)); d != "" {
			t.Errorf("change %d: %s", n, d)
		}
	}
	first, err := story.Changed(p, component, 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := story.Changed(p, component, 2)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID == second.ID {
		t.Error("two changes have one id, so that the second would not be appended")
	}
}
