package descriptor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
)

// Format writes an entity as a descriptor, its fields in the order in which
// people write them. Uid, etag and the default namespace are left out. [Parse]
// of the result gives the rest back. It fails if e holds something that is no
// JSON value.
func Format(e *catalog.Entity) ([]byte, error) {
	plain := *e
	plain.Metadata.UID, plain.Metadata.ETag = "", ""
	if plain.Metadata.Namespace == catalog.DefaultNamespace {
		plain.Metadata.Namespace = ""
	}
	root, err := encode(plain.Object(), fieldsOf(e))
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", e.Ref(), err)
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("format %s: %w", e.Ref(), err)
	}
	return b.Bytes(), nil
}

// fieldsOf returns the fields of a document in their customary order.
func fieldsOf(e *catalog.Entity) []catalog.Field {
	names := func(names ...string) []catalog.Field {
		fields := make([]catalog.Field, len(names))
		for i, name := range names {
			fields[i].Name = name
		}
		return fields
	}
	metadata := append(names("namespace", "name", "title", "description", "labels", "annotations", "tags"),
		catalog.Field{Name: "links", Fields: names("url", "title", "icon", "type")})
	spec := catalog.Field{Name: "spec"}
	if kind := catalog.BuiltIn().Find(e.APIVersion, e.Kind); kind != nil {
		spec.Fields = kind.Spec
	}
	return append(names("apiVersion", "kind"), catalog.Field{Name: "metadata", Fields: metadata}, spec)
}

// encode turns a JSON value into a node. Fields say in which order the keys of
// a mapping, or of the mappings in a list, are written; others follow sorted.
func encode(value any, fields []catalog.Field) (*yaml.Node, error) {
	switch v := value.(type) {
	case map[string]any:
		place := func(key string) int {
			if i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == key }); i >= 0 {
				return i
			}
			return len(fields)
		}
		keys := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a, b))
		})
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range keys {
			var below []catalog.Field
			if i := place(key); i < len(fields) {
				below = fields[i].Fields
			}
			child, err := encode(v[key], below)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, stringNode(key), child)
		}
		return n, nil
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range v {
			child, err := encode(item, fields)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		return n, nil
	case string:
		return stringNode(v), nil
	default:
		b, err := json.Marshal(v) // null, true, false and numbers are the same in YAML
		if err != nil {
			return nil, err
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(b)}, nil
	}
}

// stringNode writes s so that it reads as a string: by YAML 1.2, and by the
// rules of yaml.v3, which sees to that itself when it has the tag. Several
// lines become a block, but yaml.v3 writes no good block that begins with a
// blank.
func stringNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	_, isString := plain(s).(string)
	if !isString || strings.ContainsAny(s, lineEnds) || strings.TrimLeft(s, " \t\n") != s {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
