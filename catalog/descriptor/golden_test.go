package descriptor_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

// backstageEntity is an entity as Backstage's API answers with it.
type backstageEntity struct {
	catalog.Entity
	Relations []catalog.Relation `json:"relations"`
}

// parseFiles reads the descriptors that match a pattern, in the order of their names.
func parseFiles(t *testing.T, pattern string) map[string]descriptor.File {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	files := make(map[string]descriptor.File)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = descriptor.Parse(data)
	}
	return files
}

// TestBackstageAgrees compares what we read from the files in testdata/golden,
// relations included, with what a real Backstage made of them.
func TestBackstageAgrees(t *testing.T) {
	data, err := os.ReadFile("testdata/golden/entities.json")
	if err != nil {
		t.Fatal(err)
	}
	var answer []backstageEntity
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]backstageEntity)
	for _, e := range answer {
		want[e.Ref().String()] = e
	}

	got := make(map[string]backstageEntity)
	for _, f := range parseFiles(t, "testdata/golden/good/*.yaml") {
		for _, doc := range f.Documents {
			if doc.Entity != nil {
				got[doc.Ref.String()] = backstageEntity{Entity: *doc.Entity, Relations: []catalog.Relation{}}
			}
		}
	}
	relations := make(map[string][]catalog.Relation)
	for _, e := range got {
		for _, edge := range catalog.Edges(&e.Entity) {
			from := edge.From.String()
			relations[from] = append(relations[from], catalog.Relation{Type: edge.Type, TargetRef: edge.To.String()})
		}
	}
	for ref, e := range got {
		slices.SortFunc(relations[ref], func(a, b catalog.Relation) int {
			return strings.Compare(a.Type+" "+a.TargetRef, b.Type+" "+b.TargetRef)
		})
		e.Relations = append(e.Relations, slices.Compact(relations[ref])...)
		got[ref] = e
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entities (-Backstage +ours):\n%s", diff)
	}
}

// TestBackstageRefuses lists what is wrong with the files that a real
// Backstage took nothing from.
func TestBackstageRefuses(t *testing.T) {
	want := map[string][]string{
		"bad-fields.yaml": {
			`line 5, column 14: metadata.namespace must be lower-case letters and digits with - between them, at most 63 characters, found "Bad_NS!"; write bad-ns`,
			`line 6, column 24: metadata.labels["bad key!"] must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash`,
			`line 7, column 26: metadata.annotations["a/b/c"] must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash`,
			`line 8, column 10: metadata.tags[0] must be lower-case letters, digits, + # : with single - between them, at most 63 characters, found "Has Upper"; write has-upper`,
		},
		"bad-name.yaml": {
			`line 3, column 18: metadata.name must be letters and digits with - _ . between them, at most 63 characters, found "bad name!"; write bad-name`,
		},
		"bad-yaml.yaml": {
			`line 4, column 3: the list that opens with [ on this line is not well formed; part its items with commas and close it with ]`,
			`line 4, column 3: the list that opens with [ on this line is not well formed; part its items with commas and close it with ]`,
		},
		"empty.yaml":          nil,
		"lowercase-kind.yaml": {`line 2, column 7: kind must be written Component, found "component"; letter case counts`},
		"missing-owner.yaml":  {`line 4, column 1: spec.owner is missing; every Component needs it`},
		"not-an-entity.yaml": {
			`line 1, column 1: apiVersion is missing; every entity needs it`,
			`line 1, column 1: kind is missing; every entity needs it`,
			`line 1, column 1: metadata is missing; every entity needs it`,
			`line 1, column 1: apiVersion is missing; every entity needs it`,
			`line 1, column 1: kind is missing; every entity needs it`,
			`line 1, column 1: metadata is missing; every entity needs it`,
			`line 1, column 8: hello does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these`,
			`line 2, column 7: list does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these`,
		},
		"placeholder-file.yaml": {`line 9, column 23: spec.definition placeholder $text could not read location ./definition.txt: nothing is brought in here`},
		"unknown-kind.yaml":     {`line 2, column 7: kind must be one that this catalog knows (Component, API, Resource, System, Domain, Group, User, Location, Template), found "Spaceship"; write one of these, or declare it under catalog.kinds`},
	}
	got := make(map[string][]string)
	for path, f := range parseFiles(t, "testdata/golden/bad/*.yaml") {
		var problems []string
		for _, p := range f.Problems {
			problems = append(problems, p.String())
		}
		for _, doc := range f.Documents {
			if doc.Entity != nil {
				t.Errorf("%s gives an entity", path)
			}
			for _, p := range doc.Problems {
				problems = append(problems, p.String())
			}
		}
		got[filepath.Base(path)] = problems
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems, those of the file first (-want +got):\n%s", diff)
	}
}
