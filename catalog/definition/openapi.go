package definition

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// readOpenAPI reads OpenAPI 3 and its forerunner, Swagger 2.
// See https://spec.openapis.org/oas/latest.html and https://swagger.io/specification/v2/.
func readOpenAPI(d *document, o *Outline) {
	version := d.text(d.root, "openapi")
	if version == "" {
		version = d.text(d.root, "swagger")
	}
	if version == "" {
		d.problem(1, "lacks openapi or swagger, the version that it is written in")
		return
	}
	o.Format = "OpenAPI " + version
	d.info(o)
	a := openAPI{d, version == "2.0", map[string]*Group{}, nil}
	o.Servers = a.servers()
	for _, tag := range d.items(d.get(d.root, "tags")) {
		if name := d.text(tag, "name"); name != "" {
			a.group(name).Description = prose(d.text(tag, "description"))
		}
	}
	for _, p := range d.pairs(d.get(d.root, "paths")) {
		if !strings.HasPrefix(p.key, "x-") {
			a.path(p.key, p.value, "")
		}
	}
	for _, p := range d.pairs(d.get(d.root, "webhooks")) {
		a.path(p.key, p.value, "Webhooks")
	}
	for _, g := range a.order {
		if len(g.Operations) > 0 {
			o.Groups = append(o.Groups, *g)
		}
	}
	if a.swagger {
		o.Types = d.types(d.get(d.root, "definitions"))
	} else {
		o.Types = d.types(d.get(d.root, "components", "schemas"))
	}
}

func (d *document) info(o *Outline) {
	info := d.get(d.root, "info")
	o.Title, o.Version, o.Description = d.text(info, "title"), d.text(info, "version"), prose(d.text(info, "description"))
}

type openAPI struct {
	*document
	swagger bool
	groups  map[string]*Group
	order   []*Group
}

func (a *openAPI) group(name string) *Group {
	g, ok := a.groups[name]
	if !ok {
		g = &Group{Name: name}
		a.groups[name] = g
		a.order = append(a.order, g)
	}
	return g
}

func (a *openAPI) servers() []string {
	var all []string
	if !a.swagger {
		for _, s := range a.items(a.get(a.root, "servers")) {
			if address := a.text(s, "url"); address != "" {
				all = append(all, address)
			}
		}
		return all
	}
	host := a.text(a.root, "host")
	if host == "" {
		return nil
	}
	for _, scheme := range a.texts(a.get(a.root, "schemes")) {
		all = append(all, scheme+"://"+host+a.text(a.root, "basePath"))
	}
	if all == nil {
		all = []string{host + a.text(a.root, "basePath")}
	}
	return all
}

func isMethod(key string) bool {
	switch key {
	case "get", "put", "post", "delete", "options", "head", "patch", "trace", "query":
		return true
	}
	return false
}

// path reads the operations of a path, into the group of their first tag unless
// they are to be in another.
func (a *openAPI) path(name string, n *yaml.Node, group string) {
	item, _ := a.follow(n)
	shared := a.items(a.get(item, "parameters"))
	for _, p := range a.pairs(item) {
		if !isMethod(p.key) {
			continue
		}
		if !a.spend() {
			return
		}
		into := group
		if tags := a.texts(a.get(p.value, "tags")); into == "" && len(tags) > 0 {
			into = tags[0]
		}
		g := a.group(into)
		g.Operations = append(g.Operations, a.operation(strings.ToUpper(p.key), name, p.value, shared))
	}
}

func (a *openAPI) operation(verb, path string, n *yaml.Node, shared []*yaml.Node) Operation {
	op := Operation{
		Verb: verb, Name: path, Summary: a.text(n, "summary"), Description: prose(a.text(n, "description")),
		Deprecated: a.is(n, "deprecated"),
	}
	if op.Summary == "" {
		op.Summary = a.text(n, "operationId")
	}
	request := Message{Label: "Request"}
	for _, p := range a.parameters(shared, a.items(a.get(n, "parameters"))) {
		if !a.spend() {
			break
		}
		switch in := a.text(p, "in"); in {
		case "body": // of Swagger 2, as formData
			request.Description, request.Schema = prose(a.text(p, "description")), a.schema(a.get(p, "schema"), 0)
			request.Media = strings.Join(a.either(n, "consumes"), ", ")
		case "formData":
			request.Type, request.Media = "form", strings.Join(a.either(n, "consumes"), ", ")
			request.Fields = append(request.Fields, a.parameter(p, ""))
		default:
			op.Parameters = append(op.Parameters, a.parameter(p, in))
		}
	}
	if body, _ := a.follow(a.get(n, "requestBody")); body != nil {
		request = a.content("Request", body)
	}
	if request.Type != "" {
		op.Messages = append(op.Messages, request)
	}
	for _, p := range a.pairs(a.get(n, "responses")) {
		if strings.HasPrefix(p.key, "x-") || !a.spend() {
			continue
		}
		answer, _ := a.follow(p.value)
		m := a.content(p.key, answer)
		if a.swagger && a.get(answer, "schema") != nil {
			m.Schema, m.Media = a.schema(a.get(answer, "schema"), 0), strings.Join(a.either(n, "produces"), ", ")
		}
		op.Messages = append(op.Messages, m)
	}
	return op
}

// either is a list of an operation, or that of the document.
func (a *openAPI) either(n *yaml.Node, key string) []string {
	if own := a.texts(a.get(n, key)); own != nil {
		return own
	}
	return a.texts(a.get(a.root, key))
}

// parameters are those of an operation and those of its path; the former win.
func (a *openAPI) parameters(shared, own []*yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	place := map[[2]string]int{}
	for _, list := range [][]*yaml.Node{shared, own} {
		for _, n := range list {
			p, _ := a.follow(n)
			if p == nil {
				continue
			}
			key := [2]string{a.text(p, "in"), a.text(p, "name")}
			if i, ok := place[key]; ok {
				all[i] = p
				continue
			}
			place[key] = len(all)
			all = append(all, p)
		}
	}
	return all
}

func (a *openAPI) parameter(n *yaml.Node, in string) Field {
	schema := a.get(n, "schema")
	if media := a.pairs(a.get(n, "content")); schema == nil && len(media) > 0 {
		schema = a.get(media[0].value, "schema")
	}
	if schema == nil {
		schema = n // Swagger 2 has the type beside the name
	}
	f := Field{Schema: a.schema(schema, 0)}
	a.describe(&f, schema)
	f.Name, f.In, f.Required = a.text(n, "name"), in, a.is(n, "required")
	f.Deprecated = f.Deprecated || a.is(n, "deprecated")
	if text := prose(a.text(n, "description")); text != "" {
		f.Description = text
	}
	return f
}

// content reads a body. Its media types nearly always have one schema, so that
// the first stands for all.
func (a *openAPI) content(label string, n *yaml.Node) Message {
	m := Message{Label: label, Description: prose(a.text(n, "description"))}
	var media []string
	for i, p := range a.pairs(a.get(n, "content")) {
		media = append(media, p.key)
		if i == 0 {
			m.Schema = a.schema(a.get(p.value, "schema"), 0)
		}
	}
	m.Media = strings.Join(media, ", ")
	return m
}
