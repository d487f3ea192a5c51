package standing

import (
	"context"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/repositories"
)

// Deliveries are what came, and what became of it.
type Deliveries interface {
	Backlogs(ctx context.Context) (map[string]deliveries.Backlog, error)
	Heard(ctx context.Context, source string) (deliveries.Delivery, bool, error)
}

// Repositories are what is known of repositories, and of what was missed.
type Repositories interface {
	Since(ctx context.Context, source string) (time.Time, error)
	Counts(ctx context.Context, source string) (repositories.Counts, error)
}

// Reader tells how the sources stand.
type Reader struct {
	Sources      func() []string // the names of those that are configured, in their order
	Deliveries   Deliveries
	Repositories Repositories
	Survey       func(source string) (Survey, bool)   // false: it is not surveyed
	Backfill     func(source string) (Backfill, bool) // false: none was begun since the start; nil: none ever is
	Losing       func(source string) time.Time        // since when its deliveries cannot be stored; zero if they can
	Now          func() time.Time
}

// State is how a source stands.
type State struct {
	Source string
	Truth
	Backlog deliveries.Backlog
	Last    *deliveries.Delivery // that it sent; nil if none is kept
	Survey  *Survey              // nil: it is not surveyed
	// Backfill is the one that runs, or ran last; nil: none did since the start.
	Backfill *Backfill
	Counts   repositories.Counts // only of [Reader.All] and [Reader.One]
}

// onItsWay is how long a delivery may take that was sent before its webhook was deleted.
const onItsWay = time.Minute

// Unhooked says which webhooks are missing at the forge, for people; "" if none is, or
// nobody can say. A forge lists no webhooks of projects below a group, nor those of a
// whole instance: what has come since shows that there is one, unless it was on its way.
func (s State) Unhooked() string {
	if s.Survey == nil || s.Last != nil && !s.Survey.NoHook.Partly && s.Last.Received.After(s.Survey.NoHook.Since.Add(onItsWay)) {
		return ""
	}
	return s.Survey.NoHook.Says
}

// Unseen says why missed deliveries are not looked for, for people; "" if they are.
func (s State) Unseen() string {
	switch {
	case s.Survey == nil:
		return ""
	case s.Survey.Unseen == "" && s.Unhooked() == "":
		return s.Survey.NoHook.Says // there is one, and it is not known which
	default:
		return s.Survey.Unseen
	}
}

// Truths tells it without counting repositories, which is little work.
func (r *Reader) Truths(ctx context.Context) ([]State, error) {
	backlogs, err := r.Deliveries.Backlogs(ctx)
	if err != nil {
		return nil, err
	}
	now := r.Now()
	names := r.Sources()
	all := make([]State, len(names))
	for i, name := range names {
		if all[i], err = r.state(ctx, now, name, backlogs[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *Reader) state(ctx context.Context, now time.Time, name string, backlog deliveries.Backlog) (State, error) {
	s := State{Source: name, Backlog: backlog}
	f := Facts{Backlog: backlog, Losing: r.Losing(name)}
	last, heard, err := r.Deliveries.Heard(ctx, name)
	if err != nil {
		return s, err
	}
	if heard {
		s.Last, f.Heard = &last, last.Received
	}
	if f.Missed, err = r.Repositories.Since(ctx, name); err != nil {
		return s, err
	}
	if survey, ok := r.Survey(name); ok {
		s.Survey, f.Survey = &survey, &survey
	}
	if r.Backfill != nil {
		if b, ok := r.Backfill(name); ok {
			s.Backfill = &b
		}
	}
	f.Unheard = s.Unhooked() != ""
	s.Truth = Of(now, f)
	return s, nil
}

// All tells of every source.
func (r *Reader) All(ctx context.Context) ([]State, error) {
	all, err := r.Truths(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Counts, err = r.Repositories.Counts(ctx, all[i].Source); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// One tells of a source; the error is of kind fault.NotFound if none of this name
// is configured.
func (r *Reader) One(ctx context.Context, source string) (State, error) {
	all, err := r.Truths(ctx)
	if err != nil {
		return State{}, err
	}
	for _, s := range all {
		if s.Source == source {
			s.Counts, err = r.Repositories.Counts(ctx, source)
			return s, err
		}
	}
	return State{}, fault.New(fault.NotFound, "there is no source %q in the configuration", source)
}
