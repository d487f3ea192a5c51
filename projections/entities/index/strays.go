package index

import (
	"cmp"
	"maps"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

// strays are documents whose ID is not greater than all before it. Slots are in the
// order of IDs, so that a list in that order is a walk along a bitmap; a stray has
// one at the end, and its place in the order is kept apart. A catalog that goes back
// to an earlier moment has some.
type strays struct {
	batch uint64
	slots map[uint64]uint32 // by ID
	ids   map[uint32]uint64 // by slot
	bits  *roaring.Bitmap   // their slots
	byID  []stray           // sorted; of an index that is done
}

type stray struct {
	id   uint64
	slot uint32
}

// add adds one in a batch, which copies the strays when it first does.
func (s *strays) add(id uint64, slot uint32, batch uint64) {
	if s.batch != batch {
		bits := roaring.New()
		if s.bits != nil {
			bits = s.bits.Clone()
		}
		next := strays{batch, maps.Clone(s.slots), maps.Clone(s.ids), bits, nil}
		if next.ids == nil {
			next.slots, next.ids = map[uint64]uint32{}, map[uint32]uint64{}
		}
		*s = next
	}
	s.slots[id], s.ids[slot] = slot, id
	s.bits.Add(slot)
}

// sort is for the end of a batch.
func (s *strays) sort() {
	if len(s.byID) == len(s.ids) {
		return
	}
	s.byID = make([]stray, 0, len(s.ids))
	for id, slot := range s.slots {
		s.byID = append(s.byID, stray{id, slot})
	}
	slices.SortFunc(s.byID, func(a, b stray) int { return cmp.Compare(a.id, b.id) })
}

// id is that of the document that a slot is for.
func (ix *Index) id(slot uint32) uint64 {
	if id, ok := ix.strays.ids[slot]; ok {
		return id
	}
	return ix.ids.at(slot)
}

// slotFor returns the slot of an ID, if there is one.
func (ix *Index) slotFor(id uint64) (uint32, bool) {
	if slot, ok := ix.strays.slots[id]; ok {
		return slot, true
	}
	slot := ix.slotOf(id)
	return slot, int(slot) < ix.ids.length && ix.ids.at(slot) == id
}

// slotOf is the first slot whose document, if it is no stray, has this ID or a
// greater one.
func (ix *Index) slotOf(id uint64) uint32 {
	return uint32(sort.Search(ix.ids.length, func(i int) bool { return ix.ids.at(uint32(i)) >= id })) //nolint:gosec // a slot
}

// newSlot returns a slot for a document that has none.
func (ix *Index) newSlot(id uint64) uint32 {
	slot := uint32(ix.ids.length) //nolint:gosec // a slot
	if slot > 0 {
		if last := ix.ids.at(slot - 1); id <= last {
			ix.strays.add(id, slot, ix.batch)
			id = last // so that those of the others stay in order
		}
	}
	ix.ids.set(slot, id, ix.batch)
	return slot
}

// byID goes along a set of slots in the order of their IDs, beyond from if that is
// not nil, until yield reports false.
func (ix *Index) byID(bits *roaring.Bitmap, descending bool, from *Mark, yield func(uint32) bool) {
	var strays []stray // that are in the set, and not beyond from
	for _, one := range ix.strays.byID {
		if bits.Contains(one.slot) && (from == nil || one.id != from.ID && one.id < from.ID == descending) {
			strays = append(strays, one)
		}
	}
	if ix.strays.bits != nil {
		bits = roaring.AndNot(bits, ix.strays.bits)
	}
	if descending {
		slices.Reverse(strays)
	}
	more := true
	ix.settled(bits, descending, from, func(slot uint32) bool {
		for id := ix.ids.at(slot); more && len(strays) > 0 && strays[0].id < id != descending; strays = strays[1:] {
			more = yield(strays[0].slot)
		}
		more = more && yield(slot)
		return more
	})
	for ; more && len(strays) > 0; strays = strays[1:] {
		more = yield(strays[0].slot)
	}
}

// settled is byID of slots without strays.
func (ix *Index) settled(bits *roaring.Bitmap, descending bool, from *Mark, yield func(uint32) bool) {
	if descending {
		if from != nil {
			bits = bits.Clone()
			bits.RemoveRange(uint64(ix.slotOf(from.ID)), uint64(ix.ids.length))
		}
		for it := bits.ReverseIterator(); it.HasNext(); {
			if !yield(it.Next()) {
				return
			}
		}
		return
	}
	it := bits.Iterator()
	if from != nil {
		it.AdvanceIfNeeded(ix.slotOf(from.ID + 1))
	}
	for it.HasNext() {
		if !yield(it.Next()) {
			return
		}
	}
}
