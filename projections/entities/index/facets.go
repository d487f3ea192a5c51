package index

import (
	"slices"
	"strings"
)

// Count is a value, as it is written, with the number of documents that have it.
type Count struct {
	Value string
	Count int
}

// Facets counts, for each key, the documents that w selects by their values,
// sorted by value, byte for byte.
func (ix *Index) Facets(w Where, keys ...string) [][]Count {
	ix.Prepare(w, keys...)
	s := ix.selected(w)
	all := make([][]Count, len(keys))
	for i, key := range keys {
		all[i] = ix.facet(key, s)
	}
	return all
}

func (ix *Index) facet(key string, s selection) []Count {
	counts := []Count{}
	f, ok := ix.under(key)
	if !ok {
		return counts
	}
	add := func(text string, docs posting) {
		if n := docs.in(s); n > 0 {
			counts = append(counts, Count{text, n})
		}
	}
	for v := range ix.values(f, key, s, -1) {
		if v.written == nil {
			add(v.text, v.docs)
		}
		for w := v.written; w != nil; w = w.next {
			add(w.text, w.docs)
		}
	}
	slices.SortFunc(counts, func(a, b Count) int { return strings.Compare(a.Value, b.Value) })
	return counts
}
