package index

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// values are the values of a field that a selection may have, in order.
func (ix *Index) values(f *field, key string, s selection, want int) iter.Seq[value] {
	return func(yield func(value) bool) {
		if ix.gathers(f, s, want) {
			for _, v := range ix.gather(key, s) {
				if !yield(v) {
					return
				}
			}
			return
		}
		f.values.scan(func(text string, h held) bool { return yield(value{text, h}) })
	}
}

// termCost is what it costs to ask a document for its terms, in values walked past.
const termCost = 500

// gathers reports whether to ask the few selected documents for their values
// rather than to look at all values for those that the documents have.
func (ix *Index) gathers(f *field, s selection, want int) bool {
	if s.bits == nil {
		return false
	}
	steps, selected := f.values.len(), int(s.bits.GetCardinality())
	if want >= 0 && selected > want { // the walk ends when it has found enough
		steps = steps / selected * want
	}
	return selected*termCost < steps
}

// gather returns the values of a key that the selected documents have, in order.
func (ix *Index) gather(key string, s selection) []value {
	key = strings.ToLower(key)
	var all []value
	for _, slot := range s.bits.ToArray() {
		for _, t := range ix.doc(slot).Terms() {
			if t.Key == key && !t.Silent && !t.Text {
				all = append(all, value{t.Value, held{posting{one: slot}, &spelling{t.Written, posting{one: slot}, nil}}})
			}
		}
	}
	slices.SortFunc(all, func(a, b value) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.docs.one, b.docs.one))
	})
	merged := all[:0]
	for _, v := range all {
		n := len(merged)
		if n == 0 || merged[n-1].text != v.text {
			merged = append(merged, v)
			continue
		}
		merged[n-1].docs = merged[n-1].docs.with(v.docs.one, gathering)
		merged[n-1].written = merged[n-1].written.with(v.written.text, v.docs.one, gathering)
	}
	return merged
}

// gathering is no batch of a writer's.
const gathering = ^uint64(0)
