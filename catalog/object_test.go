package catalog_test

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/catalogtest"
)

func TestEntityGoesThroughJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := catalogtest.Entity().Draw(t, "entity")
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var again catalog.Entity
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, &again); diff != "" {
			t.Fatalf("entity (-want +got):\n%s", diff)
		}
		for _, l := range e.Metadata.Links {
			b, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			var again catalog.Link
			if err := json.Unmarshal(b, &again); err != nil || !cmp.Equal(l, again) {
				t.Fatalf("link %v becomes %v, error %v", l, again, err)
			}
		}
	})
}

func TestMetadataJSON(t *testing.T) {
	tests := []struct {
		name string
		in   catalog.Metadata
		want string
	}{
		{"only a name", catalog.Metadata{Name: "till"}, `{"name":"till"}`},
		{
			"known and extra fields side by side",
			catalog.Metadata{Name: "till", Namespace: "shop", Extra: map[string]any{"Name": "another", "size": 5.0}},
			`{"Name":"another","name":"till","namespace":"shop","size":5}`,
		},
		{
			"an empty list is kept",
			catalog.Metadata{Name: "till", Labels: map[string]string{}, Tags: []string{}, Links: []catalog.Link{}},
			`{"labels":{},"links":[],"name":"till","tags":[]}`,
		},
		{"an extra field hides none of the model's", catalog.Metadata{Name: "till", Extra: map[string]any{"name": "another"}}, `{"name":"till"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := json.Marshal(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(b)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetadataOfWrongTypes(t *testing.T) {
	tests := map[string]string{
		`{"name":5}`:                             "field name cannot be the number 5",
		`{"name":"x","tags":"java"}`:             `field tags cannot be "java"`,
		`{"name":"x","tags":[true]}`:             "field tags cannot be true",
		`{"name":"x","labels":{"a":null}}`:       "field labels cannot be nothing",
		`{"name":"x","links":[[]]}`:              "field links cannot be a list",
		`{"name":"x","links":[{"url":{}}]}`:      "field url cannot be a mapping",
		`{"name":"x","links":{},"title":["Hi"]}`: "field title cannot be a list",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if got := errorText(json.Unmarshal([]byte(text), new(catalog.Metadata))); got != want {
				t.Errorf("error %q, want %q", got, want)
			}
		})
	}
}

func TestETag(t *testing.T) {
	read := func(text string) *catalog.Entity {
		t.Helper()
		e, problems := catalog.FromObject(object(t, text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return e
	}
	e := read(component(`"tags": ["a"]`, `"x": {"a": 1, "b": 2}, "dependsOn": ["resource:a", "resource:b"]`))
	canonical := `{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{"name":"till","namespace":"default","tags":["a"]},` +
		`"spec":{"dependsOn":["resource:a","resource:b"],"lifecycle":"production","owner":"payments","type":"service","x":{"a":1,"b":2}}}`
	if got, want := catalog.ETag(e), fmt.Sprintf("%x", sha1.Sum([]byte(canonical))); got != want {
		t.Errorf("etag %s, want %s", got, want)
	}
	const deps = `, "dependsOn": ["resource:a", "resource:b"]`
	same := map[string]*catalog.Entity{
		"another order of keys":            read(component(`"tags": ["a"]`, `"x": {"b": 2, "a": 1}`+deps)),
		"another order of references":      read(component(`"tags": ["a"]`, `"x": {"a": 1, "b": 2}, "dependsOn": ["resource:b", "resource:a"]`)),
		"a uid and etag":                   read(component(`"tags": ["a"], "uid": "1", "etag": "2"`, `"x": {"a": 1, "b": 2}`+deps)),
		"the default namespace, spelt out": read(component(`"tags": ["a"], "namespace": "default"`, `"x": {"a": 1, "b": 2}`+deps)),
	}
	for name, other := range same {
		if catalog.ETag(other) != catalog.ETag(e) {
			t.Errorf("%s changes the etag", name)
		}
	}
	different := map[string]*catalog.Entity{
		"another value":     read(component(`"tags": ["b"]`, `"x": {"a": 1, "b": 2}`+deps)),
		"an annotation":     read(component(`"tags": ["a"], "annotations": {"a": "b"}`, `"x": {"a": 1, "b": 2}`+deps)),
		"null for nothing":  read(component(`"tags": ["a"]`, `"x": {"a": 1, "b": 2}, "y": null`+deps)),
		"text for a number": read(component(`"tags": ["a"]`, `"x": {"a": "1", "b": 2}`+deps)),
	}
	for name, other := range different {
		if catalog.ETag(other) == catalog.ETag(e) {
			t.Errorf("%s leaves the etag as it was", name)
		}
	}
}

func TestRead(t *testing.T) {
	want, problems := catalog.FromObject(object(t, component(typical, typicalSpec)))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.Read(object(t, string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, wrong := range []string{`{"kind": 5}`, `{"metadata": []}`, `{"metadata": {"tags": [5]}}`, `{"spec": "x"}`} {
		if _, err := catalog.Read(object(t, wrong)); err == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}
