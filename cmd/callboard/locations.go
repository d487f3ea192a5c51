package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web"
)

// locationsOptions says in ingest's words what the configuration says.
func locationsOptions(c config.Catalog) (ingest.LocationsOptions, error) {
	o := ingest.LocationsOptions{Interval: time.Duration(c.Processing.Interval)}
	for _, a := range c.Reading.Allow {
		o.Allow = append(o.Allow, ingest.AllowedHost{Host: a.Host, Paths: a.Paths})
	}
	o.Rules = ingest.DefaultRules()
	for _, k := range c.Kinds {
		o.Rules = append(o.Rules, ingest.Rule{Allow: []ingest.Allow{{Kind: k.Name}}})
	}
	if len(c.Rules) > 0 {
		o.Rules = rulesOf(c.Rules)
	}
	for _, l := range c.Locations {
		target := l.Target
		if l.Type == "file" {
			var err error
			if target, err = filepath.Abs(target); err != nil {
				return o, fmt.Errorf("find %s: %w", l.Target, err)
			}
		}
		o.Configured = append(o.Configured, ingest.ConfiguredLocation{Type: l.Type, Target: target})
		for _, r := range rulesOf(l.Rules) {
			r.Locations = []ingest.RuleLocation{{Type: l.Type, Exact: target}}
			o.Rules = append(o.Rules, r)
		}
	}
	return o, nil
}

func rulesOf(rules []config.Rule) ingest.Rules {
	all := make(ingest.Rules, len(rules))
	for i, r := range rules {
		for _, a := range r.Allow {
			all[i].Allow = append(all[i].Allow, ingest.Allow(a))
		}
		for _, l := range r.Locations {
			all[i].Locations = append(all[i].Locations, ingest.RuleLocation(l))
		}
	}
	return all
}

var _ ingest.Registered = known{}

func (k known) Locations(ctx context.Context, after eventlog.Position) ([]event.LocationRegistered, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return nil, err
	}
	at := k.catalog.Snapshot().Locations()
	all := make([]event.LocationRegistered, len(at))
	for i, l := range at {
		all[i] = l.LocationRegistered
	}
	return all, nil
}

func (k known) Standing(ctx context.Context, after eventlog.Position, ref string) (event.Origin, string, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return event.Origin{}, "", err
	}
	e, ok := k.catalog.Snapshot().Get(ref)
	if !ok {
		return event.Origin{}, "", fault.New(fault.NotFound, "Entity %s not found", ref)
	}
	return e.Origin, e.Since.Cause.Delivery, nil
}

func (k known) RefusedAt(ctx context.Context, after eventlog.Position, ref string) ([]event.Origin, error) {
	if err := k.runner.Wait(ctx, entities.Name, after); err != nil {
		return nil, err
	}
	var all []event.Origin
	for _, r := range k.catalog.Snapshot().Rejections() {
		if r.Ref == ref {
			all = append(all, r.Origin)
		}
	}
	return all, nil
}

// apiLocations are the locations as the API wants them.
type apiLocations struct{ portal *portal }

var _ api.Locations = apiLocations{}

func (l apiLocations) now() *ingest.Locations { return l.portal.intake().locations }

func (l apiLocations) Register(ctx context.Context, typ, target string, refresh bool, why event.Cause) (event.LocationRegistered, error) {
	return l.now().Register(ctx, typ, target, refresh, why)
}

func (l apiLocations) Update(ctx context.Context, id, typ, target string, why event.Cause) (event.LocationRegistered, error) {
	return l.now().Update(ctx, id, typ, target, why)
}

func (l apiLocations) Remove(ctx context.Context, id string, why event.Cause) error {
	return l.now().Remove(ctx, id, why)
}

func (l apiLocations) Refresh(ctx context.Context, ref string) error {
	return l.now().Refresh(ctx, ref)
}

func (l apiLocations) DeleteEntity(ctx context.Context, ref string, why event.Cause) error {
	return l.now().DeleteEntity(ctx, ref, why)
}

func (l apiLocations) Preview(ctx context.Context, typ, target string) (api.LocationPreview, error) {
	v, err := l.now().Preview(ctx, typ, target)
	if err != nil {
		return api.LocationPreview{}, err
	}
	p := api.LocationPreview{EntityRef: v.EntityRef, Exists: v.Exists, Declared: v.Declared, Rejected: v.Rejected}
	for _, f := range v.Failures {
		p.Failures = append(p.Failures, api.LocationFailure{Kind: string(f.Kind), Location: f.Location, Ref: f.Ref, Problem: f.Problem, Inside: f.Inside})
	}
	return p, nil
}

// sitesOf names the public site of each source's kind of forge, by host.
func sitesOf(sources []config.Source) map[string]string {
	sites := map[string]string{}
	for _, s := range sources {
		if u, err := url.Parse(s.URL); err == nil && u.Host != "" && (s.Type == config.GitHub || s.Type == config.GitLab) {
			sites[strings.TrimPrefix(u.Host, "api.")] = s.Type + ".com"
		}
	}
	return sites
}

// pageLocations are the locations as the pages want them.
type pageLocations struct{ portal *portal }

var _ web.Locations = pageLocations{}

func (p pageLocations) Preview(ctx context.Context, target string) (web.Preview, error) {
	v, err := p.portal.intake().locations.Preview(ctx, "url", target)
	if err != nil {
		return web.Preview{}, err
	}
	for _, f := range v.Failures {
		if err := refusal(f, target); err != nil {
			return web.Preview{}, err
		}
	}
	shown := web.Preview{Target: target, Exists: v.Exists}
	now := p.portal.catalog.Snapshot()
	for _, d := range v.Declared {
		ref := d.Entity.Ref().String()
		if ref == v.EntityRef {
			continue
		}
		e := web.PreviewEntity{Ref: ref, Title: d.Entity.Title(), File: d.Origin.Path, Is: web.PreviewNew}
		if before, ok := now.Get(ref); ok {
			e.Changes, e.Is = catalog.Diff(before.Entity, &d.Entity), web.PreviewChanged
			switch {
			case !p.portal.isRead(before.Origin.Source): // it is taken over
			case before.Origin.Source != ingest.LocationsSource || before.Origin.Repository != target:
				e.Changes, e.Is, e.With = nil, web.PreviewConflict, &before.Origin
			case len(e.Changes) == 0:
				e.Is = web.PreviewSame
			}
		}
		shown.Entities = append(shown.Entities, e)
	}
	for _, r := range v.Rejected {
		if r.Ref == v.EntityRef {
			continue // which the descriptor's own problems say better
		}
		for _, problem := range r.Problems {
			shown.Problems = append(shown.Problems, web.PreviewProblem{File: r.Origin.Path, Document: r.Origin.Line, Problem: problem})
		}
	}
	return shown, nil
}

// refusal is the error of a target that could not even be read.
func refusal(f ingest.Failure, target string) error {
	kinds := map[ingest.FailureKind]fault.Kind{
		ingest.FailureMissing: fault.NotFound, ingest.FailureDenied: fault.Denied, ingest.FailureUnread: fault.Unavailable,
	}
	if kind, ok := kinds[f.Kind]; ok && f.Location == "url:"+target {
		return fault.New(kind, "The address %s", f.Problem.Message)
	}
	return nil
}

func (p pageLocations) Register(ctx context.Context, target string) (string, error) {
	loc, err := p.portal.intake().locations.Register(ctx, "url", target, false, event.Cause{})
	return loc.ID, err
}

func (p pageLocations) Remove(ctx context.Context, id string) error {
	return p.portal.intake().locations.Remove(ctx, id, event.Cause{})
}

func (p pageLocations) States(context.Context) (map[string]web.LocationState, error) {
	problems := map[string]string{} // by location
	for _, r := range p.portal.catalog.Snapshot().Rejections() {
		// A conflict is no fault of the location.
		if r.Origin.Source == ingest.LocationsSource && r.With == nil && len(r.Problems) > 0 {
			problems[r.Origin.RepositoryID] = r.Describe(r.Problems[0])
		}
	}
	all := map[string]web.LocationState{}
	for id, at := range p.portal.intake().locations.LastRead() {
		all[id] = web.LocationState{Read: at, Problem: problems[id]}
	}
	return all, nil
}
