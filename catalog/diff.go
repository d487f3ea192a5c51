package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Change is one field that differs between two versions of an entity.
type Change struct {
	Path   string `json:"path"` // "spec.owner", "metadata.links[2].url"
	Op     Op     `json:"op"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// Op is what happened to a field.
type Op string

// The ops.
const (
	Added   Op = "add"
	Removed Op = "remove"
	Changed Op = "change"
)

// Diff lists the fields that differ, in the order of their paths: keys
// alphabetically, elements by index. It is empty if and only if both say the
// same in JSON, apart from uid, etag and [DerivedAnnotations]. When before or
// after is nil there is nothing to compare, and Diff returns nil.
//
// In a list of strings, values come and go: tags that gain "tier-1" give one
// added value at metadata.tags, not shifted elements. In a list of mappings
// that each have a url or an id of their own, elements are known by that; a
// removed element has the index that it had, any other the one that it has.
// Other lists are compared by index. When nothing but the order changed, the
// list itself has changed; Before and After then hold the strings, urls or ids.
func Diff(before, after *Entity) []Change {
	if before == nil || after == nil {
		return nil
	}
	var d differ
	d.mappings("", declared(before), declared(after))
	return d.changes
}

// DiffJSON is Diff of two entities as encoding/json wrote them.
func DiffJSON(before, after []byte) ([]Change, error) {
	if bytes.Equal(before, after) {
		return nil, nil
	}
	var was, is map[string]any
	if err := errors.Join(json.Unmarshal(before, &was), json.Unmarshal(after, &is)); err != nil {
		return nil, err
	}
	var d differ
	d.mappings("", withoutDerived(was), withoutDerived(is))
	return d.changes, nil
}

// withoutDerived takes what Diff leaves out from an entity's JSON-like values.
func withoutDerived(obj map[string]any) map[string]any {
	metadata, _ := obj["metadata"].(map[string]any)
	delete(metadata, "uid")
	delete(metadata, "etag")
	annotations, ok := metadata["annotations"].(map[string]any)
	for _, key := range DerivedAnnotations() {
		delete(annotations, key)
	}
	if ok && len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return obj
}

// declared returns e as JSON-like values, without what Diff leaves out.
func declared(e *Entity) map[string]any {
	plain := *e
	plain.Metadata.UID, plain.Metadata.ETag = "", ""
	plain.Metadata.Annotations = maps.Clone(e.Metadata.Annotations)
	for _, key := range DerivedAnnotations() {
		delete(plain.Metadata.Annotations, key)
	}
	if len(plain.Metadata.Annotations) == 0 {
		plain.Metadata.Annotations = nil
	}
	return plain.Object()
}

type differ struct{ changes []Change }

func (d *differ) add(path string, op Op, before, after any) {
	d.changes = append(d.changes, Change{path, op, before, after})
}

func (d *differ) values(path string, before, after any) {
	switch b := before.(type) {
	case map[string]any:
		if a, ok := after.(map[string]any); ok {
			d.mappings(path, b, a)
			return
		}
	case []any:
		if a, ok := after.([]any); ok {
			d.lists(path, b, a)
			return
		}
	default:
		switch after.(type) {
		case map[string]any, []any: // not comparable with ==
		default:
			if before == after {
				return
			}
		}
	}
	d.add(path, Changed, before, after)
}

func (d *differ) mappings(path string, before, after map[string]any) {
	keys := slices.AppendSeq(make([]string, 0, len(before)+len(after)), maps.Keys(before))
	keys = slices.AppendSeq(keys, maps.Keys(after))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		b, had := before[key]
		a, has := after[key]
		switch p := FieldPath(path, key); {
		case !had:
			d.add(p, Added, nil, a)
		case !has:
			d.add(p, Removed, b, nil)
		default:
			d.values(p, b, a)
		}
	}
}

func (d *differ) lists(path string, before, after []any) {
	for _, key := range []string{"", "url", "id"} {
		had, ok := identities(before, key)
		has, also := identities(after, key)
		if ok && also {
			d.identified(path, before, after, had, has, key == "")
			return
		}
	}
	for i := range min(len(before), len(after)) {
		d.values(IndexPath(path, i), before[i], after[i])
	}
	for i := len(after); i < len(before); i++ {
		d.add(IndexPath(path, i), Removed, before[i], nil)
	}
	for i := len(before); i < len(after); i++ {
		d.add(IndexPath(path, i), Added, nil, after[i])
	}
}

// identified compares lists whose elements are known by had and has. Those of a
// set have no index and nothing in them to compare.
func (d *differ) identified(path string, before, after []any, had, has []any, set bool) {
	place := func(i int) string {
		if set {
			return path
		}
		return IndexPath(path, i)
	}
	were := make(map[any]int, len(had))
	for i, id := range had {
		were[id] = i
	}
	are := make(map[any]int, len(has))
	for i, id := range has {
		are[id] = i
	}
	unchanged := len(d.changes)
	for i, id := range had {
		if _, still := are[id]; !still {
			d.add(place(i), Removed, before[i], nil)
		}
	}
	for i, id := range has {
		if was, known := were[id]; !known {
			d.add(place(i), Added, nil, after[i])
		} else {
			d.values(place(i), before[was], after[i])
		}
	}
	if len(d.changes) == unchanged && !slices.Equal(had, has) {
		d.add(path, Changed, had, has)
	}
}

// identities returns what the elements of a list are known by: the value of a
// key, or themselves when key is empty. It fails unless all of these are
// strings, each a different one.
func identities(list []any, key string) ([]any, bool) {
	ids := make([]any, len(list))
	seen := make(map[any]bool, len(list))
	for i, v := range list {
		if key != "" {
			m, _ := v.(map[string]any)
			v = m[key]
		}
		if _, ok := v.(string); !ok || seen[v] {
			return nil, false
		}
		ids[i], seen[v] = v, true
	}
	return ids, true
}
