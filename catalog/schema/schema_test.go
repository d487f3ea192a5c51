package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/schema"
)

func compile(t *testing.T, text string) *schema.Schema {
	t.Helper()
	s, problems := schema.Compile([]byte(text))
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return s
}

const queue = `{
	"required": ["engine", "retentionDays"],
	"additionalProperties": false,
	"properties": {
		"engine": {"title": "Engine", "enum": ["kafka", "nats", 7]},
		"retentionDays": {"type": "integer", "minimum": 1, "description": "How long a message is kept"},
		"encrypted": {"type": "boolean"},
		"since": {"type": "string", "format": "date"},
		"page": {"type": "string", "format": "uri", "pattern": "^https:"},
		"topics": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"$ref": "#/$defs/topic"}},
		"size": {"oneOf": [{"type": "integer"}, {"type": "object", "required": ["max"]}]},
		"secret": {"not": {"type": "string"}},
		"ratio": {"type": ["number", "string"], "exclusiveMaximum": 1},
		"owner": {"$ref": "#/$defs/team"}
	},
	"$defs": {
		"topic": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 3}}},
		"team": {"title": "Team", "type": "string"}
	}
}`

func TestCheck(t *testing.T) {
	s := compile(t, queue)
	for _, tt := range []struct {
		name, spec string
		want       []string
	}{
		{"good", `{"engine": "kafka", "retentionDays": 7, "size": 3, "page": "https://a.example/x", "since": "2026-03-12"}`, nil},
		{"missing", `{}`, []string{
			"spec.engine is missing; every Queue needs it",
			"spec.retentionDays is missing; every Queue needs it",
		}},
		{"enum", `{"engine": "mqseries", "retentionDays": 7}`, []string{`spec.engine must be one of kafka, nats, 7, found "mqseries"`}},
		{"type and number", `{"engine": "nats", "retentionDays": 0.5}`, []string{"spec.retentionDays must be a whole number, found the number 0.5"}},
		{"minimum", `{"engine": "nats", "retentionDays": 0}`, []string{"spec.retentionDays must be at least 1, found the number 0"}},
		{"two types", `{"engine": "nats", "retentionDays": 1, "ratio": true, "encrypted": "yes"}`, []string{
			`spec.encrypted must be true or false, found "yes"`,
			"spec.ratio must be a number or a string, found true",
		}},
		{"unknown", `{"engine": "nats", "retentionDays": 1, "retention.days": 1}`, []string{`spec["retention.days"] is not known here; check how it is written`}},
		{"formats", `{"engine": "nats", "retentionDays": 1, "since": "12 March", "page": "http://a.example"}`, []string{
			`spec.page must match ^https:, found "http://a.example"`,
			`spec.since must be a date such as 2026-03-12, found "12 March"`,
		}},
		{"in a list", `{"engine": "nats", "retentionDays": 1, "topics": [{"name": "a"}, {"name": "long"}, {}]}`, []string{
			"spec.topics[1].name must have at most 3 characters, found 4",
			"spec.topics[2].name is missing, but must be there",
		}},
		{"twice", `{"engine": "nats", "retentionDays": 1, "topics": [{"name": "a"}, {"name": "a"}]}`, []string{
			"spec.topics must not have an item twice, found number 1 again as number 2",
		}},
		{"no item", `{"engine": "nats", "retentionDays": 1, "topics": []}`, []string{"spec.topics must have at least 1 item, found 0"}},
		{"alternatives", `{"engine": "nats", "retentionDays": 1, "size": {"min": 1}}`, []string{
			"spec.size must be a whole number, found a mapping; or max is missing, but must be there",
		}},
		{"excluded", `{"engine": "nats", "retentionDays": 1, "secret": "x"}`, []string{`spec.secret must not be what the schema excludes, found "x"`}},
		{"a string where a number is meant", `{"engine": "nats", "retentionDays": 1, "owner": 3}`, []string{"spec.owner must be a string, found the number 3; put it in quotes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var spec map[string]any
			if err := json.Unmarshal([]byte(tt.spec), &spec); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range s.Check("Queue", spec) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFields(t *testing.T) {
	want := []catalog.Field{
		{Name: "engine", Title: "Engine"},
		{Name: "retentionDays", Description: "How long a message is kept"},
		{Name: "encrypted"}, {Name: "since"}, {Name: "page"}, {Name: "topics"}, {Name: "size"}, {Name: "secret"}, {Name: "ratio"},
		{Name: "owner", Title: "Team"},
	}
	if diff := cmp.Diff(want, compile(t, queue).Fields()); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := compile(t, `{"type": "object"}`).Fields(); len(got) > 0 {
		t.Errorf("fields of a schema without any: %v", got)
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text, at, want string
	}{
		{"no JSON", `{`, "", "is no JSON"},
		{"no mapping", `true`, "", "must be a mapping"},
		{"unknown type", `{"properties": {"a": {"type": "strng"}}}`, "properties/a/type", `must be one of array, boolean, integer, null, number, object, string, found "strng"; or must be a list, found "strng"`},
		{"wrong keyword", `{"properties": {"a": {"minimum": "3"}}}`, "properties/a/minimum", `must be a number, found "3"`},
		{"required", `{"required": "a"}`, "required", `must be a list, found "a"; begin each item with a dash`},
		{"of another type", `{"type": "string"}`, "type", "must be object"},
		{"remote", `{"properties": {"a": {"$ref": "https://schemas.example/common.json#/a"}}}`, "properties/a/$ref", `"https://schemas.example/common.json#/a" leads out of the schema, and nothing is fetched`},
		{"a file", `{"allOf": [{"$ref": "common.json"}]}`, "allOf/0/$ref", `"common.json" leads out of the schema`},
		{"a file on this machine", `{"allOf": [{"$ref": "file:///etc/passwd"}]}`, "allOf/0/$ref", "leads out of the schema"},
		{"nowhere", `{"properties": {"a": {"$ref": "#/$defs/b"}}}`, "properties/a/$ref", `"#/$defs/b" leads nowhere in this schema`},
		{"no anchor", `{"properties": {"a": {"$ref": "#b"}}}`, "properties/a/$ref", `"#b" leads nowhere in this schema`},
		{"unknown draft", `{"$schema": "https://schemas.example/mine"}`, "$schema", "is no draft of JSON schema that is known"},
		{"pattern", `{"properties": {"a": {"pattern": "("}}}`, "properties/a/pattern", `must be of the format regex, found "("`},
		{"too long", `{"title": "` + strings.Repeat("x", schema.MaxSize) + `"}`, "", "longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, problems := schema.Compile([]byte(tt.text))
			if s != nil || len(problems) == 0 {
				t.Fatalf("it is taken: %v", s)
			}
			if got := strings.Join(problems[0].At, "/"); got != tt.at {
				t.Errorf("at %q, want %q", got, tt.at)
			}
			if got := problems[0].Message; !strings.Contains(got, tt.want) {
				t.Errorf("message %q, want in it %q", got, tt.want)
			}
		})
	}
}

// References within a schema are followed, also to parts with an id of their own.
func TestCompileTakes(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/a"}}}`,
		`{"$id": "https://acme.example/queue", "$defs": {"a": {"$id": "a", "type": "string"}}, "properties": {"a": {"$ref": "a"}}}`,
		`{"properties": {"more": {"$ref": "#"}}}`,
	} {
		compile(t, text)
	}
}
