package index

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// posting is a set of slots. Most values belong to one entity only, so one slot
// costs no allocation, and a few cost little: a Bitmap takes 250 bytes before
// it holds anything. The zero posting holds slot 0; there is no empty one.
type posting struct {
	one  uint32
	more *more // nil: just one
}

// more is a set of two or more slots. Readers see it unchanged for ever; the
// writer changes those that it made in the same batch.
type more struct {
	batch uint64
	few   []uint32 // sorted; nil once there are bits
	bits  *roaring.Bitmap
}

// fewest is how many slots a posting must have to be kept as bits.
const fewest = 24

func (p posting) len() int {
	switch {
	case p.more == nil:
		return 1
	case p.more.bits == nil:
		return len(p.more.few)
	default:
		return int(p.more.bits.GetCardinality())
	}
}

// first is the least slot.
func (p posting) first() uint32 {
	switch {
	case p.more == nil:
		return p.one
	case p.more.bits == nil:
		return p.more.few[0]
	default:
		return p.more.bits.Minimum()
	}
}

func (p posting) contains(slot uint32) bool {
	switch {
	case p.more == nil:
		return p.one == slot
	case p.more.bits == nil:
		_, ok := slices.BinarySearch(p.more.few, slot)
		return ok
	default:
		return p.more.bits.Contains(slot)
	}
}

// with returns p and one more slot, in place if p was made in this batch.
func (p posting) with(slot uint32, batch uint64) posting {
	if p.contains(slot) {
		return p
	}
	m := p.writable(batch)
	if m.bits != nil {
		m.bits.Add(slot)
		return posting{more: m}
	}
	i, _ := slices.BinarySearch(m.few, slot)
	m.few = slices.Insert(m.few, i, slot)
	if len(m.few) >= fewest {
		m.few, m.bits = nil, roaring.BitmapOf(m.few...)
	}
	return posting{more: m}
}

// withAll returns p and more slots, which are sorted, each once. Nothing is
// written to what p holds.
func (p posting) withAll(slots []uint32) posting {
	if p.more != nil && p.more.bits != nil || p.len()+len(slots) >= 2*fewest {
		bits := p.writable(0).bits
		if bits == nil {
			bits = roaring.BitmapOf(p.list()...)
		}
		bits.AddMany(slots)
		return posting{more: &more{bits: bits}}
	}
	for _, slot := range slots {
		p = p.with(slot, 0)
	}
	return p
}

// postingOf returns the set of some slots, which are sorted, each once.
func postingOf(slots []uint32) posting {
	switch {
	case len(slots) == 1:
		return posting{one: slots[0]}
	case len(slots) < fewest:
		return posting{more: &more{few: exactly(slots)}}
	default:
		return posting{more: &more{bits: roaring.BitmapOf(slots...)}}
	}
}

// without returns p without a slot, and false if nothing is left.
func (p posting) without(slot uint32, batch uint64) (posting, bool) {
	if !p.contains(slot) {
		return p, true
	}
	if p.more == nil {
		return posting{}, false
	}
	m := p.writable(batch)
	if m.bits != nil {
		m.bits.Remove(slot)
		if m.bits.GetCardinality() >= fewest/2 {
			return posting{more: m}, true
		}
		m.few, m.bits = m.bits.ToArray(), nil
	} else {
		i, _ := slices.BinarySearch(m.few, slot)
		m.few = slices.Delete(m.few, i, i+1)
	}
	if len(m.few) == 1 {
		return posting{one: m.few[0]}, true
	}
	return posting{more: m}, true
}

// writable returns what p holds, to be written to in this batch.
func (p posting) writable(batch uint64) *more {
	switch {
	case p.more == nil:
		return &more{batch: batch, few: []uint32{p.one}}
	case p.more.batch == batch && batch != 0:
		return p.more
	case p.more.bits == nil:
		return &more{batch: batch, few: slices.Clone(p.more.few)}
	default:
		return &more{batch: batch, bits: p.more.bits.Clone()}
	}
}

// in counts the slots of p that lie in a selection.
func (p posting) in(s selection) int {
	if s.bits == nil {
		return p.len()
	}
	if p.more != nil && p.more.bits != nil {
		return int(p.more.bits.AndCardinality(s.bits))
	}
	n := 0
	for _, slot := range p.list() {
		if s.bits.Contains(slot) {
			n++
		}
	}
	return n
}

// list returns the slots of a posting that is not kept as bits.
func (p posting) list() []uint32 {
	if p.more == nil {
		return []uint32{p.one}
	}
	return p.more.few
}

// addTo adds the slots of p to a Bitmap of the caller's.
func (p posting) addTo(b *roaring.Bitmap) {
	switch {
	case p.more == nil:
		b.Add(p.one)
	case p.more.bits == nil:
		b.AddMany(p.more.few)
	default:
		b.Or(p.more.bits)
	}
}

// selection is a set of slots for reading: all that there are if bits is nil.
type selection struct{ bits *roaring.Bitmap }

func (p posting) selection() selection {
	if p.more != nil && p.more.bits != nil {
		return selection{p.more.bits}
	}
	return selection{roaring.BitmapOf(p.list()...)}
}

// and returns what is in both.
func (s selection) and(o selection) selection {
	switch {
	case s.bits == nil:
		return o
	case o.bits == nil:
		return s
	default:
		return selection{roaring.And(s.bits, o.bits)}
	}
}

func (s selection) contains(slot uint32) bool { return s.bits == nil || s.bits.Contains(slot) }

// frozen returns a copy of p that no batch writes to.
func (p posting) frozen() posting {
	if p.more == nil {
		return p
	}
	return posting{more: p.writable(0)}
}

// set is a posting, or nothing.
type set struct {
	docs posting
	some bool
}

func (s set) len() int {
	if !s.some {
		return 0
	}
	return s.docs.len()
}

func (s set) contains(slot uint32) bool { return s.some && s.docs.contains(slot) }

func (s *set) add(slot uint32, batch uint64) {
	if s.some {
		s.docs = s.docs.with(slot, batch)
	} else {
		*s = set{posting{one: slot}, true}
	}
}

// addAll adds slots, which are sorted, each once.
func (s *set) addAll(slots []uint32) {
	switch {
	case len(slots) == 0:
	case s.some:
		s.docs = s.docs.withAll(slots)
	default:
		*s = set{postingOf(slots), true}
	}
}

func (s *set) remove(slot uint32, batch uint64) {
	if s.some {
		s.docs, s.some = s.docs.without(slot, batch)
	}
}

func (s set) selection() selection {
	if !s.some {
		return selection{roaring.New()}
	}
	return s.docs.selection()
}

func (s set) addTo(b *roaring.Bitmap) {
	if s.some {
		s.docs.addTo(b)
	}
}
