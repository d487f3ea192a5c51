package index

import (
	"cmp"
	"slices"
	"strings"
)

// build adds the values of documents that are new. They are the whole of a replay,
// so each is looked up where there is room for all of them, and only what differs
// is sorted.
func (f *field) build(all []*deltas) {
	var silent, valued []uint32
	n := 0
	for _, ds := range all {
		silent = append(silent, ds.silent...)
		n += len(ds.fresh)
	}
	f.silent.addAll(slices.Compact(silent))
	if n == 0 {
		return
	}
	valued = make([]uint32, 0, n)
	for _, ds := range all {
		for _, d := range ds.fresh {
			valued = append(valued, d.slot)
		}
	}
	f.valued.addAll(slices.Compact(valued))
	groups := group(all, n)
	var slots []uint32 // its memory is used for one value after the other
	f.values = f.values.with(len(groups), func(i int) string { return groups[i].text }, func(i int, h held, known bool) (held, bool) {
		slots = slots[:0]
		for _, d := range groups[i].all {
			slots = append(slots, d.slot)
		}
		return f.join(groups[i], slices.Compact(slots), h, known), true
	})
}

// grouped is what is new under one value, in the order of slots.
type grouped struct {
	text string
	all  []*fresh
}

// group returns what is new under a key by its values, sorted.
func group(all []*deltas, n int) []grouped {
	numbers := map[string]uint32{} // of groups
	var texts []string             // of groups
	of := make([]uint32, 0, n)     // number of each
	var sizes []int
	for _, ds := range all {
		for i, d := range ds.fresh {
			if i > 0 && d.value == ds.fresh[i-1].value {
				of = append(of, of[len(of)-1])
			} else {
				number, known := numbers[d.value]
				if !known {
					number = uint32(len(texts)) //nolint:gosec // fewer than slots
					numbers[d.value] = number
					texts, sizes = append(texts, d.value), append(sizes, 0)
				}
				of = append(of, number)
			}
			sizes[of[len(of)-1]]++
		}
	}
	order := make([]uint32, len(texts)) // place of each group
	groups := make([]grouped, len(texts))
	memory := make([]*fresh, n)
	for place, number := range sortedTexts(texts) {
		order[number] = uint32(place) //nolint:gosec // fewer than slots
		groups[place] = grouped{texts[number], memory[:0:sizes[number]]}
		memory = memory[sizes[number]:]
	}
	for _, ds := range all {
		for i := range ds.fresh {
			g := &groups[order[of[0]]]
			g.all = append(g.all, &ds.fresh[i])
			of = of[1:]
		}
	}
	return groups
}

// sortedTexts returns the order of different texts. See [sortDeltas].
func sortedTexts(texts []string) []uint32 {
	same := len(texts[0])
	for _, text := range texts[1:] {
		same = common(texts[0][:same], text)
	}
	type keyed struct {
		first, second uint64
		number        uint32
	}
	all := make([]keyed, len(texts))
	for i, text := range texts {
		all[i] = keyed{eight(text, same), eight(text, same+8), uint32(i)} //nolint:gosec // fewer than slots
	}
	slices.SortFunc(all, func(a, b keyed) int {
		switch {
		case a.first != b.first:
			return cmp.Compare(a.first, b.first)
		case a.second != b.second:
			return cmp.Compare(a.second, b.second)
		}
		return strings.Compare(texts[a.number], texts[b.number])
	})
	numbers := make([]uint32, len(all))
	for i, k := range all {
		numbers[i] = k.number
	}
	return numbers
}

// join adds to a value what is new under it, in some slots.
func (f *field) join(g grouped, slots []uint32, h held, known bool) held {
	joined := held{written: h.written}
	if known {
		joined.docs = h.docs.withAll(slots)
		f.pairs += joined.docs.len() - h.docs.len()
	} else {
		joined.docs = postingOf(slots)
		f.pairs += len(slots)
	}
	if h.written == nil {
		if !slices.ContainsFunc(g.all, func(d *fresh) bool { return d.written != g.text }) {
			return joined
		}
		if known {
			joined.written = &spelling{text: g.text, docs: h.docs.frozen()}
		}
	}
	perText := map[string][]uint32{}
	var texts []string // in the order in which they come
	for _, d := range g.all {
		if _, ok := perText[d.written]; !ok {
			texts = append(texts, d.written)
		}
		perText[d.written] = append(perText[d.written], d.slot)
	}
	for _, text := range texts {
		joined.written = joined.written.withAll(text, slices.Compact(perText[text]))
	}
	if joined.written.next == nil { // all are written so
		joined.written = &spelling{text: joined.written.text, docs: joined.docs}
	}
	return joined
}

// withAll returns the list in which text has more documents.
func (s *spelling) withAll(text string, slots []uint32) *spelling {
	switch {
	case s == nil:
		return &spelling{text: text, docs: postingOf(slots)}
	case s.text == text:
		return &spelling{text, s.docs.withAll(slots), s.next}
	default:
		return &spelling{s.text, s.docs, s.next.withAll(text, slots)}
	}
}
