package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// field is all that is known under one search key: its values in order, each
// with the documents that have it. A change makes a new version; what it does
// not touch is shared with the one before.
type field struct {
	batch  uint64
	values sorted[held]
	// valued are the documents with a value that compares, silent those of which
	// the key says no more than that it is there.
	valued, silent set
	// pairs counts documents once for each of their values.
	pairs int
}

// value is one value of a key, in lower case.
type value struct {
	text string
	held
}

// held is what is known of a value.
type held struct {
	docs    posting
	written *spelling // how it is written, if not just so everywhere
}

// spelling is one way in which a value is written, with the documents that do.
// It never changes.
type spelling struct {
	text string
	docs posting
	next *spelling
}

// next returns the version that a batch may write to.
func (f *field) next(batch uint64) *field {
	n := *f
	n.batch = batch
	return &n
}

func (f *field) empty() bool { return !f.valued.some && !f.silent.some }

// apply changes what a batch changes under the key.
func (f *field) apply(all []*deltas) {
	n := 0
	for _, ds := range all {
		n += len(ds.values)
		f.states(ds.states)
	}
	f.build(all)
	if n == 0 {
		return
	}
	values := make([]delta, 0, n)
	for _, ds := range all {
		values = append(values, ds.values...)
	}
	sortDeltas(values)
	var groups [][]delta // of one value each
	for len(values) > 0 {
		n := 1
		for n < len(values) && values[n].value == values[0].value {
			n++
		}
		groups = append(groups, values[:n])
		values = values[n:]
	}
	f.values = f.values.with(len(groups), func(i int) string { return groups[i][0].value }, func(i int, h held, known bool) (held, bool) {
		return f.change(h, known, groups[i])
	})
}

// sortDeltas sorts by value, then slot. Most are told apart by 16 bytes, which are
// kept beside one another: the values themselves lie all over the memory.
func sortDeltas(ds []delta) {
	if len(ds) < 2 {
		return
	}
	same := len(ds[0].value)
	for _, d := range ds[1:] {
		same = common(ds[0].value[:same], d.value)
	}
	type keyed struct {
		first, second uint64
		delta
	}
	all := make([]keyed, len(ds))
	for i, d := range ds {
		all[i] = keyed{eight(d.value, same), eight(d.value, same+8), d}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		switch {
		case a.first != b.first:
			return cmp.Compare(a.first, b.first)
		case a.second != b.second:
			return cmp.Compare(a.second, b.second)
		}
		return cmp.Or(strings.Compare(a.value, b.value), cmp.Compare(a.slot, b.slot))
	})
	for i := range all {
		ds[i] = all[i].delta
	}
}

// common returns the length of what two texts begin with.
func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// eight returns up to eight bytes of a text as a number that sorts as they do.
func eight(text string, from int) uint64 {
	if from >= len(text) {
		return 0
	}
	var b [8]byte
	copy(b[:], text[from:])
	return binary.BigEndian.Uint64(b[:])
}

// states notes of which documents the key has a value.
func (f *field) states(all []state) {
	note := func(s *set, slot uint32, is bool) {
		switch was := s.contains(slot); {
		case is && !was:
			s.add(slot, f.batch)
		case was && !is:
			s.remove(slot, f.batch)
		}
	}
	for _, s := range all {
		note(&f.valued, s.slot, s.valued)
		note(&f.silent, s.slot, s.silent)
	}
}

// change changes the documents of one value; it reports whether any is left.
func (f *field) change(h held, known bool, ds []delta) (held, bool) {
	v := value{ds[0].value, h}
	for _, d := range ds {
		if d.added {
			f.add(&v, known, d)
			known = true
		} else if known {
			known = f.remove(&v, d)
		}
	}
	return v.held, known
}

// add gives the value one more document; known is whether it has any.
func (f *field) add(v *value, known bool, d delta) {
	if !known {
		v.docs = posting{one: d.slot}
		if v.written = nil; d.written != v.text {
			v.written = &spelling{text: d.written, docs: v.docs}
		}
		f.pairs++
		return
	}
	if v.written == nil && d.written != v.text {
		v.written = &spelling{text: v.text, docs: v.docs.frozen()}
	}
	if v.written != nil {
		v.written = v.written.with(d.written, d.slot, f.batch)
	}
	if !v.docs.contains(d.slot) {
		f.pairs++
		v.docs = v.docs.with(d.slot, f.batch)
	}
}

// remove takes a document from the value; it reports whether any is left.
func (f *field) remove(v *value, d delta) bool {
	if v.written != nil {
		v.written = v.written.without(d.written, d.slot, f.batch)
		for s := v.written; s != nil; s = s.next {
			if s.docs.contains(d.slot) { // written in two ways by the same document
				return true
			}
		}
	}
	f.pairs--
	docs, left := v.docs.without(d.slot, f.batch)
	v.docs = docs
	return left
}

// with returns the list in which text has one more document.
func (s *spelling) with(text string, slot uint32, batch uint64) *spelling {
	switch {
	case s == nil:
		return &spelling{text: text, docs: posting{one: slot}}
	case s.text == text:
		return &spelling{text, s.docs.with(slot, batch), s.next}
	default:
		return &spelling{s.text, s.docs, s.next.with(text, slot, batch)}
	}
}

// without returns the list in which text has one document less.
func (s *spelling) without(text string, slot uint32, batch uint64) *spelling {
	switch {
	case s == nil:
		return nil
	case s.text != text:
		return &spelling{s.text, s.docs, s.next.without(text, slot, batch)}
	}
	if docs, left := s.docs.without(slot, batch); left {
		return &spelling{text, docs, s.next}
	}
	return s.next
}
