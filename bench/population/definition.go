package population

import (
	"fmt"
	"strings"
)

// definition returns the text of an API in the language of its type: a few
// operations mostly, now and then many, 1 to 10 KB.
func (e *entity) definition(language string) string {
	operations := 3 + skewed(e.r, 30, 4)
	title := e.title()
	var b strings.Builder
	switch language {
	case "openapi":
		fmt.Fprintf(&b, "openapi: 3.0.3\ninfo:\n  title: %s\n  version: 1.%d.0\nservers:\n  - url: https://api.acme.example/%s\npaths:\n", title, e.r.IntN(20), e.metadata["name"])
		for i := range operations {
			s := pick(e.r, subjects)
			fmt.Fprintf(&b, `  /%s-%d/{id}:
    get:
      operationId: get%[3]s%[2]d
      summary: Read one %[1]s
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        '200':
          description: The %[1]s
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        '404': {description: No such %[1]s}
`, s, i, strings.ToUpper(s[:1])+s[1:])
		}
		b.WriteString("components:\n  schemas:\n    Thing:\n      type: object\n      required: [id]\n      properties:\n        id: {type: string}\n        state: {type: string, enum: [open, closed]}\n        updatedAt: {type: string, format: date-time}\n")
	case "asyncapi":
		fmt.Fprintf(&b, "asyncapi: 2.6.0\ninfo:\n  title: %s\n  version: 1.%d.0\nchannels:\n", title, e.r.IntN(20))
		for i := range operations {
			s := pick(e.r, subjects)
			fmt.Fprintf(&b, "  %[1]s.changed.v%[2]d:\n    subscribe:\n      message:\n        name: %[1]sChanged\n        contentType: application/json\n        payload:\n          type: object\n          properties:\n            id: {type: string}\n            at: {type: string, format: date-time}\n", s, i)
		}
	case "graphql":
		b.WriteString("schema { query: Query }\n\ntype Query {\n")
		for i := range operations {
			fmt.Fprintf(&b, "  \"\"\"One %[1]s, if there is one\"\"\"\n  %[1]s%[2]d(id: ID!): Thing\n", pick(e.r, subjects), i)
		}
		b.WriteString("}\n\ntype Thing {\n  id: ID!\n  title: String\n  owner: String!\n  updatedAt: String\n}\n")
	default:
		fmt.Fprintf(&b, "syntax = \"proto3\";\n\npackage acme.v1;\n\n// %s\nservice Things {\n", title)
		for i := range operations {
			s := pick(e.r, subjects)
			fmt.Fprintf(&b, "  // Reads one %[1]s.\n  rpc Get%[3]s%[2]d(GetRequest) returns (Thing);\n", s, i, strings.ToUpper(s[:1])+s[1:])
		}
		b.WriteString("}\n\nmessage GetRequest {\n  string id = 1;\n}\n\nmessage Thing {\n  string id = 1;\n  string title = 2;\n  string owner = 3;\n}\n")
	}
	return b.String()
}
