package descriptor_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

// included is an Include that knows some files.
func included(files map[string]string) descriptor.Include {
	return func(p descriptor.Placeholder) ([]byte, error) {
		text, ok := files[p.Target]
		if !ok {
			return nil, errors.New("could not read location " + p.Target + ": there is no such file")
		}
		return []byte(text), nil
	}
}

func TestPlaceholders(t *testing.T) {
	files := map[string]string{
		"./a.txt": "line\r\nline %d \ufeff\n", "empty": "", "a.json": "\ufeff{\"a\": [1, 1e999, -0, {\"$text\": \"./a.txt\"}]}",
		"null.json": " null\n", "a.yaml": "# only one\n---\na: 0755\nb: [yes, 2020-01-01]\nc: &x {d: 1}\ne: *x\n", "null.yaml": "~\n",
	}
	for _, tt := range []struct {
		name, value string
		want        any
	}{
		{"text", "{$text: ./a.txt}", "line\r\nline %d \ufeff\n"},
		{"text of nothing", "{$text: empty}", ""},
		{"json, whose placeholders are none", "{$json: a.json}", map[string]any{"a": []any{1.0, nil, 0.0, map[string]any{"$text": "./a.txt"}}}},
		{"json null", "{$json: null.json}", nil},
		{"yaml", "{$yaml: a.yaml}", map[string]any{
			"a": 755.0, "b": []any{"yes", "2020-01-01"}, "c": map[string]any{"d": 1.0}, "e": map[string]any{"d": 1.0},
		}},
		{"yaml null", "{$yaml: null.yaml}", nil},
		{"in lists and mappings", "[{a: {$text: empty}}, {$json: null.json}]", []any{map[string]any{"a": ""}, nil}},
		{"by way of an alias", "[&x {$text: empty}, *x]", []any{"", ""}},
		{"a key beside it", "{$text: nowhere, b: {$text: nowhere}}", map[string]any{"$text": "nowhere", "b": map[string]any{"$text": "nowhere"}}},
		{"two of them", "{$text: nowhere, $json: nowhere}", map[string]any{"$text": "nowhere", "$json": "nowhere"}},
		{"unknown", "{$ref: {$text: nowhere}}", map[string]any{"$ref": map[string]any{"$text": "nowhere"}}},
		{"without a dollar", "{text: ./a.txt}", map[string]any{"text": "./a.txt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := descriptor.Resolve([]byte(till+"  value: "+tt.value+"\n"), included(files))
			if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
				t.Fatalf("%+v", f)
			}
			if diff := cmp.Diff(tt.want, f.Documents[0].Entity.Spec["value"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Anywhere in an entity, its own fields included.
func TestPlaceholdersAnywhere(t *testing.T) {
	f := descriptor.Resolve([]byte(`apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: tills
  description: {$text: about.md}
  tags: {$yaml: tags.yaml}
spec: {$json: spec.json}
`), included(map[string]string{
		"about.md": "Tills", "tags.yaml": "[a, b]",
		"spec.json": `{"type": "openapi", "lifecycle": "production", "owner": "payments", "definition": "x"}`,
	}))
	doc := f.Documents[0]
	want := &catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "API",
		Metadata: catalog.Metadata{Name: "tills", Namespace: "default", Description: "Tills", Tags: []string{"a", "b"}},
		Spec:     map[string]any{"type": "openapi", "lifecycle": "production", "owner": "payments", "definition": "x"},
	}
	if diff := cmp.Diff(want, doc.Entity); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	found := []descriptor.Placeholder{
		{Path: "metadata.description", Key: "$text", Target: "about.md"},
		{Path: "metadata.tags", Key: "$yaml", Target: "tags.yaml"},
		{Path: "spec", Key: "$json", Target: "spec.json"},
	}
	if diff := cmp.Diff(found, doc.Placeholders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlaceholderProblems(t *testing.T) {
	large := strings.Repeat("x", descriptor.MaxSize)
	files := map[string]string{
		"two.yaml": "a: 1\n---\nb: 1\n", "none.yaml": "# nothing\n", "bad.yaml": "a: 1\nb: [\n", "twice.yaml": "a: 1\n  \na: 2\n", "control.yaml": "a: \x01",
		"bad.json": "{\n  \"a\": 1,\n}", "cut.json": "[1,", "more.json": "{} {}", "deep.json": strings.Repeat("[", 200) + strings.Repeat("]", 200),
		"binary": "a\xff", "large": large, "larger": large + "x", "number.json": "5",
	}
	for _, tt := range []struct{ value, want string }{
		{"{$text: gone}", "line 9, column 18: spec.value placeholder $text could not read location gone: there is no such file"},
		{"\n    $text: gone", "line 10, column 12: spec.value placeholder $text could not read location gone: there is no such file"},
		{"{$text: 5}", "line 9, column 18: spec.value placeholder $text expected a string value parameter, in the form of an absolute URL or a relative path"},
		{"{$yaml: two.yaml}", "line 9, column 18: spec.value placeholder $yaml expected to find exactly one document of data at two.yaml, found 2"},
		{"{$yaml: none.yaml}", "line 9, column 18: spec.value placeholder $yaml expected to find exactly one document of data at none.yaml, found 0"},
		{"{$yaml: bad.yaml}", "line 9, column 18: spec.value placeholder $yaml found an error in the data at bad.yaml: line 2, column 4: a value is missing here, or a bracket is not closed above"},
		{"{$yaml: twice.yaml}", `line 9, column 18: spec.value placeholder $yaml found an error in the data at twice.yaml: line 3, column 1: the key "a" is there twice in one mapping; remove one of them`},
		{"{$yaml: control.yaml}", "line 9, column 18: spec.value placeholder $yaml found an error in the data at control.yaml: line 1, column 4: the control character U+0001 cannot stand in YAML; remove it"},
		{"{$json: bad.json}", "line 9, column 18: spec.value placeholder $json failed to parse JSON data at bad.json: line 3, column 1: invalid character '}' looking for beginning of object key string"},
		{"{$json: cut.json}", "line 9, column 18: spec.value placeholder $json failed to parse JSON data at cut.json: line 1, column 3: unexpected end of JSON input"},
		{"{$json: more.json}", "line 9, column 18: spec.value placeholder $json failed to parse JSON data at more.json: line 1, column 4: invalid character '{' after top-level value"},
		{"{$json: deep.json}", "line 9, column 18: spec.value placeholder $json failed to parse JSON data at deep.json: it is nested more than 100 deep"},
		{"{$text: binary}", "line 9, column 18: spec.value placeholder $text could not read location binary: it is no text in UTF-8"},
		{"{$text: larger}", "line 9, column 18: spec.value placeholder $text could not read location larger: it has 1048577 bytes, more than the 1048576 that can be brought in"},
		{"[" + strings.Repeat("{$text: large},", 17) + "]", "line 9, column 259: spec.value[16] placeholder $text could not read location large: a file may bring in 16777216 bytes in all, and this is more"},
		{"[" + strings.Repeat("{$json: number.json},", 503) + "]", "line 9, column 10519: spec.value[500] placeholder $json is more than the 500 placeholders that a file may have"},
		{"{$text: " + strings.Repeat("x", 2001) + "}", "line 9, column 18: spec.value placeholder $text expected a string value parameter, in the form of an absolute URL or a relative path"},
	} {
		f := descriptor.Resolve([]byte(till+"  value: "+tt.value+"\n---\n"+till), included(files))
		if len(f.Problems) > 0 || len(f.Documents) != 2 || f.Documents[1].Entity == nil {
			t.Fatalf("%.40s harms more than its document: %v", tt.value, f.Problems)
		}
		doc := f.Documents[0]
		if doc.Entity != nil || doc.Ref.Name != "till" || len(doc.Problems) != 1 || doc.Problems[0].String() != tt.want {
			t.Errorf("%.40s of %s:\n got %v\nwant %s", tt.value, doc.Ref, doc.Problems, tt.want)
		}
	}
}

// What is brought in has to fit, and is not looked for where there is no entity.
func TestPlaceholdersAndSchema(t *testing.T) {
	files := included(map[string]string{"five.json": "5", "list.json": `["a", {"b": "c"}]`})
	in := strings.Replace(till, "owner: payments", "owner: {$json: five.json}\n  providesApis:\n    $json: list.json", 1)
	var got []string
	for _, p := range descriptor.Resolve([]byte(in), files).Documents[0].Problems {
		got = append(got, p.String())
	}
	want := []string{
		"line 8, column 10: spec.owner must be a string, found the number 5; put it in quotes",
		"line 9, column 3: spec.providesApis[1] must be a string, found a mapping. Did a colon slip in?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	asked := 0
	f := descriptor.Resolve([]byte("kind: API\nmetadata: {$yaml: x}\nspec: {$yaml: x}\n"), func(descriptor.Placeholder) ([]byte, error) {
		asked++
		return nil, nil
	})
	if asked > 0 || len(f.Problems) != 2 || len(f.Documents[0].Problems) != 2 {
		t.Errorf("asked %d times, %v", asked, f.Problems)
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"", "a: &a [*a]", "{\"a\": [1e999, -0, \"\\ud800\"]}", "\xff", "\ufeff1", "- - -", "a: |\n\tx", "a: 1\n---\n", "nul", "{\"$text\": \"x\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, key := range []string{"$text", "$json", "$yaml"} {
			doc := descriptor.Resolve([]byte(fmt.Sprintf("%s  value: {%s: x}\n", till, key)), func(descriptor.Placeholder) ([]byte, error) {
				return content, nil
			}).Documents[0]
			if (doc.Entity == nil) != (len(doc.Problems) > 0) || doc.Ref.Name != "till" {
				t.Fatalf("entity %v of %v with problems %v", doc.Entity, doc.Ref, doc.Problems)
			}
			if doc.Entity == nil {
				if p := doc.Problems[0]; p.Line != 9 || p.Path != "spec.value" {
					t.Errorf("problem %+v", p)
				}
				continue
			}
			if _, problems := catalog.FromObject(doc.Entity.Object()); len(problems) > 0 {
				t.Fatalf("the entity has problems: %v", problems)
			}
		}
	})
}
