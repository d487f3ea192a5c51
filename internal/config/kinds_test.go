package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/config"
)

const queueKind = `
catalog:
  kinds:
    - name: Queue
      apiVersions: [acme.example/v1]
      title: Message queue
      description: Where messages wait
      icon: delivery
      schema: &queue
        required: [engine]
        properties:
          retention: {type: integer, title: Kept for, description: Days}
          engine: {enum: [kafka, nats, 2020-01-01], title: Engine}
          topics: {type: array, items: {type: string}}
          operatedBy: {type: string}
      relations:
        - owner
        - dependsOn
        - {field: system, kind: Domain}
        - {field: operatedBy, reverse: operates, kind: group}
        - {field: feeds, type: sendsTo, reverse: receivesFrom}
    - {name: Queue, apiVersions: [acme.example/v2], schema: *queue}
    - {name: Ship, apiVersions: [acme.example/v1, acme.example/v2]}
`

func TestKinds(t *testing.T) {
	c, problems := config.Parse([]byte(queueKind), env(nil), noFiles)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	own := c.Catalog.Own()
	ref := func(outgoing, incoming, kind string) *catalog.Reference {
		return &catalog.Reference{Outgoing: outgoing, Incoming: incoming, DefaultKind: kind}
	}
	want := catalog.Kind{
		Name: "Queue", APIVersions: []string{"acme.example/v1"},
		Own: &catalog.Own{Title: "Message queue", Description: "Where messages wait", Icon: "delivery"},
		Spec: []catalog.Field{
			{Name: "retention", Title: "Kept for", Description: "Days"},
			{Name: "engine", Title: "Engine"},
			{Name: "topics"},
			{Name: "operatedBy", Type: catalog.TextOrTexts, Reference: ref("operatedBy", "operates", "group")},
			{Name: "owner", Type: catalog.Text, Reference: ref("ownedBy", "ownerOf", "Group")},
			{Name: "dependsOn", Type: catalog.Texts, Reference: ref("dependsOn", "dependencyOf", "")},
			{Name: "system", Type: catalog.Text, Reference: ref("partOf", "hasPart", "Domain")},
			{Name: "feeds", Type: catalog.TextOrTexts, Reference: ref("sendsTo", "receivesFrom", "")},
		},
	}
	if d := cmp.Diff(want, own[0], cmpopts.IgnoreFields(catalog.Own{}, "Check")); d != "" {
		t.Errorf("kind (-want +got):\n%s", d)
	}
	if own[2].Own.Check != nil || len(own[2].Spec) > 0 {
		t.Errorf("a kind without a schema: %+v", own[2])
	}
	for i := range 2 {
		got := own[i].Own.Check(map[string]any{"engine": "rabbit"})
		want := []catalog.Problem{{Path: "spec.engine", Message: `must be one of kafka, nats, 2020-01-01, found "rabbit"`}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("check of %d (-want +got):\n%s", i, d)
		}
	}
}

func TestKindProblems(t *testing.T) {
	kind := func(rest string) string {
		return "catalog:\n  kinds:\n    - name: Queue\n      apiVersions: [acme.example/v1]\n" + rest
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no name", "catalog: {kinds: [{apiVersions: [a.example/v1]}]}\n", `1:19: catalog.kinds[0].name: "" is no kind of entity`},
		{"name", "catalog: {kinds: [{name: my-kind, apiVersions: [a.example/v1]}]}\n", `1:26: catalog.kinds[0].name: "my-kind" is no kind of entity`},
		{"no apiVersion", "catalog: {kinds: [{name: Queue}]}\n", `1:19: catalog.kinds[0].apiVersions: must list at least one`},
		{"apiVersion", "catalog: {kinds: [{name: Queue, apiVersions: [a/b/c]}]}\n", `1:47: catalog.kinds[0].apiVersions[0]: "a/b/c" is no apiVersion`},
		{"built in", "catalog: {kinds: [{name: Component, apiVersions: [backstage.io/v1alpha1]}]}\n", `1:51: catalog.kinds[0].apiVersions[0]: kind Component of backstage.io/v1alpha1 is built in`},
		{"letter case", "catalog: {kinds: [{name: component, apiVersions: [a.example/v1]}]}\n", `1:26: catalog.kinds[0].name: "component" differs from the kind Component in letter case only`},
		{"twice", kind("    - {name: Queue, apiVersions: [acme.example/v1]}\n"), `5:35: catalog.kinds[1].apiVersions[0]: kind Queue of acme.example/v1 is declared already`},
		{"version twice", "catalog: {kinds: [{name: Queue, apiVersions: [a.example/v1, a.example/v1]}]}\n", `1:61: catalog.kinds[0].apiVersions[1]: kind Queue of a.example/v1 is declared already`},
		{"icon", kind("      icon: unicorn\n"), `5:13: catalog.kinds[0].icon: "unicorn" is no icon; there are api, `},
		{"key", kind("      sceme: {}\n"), `5:7: unknown key "sceme" in catalog.kinds[0]; known are name, `},
		{"key of a relation", kind("      relations: [{feild: x}]\n"), `5:20: unknown key "feild" in catalog.kinds[0].relations[0]; known are field, type, reverse, kind`},
		{"no field", kind("      relations: [{type: x}]\n"), `5:19: catalog.kinds[0].relations[0].field: must name a field`},
		{"no reverse", kind("      relations: [operatedBy]\n"), `5:19: catalog.kinds[0].relations[0].reverse: must name the relation back, as in {field: operatedBy, reverse: operatedByOf}; only owner, `},
		{"reverse", kind("      relations: [{field: a, reverse: of a}]\n"), `5:39: catalog.kinds[0].relations[0].reverse: "of a" is no type of relation`},
		{"type", kind("      relations: [{field: a-b, reverse: a}]\n"), `5:19: catalog.kinds[0].relations[0].type: must name the relation, since "a-b" cannot be one`},
		{"field twice", kind("      relations: [owner, {field: owner, kind: User}]\n"), `5:34: catalog.kinds[0].relations[1].field: "owner" is listed already`},
		{"default kind", kind("      relations: [{field: owner, kind: Gruop}]\n"), `5:40: catalog.kinds[0].relations[0].kind: "Gruop" is no kind that this catalog knows`},
		{"schema type", kind("      schema: [1]\n"), `5:15: catalog.kinds[0].schema must be a mapping, or the path of a file`},
		{"keyword", kind("      schema:\n        properties:\n          a: {minimum: '3'}\n"), `7:24: catalog.kinds[0].schema.properties.a.minimum: must be a number, found "3"`},
		{"remote", kind("      schema:\n        properties:\n          a: {$ref: 'https://schemas.example/a.json'}\n"), `7:21: catalog.kinds[0].schema.properties.a.$ref: "https://schemas.example/a.json" leads out of the schema, and nothing is fetched`},
		{"in a list", kind("      schema:\n        allOf:\n          - {type: object}\n          - {$ref: '#/$defs/a'}\n"), `8:20: catalog.kinds[0].schema.allOf[1].$ref: "#/$defs/a" leads nowhere in this schema`},
		{"twice in a schema", kind("      schema: {title: a, title: b}\n"), `5:26: catalog.kinds[0].schema: "title" stands here twice`},
		{"merge key", kind("      schema: {<<: {title: a}}\n"), `5:16: catalog.kinds[0].schema: merge keys`},
		{"not a number", kind("      schema: {properties: {a: {minimum: .nan}}}\n"), `5:42: catalog.kinds[0].schema: ".nan" is nothing that JSON has`},
		{"aliases upon aliases", kind("      schema:\n        $defs: {a: &a [x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c], e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d], f: [*e,*e]}\n"), "is too large, or nested too deep"},
		{"no such file", kind("      schema: queue.json\n"), `5:15: catalog.kinds[0].schema: there is no file queue.json`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ps := config.Parse([]byte(tt.text), env(nil), noFiles)
			var lines []string
			for _, p := range ps {
				lines = append(lines, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
			}
			if got := strings.Join(lines, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, tt.want)
			}
		})
	}
}

// A schema in a file is looked for beside the configuration, and what is wrong
// with it is shown there.
func TestSchemaFiles(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"JSON", "{\n\t\"required\": [\"engine\"],\n\t\"title\": \"\\ud83d\\ude00\"\n}", ""},
		{"YAML", "required: [engine]\n", ""},
		{"wrong", "{\n\t\"properties\": {\n\t\t\"a\": {\"type\": \"strng\"}\n\t}\n}", "queue.json:3:17: catalog.kinds[0].schema.properties.a.type: must be one of"},
		{"no mapping", "- 1\n", "queue.json:1:1: catalog.kinds[0].schema must be a mapping"},
		{"syntax", "a: [\n", "queue.json:1:1: "},
		{"empty", "", "queue.json is empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "kinds"), 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "callboard.yaml")
			for name, text := range map[string]string{
				path: "catalog:\n  kinds:\n    - name: Queue\n      apiVersions: [acme.example/v1]\n      schema: ./kinds/queue.json\n",
				filepath.Join(dir, "kinds", "queue.json"): tt.text,
			} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := config.Load(path, env(nil))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got:\n%v\nwant in it:\n%s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := c.Catalog.Own()[0].Own.Check(map[string]any{})
			if d := cmp.Diff([]catalog.Problem{{Path: "spec.engine", Message: "is missing; every Queue needs it"}}, got); d != "" {
				t.Errorf("check (-want +got):\n%s", d)
			}
		})
	}
}
