package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/web/internal/sample"
)

const paymentsV2 = "/catalog/default/api/payments-v2"

func TestDefinition(t *testing.T) {
	p := acme(t)
	overview := p.ok(paymentsV2)
	overview.wants("[aria-labelledby=h-definition]", "Definition OpenAPI 3.0.3", "2 operations, 1 type", "POST /payments Take a payment")
	got := p.ok(overview.follow("[aria-labelledby=h-definition] a", "Read it"))
	got.wants("main", "OpenAPI 3.0.3 Payments 2.4", "Payments Money that comes in")
	if diff := cmp.Diff([]string{"POST /payments Take a payment", "GET /payments/{id} One payment"}, got.texts("[aria-labelledby=g0] summary")); diff != "" {
		t.Error(diff)
	}
	got.wants("[aria-labelledby=g0] details:nth-child(2)", "Parameters id path required string (uuid)", "200 application/json", "As it stands", "Payment")
	got.wants("#type-Payment", "amount required integer In cents", "currency string : EUR, GBP")
	for _, n := range got.all("a[href^='#type-']") {
		if len(got.all(`[id="`+strings.TrimPrefix(attr(n, "href"), "#")+`"]`)) != 1 {
			t.Errorf("%s leads nowhere", attr(n, "href"))
		}
	}
	if on := textOf(got.one(".tabs a[aria-current=page]")); on != "Definition" {
		t.Errorf("the tab %q is marked", on)
	}
}

func TestDefinitionSource(t *testing.T) {
	p := acme(t)
	got := p.ok(p.ok(paymentsV2+"/definition").follow("main a", "Source"))
	if line := got.text("#L3"); line != "3 title : Payments" {
		t.Errorf("line 3: %q", line)
	}
	if key := got.text("#L1 .k"); key != "openapi" {
		t.Errorf("the first key is coloured as %q", key)
	}
	raw := p.get(got.follow("main a", "Download"))
	if raw.header.Get("Content-Disposition") != "attachment; filename=payments-v2.yaml" || !strings.HasPrefix(raw.body, "openapi: 3.0.3\ninfo:\n  title") {
		t.Errorf("download: %v\n%s", raw.header, raw.body)
	}
	if kind := raw.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || raw.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("foreign text goes out as %q", kind)
	}
}

func api(typ, definition string) string {
	return "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: other}\nspec:\n  type: " + typ + "\n  lifecycle: production\n  owner: x\n  definition: |\n    " +
		strings.ReplaceAll(definition, "\n", "\n    ") + "\n"
}

// Whatever the definition is, its text is there.
func TestDefinitionsOfOtherTypes(t *testing.T) {
	for _, tt := range []struct {
		name, typ, definition string
		wants                 []string
	}{
		{"a broken one", "openapi", "openapi: 3.0.0\npaths: [", []string{"The definition cannot be outlined.", "line 2", "openapi : 3.0.0"}},
		{"text", "soap", "<wsdl/>", []string{"soap", "1 <wsdl/>"}},
		{"AsyncAPI", "asyncapi", "asyncapi: 2.0.0\nchannels:\n  sold: {subscribe: {summary: What was sold, message: {payload: {type: string}}}}", []string{"Channels", "subscribe sold What was sold"}},
		{"GraphQL", "graphql", "type Query { shops(near: String!): [Shop] }\ntype Shop { name: String }", []string{"Queries", "query shops", "near required String!", "Returns [Shop]"}},
		{"gRPC", "grpc", "service Till { rpc Open(Drawer) returns (Drawer); }", []string{"Till", "rpc Open"}},
		{"a dangling reference", "openapi", "openapi: 3.0.0\npaths:\n  /a: {get: {parameters: [{$ref: '#/no'}]}}", []string{"Not all of the definition can be read.", "line 3", "GET /a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := empty(t)
			p.push(sample.Push{At: sample.Now, Repository: "acme/other", Text: api(tt.typ, tt.definition)})
			p.settle()
			p.ok("/catalog/default/api/other")
			p.ok("/catalog/default/api/other/definition").wants("main", tt.wants...)
			source := p.ok("/catalog/default/api/other/definition?view=source")
			for i, line := range strings.Split(tt.definition, "\n") {
				if got := textOf(source.all(".source tr")[i]); !strings.Contains(strings.ReplaceAll(got, " ", ""), strings.ReplaceAll(line, " ", "")) {
					t.Errorf("line %d is %q, want %q", i+1, got, line)
				}
			}
		})
	}
}

func TestDefinitionOfNoAPI(t *testing.T) {
	p := acme(t)
	for _, address := range []string{paymentsAPI + "/definition", paymentsAPI + "/definition/raw", "/catalog/default/api/nothing/definition", "/catalog/default/api/nothing/definition/raw"} {
		if got := p.get(address); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", address, got.status)
		}
	}
}

func TestAPIs(t *testing.T) {
	p := acme(t)
	got := p.ok("/apis")
	got.wants("h1", "APIs")
	got.wants(".lede", "4 APIs.")
	if diff := cmp.Diff([]string{"Type", "Owner", "Lifecycle", "Tag", "Source"}, got.texts(".facet > summary")); diff != "" {
		t.Error(diff)
	}
	rows := got.texts("tbody .name")
	if len(rows) != 4 {
		t.Errorf("rows: %v", rows)
	}
	p.ok(got.follow("tbody a", "graphql")).wants("main", "GraphQL")
	one := p.ok(got.follow(".facet a", "grpc"))
	if rows := one.texts("tbody .name"); len(rows) != 1 || rows[0] != "ledger-v1" {
		t.Errorf("of type grpc: %v", rows)
	}
	if other := p.ok("/apis?q=storefront&order=name"); len(other.all("tbody tr")) != 0 {
		t.Error("a component is among the APIs")
	}
	empty(t).ok("/apis").wants("main", "The board is empty")
	p = empty(t)
	p.push(sample.Push{At: sample.Now, Repository: "acme/alone", Text: "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: alone}\nspec: {owner: payments}\n"})
	p.settle()
	p.ok("/apis").wants("main", "There is no API yet")
}
