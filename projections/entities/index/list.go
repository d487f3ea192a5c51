package index

import (
	"iter"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Listing asks for a part of a list of documents.
type Listing struct {
	Where Where
	Order Order
	// From is the row after which to begin, or, if Back is set, before which to
	// end; nil is the beginning, or the end. It need not be there any more. It is
	// not for an Order that is ByRef.
	From *Mark
	Back bool
	// Offset is how many rows to skip after that. Limit is how many to return
	// at most; a negative one is none.
	Offset, Limit int
	// Holding leaves out rows whose value of the first field does not contain this;
	// it is as the Term of [Like]. Where has to say so too if Total is to heed it.
	Holding string
	// Count asks for the number of documents on all pages.
	Count bool
}

// Order is how a list is sorted. The zero Order is that of registration.
type Order struct {
	Fields []Field // ties of the first go by the next
	// Lacking keeps the documents that lack a field: they come last, whatever the
	// direction. Otherwise those that lack the first one are left out.
	Lacking bool
	// Repeat lists a document once for each value that it has of the first field;
	// otherwise it goes by the value that comes first.
	Repeat bool
	// ByRef is for ties of the fields, and for lists without any; otherwise they
	// go by registration, in the direction of the first field.
	ByRef bool
	// RefKey is the key with whose value, and a colon, the ref of every document
	// begins, if there is one: lists by ref then skip to the refs that count.
	RefKey string
}

// keys are those that are looked at for any list; others may be for ties.
func (o Order) keys() (keys []string) {
	if len(o.Fields) > 0 {
		keys = append(keys, o.Fields[0].Key)
	}
	return keys
}

// Field is a search key to sort by: as lower-case text, byte for byte.
type Field struct {
	Key        string
	Descending bool
}

// Mark is the place of a row in the order of its list. It stays what it is when
// documents around it come, change or go.
type Mark struct {
	Value string // of the first field; "" without one
	ID    uint64 // the row's document's
}

// Rows is an answer to a Listing.
type Rows struct {
	Rows  []Row // in the order asked for, also when going back
	Total int   // documents on all pages; 0 if they were not counted
}

// Row is one document of a list.
type Row struct {
	Doc  Doc
	Mark Mark
}

// List returns a part of a list.
func (ix *Index) List(l Listing) Rows {
	ix.Prepare(l.Where, l.Order.keys()...)
	chosen := ix.selected(l.Where)
	rows := Rows{}
	if l.Count {
		rows.Total = ix.count(chosen, l.Order)
	}
	if l.Limit == 0 {
		return rows
	}
	w := walk{Index: ix, Order: l.Order, back: l.Back, from: l.From, want: -1}
	if l.Holding != "" {
		w.holding = new(newLike(l.Holding))
	}
	if l.Limit > 0 {
		w.want = l.Offset + l.Limit
		rows.Rows = make([]Row, 0, min(l.Limit, 1000))
	}
	skip := l.Offset
	for at := range w.rows(chosen) {
		if skip > 0 {
			skip--
			continue
		}
		rows.Rows = append(rows.Rows, Row{ix.doc(at.slot), Mark{at.value, ix.id(at.slot)}})
		if len(rows.Rows) == l.Limit {
			break
		}
	}
	if l.Back {
		slices.Reverse(rows.Rows)
	}
	return rows
}

// Count returns how many documents w selects.
func (ix *Index) Count(w Where) int {
	return int(ix.bits(ix.selected(w)).GetCardinality())
}

// count is the number of documents of a whole list.
func (ix *Index) count(s selection, o Order) int {
	if len(o.Fields) == 0 || o.Lacking {
		return int(ix.bits(s).GetCardinality())
	}
	f, ok := ix.under(o.Fields[0].Key)
	if !ok {
		return 0
	}
	return int(f.valued.selection().bits.AndCardinality(ix.bits(s)))
}

// place is one row of a list.
type place struct {
	value string // of the first field
	slot  uint32
}

// walk goes along a list.
type walk struct {
	*Index
	Order
	back    bool
	from    *Mark
	holding *like // what values of the first field have to match
	want    int   // about how many rows will be asked for; negative is all of them
}

// rows are all rows from the place where the walk begins.
func (w walk) rows(s selection) iter.Seq[place] {
	return func(yield func(place) bool) {
		if len(w.Fields) > 0 {
			w.byFields(s, w.Fields, yield)
			return
		}
		for slot := range w.plain(s, w.back, w.from) {
			if !yield(place{slot: slot}) {
				return
			}
		}
	}
}

// byFields sorts by the first of some fields, and within each of its values by
// the rest. It reports false when nobody wants more.
func (w walk) byFields(s selection, fields []Field, yield func(place) bool) bool {
	first, top := fields[0], len(fields) == len(w.Fields)
	descending := first.Descending != w.back
	f, ok := w.under(first.Key)
	lacking := selection{w.bits(s)}
	if ok {
		valued := f.valued.selection()
		lacking = selection{roaring.AndNot(lacking.bits, valued.bits)}
		s = s.and(valued)
	}
	if w.Lacking && w.back && !w.byRest(lacking, "", fields[1:], nil, yield) {
		return false
	}
	if ok {
		var from *Mark
		var holding *like
		if top {
			from, holding = w.from, w.holding
		}
		once := !w.Repeat && f.pairs > f.valued.len()
		seen := roaring.New() // documents with several values, when each is to be there once
		for v := range w.sorted(f, first.Key, s, from, descending) {
			if holding != nil && !holding.matches(v.text) {
				continue
			}
			after := from
			if from != nil && from.Value != v.text {
				after = nil
			}
			if v.docs.more == nil && after == nil && !once { // most often, and nothing to be sorted
				if !yield(place{v.text, v.docs.one}) {
					return false
				}
				continue
			}
			group := s.and(v.docs.selection())
			if once {
				group = selection{roaring.AndNot(group.bits, seen)}
				seen.Or(group.bits)
			}
			if !w.byRest(group, v.text, fields[1:], after, yield) {
				return false
			}
		}
	}
	if w.Lacking && !w.back {
		return w.byRest(lacking, "", fields[1:], nil, yield)
	}
	return true
}

// byRest sorts what has the same value of a field.
func (w walk) byRest(group selection, text string, rest []Field, from *Mark, yield func(place) bool) bool {
	if group.bits.IsEmpty() {
		return true
	}
	below := func(p place) bool { return yield(place{text, p.slot}) }
	if len(rest) > 0 {
		return w.byFields(group, rest, below)
	}
	for slot := range w.plain(group, w.Fields[0].Descending != w.back, from) {
		if !yield(place{text, slot}) {
			return false
		}
	}
	return true
}

// plain are the slots of a selection by registration or by ref.
func (w walk) plain(s selection, descending bool, from *Mark) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		if !w.ByRef {
			w.byID(w.bits(s), descending, from, yield)
			return
		}
		if s.bits != nil && s.bits.GetCardinality() < uint64(w.refs.len()/sparse) && (w.RefKey == "" || s.bits.GetCardinality() < fewRefs) { //nolint:gosec // a count
			w.sortedByRef(s, yield)
			return
		}
		one := func(_ string, slot uint32) bool { return !s.contains(slot) || yield(slot) }
		if f, ok := w.under(w.RefKey); ok && s.bits != nil && !w.back {
			w.byRefKey(f, s, one)
			return
		}
		if w.back { // refs go up, whatever the direction of the fields
			w.refs.reverse(one)
		} else {
			w.refs.scan(one)
		}
	}
}

// Of a selection with less than one in so many documents it is worth to
// sort the refs rather than to look for them along all refs.
const (
	sparse  = 8
	fewRefs = 1000 // as many are sorted anyway
)

// byRefKey looks along the refs that begin with a value that the selection has.
func (w walk) byRefKey(f *field, s selection, one func(string, uint32) bool) {
	var prefixes []string
	f.values.scan(func(text string, v held) bool {
		if v.docs.in(s) > 0 {
			prefixes = append(prefixes, text+":")
		}
		return true
	})
	slices.Sort(prefixes) // with the colon, as refs are
	for _, prefix := range prefixes {
		more := true
		w.refs.ascend(prefix, func(ref string, slot uint32) bool {
			if !strings.HasPrefix(ref, prefix) {
				return false
			}
			more = one(ref, slot)
			return more
		})
		if !more {
			return
		}
	}
}

// sorted are the values of a field that the selection has, from a mark on.
func (w walk) sorted(f *field, key string, s selection, from *Mark, descending bool) iter.Seq[value] {
	return func(yield func(value) bool) {
		one := func(v value) bool { return v.docs.in(s) == 0 || yield(v) }
		if w.gathers(f, s, w.want) {
			found := w.gather(key, s)
			if descending {
				slices.Reverse(found)
			}
			for _, v := range found {
				past := from == nil || v.text == from.Value || descending == (v.text < from.Value)
				if past && !one(v) {
					return
				}
			}
			return
		}
		of := func(text string, h held) bool { return one(value{text, h}) }
		switch {
		case from == nil && descending:
			f.values.reverse(of)
		case from == nil:
			f.values.scan(of)
		case descending:
			f.values.descend(from.Value, of)
		default:
			f.values.ascend(from.Value, of)
		}
	}
}
