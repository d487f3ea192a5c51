package definition

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// document is a definition in YAML or JSON while it is read.
type document struct {
	budget
	root *yaml.Node
	seen map[string]bool // references that a problem was made of
}

// readData parses YAML, of which JSON is a part, and hands it to read.
func readData(o *Outline, text, format string, read func(*document, *Outline)) {
	o.Format = format
	if tooLong(o, text) {
		return
	}
	var top yaml.Node
	if err := yaml.Unmarshal([]byte(text), &top); err != nil {
		o.Problems = []Problem{yamlProblem(err)}
		return
	}
	if len(top.Content) == 0 || top.Content[0].Kind != yaml.MappingNode {
		o.Problems = []Problem{{Line: 1, Message: "must be a mapping such as " + format + " begins with"}}
		return
	}
	read(&document{budget: budget{o: o}, root: top.Content[0], seen: map[string]bool{}}, o)
}

var yamlLine = regexp.MustCompile(`^line (\d+): `)

func yamlProblem(err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	var several *yaml.TypeError
	if errors.As(err, &several) && len(several.Errors) > 0 {
		message = several.Errors[0]
	}
	p := Problem{Message: message}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Message = message[len(m[0]):]
	}
	return p
}

// pair is an entry of a mapping.
type pair struct {
	key   string
	value *yaml.Node
	line  int
}

// pairs are the entries of a mapping, in their order; none of anything else.
func (d *document) pairs(n *yaml.Node) []pair {
	n = plain(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	all := make([]pair, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, pair{n.Content[i].Value, n.Content[i+1], n.Content[i].Line})
	}
	return all
}

// items are the elements of a list; none of anything else.
func (d *document) items(n *yaml.Node) []*yaml.Node {
	n = plain(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// get goes down a path of keys; nil if there is nothing.
func (d *document) get(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		n = d.child(n, key)
	}
	return plain(n)
}

func (d *document) child(n *yaml.Node, key string) *yaml.Node {
	n = plain(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// text is the scalar at a path, "" for anything else.
func (d *document) text(n *yaml.Node, path ...string) string {
	if n = d.get(n, path...); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

func (d *document) is(n *yaml.Node, key string) bool { return d.text(n, key) == "true" }

// plain looks through aliases; the parser knows no alias of an alias.
func plain(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// follow returns what a node means: itself, or where its $ref leads, with the
// last part of the reference. It returns nil for a reference that leads nowhere
// within the document.
func (d *document) follow(n *yaml.Node) (found *yaml.Node, name string) {
	n = plain(n)
	var ref string
	for range maxReferences {
		ref = d.text(n, "$ref")
		if ref == "" {
			return n, name
		}
		name = lastPart(ref)
		line := n.Line
		if n = d.at(ref); n == nil {
			d.astray(line, ref, "leads nowhere in this document")
			return nil, name
		}
	}
	d.astray(n.Line, ref, "leads in a circle")
	return nil, name
}

// astray makes a problem of a reference, once.
func (d *document) astray(line int, ref, where string) {
	if d.seen[ref] {
		return
	}
	d.seen[ref] = true
	if !strings.HasPrefix(ref, "#") {
		where = "leads out of this document and is not followed"
	}
	d.problem(line, "$ref "+ref+" "+where)
}

// at is what a JSON pointer within the document leads to, or nil. See RFC 6901.
func (d *document) at(ref string) *yaml.Node {
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	n := d.root
	for _, part := range strings.Split(pointer, "/") {
		part = unescape(part)
		if list := d.items(n); list != nil {
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(list) {
				return nil
			}
			n = plain(list[i])
			continue
		}
		if n = d.get(n, part); n == nil {
			return nil
		}
	}
	return n
}

func unescape(part string) string {
	if decoded, err := url.PathUnescape(part); err == nil {
		part = decoded
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
}

func lastPart(ref string) string { return unescape(ref[strings.LastIndexByte(ref, '/')+1:]) }
