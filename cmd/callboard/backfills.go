package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/standing"
)

// keptProblems is how many reasons a backfill tells of; the log has all.
const keptProblems = 100

// backfills are those that pages and the API ask for while the portal runs, one at a
// time: each reads the log, and clones. What one has appended stays appended, so that
// one that was cut off goes on where it is asked for again.
type backfills struct {
	portal *portal
	asked  chan string

	mu      sync.Mutex
	running string // the source whose past is being read; "" while none is
	states  map[string]standing.Backfill
}

func newBackfills(p *portal) *backfills {
	return &backfills{portal: p, asked: make(chan string, 1), states: map[string]standing.Backfill{}}
}

// begin has the past of a source read. The error is of kind fault.NotFound if there
// is no such source, fault.Conflict if one is read already or nothing can be.
func (b *backfills) begin(ctx context.Context, name string) error {
	_, source, ok := b.portal.sourceNamed(name)
	switch {
	case !ok:
		return fault.New(fault.NotFound, "there is no source %q in the configuration", name)
	case source.Forge() == nil:
		return fault.New(fault.Conflict, "source %s only sends: nothing can be read of its past", name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running != "" {
		return fault.New(fault.Conflict, "the past of source %s is being read; one is at a time", b.running)
	}
	if err := b.portal.noteWork(ctx, name, event.WorkBackfill); err != nil {
		return err
	}
	b.running, b.states[name] = name, standing.Backfill{Began: b.portal.now()}
	b.asked <- name // which has room: none runs
	return nil
}

// state is how far the last backfill of a source is; false if there was none.
func (b *backfills) state(name string) (standing.Backfill, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.states[name]
	s.Problems = slices.Clone(s.Problems)
	return s, ok
}

func (b *backfills) change(name string, change func(*standing.Backfill)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.states[name]
	change(&s)
	b.states[name] = s
}

// run reads what is asked for until ctx ends.
func (b *backfills) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case name := <-b.asked:
			err := b.backfill(ctx, name)
			if ctx.Err() != nil {
				return nil
			}
			b.end(ctx, name, err)
		}
	}
}

// end keeps how it went.
func (b *backfills) end(ctx context.Context, name string, err error) {
	if err != nil {
		b.portal.logger.ErrorContext(ctx, "a backfill ended early", "source", name, "error", err)
	}
	b.change(name, func(s *standing.Backfill) { s.Ended, s.Repository, s.Err = b.portal.now(), "", errorForPeople(err) })
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = ""
	known := sourceNames(b.portal.intake().config)
	maps.DeleteFunc(b.states, func(name string, _ standing.Backfill) bool { return !slices.Contains(known, name) })
}

// backfill reads the past of the repositories of a source, one after the other.
func (b *backfills) backfill(ctx context.Context, name string) error {
	conf, _, ok := b.portal.sourceNamed(name)
	if !ok {
		return fault.New(fault.NotFound, "source %s was taken away", name)
	}
	fill, err := ingest.NewBackfill(ctx, b.portal.events, kindsOf(b.portal.config))
	if err != nil {
		return err
	}
	past := pastReader{fill: fill, data: b.portal.config.Data}
	all := slices.DeleteFunc(fill.Repositories(name), func(known event.RepositoryState) bool { return leavesOut(conf, known) != "" })
	b.change(name, func(s *standing.Backfill) { s.Total = len(all) })
	for _, known := range all {
		b.change(name, func(s *standing.Backfill) { s.Repository = known.FullName })
		// It may have been changed or taken away meanwhile.
		conf, source, ok := b.portal.sourceNamed(name)
		if !ok || source.Forge() == nil {
			return fault.New(fault.NotFound, "source %s was taken away", name)
		}
		done, err := past.read(ctx, conf, source, known, func(int, int) {})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.count(ctx, name, known, done, err)
	}
	return nil
}

// count adds what became of a repository.
func (b *backfills) count(ctx context.Context, name string, of event.RepositoryState, done ingest.Backfilled, err error) {
	if err != nil {
		b.portal.logger.WarnContext(ctx, "the past of a repository cannot be read", "source", name, "repository", of.FullName, "error", err)
	}
	b.change(name, func(s *standing.Backfill) {
		s.Done, s.Events = s.Done+1, s.Events+done.Events
		if err == nil {
			return
		}
		s.Failed++
		if len(s.Problems) < keptProblems {
			s.Problems = append(s.Problems, of.FullName+": "+errorForPeople(err))
		}
	})
}

// sourceNamed finds one of the sources that are read now.
func (p *portal) sourceNamed(name string) (config.Source, ingest.Source, bool) {
	in := p.intake()
	for i, s := range in.config.Sources {
		if s.Name == name {
			return s, in.sources[i], true
		}
	}
	return config.Source{}, nil, false
}
