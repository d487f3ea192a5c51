package ingest

import (
	"context"
	"slices"

	"github.com/callboard/callboard/event"
)

// reads reports whether somebody looks after what is declared in a source: it is
// configured, or it is that of the locations or of what people made in the portal.
func (t *Translator) reads(source string) bool {
	return source == LocationsSource || source == event.PortalSource || slices.ContainsFunc(t.lanes, func(l *lane) bool { return l.source.Name() == source })
}

// TakeOver is to be called whenever the sources may be others than before, with what is
// refused, and with the repositories of the sources that are configured in which one
// that is not has an entity still. What may declare an entity of such a source is looked
// at: the entity is its own then, without a push.
//
// Locations are read at the start anyway, and so are people.
func (t *Translator) TakeOver(ctx context.Context, refused []Rejection, shared []event.Repository) error {
	wanting := slices.Clone(shared)
	for _, r := range refused {
		if r.With != nil && !t.reads(r.With.Source) {
			wanting = append(wanting, event.Repository{Source: r.Origin.Source, ID: r.Origin.RepositoryID, FullName: r.Origin.Repository})
		}
	}
	asked := map[[2]string]bool{}
	tick := event.Cause{Schedule: ScheduleTick("sources", t.Now())}
	for _, repo := range wanting {
		key := [2]string{repo.Source, repo.ID}
		if repo.Source == LocationsSource || !t.reads(repo.Source) || asked[key] {
			continue
		}
		asked[key] = true
		stands, err := t.Reached.Unfinished(ctx, repo.Source, repo.ID, "")
		if err != nil {
			return err
		}
		if stands != "" && stands != event.DeliveryFailed { // that settles it, too
			continue
		}
		due := event.RepositoryDue{Repository: repo, Reason: "it may declare what a source has that is not configured any more"}
		if err := t.Due(ctx, due, tick); err != nil {
			return err
		}
	}
	return nil
}
