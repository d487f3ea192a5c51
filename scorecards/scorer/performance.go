package scorer

import (
	"context"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// Performance is how software is delivered by a group of entities: what DORA asks for, of
// deployments to production, by the definitions of docs/scorecards.md.
type Performance struct {
	Told      bool          `json:"told"`        // of some deployment; else all of this is unknown
	Succeeded int           `json:"deployments"` // that succeeded in 30 days
	Failed    int           `json:"failed"`      // that failed in 30 days
	Leads     int           `json:"leads"`       // commits that first came to production in 30 days
	LeadTime  time.Duration `json:"-"`           // median of these; zero if there are none
	Outages   int           `json:"outages"`     // of 90 days that are over
	Restore   time.Duration `json:"-"`           // median of these; zero if there are none
}

// FailureRate is the share that failed, from 0 to 1; false if there were no deployments.
func (p Performance) FailureRate() (float64, bool) {
	if p.Succeeded+p.Failed == 0 {
		return 0, false
	}
	return float64(p.Failed) / float64(p.Succeeded+p.Failed), true
}

// Performance tells of groups of entities, by their full refs, how they deliver: at each
// of some moments, by what is known now. Of what is long before a month ago not all is
// kept. What several entities of a repository share counts once in a group.
//
// The scorer stands still meanwhile. That it does not answer by the end of ctx is an error
// of kind fault.Unavailable.
func (s *Scorer) Performance(ctx context.Context, groups map[string][]string, moments ...time.Time) ([]map[string]Performance, error) {
	all := make([]map[string]Performance, len(moments))
	err := s.between(ctx, func(j *judge) {
		for i, at := range moments {
			all[i] = make(map[string]Performance, len(groups))
			for name, refs := range groups {
				all[i][name] = j.world.performance(refs, at)
			}
		}
	})
	return all, err
}

// between has something done between two events, once the scorer has caught up with the log.
func (s *Scorer) between(ctx context.Context, do func(*judge)) error {
	done := make(chan struct{})
	ask := func(j *judge) {
		defer close(done)
		do(j)
	}
	select {
	case s.asked <- ask:
		<-done
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "scores cannot be told just now: %w", ctx.Err())
	}
}

func (w *World) performance(refs []string, now time.Time) Performance {
	var p Performance
	var leads, outages []time.Duration
	seen := map[*activity]bool{}
	for _, ref := range refs {
		d := w.entities[ref]
		if d == nil {
			continue
		}
		var happened around
		if r := w.repositories[place{d.origin.Source, d.origin.RepositoryID}]; r != nil {
			happened = append(happened, r.activity)
		}
		if o := w.own[ref]; o != nil {
			happened = append(happened, o.activity)
		}
		for _, a := range happened {
			if seen[a] || a.deployments.since == nil {
				continue
			}
			seen[a], p.Told = true, true
			one := around{a}.delivered(happened, now)
			p.Succeeded, p.Failed = p.Succeeded+one.succeeded, p.Failed+one.failed
			leads, outages = append(leads, one.leads...), append(outages, one.outages...)
		}
	}
	if p.Leads = len(leads); p.Leads > 0 {
		p.LeadTime = median(leads)
	}
	if p.Outages = len(outages); p.Outages > 0 {
		p.Restore = median(outages)
	}
	return p
}
