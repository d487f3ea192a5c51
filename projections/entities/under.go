package entities

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unique"

	"github.com/callboard/callboard/projections/entities/index"
)

// Under implements [index.Source].
func (a *asOf) Under(key string) iter.Seq2[uint32, index.Term] {
	return func(yield func(uint32, index.Term) bool) {
		a.timeline.mu.RLock()
		defer a.timeline.mu.RUnlock()
		switch typ, related := strings.CutPrefix(key, "relations."); {
		case related:
			a.underRelation(key, typ, yield)
		case key == keyOwner:
			owners := a.owners()
			for n := range a.slots {
				if owner := a.ownerOf(a.ref(n), owners[n]); owner != "" && !yield(uint32(n), index.Plain(key, owner)) {
					return
				}
			}
		case key == keySource || key == keyRepository || key == keyParent:
			a.underPlace(key, yield)
		case key == keyChanged:
			for n := range a.slots {
				r := a.outline(uint32(n)) //nolint:gosec // a slot
				for _, term := range r.more() {
					if term.Key == key && !yield(uint32(n), term) {
						return
					}
				}
			}
		default:
			a.underSaid(key, yield)
		}
	}
}

// ref is that of the entity in a slot.
func (a *asOf) ref(n int) string {
	if r := a.slots[n].record; r != nil {
		return r.ref
	}
	return a.timeline.lines[a.slots[n].line].ref
}

// underPlace yields where entities come from.
func (a *asOf) underPlace(key string, yield func(uint32, index.Term) bool) {
	terms := map[unique.Handle[place]]index.Term{} // many come from the same
	for n := range a.slots {
		at := a.place(n)
		term, ok := terms[at]
		if !ok {
			from := at.Value()
			term = index.Plain(key, map[string]string{keySource: from.source, keyRepository: from.repository, keyParent: from.parent}[key])
			terms[at] = term
		}
		if (key != keyParent || term.Value != "") && !yield(uint32(n), term) { //nolint:gosec // a slot
			return
		}
	}
}

func (a *asOf) place(n int) unique.Handle[place] {
	s := a.slots[n]
	if s.record != nil {
		return s.record.place
	}
	return a.timeline.places[a.timeline.lines[s.line].versions[a.chosen[s.line].version-1].place]
}

// underSaid yields what entities say themselves.
func (a *asOf) underSaid(key string, yield func(uint32, index.Term) bool) {
	t := a.timeline
	sets := make([]uint32, len(a.chosen)) // by line
	if number, ok := t.keys[key]; ok {
		for _, s := range t.steps[number] { // those of a line in the order of its versions
			if int(s.line) < len(sets) && s.version < a.chosen[s.line].version {
				sets[s.line] = s.set
			}
		}
	}
	text := slices.Contains(texts(), key)
	for n, s := range a.slots {
		set := ""
		if s.record == nil {
			set = t.sets[sets[s.line]]
		} else if all := setsOf(s.record.own, s.record.ref); true {
			if i := slices.IndexFunc(all, func(one keySet) bool { return one.key == key }); i >= 0 {
				set = all[i].set
			}
		}
		var whole []string
		more := unpackSet(set, func(written string, silent bool) bool {
			term := index.Term{Key: key, Silent: silent}
			switch {
			case silent:
			case key == keyWords:
				term.Value, term.Text = written, true
			default:
				term.Value, term.Written = strings.ToLower(written), written
				if text {
					whole = append(whole, term.Value)
				}
			}
			return yield(uint32(n), term) //nolint:gosec // a slot
		})
		if !more || len(whole) > 0 && !yield(uint32(n), index.Term{Key: key, Value: strings.Join(whole, "\x00"), Text: true}) { //nolint:gosec // a slot
			return
		}
	}
}

// related is a relation of the entity in a slot.
type related struct {
	slot   uint32
	target string
}

// relatedBy lists the relations of some types, each once, sorted.
func (a *asOf) relatedBy(wanted func(typ string) bool) []related {
	t := a.timeline
	types := make([]bool, len(t.names.types))
	for i, typ := range t.names.types {
		types[i] = wanted(typ)
	}
	slotOf := make([]int32, len(t.names.refs)) // by name, from 1
	for i, c := range a.chosen {
		if c.version > 0 {
			slotOf[t.lines[i].name] = int32(c.slot) + 1 //nolint:gosec // a slot
		}
	}
	for ref, n := range a.slotOf {
		if name, ok := t.names.numbers[ref]; ok {
			slotOf[name] = int32(n) + 1 //nolint:gosec // a slot
		}
	}
	var all []uint64 // slot and target
	for i := range a.chosen {
		for _, e := range a.edges(uint32(i)) { //nolint:gosec // a line
			if n := slotOf[e.from]; types[e.typ] && n > 0 {
				all = append(all, uint64(n-1)<<32|uint64(e.target)) //nolint:gosec // a slot
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	list := make([]related, len(all))
	for i, one := range all {
		list[i] = related{uint32(one >> 32), t.names.refs[uint32(one)]} //nolint:gosec // two halves
	}
	for ref, relations := range a.folded {
		if n, ok := a.slotFor(ref); ok {
			for _, r := range relations {
				if wanted(r.Type) {
					list = append(list, related{n, r.TargetRef})
				}
			}
		}
	}
	if len(a.folded) > 0 {
		slices.SortFunc(list, func(x, y related) int {
			return cmp.Or(cmp.Compare(x.slot, y.slot), strings.Compare(x.target, y.target))
		})
		list = slices.Compact(list)
	}
	return list
}

func (a *asOf) underRelation(key, typ string, yield func(uint32, index.Term) bool) {
	terms := newTermer(&record{})
	for _, r := range a.relatedBy(func(t string) bool { return strings.ToLower(t) == typ }) {
		terms.terms = terms.terms[:0]
		terms.related(typ, r.target)
		for _, term := range terms.terms {
			if term.Key == key && !yield(r.slot, term) {
				return
			}
		}
	}
}

// owners are the first owner of each slot; "" is none.
func (a *asOf) owners() []string {
	all := make([]string, len(a.slots))
	for _, r := range a.relatedBy(func(t string) bool { return t == ownedBy }) {
		if all[r.slot] == "" || r.target < all[r.slot] {
			all[r.slot] = r.target
		}
	}
	return all
}
