package main

import (
	"context"
	"maps"
	"sync"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// mostAsked bounds how many rebuilds wait: there are fewer read models.
const mostAsked = 64

// rebuilds are those of read models that are asked for while the portal runs, one at a
// time: each reads a whole log.
type rebuilds struct {
	portal *portal
	asked  chan order

	mu      sync.Mutex
	waiting map[string]bool // and the one that is being built
}

// order is a read model that is to be rebuilt, and the runner that has it.
type order struct {
	name   string
	runner *projections.Runner
}

var _ api.Projections = (*rebuilds)(nil)

func newRebuilds(p *portal) *rebuilds {
	return &rebuilds{portal: p, asked: make(chan order, mostAsked), waiting: map[string]bool{}}
}

// logs are the logs by the name that people know, with the read models of each.
func (r *rebuilds) logs() map[string]*projections.Runner {
	return map[string]*projections.Runner{"events": r.portal.runner, "deliveries": r.portal.inboxes}
}

// All implements [api.Projections].
func (r *rebuilds) All(ctx context.Context) ([]api.Projection, error) {
	// First who waits: of what is done meanwhile the status tells.
	r.mu.Lock()
	waiting := maps.Clone(r.waiting)
	r.mu.Unlock()
	all := []api.Projection{}
	for _, log := range []string{"events", "deliveries"} {
		stand, err := r.logs()[log].Status(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range stand {
			all = append(all, projectionOf(log, s, waiting[s.Name]))
		}
	}
	return all, nil
}

func projectionOf(log string, s projections.Status, waiting bool) api.Projection {
	p := api.Projection{Name: s.Name, Log: log, Position: s.Position, Lag: s.Lag(), State: api.ProjectionLive}
	switch {
	case s.Err != nil:
		p.State = api.ProjectionStanding
	case !s.Ready:
		p.State = api.ProjectionBehind
	}
	b := s.Rebuild
	switch {
	case b.Running():
		p.Rebuild = &api.Rebuild{State: api.RebuildBuilding, BeganAt: b.Began, Position: b.Position, Last: b.Last}
	case waiting:
		p.Rebuild = &api.Rebuild{State: api.RebuildWaiting}
	case b.Err != nil:
		p.Rebuild = &api.Rebuild{State: api.RebuildFailed, BeganAt: b.Began, EndedAt: b.Ended, Position: b.Position, Last: b.Last, Error: errorForPeople(b.Err)}
	case !b.Began.IsZero():
		p.Rebuild = &api.Rebuild{State: api.RebuildDone, BeganAt: b.Began, EndedAt: b.Ended, Position: b.Position, Last: b.Last}
	}
	return p
}

// Rebuild implements [api.Projections].
func (r *rebuilds) Rebuild(ctx context.Context, name string) error {
	runner, err := r.runnerOf(ctx, name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[name] {
		return fault.New(fault.Conflict, "%s is being rebuilt", name)
	}
	r.waiting[name] = true
	r.asked <- order{name, runner} // which has room: each read model is asked for once
	return nil
}

func (r *rebuilds) runnerOf(ctx context.Context, name string) (*projections.Runner, error) {
	for _, runner := range r.logs() {
		stand, err := runner.Status(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range stand {
			if s.Name == name {
				return runner, nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, "there is no read model %q", name)
}

// run rebuilds what is asked for until ctx ends.
func (r *rebuilds) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-r.asked:
			r.rebuild(ctx, o)
		}
	}
}

func (r *rebuilds) rebuild(ctx context.Context, o order) {
	err := o.runner.Rebuild(ctx, o.name, r.portal.now)
	r.mu.Lock()
	delete(r.waiting, o.name)
	r.mu.Unlock()
	switch {
	case err == nil:
		r.portal.logger.InfoContext(ctx, "a read model was rebuilt", "projection", o.name)
	case ctx.Err() == nil:
		r.portal.logger.ErrorContext(ctx, "a read model was not rebuilt", "projection", o.name, "error", err)
	}
}
