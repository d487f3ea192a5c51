package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
)

func opened(t *testing.T, entities int) (*portal, *population.Population) {
	t.Helper()
	p, err := population.New(entities, 1)
	if err != nil {
		t.Fatal(err)
	}
	o, err := open(t.Context(), p, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.close(nil); err != nil {
			t.Error(err)
		}
	})
	return o, p
}

// Every change of a stretch becomes visible, and no read fails meanwhile.
func TestReadWhileChanging(t *testing.T) {
	o, p := opened(t, 500)
	target, err := traffic.NewTarget(o.url, "")
	if err != nil {
		t.Fatal(err)
	}
	byName := traffic.Cases(p, 1)[0]
	seen := 0
	for round := range 2 {
		read, how, err := o.readWhileChanging(t.Context(), target, byName, 4, stretch{round, 500, 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if read.Requests == 0 || read.Failures > 0 {
			t.Errorf("%d reads, %d failures, such as %s", read.Requests, read.Failures, read.Failure)
		}
		if len(how.visible) == 0 {
			t.Error("nobody has watched the changes")
		}
		seen += 100
		last, err := o.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := eventlog.Position(p.Len() + seen); last != want {
			t.Errorf("the log ends at %d, want %d: a change was taken for a repeat", last, want)
		}
	}
}

// Whoever asks over HTTP for all entities at once, again and again while they
// change, gets answers that never go back, and in each both ends of every
// relation.
func TestAnswersAreWhole(t *testing.T) {
	o, p := opened(t, 200)
	const rounds, rate = 20, 1000
	last := eventlog.Position(p.Len() + rounds*rate/100)
	g, ctx := errgroup.WithContext(t.Context())
	for range 4 {
		g.Go(func() error {
			var before eventlog.Position
			for before < last {
				at, all, err := list(ctx, o.url)
				if err != nil {
					return err
				}
				if at < before {
					return fmt.Errorf("position %d is answered after %d", at, before)
				}
				before = at
				if err := symmetric(all); err != nil {
					return fmt.Errorf("at position %d: %w", at, err)
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		for round := range rounds {
			s := stretch{round, rate, 10 * time.Millisecond}
			changes, err := o.changes(s)
			if err != nil {
				return err
			}
			if _, err := o.change(ctx, changes, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// answered is an entity as the API shows it.
type answered struct {
	catalog.Entity
	Relations []catalog.Relation `json:"relations"`
}

// list returns all entities and the position that the answer is of.
func list(ctx context.Context, base string) (eventlog.Position, []answered, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/catalog/entities", nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	at, err := strconv.ParseUint(resp.Header.Get("Callboard-Position"), 10, 64)
	if err != nil {
		return 0, nil, err
	}
	var all []answered
	return eventlog.Position(at), all, json.NewDecoder(resp.Body).Decode(&all)
}

func symmetric(all []answered) error {
	inverse := map[string]string{}
	for _, kind := range catalog.BuiltIn() {
		for _, f := range kind.Spec {
			if f.Reference != nil {
				inverse[f.Reference.Outgoing], inverse[f.Reference.Incoming] = f.Reference.Incoming, f.Reference.Outgoing
			}
		}
	}
	there, ends := map[string]bool{}, map[[3]string]bool{}
	for _, e := range all {
		ref := e.Ref().String()
		there[ref] = true
		for _, r := range e.Relations {
			ends[[3]string{ref, r.Type, r.TargetRef}] = true
		}
	}
	for end := range ends {
		if there[end[2]] && !ends[[3]string{end[2], inverse[end[1]], end[0]}] {
			return fmt.Errorf("%s says %s %s, which does not say %s", end[0], end[1], end[2], inverse[end[1]])
		}
	}
	if len(ends) < len(all) {
		return fmt.Errorf("%d entities have %d relations: nothing was compared", len(all), len(ends))
	}
	return nil
}
