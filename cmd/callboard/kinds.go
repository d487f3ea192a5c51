package main

import (
	"context"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web"
)

// builtInKinds are those that every portal knows: Backstage's, and then ours.
func builtInKinds() catalog.Kinds { return append(catalog.BuiltIn(), scorecards.Kinds()...) }

// kindsOf are those that the catalog knows: what is built in, and then the
// configuration's.
func kindsOf(c config.Config) catalog.Kinds { return append(builtInKinds(), c.Catalog.Own()...) }

// shownCatalog is the catalog as the pages want it.
type shownCatalog struct {
	*entities.Snapshot
	kinds  catalog.Kinds
	isRead func(source string) bool // nil: of any it was, at a moment in the past
}

var _ web.Catalog = shownCatalog{}

// shownMoments are the moments of the catalog as the pages want them.
type shownMoments struct {
	*moments.Moments
	kinds catalog.Kinds
}

// Catalog returns the catalog at a moment.
func (s shownMoments) Catalog(ctx context.Context, m projections.Moment) (web.Catalog, error) {
	c, err := s.Moments.Catalog(ctx, m)
	return shownCatalog{c, s.kinds, nil}, err
}

// catalogAt is the catalog at a moment, as the reader of agreements wants it.
func (p *portal) catalogAt(ctx context.Context, m projections.Moment) (agreements.Catalog, error) {
	c, err := p.moments.Catalog(ctx, m)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c shownCatalog) Kinds() catalog.Kinds { return c.kinds }

func (c shownCatalog) Rejections() []*entities.Rejection {
	return readRejections(c.Snapshot.Rejections(), c.isRead)
}

func (c shownCatalog) Conflicts(ref string) []*entities.Rejection {
	return readRejections(c.Snapshot.Conflicts(ref), c.isRead)
}

// recheck has read again what the kinds of the configuration concern.
func (p *portal) recheck(ctx context.Context) error {
	return p.intake().translator.Recheck(ctx, judged(p.catalog.Snapshot(), kindsOf(p.config)))
}

// judged is what the catalog says of documents whose kind is not built in, or is
// not by its name alone.
func judged(s *entities.Snapshot, kinds catalog.Kinds) []ingest.Judged {
	concerned := func(kind string) bool {
		named := slices.DeleteFunc(slices.Clone(kinds), func(k catalog.Kind) bool { return !strings.EqualFold(k.Name, kind) })
		return len(named) == 0 || slices.ContainsFunc(named, func(k catalog.Kind) bool { return k.Own != nil })
	}
	var all []ingest.Judged
	var names []string
	for _, n := range s.Facets(nil, "kind")[0] {
		if concerned(n.Value) {
			names = append(names, n.Value)
		}
	}
	if len(names) > 0 {
		for _, row := range s.List(entities.Listing{Where: entities.Equals{Key: "kind", Values: names}, Limit: -1}).Rows {
			if e, ok := s.Get(row.Ref); ok && e.Rejection == nil {
				all = append(all, ingest.Judged{Ref: e.Ref, Origin: e.Origin, Delivery: e.Since.Cause.Delivery, Entity: e.Entity})
			}
		}
	}
	for _, r := range s.Rejections() {
		if kind, _, ok := strings.Cut(r.Ref, ":"); ok && r.With == nil && concerned(kind) {
			all = append(all, ingest.Judged{Ref: r.Ref, Origin: r.Origin, Delivery: r.Cause.Delivery, Document: r.Document, Problems: r.Problems})
		}
	}
	return all
}
