package index

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Batch makes the next version of an index. It has one user, who calls
// [Batch.Index] once and leaves it. A version may have several: what one makes, the
// others do not see.
type Batch struct {
	next    *Index
	changed map[uint32]change  // by slot
	refs    map[string]slotRef // of documents that have come or gone
}

// slotRef is where the document of a ref is, if it is there.
type slotRef struct {
	slot  uint32
	there bool
}

// change is what becomes of a slot; nil is no document.
type change struct {
	before, after Doc
	differ        func() (had, has []Term) // nil: all of their terms
}

// chunk is how many documents are compared in one go.
const chunk = 1024

// Batch returns a batch on top of ix.
func (ix *Index) Batch() *Batch {
	next := &Index{
		batch: ix.batch + 1, docs: ix.docs.next(), ids: ix.ids.next(), strays: ix.strays, all: ix.all,
		refs: ix.refs, fields: ix.fields, texts: ix.texts,
	}
	return &Batch{next, map[uint32]change{}, map[string]slotRef{}}
}

// slot returns where the document of a ref is now.
func (b *Batch) slot(ref string) (slot uint32, known bool) {
	if at, changed := b.refs[ref]; changed {
		return at.slot, at.there
	}
	return b.next.refs.get(ref)
}

// Put adds a document, or puts it in the place of the one with its ref. Of one that
// is new the ID should be greater than those of all documents that have ever been in
// the index, unless it is one of these again: lists by ID take longer otherwise.
func (b *Batch) Put(d Doc) { b.Update(d, nil) }

// Update is Put for a document of which it is known what distinguishes it from
// the one before: the terms that that one had, and those that it has, without
// those that both have. A key of which all terms of a document are left out stays
// as it is; of any other, one of those that stay must be there twice if any does.
// Differ is called by [Batch.Index], from any goroutine; nil is for all terms.
func (b *Batch) Update(d Doc, differ func() (had, has []Term)) {
	ix := b.next
	slot, known := b.slot(d.Ref())
	if known && ix.id(slot) != d.ID() { // one that is gone, and another one of its name
		b.Delete(d.Ref())
		known = false
	}
	if !known {
		if slot, known = ix.slotFor(d.ID()); !known {
			slot = ix.newSlot(d.ID())
		}
		b.refs[d.Ref()] = slotRef{slot, true}
		ix.all.writable(ix.batch).Add(slot)
	}
	b.set(slot, d, known, differ)
}

// Delete removes the document of a ref, if there is one.
func (b *Batch) Delete(ref string) {
	ix := b.next
	slot, known := b.slot(ref)
	if !known {
		return
	}
	b.refs[ref] = slotRef{}
	ix.all.writable(ix.batch).Remove(slot)
	b.set(slot, nil, true, nil)
}

func (b *Batch) set(slot uint32, d Doc, known bool, differ func() (had, has []Term)) {
	c, already := b.changed[slot]
	if !already && known {
		c.before = b.next.docs.at(slot)
	}
	c.after, c.differ = d, differ
	b.changed[slot] = c
	b.next.docs.set(slot, d, b.next.batch)
}

// Index returns the next version.
func (b *Batch) Index() *Index {
	ix := b.next
	refs := slices.Sorted(maps.Keys(b.refs))
	ix.refs = ix.refs.with(len(refs), func(i int) string { return refs[i] }, func(i int, _ uint32, _ bool) (uint32, bool) {
		at := b.refs[refs[i]]
		return at.slot, at.there
	})
	ix.strays.sort()
	changes := b.compare()
	keys := slices.Sorted(maps.Keys(changes.terms))
	fields := make([]*field, len(keys))
	each(len(keys), len(b.changed) >= chunk, func(i int) {
		f, ok := ix.fields.get(keys[i])
		if !ok {
			f = &field{}
		}
		fields[i] = f.next(ix.batch)
		fields[i].apply(changes.terms[keys[i]])
	})
	ix.fields = ix.fields.with(len(keys), func(i int) string { return keys[i] }, func(i int, _ *field, _ bool) (*field, bool) {
		return fields[i], !fields[i].empty()
	})
	if len(changes.texts) > 0 {
		ix.texts = maps.Clone(ix.texts)
		for key, changed := range changes.texts {
			ix.texts[key] = ix.texts[key].with(changed)
		}
	}
	return ix
}

// deltas are what a batch changes under one key, of some slots in their order.
type deltas struct {
	fresh  []fresh  // of documents that are new
	silent []uint32 // of these, those of which the key is there without a value
	values []delta  // of the others
	states []state
}

// fresh is a value that a new document has.
type fresh struct {
	value, written string
	slot           uint32
}

// delta is a value that a slot has from now on, or has not any more.
type delta struct {
	value, written string
	slot           uint32
	added          bool
}

// state is what a key says of a slot from now on.
type state struct {
	slot   uint32
	valued bool // the key has a value
	silent bool // the key is there without one
}

// slotText is the text that a slot has from now on.
type slotText struct {
	slot uint32
	text string
}

// comparison is what distinguishes the documents before and after a batch, in the
// order of slots.
type comparison struct {
	terms map[string][]*deltas
	texts map[string][]slotText
}

// compare looks at every slot that has changed. Terms that stay cost nothing further.
func (b *Batch) compare() comparison {
	slots := slices.Sorted(maps.Keys(b.changed))
	chunks := make([]comparer, (len(slots)+chunk-1)/chunk)
	each(len(chunks), true, func(i int) {
		c := comparer{map[string]*deltas{}, map[string][]slotText{}}
		for _, slot := range slots[i*chunk : min((i+1)*chunk, len(slots))] {
			c.slot(slot, b.changed[slot])
		}
		chunks[i] = c
	})
	all := comparison{map[string][]*deltas{}, map[string][]slotText{}}
	for _, c := range chunks {
		for key, ds := range c.terms {
			all.terms[key] = append(all.terms[key], ds)
		}
		for key, texts := range c.texts {
			all.texts[key] = append(all.texts[key], texts...)
		}
	}
	return all
}

// comparer compares some of the slots.
type comparer struct {
	terms map[string]*deltas
	texts map[string][]slotText
}

func (c comparer) under(key string) *deltas {
	ds := c.terms[key]
	if ds == nil {
		ds = &deltas{}
		c.terms[key] = ds
	}
	return ds
}

func (c comparer) slot(slot uint32, changed change) {
	if changed.before == nil && changed.after != nil {
		c.fresh(slot, changed)
		return
	}
	had, has := changed.terms()
	c.compare(slot, had, has)
}

// fresh notes the terms of a document that is new.
func (c comparer) fresh(slot uint32, changed change) {
	var terms []Term
	if changed.differ != nil {
		_, terms = changed.differ()
	} else {
		terms = changed.after.Terms()
	}
	for _, t := range terms {
		switch {
		case t.Text:
			c.texts[t.Key] = append(c.texts[t.Key], slotText{slot, t.Value})
		case t.Silent:
			ds := c.under(t.Key)
			ds.silent = append(ds.silent, slot)
		default:
			ds := c.under(t.Key)
			ds.fresh = append(ds.fresh, fresh{t.Value, t.Written, slot})
		}
	}
}

// terms returns what is to be compared, each sorted, the texts first.
func (c change) terms() (had, has []Term) {
	if c.differ != nil {
		had, has = c.differ()
	} else {
		if c.before != nil {
			had = c.before.Terms()
		}
		if c.after != nil {
			has = c.after.Terms()
		}
	}
	for _, terms := range []*[]Term{&had, &has} {
		slices.SortFunc(*terms, compareTerms)
		*terms = slices.Compact(*terms)
	}
	return had, has
}

func compareTerms(a, b Term) int {
	switch {
	case a.Text != b.Text && a.Text:
		return -1
	case a.Text != b.Text:
		return 1
	}
	if by := cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value), strings.Compare(a.Written, b.Written)); by != 0 {
		return by
	}
	switch { // no value is another thing than an empty one
	case a.Silent == b.Silent:
		return 0
	case a.Silent:
		return -1
	default:
		return 1
	}
}

// compare notes what distinguishes two sorted lists of terms.
func (c comparer) compare(slot uint32, before, after []Term) {
	for len(before) > 0 || len(after) > 0 {
		first := firstTerm(before, after)
		var had, has []Term
		had, before = cutKey(before, first)
		has, after = cutKey(after, first)
		switch {
		case slices.Equal(had, has):
		case first.Text:
			c.texts[first.Key] = append(c.texts[first.Key], slotText{slot, textOf(has)})
		default:
			c.under(first.Key).compare(slot, had, has)
		}
	}
}

func textOf(terms []Term) string {
	if len(terms) == 0 {
		return ""
	}
	return terms[0].Value
}

func (ds *deltas) compare(slot uint32, had, has []Term) {
	was, is := stateOf(slot, had), stateOf(slot, has)
	if was != is {
		ds.states = append(ds.states, is)
	}
	note := func(t Term, added bool) {
		if !t.Silent {
			ds.values = append(ds.values, delta{t.Value, t.Written, slot, added})
		}
	}
	for len(had) > 0 || len(has) > 0 {
		switch {
		case len(has) == 0 || len(had) > 0 && compareTerms(had[0], has[0]) < 0:
			note(had[0], false)
			had = had[1:]
		case len(had) == 0 || compareTerms(had[0], has[0]) > 0:
			note(has[0], true)
			has = has[1:]
		default:
			had, has = had[1:], has[1:]
		}
	}
}

func stateOf(slot uint32, terms []Term) state {
	s := state{slot: slot}
	for _, t := range terms {
		s.valued, s.silent = s.valued || !t.Silent, s.silent || t.Silent
	}
	return s
}

func firstTerm(a, b []Term) Term {
	if len(a) == 0 || len(b) > 0 && compareTerms(b[0], a[0]) < 0 {
		return b[0]
	}
	return a[0]
}

// cutKey takes the terms of a key off the front of a sorted list.
func cutKey(terms []Term, of Term) (cut, rest []Term) {
	n := 0
	for n < len(terms) && terms[n].Key == of.Key && terms[n].Text == of.Text {
		n++
	}
	return terms[:n], terms[n:]
}

// each calls f for 0 to n-1, on all processors if that is worth it. A few changes are
// not: to hand them around takes longer, and takes the processors from who reads.
func each(n int, worth bool, f func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n/8)
	if !worth {
		workers = 1
	}
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var wg sync.WaitGroup
	work := make(chan int)
	for range workers {
		wg.Go(func() {
			for i := range work {
				f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}
