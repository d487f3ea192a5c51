package catalog

import (
	"encoding/json"
	"maps"
	"slices"
)

// Blamed is a field of an entity and the version that set it.
type Blamed struct {
	Path    string // as in [Change]; all of a set of strings have that of the set
	Value   any
	Version int // index of the version since which the field has had this value
}

// BlameJSON tells for each field of the last of some versions, which encoding/json
// wrote, which of them set it. An empty version is one in which the entity was not
// there: what comes after it is all new. Elements of lists are known by what [Diff]
// knows them by, so that one that moves up keeps its version. What Diff leaves out
// has none.
func BlameJSON(versions []string) ([]Blamed, error) {
	var last *blamed
	for i, text := range versions {
		switch {
		case text == "":
			last = nil
			continue
		case last != nil && text == versions[i-1]:
			continue
		}
		var obj map[string]any
		if err := json.Unmarshal([]byte(text), &obj); err != nil {
			return nil, err
		}
		last = blame(last, withoutDerived(obj), i)
	}
	var all []Blamed
	if last != nil {
		last.list("", &all)
	}
	return all, nil
}

// blamed is a value with the version that set it, and the same of what is in it.
type blamed struct {
	value   any
	version int
	fields  map[string]*blamed // of a mapping
	items   []*blamed          // of a list
}

// blame is what a version says in the place of what was there before; nil = nothing.
func blame(before *blamed, value any, version int) *blamed {
	now := &blamed{value: value, version: version}
	if before == nil {
		before = &blamed{version: -1}
	}
	switch v := value.(type) {
	case map[string]any:
		now.fields = make(map[string]*blamed, len(v))
		for key, item := range v {
			now.fields[key] = blame(before.fields[key], item, version)
		}
		if len(v) == 0 && before.fields != nil && len(before.fields) == 0 {
			return before
		}
	case []any:
		now.items = make([]*blamed, len(v))
		had, _ := before.value.([]any)
		for i, was := range matching(had, v) {
			var item *blamed
			if was >= 0 {
				item = before.items[was]
			}
			now.items[i] = blame(item, v[i], version)
		}
		if len(v) == 0 && before.items != nil && len(before.items) == 0 {
			return before
		}
	default:
		if before.version >= 0 && before.fields == nil && before.items == nil && before.value == value {
			return before
		}
	}
	return now
}

// matching tells for each element of a list which one of the list before it was; -1 = none.
func matching(before, after []any) []int {
	all := make([]int, len(after))
	for _, key := range []string{"", "url", "id"} {
		had, ok := identities(before, key)
		has, also := identities(after, key)
		if ok && also {
			for i, id := range has {
				all[i] = slices.Index(had, id)
			}
			return all
		}
	}
	for i := range all {
		if all[i] = i; i >= len(before) {
			all[i] = -1
		}
	}
	return all
}

// list appends the fields that have nothing in them, in the order of their paths.
func (b *blamed) list(path string, all *[]Blamed) {
	switch v := b.value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(b.fields)) {
			b.fields[key].list(FieldPath(path, key), all)
		}
		if len(v) > 0 {
			return
		}
	case []any:
		_, set := identities(v, "")
		for i, item := range b.items {
			if set {
				item.list(path, all)
			} else {
				item.list(IndexPath(path, i), all)
			}
		}
		if len(v) > 0 {
			return
		}
	}
	*all = append(*all, Blamed{path, b.value, b.version})
}
