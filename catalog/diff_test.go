package catalog_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/catalogtest"
)

func TestDiff(t *testing.T) {
	link := func(url, title string) catalog.Link { return catalog.Link{URL: url, Title: title} }
	step := func(id, action string) any { return map[string]any{"id": id, "action": action} }
	tests := []struct {
		name          string
		before, after catalog.Entity
		want          []catalog.Change
	}{
		{
			"fields come, go and change, in the order of their paths",
			catalog.Entity{Metadata: catalog.Metadata{Title: "Till"}, Spec: map[string]any{"owner": "payments", "lifecycle": "experimental"}},
			catalog.Entity{Metadata: catalog.Metadata{Description: "Takes money"}, Spec: map[string]any{"owner": "checkout", "lifecycle": "experimental"}},
			[]catalog.Change{
				{Path: "metadata.description", Op: catalog.Added, After: "Takes money"},
				{Path: "metadata.title", Op: catalog.Removed, Before: "Till"},
				{Path: "spec.owner", Op: catalog.Changed, Before: "payments", After: "checkout"},
			},
		},
		{
			"keys that are no word are quoted",
			catalog.Entity{Metadata: catalog.Metadata{Labels: map[string]string{"acme.example/tier": "2", "plain-one": "x"}}},
			catalog.Entity{Metadata: catalog.Metadata{Labels: map[string]string{"acme.example/tier": "1"}}},
			[]catalog.Change{
				{Path: `metadata.labels["acme.example/tier"]`, Op: catalog.Changed, Before: "2", After: "1"},
				{Path: "metadata.labels.plain-one", Op: catalog.Removed, Before: "x"},
			},
		},
		{
			"strings in a list come and go as values",
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"java", "web"}}},
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"tier-1", "java"}}},
			[]catalog.Change{
				{Path: "metadata.tags", Op: catalog.Removed, Before: "web"},
				{Path: "metadata.tags", Op: catalog.Added, After: "tier-1"},
			},
		},
		{
			"another order of the same strings is a change of the list",
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"java", "web"}}},
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"web", "java"}}},
			[]catalog.Change{{Path: "metadata.tags", Op: catalog.Changed, Before: []any{"java", "web"}, After: []any{"web", "java"}}},
		},
		{
			"strings that occur twice are compared by index",
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"web", "web"}}},
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{"web"}}},
			[]catalog.Change{{Path: "metadata.tags[1]", Op: catalog.Removed, Before: "web"}},
		},
		{
			"an empty list is not a missing one",
			catalog.Entity{Metadata: catalog.Metadata{Tags: []string{}}},
			catalog.Entity{},
			[]catalog.Change{{Path: "metadata.tags", Op: catalog.Removed, Before: []any{}}},
		},
		{
			"links are known by their url",
			catalog.Entity{Metadata: catalog.Metadata{Links: []catalog.Link{link("https://a.example", "A"), link("https://b.example", "B"), link("https://c.example", "C")}}},
			catalog.Entity{Metadata: catalog.Metadata{Links: []catalog.Link{link("https://b.example", "Bee"), link("https://c.example", "C"), link("https://d.example", "D")}}},
			[]catalog.Change{
				{Path: "metadata.links[0]", Op: catalog.Removed, Before: map[string]any{"url": "https://a.example", "title": "A"}},
				{Path: "metadata.links[0].title", Op: catalog.Changed, Before: "B", After: "Bee"},
				{Path: "metadata.links[2]", Op: catalog.Added, After: map[string]any{"url": "https://d.example", "title": "D"}},
			},
		},
		{
			"another order of the same links is a change of the list",
			catalog.Entity{Metadata: catalog.Metadata{Links: []catalog.Link{link("https://a.example", ""), link("https://b.example", "")}}},
			catalog.Entity{Metadata: catalog.Metadata{Links: []catalog.Link{link("https://b.example", ""), link("https://a.example", "")}}},
			[]catalog.Change{{Path: "metadata.links", Op: catalog.Changed, Before: []any{"https://a.example", "https://b.example"}, After: []any{"https://b.example", "https://a.example"}}},
		},
		{
			"mappings are known by their id",
			catalog.Entity{Spec: map[string]any{"steps": []any{step("fetch", "fetch:plain"), step("publish", "publish:github")}}},
			catalog.Entity{Spec: map[string]any{"steps": []any{step("ask", "debug:log"), step("fetch", "fetch:plain"), step("publish", "publish:gitlab")}}},
			[]catalog.Change{
				{Path: "spec.steps[0]", Op: catalog.Added, After: step("ask", "debug:log")},
				{Path: "spec.steps[2].action", Op: catalog.Changed, Before: "publish:github", After: "publish:gitlab"},
			},
		},
		{
			"other lists are compared by index",
			catalog.Entity{Spec: map[string]any{"x": []any{1.0, map[string]any{"a": true}, nil}}},
			catalog.Entity{Spec: map[string]any{"x": []any{1.0, map[string]any{"a": false}}}},
			[]catalog.Change{
				{Path: "spec.x[1].a", Op: catalog.Changed, Before: true, After: false},
				{Path: "spec.x[2]", Op: catalog.Removed},
			},
		},
		{
			"null is not missing",
			catalog.Entity{Spec: map[string]any{}},
			catalog.Entity{Spec: map[string]any{"x": nil}},
			[]catalog.Change{{Path: "spec.x", Op: catalog.Added}},
		},
		{
			"a value of another type is a change of the whole",
			catalog.Entity{Spec: map[string]any{"x": "1", "y": []any{"1"}}},
			catalog.Entity{Spec: map[string]any{"x": 1.0, "y": map[string]any{"1": nil}}},
			[]catalog.Change{
				{Path: "spec.x", Op: catalog.Changed, Before: "1", After: 1.0},
				{Path: "spec.y", Op: catalog.Changed, Before: []any{"1"}, After: map[string]any{"1": nil}},
			},
		},
		{
			"what Callboard writes itself is no change",
			catalog.Entity{Metadata: catalog.Metadata{UID: "1", ETag: "2", Annotations: map[string]string{catalog.AnnotationViewURL: "https://a.example", "note": "x"}}},
			catalog.Entity{Metadata: catalog.Metadata{UID: "3", ETag: "4", Annotations: map[string]string{catalog.AnnotationEditURL: "https://b.example", "note": "y"}}},
			[]catalog.Change{{Path: "metadata.annotations.note", Op: catalog.Changed, Before: "x", After: "y"}},
		},
		{
			"not even the first annotation of them",
			catalog.Entity{},
			catalog.Entity{Metadata: catalog.Metadata{Annotations: map[string]string{catalog.AnnotationLocation: "url:https://a.example"}}},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, catalog.Diff(&tt.before, &tt.after)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffWithNothing(t *testing.T) {
	e := &catalog.Entity{Kind: "Component"}
	for _, pair := range [][2]*catalog.Entity{{nil, e}, {e, nil}, {nil, nil}} {
		if changes := catalog.Diff(pair[0], pair[1]); changes != nil {
			t.Errorf("Diff(%v, %v) = %v, want nothing", pair[0], pair[1], changes)
		}
	}
}

func TestDiffLeavesItsArgumentsAlone(t *testing.T) {
	e := catalog.Entity{Metadata: catalog.Metadata{UID: "1", Annotations: map[string]string{catalog.AnnotationViewURL: "https://a.example"}}}
	catalog.Diff(&e, &e)
	if e.Metadata.UID != "1" || len(e.Metadata.Annotations) != 1 {
		t.Errorf("Diff wrote to its argument: %v", e.Metadata)
	}
}

func TestDiffIsEmptyIfAndOnlyIfBothSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := catalogtest.Entity().Draw(t, "before")
		after := variant(t, before)
		changes := catalog.Diff(before, after)
		if same := essence(before) == essence(after); same != (len(changes) == 0) {
			t.Fatalf("same is %t, but the changes are %v\nbefore %s\nafter  %s", same, changes, essence(before), essence(after))
		}
		if changes := catalog.Diff(before, before); len(changes) > 0 {
			t.Fatalf("an entity differs from itself: %v", changes)
		}
	})
}

// As JSON, two entities differ in the same.
func TestDiffJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := catalogtest.Entity().Draw(t, "entity")
		b := variant(t, a)
		was, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		is, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := catalog.DiffJSON(was, is)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(asJSON(t, catalog.Diff(a, b)), asJSON(t, got)); d != "" {
			t.Error(d)
		}
	})
	if _, err := catalog.DiffJSON([]byte("{}"), []byte("{")); err == nil {
		t.Error("half an entity is compared without an error")
	}
}

func asJSON(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// variant draws an entity that is like e in much or all.
func variant(t *rapid.T, e *catalog.Entity) *catalog.Entity {
	other := catalogtest.Entity().Draw(t, "other")
	v := *e
	switch rapid.IntRange(0, 7).Draw(t, "variant") {
	case 0:
		v.Metadata.UID, v.Metadata.ETag = "another", "another"
	case 1:
		v.Metadata.Annotations = maps.Clone(e.Metadata.Annotations)
		for _, key := range catalog.DerivedAnnotations() {
			delete(v.Metadata.Annotations, key)
		}
	case 2:
		v.Metadata.Annotations = other.Metadata.Annotations
	case 3:
		v.Metadata.Tags = rapid.Permutation(e.Metadata.Tags).Draw(t, "tags")
	case 4:
		v.Metadata.Links = append(slices.Clone(other.Metadata.Links), e.Metadata.Links...)
	case 5:
		v.Spec = maps.Clone(e.Spec)
		for key, value := range other.Spec {
			if rapid.Bool().Draw(t, "take "+key) {
				v.Spec[key] = value
			}
		}
	case 6:
		v.Metadata.Extra = other.Metadata.Extra
	default:
		v = *other
	}
	return &v
}

// essence is e as JSON with sorted keys, without what Diff leaves out.
func essence(e *catalog.Entity) string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	var obj map[string]any
	if err := json.Unmarshal(b, &obj); err != nil {
		panic(err)
	}
	metadata := obj["metadata"].(map[string]any)
	delete(metadata, "uid")
	delete(metadata, "etag")
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		for _, key := range catalog.DerivedAnnotations() {
			delete(annotations, key)
		}
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	b, err = json.Marshal(obj)
	if err != nil {
		panic(err)
	}
	return string(b)
}
