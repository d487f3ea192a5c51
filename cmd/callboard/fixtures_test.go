package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/entities"
)

// fixturesAt is where the fixtures lay when a Backstage read them.
const fixturesAt = "/srv/golden/fixtures"

// fixturePortal is a portal that has read the fixtures, and where these lie.
// Other may allow more.
func fixturePortal(t *testing.T, other func(*config.Config)) (p *portal, at string) {
	t.Helper()
	at, err := filepath.Abs(filepath.Join("testdata", "backstage", "fixtures"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := func(names ...string) []config.Rule {
		var r config.Rule
		for _, name := range names {
			r.Allow = append(r.Allow, config.Allow{Kind: name})
		}
		return []config.Rule{r}
	}
	conf := config.Default()
	other(&conf)
	conf.Catalog.Rules = kinds("Component", "API", "Resource", "System", "Domain", "Location", "Template", "Spaceship")
	conf.Catalog.Processing.Interval = config.Duration(time.Hour)
	add := func(file string, rules []config.Rule) {
		conf.Catalog.Locations = append(conf.Catalog.Locations, config.Location{Type: "file", Target: filepath.Join(at, filepath.FromSlash(file)), Rules: rules})
	}
	add("root.yaml", kinds("User", "Group"))
	for _, name := range []string{
		"bad-yaml", "unknown-kind", "lowercase-kind", "bad-name", "missing-owner", "mixed", "mixed-doc", "duplicate-same-file",
		"not-an-entity", "empty", "forbidden-kind", "placeholder-file", "bad-fields", "no-such-file",
	} {
		add("errors/"+name+".yaml", nil)
	}
	p = runPortal(t, conf)

	// Files are read in order, so that all is there when the last has been.
	last := generatedName("file:" + conf.Catalog.Locations[len(conf.Catalog.Locations)-1].Target)
	for refused := false; !refused; {
		now := p.catalog.Snapshot()
		for _, r := range now.Rejections() {
			refused = refused || r.Ref == "location:default/"+last
		}
		if !refused {
			if err := p.runner.Wait(t.Context(), entities.Name, now.Position()+1); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p, at
}

// Locations lead to the entities, with the annotations and relations, that a
// Backstage makes of them, and to no others.
func TestBackstageFixtures(t *testing.T) {
	p, at := fixturePortal(t, func(*config.Config) {})
	want := map[string]any{}
	for _, e := range readLines[json.RawMessage](t, filepath.Join("testdata", "backstage", "entities.jsonl")) {
		keep(t, want, plainAnswer(t, strings.ReplaceAll(string(e), fixturesAt, at)))
	}
	resp, err := http.Get(p.url() + "/api/catalog/entities")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, e := range plainAnswer(t, string(body)).([]any) {
		keep(t, got, e)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-Backstage +Callboard)\n%s", d)
	}
}

// keep puts an entity under its ref, without its uid. What Backstage called the
// entities of the locations was made of a path that is not on record: they go by
// their targets.
func keep(t *testing.T, all map[string]any, e any) {
	t.Helper()
	metadata, ok := e.(map[string]any)["metadata"].(map[string]any)
	if !ok {
		t.Fatalf("no entity: %v", e)
	}
	delete(metadata, "uid")
	if name, _ := metadata["name"].(string); strings.HasPrefix(name, "generated-") {
		spec, _ := e.(map[string]any)["spec"].(map[string]any)
		metadata["name"] = fmt.Sprint("generated ", spec["target"])
	}
	all[fmt.Sprint(e.(map[string]any)["kind"], ":", metadata["namespace"], "/", metadata["name"])] = e
}
