package predicate

import (
	"slices"
	"strings"

	"github.com/callboard/callboard/internal/fault"
)

// FromFilters makes a predicate of Backstage's filter parameters: several are
// alternatives; within one, commas join conditions, and a key that stands twice
// takes either value. It is nil if they ask for nothing.
func FromFilters(params []string) (any, error) {
	var outer []any
	for _, p := range params {
		inner, err := fromFilter(p)
		if err != nil {
			return nil, err
		}
		switch len(inner) {
		case 0:
		case 1:
			outer = append(outer, inner[0])
		default:
			outer = append(outer, map[string]any{"$all": inner})
		}
	}
	switch len(outer) {
	case 0:
		return nil, nil
	case 1:
		return outer[0], nil
	default:
		return map[string]any{"$any": outer}, nil
	}
}

// condition is what a filter says of one key.
type condition struct {
	key    string
	values []any // nil: it has to be there
}

func fromFilter(param string) ([]any, error) {
	var all []*condition
	for _, part := range strings.Split(param, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, value, hasValue := strings.Cut(part, "=")
		if key = strings.TrimSpace(key); key == "" {
			return nil, fault.New(fault.Invalid, "Invalid filter, '%s' is not a valid statement (expected a string on the form a=b or a= or a)", part)
		}
		i := slices.IndexFunc(all, func(c *condition) bool { return c.key == key })
		if i < 0 {
			all, i = append(all, &condition{key: key}), len(all)
		}
		if hasValue {
			all[i].values = append(all[i].values, strings.TrimSpace(value))
		}
	}
	predicates := make([]any, len(all))
	for i, c := range all {
		var is any
		switch len(c.values) {
		case 0:
			is = map[string]any{"$exists": true}
		case 1:
			is = c.values[0]
		default:
			is = map[string]any{"$in": c.values}
		}
		predicates[i] = map[string]any{c.key: is}
	}
	return predicates, nil
}
