package entities

import (
	"github.com/callboard/callboard/projections/entities/index"
)

// termsOf is [record.Terms] with refs out of the relations, which no document
// that has changed stays in memory for.
func (c *Catalog) termsOf(r *record) []index.Term {
	t := newTermer(r)
	t.said(r)
	c.relations.each(r.ref, t.related)
	return append(t.all(), r.more()...)
}

// differ returns the terms that may distinguish two records of one entity, before
// and after a batch. It does not look at the relations that stay: a team may have
// thousands, of which a batch changes one.
func (c *Catalog) differ(before, after *record, related changes) (had, has []index.Term) {
	lost, gained := newTermer(before), newTermer(after)
	if before.own != after.own {
		lost.said(before)
		gained.said(after)
	}
	alive := map[string]bool{} // types that have a term after the batch
	for r, by := range related {
		if length(r.TargetRef) > maxValue {
			return before.Terms(), c.termsOf(after)
		}
		if by > 0 {
			gained.related(r.Type, r.TargetRef)
			alive[r.Type] = true
		} else {
			lost.related(r.Type, r.TargetRef)
		}
	}
	for r := range related {
		if alive[r.Type] {
			continue
		}
		// A key that has lost values and gained none is still there if another
		// value is: one that stays says so.
		alive[r.Type] = true
		if stays, ok := c.staying(after.ref, r.Type); ok {
			lost.related(r.Type, stays)
			gained.related(r.Type, stays)
		}
	}
	return append(lost.all(), before.more()...), append(gained.all(), after.more()...)
}

// staying returns a target of a relation whose ref is short enough to be searched.
func (c *Catalog) staying(ref, typ string) (target string, ok bool) {
	c.relations.each(ref, func(t, to string) {
		if !ok && t == typ && length(to) <= maxValue {
			target, ok = to, true
		}
	})
	return target, ok
}
