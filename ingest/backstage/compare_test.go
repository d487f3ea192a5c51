package backstage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/ingest/backstage"
)

const base = `{
	"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
	"metadata": {"name": "pay", "namespace": "default", "uid": "1", "etag": "a", "tags": ["java", "web"],
		"annotations": {"backstage.io/managed-by-location": "url:https://github.com/acme/pay/tree/main/catalog-info.yaml"}},
	"spec": {"type": "service", "lifecycle": "production", "owner": "team-a", "port": 8080},
	"relations": [{"type": "ownedBy", "targetRef": "group:default/team-a"}, {"type": "partOf", "targetRef": "system:default/shop"}]
}`

func TestCompare(t *testing.T) {
	const location = `metadata.annotations["backstage.io/managed-by-location"]`
	for _, c := range []struct {
		name     string
		old, new string // what of the base is another text at Callboard
		theirs   [2]string
		want     []backstage.Field
	}{
		{name: "the same"},
		{name: "uid and etag", old: `"uid": "1", "etag": "a"`, new: `"uid": "2", "etag": "b"`},
		{name: "the order of keys", old: `"type": "service", "lifecycle": "production"`, new: `"lifecycle": "production", "type": "service"`},
		{name: "the order of relations", old: `[{"type": "ownedBy", "targetRef": "group:default/team-a"}, {"type": "partOf", "targetRef": "system:default/shop"}]`,
			new: `[{"type": "partOf", "targetRef": "system:default/shop"}, {"type": "ownedBy", "targetRef": "Group:default/team-a"}]`},
		{name: "relations as an old Backstage writes them", theirs: [2]string{`"targetRef": "group:default/team-a"`, `"target": {"kind": "Group", "namespace": "default", "name": "team-a"}`}},
		{name: "the namespace that an old Backstage leaves out", theirs: [2]string{`"namespace": "default", `, ``}},
		{name: "a status", old: `"spec":`, new: `"status": {"items": [{"level": "error"}]}, "spec":`},
		{name: "an orphan", theirs: [2]string{`"annotations": {`, `"annotations": {"backstage.io/orphan": "true", `}},
		{name: "how it was found", old: `"annotations": {`, new: `"annotations": {"backstage.io/managed-by-origin-location": "url:https://else.example", "backstage.io/view-url": "x", "backstage.io/edit-url": "y", "backstage.io/source-location": "z", `},
		{name: "the same file at another address of the forge", old: "/tree/", new: "/blob/"},
		{name: "a path on another machine", theirs: [2]string{"url:https://github.com/acme/pay/tree/main/catalog-info.yaml", "file:/srv/pay.yaml"}},
		{name: "another file", old: "acme/pay/", new: "acme/fork/", want: []backstage.Field{{
			Path: location, Op: catalog.Changed,
			Backstage: "url:https://github.com/acme/pay/tree/main/catalog-info.yaml", Callboard: "url:https://github.com/acme/fork/tree/main/catalog-info.yaml",
		}}},
		{name: "a password in an address", theirs: [2]string{"https://github.com/", "https://me:secret@github.com/"}, want: []backstage.Field{{
			Path: location, Op: catalog.Changed,
			Backstage: "url:https://me:xxxxx@github.com/acme/pay/tree/main/catalog-info.yaml", Callboard: "url:https://github.com/acme/pay/tree/main/catalog-info.yaml",
		}}},
		{name: "no file", old: `"backstage.io/managed-by-location": "url:https://github.com/acme/pay/tree/main/catalog-info.yaml"`, want: []backstage.Field{{
			Path: location, Op: catalog.Removed, Backstage: "url:https://github.com/acme/pay/tree/main/catalog-info.yaml",
		}}},
		{name: "a field", old: `"team-a", "port"`, new: `"team-b", "port"`, want: []backstage.Field{{Path: "spec.owner", Op: catalog.Changed, Backstage: "team-a", Callboard: "team-b"}}},
		{name: "a type", old: `8080`, new: `"8080"`, want: []backstage.Field{{Path: "spec.port", Op: catalog.Changed, Backstage: 8080.0, Callboard: "8080"}}},
		{name: "a field that is missing", old: `, "port": 8080`, want: []backstage.Field{{Path: "spec.port", Op: catalog.Removed, Backstage: 8080.0}}},
		{name: "a field that is new", old: `"uid": "1"`, new: `"title": "Pay"`, want: []backstage.Field{{Path: "metadata.title", Op: catalog.Added, Callboard: "Pay"}}},
		{name: "a tag", old: `, "web"`, want: []backstage.Field{{Path: "metadata.tags", Op: catalog.Removed, Backstage: "web"}}},
		{name: "relations", old: `"partOf", "targetRef": "system:default/shop"`, new: `"dependsOn", "targetRef": "system:default/shop"`, want: []backstage.Field{
			{Path: "relations", Op: catalog.Removed, Backstage: "partOf system:default/shop"},
			{Path: "relations", Op: catalog.Added, Callboard: "dependsOn system:default/shop"},
		}},
		{name: "letters of the name", old: `"name": "pay"`, new: `"name": "Pay"`, want: []backstage.Field{{Path: "metadata.name", Op: catalog.Changed, Backstage: "pay", Callboard: "Pay"}}},
		{name: "labels that are no texts", theirs: [2]string{`"uid": "1"`, `"labels": {"a": 1}`}, want: []backstage.Field{{Op: catalog.Changed, Backstage: "field labels cannot be the number 1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			theirs, ours := base, base
			if c.theirs[0] != "" {
				theirs = replaced(t, base, c.theirs[0], c.theirs[1])
			}
			if c.old != "" {
				ours = replaced(t, base, c.old, c.new)
			}
			if d := cmp.Diff(c.want, backstage.Compare(json.RawMessage(theirs), json.RawMessage(ours))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func replaced(t *testing.T, text, before, after string) string {
	t.Helper()
	if !strings.Contains(text, before) {
		t.Fatalf("%s is not in %s", before, text)
	}
	return strings.Replace(text, before, after, 1)
}

// Of a value as long as an API's definition only the beginning is kept.
func TestCompareKeepsLittle(t *testing.T) {
	text := strings.Repeat("é", 5000)
	fields := backstage.Compare(json.RawMessage(base), json.RawMessage(replaced(t, base, `8080`, fmt.Sprintf("%q", text))))
	if len(fields) != 1 || len(fields[0].Callboard.(string)) > 1100 || !strings.HasSuffix(fields[0].Callboard.(string), "é… (10000 bytes)") {
		t.Errorf("got %v", fields)
	}
}
