package entities

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities/index"
)

// AsOf returns the catalog at a moment, of which the Timeline has seen all that was
// on record. Some subjects bear on others': these are folded of the given records, all
// that count of them then, in their order. See [Catalog.Refold].
func (t *Timeline) AsOf(m projections.Moment, entangled []string, records []eventlog.Record) (*Snapshot, error) {
	folded := NewOf(t.kinds)
	folded.notes = t.notes
	if err := folded.Refold(m.Known, entangled, true, records); err != nil {
		return nil, err
	}
	s := folded.Snapshot()
	t.sort()
	t.mu.RLock()
	defer t.mu.RUnlock()
	if m.Known > t.position {
		return nil, fmt.Errorf("the timeline has come to position %d, not to %d", t.position, m.Known)
	}
	a := &asOf{timeline: t, snapshot: s, chosen: make([]choice, len(t.lines))}
	out := make([]bool, len(t.lines))
	for _, ref := range entangled {
		if n, ok := t.numbers[ref]; ok {
			out[n] = true
		}
	}
	b := m.Bounds()
	inParallel(len(t.lines), func(i int) {
		l := t.lines[i]
		if out[i] {
			return
		}
		if v, first, ok := l.at(b); ok {
			a.chosen[i] = choice{version: v + 1, id: uint64(l.versions[first].position), first: first}
		}
	})
	a.number(s)
	next := s.next()
	next.position, next.index, next.asOf = m.Known, index.Over(a.ids, a.byRef(s), a), a
	return next, nil
}

// asOf is the choice of versions of a moment. It is the source of an index.
type asOf struct {
	timeline *Timeline
	snapshot *Snapshot // of what was folded
	chosen   []choice  // by line; those that came later are not there
	ids      []uint64  // by slot
	slots    []slot
	slotOf   map[string]uint32 // of what was folded
	folded   map[string][]catalog.Relation
}

// choice is the version of an entity.
type choice struct {
	id      uint64
	version uint32 // from 1; 0 = it is not there
	first   uint32 // that declared it
	slot    uint32
}

// slot is an entity that is there: a line, or a record that was folded.
type slot struct {
	line   uint32
	record *record
}

// number gives slots to all that are there, in the order of their IDs.
func (a *asOf) number(s *Snapshot) {
	for i, c := range a.chosen {
		if c.version > 0 {
			a.slots = append(a.slots, slot{line: uint32(i)}) //nolint:gosec // a line
		}
	}
	a.slotOf, a.folded = map[string]uint32{}, map[string][]catalog.Relation{}
	for _, row := range s.index.List(Listing{Limit: -1}).Rows {
		r := row.Doc.(*record)
		a.slots = append(a.slots, slot{record: r})
		for _, e := range edgesOf(a.timeline.kinds, sketch(r.own)) {
			a.folded[e.from] = append(a.folded[e.from], e.Relation)
		}
	}
	slices.SortFunc(a.slots, func(x, y slot) int { return cmp.Compare(a.id(x), a.id(y)) })
	a.ids = make([]uint64, len(a.slots))
	for i, one := range a.slots {
		a.ids[i] = a.id(one)
		if one.record != nil {
			a.slotOf[one.record.ref] = uint32(i) //nolint:gosec // a slot
		} else {
			a.chosen[one.line].slot = uint32(i) //nolint:gosec // a slot
		}
	}
}

func (a *asOf) id(s slot) uint64 {
	if s.record != nil {
		return s.record.id
	}
	return a.chosen[s.line].id
}

// byRef are all that are there.
func (a *asOf) byRef(s *Snapshot) []index.Named {
	all := make([]index.Named, 0, len(a.slots))
	for _, n := range a.timeline.byRef {
		if int(n) < len(a.chosen) && a.chosen[n].version > 0 {
			all = append(all, index.Named{Ref: a.timeline.lines[n].ref, Slot: a.chosen[n].slot})
		}
	}
	if s.Len() > 0 {
		for ref, n := range a.slotOf {
			all = append(all, index.Named{Ref: ref, Slot: n})
		}
		slices.SortFunc(all, func(x, y index.Named) int { return strings.Compare(x.Ref, y.Ref) })
	}
	return all
}

// slotFor is where the entity of a name is, if it is there.
func (a *asOf) slotFor(ref string) (uint32, bool) {
	if n, ok := a.timeline.numbers[ref]; ok && int(n) < len(a.chosen) && a.chosen[n].version > 0 {
		return a.chosen[n].slot, true
	}
	n, ok := a.slotOf[ref]
	return n, ok
}

// Doc implements [index.Source].
func (a *asOf) Doc(n uint32) index.Doc { return a.record(n) }

func (a *asOf) record(n uint32) *record {
	t := a.timeline
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := a.outline(n)
	if s := a.slots[n]; s.record == nil {
		l, v := t.lines[s.line], a.chosen[s.line].version-1
		r.own, r.note = l.text(v), l.note(v, t.notes)
	}
	relations := a.relations(r.ref)
	r.rest = encode(func(f func(typ, target string)) {
		for _, one := range relations {
			f(one.Type, one.TargetRef)
		}
	}, a.snapshot.rejectionOf(&r))
	r.owner = a.ownerOf(r.ref, firstOwner(relations))
	return &r
}

// outline is a record without its relations and, of a line, its text and note.
func (a *asOf) outline(n uint32) record {
	s := a.slots[n]
	if s.record != nil {
		return *s.record
	}
	l, c := a.timeline.lines[s.line], a.chosen[s.line]
	v := &l.versions[c.version-1]
	return record{
		id: c.id, ref: l.ref, place: a.timeline.places[v.place], changed: v.position, since: v.time,
		registered: l.versions[c.first].time,
	}
}

// changed is the event that an entity is as it is since.
func (a *asOf) changed(n uint32) eventlog.Position {
	a.timeline.mu.RLock()
	defer a.timeline.mu.RUnlock()
	r := a.outline(n)
	return r.changed
}

// edges are those that a line declares.
func (a *asOf) edges(line uint32) []numbered {
	if int(line) >= len(a.chosen) || a.chosen[line].version == 0 {
		return nil
	}
	steps := a.timeline.lines[line].edges
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].version < a.chosen[line].version {
			return steps[i].edges
		}
	}
	return nil
}

// relations are those of a ref, sorted by type, then target, each once.
func (a *asOf) relations(ref string) []catalog.Relation {
	t := a.timeline
	all := slices.Clone(a.folded[ref])
	if name, ok := t.names.numbers[ref]; ok {
		add := func(line uint32) {
			for _, e := range a.edges(line) {
				if e.from == name {
					all = append(all, catalog.Relation{Type: t.names.types[e.typ], TargetRef: t.names.refs[e.target]})
				}
			}
		}
		if line, ok := t.numbers[ref]; ok {
			add(line)
		}
		for _, line := range t.mentions[name] {
			add(line)
		}
	}
	slices.SortFunc(all, func(x, y catalog.Relation) int {
		return cmp.Or(strings.Compare(x.Type, y.Type), strings.Compare(x.TargetRef, y.TargetRef))
	})
	return slices.Compact(all)
}

const ownedBy = "ownedBy"

func firstOwner(relations []catalog.Relation) string {
	for _, r := range relations {
		if r.Type == ownedBy {
			return r.TargetRef
		}
	}
	return ""
}

// ownerOf is [Catalog.ownerOf] of an entity whose first owner is known.
func (a *asOf) ownerOf(ref, first string) string { return ownerOr(a.timeline.owned, ref, first) }
