package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/catalogtest"
)

// object reads a JSON object.
func object(tb testing.TB, text string) map[string]any {
	tb.Helper()
	var obj map[string]any
	if err := json.Unmarshal([]byte(text), &obj); err != nil {
		tb.Fatalf("test data: %v in %s", err, text)
	}
	return obj
}

// component is a valid Component with further fields in metadata and spec,
// given as `"key": value` pairs.
func component(metadata, spec string) string {
	join := func(a, b string) string { return strings.Trim(a+", "+b, ", ") }
	return `{"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
		"metadata": {` + join(`"name": "till"`, metadata) + `},
		"spec": {` + join(`"type": "service", "lifecycle": "production", "owner": "payments"`, spec) + `}}`
}

func TestFromObjectAccepts(t *testing.T) {
	kind := func(kind, spec string) string {
		return `{"apiVersion": "backstage.io/v1beta1", "kind": "` + kind + `", "metadata": {"name": "x"}, "spec": ` + spec + `}`
	}
	tests := map[string]string{
		"a component":                     component("", ""),
		"a name in its own case":          component(`"name": "MyTill_V2.0"`, ""),
		"a name with repeated separators": component(`"name": "a--b..c"`, ""),
		"a name of 63 characters":         component(`"name": "`+strings.Repeat("a", 63)+`"`, ""),
		"a namespace with digits":         component(`"namespace": "1-a--b"`, ""),
		"tags with signs":                 component(`"tags": ["c++", "c#", "a:b", "java-17"]`, ""),
		"an empty label":                  component(`"labels": {"acme.example/tier": ""}`, ""),
		"any text in an annotation":       component(`"annotations": {"acme.example/note": "a b\nc"}`, ""),
		"an empty description":            component(`"description": ""`, ""),
		"links of any scheme":             component(`"links": [{"url": "mailto:till@acme.example"}, {"url": "https://acme.example/a b%zz"}, {"url": "http:acme.example"}, {"url": "https://[::1]:8080/"}, {"url": "slack://channel"}]`, ""),
		"extra fields in spec":            component("", `"anything": {"at": ["all", null]}`),
		"extra fields in metadata":        component(`"Title": 5`, ""),
		"a reference with odd parts":      component("", `"dependsOn": ["a:b:c/d/e"]`),
		"an API":                          kind("API", `{"type": "openapi", "lifecycle": "production", "owner": "x", "definition": "openapi: 3"}`),
		"a resource without lifecycle":    kind("Resource", `{"type": "database", "owner": "x"}`),
		"a system with an owner alone":    kind("System", `{"owner": "x"}`),
		"a domain with an owner alone":    kind("Domain", `{"owner": "x"}`),
		"a group without children":        kind("Group", `{"type": "team", "children": []}`),
		"a user in no group":              kind("User", `{"memberOf": []}`),
		"a location of nothing":           kind("Location", `{}`),
		"a template":                      `{"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "x"}, "spec": {"type": "service", "parameters": [{}], "steps": [{"action": "debug:log", "if": true}]}}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			e, problems := catalog.FromObject(object(t, text))
			if e == nil || len(problems) > 0 {
				t.Errorf("problems %v", problems)
			}
		})
	}
}

func TestFromObjectRefuses(t *testing.T) {
	kind := func(kind, spec string) string {
		return `{"apiVersion": "backstage.io/v1alpha1", "kind": "` + kind + `", "metadata": {"name": "x"}` + spec + `}`
	}
	tests := []struct {
		name string
		text string
		want []string
	}{
		// The envelope.
		{"nothing at all", `{}`, []string{
			`apiVersion is missing; every entity needs it`,
			`kind is missing; every entity needs it`,
			`metadata is missing; every entity needs it`,
		}},
		{"something else", `{"hello": "world", "metadata": null}`, []string{
			`apiVersion is missing; every entity needs it`,
			`kind is missing; every entity needs it`,
			`metadata must be a mapping, found nothing. Is what belongs to it indented?`,
			`hello does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these`,
		}},
		{"no name", component(`"name": ""`, ""), []string{`metadata.name must not be empty`}},
		{"a namespace that is null", component(`"namespace": null`, ""), []string{`metadata.namespace must be a string, found nothing; give it a value or leave the field out`}},
		{"a version that is a number", `{"apiVersion": 1, "kind": "System", "metadata": {"name": "x"}, "spec": {"owner": "x"}}`, []string{
			`apiVersion must be a string, found the number 1; put it in quotes`,
		}},

		// The root.
		{"what Backstage answers with", `{"apiVersion": "backstage.io/v1alpha1", "kind": "System", "metadata": {"name": "x"}, "spec": {"owner": "x"}, "relations": [], "status": {}}`, []string{
			`relations does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these`,
			`status does not belong at the top of an entity, where only apiVersion, kind, metadata and spec are known; indent it under one of these`,
		}},
		{"no spec", kind("System", ``), []string{`spec is missing; every System needs it`}},
		{"no spec for a location", kind("Location", ``), []string{`spec is missing; every Location needs it`}},
		{"a spec that is a list", kind("System", `, "spec": []`), []string{`spec must be a mapping, found a list`}},

		// The kind.
		{"a foreign kind", kind("Spaceship", ``), []string{`kind must be one that this catalog knows (Component, API, Resource, System, Domain, Group, User, Location, Template), found "Spaceship"; write one of these, or declare it under catalog.kinds`}},
		{"a kind in lower case", kind("component", `, "spec": {"type": "service", "lifecycle": "production"}`), []string{
			`kind must be written Component, found "component"; letter case counts`,
			`spec.owner is missing; every Component needs it`,
		}},
		{"a foreign version", `{"apiVersion": "scaffolder.backstage.io/v1beta2", "kind": "Template", "metadata": {"name": "x"}, "spec": {"type": "x"}}`, []string{
			`apiVersion must be scaffolder.backstage.io/v1beta3 for kind Template, found "scaffolder.backstage.io/v1beta2"`,
			`spec.steps is missing; every Template needs it`,
		}},

		// Forms.
		{"a version with a dot", `{"apiVersion": "1.0", "kind": "my kind", "metadata": {"name": "x"}}`, []string{
			`apiVersion must be an API version such as backstage.io/v1alpha1, found "1.0"`,
			`kind must be letters and digits after a letter, at most 63 characters, found "my kind"`,
		}},
		{"a name with a blank", component(`"name": "My Till!"`, ""), []string{`metadata.name must be letters and digits with - _ . between them, at most 63 characters, found "My Till!"; write my-till`}},
		{"a name of 64 characters", component(`"name": "`+strings.Repeat("a", 64)+`"`, ""), []string{
			`metadata.name must be letters and digits with - _ . between them, at most 63 characters, found "` + strings.Repeat("a", 60) + `…"`,
		}},
		{"a namespace in upper case", component(`"namespace": "Bad_NS!"`, ""), []string{
			`metadata.namespace must be lower-case letters and digits with - between them, at most 63 characters, found "Bad_NS!"; write bad-ns`,
		}},
		{"tags", component(`"tags": ["Has Upper", "a.b", "a--b", "a_b", 5, ""]`, ""), []string{
			`metadata.tags[4] must be a string, found the number 5; put it in quotes`,
			`metadata.tags[5] must not be empty`,
			`metadata.tags[0] must be lower-case letters, digits, + # : with single - between them, at most 63 characters, found "Has Upper"; write has-upper`,
			`metadata.tags[1] must be lower-case letters, digits, + # : with single - between them, at most 63 characters, found "a.b"; write a-b`,
			`metadata.tags[2] must be lower-case letters, digits, + # : with single - between them, at most 63 characters, found "a--b"; write a-b`,
			`metadata.tags[3] must be lower-case letters, digits, + # : with single - between them, at most 63 characters, found "a_b"; write a-b`,
		}},
		{"tags that are one string", component(`"tags": "java"`, ""), []string{`metadata.tags must be a list of strings, found "java"; begin each item with a dash`}},
		{"labels", component(`"labels": {"acme.example/port": 8080, "live": true, "bad key!": "x", "a/b/c": "x", "Acme/x": "x", "ok": "not ok"}`, ""), []string{
			`metadata.labels["acme.example/port"] must be a string, found the number 8080; put it in quotes`,
			`metadata.labels.live must be a string, found true; put it in quotes`,
			`metadata.labels["Acme/x"] must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash`,
			`metadata.labels["a/b/c"] must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash`,
			`metadata.labels["bad key!"] must have a key of letters and digits with - _ . between them, at most 63 characters, after an optional DNS name and one slash`,
			`metadata.labels.ok must be empty, or letters and digits with - _ . between them, at most 63 characters, found "not ok"; write not-ok`,
		}},
		{"an annotation that is null", component(`"annotations": {"x": null}`, ""), []string{`metadata.annotations.x must be a string, found nothing; give it a value`}},
		{"links", component(`"links": [{"title": "Runbook"}, {"url": "acme.example/x", "title": " "}, "https://acme.example", {"url": "https://"}, {"url": "https://acme.example:99999"}]`, ""), []string{
			`metadata.links[0].url is missing, but must be there`,
			`metadata.links[2] must be a mapping, found "https://acme.example"`,
			`metadata.links[1].url must be a full URL such as https://example.com/runbook, found "acme.example/x"`,
			`metadata.links[1].title must be more than blanks, found " "`,
			`metadata.links[3].url must be a full URL such as https://example.com/runbook, found "https://"`,
			`metadata.links[4].url must be a full URL such as https://example.com/runbook, found "https://acme.example:99999"`,
		}},
		{"an empty title", component(`"title": ""`, ""), []string{`metadata.title must not be empty`}},

		// The spec.
		{"owner is a number", component("", `"owner": 5`), []string{`spec.owner must be a string, found the number 5; put it in quotes`}},
		{"owner is a list", component("", `"owner": ["a"]`), []string{`spec.owner must be a string, found a list; only one value can stand here`}},
		{"owner is null", component("", `"owner": null`), []string{`spec.owner must be a string, found nothing; give it a value`}},
		{"system is null", component("", `"system": null`), []string{`spec.system must be a string, found nothing; give it a value or leave the field out`}},
		{"a colon slipped in", component("", `"providesApis": ["a", {"b": "c"}]`), []string{`spec.providesApis[1] must be a string, found a mapping. Did a colon slip in?`}},
		{"a placeholder", component("", `"owner": {"$text": "./owner.txt"}`), []string{`spec.owner must be a string, found a mapping; a placeholder is $text, $json or $yaml, with no other key beside it`}},
		{"a template slipped in", component("", `"owner": {"{\"x\":null}": null}`), []string{`spec.owner must be a string, found a mapping; put text that begins with {{ in quotes`}},
		{"all that is missing", kind("API", `, "spec": {}`), []string{
			`spec.type is missing; every API needs it`,
			`spec.lifecycle is missing; every API needs it`,
			`spec.owner is missing; every API needs it`,
			`spec.definition is missing; every API needs it`,
		}},
		{"a group without children", kind("Group", `, "spec": {"type": "team"}`), []string{`spec.children is missing; every Group needs it, even if empty: children: []`}},
		{"a user without groups", kind("User", `, "spec": {"profile": {"email": ""}}`), []string{
			`spec.profile.email must not be empty`,
			`spec.memberOf is missing; every User needs it, even if empty: memberOf: []`,
		}},
		{"a presence that is none", kind("Location", `, "spec": {"presence": "maybe"}`), []string{`spec.presence must be one of required, optional, found "maybe"`}},
		{"steps of a template", `{"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "x"}, "spec": {"type": "x", "parameters": 5, "steps": [{"if": 1}, null]}}`, []string{
			`spec.parameters must be a mapping or a list of mappings, found the number 5`,
			`spec.steps[0].action is missing, but must be there`,
			`spec.steps[0].if must be a string, true or false, found the number 1; put it in quotes`,
			`spec.steps[1] must be a mapping, found nothing. Is what belongs to it indented?`,
		}},

		// References.
		{"dependsOn without kinds", component("", `"dependsOn": ["till-db", "default/till-db", "resource:till-db"]`), []string{
			`spec.dependsOn[0] must say which kind it means, found "till-db"; put component: or resource: in front`,
			`spec.dependsOn[1] must say which kind it means, found "default/till-db"; put component: or resource: in front`,
		}},
		{"references that are none", component("", `"owner": "group:", "system": "/x", "dependencyOf": ["x:"]`), []string{
			`spec.owner must be an entity reference, [kind:][namespace/]name, found "group:"`,
			`spec.system must be an entity reference, [kind:][namespace/]name, found "/x"`,
			`spec.dependencyOf[0] must be an entity reference, [kind:][namespace/]name, found "x:"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, problems := catalog.FromObject(object(t, tt.text))
			if e != nil {
				t.Errorf("an entity in spite of problems: %v", e)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromObjectReturnsTheEntity(t *testing.T) {
	e, problems := catalog.FromObject(object(t, `{
		"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
		"metadata": {
			"name": "Till", "title": "The till", "description": "Takes money", "Title": "not the title",
			"labels": {"tier": "1"}, "annotations": {"a/b": "c"}, "tags": [], "links": [{"url": "https://acme.example", "icon": "web", "URL": "x", "order": 1}],
			"team": {"size": 5}
		},
		"spec": {
			"type": "service", "lifecycle": "production", "owner": "payments",
			"providesApis": ["b", "\ud83c\udfad", "B", "\uff01", "a"], "tools": ["z", "a"]
		}
	}`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := &catalog.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: catalog.Metadata{
			Name: "Till", Namespace: "default", Title: "The till", Description: "Takes money",
			Labels: map[string]string{"tier": "1"}, Annotations: map[string]string{"a/b": "c"}, Tags: []string{},
			Links: []catalog.Link{{URL: "https://acme.example", Icon: "web", Extra: map[string]any{"URL": "x", "order": 1.0}}},
			Extra: map[string]any{"Title": "not the title", "team": map[string]any{"size": 5.0}},
		},
		Spec: map[string]any{
			"type": "service", "lifecycle": "production", "owner": "payments",
			// Sorted as JavaScript does: the astral character before U+FF01.
			"providesApis": []any{"B", "a", "b", "\U0001f3ad", "\uff01"},
			// No list of references, so as it was.
			"tools": []any{"z", "a"},
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("entity (-want +got):\n%s", diff)
	}
}

func TestFromObjectSharesNothing(t *testing.T) {
	obj := object(t, component(`"extra": {"a": "b"}`, `"dependsOn": ["resource:b", "resource:a"], "more": ["a"]`))
	before := object(t, component(`"extra": {"a": "b"}`, `"dependsOn": ["resource:b", "resource:a"], "more": ["a"]`))
	e, _ := catalog.FromObject(obj)
	if diff := cmp.Diff(before, obj); diff != "" {
		t.Errorf("FromObject wrote to its argument (-before +after):\n%s", diff)
	}
	obj["spec"].(map[string]any)["more"].([]any)[0] = "changed"
	obj["metadata"].(map[string]any)["extra"].(map[string]any)["a"] = "changed"
	if e.Spec["more"].([]any)[0] != "a" || e.Metadata.Extra["extra"].(map[string]any)["a"] != "b" {
		t.Error("writing to the object changed the entity")
	}
}

func TestEnvelope(t *testing.T) {
	tests := []struct {
		name string
		text string
		ref  catalog.Ref
		want []string
	}{
		{"good", component(`"namespace": "shop"`, ""), catalog.Ref{Kind: "Component", Namespace: "shop", Name: "till"}, nil},
		{"only the spec is wrong", `{"apiVersion": "x/v1", "kind": "Odd", "metadata": {"name": "x y"}, "spec": 5, "more": 1}`, catalog.Ref{Kind: "Odd", Namespace: "default", Name: "x y"}, nil},
		{"no version, but a name", `{"kind": "System", "metadata": {"name": "x"}}`, catalog.Ref{Kind: "System", Namespace: "default", Name: "x"}, []string{"apiVersion"}},
		{"no kind", `{"apiVersion": "v1", "metadata": {"name": "x"}}`, catalog.Ref{}, []string{"kind"}},
		{"an unreadable namespace", `{"apiVersion": "v1", "kind": "System", "metadata": {"name": "x", "namespace": 5}}`, catalog.Ref{}, []string{"metadata.namespace"}},
		{"an unreadable name", `{"apiVersion": "v1", "kind": "System", "metadata": {"name": 5}}`, catalog.Ref{}, []string{"metadata.name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ref, problems := catalog.Envelope(object(t, tt.text))
			if ref != tt.ref {
				t.Errorf("ref %#v, want %#v", ref, tt.ref)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems at (-want +got):\n%s", diff)
			}
		})
	}
}

func TestObjectIsTheInverseOfFromObject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := catalogtest.Entity().Draw(t, "entity")
		again, problems := catalog.FromObject(e.Object())
		if len(problems) > 0 {
			t.Fatalf("problems: %v", problems)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("entity (-want +got):\n%s", diff)
		}
	})
}
