package index

import (
	"slices"
	"strings"
)

// named is where the document of a ref is.
type named struct {
	ref  string
	slot uint32
}

func (w walk) sortedByRef(s selection, yield func(uint32) bool) {
	refs := make([]named, 0, s.bits.GetCardinality())
	for it := s.bits.Iterator(); it.HasNext(); {
		slot := it.Next()
		refs = append(refs, named{w.doc(slot).Ref(), slot})
	}
	byRef := func(a, b named) int { return strings.Compare(a.ref, b.ref) }
	if w.back {
		byRef = func(a, b named) int { return strings.Compare(b.ref, a.ref) }
	}
	// Only as much of the list is sorted as is asked for.
	if w.want >= 0 && w.want < len(refs)/4 {
		refs = smallest(refs, w.want, byRef)
	} else {
		slices.SortFunc(refs, byRef)
	}
	for _, n := range refs {
		if !yield(n.slot) {
			return
		}
	}
}

// smallest returns the first n of a list, sorted.
func smallest(all []named, n int, compare func(a, b named) int) []named {
	if n <= 0 {
		return nil
	}
	// The first n are a heap, the greatest one on top, which all others are
	// compared with.
	top := all[:n]
	sink := func(i int) {
		for {
			next := i
			for _, child := range []int{2*i + 1, 2*i + 2} {
				if child < n && compare(top[child], top[next]) > 0 {
					next = child
				}
			}
			if next == i {
				return
			}
			top[i], top[next] = top[next], top[i]
			i = next
		}
	}
	for i := n / 2; i >= 0; i-- {
		sink(i)
	}
	for _, one := range all[n:] {
		if compare(one, top[0]) < 0 {
			top[0] = one
			sink(0)
		}
	}
	slices.SortFunc(top, compare)
	return top
}
