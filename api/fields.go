package api

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/internal/fault"
)

// How much of an entity can be asked for.
const (
	maxFields = 100
	maxPath   = 40
)

// fields are the dotted paths of what a caller wants of each entity; none = all.
type fields [][]string

// parseFields reads a list of paths and, from query parameters, lists with commas.
func parseFields(names, params []string) (fields, error) {
	for _, p := range params {
		names = append(names, strings.Split(p, ",")...)
	}
	var all fields
	var seen []string
	for _, f := range names {
		f = strings.TrimSpace(f)
		if f == "" || slices.Contains(seen, f) {
			continue
		}
		if strings.Contains(f, "[") {
			return nil, fault.New(fault.Invalid, "Invalid field \"%s\", array type fields are not supported", f)
		}
		seen = append(seen, f)
		path := strings.Split(f, ".")
		if len(path) > maxPath || len(all) == maxFields {
			return nil, fault.New(fault.Invalid, "At most %d fields can be asked for, of at most %d parts each", maxFields, maxPath)
		}
		all = append(all, path)
	}
	return all, nil
}

// of returns the wanted part of an entity, both as JSON.
func (fs fields) of(entity string) ([]byte, error) {
	var whole any
	if err := json.Unmarshal([]byte(entity), &whole); err != nil {
		return nil, err
	}
	part := node{}
	for _, path := range fs {
		part.take(whole, path)
	}
	return json.Marshal(part.value())
}

// node is a place in the part that is wanted: what stands there, or what is below.
type node struct {
	whole any // if there
	there bool
	below map[string]*node
	list  bool // below are places in a list
}

// take copies what stands at a path. A key may hold dots itself: the shortest
// head of the path that is a key is gone into.
func (n *node) take(from any, path []string) {
	for head := 1; head <= len(path); head++ {
		key := strings.Join(path[:head], ".")
		v, list, ok := child(from, key)
		if !ok {
			continue
		}
		if head < len(path) && !reaches(v, path[head:]) {
			return
		}
		if n.below == nil {
			n.below, n.list = map[string]*node{}, list
		}
		to := n.below[key]
		if to == nil {
			to = &node{}
			n.below[key] = to
		}
		switch {
		case head == len(path):
			*to = node{whole: v, there: true}
		case !to.there: // else all of it is there already
			to.take(v, path[head:])
		}
		return
	}
}

// reaches reports whether there is something at a path.
func reaches(from any, path []string) bool {
	for head := 1; head <= len(path); head++ {
		if v, _, ok := child(from, strings.Join(path[:head], ".")); ok {
			return head == len(path) || reaches(v, path[head:])
		}
	}
	return false
}

// child returns a value of an object, or of a list by its number.
func child(from any, key string) (v any, list, ok bool) {
	switch from := from.(type) {
	case map[string]any:
		v, ok = from[key]
		return v, false, ok
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(from) {
			return nil, true, false
		}
		return from[i], true, true
	default:
		return nil, false, false
	}
}

func (n *node) value() any {
	switch {
	case n.there:
		return n.whole
	case n.list:
		var items []any
		for key, below := range n.below {
			i, _ := strconv.Atoi(key) // it was one
			for len(items) <= i {
				items = append(items, nil)
			}
			items[i] = below.value()
		}
		return items
	default:
		obj := map[string]any{}
		for key, below := range n.below {
			obj[key] = below.value()
		}
		return obj
	}
}
