package acme_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/examples/acme"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// play plays the history on a forge of its own.
func play(t *testing.T) *demoforge.Forge {
	t.Helper()
	h, err := acme.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := demoforge.New(demoforge.Options{URL: "http://forge.acme.example"})
	if err := f.Play(context.Background(), h, demoforge.PlayOptions{End: time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	return f
}

// entity is as much of a descriptor as these tests look at.
type entity struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name        string
		Annotations map[string]string
	}
	Spec map[string]any
}

func (e entity) ref() string { return strings.ToLower(e.Kind) + ":default/" + e.Metadata.Name }

// documents parses a file of descriptors.
func documents(t *testing.T, text string) []entity {
	t.Helper()
	var all []entity
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var e entity
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
}

// catalogOf reads a repository as Callboard does: every catalog-info.yaml, and
// what the Locations in them point at.
func catalogOf(t *testing.T, files map[string]string) map[string]entity {
	t.Helper()
	found := map[string]entity{}
	waiting := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(p string) bool { return path.Base(p) != "catalog-info.yaml" })
	read := map[string]bool{}
	for len(waiting) > 0 {
		file := waiting[0]
		waiting = waiting[1:]
		if read[file] {
			continue
		}
		read[file] = true
		for _, e := range documents(t, files[file]) {
			if _, twice := found[e.ref()]; twice {
				t.Errorf("%s is declared twice", e.ref())
			}
			found[e.ref()] = e
			targets, _ := e.Spec["targets"].([]any)
			for _, target := range targets {
				glob := path.Join(path.Dir(file), target.(string))
				n := len(waiting)
				for p := range files {
					if ok, err := path.Match(glob, p); err != nil {
						t.Fatal(err)
					} else if ok {
						waiting = append(waiting, p)
					}
				}
				if len(waiting) == n {
					t.Errorf("%s points at %s, where nothing is", e.ref(), glob)
				}
			}
		}
	}
	return found
}

// landscape is all entities at the end, and the repository of each.
func landscape(t *testing.T, f *demoforge.Forge) map[string]entity {
	t.Helper()
	all := map[string]entity{}
	for _, r := range f.Repositories() {
		files := filesOf(t, r)
		for ref, e := range catalogOf(t, files) {
			if _, twice := all[ref]; twice {
				t.Errorf("%s is declared in two repositories", ref)
			}
			all[ref] = e
		}
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
	for _, e := range landscape(t, f) {
		kinds[e.Kind]++
	}
	for kind, least := range map[string]int{"Component": 24, "API": 8, "Resource": 6, "System": 5, "Domain": 2, "Group": 6, "User": 20, "Location": 4} {
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
	kindOf := map[string]string{
		"owner": "group", "system": "system", "domain": "domain", "subcomponentOf": "component",
		"providesApis": "api", "consumesApis": "api", "memberOf": "group", "parent": "group",
		"dependsOn": "", "dependencyOf": "",
	}
	var dangling []string
	for _, ref := range slices.Sorted(maps.Keys(all)) {
		for field, kind := range kindOf {
			values, ok := all[ref].Spec[field].([]any)
			if !ok && all[ref].Spec[field] != nil {
				values = []any{all[ref].Spec[field]}
			}
			for _, v := range values {
				target, ok := v.(string)
				if !ok {
					continue // the descriptor that is broken on purpose
				}
				if !strings.Contains(target, ":") {
					target = kind + ":default/" + target
				}
				if _, ok := all[target]; !ok {
					dangling = append(dangling, ref+" "+field+" "+target)
				}
			}
		}
	}
	want := []string{"component:default/warehouse-sync owner group:default/logistics"}
	if diff := cmp.Diff(want, dangling); diff != "" {
		t.Errorf("references to nothing (-want +got):\n%s", diff)
	}
}

// The last push leaves payments-api as the pages' mock-ups show it.
func TestTheBrokenDescriptor(t *testing.T) {
	f := play(t)
	for _, r := range f.Repositories() {
		if r.Name() != "acme/payments-api" {
			continue
		}
		lines := strings.Split(filesOf(t, r)["catalog-info.yaml"], "\n")
		if diff := cmp.Diff([]string{"    - payments-v2", "    - refunds: v1", "  dependsOn:"}, lines[21:24]); diff != "" {
			t.Errorf("lines 22 to 24 (-want +got):\n%s", diff)
		}
	}
	last := f.Deliveries()[len(f.Deliveries())-1]
	if last.Repository != "acme/payments-api" {
		t.Errorf("the last push is to %s", last.Repository)
	}
}

// What names docs has them, and what has them says so.
func TestDocs(t *testing.T) {
	for _, r := range play(t).Repositories() {
		files := filesOf(t, r)
		annotated := false
		for _, e := range catalogOf(t, files) {
			_, named := e.Metadata.Annotations["backstage.io/techdocs-ref"]
			annotated = annotated || named
		}
		text, has := files["mkdocs.yml"]
		if annotated != has {
			t.Errorf("%s: annotated %t, has mkdocs.yml %t", r.Name(), annotated, has)
		}
		var config struct{ Nav []map[string]string }
		if err := yaml.Unmarshal([]byte(text), &config); err != nil {
			t.Errorf("%s: %v", r.Name(), err)
		}
		for _, item := range config.Nav {
			for title, page := range item {
				if _, ok := files["docs/"+page]; !ok {
					t.Errorf("%s: the page %q is not at docs/%s", r.Name(), title, page)
				}
			}
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
		End:    time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC),
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
