package evidence

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/ledger"
)

// together is how many declarations are asked at once: to ask each by itself takes many
// times as long.
const together = 4000

// sieve finds the entities that a filter selects by what any of their declarations
// says. Of those that are asked together it may be selected by what others say of them,
// too; so each that was found is asked again, alone.
type sieve struct {
	kinds  catalog.Kinds
	where  entities.Where
	passed map[string]bool
	// layers are declarations that wait, by ref: in each is one of an entity.
	layers  []map[string]eventlog.Record
	waiting int
}

func (s *sieve) take(ctx context.Context, rec eventlog.Record) error {
	rec.Extensions = nil // what was found in the past was there, too
	i := slices.IndexFunc(s.layers, func(layer map[string]eventlog.Record) bool { return layer[rec.Subject].Position == 0 })
	if i < 0 {
		i, s.layers = len(s.layers), append(s.layers, map[string]eventlog.Record{})
	}
	s.layers[i][rec.Subject] = rec
	if s.waiting++; s.waiting < together {
		return nil
	}
	return s.ask(ctx)
}

// ask asks those that wait.
func (s *sieve) ask(ctx context.Context) error {
	for _, layer := range s.layers {
		all := entities.NewOf(s.kinds)
		if err := all.Apply(ctx, slices.SortedFunc(maps.Values(layer), func(a, b eventlog.Record) int { return cmp.Compare(a.Position, b.Position) })); err != nil {
			return err
		}
		for _, row := range all.Snapshot().List(entities.Listing{Where: s.where, Limit: -1}).Rows {
			is, err := ledger.Declares(ctx, s.kinds, layer[row.Ref], s.where)
			if err != nil {
				return err
			}
			if is {
				s.passed[row.Ref] = true
			}
		}
	}
	s.layers, s.waiting = nil, 0
	return nil
}
