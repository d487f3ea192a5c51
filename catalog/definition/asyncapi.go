package definition

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// readAsyncAPI reads AsyncAPI 2 and 3.
// See https://www.asyncapi.com/docs/reference/specification/latest.
func readAsyncAPI(d *document, o *Outline) {
	version := d.text(d.root, "asyncapi")
	if version == "" {
		d.problem(1, "lacks asyncapi, the version that it is written in")
		return
	}
	o.Format = "AsyncAPI " + version
	d.info(o)
	for _, p := range d.pairs(d.get(d.root, "servers")) {
		server, _ := d.follow(p.value)
		address := d.text(server, "url")
		if host := d.text(server, "host"); host != "" {
			address = host + d.text(server, "pathname")
		}
		if protocol := d.text(server, "protocol"); address != "" && protocol != "" && !strings.Contains(address, "://") {
			address = protocol + "://" + address
		}
		if address != "" {
			o.Servers = append(o.Servers, address)
		}
	}
	g := Group{Name: "Channels"}
	if strings.HasPrefix(version, "2") {
		g.Operations = d.channels2()
	} else {
		g.Operations = d.channels3()
	}
	if len(g.Operations) > 0 {
		o.Groups = []Group{g}
	}
	o.Types = d.types(d.get(d.root, "components", "schemas"))
}

// channels2 reads the channels of AsyncAPI 2, which hold their operations.
func (d *document) channels2() []Operation {
	var all []Operation
	for _, p := range d.pairs(d.get(d.root, "channels")) {
		channel, _ := d.follow(p.value)
		for _, verb := range []string{"publish", "subscribe"} {
			n := d.get(channel, verb)
			if n == nil {
				continue
			}
			if !d.spend() {
				return all
			}
			op := d.channel(verb, p.key, channel, n)
			op.Messages = d.messages(d.get(n, "message"))
			all = append(all, op)
		}
	}
	return all
}

// channels3 reads the operations of AsyncAPI 3, which name their channels, and
// the channels that none names.
func (d *document) channels3() []Operation {
	var all []Operation
	named := map[*yaml.Node]bool{}
	for _, p := range d.pairs(d.get(d.root, "operations")) {
		n, _ := d.follow(p.value)
		if n == nil || !d.spend() {
			continue
		}
		channel, name := d.follow(d.get(n, "channel"))
		named[channel] = true
		op := d.channel(d.text(n, "action"), d.address(channel, name), channel, n)
		if op.Summary == "" {
			op.Summary = p.key
		}
		for _, m := range d.items(d.get(n, "messages")) {
			op.Messages = append(op.Messages, d.messages(m)...)
		}
		if d.get(n, "messages") == nil {
			op.Messages = d.channelMessages(channel)
		}
		all = append(all, op)
	}
	for _, p := range d.pairs(d.get(d.root, "channels")) {
		channel, _ := d.follow(p.value)
		if channel == nil || named[channel] || !d.spend() {
			continue
		}
		op := d.channel("channel", d.address(channel, p.key), channel, channel)
		op.Messages = d.channelMessages(channel)
		all = append(all, op)
	}
	return all
}

func (d *document) address(channel *yaml.Node, name string) string {
	if address := d.text(channel, "address"); address != "" {
		return address
	}
	return name
}

// channel reads what an operation and its channel say together.
func (d *document) channel(verb, name string, channel, n *yaml.Node) Operation {
	op := Operation{Verb: verb, Name: name, Deprecated: d.is(n, "deprecated")}
	for _, key := range []string{"summary", "title", "operationId"} {
		if op.Summary == "" {
			op.Summary = d.text(n, key)
		}
	}
	op.Description = prose(d.text(n, "description"))
	if op.Description == "" {
		op.Description = prose(d.text(channel, "description"))
	}
	for _, p := range d.pairs(d.get(channel, "parameters")) {
		if !d.spend() {
			break
		}
		found, _ := d.follow(p.value)
		f := Field{Name: p.key, Required: true, Schema: Schema{Type: "string", Values: d.values(found)}}
		if schema := d.get(found, "schema"); schema != nil {
			f.Schema = d.schema(schema, 0)
		}
		d.describe(&f, found)
		op.Parameters = append(op.Parameters, f)
	}
	return op
}

func (d *document) channelMessages(channel *yaml.Node) []Message {
	var all []Message
	for _, p := range d.pairs(d.get(channel, "messages")) {
		all = append(all, d.message(p.value, p.key)...)
	}
	return all
}

// messages reads a message, or those that it may be one of.
func (d *document) messages(n *yaml.Node) []Message {
	if list := d.items(d.get(n, "oneOf")); list != nil {
		var all []Message
		for _, one := range list {
			all = append(all, d.message(one, "")...)
		}
		return all
	}
	return d.message(n, "")
}

func (d *document) message(n *yaml.Node, name string) []Message {
	found, referred := d.follow(n)
	if found == nil || !d.spend() {
		return nil
	}
	m := Message{Label: name, Media: d.text(found, "contentType"), Description: prose(d.text(found, "description"))}
	for _, other := range []string{d.text(found, "name"), d.text(found, "title"), referred, "Payload"} {
		if m.Label == "" {
			m.Label = other
		}
	}
	if m.Description == "" {
		m.Description = prose(d.text(found, "summary"))
	}
	payload := d.get(found, "payload")
	if inner := d.get(payload, "schema"); inner != nil && d.get(payload, "schemaFormat") != nil {
		payload = inner // AsyncAPI 3 wraps a schema of another format
	}
	if payload != nil {
		m.Schema = d.schema(payload, 0)
	}
	return []Message{m}
}
