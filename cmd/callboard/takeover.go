package main

import (
	"context"
	"slices"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// takeOver has looked at what declares an entity of a source that is not configured
// any more.
func (p *portal) takeOver(ctx context.Context, in *intake) error {
	var refused []ingest.Rejection
	for _, r := range p.catalog.Snapshot().Rejections() {
		refused = append(refused, ingest.Rejection{EntityRejected: r.EntityRejected, With: r.With})
	}
	shared, err := p.shared(ctx, in)
	if err != nil {
		return err
	}
	return in.translator.TakeOver(ctx, refused, shared)
}

// shared lists the repositories of configured sources in which one that is not
// configured has an entity still: they have the same name. A source may have been
// renamed, or be back.
func (p *portal) shared(ctx context.Context, in *intake) ([]event.Repository, error) {
	var all []event.Repository
	for _, n := range p.catalog.Snapshot().Find(entities.Query{Limit: 1}).Facets.Sources {
		if n.Value == event.LocationsSource || n.Value == event.PortalSource || slices.Contains(sourceNames(in.config), n.Value) {
			continue
		}
		known, err := p.surveyed().All(ctx, n.Value)
		if err != nil {
			return nil, err
		}
		for _, was := range known {
			if declared, _ := p.catalog.Repository(n.Value, was.ID); len(declared) == 0 {
				continue
			}
			for _, source := range sourceNames(in.config) {
				is, err := p.repositories.Named(ctx, source, was.FullName)
				if fault.KindOf(err) == fault.NotFound {
					continue
				}
				if err != nil {
					return nil, err
				}
				all = append(all, is.Repository)
			}
		}
	}
	return all, nil
}

// isRead reports whether somebody reads what is declared in a source.
func (p *portal) isRead(source string) bool {
	return source == event.LocationsSource || source == event.PortalSource || slices.Contains(sourceNames(p.intake().config), source)
}

// readRejections leaves out what a source was refused that nobody reads any more: it
// is wrong for ever, and nobody can mend it.
func readRejections(all []*entities.Rejection, isRead func(source string) bool) []*entities.Rejection {
	unread := func(r *entities.Rejection) bool { return !isRead(r.Origin.Source) }
	if isRead == nil || !slices.ContainsFunc(all, unread) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), unread)
}
