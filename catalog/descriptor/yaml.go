package descriptor

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Characters that end a line in YAML 1.1, and so for yaml.v3, but are ordinary
// in YAML 1.2. They go through the parser as private-use characters.
const lineEnds = "\r\u0085\u2028\u2029"

var (
	toParser   = strings.NewReplacer("\r\n", "\n", "\r", "\U0010f00d", "\u0085", "\U0010f085", "\u2028", "\U0010f028", "\u2029", "\U0010f029")
	fromParser = strings.NewReplacer("\U0010f00d", "\r", "\U0010f085", "\u0085", "\U0010f028", "\u2028", "\U0010f029", "\u2029")
)

// tabbed is an empty line with a tab, which yaml.v3 takes for an indentation.
var tabbed = regexp.MustCompile(`(?m)^\t[\t ]*$`)

// forParser returns the text as yaml.v3 is to see it; lines stay where they are.
// It ends with a line break, since a last line without one would give a block
// scalar without one, which only yaml.v3 thinks right.
func (p part) forParser() string {
	text := toParser.Replace(p.text)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if strings.Contains(text, "\n\t") {
		text = tabbed.ReplaceAllString(text, "")
	}
	return text
}

// root returns the root node of the document, nil if it is empty.
func (p part) root() (*yaml.Node, error) {
	root, err := parseYAML(strings.NewReader(p.forParser()))
	if root != nil && strings.ContainsAny(p.text, lineEnds) {
		restore(root)
	}
	return root, err
}

func restore(n *yaml.Node) {
	n.Value = fromParser.Replace(n.Value)
	for _, child := range n.Content {
		restore(child)
	}
}

// parseYAML returns the root of the one document in r, nil if it is empty.
func parseYAML(r io.Reader) (root *yaml.Node, err error) {
	defer func() {
		// yaml.v3 is known to panic on some odd placements of comments.
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	d := yaml.NewDecoder(r)
	var doc, rest yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	// The decoder looks at what follows the root only when asked for more.
	if err := d.Decode(&rest); !errors.Is(err, io.EOF) {
		return nil, cmp.Or(err, errors.New("yaml: did not find expected <document start>"))
	}
	return doc.Content[0], nil
}
