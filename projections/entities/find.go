package entities

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// NoOwner selects entities without an owner in [Query].Owners.
const NoOwner = "none"

// Owner returns the full ref of the entity's owner, "" when it has none.
func (e *Entry) Owner() string { return e.target("ownedBy") }

// ownerOrNone returns the owner's ref, or NoOwner for an entity that lacks an
// owner although its kind has one; "" where owning makes no sense, as for a team.
func (e *Entry) ownerOrNone() string {
	if owner := e.Owner(); owner != "" {
		return owner
	}
	kind := catalog.BuiltIn().Find(e.Entity.APIVersion, e.Entity.Kind)
	if kind != nil && slices.ContainsFunc(kind.Spec, func(f catalog.Field) bool { return f.Name == "owner" }) {
		return NoOwner
	}
	return ""
}

// System returns the full ref of the system that the entity is part of, or "".
func (e *Entry) System() string {
	for _, r := range e.Relations {
		if r.Type == "partOf" && strings.HasPrefix(r.TargetRef, "system:") {
			return r.TargetRef
		}
	}
	return ""
}

func (e *Entry) target(relation string) string {
	for _, r := range e.Relations {
		if r.Type == relation {
			return r.TargetRef
		}
	}
	return ""
}

// Type returns spec.type.
func (e *Entry) Type() string { return e.Entity.SpecString("type") }

// Lifecycle returns spec.lifecycle.
func (e *Entry) Lifecycle() string { return e.Entity.SpecString("lifecycle") }

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
	m := newMatcher(q)
	var found []*Entry
	counts := make([]map[string]int, len(m.fields))
	for i := range counts {
		counts[i] = map[string]int{}
	}
	for _, e := range s.All() {
		if !m.text(e) {
			continue
		}
		misses, missed := 0, 0
		for i, f := range m.fields {
			if !f.match(e) {
				misses, missed = misses+1, i
			}
		}
		if misses == 0 {
			found = append(found, e)
		}
		// An entity counts for a field when no other field excludes it.
		for i, f := range m.fields {
			if misses == 0 || misses == 1 && missed == i {
				for _, v := range f.values(e) {
					counts[i][v]++
				}
			}
		}
	}
	order(found, q.Order)
	facet := func(i int) []Count { return sortCounts(counts[i]) }
	r := Result{Total: len(found), All: s.length, Facets: Facets{
		Kinds: facet(0), Types: facet(1), Owners: facet(2), Lifecycles: facet(3), Tags: facet(4), Sources: facet(5),
	}}
	from := min(max(q.Offset, 0), len(found))
	to := len(found)
	if q.Limit > 0 {
		to = min(from+q.Limit, to)
	}
	r.Entries = found[from:to]
	return r
}

// field is one facet: an entity's values for it, and whether they match.
type field struct {
	values func(*Entry) []string
	wanted []string // lower-case; empty = any
	all    bool     // every wanted value must be there, not just one
}

func (f field) match(e *Entry) bool {
	if len(f.wanted) == 0 {
		return true
	}
	has := func(w string) bool {
		return slices.ContainsFunc(f.values(e), func(v string) bool { return strings.EqualFold(v, w) })
	}
	if !f.all {
		return slices.ContainsFunc(f.wanted, has)
	}
	return !slices.ContainsFunc(f.wanted, func(w string) bool { return !has(w) })
}

type matcher struct {
	fields []field // in the order of Facets
	words  []string
}

func newMatcher(q Query) matcher {
	one := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	return matcher{
		words: strings.Fields(strings.ToLower(q.Text)),
		fields: []field{
			{values: func(e *Entry) []string { return one(e.Entity.Kind) }, wanted: q.Kinds},
			{values: func(e *Entry) []string { return one(e.Type()) }, wanted: q.Types},
			{values: func(e *Entry) []string { return one(e.ownerOrNone()) }, wanted: q.Owners},
			{values: func(e *Entry) []string { return one(e.Lifecycle()) }, wanted: q.Lifecycles},
			{values: func(e *Entry) []string { return e.Entity.Metadata.Tags }, wanted: q.Tags, all: true},
			{values: func(e *Entry) []string { return one(e.Origin.Source) }, wanted: q.Sources},
		},
	}
}

func (m matcher) text(e *Entry) bool {
	if len(m.words) == 0 {
		return true
	}
	md := e.Entity.Metadata
	hay := strings.ToLower(strings.Join([]string{md.Name, md.Title, md.Description, strings.Join(md.Tags, "\n")}, "\n"))
	for _, w := range m.words {
		if !strings.Contains(hay, w) && !inAnnotations(md.Annotations, w) {
			return false
		}
	}
	return true
}

// inAnnotations looks at what people wrote; the annotations that Callboard
// derives hold paths and would match half the catalog.
func inAnnotations(all map[string]string, word string) bool {
	derived := catalog.DerivedAnnotations()
	for k, v := range all {
		if !slices.Contains(derived, k) && (strings.Contains(strings.ToLower(k), word) || strings.Contains(strings.ToLower(v), word)) {
			return true
		}
	}
	return false
}

func order(es []*Entry, by Order) {
	name := func(e *Entry) string { return strings.ToLower(e.Entity.Title()) }
	slices.SortStableFunc(es, func(a, b *Entry) int {
		switch by {
		case ByChanged:
			return cmp.Or(b.Since.Time.Compare(a.Since.Time), cmp.Compare(b.Since.Position, a.Since.Position))
		case ByOwner:
			return cmp.Or(cmp.Compare(a.Owner(), b.Owner()), cmp.Compare(name(a), name(b)))
		default:
			return cmp.Compare(name(a), name(b))
		}
	})
}

func sortCounts(m map[string]int) []Count {
	all := make([]Count, 0, len(m))
	for v, n := range m {
		all = append(all, Count{v, n})
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value)) })
	return all
}
