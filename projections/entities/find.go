package entities

import (
	"cmp"
	"slices"
	"strings"

	"github.com/callboard/callboard/projections/entities/index"
)

// NoOwner selects entities without an owner in [Query].Owners.
const NoOwner = "none"

// Owner returns the full ref of the entity's owner, "" when it has none.
func (e *Entry) Owner() string { return e.target("ownedBy", "") }

// System returns the full ref of the system that the entity is part of, or "".
func (e *Entry) System() string { return e.target("partOf", "system:") }

func (e *Entry) target(typ, prefix string) string {
	for _, r := range e.Relations {
		if r.Type == typ && strings.HasPrefix(r.TargetRef, prefix) {
			return r.TargetRef
		}
	}
	return ""
}

// LacksOwner reports whether the entity has no owner although its kind has one:
// people, teams and locations have none by nature.
func (e *Entry) LacksOwner() bool { return e.lacksOwner }

// Type returns spec.type.
func (e *Entry) Type() string { return e.Entity.SpecString("type") }

// Lifecycle returns spec.lifecycle.
func (e *Entry) Lifecycle() string { return e.Entity.SpecString("lifecycle") }

// MarshalJSON writes the entity as Backstage's API shows it.
func (e *Entry) MarshalJSON() ([]byte, error) { return e.JSON.MarshalJSON() }

// facet is one field of a Query that is counted.
type facet struct {
	key    string
	wanted []string
	all    bool // every wanted value must be there, not just one
	counts func(*Facets) *[]Count
}

func facetsOf(q Query) []facet {
	return []facet{
		{"kind", q.Kinds, false, func(f *Facets) *[]Count { return &f.Kinds }},
		{"spec.type", q.Types, false, func(f *Facets) *[]Count { return &f.Types }},
		{keyOwner, q.Owners, false, func(f *Facets) *[]Count { return &f.Owners }},
		{"spec.lifecycle", q.Lifecycles, false, func(f *Facets) *[]Count { return &f.Lifecycles }},
		{"metadata.tags", q.Tags, true, func(f *Facets) *[]Count { return &f.Tags }},
		{keySource, q.Sources, false, func(f *Facets) *[]Count { return &f.Sources }},
	}
}

// where is what a facet selects, nil for everything.
func (f facet) where() Where {
	switch {
	case len(f.wanted) == 0:
		return nil
	case !f.all:
		return Equals{Key: f.key, Values: f.wanted}
	}
	var all All
	for _, v := range f.wanted {
		all = append(all, Equals{Key: f.key, Values: []string{v}})
	}
	return all
}

// Find returns the page of entities that q asks for, and the facets.
func (s *Snapshot) Find(q Query) Result {
	fields := facetsOf(q)
	// A facet that narrows counts as if it did not.
	rest := All{}
	for _, word := range strings.Fields(q.Text) {
		rest = append(rest, index.Contains{Keys: searched(), Text: word})
	}
	if q.Refs != nil {
		rest = append(rest, In(q.Refs))
	}
	if q.Parents != nil {
		rest = append(rest, Equals{Key: keyParent, Values: q.Parents})
	}
	keys := []string{keyTitle}
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	s.index.Prepare(rest, keys...)
	base := s.index.Evaluate(rest)
	whole := All{base}
	for _, f := range fields {
		if w := f.where(); w != nil {
			whole = append(whole, w)
		}
	}
	chosen := s.index.Evaluate(whole)
	r := Result{All: s.Len(), Total: s.Count(chosen)}
	for _, f := range fields {
		within := chosen
		if len(f.wanted) > 0 && !f.all { // one more value that must be there narrows further
			others := All{base}
			for _, other := range fields {
				if w := other.where(); w != nil && other.key != f.key {
					others = append(others, w)
				}
			}
			within = s.index.Evaluate(others)
		}
		*f.counts(&r.Facets) = byCount(s.Facets(within, f.key)[0])
	}
	limit := q.Limit
	if limit == 0 {
		limit = -1
	}
	for _, row := range s.index.List(Listing{Where: chosen, Order: q.Order.order(), Offset: max(q.Offset, 0), Limit: limit}).Rows {
		r.Entries = append(r.Entries, s.entry(row.Doc.(*record)))
	}
	return r
}

func (o Sort) order() Order {
	switch o {
	case ByChanged:
		return Order{Fields: []Field{{Key: keyChanged, Descending: true}}}
	case ByOwner:
		return Order{Fields: []Field{{Key: "relations.ownedby"}, {Key: keyTitle}}, Lacking: true, ByRef: true}
	case ByName:
	}
	return Order{Fields: []Field{{Key: keyTitle}}, ByRef: true, Lacking: true}
}

// byCount sorts as pages show it: highest count first.
func byCount(counts []Count) []Count {
	slices.SortStableFunc(counts, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	return counts
}
