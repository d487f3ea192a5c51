package descriptor_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

const till = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: till
spec:
  type: service
  lifecycle: production
  owner: payments
`

// parseValue returns what the YAML of one field's value, indented by two, means.
func parseValue(t *testing.T, text string) any {
	t.Helper()
	f := descriptor.Parse([]byte(till + "  value: " + text + "\n"))
	if len(f.Documents) != 1 || f.Documents[0].Entity == nil {
		t.Fatalf("%q gives %+v", text, f)
	}
	return f.Documents[0].Entity.Spec["value"]
}

func TestScalars(t *testing.T) {
	tests := map[string]any{
		// Numbers, of which YAML 1.2 knows fewer than YAML 1.1.
		"0755": 755.0, "0o17": 15.0, "0x1F": 31.0, "-0x1F": "-0x1F", "08": 8.0, "0o8": "0o8", "0b11": "0b11",
		"1_000": "1_000", "1:30": "1:30", "+12": 12.0, "-7": -7.0, "1.50": 1.5, ".5": 0.5, "+.5": 0.5, "1.": 1.0, "1e3": 1000.0, "1.e3": 1000.0,
		"1.2.3": "1.2.3", ".": ".", "+": "+", "e3": "e3", "-0": 0.0, "12345678901234567890": 12345678901234567890.0,
		"0xFFFFFFFFFFFFFFFFFF": 4722366482869645213695.0,
		// Numbers that JSON does not have.
		".inf": nil, "-.INF": nil, ".nan": nil, "1e400": nil, ".Inf": nil, ".iNF": ".iNF",
		// No dates, and few booleans.
		"2020-01-01": "2020-01-01", "2020-01-01T10:00:00Z": "2020-01-01T10:00:00Z",
		"true": true, "True": true, "TRUE": true, "tRUE": "tRUE", "false": false,
		"yes": "yes", "no": "no", "on": "on", "off": "off", "y": "y", "=": "=",
		"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil, "nULL": "nULL",
		// Quotes and tags.
		"'0755'": "0755", `"true"`: "true", `""`: "", "!!str 5": "5", `!!int "5"`: 5.0, "!!null ''": nil, "!!bool yes": "yes", "!odd 5": "5", "!!binary aGk=": "aGk=",
		// Text.
		"a: b"[:1]:           "a",
		"dir:.":              "dir:.",
		"a#b":                "a#b",
		"a #b":               "a",
		`"tab\there \u00e9"`: "tab\there é",
		"${{ x }}":           "${{ x }}",
		"|\n    a\n    b\n":  "a\nb\n",
		"|-\n    a\n    b\n": "a\nb",
		">\n    a\n    b":    "a b\n",
		"|\n    a":           "a\n",
		// Collections.
		"[a, 1, [true]]":   []any{"a", 1.0, []any{true}},
		"{a: 1, b: {}}":    map[string]any{"a": 1.0, "b": map[string]any{}},
		"[]":               []any{},
		"[x: 1]":           []any{map[string]any{"x": 1.0}},
		"\n  - a\n  - b":   []any{"a", "b"},
		"\n    <<: {a: 1}": map[string]any{"<<": map[string]any{"a": 1.0}},
		// Keys that are no strings become strings.
		"{1: a, 1.50: b, true: c, ~: d, 0x10: e, 1e21: f}": map[string]any{"1": "a", "1.5": "b", "true": "c", "": "d", "16": "e", "1e+21": "f"},
		"{{ x }}": map[string]any{`{"x":null}`: nil},
		// Anchors.
		"[&a {b: 1}, *a, *a]": []any{map[string]any{"b": 1.0}, map[string]any{"b": 1.0}, map[string]any{"b": 1.0}},
		// Characters that end lines in YAML 1.1 only.
		"a\u2028b": "a\u2028b", "a\u0085b": "a\u0085b", "'a\u2029b'": "a\u2029b", "a\rb": "a\rb", "|\n    a\u2028b": "a\u2028b\n",
		"x\n\t\t\n  other: y": "x",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if diff := cmp.Diff(want, parseValue(t, text)); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAliasesAreNotShared(t *testing.T) {
	list := parseValue(t, "[&a {b: 1}, *a]").([]any)
	list[0].(map[string]any)["b"] = "changed"
	if got := list[1].(map[string]any)["b"]; got != 1.0 {
		t.Errorf("writing to an anchor's value changed its alias to %v", got)
	}
}

func TestZeroHasNoSign(t *testing.T) {
	if zero := parseValue(t, "-0"); math.Signbit(zero.(float64)) {
		t.Error("-0 keeps its sign, which JSON would write")
	}
}

func TestDocuments(t *testing.T) {
	named := func(name string) string { return strings.Replace(till, "name: till", "name: "+name, 1) }
	type doc struct {
		Name string
		Line int
		Text string
	}
	tests := []struct {
		name string
		in   string
		want []doc
	}{
		{"one", till, []doc{{"till", 1, till}}},
		{"none", "", nil},
		{"blanks and comments", "\n# nothing\n---\n# here\n...\n---\n", nil},
		{"null", "---\n~\n---\nnull\n", nil},
		{"two", named("a") + "---\n" + named("b"), []doc{{"a", 1, named("a")}, {"b", 10, named("b")}}},
		{"dashes first", "---\n" + named("a"), []doc{{"a", 2, named("a")}}},
		{"blank lines are not part of it", "\n\n" + named("a") + "--- # b\n\n" + named("b") + "\n", []doc{{"a", 3, named("a")}, {"b", 13, named("b") + "\n"}}},
		{"comments are", "---\n# the till\n" + named("a"), []doc{{"a", 2, "# the till\n" + named("a")}}},
		{"but not those before the dashes", "# a file\n---\n" + named("a"), []doc{{"a", 3, named("a")}}},
		{"ended by dots", named("a") + "...\n" + named("b"), []doc{{"a", 1, named("a")}, {"b", 10, named("b")}}},
		{"with a directive", "%YAML 1.2\n---\n" + named("a"), []doc{{"a", 3, named("a")}}},
		{"on the line of the dashes", `--- {apiVersion: backstage.io/v1alpha1, kind: Location, metadata: {name: a}, spec: {}}`,
			[]doc{{"a", 1, `--- {apiVersion: backstage.io/v1alpha1, kind: Location, metadata: {name: a}, spec: {}}`}}},
		{"with a byte order mark", "\ufeff" + named("a"), []doc{{"a", 1, named("a")}}},
		{"with lines that end in CR LF", strings.ReplaceAll(named("a")+"---\n"+named("b"), "\n", "\r\n"),
			[]doc{{"a", 1, strings.ReplaceAll(named("a"), "\n", "\r\n")}, {"b", 10, strings.ReplaceAll(named("b"), "\n", "\r\n")}}},
		{"dashes in text", named("a") + "  text: |\n    ---\n    --- x\n  more: a ---\n", []doc{{"a", 1, named("a") + "  text: |\n    ---\n    --- x\n  more: a ---\n"}}},
		{"no line break at the end", strings.TrimSuffix(till, "\n"), []doc{{"till", 1, strings.TrimSuffix(till, "\n")}}},
		{"dashes that begin a word", "---\n" + named("a") + "  text: \"x\n---y\"\n", []doc{{"a", 2, named("a") + "  text: \"x\n---y\"\n"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := descriptor.Parse([]byte(tt.in))
			var got []doc
			for _, d := range f.Documents {
				if d.Entity == nil {
					t.Fatalf("problems %v", d.Problems)
				}
				got = append(got, doc{d.Entity.Metadata.Name, d.Line, d.Text})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(f.Problems) > 0 {
				t.Errorf("documents (-want +got):\n%s\nproblems %v", diff, f.Problems)
			}
		})
	}
}

func TestProblemsHaveTheirPlace(t *testing.T) {
	const in = `# a file
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: &m
  name: till
  title: ünï   # columns are characters, not bytes
  labels: {é: 1, "bad key!": x}
  tags:
    - ok
    - Not Ok
spec:
  type: service
  lifecycle:
  system: {a: b}
  providesApis:
  - a
  - b: c
  dependsOn: [resource:db, db]
foo: 1
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team}
---
kind: Group
metadata: {namespace: x}
`
	type place struct {
		Line, Column int
		Path         string
	}
	f := descriptor.Parse([]byte(in))
	want := [][]place{
		{
			{8, 15, `metadata.labels["é"]`},
			{8, 15, `metadata.labels["é"]`},
			{8, 30, `metadata.labels["bad key!"]`},
			{11, 7, "metadata.tags[1]"},
			{12, 1, "spec.owner"},
			{14, 13, "spec.lifecycle"},
			{15, 11, "spec.system"},
			{18, 5, "spec.providesApis[1]"},
			{19, 28, "spec.dependsOn[1]"},
			{20, 6, "foo"},
		},
		{{25, 1, "spec.children"}},
		{{27, 1, "apiVersion"}, {27, 1, "spec"}, {28, 1, "metadata.name"}},
	}
	var got [][]place
	for _, d := range f.Documents {
		var places []place
		for _, p := range d.Problems {
			places = append(places, place{p.Line, p.Column, p.Path})
		}
		got = append(got, places)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	spoiling := []descriptor.Problem{f.Documents[2].Problems[0], f.Documents[2].Problems[2]}
	if diff := cmp.Diff(spoiling, f.Problems); diff != "" {
		t.Errorf("problems of the file (-those of envelopes +got):\n%s", diff)
	}
	refs := []catalog.Ref{{Kind: "Component", Namespace: "default", Name: "till"}, {Kind: "Group", Namespace: "default", Name: "payments"}, {}}
	for i, d := range f.Documents {
		if d.Ref != refs[i] {
			t.Errorf("document %d is about %#v, want %#v", i, d.Ref, refs[i])
		}
	}
}

func TestBlockEndsWithLineBreakEvenAtTheEnd(t *testing.T) {
	f := descriptor.Parse([]byte(till + "  text: |\n    last line"))
	if got := f.Documents[0].Entity.Spec["text"]; got != "last line\n" {
		t.Errorf("text %q", got)
	}
}

func TestProblemOfABlockIsAtItsKey(t *testing.T) {
	f := descriptor.Parse([]byte(strings.Replace(till, "owner: payments", "owner:\n    team: payments", 1)))
	want := []descriptor.Problem{{Path: "spec.owner", Line: 8, Column: 3, Message: "must be a string, found a mapping. Did a colon slip in?"}}
	if diff := cmp.Diff(want, f.Documents[0].Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestProblemBehindAnAlias(t *testing.T) {
	f := descriptor.Parse([]byte(strings.Replace(till, "owner: payments", "x: &x\n    url: 5\n  owner: *x", 1)))
	want := []descriptor.Problem{{Path: "spec.owner", Line: 10, Column: 10, Message: "must be a string, found a mapping. Did a colon slip in?"}}
	if diff := cmp.Diff(want, f.Documents[0].Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A document that cannot be read as data spoils the file; its neighbours are
// returned all the same.
func TestUnreadableDocuments(t *testing.T) {
	tests := []struct {
		name         string
		in           string
		line, column int
		message      string // its beginning
	}{
		{"an open bracket", "metadata:\n  name: [unclosed\nspec: {\n", 2, 3, "the list that opens with [ on this line is not well formed"},
		{"an open brace", "a: {b: 1\nc: 2\n", 1, 1, "the mapping that opens with { on this line is not well formed"},
		{"an open bracket at the end", "a: 1\nb: [1,\nc: {", 3, 4, "a value is missing here, or a bracket is not closed above"},
		{"a closing bracket alone", "a: }\n", 1, 4, "a value is missing here, or a bracket is not closed above"},
		{"open quotes", "a: 1\nb: 'x\nc: 2\n", 2, 1, "the quotes that open on this line are not closed"},
		{"two colons", "x: 1\na: b: c\n", 2, 5, "a value cannot begin here"},
		{"too deep", "a: 1\n  b: 2\n", 2, 4, "a value cannot begin here"},
		{"not deep enough", "a:\n  b: 1\n c: 2\n", 3, 3, "this does not fit what stands before it"},
		{"no colon", "a: 1\nfoo\nbar: 1\n", 2, 1, "this line has no colon"},
		{"an @", "x: 1\na: @x\n", 2, 4, "a value cannot begin with this character"},
		{"a backtick", "a: `x`\n", 1, 4, "a value cannot begin with this character"},
		{"a tab", "a:\n\tb: 1\n", 2, 1, "a value cannot begin with this character; put it in quotes, and indent with spaces only"},
		{"a tab after spaces", "a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab cannot indent"},
		{"a list on the key's line", "a: - b\n", 1, 4, "a list cannot begin on the line of its key"},
		{"an unknown escape", "a: 1\nb: \"\\q\"\n", 2, 5, "this is no escape"},
		{"an unknown anchor", "a: *x\n\n\n\nb: 1\n", 1, 4, "this alias has no anchor"},
		{"text after a value", "a: \"x\" y\n", 1, 8, "this does not fit what stands before it"},
		{"text after the root", "{a: 1}\n]\n", 2, 1, "this does not fit what stands before it"},
		{"a key in a list", "- a\nb: c\n", 2, 2, "this does not fit what stands before it"},
		{"the same key twice", "a: 1\nb: {c: 1, d: 2, c: 3}\n", 2, 17, `the key "c" is there twice in one mapping`},
		{"the same key twice in an anchor", "a: &a {c: 1, c: 2}\nb: *a\n", 1, 14, `the key "c" is there twice in one mapping`},
		{"keys that are the same as strings", "1: a\n'1': b\n", 2, 1, `the key "1" is there twice in one mapping`},
		{"a list at the root", "\n- a\n", 2, 1, "a document must be a mapping"},
		{"text at the root", "a:b", 1, 1, "a document must be a mapping"},
		{"a loop", "a: &a\n  b: *a\n", 2, 6, "this is nested more than 100 deep, or an alias stands inside its own anchor"},
		{"too many nests", "a: " + strings.Repeat("[", 120) + strings.Repeat("]", 120), 1, 104, "this is nested more than 100 deep"},
		{"far too many nests", "a: " + strings.Repeat("[", 20000), 1, 10004, "this is nested too deep"},
		{"an alias bomb", bomb(), 7, 20, "aliases make this document grow beyond measure"},
		{"odd yaml", "a: !<x\n", 1, 4, "this is not valid YAML (did not find the expected '>')"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := strings.Replace(till, "till", "before", 1)
			shift := strings.Count(before, "\n") + 1
			f := descriptor.Parse([]byte(before + "---\n" + tt.in + "\n---\n" + till))
			if len(f.Problems) != 1 || len(f.Documents) != 3 {
				t.Fatalf("%d problems, %d documents: %v", len(f.Problems), len(f.Documents), f.Problems)
			}
			p := f.Problems[0]
			if p.Line-shift != tt.line || p.Column != tt.column || !strings.HasPrefix(p.Message, tt.message) {
				t.Errorf("%d:%d %s\nwant %d:%d %s…", p.Line-shift, p.Column, p.Message, tt.line, tt.column, tt.message)
			}
			if diff := cmp.Diff(f.Problems, f.Documents[1].Problems); diff != "" || f.Documents[1].Entity != nil {
				t.Errorf("the document has other problems than the file (-file +document):\n%s", diff)
			}
			if f.Documents[0].Entity == nil || f.Documents[2].Entity == nil {
				t.Errorf("the neighbours are lost: %v, %v", f.Documents[0].Problems, f.Documents[2].Problems)
			}
		})
	}
}

// bomb is a small document that would grow to 10^9 strings.
func bomb() string {
	var b strings.Builder
	b.WriteString("k0: &a0 x\n")
	for i := range 9 {
		fmt.Fprintf(&b, "k%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	return b.String()
}

func TestUnreadableFiles(t *testing.T) {
	tests := []struct {
		name         string
		in           []byte
		line, column int
		message      string
	}{
		{"not UTF-8", []byte("a: é\nb: é\xff\n"), 2, 5, "the file is not UTF-8 here; save it as UTF-8"},
		{"UTF-16", []byte("\xff\xfea\x00"), 1, 1, "the file is not UTF-8 here; save it as UTF-8"},
		{"a control character", []byte("a: 1\nb: \x01\n"), 2, 4, "the control character U+0001 cannot stand in YAML; remove it"},
		{"a null byte", []byte("a: \x00"), 1, 4, "the control character U+0000 cannot stand in YAML; remove it"},
		{"too large", bytes.Repeat([]byte("a"), descriptor.MaxSize+1), 1, 1, "the file has 1048577 bytes, more than the 1048576 that a descriptor may have; move what is long, such as an API definition, into files of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := descriptor.File{Problems: []descriptor.Problem{{Line: tt.line, Column: tt.column, Message: tt.message}}}
			if diff := cmp.Diff(want, descriptor.Parse(tt.in)); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblemsAreCounted(t *testing.T) {
	f := descriptor.Parse([]byte(till + strings.Repeat("---\na: "+strings.Repeat("[", 200)+"\n", 150) + "---\n" + till + "  dependsOn:\n" + strings.Repeat("  - x\n", 150)))
	if len(f.Documents) != 152 || len(f.Problems) != 100 || len(f.Documents[151].Problems) != 100 {
		t.Errorf("%d documents, %d problems of the file, %d of the last document; want 152, 100, 100",
			len(f.Documents), len(f.Problems), len(f.Documents[151].Problems))
	}
}

func TestReplacementCharacterIsText(t *testing.T) {
	if got := parseValue(t, "a\ufffdb"); got != "a\ufffdb" {
		t.Errorf("value %q", got)
	}
}

func TestProblemString(t *testing.T) {
	p := descriptor.Problem{Path: "spec.owner", Line: 3, Column: 5, Message: "must not be empty"}
	if got, want := p.String(), "line 3, column 5: spec.owner must not be empty"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What is found out about a document later is located as what was wrong at once.
func TestLocate(t *testing.T) {
	const text = "apiVersion: x/v1\nspec:\n  rules:\n    - a\n    - {id: b}\n"
	for _, tt := range []struct {
		text, path   string
		line, column int
	}{
		{text, "spec.rules[1]", 14, 7},
		{text, "spec.rules[1].id", 14, 12},
		{text, "spec.rules", 12, 3},
		{text, "spec.rules[7]", 12, 3}, // what holds it
		{text, "metadata.name", 10, 1},
		{text, "", 10, 1},
		{"a: [", "a", 10, 1},
		{"", "a", 10, 1},
	} {
		got := descriptor.Locate(tt.text, 10, catalog.Problem{Path: tt.path, Message: "is wrong"})
		if want := (descriptor.Problem{Path: tt.path, Line: tt.line, Column: tt.column, Message: "is wrong"}); got != want {
			t.Errorf("%q in %q: %+v, want %+v", tt.path, tt.text, got, want)
		}
	}
}
