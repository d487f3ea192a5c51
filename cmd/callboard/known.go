package main

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/techdocs/store"
)

// known lets the translator ask the current catalog, once that has seen all that
// the translator wrote.
type known struct {
	runner  *projections.Runner
	catalog *entities.Catalog
}

var _ ingest.Known = known{}

func (k known) Repository(ctx context.Context, after eventlog.Position, source, id string) ([]event.Declaration, []ingest.Rejection, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return nil, nil, err
	}
	es, rs := k.catalog.Repository(source, id)
	declared := make([]event.Declaration, len(es))
	for i, e := range es {
		declared[i] = event.Declaration{Entity: *e.Entity, Origin: e.Origin}
	}
	rejected := make([]ingest.Rejection, len(rs))
	for i, r := range rs {
		rejected[i] = ingest.Rejection{EntityRejected: r.EntityRejected, With: r.With}
	}
	return declared, rejected, nil
}

func (k known) Declared(ctx context.Context, after eventlog.Position, ref string) (event.Declaration, bool, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return event.Declaration{}, false, err
	}
	e, ok := k.catalog.Snapshot().Get(ref)
	if !ok {
		return event.Declaration{}, false, nil
	}
	return event.Declaration{Entity: *e.Entity, Origin: e.Origin}, true, nil
}

func (k known) Refused(ctx context.Context, after eventlog.Position, ref string) ([]string, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return nil, err
	}
	var all []string
	for _, r := range slices.Backward(k.catalog.Snapshot().Rejections()) {
		if r.Ref == ref {
			all = append(all, r.Cause.Delivery)
		}
	}
	return all, nil
}

func (k known) Count(ctx context.Context, after eventlog.Position, source string) (int, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return 0, err
	}
	return k.catalog.Snapshot().Count(entities.FromSource(source)), nil
}

// knownRepositories lets the translator ask what is known of repositories, in the
// same way.
type knownRepositories struct {
	runner       *projections.Runner
	repositories *repositories.Repositories
}

func (k knownRepositories) Deleted(ctx context.Context, after eventlog.Position, source, id string) (bool, error) {
	if err := k.runner.Wait(ctx, repositories.Name, after); err != nil {
		return false, err
	}
	r, err := k.repositories.Get(ctx, source, id)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return !r.Deleted.IsZero(), err
}

func (k knownRepositories) State(ctx context.Context, after eventlog.Position, source, id string) (event.RepositoryState, bool, error) {
	if err := k.runner.Wait(ctx, repositories.Name, after); err != nil {
		return event.RepositoryState{}, false, err
	}
	r, err := k.repositories.Get(ctx, source, id)
	if fault.KindOf(err) == fault.NotFound {
		return event.RepositoryState{}, false, nil
	}
	return r.RepositoryState, err == nil && r.Deleted.IsZero(), err
}

func (k knownRepositories) Fact(ctx context.Context, after eventlog.Position, source, id, fact string) (json.RawMessage, error) {
	if err := k.runner.Wait(ctx, repositories.Name, after); err != nil {
		return nil, err
	}
	f, err := k.repositories.Fact(ctx, source, id, fact)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return f.Value, err
}

// knownDocs lets the translator ask what was told of documentation, in the same way.
type knownDocs struct {
	runner *projections.Runner
	docs   *docs.Docs
}

func (k knownDocs) Told(ctx context.Context, after eventlog.Position, entity string) (told ingest.DocsTold, err error) {
	if err := k.runner.Wait(ctx, docs.Name, after); err != nil {
		return told, err
	}
	state, err := k.docs.Get(ctx, entity, projections.Moment{})
	if fault.KindOf(err) == fault.NotFound {
		return told, nil
	}
	if err != nil || state.Shown == nil {
		told.Failed = state.Failure
		return told, err
	}
	published, err := k.docs.Published(ctx, state.Shown.Position)
	return ingest.DocsTold{Published: &published, Failed: state.Failure}, err
}

// sweepDocs deletes contents of documentation that no event names, before anything is
// read that might be published.
func (p *portal) sweepDocs(ctx context.Context) {
	last, err := p.events.Last(ctx)
	if err == nil {
		err = p.runner.Wait(ctx, docs.Name, last)
	}
	swept := 0
	if err == nil {
		swept, err = p.contents.Sweep(ctx, p.docs.Named)
	}
	if err != nil && ctx.Err() == nil {
		p.logger.WarnContext(ctx, "contents of documentation that nothing names are left", "error", err)
	}
	if swept > 0 {
		p.logger.InfoContext(ctx, "contents of documentation that nothing names are deleted", "contents", swept)
	}
}

// surveyed lets surveys ask the read models, as far as these have come.
type surveyed struct {
	runner       *projections.Runner // of the events
	catalog      *entities.Catalog
	repositories *repositories.Repositories
	deliveries   *deliveries.Deliveries
	docs         *docs.Docs
	contents     *store.Store
}

var (
	_ survey.Repositories = surveyed{}
	_ survey.Deliveries   = surveyed{}
)

func (p *portal) surveyed() surveyed {
	return surveyed{p.runner, p.catalog, p.repositories, p.deliveries, p.docs, p.contents}
}

func (s surveyed) State(ctx context.Context, source, id string) (event.RepositoryState, bool, error) {
	return knownRepositories{s.runner, s.repositories}.State(ctx, 0, source, id)
}

func (s surveyed) Listed(ctx context.Context, source, id string) (bool, error) {
	value, err := knownRepositories{s.runner, s.repositories}.Fact(ctx, 0, source, id, event.FactAlerts)
	return value != nil, err
}

func (s surveyed) Documented(ctx context.Context, source, id string) (bool, error) {
	if err := s.runner.Wait(ctx, docs.Name, 0); err != nil {
		return false, err
	}
	declared, _ := s.catalog.Repository(source, id)
	for _, e := range declared {
		if e.Entity.Metadata.Annotations[ingest.AnnotationDocs] == "" {
			continue
		}
		state, err := s.docs.Get(ctx, e.Ref, projections.Moment{})
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if state.Shown == nil { // the newest commit has none that could be shown
			continue
		}
		published, err := s.docs.Published(ctx, state.Shown.Position)
		if err != nil {
			return false, err
		}
		if all, err := s.contents.HasAll(ctx, published.Blobs()); err != nil || !all {
			return false, err
		}
	}
	return true, nil
}

func (s surveyed) All(ctx context.Context, source string) ([]event.RepositoryState, error) {
	const page = 500
	var all []event.RepositoryState
	for after := ""; ; {
		some, err := s.repositories.List(ctx, source, after, page)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			all, after = append(all, r.RepositoryState), r.FullName
		}
		if len(some) < page {
			return all, nil
		}
	}
}

func (s surveyed) Open(ctx context.Context, source string) ([]event.SourceGapFound, error) {
	const most = 1000 // those that are left come next time
	gaps, err := s.repositories.Gaps(ctx, source, most)
	if err != nil {
		return nil, err
	}
	var open []event.SourceGapFound
	for _, g := range gaps {
		if g.Closed.IsZero() {
			open = append(open, g.SourceGapFound)
		}
	}
	return open, nil
}

func (s surveyed) Reached(ctx context.Context, source, id string) (string, error) {
	return s.deliveries.Reached(ctx, source, id)
}

func (s surveyed) Unfinished(ctx context.Context, source, id, head string) (event.DeliveryStatus, error) {
	return s.deliveries.Unfinished(ctx, source, id, head)
}

func (s surveyed) Pending(ctx context.Context, source string) (int, error) {
	backlogs, err := s.deliveries.Backlogs(ctx)
	return backlogs[source].Pending, err
}

func (s surveyed) Delivers(ctx context.Context, source string) (bool, error) {
	return s.deliveries.Delivers(ctx, source)
}

func (s surveyed) Has(ctx context.Context, delivery string) (bool, error) {
	_, err := s.deliveries.Get(ctx, delivery)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// positions finds deliveries in their log through the read model of deliveries,
// and waits for that before it says that there is none.
type positions struct {
	log        eventlog.Reader
	runner     *projections.Runner
	deliveries *deliveries.Deliveries
}

func (p positions) Position(ctx context.Context, delivery string) (eventlog.Position, error) {
	d, err := p.deliveries.Get(ctx, delivery)
	if fault.KindOf(err) != fault.NotFound {
		return d.Position, err
	}
	last, err := p.log.Last(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.runner.Wait(ctx, deliveries.Name, last); err != nil {
		return 0, err
	}
	d, err = p.deliveries.Get(ctx, delivery)
	return d.Position, err
}
