package entities

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unique"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities/index"
)

// Timeline has every version of every entity in memory, so that the catalog of any
// moment is a choice of versions and nothing is folded: see [Timeline.AsOf].
//
// A version is kept as what differs from another of its entity, with all that finds it
// a kilobyte; under each search key stands only where its values change. Apply has one caller
// at a time; everything else may be called by many.
type Timeline struct {
	kinds catalog.Kinds
	owned map[string]bool
	notes notes

	mu       sync.RWMutex
	position eventlog.Position
	count    int // versions
	lines    []*line
	byRef    []uint32          // lines; the last ones may be missing
	numbers  map[string]uint32 // of lines, by ref
	keys     map[string]uint32 // numbers of keys
	steps    [][]step          // by number of the key
	sets     []string          // values of one version under one key; 0 = none
	setOf    map[string]uint32 // numbers of sets
	names    *names            // of whatever has relations
	mentions [][]uint32        // by number of a name: lines that have declared an edge from there, which are not its own
	mention  map[mention]bool
	places   []unique.Handle[place]
	placeOf  map[unique.Handle[place]]uint32
	files    map[rejected]uint32
	pieces   index.Pieces
}

// line is an entity with its versions, in the order of their events.
type line struct {
	ref      string
	name     uint32
	versions []version
	ordered  []uint32 // versions by truth, if that is another order
	removed  bool     // at some time
	truth    int64    // of the last that was not backfilled
	edges    []edgeStep
	now      []values // of the last version, sorted by key
}

// version is what an event said of an entity.
type version struct {
	position    eventlog.Position
	truth, time int64
	place, file uint32
	gone        bool // it was removed; by a file that may not be where it is declared
	backfilled  bool
	whole       uint32 // version whose text is not written as a difference
	text        string // see packText
	note        string
}

// step is where the values of a line under a key change.
type step struct{ line, version, set uint32 }

// values are what a version has under a key.
type values struct{ key, set uint32 }

// edgeStep is what a version declares and the ones after it do.
type edgeStep struct {
	version uint32
	edges   []numbered
}

// numbered is an edge.
type numbered struct {
	from, target uint32
	typ          uint16
}

type mention struct{ name, line uint32 }

// NewTimeline returns one that has seen nothing yet.
func NewTimeline(kinds catalog.Kinds) *Timeline {
	c := NewOf(kinds)
	return &Timeline{
		kinds: kinds, owned: c.owned, notes: c.notes, numbers: map[string]uint32{}, keys: map[string]uint32{}, sets: []string{""}, setOf: map[string]uint32{"": 0},
		names: &names{numbers: map[string]uint32{}}, mention: map[mention]bool{}, placeOf: map[unique.Handle[place]]uint32{}, files: map[rejected]uint32{},
	}
}

// Timeline returns one of a catalog's kinds that has seen nothing yet.
func (c *Catalog) Timeline() *Timeline { return NewTimeline(c.kinds) }

// Position is that of the last event that was applied.
func (t *Timeline) Position() eventlog.Position {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.position
}

// Len is how many versions there are.
func (t *Timeline) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.count
}

// said is what an event says, made ready to be kept.
type said struct {
	ref     string
	gone    bool
	origin  event.Origin
	own     string
	note    string
	edges   []edge
	sets    []keySet
	nothing bool
}

// keySet is the values under a key.
type keySet struct{ key, set string }

// Apply adds the versions that come with some events. It keeps to one processor: of a
// long history it has a lot to do, and others are to be answered meanwhile.
func (t *Timeline) Apply(records []eventlog.Record) error {
	all := make([]said, len(records))
	for i, rec := range records {
		var err error
		if all[i], err = t.read(rec); err != nil {
			return fmt.Errorf("read position %d: %w", rec.Position, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, rec := range records {
		if rec.Position <= t.position {
			continue
		}
		t.position = rec.Position
		if !all[i].nothing {
			t.add(rec, all[i])
		}
	}
	return nil
}

// read decodes an event.
func (t *Timeline) read(rec eventlog.Record) (said, error) {
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged:
	case event.TypeEntityRemoved:
		d, err := event.DecodeAs[event.EntityRemoved](rec.Event)
		return said{ref: d.Ref, gone: true, origin: d.Origin}, err
	default: // what bears on others is folded: see AsOf
		return said{nothing: true}, nil
	}
	p := pending{record: rec}
	if err := p.decode(&batch{Catalog: &Catalog{kinds: t.kinds, notes: t.notes}}); err != nil {
		return said{}, err
	}
	return said{ref: rec.Subject, origin: p.origin, own: p.own, note: p.note, edges: p.edges, sets: setsOf(p.own, rec.Subject)}, nil
}

// setsOf are the values that an entity has under each key, without what follows from
// others.
func setsOf(own, ref string) []keySet {
	r := record{Text: Text{own: own}, ref: ref}
	terms := newTermer(&r)
	terms.said(&r)
	slices.SortStableFunc(terms.terms, func(a, b index.Term) int { return strings.Compare(a.Key, b.Key) })
	var all []keySet
	for rest := terms.terms; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Key == rest[0].Key {
			n++
		}
		all = append(all, keySet{rest[0].Key, packSet(rest[:n])})
		rest = rest[n:]
	}
	return all
}

func (t *Timeline) add(rec eventlog.Record, s said) {
	l := t.line(s.ref)
	number := t.numbers[s.ref]
	v := version{position: rec.Position, time: rec.Time.UnixNano(), truth: rec.Time.UnixNano(), gone: s.gone, backfilled: rec.Backfilled()}
	if !v.backfilled {
		v.truth = max(v.truth, l.truth)
		l.truth = v.truth
	}
	v.file = t.file(rejectedKey(s.origin, ""))
	n := uint32(len(l.versions)) //nolint:gosec // fewer than there is memory for
	if s.gone {
		l.removed = true
		v.whole = n
	} else {
		at := unique.Make(place{s.origin.Source, repositoryKey(s.origin.Source, s.origin.RepositoryID), s.origin.Parent})
		var ok bool
		if v.place, ok = t.placeOf[at]; !ok {
			v.place = uint32(len(t.places)) //nolint:gosec // fewer than there is memory for
			t.placeOf[at], t.places = v.place, append(t.places, at)
		}
		v.whole, v.text = l.pack(n, s.own)
		v.text, v.note = t.pieces.Keep(v.text), t.pieces.Keep(l.packNote(n, v.whole, t.notes, s.note))
		t.relate(l, number, n, s.edges)
		t.step(l, number, n, s.sets)
	}
	l.versions = append(l.versions, v)
	l.order(n)
	t.count++
}

// file returns the number of a descriptor.
func (t *Timeline) file(at rejected) uint32 {
	n, ok := t.files[at]
	if !ok {
		n = uint32(len(t.files))         //nolint:gosec // fewer than there is memory for
		at.path = strings.Clone(at.path) // it may be part of a whole document
		t.files[at] = n
	}
	return n
}

// key returns the number of a key.
func (t *Timeline) key(text string) uint32 {
	n, ok := t.keys[text]
	if !ok {
		n = uint32(len(t.steps)) //nolint:gosec // fewer than there is memory for
		t.keys[strings.Clone(text)] = n
		t.steps = append(t.steps, nil)
	}
	return n
}

// set returns the number of some values.
func (t *Timeline) set(text string) uint32 {
	n, ok := t.setOf[text]
	if !ok {
		n = uint32(len(t.sets)) //nolint:gosec // fewer than there is memory for
		kept := t.pieces.Keep(text)
		t.setOf[kept], t.sets = n, append(t.sets, kept)
	}
	return n
}

func (t *Timeline) line(ref string) *line {
	if n, ok := t.numbers[ref]; ok {
		return t.lines[n]
	}
	l := &line{ref: strings.Clone(ref), truth: math.MinInt64}
	l.name = t.name(l.ref)
	t.numbers[l.ref] = uint32(len(t.lines)) //nolint:gosec // fewer than there is memory for
	t.lines = append(t.lines, l)
	return l
}

// name returns the number of a name.
func (t *Timeline) name(ref string) uint32 {
	n, ok := t.names.numbers[ref]
	if !ok {
		ref = strings.Clone(ref)
		n = uint32(len(t.names.refs)) //nolint:gosec // fewer than there is memory for
		t.names.numbers[ref] = n
		t.names.refs = append(t.names.refs, ref)
		t.mentions = append(t.mentions, nil)
	}
	return n
}

// relate keeps what a version declares.
func (t *Timeline) relate(l *line, number, n uint32, edges []edge) {
	all := make([]numbered, len(edges))
	for i, e := range edges {
		typ := slices.Index(t.names.types, e.Type)
		if typ < 0 {
			typ = len(t.names.types)
			t.names.types = append(t.names.types, strings.Clone(e.Type))
		}
		all[i] = numbered{t.name(e.from), t.name(e.TargetRef), uint16(typ)} //nolint:gosec // there are a dozen
		if m := (mention{all[i].from, number}); m.name != l.name && !t.mention[m] {
			t.mention[m] = true
			t.mentions[m.name] = append(t.mentions[m.name], number)
		}
	}
	if k := len(l.edges); k == 0 || !slices.Equal(l.edges[k-1].edges, all) {
		l.edges = append(l.edges, edgeStep{n, all})
	}
}

// step keeps what changes under keys.
func (t *Timeline) step(l *line, number, n uint32, sets []keySet) {
	now := make([]values, 0, len(sets))
	for _, s := range sets {
		key := t.key(s.key)
		i, had := slices.BinarySearchFunc(l.now, key, func(v values, key uint32) int { return cmp.Compare(v.key, key) })
		if had && t.sets[l.now[i].set] == s.set { // as it is most often
			now = append(now, l.now[i])
			continue
		}
		set := t.set(s.set)
		now = append(now, values{key, set})
		t.steps[key] = append(t.steps[key], step{number, n, set})
	}
	slices.SortFunc(now, func(a, b values) int { return cmp.Compare(a.key, b.key) })
	for _, was := range l.now { // some may be gone
		if _, has := slices.BinarySearchFunc(now, was.key, func(v values, key uint32) int { return cmp.Compare(v.key, key) }); !has {
			t.steps[was.key] = append(t.steps[was.key], step{number, n, 0})
		}
	}
	l.now = now
}

// sort puts the lines that have come since in their place by ref.
func (t *Timeline) sort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byRef) == len(t.lines) {
		return
	}
	byRef := func(a, b uint32) int { return strings.Compare(t.lines[a].ref, t.lines[b].ref) }
	var fresh []uint32
	for n := len(t.byRef); n < len(t.lines); n++ {
		fresh = append(fresh, uint32(n)) //nolint:gosec // fewer than there is memory for
	}
	slices.SortFunc(fresh, byRef)
	merged := make([]uint32, 0, len(t.lines)) // who reads has the one before
	for _, n := range t.byRef {
		for len(fresh) > 0 && byRef(fresh[0], n) < 0 {
			merged, fresh = append(merged, fresh[0]), fresh[1:]
		}
		merged = append(merged, n)
	}
	t.byRef = append(merged, fresh...)
}
