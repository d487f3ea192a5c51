package entities

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unique"

	"github.com/callboard/callboard/catalog"
)

// NoOwner selects entities without an owner in [Query].Owners.
const NoOwner = "none"

// Owner returns the full ref of the entity's owner, "" when it has none.
func (e *Entry) Owner() string { return e.owner }

// sought is what Find compares: made with the entry, so that a search of the
// whole catalog follows no pointers and allocates nothing. The values of facets
// are unique strings, which stay in the processor's cache.
type sought struct {
	kind, typ, lifecycle, source string
	owner                        string
	ownerOrNone                  string // NoOwner where an owner is missing, "" where owning makes no sense, as for a team
	tags                         []string
	title                        string // lower-case
	text                         string // see words
}

// newSought leaves the owner out, which follows from relations.
func newSought(e *catalog.Entity, source string) sought {
	once := func(s string) string { return unique.Make(s).Value() }
	s := sought{
		kind: once(e.Kind), typ: once(e.SpecString("type")), lifecycle: once(e.SpecString("lifecycle")), source: once(source),
		title: strings.ToLower(e.Title()), text: words(e),
	}
	for _, tag := range e.Metadata.Tags {
		s.tags = append(s.tags, once(tag))
	}
	return s
}

// words returns what Query.Text looks at, lower-case, a line for each. Of the
// annotations that is what people wrote: those that Callboard derives hold paths
// and would match half the catalog.
func words(e *catalog.Entity) string {
	md := e.Metadata
	all := append([]string{md.Name, md.Title, md.Description}, md.Tags...)
	derived := catalog.DerivedAnnotations()
	for k, v := range md.Annotations {
		if !slices.Contains(derived, k) {
			all = append(all, k, v)
		}
	}
	return strings.ToLower(strings.Join(all, "\n"))
}

// wantsOwner reports whether the entity's kind has an owner.
func wantsOwner(e *catalog.Entity) bool {
	kind := catalog.BuiltIn().Find(e.APIVersion, e.Kind)
	return kind != nil && slices.ContainsFunc(kind.Spec, func(f catalog.Field) bool { return f.Name == "owner" })
}

// LacksOwner reports whether the entity has no owner although its kind has one:
// people, teams and locations have none by nature.
func (e *Entry) LacksOwner() bool { return e.ownerOrNone == NoOwner }

// System returns the full ref of the system that the entity is part of, or "".
func (e *Entry) System() string {
	for _, r := range e.Relations {
		if r.Type == "partOf" && strings.HasPrefix(r.TargetRef, "system:") {
			return r.TargetRef
		}
	}
	return ""
}

// Type returns spec.type.
func (e *Entry) Type() string { return e.typ }

// Lifecycle returns spec.lifecycle.
func (e *Entry) Lifecycle() string { return e.lifecycle }

// MarshalJSON writes the entity as Backstage's API shows it, with its relations
// and, while its newest descriptor cannot be used, its status.
func (e *Entry) MarshalJSON() ([]byte, error) {
	type statusItem struct {
		Type    string `json:"type"`
		Level   string `json:"level"`
		Message string `json:"message"`
	}
	type status struct {
		Items []statusItem `json:"items"`
	}
	shown := struct {
		*catalog.Entity
		Relations []catalog.Relation `json:"relations"`
		Status    *status            `json:"status,omitempty"`
	}{e.Entity, e.Relations, nil}
	if shown.Relations == nil {
		shown.Relations = []catalog.Relation{}
	}
	if e.Rejection != nil {
		shown.Status = &status{}
		for _, p := range e.Rejection.Problems {
			shown.Status.Items = append(shown.Status.Items, statusItem{
				Type: "backstage.io/catalog-processing", Level: "error", Message: "InputError: " + e.Rejection.Describe(p),
			})
		}
	}
	return json.Marshal(shown)
}

// Find returns the page of entities that q asks for, and the facets.
func (s *Snapshot) Find(q Query) Result {
	fields := fieldsOf(q)
	words := strings.Fields(strings.ToLower(q.Text))
	from := max(q.Offset, 0)
	first := best{order: q.Order}
	if q.Limit > 0 {
		first.want = from + q.Limit
	}
	var (
		total  int
		counts [facets]map[string]int
		values [facets][]string
		single [facets][1]string // what values of one string are kept in
	)
	for i := range counts {
		counts[i] = map[string]int{}
	}
	for _, e := range s.All() {
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(e.text, w) }) {
			continue
		}
		misses, missed := 0, 0
		for i, f := range fields {
			values[i] = f.values(e, single[i][:0])
			if !f.match(values[i]) {
				misses, missed = misses+1, i
			}
		}
		if misses == 0 {
			total++
			first.add(e)
		}
		// An entity counts for a field when no other field excludes it.
		switch misses {
		case 0:
			for i := range fields {
				count(counts[i], values[i])
			}
		case 1:
			count(counts[missed], values[missed])
		}
	}
	found := first.sorted()
	facet := func(i int) []Count { return sortCounts(counts[i]) }
	return Result{
		Entries: found[min(from, len(found)):], Total: total, All: s.length,
		Facets: Facets{Kinds: facet(0), Types: facet(1), Owners: facet(2), Lifecycles: facet(3), Tags: facet(4), Sources: facet(5)},
	}
}

func count(counts map[string]int, values []string) {
	for _, v := range values {
		counts[v]++
	}
}

// facets is the number of Facets.
const facets = 6

// field is one facet: an entity's values for it, and which are wanted.
type field struct {
	values func(e *Entry, to []string) []string // appended to an empty slice, or the entity's own
	wanted []string                             // lower-case; empty = any
	all    bool                                 // every wanted value must be there, not just one
}

func (f field) match(values []string) bool {
	for _, w := range f.wanted {
		if has := slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, w) }); has != f.all {
			return has // one is enough, or one is missing
		}
	}
	return f.all || len(f.wanted) == 0
}

// fieldsOf returns the fields in the order of Facets.
func fieldsOf(q Query) [facets]field {
	one := func(value func(*Entry) string) func(*Entry, []string) []string {
		return func(e *Entry, to []string) []string {
			if v := value(e); v != "" {
				to = append(to, v)
			}
			return to
		}
	}
	return [facets]field{
		{values: one(func(e *Entry) string { return e.kind }), wanted: q.Kinds},
		{values: one(func(e *Entry) string { return e.typ }), wanted: q.Types},
		{values: one(func(e *Entry) string { return e.ownerOrNone }), wanted: q.Owners},
		{values: one(func(e *Entry) string { return e.lifecycle }), wanted: q.Lifecycles},
		{values: func(e *Entry, _ []string) []string { return e.tags }, wanted: q.Tags, all: true},
		{values: one(func(e *Entry) string { return e.source }), wanted: q.Sources},
	}
}

// best keeps the first entries in an order, of all that are added.
type best struct {
	order Sort
	want  int      // how many; 0 = all
	kept  []*Entry // once cut, the first want of them are sorted, and the others come before the last of these
	cut   bool
}

func (b *best) add(e *Entry) {
	if b.cut && b.order.compare(e, b.kept[b.want-1]) > 0 {
		return
	}
	b.kept = append(b.kept, e)
	if b.want > 0 && len(b.kept) == 2*b.want {
		b.kept, b.cut = b.sorted(), true
	}
}

func (b *best) sorted() []*Entry {
	slices.SortFunc(b.kept, b.order.compare)
	if b.want > 0 {
		return b.kept[:min(b.want, len(b.kept))]
	}
	return b.kept
}

func (o Sort) compare(a, b *Entry) int {
	by := 0
	switch o {
	case ByChanged:
		by = cmp.Or(b.Since.Time.Compare(a.Since.Time), cmp.Compare(b.Since.Position, a.Since.Position))
	case ByOwner:
		by = cmp.Or(strings.Compare(a.owner, b.owner), strings.Compare(a.title, b.title))
	case ByName:
		by = strings.Compare(a.title, b.title)
	}
	if by != 0 {
		return by
	}
	return strings.Compare(a.Ref, b.Ref)
}

func sortCounts(m map[string]int) []Count {
	all := make([]Count, 0, len(m))
	for v, n := range m {
		all = append(all, Count{v, n})
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value)) })
	return all
}
