package entities

import (
	"slices"
	"strings"
)

// What the API still asks with until it asks by Where.
type (
	Filter    []Set
	Set       []Condition
	Condition struct {
		Key    string
		Values []string
	}
)

// Matches reports whether an entity is selected.
func (f Filter) Matches(e *Entry) bool {
	return len(f) == 0 || slices.ContainsFunc(f, func(s Set) bool {
		return !slices.ContainsFunc(s, func(c Condition) bool { return !c.holds(e) })
	})
}

func (c Condition) holds(e *Entry) bool {
	for _, t := range (&record{ref: e.Ref, json: e.JSON}).Terms() {
		if t.Key == c.Key && !t.Text && (c.Values == nil || !t.Silent && slices.Contains(c.Values, t.Value)) {
			return true
		}
	}
	return false
}

// Value returns the first value of a search key.
func (e *Entry) Value(key string) (string, bool) {
	for _, t := range (&record{ref: e.Ref, json: e.JSON}).Terms() {
		if t.Key == strings.ToLower(key) && !t.Text && !t.Silent {
			return t.Value, true
		}
	}
	return "", false
}
