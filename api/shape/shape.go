// Package shape checks what JSON values look like, and says what is wrong with
// one in the words of zod, the library that Backstage checks requests with:
// clients and their users know these texts.
//
// A [Shape] is made of others; [Check] applies it to a value as encoding/json
// decodes it into an any. [Issues.Sentence] and [Issues.JSON] are the two ways
// in which Backstage hands the outcome on.
// Source: https://github.com/colinhacks/zod/tree/v3.
package shape

import (
	"regexp"
	"slices"
)

// Shape is what a value has to look like.
type Shape interface {
	// check appends what is wrong with the value at a path.
	check(v any, path path, to *Issues) verdict
}

// Check returns what is wrong with a value; nothing if it has the shape.
func Check(s Shape, v any) Issues {
	var all Issues
	if s.check(v, nil, &all) == fine {
		return nil
	}
	return all
}

// verdict is how bad it is. A union goes for the first option that is not wrong
// altogether and tells only what that one misses.
type verdict int

const (
	fine  verdict = iota
	dirty         // it is of this shape, but something in it is not as it should be
	wrong
)

// missing is the value of a key that is not there.
type missing struct{}

// path leads to a value: strings are keys, ints are places in lists.
type path []any

func (p path) to(step any) path { return append(slices.Clip(p), step) }

type primitive string

// Values of one JSON type.
const (
	String  primitive = "string"
	Number  primitive = "number"
	Boolean primitive = "boolean"
	Null    primitive = "null"
	never   primitive = "never"
)

func (s primitive) check(v any, at path, to *Issues) verdict {
	if typeOf(v) == string(s) {
		return fine
	}
	return to.wrongType(string(s), v, at)
}

func typeOf(v any) string {
	switch v.(type) {
	case missing:
		return "undefined"
	case nil:
		return string(Null)
	case string:
		return string(String)
	case float64:
		return string(Number)
	case bool:
		return string(Boolean)
	case []any:
		return "array"
	default:
		return "object"
	}
}

// Enum is one of some strings.
func Enum(values ...string) Shape { return enum(values) }

type enum []string

func (s enum) check(v any, at path, to *Issues) verdict {
	text, ok := v.(string)
	if !ok {
		return to.wrongType(joinQuoted(s, " | "), v, at)
	}
	if !slices.Contains(s, text) {
		return to.notIn(s, text, at)
	}
	return fine
}

// Array is a list of which each item has a shape.
func Array(item Shape) Shape { return array{item} }

type array struct{ item Shape }

func (s array) check(v any, at path, to *Issues) verdict {
	list, ok := v.([]any)
	if !ok {
		return to.wrongType("array", v, at)
	}
	worst := fine
	for i, item := range list {
		worst = max(worst, s.item.check(item, at.to(i), to))
	}
	return worst
}

// Key is one key of an object.
type Key struct {
	Name     string
	Shape    Shape
	Optional bool
}

// Object has these keys, and any others.
func Object(keys ...Key) Shape { return object{keys: keys} }

// Strict has these keys and no others.
func Strict(keys ...Key) Shape { return object{keys: keys, strict: true} }

type object struct {
	keys   []Key
	strict bool
}

func (s object) check(v any, at path, to *Issues) verdict {
	fields, ok := v.(map[string]any)
	if !ok {
		return to.wrongType("object", v, at)
	}
	worst := fine
	known := map[string]bool{}
	for _, k := range s.keys {
		known[k.Name] = true
		value, given := fields[k.Name]
		if !given {
			if k.Optional {
				continue
			}
			value = missing{}
		}
		worst = max(worst, k.Shape.check(value, at.to(k.Name), to))
	}
	if !s.strict {
		return worst
	}
	var unknown []string
	for _, key := range sortedKeys(fields) {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return worst
	}
	return max(worst, to.unknownKeys(unknown, at))
}

// Record is an object with any keys of a form, and values of one shape.
func Record(key *regexp.Regexp, value Shape) Shape { return record{key, value} }

type record struct {
	key   *regexp.Regexp
	value Shape
}

func (s record) check(v any, at path, to *Issues) verdict {
	fields, ok := v.(map[string]any)
	if !ok {
		return to.wrongType("object", v, at)
	}
	worst := fine
	for _, key := range sortedKeys(fields) {
		if !s.key.MatchString(key) {
			worst = max(worst, to.wrongForm(at.to(key)))
		}
		worst = max(worst, s.value.check(fields[key], at.to(key), to))
	}
	return worst
}

// Never is no value at all.
func Never() Shape { return never }

// Union is any of some shapes.
func Union(options ...Shape) Shape { return union(options) }

type union []Shape

func (s union) check(v any, at path, to *Issues) verdict {
	var nearly Issues
	var all []Issues
	for _, option := range s {
		var found Issues
		switch option.check(v, at, &found) {
		case fine:
			return fine
		case dirty:
			if nearly == nil {
				nearly = found
			}
		case wrong:
		}
		all = append(all, found)
	}
	if nearly != nil {
		*to = append(*to, nearly...)
		return dirty
	}
	return to.noOption(all, at)
}

// Lazy is a shape that may be part of itself.
func Lazy(shape func() Shape) Shape { return lazy(shape) }

type lazy func() Shape

func (s lazy) check(v any, at path, to *Issues) verdict { return s().check(v, at, to) }
