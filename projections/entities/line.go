package entities

import (
	"cmp"
	"slices"

	"github.com/callboard/callboard/projections"
)

// order notes where a version stands by truth.
func (l *line) order(n uint32) {
	by := func(a, b uint32) int {
		return cmp.Or(cmp.Compare(l.versions[a].truth, l.versions[b].truth), cmp.Compare(a, b))
	}
	if l.ordered == nil {
		if n == 0 || by(n-1, n) < 0 {
			return
		}
		for i := range n {
			l.ordered = append(l.ordered, i)
		}
	}
	i, _ := slices.BinarySearchFunc(l.ordered, n, by)
	l.ordered = slices.Insert(l.ordered, i, n)
}

func (v *version) counts(b projections.Bounds) bool {
	return v.position <= b.Known && v.truth <= b.Truth && (b.Past || !v.backfilled)
}

// at returns the version of a moment, and the first that declared it since it was
// removed last; false if it is not there.
func (l *line) at(b projections.Bounds) (v, first uint32, ok bool) {
	nth := func(i int) uint32 { return uint32(i) } //nolint:gosec // fewer than there is memory for
	if b.Past && l.ordered != nil {
		nth = func(i int) uint32 { return l.ordered[i] }
	}
	if !l.removed {
		for i := len(l.versions) - 1; i >= 0; i-- {
			if v = nth(i); l.versions[v].counts(b) {
				ok = true
				break
			}
		}
		for i := 0; ok; i++ {
			if first = nth(i); l.versions[first].counts(b) {
				break
			}
		}
		return v, first, ok
	}
	for i := range l.versions {
		n := nth(i)
		one := &l.versions[n]
		switch {
		case !one.counts(b):
		case one.gone:
			ok = ok && l.versions[v].file != one.file // a second declaration's end is not its own
		case ok:
			v = n
		default:
			v, first, ok = n, n, true
		}
	}
	return v, first, ok
}
