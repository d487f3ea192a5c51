package acme_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/examples/acme"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/techdocs"
)

var end = time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)

// play plays the history on a forge of its own.
func play(t *testing.T) *demoforge.Forge {
	t.Helper()
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := demoforge.New(demoforge.Options{URL: "http://forge.acme.example"})
	if err := f.Play(context.Background(), h, demoforge.PlayOptions{End: end}); err != nil {
		t.Fatal(err)
	}
	return f
}

// kinds are those that Acme's portal knows.
func kinds(t *testing.T) catalog.Kinds {
	t.Helper()
	c, problems := config.Parse([]byte(acme.Config()), nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return slices.Concat(catalog.BuiltIn(), scorecards.Kinds(), c.Catalog.Own())
}

// reading is what Callboard finds in a repository: every catalog-info.yaml, and
// what the Locations in them point at.
type reading struct {
	entities map[string]*catalog.Entity // by reference; nil when the descriptor is refused
	problems []string
	places   []string // where the problems of descriptors stand
}

func read(known catalog.Kinds, files map[string]string) reading {
	r := reading{entities: map[string]*catalog.Entity{}}
	waiting := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(p string) bool { return path.Base(p) != "catalog-info.yaml" })
	for i := 0; i < len(waiting); i++ {
		file := waiting[i]
		parsed := descriptor.ResolveOf(known, []byte(files[file]), func(p descriptor.Placeholder) ([]byte, error) {
			text, ok := files[path.Join(path.Dir(file), p.Target)]
			if !ok {
				return nil, fmt.Errorf("could not read location %s", p.Target)
			}
			return []byte(text), nil
		})
		for _, d := range parsed.Documents {
			for _, p := range d.Problems {
				r.problems = append(r.problems, strings.TrimSpace(file+" "+p.Path))
				r.places = append(r.places, fmt.Sprintf("%s:%d:%d", file, p.Line, p.Column))
			}
			ref := d.Ref.String()
			if _, twice := r.entities[ref]; twice {
				r.problems = append(r.problems, ref+" is declared twice")
			}
			r.entities[ref] = d.Entity
			if d.Entity == nil {
				continue
			}
			targets, _ := d.Entity.Spec["targets"].([]any)
			for _, target := range targets {
				found := matching(files, path.Join(path.Dir(file), target.(string)))
				if len(found) == 0 {
					r.problems = append(r.problems, fmt.Sprintf("%s: nothing is at %s", file, target))
				}
				waiting = append(waiting, found...)
			}
		}
	}
	return r
}

func matching(files map[string]string, glob string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(p string) bool {
		ok, err := path.Match(glob, p)
		return err != nil || !ok
	})
}

// landscape is all entities at the end.
func landscape(t *testing.T, f *demoforge.Forge) map[string]*catalog.Entity {
	t.Helper()
	all := map[string]*catalog.Entity{}
	var twice []string
	known := kinds(t)
	for _, r := range f.Repositories() {
		for ref, e := range read(known, filesOf(t, r)).entities {
			if _, ok := all[ref]; ok {
				twice = append(twice, ref)
			}
			all[ref] = e
		}
	}
	// The one that the story needs: a move that began with a copy.
	if diff := cmp.Diff([]string{"component:default/order-facts"}, twice); diff != "" {
		t.Errorf("declared in two repositories (-want +got):\n%s", diff)
	}
	return all
}

func filesOf(t *testing.T, r *demoforge.Repository) map[string]string {
	t.Helper()
	files, err := r.Files("HEAD")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSize(t *testing.T) {
	f := play(t)
	kinds := map[string]int{}
	for ref := range landscape(t, f) {
		kind, _, _ := strings.Cut(ref, ":")
		kinds[kind]++
	}
	for kind, least := range map[string]int{"component": 24, "api": 8, "resource": 6, "system": 5, "domain": 2, "group": 6, "user": 20, "location": 4, "dataset": 3} {
		if kinds[kind] < least {
			t.Errorf("%d of kind %s, want at least %d", kinds[kind], kind, least)
		}
	}
	providers := map[demoforge.Provider]int{}
	subgroups := 0
	for _, r := range f.Repositories() {
		providers[r.Provider()]++
		if strings.Count(r.Name(), "/") > 1 {
			subgroups++
		}
	}
	if providers[demoforge.GitHub] < 8 || providers[demoforge.GitLab] < 4 || subgroups == 0 {
		t.Errorf("%v repositories, %d of them in subgroups", providers, subgroups)
	}
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	commits := 0
	for _, p := range h.Pushes {
		commits += len(p.Commits)
	}
	if oldest := h.Pushes[0].Commits[0].Before; commits < 120 || commits > 180 || oldest < 180*24*time.Hour {
		t.Errorf("%d commits over %s, want 120 to 180 over six months", commits, oldest)
	}
}

// Every reference leads somewhere, but for the one that the story needs.
func TestReferences(t *testing.T) {
	all := landscape(t, play(t))
	var dangling []string
	for _, ref := range slices.Sorted(maps.Keys(all)) {
		if all[ref] == nil {
			continue
		}
		for _, edge := range kinds(t).Edges(all[ref]) {
			if _, ok := all[edge.To.String()]; !ok {
				dangling = append(dangling, fmt.Sprint(edge.From, " ", edge.Type, " ", edge.To))
			}
		}
	}
	want := []string{"component:default/warehouse-sync ownedBy group:default/logistics"}
	if diff := cmp.Diff(want, dangling); diff != "" {
		t.Errorf("references to nothing (-want +got):\n%s", diff)
	}
}

// All descriptors are good at all times, but for four that the story needs.
// Three are mended; the last one stays as the pages' mock-ups show it.
func TestBrokenDescriptors(t *testing.T) {
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := demoforge.New(demoforge.Options{URL: "http://forge.acme.example"})
	broken, known := map[string][]string{}, kinds(t)
	var got []string
	err = f.Play(t.Context(), h, demoforge.PlayOptions{End: end, Played: func(context.Context, int, int) error {
		d := f.Deliveries()[len(f.Deliveries())-1]
		for _, r := range f.Repositories() {
			if r.Name() != d.Repository {
				continue
			}
			now := read(known, filesOf(t, r)).problems
			for _, p := range now {
				if !slices.Contains(broken[d.Repository], p) {
					got = append(got, "broken: "+d.Repository+" "+p)
				}
			}
			for _, p := range broken[d.Repository] {
				if !slices.Contains(now, p) {
					got = append(got, "mended: "+d.Repository+" "+p)
				}
			}
			broken[d.Repository] = now
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"broken: acme/stock catalog-info.yaml metadata.tags[0]",
		"broken: acme/stock catalog-info.yaml metadata.tags[2]",
		"mended: acme/stock catalog-info.yaml metadata.tags[0]",
		"mended: acme/stock catalog-info.yaml metadata.tags[2]",
		"broken: acme/search index/catalog-info.yaml",
		"mended: acme/search index/catalog-info.yaml",
		"broken: acme/identity-gateway consent-store/catalog-info.yaml spec.lifecycle",
		"mended: acme/identity-gateway consent-store/catalog-info.yaml spec.lifecycle",
		"broken: acme/payments-api catalog-info.yaml spec.providesApis[1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what breaks and is mended (-want +got):\n%s", diff)
	}
	for _, r := range f.Repositories() {
		if r.Name() == "acme/payments-api" {
			if diff := cmp.Diff([]string{"catalog-info.yaml:23:7"}, read(known, filesOf(t, r)).places); diff != "" {
				t.Errorf("where the last one stands (-want +got):\n%s", diff)
			}
		}
	}
}

// The definition of an API may stand in a file of its own, and change alone.
func TestDefinitionInAFileOfItsOwn(t *testing.T) {
	for _, r := range play(t).Repositories() {
		if r.Name() != "acme/shipping-rates" {
			continue
		}
		e := read(kinds(t), filesOf(t, r)).entities["api:default/shipping-v1"]
		if e == nil || !strings.Contains(e.SpecString("definition"), "version: 1.2.0") {
			t.Errorf("the API is %+v", e)
		}
	}
}

// What names docs has them, what has them says so, and nothing in them is wrong: no link
// leads nowhere, also of the manual with what is embedded of its repository.
func TestDocs(t *testing.T) {
	for _, r := range play(t).Repositories() {
		files := filesOf(t, r)
		annotated := false
		for ref, e := range read(kinds(t), files).entities {
			if e == nil {
				t.Logf("%s is not looked at: its descriptor is broken", ref)
				annotated = true
				continue
			}
			_, named := e.Metadata.Annotations["backstage.io/techdocs-ref"]
			annotated = annotated || named
		}
		_, has := files["mkdocs.yml"]
		if annotated != has {
			t.Errorf("%s: annotated %t, has mkdocs.yml %t", r.Name(), annotated, has)
		}
		if !has {
			continue
		}
		tree := techdocs.Tree{Read: func(_ context.Context, name string) ([]byte, error) { return []byte(files[name]), nil }}
		for name := range files {
			tree.Files = append(tree.Files, techdocs.File{Path: name})
		}
		site, err := techdocs.Read(t.Context(), tree, techdocs.Options{})
		if err != nil || len(site.Pages) == 0 {
			t.Errorf("%s: %v, %+v", r.Name(), err, site)
			continue
		}
		for _, p := range site.Problems {
			t.Errorf("%s: %v", r.Name(), p)
		}
	}
}

// The demo starts by playing all of it: the pushes have to be accepted in order.
func TestPlaysThroughHooks(t *testing.T) {
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("X-GitHub-Delivery")+r.Header.Get("Idempotency-Key"))
		w.WriteHeader(http.StatusAccepted)
	})
	f := demoforge.New(demoforge.Options{URL: "http://forge.acme.example"})
	err = f.Play(t.Context(), h, demoforge.PlayOptions{
		End:    end,
		Hooks:  map[demoforge.Provider]string{demoforge.GitHub: "http://callboard/hooks/github", demoforge.GitLab: "http://callboard/hooks/gitlab"},
		Client: &http.Client{Transport: direct{hook}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range play(t).Deliveries() {
		want = append(want, d.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries of another play with the same end (-other +this):\n%s", diff)
	}
}

// direct hands requests to a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}
