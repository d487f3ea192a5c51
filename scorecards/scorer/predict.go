package scorer

import (
	"cmp"
	"context"
	"maps"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// Foreseen is a transition that events would lead to.
type Foreseen struct {
	Transition
	// Card is the one that says so, as it would be then.
	Card *scorecards.Card
}

// Predict says which scores would change if events came next in the log, by what is known
// at least up to a position. They are judged by the code that judges the log, on a copy of
// what is known: nothing is appended. The scorer stands still meanwhile.
//
// It waits until the scorer has come so far; that it has not when ctx ends is an error of
// kind fault.Unavailable.
func (s *Scorer) Predict(ctx context.Context, known eventlog.Position, events []event.Event) (all []Foreseen, err error) {
	if err := s.Wait(ctx, known); err != nil {
		return nil, err
	}
	failed := s.between(ctx, func(j *judge) { all, err = j.foresee(ctx, events) })
	return all, cmp.Or(failed, err)
}

// foresee judges events on a copy.
func (j *judge) foresee(ctx context.Context, events []event.Event) ([]Foreseen, error) {
	var all []Foreseen
	var copied *judge
	copied = j.fork(func(_ context.Context, changes []change) error {
		for _, c := range changes {
			if c.cause.Schedule != "" { // time would have led to it anyway
				continue
			}
			card := copied.world.cards[c.Card]
			if card == nil {
				card = j.world.cards[c.Card]
			}
			all = append(all, Foreseen{Transition{Entity: c.entity, At: c.at, Actor: c.actor, Cause: c.cause, ScoreChanged: c.ScoreChanged}, card})
		}
		return nil
	})
	for i, e := range events {
		rec := eventlog.Record{Event: e, Position: j.at + eventlog.Position(i) + 1, Recorded: e.Time} //nolint:gosec // few
		if err := copied.take(ctx, rec); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fork returns a judge that begins where this one is, and leaves it alone.
func (j *judge) fork(say func(context.Context, []change) error) *judge {
	return &judge{
		copied: true, say: say, world: j.world.fork(), standing: maps.Clone(j.standing), unclear: map[pair]string{}, at: j.at, clock: j.clock, started: j.started,
		dues: j.dues.fork(),
	}
}

// ours are the parts of a copied world that are its own by now: it copies what it writes
// to.
type ours struct {
	edges, own   map[string]bool
	repositories map[place]bool
}

// fork returns a world that begins as this one and leaves it alone.
func (w *World) fork() *World {
	f := *w
	f.entities, f.edges, f.repositories = maps.Clone(w.entities), maps.Clone(w.edges), maps.Clone(w.repositories)
	f.own = maps.Clone(w.own)
	f.cards, f.exemptions, f.exempt, f.initiatives = maps.Clone(w.cards), maps.Clone(w.exemptions), maps.Clone(w.exempt), maps.Clone(w.initiatives)
	f.ours = &ours{edges: map[string]bool{}, own: map[string]bool{}, repositories: map[place]bool{}}
	return &f
}

// ownEdges returns the edges of a type from a ref to be written to: the world's own.
func (w *World) ownEdges(from, typ string) map[string]int {
	all := w.edges[from]
	switch {
	case all == nil:
		all = edges{}
	case w.ours != nil && !w.ours.edges[from]:
		all = maps.Clone(all)
		for t, of := range all {
			all[t] = maps.Clone(of)
		}
	}
	if w.ours != nil {
		w.ours.edges[from] = true
	}
	if all[typ] == nil {
		all[typ] = map[string]int{}
	}
	w.edges[from] = all
	return all[typ]
}

// ownRepository makes what is known of a repository the world's own, to be written to; nil
// if nothing is.
func (w *World) ownRepository(p place) *repository {
	r := w.repositories[p]
	if r == nil || w.ours == nil || w.ours.repositories[p] {
		return r
	}
	copied := *r
	copied.entities, copied.reported, copied.docs = maps.Clone(r.entities), maps.Clone(r.reported), maps.Clone(r.docs)
	copied.activity = r.activity.fork()
	if r.files != nil {
		f := *r.files
		f.read, f.updated = maps.Clone(f.read), maps.Clone(f.updated)
		copied.files = &f
	}
	w.ours.repositories[p] = true
	w.repositories[p] = &copied
	return &copied
}
