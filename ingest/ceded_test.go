package ingest_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
)

// configure has other sources read the forge from now on, and returns what is looked
// at for that.
func (w *world) configure(names ...string) (looks []eventlog.Record) {
	w.t.Helper()
	w.sources = nil
	for _, name := range names {
		w.sources = append(w.sources, source{name, w.forge})
	}
	w.restart()
	if err := w.catchUp(w.t.Context(), 0); err != nil {
		w.t.Fatalf("%v", err)
	}
	before, err := w.deliveries.Last(w.t.Context())
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	var refused []ingest.Rejection
	for _, r := range w.catalog.Snapshot().Rejections() {
		refused = append(refused, ingest.Rejection{EntityRejected: r.EntityRejected, With: r.With})
	}
	var shared []event.Repository
	for _, e := range w.catalog.Snapshot().All() {
		for _, name := range names {
			id := e.Origin.RepositoryID
			sha, err := w.Reached(w.t.Context(), name, id)
			if err != nil {
				w.t.Fatalf("%v", err)
			}
			if sha != "" && !slices.Contains(names, e.Origin.Source) {
				shared = append(shared, event.Repository{Source: name, ID: id, FullName: "acme/" + id})
			}
		}
	}
	w.now = w.now.Add(1)
	if err := w.translator.TakeOver(w.t.Context(), refused, shared); err != nil {
		w.t.Fatalf("%v", err)
	}
	for rec, err := range w.deliveries.Read(w.t.Context(), before) {
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		looks = append(looks, rec)
	}
	return looks
}

// A source that is not configured any more cedes what it has to the next that declares
// it: as the entity that it was, now, and not when somebody wrote the file.
func TestCeded(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	before := w.uid(compX)

	if looks := w.configure("hub"); len(looks) > 0 {
		t.Fatalf("nothing is refused, and %d looks are asked for", len(looks))
	}
	w.sender = "hub"
	d := w.delivery("payments", w.forge.repo("payments").head)
	recs := w.handle(d)
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner a"}, tell(t, recs))
	changed, err := event.DecodeAs[event.EntityChanged](recs[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	want := "source github, which had it, is not configured any more: acme/payments/catalog-info.yaml has it now, by source hub"
	if changed.Reason != want || changed.Origin.Source != "hub" || w.uid(compX) != before {
		t.Errorf("it is taken over into %s, with uid %s for %s, because %q", changed.Origin.Source, w.uid(compX), before, changed.Reason)
	}
	if !recs[0].Time.Equal(recs[0].Recorded) || recs[0].Actor != (event.Actor{}) || recs[0].Cause.Commit != "" || recs[0].Cause.Delivery == "" {
		t.Errorf("it is %v's at %v, recorded at %v, by %+v", recs[0].Actor, recs[0].Time, recs[0].Recorded, recs[0].Cause)
	}
	equal(t, []string{}, tell(t, w.handle(d)))
	equal(t, []string{"removed component:default/x: catalog-info.yaml was deleted"}, tell(t, w.push("payments", "mossbank", files{})))
}

// A source that is configured cedes nothing, and to a descriptor that cannot be used
// nothing is ceded.
func TestNotCeded(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.configure("github", "hub")
	w.sender = "hub"
	conflict := []string{"conflicted component:default/x in catalog-info.yaml with acme/payments/catalog-info.yaml"}
	equal(t, conflict, tell(t, w.handle(w.delivery("payments", w.forge.repo("payments").head))))
	w.configure("hub")
	equal(t, []string{"rejected component:default/x in catalog-info.yaml at 5:spec.owner"}, tell(t, w.push("payments", "mossbank", files{yaml: without("x")})))
	if at := w.get(compX).Origin.Source; at != "github" {
		t.Errorf("it stands in source %s", at)
	}
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner b"}, tell(t, w.push("payments", "mossbank", files{yaml: component("x", "b")})))
	if all := w.catalogNow().Rejections(); len(all) > 0 {
		t.Errorf("refused are %+v", all)
	}
}

// A conflict that stands is settled when its keeper's source is taken away, without a
// push; of two that want the entity one gets it, and the other knows.
func TestCededConflict(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.configure("github", "hub", "lab")
	for _, w.sender = range []string{"hub", "lab"} {
		w.handle(w.delivery("payments", w.forge.repo("payments").head))
	}
	before := w.uid(compX)
	looks := w.configure("hub", "lab")
	if len(looks) != 2 {
		t.Fatalf("%d looks are asked for", len(looks))
	}
	due, err := event.DecodeAs[event.RepositoryDue](looks[0].Event)
	if err != nil || due.FullName != "acme/payments" || due.Reason != "it may declare what a source has that is not configured any more" {
		t.Errorf("asked for is %+v, %v", due, err)
	}
	var got []string
	for _, l := range looks {
		got = append(got, tell(t, w.handle(l))...)
	}
	equal(t, []string{"changed component:default/x in catalog-info.yaml owner a"}, got)
	keeper := w.get(compX).Origin.Source
	all := w.catalog.Snapshot().Conflicts(compX)
	if len(all) != 1 || all[0].Origin.Source == keeper || all[0].With.Source != keeper || w.uid(compX) != before {
		t.Errorf("%s keeps it, with uid %s for %s, and in conflict are %+v", keeper, w.uid(compX), before, all)
	}
	if looks := w.configure("hub", "lab"); len(looks) > 0 {
		t.Errorf("when nothing is to be settled, %d looks are asked for", len(looks))
	}
}

// A location takes over, too, and cedes nothing.
func TestCededToLocation(t *testing.T) {
	p := placesIn(t, ingest.LocationsOptions{})
	p.push("payments", "mossbank", files{yaml: component("x", "a")})
	before := p.uid(compX)
	p.site.put("a.yaml", component("x", "b"))
	a := p.register("a.yaml")
	equal(t, []string{"conflicted component:default/x in " + p.site.at("a.yaml") + " with acme/payments/catalog-info.yaml"}, tell(t, p.read(a.ID))[1:])
	p.sources = nil
	p.configure(ingest.LocationsOptions{})
	equal(t, []string{"changed component:default/x in " + p.site.at("a.yaml") + " owner b"}, tell(t, p.read(a.ID)))
	if p.uid(compX) != before || len(p.catalogNow().Rejections()) > 0 {
		t.Errorf("it has uid %s for %s, and refused are %+v", p.uid(compX), before, p.catalogNow().Rejections())
	}
	p.sources = []ingest.Source{source{"github", p.forge}}
	p.configure(ingest.LocationsOptions{})
	equal(t, []string{"conflicted component:default/x in catalog-info.yaml with " + p.site.at("a.yaml")}, tell(t, p.push("payments", "mossbank", files{yaml: component("x", "c")})))
}

// However sources come and go between pushes: an entity stays the entity that it is,
// and none stands in a source that nobody configured while another declares it.
func TestSourcesComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		names, repositories := []string{"github", "hub", "lab"}, []string{"r0", "r1"}
		configured := []string{"github"}
		reached := map[string]bool{} // what each source has told of: "hub r0"
		uids := map[string]string{}
		tree := func() files {
			owner := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "owner")
			return files{yaml: docs(component("x", owner), component("y", "a"))}
		}
		for _, id := range repositories {
			w.forge.push(id, "mossbank", tree())
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "tell", "tell", "configure"}).Draw(t, "step") {
			case "push":
				w.forge.push(rapid.SampledFrom(repositories).Draw(t, "repository"), "mossbank", tree())
			case "tell":
				if len(configured) == 0 {
					continue
				}
				id := rapid.SampledFrom(repositories).Draw(t, "repository")
				w.sender = rapid.SampledFrom(configured).Draw(t, "source")
				w.handle(w.delivery(id, w.forge.repo(id).head))
				reached[w.sender+" "+id] = true
			case "configure":
				configured = nil
				for _, name := range names {
					if rapid.Bool().Draw(t, name) {
						configured = append(configured, name)
					}
				}
				for _, look := range w.configure(configured...) {
					w.handle(look)
				}
			}
			if err := w.catchUp(t.Context(), 0); err != nil {
				t.Fatalf("%v", err)
			}
			checkHolders(t, w, configured, reached, uids)
		}
	})
}

func checkHolders(t *rapid.T, w *world, configured []string, reached map[string]bool, uids map[string]string) {
	now := w.catalog.Snapshot()
	for _, e := range now.All() {
		if was, ok := uids[e.Ref]; ok && was != e.Entity.Metadata.UID {
			t.Fatalf("%s is another entity now", e.Ref)
		}
		uids[e.Ref] = e.Entity.Metadata.UID
		for _, name := range configured {
			for id := range w.forge.repos {
				if id == e.Origin.RepositoryID && reached[name+" "+id] && !slices.Contains(configured, e.Origin.Source) {
					t.Fatalf("%s stands in source %s although %s declares it in %s; configured are %v", e.Ref, e.Origin.Source, name, id, configured)
				}
			}
		}
	}
	for ref := range uids {
		if _, ok := now.Get(ref); !ok {
			t.Fatalf("%s is gone, and nobody removed it", ref)
		}
	}
	for _, r := range now.Rejections() {
		if slices.Contains(configured, r.Origin.Source) && !slices.Contains(configured, r.With.Source) {
			t.Fatalf("%s in %s is in conflict with source %s, and configured are %v", r.Ref, r.Origin.Source, r.With.Source, configured)
		}
	}
}
