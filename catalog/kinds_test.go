package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
)

func TestOwnKinds(t *testing.T) {
	kinds := append(catalog.BuiltIn(), catalog.Kind{
		Name: "Robot", APIVersions: []string{"acme.example/v1"},
		Spec: []catalog.Field{
			{Name: "maker", Type: catalog.Text, Required: true, Reference: &catalog.Reference{Outgoing: "madeBy", Incoming: "makerOf", DefaultKind: "Group"}},
		},
	})
	robot := object(t, `{"apiVersion": "acme.example/v1", "kind": "Robot", "metadata": {"name": "arm", "namespace": "lab"}, "spec": {"maker": "works"}}`)

	if e, problems := catalog.FromObject(robot); e != nil || len(problems) != 1 {
		t.Errorf("the built-in kinds know a Robot: %v, %v", e, problems)
	}
	e, problems := kinds.FromObject(robot)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	arm, works := catalog.Ref{Kind: "Robot", Namespace: "lab", Name: "arm"}, catalog.Ref{Kind: "Group", Namespace: "lab", Name: "works"}
	if diff := cmp.Diff([]catalog.Edge{{arm, "madeBy", works}, {works, "makerOf", arm}}, kinds.Edges(e)); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	if edges := catalog.Edges(e); edges != nil {
		t.Errorf("edges by the built-in kinds: %v", edges)
	}
}

func TestKindsWithASchema(t *testing.T) {
	owner := catalog.Related()[0]
	kinds := append(catalog.BuiltIn(), catalog.Kind{
		Name: "Robot", APIVersions: []string{"acme.example/v1"},
		Spec: []catalog.Field{owner, {Name: "makers", Type: catalog.TextOrTexts, Reference: &catalog.Reference{Outgoing: "madeBy", Incoming: "makerOf", DefaultKind: "Group"}}},
		Own: &catalog.Own{Check: func(spec map[string]any) []catalog.Problem {
			var all []catalog.Problem
			if _, ok := spec["arms"]; !ok {
				all = append(all, catalog.Problem{Path: "spec.arms", Message: "is missing"})
			}
			if _, ok := spec["makers"].(string); !ok {
				all = append(all, catalog.Problem{Path: "spec.makers", Message: "is told twice"})
			}
			return all
		}},
	}, catalog.Kind{Name: "Robot", APIVersions: []string{"acme.example/v2"}, Own: &catalog.Own{}})
	for _, tt := range []struct {
		name, version, spec string
		want                []string
	}{
		{"good", "v1", `, "spec": {"arms": 2, "makers": "works"}`, nil},
		{"no spec", "v1", ``, []string{"spec.arms is missing", "spec.makers is told twice"}},
		{"no spec, no schema", "v2", ``, nil},
		{"one thing of a field", "v1", `, "spec": {"arms": 2, "makers": 3}`, []string{"spec.makers must be a string or a list of strings, found the number 3; put it in quotes"}},
		{"reference", "v1", `, "spec": {"arms": 2, "makers": ["works", ":x"]}`, []string{
			`spec.makers[1] must be an entity reference, [kind:][namespace/]name, found ":x"`, "spec.makers is told twice",
		}},
		{"other version", "v3", ``, []string{`apiVersion must be acme.example/v1 or acme.example/v2 for kind Robot, found "acme.example/v3"`, "spec.arms is missing", "spec.makers is told twice"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, problems := kinds.FromObject(object(t, `{"apiVersion": "acme.example/`+tt.version+`", "kind": "Robot", "metadata": {"name": "arm"}`+tt.spec+`}`))
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if (e == nil) != (len(problems) > 0) {
				t.Errorf("entity %v beside %d problems", e, len(problems))
			}
		})
	}
}

func TestVerdictOfOwnKinds(t *testing.T) {
	kinds := append(catalog.BuiltIn(), catalog.Kind{
		Name: "Robot", APIVersions: []string{"acme.example/v1"},
		Spec: []catalog.Field{{Name: "makers", Type: catalog.TextOrTexts, Reference: &catalog.Reference{Outgoing: "madeBy", Incoming: "makerOf", DefaultKind: "Group"}}},
		Own: &catalog.Own{Check: func(spec map[string]any) []catalog.Problem {
			if _, ok := spec["arms"]; !ok {
				return []catalog.Problem{{Path: "spec.arms", Message: "is missing"}}
			}
			return nil
		}},
	})
	for _, tt := range []struct {
		name string
		spec any
		want string
	}{
		{"good", map[string]any{"arms": 2.0, "makers": "works"}, ""},
		{"not known yet", map[string]any{"legs": []any{catalog.Unresolved{}}}, ""},
		{"schema", map[string]any{}, "spec.arms is missing"},
		{"no spec", nil, "spec.arms is missing"},
		{"field", map[string]any{"makers": []any{1.0}}, "/spec/makers/0 must be string - type: string"},
		{"reference", map[string]any{"arms": 2.0, "makers": []any{":x"}}, `Entity reference ":x" was not on the form`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			obj := map[string]any{"apiVersion": "acme.example/v1", "kind": "Robot", "metadata": map[string]any{"name": "arm"}}
			if tt.spec != nil {
				obj["spec"] = tt.spec
			}
			switch v := kinds.Verdict(obj); {
			case tt.want == "" && v != nil:
				t.Errorf("it is not taken: %s", v)
			case tt.want != "" && (v == nil || !strings.Contains(v.Message, tt.want)):
				t.Errorf("verdict %v, want in it %q", v, tt.want)
			}
		})
	}
}

// A title in which something is hidden looks like another one: a kind may refuse it.
func TestPlainTitles(t *testing.T) {
	kinds := slices.Concat(catalog.BuiltIn(), catalog.Kinds{{Name: "Queue", APIVersions: []string{"acme.example/v1"}, Own: &catalog.Own{PlainTitle: true}}})
	for _, tt := range []struct{ title, want string }{
		{"Café 🎟 naïve – ready", ""},
		{"Ready\u202e", "metadata.title must be a line in which all is seen, found U+202E, which is not and may change how others look, as character 6; take it out"},
		{"Re\u200bady", "U+200B"}, {"Ready\nnow", "U+000A"}, {"\u2066Ready", "character 1;"}, {"a\ufffdb", "U+FFFD"},
	} {
		obj := map[string]any{"apiVersion": "acme.example/v1", "kind": "Queue", "metadata": map[string]any{"name": "q", "title": tt.title}}
		_, problems := kinds.FromObject(obj)
		if tt.want == "" && len(problems) > 0 || tt.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want)) {
			t.Errorf("%q: %v, want %q", tt.title, problems, tt.want)
		}
		component := map[string]any{"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": map[string]any{"name": "q", "title": tt.title}, "spec": map[string]any{"type": "service", "lifecycle": "production", "owner": "x"}}
		if _, problems := kinds.FromObject(component); len(problems) > 0 {
			t.Errorf("%q, which Backstage takes: %v", tt.title, problems)
		}
	}
}
