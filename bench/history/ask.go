package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"os"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
)

type record = eventlog.Record

// question is one that is asked again and again, each time of something else.
type question struct {
	name string
	few  bool // it takes long, and is asked a few times
	ask  func(ctx context.Context, s history.Store, r *rand.Rand) (found int, err error)
}

func questions(p plan) []question {
	moment := func(r *rand.Rand) time.Time { return start.Add(time.Duration(r.Float64() * float64(year))) }
	events := func(name string, of func(*rand.Rand) history.Filter) question {
		return question{name: name, ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			page, err := s.Events(ctx, of(r))
			return page.Total + len(page.Entries), err
		}}
	}
	counting := func(ctx context.Context, s history.Store, m projections.Moment, subjects []string, all bool) (n int, err error) {
		for chunk := range slices.Chunk(subjects, 20_000) { // as the moments do
			var got int
			got, err = count(s.Counting(ctx, m, chunk, all))
			if n += got; err != nil {
				return n, err
			}
		}
		return n, nil
	}
	everybody := make([]string, p.entities)
	for i := range everybody {
		everybody[i] = ref(i)
	}
	middle := eventlog.Position(p.events / 2) //nolint:gosec // not negative
	return []question{
		events("newest page", func(*rand.Rand) history.Filter { return history.Filter{} }),
		events("one entity's timeline", func(r *rand.Rand) history.Filter {
			return history.Filter{Entity: ref(r.IntN(p.entities)), ByTime: true}
		}),
		events("deep page, uncounted, whole", func(r *rand.Rand) history.Filter {
			return history.Filter{After: eventlog.Position(r.IntN(p.events) + 1), Oldest: true, Uncounted: true, Whole: true, Limit: 500} //nolint:gosec // not negative
		}),
		events("by type", func(*rand.Rand) history.Filter { return history.Filter{Type: "entity.changed"} }),
		events("by actor", func(r *rand.Rand) history.Filter {
			return history.Filter{Actor: fmt.Sprintf("person-%d", r.IntN(people))}
		}),
		events("by actor, type and week", func(r *rand.Rand) history.Filter {
			from := moment(r)
			return history.Filter{Actor: fmt.Sprintf("person-%d", r.IntN(people)), Type: "entity.changed", From: from, To: from.AddDate(0, 0, 7)}
		}),
		events("by commit", func(r *rand.Rand) history.Filter { return history.Filter{Commit: commit(r.IntN(p.events))[:12]} }),
		events("by cause", func(r *rand.Rand) history.Filter {
			return history.Filter{Cause: "github:" + commit(r.IntN(p.events))[8:24]}
		}),
		events("by week, in order of time", func(r *rand.Rand) history.Filter {
			from := moment(r)
			return history.Filter{From: from, To: from.AddDate(0, 0, 7), ByTime: true}
		}),
		events("text: common", func(*rand.Rand) history.Filter { return history.Filter{Text: "spec.owner"} }),
		events("text: a team", func(r *rand.Rand) history.Filter {
			return history.Filter{Text: fmt.Sprintf("team-%03d", r.IntN(teams))}
		}),
		events("text: one entity", func(r *rand.Rand) history.Filter { return history.Filter{Text: name(r.IntN(p.entities))} }),
		events("text: nothing", func(*rand.Rand) history.Filter { return history.Filter{Text: "nowhere to be found"} }),
		events("ownership audit: a team, 30 days", func(r *rand.Rand) history.Filter {
			from := moment(r)
			return history.Filter{Type: "entity.changed", Text: fmt.Sprintf("team-%03d", r.IntN(teams)), From: from, To: from.AddDate(0, 0, 30), Limit: 500, Uncounted: true}
		}),
		{name: "one event", ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			_, err := s.Event(ctx, eventlog.Position(r.IntN(p.events)+1)) //nolint:gosec // not negative
			return 1, err
		}},
		{name: "position at a time", ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			_, err := s.PositionAt(ctx, moment(r))
			return 1, err
		}},
		{name: "one entity as of a moment", ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			return count(s.Counting(ctx, projections.Moment{At: moment(r)}, []string{ref(r.IntN(p.entities))}, false))
		}},
		{name: "one entity, all that counts", ask: func(ctx context.Context, s history.Store, _ *rand.Rand) (int, error) {
			return count(s.Counting(ctx, projections.Moment{}, []string{ref(7)}, true))
		}},
		{name: "who differs from a week ago", few: true, ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			at := moment(r)
			differing, err := s.Differing(ctx, projections.Moment{At: at, Known: middle}, projections.Moment{At: at.AddDate(0, 0, 7), Known: middle})
			return len(differing), err
		}},
		{name: "the catalog a day before the end, from the end", few: true, ask: func(ctx context.Context, s history.Store, _ *rand.Rand) (int, error) {
			m := projections.Moment{At: start.Add(year - 24*time.Hour)}
			differing, err := s.Differing(ctx, projections.Moment{}, m)
			if err != nil {
				return 0, err
			}
			return counting(ctx, s, m, differing, false)
		}},
		{name: "the whole catalog as of a moment", few: true, ask: func(ctx context.Context, s history.Store, r *rand.Rand) (int, error) {
			m := projections.Moment{At: moment(r)}
			if _, err := s.Differing(ctx, projections.Moment{}, m); err != nil {
				return 0, err
			}
			if _, err := s.Entangled(ctx); err != nil {
				return 0, err
			}
			return counting(ctx, s, m, everybody, false)
		}},
	}
}

func count(all iter.Seq2[eventlog.Record, error]) (n int, err error) {
	for _, err := range all {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// ask measures how long each question takes: once to warm up, then so many times.
func ask(ctx context.Context, o options, s history.Store) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nquestion\tp50 ms\tp95 ms\tfound")
	for _, q := range questions(o.plan) {
		r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
		runs := o.runs
		if q.few {
			runs = max(3, o.runs/10)
		}
		took := make([]time.Duration, 0, runs)
		var found int
		for i := range runs + 1 {
			began := time.Now()
			n, err := q.ask(ctx, s, r)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			if i > 0 {
				took, found = append(took, time.Since(began)), found+n
			}
		}
		slices.Sort(took)
		ms := func(share float64) float64 {
			return took[min(len(took)-1, int(share*float64(len(took))))].Seconds() * 1000
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%d\n", q.name, ms(0.5), ms(0.95), found/runs)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}
