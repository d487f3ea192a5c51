// Package predicate reads Backstage's filter predicates, which say in JSON which
// entities are meant: {"kind": "Component", "spec.type": {"$in": ["service"]}}.
//
// [Parse] makes one a selection of the catalog's index; [FromFilters] makes the
// older filter parameters predicates, which is how cursors carry them.
// See https://backstage.io/docs/features/software-catalog/catalog-api.
package predicate

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/callboard/callboard/api/shape"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

var (
	anyKey   = regexp.MustCompile(`^(?:[^$\n\r].*)?$`)
	operator = regexp.MustCompile(`^\$`)
)

// Shape is what a predicate looks like.
func Shape() shape.Shape {
	var whole shape.Shape
	self := shape.Lazy(func() shape.Shape { return whole })
	primitives := shape.Union(shape.String, shape.Number, shape.Boolean)
	value := shape.Union(
		primitives,
		shape.Object(shape.Key{Name: "$exists", Shape: shape.Boolean}),
		shape.Object(shape.Key{Name: "$in", Shape: shape.Array(primitives)}),
		shape.Object(shape.Key{Name: "$contains", Shape: self}),
		shape.Object(shape.Key{Name: "$hasPrefix", Shape: shape.String}),
	)
	whole = shape.Union(
		shape.Union(shape.Record(anyKey, value), shape.Record(operator, shape.Never())),
		primitives,
		shape.Strict(shape.Key{Name: "$all", Shape: shape.Array(self)}),
		shape.Strict(shape.Key{Name: "$any", Shape: shape.Array(self)}),
		shape.Strict(shape.Key{Name: "$not", Shape: self}),
	)
	return whole
}

// Parse reads a predicate as encoding/json decodes it into an any. Errors are of
// kind fault.Invalid and have Backstage's words.
func Parse(v any) (entities.Where, error) {
	if issues := shape.Check(Shape(), v); issues != nil {
		return nil, fault.New(fault.Invalid, "Invalid query: %s", issues.Sentence())
	}
	return Where(v)
}

// Where is Parse for what is known to have the [Shape].
func Where(v any) (entities.Where, error) {
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "Invalid filter predicate: top-level primitive values are not supported. "+
			`Wrap the value in a field expression, e.g. { "kind": %s }`, written(v))
	}
	if of, ok := fields["$not"]; ok {
		w, err := Where(of)
		return entities.Not{Where: w}, err
	}
	for _, key := range []string{"$all", "$any"} {
		of, ok := fields[key].([]any)
		if !ok {
			continue
		}
		parts := make([]entities.Where, len(of))
		for i, part := range of {
			var err error
			if parts[i], err = Where(part); err != nil {
				return nil, err
			}
		}
		if key == "$any" {
			return entities.Any(parts), nil
		}
		return entities.All(parts), nil
	}
	all := entities.All{}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		w, err := field(strings.ToLower(key), fields[key])
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// field reads what is asked of one key.
func field(key string, v any) (entities.Where, error) {
	test, ok := v.(map[string]any)
	if !ok {
		return entities.Equals{Key: key, Values: []string{text(v)}}, nil
	}
	if is, ok := test["$exists"].(bool); ok {
		if is {
			return entities.Exists{Key: key}, nil
		}
		return entities.Not{Where: entities.Exists{Key: key}}, nil
	}
	if list, ok := test["$in"].([]any); ok {
		return entities.Equals{Key: key, Values: texts(list)}, nil
	}
	if of, ok := test["$contains"]; ok {
		return contains(key, of)
	}
	prefix, _ := test["$hasPrefix"].(string)
	return entities.Prefix{Key: key, Prefix: prefix}, nil
}

func contains(key string, of any) (entities.Where, error) {
	target, ok := of.(map[string]any)
	switch {
	case !ok:
		return entities.Equals{Key: key, Values: []string{text(of)}}, nil
	case key != "relations":
		return nil, fault.New(fault.Invalid, `Object form of $contains is not supported for field "%s"`, key)
	}
	var typ string
	var targets []string
	given := map[string]bool{}
	for _, k := range slices.Sorted(maps.Keys(target)) {
		name := strings.ToLower(k)
		if given[name] {
			return nil, fault.New(fault.Invalid, `Duplicate key "%s" in $contains for "relations"`, k)
		}
		given[name] = true
		switch name {
		case "type":
			typ, _ = target[k].(string)
		case "targetref":
			var err error
			if targets, err = refs(target[k]); err != nil {
				return nil, err
			}
		default:
			return nil, fault.New(fault.Invalid, `Unsupported key "%s" in $contains for "relations". Only "type" and "targetRef" are supported`, k)
		}
	}
	if typ == "" {
		return nil, fault.New(fault.Invalid, `The $contains operator for "relations" requires a "type" string property`)
	}
	if targets == nil {
		return entities.Exists{Key: "relations." + typ}, nil
	}
	return entities.Equals{Key: "relations." + typ, Values: targets}, nil
}

// refs reads the target of a relation: a string, or {"$in": [strings]}.
func refs(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	of, _ := v.(map[string]any)
	list, ok := of["$in"].([]any)
	notText := func(v any) bool { _, ok := v.(string); return !ok }
	switch {
	case !ok || len(of) != 1 || slices.ContainsFunc(list, notText):
		return nil, fault.New(fault.Invalid, `Unsupported value in $contains for "relations": expected a string or { "$in": [strings] }, but got %s`, written(v))
	case len(list) == 0:
		return nil, fault.New(fault.Invalid, `Empty "$in" array for $contains on "relations" is not allowed`)
	}
	return texts(list), nil
}

func texts(list []any) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = text(v)
	}
	return all
}

// text is a primitive as search values are written.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return written(v)
}

func written(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // it was JSON
	}
	return string(b)
}
