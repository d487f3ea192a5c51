package entities

import (
	"slices"
	"strconv"
	"strings"
)

// Filter selects entities as Backstage's `filter` parameter does: one of the
// sets must match, and within a set every condition. The nil Filter matches all.
// See https://backstage.io/docs/features/software-catalog/software-catalog-api.
type Filter []Set

// Set is a list of conditions that must all hold.
type Set []Condition

// Condition holds when a key of the entity has one of the values.
type Condition struct {
	Key    string   // dotted, lower-case: "spec.type", "relations.ownedby"
	Values []string // lower-case; nil = the key exists
}

// Matches reports whether an entity is selected.
func (f Filter) Matches(e *Entry) bool {
	return len(f) == 0 || slices.ContainsFunc(f, func(s Set) bool {
		return !slices.ContainsFunc(s, func(c Condition) bool { return !c.holds(e) })
	})
}

func (c Condition) holds(e *Entry) bool {
	values, ok := e.search()[c.Key]
	if !ok || c.Values == nil {
		return ok
	}
	return slices.ContainsFunc(c.Values, func(v string) bool { return slices.Contains(values, v) })
}

// Value returns the first value of a search key, in lower case, and whether the
// entity has the key with a value. It is what Backstage orders by.
func (e *Entry) Value(key string) (string, bool) {
	values := e.search()[strings.ToLower(key)]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

const (
	maxKey   = 200 // longer keys are not searchable
	maxValue = 200 // longer values only say that the key exists
)

// search returns the entity's search keys with their values, all lower-case. A
// key without values is there but holds nothing that compares.
func (e *Entry) search() map[string][]string {
	e.searchOnce.Do(func() {
		e.searchKeys = map[string][]string{}
		add := func(key, value string) {
			if key = strings.ToLower(key); len(key) > maxKey {
				return
			}
			if e.searchKeys[key] == nil {
				e.searchKeys[key] = []string{}
			}
			if len(value) <= maxValue {
				e.searchKeys[key] = append(e.searchKeys[key], strings.ToLower(value))
			}
		}
		all := e.Entity.Object()
		if m, ok := all["metadata"].(map[string]any); ok {
			delete(m, "etag") // of a copy
		}
		flatten("", all, add, func(key string) {
			if key = strings.ToLower(key); len(key) <= maxKey && e.searchKeys[key] == nil {
				e.searchKeys[key] = []string{}
			}
		})
		for _, r := range e.Relations {
			add("relations."+r.Type, r.TargetRef)
		}
	})
	return e.searchKeys
}

// flatten calls add for every leaf. A list of strings gives both key=value and
// key.value=true; lists of objects lose their indexes.
func flatten(path string, v any, add func(key, value string), exists func(key string)) {
	switch v := v.(type) {
	case nil:
		exists(path)
	case string:
		add(path, v)
	case bool:
		add(path, strconv.FormatBool(v))
	case float64:
		add(path, strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		for _, item := range v {
			flatten(path, item, add, exists)
			if s, ok := item.(string); ok {
				add(path+"."+s, "true")
			}
		}
	case map[string]any:
		for k, item := range v {
			if path != "" {
				k = path + "." + k
			}
			flatten(k, item, add, exists)
		}
	}
}
