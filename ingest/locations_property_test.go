package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// siteDraft is what a site's files are about to say.
type siteDraft struct {
	leads map[string][]string          // targets of a root, by its path
	docs  map[string]map[string]string // owners of components, by file and name
	bad   map[string]bool              // files with a syntax error
	gone  map[string]bool              // files that are not there
	data  string                       // what placeholders bring in; "" if it is not there
}

func (d siteDraft) publish(s *site) {
	s.put("data.json", d.data)
	if d.data == "" {
		s.drop("data.json")
	}
	for _, path := range []string{"r0.yaml", "r1.yaml", "f0.yaml", "f1.yaml", "f2.yaml", "f3.yaml"} {
		var texts []string
		if targets, ok := d.leads[path]; ok && len(targets) > 0 {
			texts = append(texts, strings.Replace(location(targets...), "name: all", "name: "+strings.TrimSuffix(path, ".yaml"), 1))
		}
		for _, name := range sorted(d.docs[path]) {
			texts = append(texts, component(name, d.docs[path][name]))
		}
		if d.bad[path] {
			texts = append(texts, unreadable)
		}
		s.put(path, docs(texts...))
		if d.gone[path] {
			s.drop(path)
		}
	}
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// However files are edited and fail, and locations come and go, nothing is
// removed while its host fails, and the catalog ends as a fresh read has it.
func TestLocationsConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlaces(t, ingest.LocationsOptions{})
		defer p.site.Close()
		d := siteDraft{leads: map[string][]string{}, docs: map[string]map[string]string{}, bad: map[string]bool{}, gone: map[string]bool{}}
		registered := map[string]event.LocationRegistered{}
		roots, leaves := []string{"r0.yaml", "r1.yaml"}, []string{"f0.yaml", "f1.yaml", "f2.yaml", "f3.yaml"}
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch do := rapid.SampledFrom([]string{"register", "lead", "edit", "edit", "bring", "data", "data", "withdraw", "break", "lose", "fail", "read", "read", "read", "restart", "remove", "move", "delete"}).Draw(t, "step"); do {
			case "register":
				path := rapid.SampledFrom(roots).Draw(t, "root")
				if _, ok := registered[path]; !ok {
					registered[path] = p.register(path)
				}
			case "lead": // each file is led to by one root, so that nobody is first
				path := rapid.IntRange(0, 1).Draw(t, "root")
				d.leads[roots[path]] = nil
				for f := path; f < len(leaves); f += 2 {
					if rapid.Bool().Draw(t, "leads") {
						d.leads[roots[path]] = append(d.leads[roots[path]], "./"+leaves[f])
					}
				}
			case "edit":
				path := rapid.SampledFrom(slices.Concat(roots, leaves)).Draw(t, "file")
				if d.docs[path] == nil {
					d.docs[path] = map[string]string{}
				}
				name := fmt.Sprintf("%s-%d", strings.TrimSuffix(path, ".yaml"), rapid.IntRange(0, 2).Draw(t, "name"))
				if rapid.IntRange(0, 3).Draw(t, "shared") == 0 {
					name = shared + "-0"
				}
				d.docs[path][name] = fmt.Sprint("owner-", i)
			case "bring":
				path := rapid.SampledFrom(slices.Concat(roots, leaves)).Draw(t, "file")
				if d.docs[path] == nil {
					d.docs[path] = map[string]string{}
				}
				d.docs[path][fmt.Sprintf("%s-%d", strings.TrimSuffix(path, ".yaml"), rapid.IntRange(0, 2).Draw(t, "name"))] = "{$json: ./data.json}"
			case "data":
				d.data = rapid.SampledFrom([]string{`"a"`, `"b"`, "{", "5", ""}).Draw(t, "text")
			case "withdraw":
				delete(d.docs, rapid.SampledFrom(leaves).Draw(t, "file"))
			case "break":
				path := rapid.SampledFrom(leaves).Draw(t, "file")
				d.bad[path] = !d.bad[path]
			case "lose":
				path := rapid.SampledFrom(leaves).Draw(t, "file")
				d.gone[path] = !d.gone[path]
			case "fail":
				p.site.down = true
				before := p.catalogNow().All()
				p.readAll()
				for _, e := range before {
					if _, ok := p.catalogNow().Get(e.Ref); !ok {
						t.Fatalf("a host that is down removes %s", e.Ref)
					}
				}
				p.site.down = false
			case "read":
				p.readAll()
			case "restart":
				p.configure(ingest.LocationsOptions{})
			case "remove", "move":
				path := rapid.SampledFrom(roots).Draw(t, "root")
				l, ok := registered[path]
				if !ok {
					continue
				}
				if do == "move" { // there and back again
					if _, err := p.locations.Update(t.Context(), l.ID, "url", p.site.at("f0.yaml"), event.Cause{}); err != nil {
						t.Fatalf("%v", err)
					}
					p.read(l.ID)
					if _, err := p.locations.Update(t.Context(), l.ID, "url", l.Target, event.Cause{}); err != nil {
						t.Fatalf("%v", err)
					}
					continue
				}
				if err := p.locations.Remove(t.Context(), l.ID, event.Cause{}); err != nil {
					t.Fatalf("%v", err)
				}
				delete(registered, path)
			case "delete":
				if names := p.names(); len(names) > 0 {
					if err := p.locations.DeleteEntity(t.Context(), rapid.SampledFrom(names).Draw(t, "entity"), event.Cause{}); err != nil {
						t.Fatalf("%v", err)
					}
					p.now = p.now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second)
				}
			}
			d.publish(p.site)
		}
		d.bad, d.gone = map[string]bool{}, map[string]bool{} // in the end all is well
		d.data = `"c"`
		d.publish(p.site)
		p.now = p.now.Add(time.Minute)
		p.readAll()
		p.readAll() // what was another's name may be free by now

		fresh := newPlaces(t, ingest.LocationsOptions{})
		fresh.site.Close()
		fresh.site = p.site
		fresh.configure(ingest.LocationsOptions{})
		for _, path := range sorted(registered) {
			fresh.register(path)
		}
		fresh.readAll()
		comparePlaces(t, fresh, p)
		for _, of := range []*places{fresh, p} {
			checkConflicts(t, of.catalogNow())
		}
		if again := p.readAll(); len(again) > 0 {
			t.Fatalf("reading once more appends %s about %s", again[0].Type, again[0].Subject)
		}
	})
}

func comparePlaces(t *rapid.T, fresh, grown *places) {
	type state struct {
		Spec, Annotations any
		Path, Parent      string
		Rejected          bool
	}
	states := func(p *places) map[string]state {
		all := map[string]state{}
		for _, e := range p.catalogNow().All() {
			if isShared(e.Ref) { // who is first to declare it keeps it
				all[e.Ref] = state{Rejected: e.Rejection != nil}
				continue
			}
			all[e.Ref] = state{e.Entity.Spec, e.Entity.Metadata.Annotations, e.Origin.Path, e.Origin.Parent, e.Rejection != nil}
			if e.Entity.Metadata.UID == "" || e.Entity.Metadata.ETag != catalog.ETag(e.Entity) {
				t.Fatalf("%s has uid %q and etag %q", e.Ref, e.Entity.Metadata.UID, e.Entity.Metadata.ETag)
			}
		}
		return all
	}
	if diff := cmp.Diff(states(fresh), states(grown)); diff != "" {
		t.Fatalf("the catalog (-fresh +grown):\n%s", diff)
	}
	if n, m := len(fresh.catalogNow().Rejections()), len(grown.catalogNow().Rejections()); n != m {
		t.Fatalf("%d files are refused, want %d", m, n)
	}
}
