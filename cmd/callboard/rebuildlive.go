package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/fault"
)

// patience is how long a command waits for a rebuild to end.
const patience = 24 * time.Hour

// liveRebuild has a running portal rebuild read models, and shows how far it is.
type liveRebuild struct {
	process
	portal *portalClient
}

func (r liveRebuild) run(ctx context.Context, names []string) error {
	all, err := r.all(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		for _, one := range all {
			names = append(names, one.Name)
		}
	}
	for _, name := range names {
		if err := r.rebuild(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r liveRebuild) all(ctx context.Context) ([]api.Projection, error) {
	var all struct{ Items []api.Projection }
	err := r.portal.ask(ctx, http.MethodGet, "/api/projections", nil, &all)
	return all.Items, err
}

func (r liveRebuild) rebuild(ctx context.Context, name string) error {
	if err := r.portal.ask(ctx, http.MethodPost, "/api/projections/"+url.PathEscape(name)+"/rebuild", nil, nil); err != nil {
		return err
	}
	bar := progress{to: r.Stderr, label: name}
	var now api.Rebuild
	ended, err := until(ctx, patience, func(ctx context.Context) (bool, error) {
		all, err := r.all(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(all, func(p api.Projection) bool { return p.Name == name })
		if i < 0 || all[i].Rebuild == nil {
			return false, fault.New(fault.Unavailable, "the portal was started anew meanwhile: %s is as it was; ask for it again", name)
		}
		now = *all[i].Rebuild
		bar.show(int(now.Position), int(now.Last)) //nolint:gosec // counts of events
		return now.State == api.RebuildDone || now.State == api.RebuildFailed, nil
	})
	bar.done()
	switch {
	case err != nil:
		return err
	case !ended:
		return fault.New(fault.Unavailable, "not waited for any longer; the portal goes on rebuilding %s", name)
	case now.State == api.RebuildFailed:
		return fault.New(fault.Unavailable, "%s was not rebuilt, and is as it was: %s", name, now.Error)
	}
	fmt.Fprintf(r.Stdout, "%s: rebuilt up to event %d, in %s\n", name, now.Position, now.EndedAt.Sub(now.BeganAt).Round(time.Millisecond))
	return nil
}
