package definition

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

const maxTokens = 200_000

// readGraphQL reads the schema definition language. It does not validate: a
// schema may use directives and types that its server adds.
// See https://spec.graphql.org.
func readGraphQL(o *Outline, text string) {
	b := budget{o: o}
	doc, err := parser.ParseSchemaWithLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		o.Problems = []Problem{graphQLProblem(err)}
		return
	}
	roots := map[string]string{"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
	for _, list := range []ast.SchemaDefinitionList{doc.Schema, doc.SchemaExtension} {
		for _, s := range list {
			if o.Description == "" {
				o.Description = prose(s.Description)
			}
			for _, op := range s.OperationTypes {
				roots[op.Type] = string(op.Operation)
			}
		}
	}
	groups := map[string]*Group{
		"query": {Name: "Queries"}, "mutation": {Name: "Mutations"}, "subscription": {Name: "Subscriptions"},
	}
	for _, def := range merged(doc) {
		verb, isRoot := roots[def.Name]
		if !isRoot {
			if b.spend() {
				o.Types = append(o.Types, b.graphQLType(def))
			}
			continue
		}
		for _, f := range def.Fields {
			if b.spend() {
				groups[verb].Operations = append(groups[verb].Operations, b.call(verb, f))
			}
		}
	}
	for _, verb := range []string{"query", "mutation", "subscription"} {
		if g := groups[verb]; len(g.Operations) > 0 {
			o.Groups = append(o.Groups, *g)
		}
	}
	link(o)
}

// merged are the types with their extensions, in their order.
func merged(doc *ast.SchemaDocument) []*ast.Definition {
	var all []*ast.Definition
	byName := map[string]*ast.Definition{}
	for _, list := range []ast.DefinitionList{doc.Definitions, doc.Extensions} {
		for _, def := range list {
			if first, ok := byName[def.Name]; ok {
				first.Fields = append(first.Fields, def.Fields...)
				first.EnumValues = append(first.EnumValues, def.EnumValues...)
				first.Types = append(first.Types, def.Types...)
				continue
			}
			byName[def.Name] = def
			all = append(all, def)
		}
	}
	return all
}

func (b *budget) call(verb string, f *ast.FieldDefinition) Operation {
	op := Operation{Verb: verb, Name: f.Name, Description: prose(f.Description), Deprecated: deprecated(f.Directives)}
	for _, a := range f.Arguments {
		if b.spend() {
			op.Parameters = append(op.Parameters, graphQLField(a.Name, a.Description, a.Type, a.DefaultValue, a.Directives))
		}
	}
	if f.Type != nil {
		op.Messages = []Message{{Label: "Returns", Schema: graphQLSchema(f.Type)}}
	}
	return op
}

func (b *budget) graphQLType(def *ast.Definition) Type {
	t := Type{Name: def.Name, Description: prose(def.Description)}
	t.Type = strings.ToLower(strings.ReplaceAll(string(def.Kind), "_", " "))
	if len(def.Types) > 0 {
		t.Type = "one of " + strings.Join(def.Types, ", ")
	}
	if len(def.Interfaces) > 0 {
		t.Type += ", as " + strings.Join(def.Interfaces, ", ")
	}
	for _, v := range def.EnumValues {
		if b.spend() {
			t.Values = append(t.Values, v.Name)
		}
	}
	for _, f := range def.Fields {
		if b.spend() {
			t.Fields = append(t.Fields, graphQLField(f.Name, f.Description, f.Type, f.DefaultValue, f.Directives))
		}
	}
	return t
}

func graphQLField(name, description string, typ *ast.Type, value *ast.Value, directives ast.DirectiveList) Field {
	f := Field{Name: name, Description: prose(description), Deprecated: deprecated(directives)}
	if typ != nil {
		f.Required, f.Schema = typ.NonNull, graphQLSchema(typ)
	}
	if value != nil {
		f.Default = value.String()
	}
	return f
}

func graphQLSchema(t *ast.Type) Schema { return Schema{Type: t.String(), Of: t.Name()} }

// link leaves a link only where it leads to a type.
func link(o *Outline) {
	known := map[string]bool{}
	for _, t := range o.Types {
		known[t.Name] = true
	}
	fields := func(all []Field) {
		for i := range all {
			if !known[all[i].Of] {
				all[i].Of = ""
			}
		}
	}
	for _, t := range o.Types {
		fields(t.Fields)
	}
	for _, g := range o.Groups {
		for _, op := range g.Operations {
			fields(op.Parameters)
			for i := range op.Messages {
				if !known[op.Messages[i].Of] {
					op.Messages[i].Of = ""
				}
			}
		}
	}
}

func deprecated(all ast.DirectiveList) bool { return all.ForName("deprecated") != nil }

func graphQLProblem(err error) Problem {
	p := Problem{Message: err.Error()}
	var at *gqlerror.Error
	if errors.As(err, &at) {
		p.Message = at.Message
		if len(at.Locations) > 0 {
			p.Line = at.Locations[0].Line
		}
	}
	return p
}
