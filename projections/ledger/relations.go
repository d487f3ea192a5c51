package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
)

// Turn is that an entity gained or lost a relation.
type Turn struct {
	catalog.Relation
	Gained bool
	At     time.Time
	Event  *history.Told // of the entity that declares the relation, or did
}

// Relations tells which relations an entity gained and lost by what it and others
// were told to be, in the order in which that counts. One is there for as long as
// any of them declares it.
func Relations(kinds catalog.Kinds, ref string, told ...[]history.Told) []Turn {
	type step struct {
		of    int // of told
		event *history.Told
	}
	var steps []step
	for of := range told {
		for i := range told[of] {
			steps = append(steps, step{of, &told[of][i]})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(a.event.Since.Compare(b.event.Since), cmp.Compare(a.event.Position, b.event.Position))
	})
	var all []Turn
	times := map[catalog.Relation]int{}
	texts, had := make([]string, len(told)), make([][]catalog.Relation, len(told))
	for _, s := range steps {
		if s.event.Entity == texts[s.of] {
			continue
		}
		texts[s.of] = s.event.Entity
		has := relations(kinds, s.event.Entity, ref)
		for _, r := range has {
			if times[r]++; times[r] == 1 {
				all = append(all, Turn{r, true, s.event.Since, s.event})
			}
		}
		for _, r := range had[s.of] {
			if times[r]--; times[r] == 0 {
				all = append(all, Turn{r, false, s.event.Since, s.event})
			}
		}
		had[s.of] = has
	}
	return all
}

// relations are those of ref that an entity declares, each once and sorted.
func relations(kinds catalog.Kinds, entity, ref string) []catalog.Relation {
	var all []catalog.Relation
	if entity == "" {
		return nil
	}
	for _, e := range kinds.Edges(read(entity)) {
		if e.From.String() == ref {
			all = append(all, catalog.Relation{Type: e.Type, TargetRef: e.To.String()})
		}
	}
	slices.SortFunc(all, func(a, b catalog.Relation) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.TargetRef, b.TargetRef))
	})
	return slices.Compact(all)
}

// Relations tells which relations an entity gained and lost after a time up to a
// moment. Those that others declare are found where they were there at either end,
// or where a change in between names the entity.
func (l *Ledger) Relations(ctx context.Context, ref string, from time.Time, to projections.Moment) ([]Turn, error) {
	own, err := l.Versions(ctx, ref, to)
	if err != nil {
		return nil, err
	}
	before, after, err := l.ends(ctx, from, to)
	if err != nil {
		return nil, err
	}
	var beside []string
	for _, s := range []*entities.Snapshot{before, after} {
		if e, ok := s.Get(ref); ok {
			for _, r := range e.Relations {
				beside = append(beside, r.TargetRef)
			}
		}
	}
	refs, err := l.around(ctx, ref, from, to, beside)
	if err != nil {
		return nil, err
	}
	// What it declares itself the other end may have declared, too, long ago.
	for _, one := range own {
		for _, r := range relations(l.kinds, one.Entity, ref) {
			refs = append(refs, r.TargetRef)
		}
	}
	slices.Sort(refs)
	refs = slices.DeleteFunc(slices.Compact(refs), func(one string) bool { return one == ref })
	others, err := l.Tell(ctx, to, refs...)
	if err != nil {
		return nil, err
	}
	each := [][]history.Told{own}
	for _, one := range refs {
		each = append(each, others[one])
	}
	turns := Relations(l.kinds, ref, each...)
	return slices.DeleteFunc(turns, func(t Turn) bool { return !t.At.After(from) }), nil
}
