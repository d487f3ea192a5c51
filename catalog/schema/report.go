package schema

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/callboard/callboard/catalog"
)

// report tells what is wrong with a value in the words of the package catalog.
type report struct {
	kind  string // of the entity; empty if it is no spec
	value any
}

// leaf is one thing that is wrong.
type leaf struct {
	at      []string
	message string
}

// problems are what the library found wrong below a path, in a steady order, one
// thing of each value.
func (r *report) problems(path string, err error) []catalog.Problem {
	var all []catalog.Problem
	for _, l := range r.leaves(err) {
		all = append(all, catalog.Problem{Path: r.path(path, l.at), Message: l.message})
	}
	slices.SortFunc(all, func(a, b catalog.Problem) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(all, func(a, b catalog.Problem) bool { return a.Path == b.Path })
}

// path writes a place as the package catalog does, which tells keys from indexes.
func (r *report) path(path string, at []string) string {
	value := r.value
	for _, key := range at {
		if list, ok := value.([]any); ok {
			i, _ := strconv.Atoi(key)
			path, value = catalog.IndexPath(path, i), item(list, i)
			continue
		}
		fields, _ := value.(map[string]any)
		path, value = catalog.FieldPath(path, key), fields[key]
	}
	return path
}

func item(list []any, i int) any {
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// at returns the value in a place.
func (r *report) at(place []string) any {
	value := r.value
	for _, key := range place {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, _ := strconv.Atoi(key)
			value = item(v, i)
		default:
			return nil
		}
	}
	return value
}

func (r *report) leaves(err error) []leaf {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return []leaf{{message: err.Error()}}
	}
	var all []leaf
	r.collect(v, &all)
	return all
}

func (r *report) collect(e *jsonschema.ValidationError, all *[]leaf) {
	if len(e.Causes) > 0 && composed(e.ErrorKind) {
		for _, cause := range e.Causes {
			r.collect(cause, all)
		}
		return
	}
	below := func(key string) []string { return append(slices.Clone(e.InstanceLocation), key) }
	add := func(at []string, format string, args ...any) {
		*all = append(*all, leaf{at, fmt.Sprintf(format, args...)})
	}
	missing := func(names []string, why string) {
		for _, name := range names {
			switch {
			case why != "":
				add(below(name), "is missing; %s needs it", why)
			case len(e.InstanceLocation) == 0 && r.kind != "":
				add(below(name), "is missing; every %s needs it", r.kind)
			default:
				add(below(name), "is missing, but must be there")
			}
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		missing(k.Missing, "")
	case *kind.DependentRequired:
		missing(k.Missing, k.Prop)
	case *kind.Dependency:
		missing(k.Missing, k.Prop)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			add(below(name), "is not known here; check how it is written")
		}
	case *kind.FalseSchema:
		add(e.InstanceLocation, "must not be there")
	case *kind.AnyOf, *kind.OneOf:
		add(e.InstanceLocation, "%s", r.alternatives(e))
	default:
		add(e.InstanceLocation, "%s", r.say(e.ErrorKind, r.at(e.InstanceLocation)))
	}
}

// alternatives says of each what does not fit.
func (r *report) alternatives(e *jsonschema.ValidationError) string {
	if one, ok := e.ErrorKind.(*kind.OneOf); ok && len(one.Subschemas) > 0 {
		return "fits more than one of the forms of which it must have one"
	}
	var each []string
	for _, cause := range e.Causes {
		var below []leaf
		r.collect(cause, &below)
		if len(below) == 0 {
			continue
		}
		first := below[0]
		text := first.message
		if deeper := first.at[min(len(first.at), len(e.InstanceLocation)):]; len(deeper) > 0 {
			text = strings.Join(deeper, ".") + " " + text
		}
		if !slices.Contains(each, text) {
			each = append(each, text)
		}
	}
	if len(each) == 0 {
		return "fits none of the forms that it may have"
	}
	return strings.Join(each, "; or ")
}

// say puts what is wrong with one value into words.
func (r *report) say(k jsonschema.ErrorKind, value any) string {
	found := ", found " + catalog.Describe(value)
	switch k := k.(type) {
	case *kind.Type:
		want := make([]string, len(k.Want))
		for i, t := range k.Want {
			want[i] = typeName(t)
		}
		return catalog.Mismatch(strings.Join(want, " or "), value, true)
	case *kind.Enum:
		want := make([]string, len(k.Want))
		for i, v := range k.Want {
			want[i] = literal(v)
		}
		return "must be one of " + strings.Join(want, ", ") + found
	case *kind.Const:
		return "must be " + literal(k.Want) + found
	case *kind.Format:
		return "must be " + formatName(k.Want) + found
	case *kind.Pattern:
		return "must match " + k.Want + found
	case *kind.MinLength:
		return amount("must have at least", k.Want, "character", k.Got)
	case *kind.MaxLength:
		return amount("must have at most", k.Want, "character", k.Got)
	case *kind.MinItems:
		return amount("must have at least", k.Want, "item", k.Got)
	case *kind.MaxItems:
		return amount("must have at most", k.Want, "item", k.Got)
	case *kind.MinProperties:
		return amount("must have at least", k.Want, "field", k.Got)
	case *kind.MaxProperties:
		return amount("must have at most", k.Want, "field", k.Got)
	case *kind.Minimum:
		return "must be at least " + number(k.Want) + found
	case *kind.Maximum:
		return "must be at most " + number(k.Want) + found
	case *kind.ExclusiveMinimum:
		return "must be more than " + number(k.Want) + found
	case *kind.ExclusiveMaximum:
		return "must be less than " + number(k.Want) + found
	case *kind.MultipleOf:
		return "must be a multiple of " + number(k.Want) + found
	case *kind.UniqueItems:
		return fmt.Sprintf("must not have an item twice, found number %d again as number %d", k.Duplicates[0]+1, k.Duplicates[1]+1)
	case *kind.PropertyNames:
		return fmt.Sprintf("must not have the key %q", k.Property)
	case *kind.Contains, *kind.MinContains:
		return "must have an item of the form that the schema asks for"
	case *kind.Not:
		return "must not be what the schema excludes" + found
	default:
		return "does not fit the schema: " + k.LocalizedString(message.NewPrinter(language.English))
	}
}

func amount(want string, n int, unit string, got int) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%s %d %s, found %d", want, n, unit, got)
}

func number(n *big.Rat) string {
	f, _ := n.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// literal writes a value as a descriptor would.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "null"
	case []any, map[string]any:
		return catalog.Describe(v) + " as the schema has it"
	default:
		return fmt.Sprint(v)
	}
}

// typeName is what people call a type of JSON.
func typeName(t string) string {
	switch t {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "string":
		return "a string"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	default:
		return t
	}
}

func formatName(f string) string {
	switch f {
	case "date":
		return "a date such as 2026-03-12"
	case "date-time":
		return "a time such as 2026-03-12T14:03:10Z"
	case "uri":
		return "a full URL such as https://example.com/runbook"
	case "email":
		return "an e-mail address"
	default:
		return "of the format " + f
	}
}
