package definition_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog/definition"
)

func read(t testing.TB, typ, file string) definition.Outline {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return definition.Read(typ, string(text))
}

// told writes an outline as lines, one for each thing that it holds.
func told(o definition.Outline) []string {
	var lines []string
	add := func(depth int, format string, args ...any) {
		lines = append(lines, strings.Repeat("  ", depth)+strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	schema := func(s definition.Schema) string {
		text := s.Type
		if s.Of != "" {
			text += " -> " + s.Of
		}
		if s.Values != nil {
			text += " {" + strings.Join(s.Values, " ") + "}"
		}
		return text
	}
	var fields func(int, []definition.Field)
	fields = func(depth int, all []definition.Field) {
		for _, f := range all {
			name := f.Name
			if f.In != "" {
				name = f.In + " " + name
			}
			if f.Required {
				name += "!"
			}
			if f.Default != "" {
				name += "=" + f.Default
			}
			add(depth, "%s: %s", name, schema(f.Schema))
			fields(depth+1, f.Fields)
		}
	}
	for _, g := range o.Groups {
		add(0, "[%s] %s", g.Name, g.Description)
		for _, op := range g.Operations {
			old := ""
			if op.Deprecated {
				old = " deprecated"
			}
			add(1, "%s %s%s | %s", op.Verb, op.Name, old, strings.TrimSpace(op.Summary+" "+op.Description))
			fields(2, op.Parameters)
			for _, m := range op.Messages {
				add(2, "<%s> %s (%s) %s", m.Label, schema(m.Schema), m.Media, m.Description)
				fields(3, m.Fields)
			}
		}
	}
	for _, typ := range o.Types {
		add(0, "type %s: %s", typ.Name, schema(typ.Schema))
		fields(1, typ.Fields)
	}
	for _, p := range o.Problems {
		add(0, "problem at %d: %s", p.Line, p.Message)
	}
	return lines
}

func TestRead(t *testing.T) {
	tests := []struct {
		typ, file string
		format    string
		language  string
		title     string
		servers   []string
		want      string
	}{
		{"openapi", "payments.openapi.yaml", "OpenAPI 3.0.3", "yaml", "Payments 2.4", []string{"https://pay.acme.example/v2"}, `
[Payments] Money that comes in
  GET /payments | List payments
    header X-Trace: string
    query limit=20: integer
    query state: string {open captured}
    <200> array of Payment -> Payment (application/json) A page
    <default> Problem -> Problem (application/problem+json) What went wrong
  POST /payments | createPayment
    header X-Trace: string
    <Request> NewPayment -> NewPayment (application/json, application/x-yaml)
    <201>  () Made
[Refunds]
  POST /payments/{id}/refunds deprecated |
    path id!: string (uuid)
    <200> Refund (application/json) Done
[]
  GET /health |
    <204>  () Well
type Money: object
  amount!: integer (int64)
  currency: string {EUR GBP}
type NewPayment: object
  total: Money -> Money
  payer: object
    name: string
    address: object
      street: string
  how: one of Card, Transfer
type Payment: NewPayment with more
  id!: string
  parent: Payment -> Payment
type Card: object
  number: string
type Transfer: object
  iban: string
type Problem: map of string
problem at 48: $ref ./refunds.yaml#/Refund leads out of this document and is not followed`},
		{"openapi", "shop.swagger.json", "OpenAPI 2.0", "json", "Shop 1", []string{"https://shop.acme.example/api"}, `
[]
  POST /orders | Order
    query dry: boolean
    <Request> Order -> Order (application/json)
    <201> Order -> Order (application/json) Ordered
  PUT /photo |
    <Request> form (multipart/form-data)
      file!: file
    <204>  () Kept
type Order: object
  lines: array of object
    sku: string`},
		{"asyncapi", "orders.asyncapi2.yaml", "AsyncAPI 2.6.0", "yaml", "Orders 1.0.0", []string{"kafka://broker.acme.example:9092"}, `
[Channels]
  subscribe orders/{shop}/placed | onPlaced Every order that is placed
    shop!: string
    <Placed> Order -> Order (application/json) It was placed
  publish orders.cancel | Cancel an order
    <Placed> Order -> Order (application/json) It was placed
    <Cancelled> object ()
      why: string
type Order: object
  id!: string`},
		{"AsyncAPI", "orders.asyncapi3.yaml", "AsyncAPI 3.0.0", "yaml", "Orders 1.0.0", []string{"kafka://broker.acme.example:9092"}, `
[Channels]
  send orders.placed | sendPlaced
    <Placed> object ()
      id: string
  channel orders.quiet |
    <Hush> string ()`},
		{"graphql", "search.graphql", "GraphQL", "graphql", "", nil, `
[Queries]
  query products | Finds products
    words!: String!
    first=10: Int
    <Returns> [Product!]! -> Product ()
  query old deprecated |
    <Returns> String ()
  query shops |
    <Returns> [Shop] ()
[Subscriptions]
  subscription stockChanged |
    sku!: ID!
    <Returns> Product -> Product ()
type Product: object, as Node
  sku!: ID!
  price: Money -> Money
  size: Size -> Size
  rating: Float
type Node: interface
  sku!: ID!
type Size: enum {S M L}
type Found: one of Product, Shop
type Money: scalar
type Filter: input object
  size=M: Size -> Size`},
		{"grpc", "fraud.proto", "Protocol Buffers, proto3", "protobuf", "acme.fraud.v1", nil, `
[Scoring] Scores payments.
  rpc Score | Score says how likely a payment is fraud.
    <Request> ScoreRequest ()
    <Returns> ScoreReply ()
  rpc Watch |
    <Request> stream of Event ()
    <Returns> stream of acme.fraud.v1.Alarm ()
[Admin]
  rpc Reset |
    <Request> Empty ()
    <Returns> Empty ()`},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			o := read(t, tt.typ, tt.file)
			if diff := cmp.Diff(strings.Split(strings.TrimPrefix(tt.want, "\n"), "\n"), told(o)); diff != "" {
				t.Errorf("outline (-want +got):\n%s", diff)
			}
			if o.Format != tt.format || o.Language != tt.language || strings.TrimSpace(o.Title+" "+o.Version) != tt.title {
				t.Errorf("it is %q in %q: %q %q", o.Format, o.Language, o.Title, o.Version)
			}
			if diff := cmp.Diff(tt.servers, o.Servers); diff != "" {
				t.Errorf("servers: %s", diff)
			}
			if o.Cut {
				t.Error("a small definition is cut")
			}
		})
	}
}

// What cannot be read says where, and costs nothing else.
func TestReadProblems(t *testing.T) {
	tests := []struct {
		name, typ, text string
		want            []definition.Problem
		operations      int
	}{
		{"no YAML", "openapi", "openapi: 3.0.0\npaths:\n  /a: [1,\n  b: {", []definition.Problem{{Line: 4, Message: "did not find expected node content"}}, 0},
		{"no mapping", "openapi", "Ask the team.", []definition.Problem{{Line: 1, Message: "must be a mapping such as OpenAPI begins with"}}, 0},
		{"nothing", "asyncapi", "", []definition.Problem{{Line: 1, Message: "must be a mapping such as AsyncAPI begins with"}}, 0},
		{"no version", "openapi", "info: {title: x}", []definition.Problem{{Line: 1, Message: "lacks openapi or swagger, the version that it is written in"}}, 0},
		{"a dangling reference", "openapi", "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      parameters:\n        - $ref: '#/nowhere'\n        - $ref: '#/nowhere'\n  /b: {get: {}}\n",
			[]definition.Problem{{Line: 6, Message: "$ref #/nowhere leads nowhere in this document"}}, 2},
		{"a circle of references", "openapi", "openapi: 3.1.0\npaths:\n  /a: {$ref: '#/paths/~1a'}\n  /b: {get: {}}\n",
			[]definition.Problem{{Line: 3, Message: "$ref #/paths/~1a leads in a circle"}}, 1},
		{"types of another kind than expected", "openapi", "openapi: 3.1.0\ninfo: [1]\nservers: {a: b}\npaths:\n  /a:\n    get: {tags: x, parameters: {a: b}, responses: [1], requestBody: 5}\n", nil, 1},
		{"GraphQL", "graphql", "type Query {\n  a: \n}", []definition.Problem{{Line: 3, Message: "Expected Name, found }"}}, 0},
		{"no service", "grpc", "message A {}", []definition.Problem{{Message: "declares no service"}}, 0},
		{"another type", "soap", "<xml/>", nil, 0},
		{"too long", "openapi", strings.Repeat("# long\n", 400_000), []definition.Problem{{Message: "the definition has more than 2 MiB, which is too much to outline"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := definition.Read(tt.typ, tt.text)
			if diff := cmp.Diff(tt.want, o.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if n := o.Operations(); n != tt.operations {
				t.Errorf("%d operations, want %d", n, tt.operations)
			}
		})
	}
}

// Schemas that hold each other many times over end at the bound, not at the
// end of memory.
func TestReadIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\nx0: &x0 {type: string}\n")
	for i := 1; i <= 8; i++ {
		fmt.Fprintf(&b, "x%d: &x%d {type: object, properties: {", i, i)
		for j := range 20 {
			fmt.Fprintf(&b, "p%d: *x%d, ", j, i-1)
		}
		b.WriteString("}}\n")
	}
	b.WriteString("components: {schemas: {A: *x8}}\n")
	o := definition.Read("openapi", b.String())
	if !o.Cut {
		t.Error("it is not said that something is left out")
	}
	if n := len(told(o)); n < 1000 || n > 20_000 {
		t.Errorf("the outline has %d lines", n)
	}
}

func FuzzRead(f *testing.F) {
	for typ, file := range map[string]string{
		"openapi": "payments.openapi.yaml", "swagger": "shop.swagger.json", "asyncapi": "orders.asyncapi2.yaml",
		"AsyncAPI": "orders.asyncapi3.yaml", "graphql": "search.graphql", "grpc": "fraud.proto",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(typ, string(text))
	}
	f.Add("openapi", "openapi: 3.1.0\ncomponents: {schemas: {A: &a {items: *a, allOf: [*a], oneOf: [*a], additionalProperties: *a}}}\n")
	f.Add("graphql", "extend type A { a: [[A!]!]! @deprecated }")
	f.Add("grpc", `service A { rpc "`)
	f.Fuzz(func(t *testing.T, typ, text string) {
		o := definition.Read(typ, text)
		for _, p := range o.Problems {
			if p.Message == "" || p.Line < 0 {
				t.Errorf("a problem says nothing: %+v", p)
			}
		}
		for _, g := range o.Groups {
			if len(g.Operations) == 0 && o.Format[:2] != "Pr" {
				t.Errorf("group %q is empty", g.Name)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("testdata", "payments.openapi.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		definition.Read("openapi", string(text))
	}
}
