package definition

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// schemaFolders are where OpenAPI and AsyncAPI keep schemas that have names.
func schemaFolders() []string {
	return []string{"#/components/schemas/", "#/definitions/"}
}

// schema reads a JSON schema. A reference to one with a name becomes a link;
// what is written in place becomes fields, down to maxDepth.
func (d *document) schema(n *yaml.Node, depth int) Schema {
	n = plain(n)
	if !d.spend() || depth >= maxDepth {
		return d.brief(n)
	}
	if ref := d.text(n, "$ref"); ref != "" {
		found, _ := d.follow(n)
		if short := d.brief(n); found == nil || short.Of != "" {
			return short
		}
		return d.schema(found, depth+1)
	}
	s := d.brief(n)
	if list := d.get(n, "items"); list != nil {
		of := d.schema(list, depth+1)
		s.Fields, s.Values = of.Fields, of.Values
		return s
	}
	if entry := d.get(n, "additionalProperties"); d.get(entry) != nil && entry.Kind == yaml.MappingNode {
		s.Fields = d.schema(entry, depth+1).Fields
	}
	if one := d.only(n); one != nil {
		return d.schema(one, depth+1)
	}
	d.properties(&s, n, depth)
	for i, part := range d.items(d.get(n, "allOf")) {
		d.include(&s, part, depth, i)
	}
	return s
}

// brief is a schema without its fields. References and lists are looked through
// a few steps only, since they may lead in a circle.
func (d *document) brief(n *yaml.Node) Schema {
	var before string
	for range maxDepth {
		n = plain(n)
		if ref := d.text(n, "$ref"); ref != "" {
			s := Schema{Type: before + lastPart(ref)}
			if slices.ContainsFunc(schemaFolders(), func(f string) bool { return strings.HasPrefix(ref, f) }) && d.at(ref) != nil {
				s.Of = lastPart(ref)
			}
			return s
		}
		if list := d.get(n, "items"); list != nil {
			before, n = before+"array of ", list
			continue
		}
		if entry := d.get(n, "additionalProperties"); entry != nil && entry.Kind == yaml.MappingNode && d.get(n, "properties") == nil {
			before, n = before+"map of ", entry
			continue
		}
		break
	}
	s := Schema{Type: before + d.typeOf(n), Values: d.values(n)}
	for _, way := range [][2]string{{"oneOf", "one of "}, {"anyOf", "any of "}} {
		if list := d.items(d.get(n, way[0])); len(list) > 1 {
			s.Type = before + way[1] + d.alternatives(&s, list)
		}
	}
	return s
}

// alternatives names them. If there is one besides null, s leads to it.
func (d *document) alternatives(s *Schema, list []*yaml.Node) string {
	var names []string
	for i, n := range list {
		if i == maxAlternatives {
			return strings.Join(names, ", ") + " and more"
		}
		n = plain(n)
		name := d.typeOf(n)
		if ref := d.text(n, "$ref"); ref != "" {
			name = lastPart(ref)
			if len(list) == 2 && d.text(list[1-i], "type") == "null" {
				s.Of = d.brief(n).Of
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// only is the one alternative of a schema that has just one.
func (d *document) only(n *yaml.Node) *yaml.Node {
	for _, way := range []string{"oneOf", "anyOf"} {
		if list := d.items(d.get(n, way)); len(list) == 1 {
			return list[0]
		}
	}
	return nil
}

// include adds a part of an allOf. The first that has a name gives it to the whole.
func (d *document) include(s *Schema, part *yaml.Node, depth, i int) {
	found, name := d.follow(part)
	if found == nil {
		return
	}
	if name != "" && i == 0 && len(s.Fields) == 0 {
		link := d.brief(part)
		s.Type, s.Of = link.Type, link.Of
		return
	}
	of := d.schema(found, depth+1)
	if s.Of != "" {
		s.Type += " with more"
		s.Of = ""
	}
	if s.Type == "any" {
		s.Type = of.Type
	}
	s.Fields = append(s.Fields, of.Fields...)
}

func (d *document) properties(s *Schema, n *yaml.Node, depth int) {
	needed := d.texts(d.get(n, "required"))
	for _, p := range d.pairs(d.get(n, "properties")) {
		if d.o.Cut {
			return
		}
		f := Field{Name: p.key, Required: slices.Contains(needed, p.key), Schema: d.schema(p.value, depth+1)}
		d.describe(&f, p.value)
		s.Fields = append(s.Fields, f)
	}
}

// describe fills in what a schema says about the field that has it.
func (d *document) describe(f *Field, n *yaml.Node) {
	f.Description = prose(d.text(n, "description"))
	f.Deprecated = d.is(n, "deprecated")
	f.Default = d.text(n, "default")
}

func (d *document) typeOf(n *yaml.Node) string {
	types := d.texts(d.get(n, "type"))
	if t := d.text(n, "type"); t != "" {
		types = []string{t}
	}
	name := strings.Join(types, " or ")
	switch {
	case name != "":
	case d.get(n, "properties") != nil || d.get(n, "additionalProperties") != nil:
		name = "object"
	case d.get(n, "enum") != nil || d.get(n, "const") != nil:
		name = "value"
	default:
		name = "any"
	}
	if format := d.text(n, "format"); format != "" {
		name += " (" + format + ")"
	}
	if d.is(n, "nullable") {
		name += " or null"
	}
	return name
}

// values are those that enum or const allows.
func (d *document) values(n *yaml.Node) []string {
	all := d.texts(d.get(n, "enum"))
	if c := d.get(n, "const"); c != nil && c.Kind == yaml.ScalarNode {
		all = append(all, c.Value)
	}
	return all
}

// texts are the scalars of a list, up to maxTexts.
func (d *document) texts(n *yaml.Node) []string {
	var all []string
	list := d.items(n)
	for _, item := range list[:min(len(list), maxTexts)] {
		if item = plain(item); item.Kind == yaml.ScalarNode {
			all = append(all, item.Value)
		}
	}
	return all
}

// types reads the schemas of a folder that have names.
func (d *document) types(folder *yaml.Node) []Type {
	var all []Type
	for _, p := range d.pairs(folder) {
		if !d.spend() {
			break
		}
		found, _ := d.follow(p.value)
		if found == nil {
			continue
		}
		all = append(all, Type{Name: p.key, Description: prose(d.text(found, "description")), Schema: d.schema(p.value, 0)})
	}
	return all
}
