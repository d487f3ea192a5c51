package search

import (
	"cmp"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/definition"
)

// definitionOf is the text of an API's definition; "" of anything else.
func definitionOf(e *catalog.Entity) string {
	if !strings.EqualFold(e.Kind, "API") {
		return ""
	}
	return e.SpecString("definition")
}

// operationDocuments are what the operations of an API are found by.
func operationDocuments(e *catalog.Entity, owner string) (all []document) {
	text := definitionOf(e)
	if text == "" {
		return nil
	}
	for _, g := range definition.Read(e.SpecString("type"), text).Groups {
		for _, op := range g.Operations {
			p := prose{}
			p.add(op.Description)
			for _, field := range op.Parameters {
				p.add(field.Name)
				p.add(field.Description)
			}
			for _, m := range op.Messages {
				p.add(m.Description)
			}
			all = append(all, document{
				typ: Operations, ref: e.Ref().String(), owner: owner, place: op.Verb + " " + op.Name,
				name: plain(op.Name), title: plain(cmp.Or(op.Summary, op.Name)),
				about: plain(strings.Join([]string{op.Verb, e.Title(), g.Name}, " ")), body: strings.Join(p.parts, "\n"),
				says: Details{Name: op.Name, Verb: op.Verb},
			})
		}
	}
	return all
}
