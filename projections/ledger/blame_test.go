package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/projectiontest"
)

// edits of a descriptor, as people make them.
var edits = []func(r *rand.Rand, d *event.Declaration){
	func(r *rand.Rand, d *event.Declaration) { d.Entity.Spec["owner"] = fmt.Sprint("team-", r.IntN(9)) },
	func(r *rand.Rand, d *event.Declaration) {
		d.Entity.Spec["lifecycle"] = []string{"experimental", "production", "deprecated"}[r.IntN(3)]
	},
	func(r *rand.Rand, d *event.Declaration) {
		d.Entity.Metadata.Description = []string{"", "Takes payments", "Keeps the books"}[r.IntN(3)]
	},
	func(r *rand.Rand, d *event.Declaration) {
		tag := fmt.Sprint("tag-", r.IntN(5))
		if i := slices.Index(d.Entity.Metadata.Tags, tag); i >= 0 {
			d.Entity.Metadata.Tags = slices.Delete(d.Entity.Metadata.Tags, i, i+1)
			return
		}
		d.Entity.Metadata.Tags = slices.Insert(d.Entity.Metadata.Tags, r.IntN(len(d.Entity.Metadata.Tags)+1), tag)
	},
	func(r *rand.Rand, d *event.Declaration) {
		link := catalog.Link{URL: fmt.Sprint("https://", r.IntN(4), ".example"), Title: fmt.Sprint("Link ", r.IntN(3))}
		for i, l := range d.Entity.Metadata.Links {
			if l.URL == link.URL {
				d.Entity.Metadata.Links[i] = link
				return
			}
		}
		d.Entity.Metadata.Links = slices.Insert(d.Entity.Metadata.Links, r.IntN(len(d.Entity.Metadata.Links)+1), link)
	},
	func(r *rand.Rand, d *event.Declaration) {
		d.Entity.Metadata.Annotations[fmt.Sprint("acme.example/", r.IntN(4))] = fmt.Sprint(r.IntN(3))
	},
	func(r *rand.Rand, d *event.Declaration) {
		delete(d.Entity.Metadata.Annotations, fmt.Sprint("acme.example/", r.IntN(4)))
	},
	func(r *rand.Rand, d *event.Declaration) {
		d.Entity.Spec["deploy"] = map[string]any{"replicas": r.IntN(3), "zone": map[string]any{"name": fmt.Sprint("z", r.IntN(2))}}
	},
}

// Of a thousand entities that are edited, removed and registered again, some of it late,
// each field is blamed on an event that set exactly its value.
func TestBlameOfAThousandEntities(t *testing.T) {
	w := newWorld(t, t.Context(), filepath.Join(t.TempDir(), "history.db"))
	random := rand.New(rand.NewPCG(5, 11))
	refs := make([]string, 1000)
	now := make([]*event.Declaration, len(refs))
	for i := range refs {
		refs[i] = fmt.Sprint("service-", i)
	}
	for range 12 * len(refs) {
		i := random.IntN(len(refs))
		ref, hours, past := "component:default/"+refs[i], random.IntN(600), random.IntN(10) == 0
		switch before := now[i]; {
		case before == nil:
			d := projectiontest.Component(refs[i], "team-a")
			d.Entity.Metadata.Annotations = map[string]string{"acme.example/0": "0"}
			now[i] = &d
			w.add(t, hours, past, ref, event.EntityRegistered{Declaration: d})
		case random.IntN(20) == 0:
			now[i] = nil
			w.add(t, hours, past, ref, event.EntityRemoved{Ref: ref, Origin: before.Origin, Reason: "the file was deleted"})
		default:
			d := *before
			d.Entity.Spec = maps.Clone(d.Entity.Spec)
			d.Entity.Metadata.Annotations = maps.Clone(d.Entity.Metadata.Annotations)
			d.Entity.Metadata.Tags, d.Entity.Metadata.Links = slices.Clone(d.Entity.Metadata.Tags), slices.Clone(d.Entity.Metadata.Links)
			for range 1 + random.IntN(3) {
				edits[random.IntN(len(edits))](random, &d)
			}
			now[i] = &d
			w.add(t, hours, past, ref, event.EntityChanged{Declaration: d})
		}
	}
	w.fold(t, t.Context())
	blamed := blameNamesWhoSetIt(t, t.Context(), w, refs)
	if blamed < 5*len(refs) {
		t.Errorf("only %d fields of %d entities were there to be blamed on somebody", blamed, len(refs))
	}
	t.Logf("%d fields of %d entities are blamed on the events that set them", blamed, len(refs))
}
