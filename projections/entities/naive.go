package entities

import (
	"encoding/json"
	"slices"
	"strings"
)

// This file is the plain form of what the index does, until that is there.

// JSON returns the entity with a full lower-case ref as Backstage's API shows it.
func (s *Snapshot) JSON(ref string) (string, bool) {
	e, ok := s.Get(ref)
	if !ok {
		return "", false
	}
	return e.json(), true
}

func (e *Entry) json() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Pick returns the entities with full refs as Backstage's API shows them, in the
// order of refs; "" for one that is not there, or that w does not select.
func (s *Snapshot) Pick(refs []string, w Where) []string {
	all := make([]string, len(refs))
	for i, ref := range refs {
		if e, ok := s.Get(ref); ok && selects(w, e) {
			all[i] = e.json()
		}
	}
	return all
}

// ByUID returns the full ref of the entity with a uid.
func (s *Snapshot) ByUID(uid string) (string, bool) {
	for _, e := range s.All() {
		if e.Entity.Metadata.UID == uid {
			return e.Ref, true
		}
	}
	return "", false
}

// Facets counts, for each key, the entities that w selects by the values of that
// key as they are written, sorted by value, byte for byte.
func (s *Snapshot) Facets(w Where, keys ...string) [][]Count {
	all := make([][]Count, len(keys))
	for i, key := range keys {
		counts := map[string]int{}
		for _, e := range s.All() {
			if !selects(w, e) {
				continue
			}
			seen := map[string]bool{}
			add := func(k, v string) {
				if strings.EqualFold(k, key) && len(v) <= maxValue && !seen[v] {
					seen[v] = true
					counts[v]++
				}
			}
			flatten("", e.Entity.Object(), add, func(string) {})
			for _, r := range e.Relations {
				add("relations."+r.Type, r.TargetRef)
			}
		}
		all[i] = []Count{}
		for v, n := range counts {
			all[i] = append(all[i], Count{v, n})
		}
		slices.SortFunc(all[i], func(a, b Count) int { return strings.Compare(a.Value, b.Value) })
	}
	return all
}

// List returns a part of a list.
func (s *Snapshot) List(l Listing) Rows {
	var found []*Entry
	for _, e := range s.All() {
		if !selects(l.Where, e) {
			continue
		}
		if len(l.Order.Fields) > 0 && !l.Order.Lacking {
			if _, ok := e.Value(l.Order.Fields[0].Key); !ok {
				continue
			}
		}
		found = append(found, e)
	}
	slices.SortFunc(found, l.Order.compare)
	rows := Rows{}
	if l.Count {
		rows.Total = len(found)
	}
	from, to := 0, len(found)
	if l.From != nil {
		for i, e := range found {
			m := l.Order.mark(e)
			if before := l.Order.compareMarks(m, *l.From); l.Back && before < 0 {
				to = i + 1
			} else if !l.Back && before <= 0 {
				from = i + 1
			}
		}
		if l.Back && to == len(found) && (len(found) == 0 || l.Order.compareMarks(l.Order.mark(found[0]), *l.From) >= 0) {
			to = 0
		}
	}
	if l.Back {
		to = max(from, to-l.Offset)
		if l.Limit >= 0 {
			from = max(from, to-l.Limit)
		}
	} else {
		from = min(to, from+l.Offset)
		if l.Limit >= 0 {
			to = min(to, from+l.Limit)
		}
	}
	for _, e := range found[from:to] {
		rows.Rows = append(rows.Rows, Row{e.Ref, e.json(), l.Order.mark(e)})
	}
	return rows
}

func (o Order) mark(e *Entry) Mark {
	m := Mark{ID: uint64(e.Since.Position)}
	if len(o.Fields) > 0 {
		m.Value, _ = e.Value(o.Fields[0].Key)
	}
	return m
}

func (o Order) compareMarks(a, b Mark) int {
	by := strings.Compare(a.Value, b.Value)
	if by == 0 {
		by = int(a.ID) - int(b.ID)
	}
	if len(o.Fields) > 0 && o.Fields[0].Descending {
		return -by
	}
	return by
}

func (o Order) compare(a, b *Entry) int {
	for _, f := range o.Fields {
		va, hasA := a.Value(f.Key)
		vb, hasB := b.Value(f.Key)
		switch {
		case !hasA && !hasB:
			continue
		case !hasA:
			return 1
		case !hasB:
			return -1
		}
		if by := strings.Compare(va, vb); by != 0 {
			if f.Descending {
				return -by
			}
			return by
		}
	}
	if o.ByRef {
		return strings.Compare(a.Ref, b.Ref)
	}
	return o.compareMarks(o.mark(a), o.mark(b))
}

func selects(w Where, e *Entry) bool {
	has := func(key string, f func(string) bool) bool {
		return slices.ContainsFunc(e.search()[strings.ToLower(key)], f)
	}
	switch w := w.(type) {
	case nil:
		return true
	case All:
		return !slices.ContainsFunc(w, func(w Where) bool { return !selects(w, e) })
	case Any:
		return slices.ContainsFunc(w, func(w Where) bool { return selects(w, e) })
	case Not:
		return !selects(w.Where, e)
	case Exists:
		_, ok := e.search()[strings.ToLower(w.Key)]
		return ok
	case Equals:
		return has(w.Key, func(v string) bool {
			return slices.ContainsFunc(w.Values, func(x string) bool { return strings.ToLower(x) == v })
		})
	case Prefix:
		return has(w.Key, func(v string) bool { return strings.HasPrefix(v, strings.ToLower(w.Prefix)) })
	case Like:
		return slices.ContainsFunc(w.Keys, func(k string) bool {
			return has(k, func(v string) bool { return strings.Contains(v, strings.ToLower(w.Term)) })
		})
	case In:
		return slices.Contains(w, e.Ref)
	}
	return false
}
