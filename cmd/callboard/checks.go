package main

import (
	"context"
	"strings"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
)

// newWatch makes what checks the pull requests of an intake.
func (p *portal) newWatch(c config.Config, in *intake) *checks.Watch {
	settings := map[string]checks.Settings{}
	for _, s := range c.Sources {
		settings[s.Name] = checks.Settings(s.Checks)
	}
	in.judge = checks.NewJudge(in.translator, p.scorer, func() *entities.Snapshot { return p.catalog.Snapshot() }, kindsOf(p.config))
	return checks.NewWatch(checks.WatchOptions{
		Sources: in.sources, Settings: settings, Judge: in.judge, Store: p.checks, Received: p.inbox, Reached: p.deliveries.Reached, URL: p.url(), Logger: p.logger, Now: p.now,
	})
}

// check says what would come of a change that somebody sends, or which contents it takes.
func (p *portal) check(ctx context.Context, u *checks.Upload) (*checks.Outcome, []string, error) {
	in := p.intake()
	source, state, err := p.checkable(ctx, in, u)
	if err != nil {
		return nil, nil, err
	}
	var repo ingest.Repository
	if d, ok := source.(ingest.Describer); ok {
		repo = d.Describe(state)
	} else if repo, err = source.Forge().Repository(ctx, ingest.Repository{ID: state.ID, FullName: state.FullName}); err != nil {
		return nil, nil, err
	}
	proposal, sent := u.Proposal(repo, p.now(), event.ActorIn(ctx))
	outcome, err := in.judge.Outcome(ctx, source.Name(), proposal)
	if err != nil {
		return nil, nil, err
	}
	return outcome, sent.Wants(), nil
}

// checkable finds the repository that is meant. The error is of kind fault.NotFound if
// there is none, fault.Invalid if more than one source has it.
func (p *portal) checkable(ctx context.Context, in *intake, u *checks.Upload) (source ingest.Source, state event.RepositoryState, err error) {
	var names, has []string
	for _, s := range in.sources {
		if s.Forge() == nil {
			continue
		}
		names = append(names, s.Name())
		if u.Source != "" && u.Source != s.Name() {
			continue
		}
		r, err := p.repositories.Named(ctx, s.Name(), u.Repository)
		if fault.KindOf(err) == fault.NotFound || err == nil && !r.Deleted.IsZero() {
			continue
		}
		if err != nil {
			return nil, state, err
		}
		has = append(has, s.Name())
		source, state = s, r.RepositoryState
	}
	switch {
	case len(has) == 1:
		return source, state, nil
	case len(has) > 1:
		return nil, state, fault.New(fault.Invalid, "source: %s has %s: name one", strings.Join(has, " and "), u.Repository)
	case u.Source != "":
		return nil, state, fault.New(fault.NotFound, "source %s knows no repository %s: the sources are %s, and a repository is known once the portal has read it", u.Source, u.Repository, strings.Join(names, ", "))
	}
	return nil, state, fault.New(fault.NotFound, "none of the sources %s knows a repository %s: one is known once the portal has read it", strings.Join(names, ", "), u.Repository)
}
