// Package schema reads JSON schemas that say what the spec of a kind of one's
// own may hold.
//
// Start with [Compile]. A schema stands for itself: no reference out of it is
// followed, so that nothing is fetched and the same text always means the same.
package schema

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/callboard/callboard/catalog"
)

// MaxSize is how long a schema may be, in bytes.
const MaxSize = 1 << 20

// Schema is a JSON schema of a spec, of any draft from 4 to 2020-12.
type Schema struct {
	compiled *jsonschema.Schema
	names    []string // of the properties, in the order of the text
}

// Problem is something wrong in a schema.
type Problem struct {
	At      []string // the keys, and indexes of lists, that lead there
	Message string   // what is wrong and what would be right
}

// Compile reads the JSON text of a schema. The schema is nil if there are problems.
func Compile(text []byte) (*Schema, []Problem) {
	if len(text) > MaxSize {
		return nil, []Problem{{Message: "is longer than the megabyte that a schema may have"}}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, []Problem{{Message: "is no JSON: " + err.Error()}}
	}
	if _, ok := doc.(map[string]any); !ok {
		return nil, []Problem{{Message: "must be a mapping"}}
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat() // format: date means that it must be one
	c.UseLoader(nowhere{})
	if err := c.AddResource(base, doc); err != nil {
		return nil, problemsOf(err, text)
	}
	compiled, err := c.Compile(base)
	if err != nil {
		return nil, problemsOf(err, text)
	}
	if t := compiled.Types; t != nil && !t.IsEmpty() && !slices.Contains(t.ToStrings(), "object") {
		return nil, []Problem{{At: []string{"type"}, Message: "must be object: the schema describes spec, which is a mapping"}}
	}
	return &Schema{compiled, keysOf(text, "properties")}, nil
}

// Fields are the properties in the order of the text, with what the schema calls
// them.
func (s *Schema) Fields() []catalog.Field {
	fields := make([]catalog.Field, 0, len(s.names))
	for _, name := range s.names {
		f := catalog.Field{Name: name}
		p := s.compiled.Properties[name]
		for range 10 { // references that lead on and on say nothing
			if p == nil {
				break
			}
			if f.Title == "" {
				f.Title = p.Title
			}
			if f.Description == "" {
				f.Description = p.Description
			}
			p = p.Ref
		}
		fields = append(fields, f)
	}
	return fields
}

// Check says what is wrong with the spec of an entity of a kind. Of one value it
// says one thing.
func (s *Schema) Check(kind string, spec map[string]any) []catalog.Problem {
	err := s.compiled.Validate(spec)
	if err == nil {
		return nil
	}
	r := report{kind: kind, value: spec}
	return r.problems("spec", err)
}

// keysOf returns the keys of the mapping at a key of a JSON text, in their order.
func keysOf(text []byte, key string) []string {
	var outer map[string]json.RawMessage
	if json.Unmarshal(text, &outer) != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(outer[key]))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	var keys []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return nil
		}
		keys = append(keys, name.(string))
	}
	return keys
}
