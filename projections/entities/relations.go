package entities

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/callboard/callboard/catalog"
)

// relations are those of every entity that is declared or named, in both
// directions. An edge is there for as long as at least one entity declares it.
// Copies share what stays the same, as versions of an index do.
type relations struct {
	names *names
	refs  []string // by number; as many of the names as this copy has seen
	types []string // of relations; there are a dozen
	batch uint64   // of what this copy alone has, and may write to
	pages []*linkPage
}

// names number refs and types of relations, for all copies.
type names struct {
	mu      sync.RWMutex
	numbers map[string]uint32 // of refs
	refs    []string          // by number; what is there never changes
	types   []string
}

// linkPage has the links of some refs; each is sorted by type, then target.
type linkPage struct {
	batch uint64
	of    [linkPageLen][]link
	made  [linkPageLen]uint64 // in which batch each was
}

// linkPageLen is how many refs are copied to change the links of one.
const linkPageLen = 64

// link is a relation of one entity, with the number of entities that declare it:
// at most the two ends, and a descriptor can say a thing twice.
type link struct {
	target uint32
	typ    uint16
	times  uint16
}

func newRelations() *relations { return &relations{names: &names{numbers: map[string]uint32{}}} }

// copy returns relations that go ways of their own.
func (rs *relations) copy() *relations {
	rs.batch++
	c := *rs
	c.pages = slices.Clone(rs.pages)
	return &c
}

// known returns a ref's number, if it has one.
func (rs *relations) known(ref string) (uint32, bool) {
	rs.names.mu.RLock()
	defer rs.names.mu.RUnlock()
	n, ok := rs.names.numbers[ref]
	return n, ok
}

// number returns a ref's number, a new one if it has none.
func (rs *relations) number(ref string) uint32 {
	n, ok := rs.known(ref)
	if !ok {
		return rs.add(strings.Clone(ref)) // it may be part of a whole document
	}
	if int(n) >= len(rs.refs) {
		rs.look()
	}
	return n
}

// look sees what other copies have numbered.
func (rs *relations) look() {
	rs.names.mu.RLock()
	defer rs.names.mu.RUnlock()
	rs.refs, rs.types = rs.names.refs, rs.names.types
}

// add numbers a ref and keeps it as it is, if it has no number.
func (rs *relations) add(ref string) uint32 {
	ns := rs.names
	ns.mu.Lock()
	defer ns.mu.Unlock()
	n, ok := ns.numbers[ref]
	if !ok {
		n = uint32(len(ns.refs)) //nolint:gosec // fewer than there is memory for
		ns.numbers[ref] = n
		ns.refs = append(ns.refs, ref)
	}
	rs.refs, rs.types = ns.refs, ns.types
	return n
}

// links are those of a number.
func (rs *relations) links(n uint32) []link {
	if page := int(n / linkPageLen); page < len(rs.pages) {
		return rs.pages[page].of[n%linkPageLen]
	}
	return nil
}

// writable returns those of a number, of which this copy may change everything, and
// where they are kept.
func (rs *relations) writable(n uint32) *[]link {
	page, i := int(n/linkPageLen), n%linkPageLen
	for len(rs.pages) <= page {
		rs.pages = append(rs.pages, &linkPage{batch: rs.batch})
	}
	p := rs.pages[page]
	if p.batch != rs.batch {
		c := *p
		c.batch = rs.batch
		p = &c
		rs.pages[page] = p
	}
	if p.made[i] != rs.batch {
		p.made[i], p.of[i] = rs.batch, slices.Clone(p.of[i])
	}
	return &p.of[i]
}

// trim gives back the room for links that may come.
func (rs *relations) trim() {
	for _, p := range rs.pages {
		for i, links := range p.of {
			if p.batch == rs.batch && cap(links) > len(links) {
				p.of[i] = slices.Clip(append([]link(nil), links...))
			}
		}
	}
}

// kept returns a ref as it is kept here, if it is, so that it is not kept twice.
func (rs *relations) kept(ref string) string {
	if n, ok := rs.known(ref); ok && int(n) < len(rs.refs) {
		return rs.refs[n]
	}
	return ref
}

func (rs *relations) typ(name string) uint16 {
	i := slices.Index(rs.types, name)
	if i < 0 {
		i = rs.addType(name)
	}
	return uint16(i) //nolint:gosec // there are a dozen
}

func (rs *relations) addType(name string) int {
	ns := rs.names
	ns.mu.Lock()
	defer ns.mu.Unlock()
	i := slices.Index(ns.types, name)
	if i < 0 {
		i = len(ns.types)
		ns.types = append(ns.types, strings.Clone(name))
	}
	rs.refs, rs.types = ns.refs, ns.types
	return i
}

// edge is one relation of the entity that it starts from.
type edge struct {
	from string // ref
	catalog.Relation
}

func compareEdges(a, b edge) int {
	return cmp.Or(strings.Compare(a.from, b.from), strings.Compare(a.Type, b.Type), strings.Compare(a.TargetRef, b.TargetRef))
}

// edgesOf returns what an entity declares, sorted, each edge once.
func edgesOf(kinds catalog.Kinds, e *catalog.Entity) []edge {
	declared := kinds.Edges(e)
	all := make([]edge, len(declared))
	ref := e.Ref()
	self := ref.String()
	last, lastRef := self, ref // an edge is followed by the one back
	text := func(r catalog.Ref) string {
		if r == ref {
			return self
		}
		if r != lastRef {
			last, lastRef = r.String(), r
		}
		return last
	}
	for i, d := range declared {
		all[i] = edge{text(d.From), catalog.Relation{Type: d.Type, TargetRef: text(d.To)}}
	}
	slices.SortFunc(all, compareEdges)
	return slices.Compact(all)
}

// changes are the relations that an entity has gained and lost in a batch: an
// edge that came and went again counts nothing.
type changes map[catalog.Relation]int

// replace puts what an entity declares in the place of what it did, and notes by
// ref which relations that changes. An edge that stays costs nothing: a team may
// have thousands.
func (rs *relations) replace(had, has []edge, stale map[string]changes) {
	for len(had) > 0 || len(has) > 0 {
		switch {
		case len(has) == 0 || len(had) > 0 && compareEdges(had[0], has[0]) < 0:
			rs.count(had[0], -1, stale)
			had = had[1:]
		case len(had) == 0 || compareEdges(had[0], has[0]) > 0:
			rs.count(has[0], +1, stale)
			has = has[1:]
		default:
			had, has = had[1:], has[1:]
		}
	}
}

// count notes that one entity more or less declares an edge.
func (rs *relations) count(e edge, by int, stale map[string]changes) {
	from, target, typ := rs.number(e.from), rs.number(e.TargetRef), rs.typ(e.Type)
	at := rs.writable(from)
	links := *at
	i, found := slices.BinarySearchFunc(links, link{target: target, typ: typ}, rs.compare)
	if !found {
		links = slices.Insert(links, i, link{target: target, typ: typ})
	}
	before := int(links[i].times)
	if times := before + by; times > 0 {
		links[i].times = uint16(times)
	} else {
		links = slices.Delete(links, i, i+1)
	}
	*at = links
	if stale == nil || before > 0 && before+by > 0 {
		return // it was there and is still
	}
	of := stale[rs.refs[from]]
	if of == nil {
		of = changes{}
		stale[rs.refs[from]] = of
	}
	r := catalog.Relation{Type: rs.types[typ], TargetRef: rs.refs[target]}
	if of[r] += by; of[r] == 0 {
		delete(of, r)
	}
}

func (rs *relations) compare(a, b link) int {
	if a.typ != b.typ {
		return strings.Compare(rs.types[a.typ], rs.types[b.typ])
	}
	if a.target == b.target {
		return 0
	}
	return strings.Compare(rs.refs[a.target], rs.refs[b.target])
}

// each calls f with the relations of a ref, sorted by type, then target.
func (rs *relations) each(ref string, f func(typ, target string)) {
	n, ok := rs.known(ref)
	if !ok {
		return
	}
	for _, l := range rs.links(n) {
		f(rs.types[l.typ], rs.refs[l.target])
	}
}

// first returns the first target of a ref's relations of a type, "" if there is none.
func (rs *relations) first(ref, typ string) string {
	n, ok := rs.known(ref)
	if !ok {
		return ""
	}
	for _, l := range rs.links(n) {
		if rs.types[l.typ] == typ {
			return rs.refs[l.target]
		}
	}
	return ""
}
