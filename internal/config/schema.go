package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"
)

const (
	maxSchemaDepth = 100
	maxSchemaNodes = 50_000 // aliases stand for all that is behind them
)

// misfit is something in YAML that JSON does not have.
type misfit struct {
	at      *yaml.Node
	message string
}

// jsonOf writes YAML as JSON with the keys in their order.
func jsonOf(n *yaml.Node) ([]byte, *misfit) {
	w := jsonWriter{}
	if bad := w.write(n, 0); bad != nil {
		return nil, bad
	}
	return w.Bytes(), nil
}

type jsonWriter struct {
	bytes.Buffer
	nodes int
}

func (w *jsonWriter) write(n *yaml.Node, depth int) *misfit {
	if w.nodes++; w.nodes > maxSchemaNodes || depth > maxSchemaDepth {
		return &misfit{n, "is too large, or nested too deep"}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.write(n.Alias, depth+1)
	case yaml.MappingNode:
		return w.mapping(n, depth)
	case yaml.SequenceNode:
		w.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.WriteByte(',')
			}
			if bad := w.write(item, depth+1); bad != nil {
				return bad
			}
		}
		w.WriteByte(']')
		return nil
	default:
		var v any = n.Value // what looks like a date is text, as JSON has no dates
		switch n.ShortTag() {
		case "!!null", "!!bool", "!!int", "!!float":
			if err := n.Decode(&v); err != nil {
				return &misfit{n, fmt.Sprintf("%q cannot be read", n.Value)}
			}
		}
		b, err := json.Marshal(v)
		if err != nil {
			return &misfit{n, fmt.Sprintf("%q is nothing that JSON has", n.Value)}
		}
		w.Write(b)
		return nil
	}
}

func (w *jsonWriter) mapping(n *yaml.Node, depth int) *misfit {
	seen := map[string]bool{}
	w.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode:
			return &misfit{key, "has a key that is no text"}
		case key.ShortTag() == "!!merge":
			return &misfit{key, "merge keys (<<) are not read in a schema; write it out, or use $ref"}
		case seen[key.Value]:
			return &misfit{key, fmt.Sprintf("%q stands here twice", key.Value)}
		}
		seen[key.Value] = true
		if i > 0 {
			w.WriteByte(',')
		}
		b, err := json.Marshal(key.Value)
		if err != nil {
			return &misfit{key, "has a key that is no text"}
		}
		w.Write(b)
		w.WriteByte(':')
		if bad := w.write(n.Content[i+1], depth+1); bad != nil {
			return bad
		}
	}
	w.WriteByte('}')
	return nil
}

// nodeAt returns what stands at a place below n, or the nearest that is there.
func nodeAt(n *yaml.Node, at []string) *yaml.Node {
	for _, key := range at {
		for range maxSchemaDepth {
			if n.Kind != yaml.AliasNode {
				break
			}
			n = n.Alias
		}
		next := n
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					next = n.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
				next = n.Content[i]
			}
		}
		if next == n {
			break
		}
		n = next
	}
	return n
}

// likeYAML puts what YAML does not take in JSON, tabs between its parts and halves
// of characters, in the form of something that it takes, every character in its
// place. It is for finding places.
func likeYAML(b []byte) []byte {
	return halves.ReplaceAll(bytes.ReplaceAll(b, []byte("\t"), []byte(" ")), []byte(`\uFFFD`))
}

var halves = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
