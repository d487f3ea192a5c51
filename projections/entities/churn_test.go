package entities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Teams own as many services each; every change swaps the owners of two, in one
// append. So at every position every team owns as many as before.
const (
	churnTeams    = 8
	churnServices = 6 * churnTeams
	churnSwaps    = 100
	churnReaders  = 4
)

// Whoever reads while the catalog changes sees one position, whole: nobody ever
// sees one half of a change, one end of a relation, or an earlier position than
// before.
func TestReadersSeeWholeChanges(t *testing.T) {
	log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	world := newChurn()
	if _, err := log.Append(t.Context(), world.begin(t)...); err != nil {
		t.Fatal(err)
	}
	c := entities.New()
	runner := projections.NewRunner(log, slog.New(slog.DiscardHandler), c)
	following, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(following) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := runner.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}

	last := c.Snapshot().Position() + 2*churnSwaps
	g, ctx := errgroup.WithContext(t.Context())
	for range churnReaders {
		g.Go(func() error { return world.readUntil(ctx, c, last) })
	}
	g.Go(func() error {
		for n := range churnSwaps {
			if _, err := log.Append(ctx, world.swap(t, n)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// churn is who owns which service.
type churn struct{ owner []int }

func newChurn() *churn {
	w := &churn{make([]int, churnServices)}
	for i := range w.owner {
		w.owner[i] = i % churnTeams
	}
	return w
}

func churnTeam(i int) string    { return fmt.Sprintf("group:default/team-%02d", i) }
func churnService(i int) string { return fmt.Sprintf("component:default/service-%03d", i) }

func (w *churn) begin(t *testing.T) []event.Event {
	t.Helper()
	var all []event.Event
	for i := range churnTeams {
		ref := churnTeam(i)
		d := event.Declaration{
			Entity: catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "Group",
				Metadata: catalog.Metadata{Name: fmt.Sprintf("team-%02d", i), Namespace: "default", UID: "uid-" + ref},
				Spec:     map[string]any{"type": "team", "children": []any{}}},
			Origin: event.Origin{Source: "github", RepositoryID: "people", Path: ref},
		}
		all = append(all, churnEvent(t, ref, 0, event.EntityRegistered{Declaration: d}))
	}
	for i := range w.owner {
		all = append(all, churnEvent(t, churnService(i), 0, event.EntityRegistered{Declaration: w.declaration(i)}))
	}
	return all
}

// swap is the n-th change: two services take each other's owner.
func (w *churn) swap(t *testing.T, n int) []event.Event {
	t.Helper()
	a, b := n*7%churnServices, (n*11+1)%churnServices
	w.owner[a], w.owner[b] = w.owner[b], w.owner[a]
	return []event.Event{
		churnEvent(t, churnService(a), 2*n+1, event.EntityChanged{Declaration: w.declaration(a)}),
		churnEvent(t, churnService(b), 2*n+2, event.EntityChanged{Declaration: w.declaration(b)}),
	}
}

func (w *churn) declaration(i int) event.Declaration {
	return projectiontest.Component(fmt.Sprintf("service-%03d", i), churnTeam(w.owner[i]))
}

func churnEvent(t *testing.T, ref string, n int, data event.Data) event.Event {
	t.Helper()
	e, err := event.New(event.SourcePrefix+"github", ref, data)
	if err != nil {
		t.Fatal(err)
	}
	e.ID = event.DeriveID(n, ref)
	return e
}

// readUntil checks every snapshot that it sees, up to the one at last.
func (w *churn) readUntil(ctx context.Context, c *entities.Catalog, last eventlog.Position) error {
	var before eventlog.Position
	for before < last {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := c.Snapshot()
		if s.Position() < before {
			return fmt.Errorf("position %d is seen after %d", s.Position(), before)
		}
		before = s.Position()
		if err := errors.Join(churnOwned(s), churnSymmetric(s), churnAnswered(s)); err != nil {
			return fmt.Errorf("at position %d: %w", before, err)
		}
	}
	return nil
}

// churnOwned counts by the index what each team owns.
func churnOwned(s *entities.Snapshot) error {
	for i := range churnTeams {
		n := s.Count(entities.Equals{Key: "relations.ownedBy", Values: []string{churnTeam(i)}})
		if n != churnServices/churnTeams {
			return fmt.Errorf("%s owns %d services by the index, not %d", churnTeam(i), n, churnServices/churnTeams)
		}
	}
	return nil
}

// churnSymmetric looks at both ends of every relation.
func churnSymmetric(s *entities.Snapshot) error {
	ends := map[[3]string]bool{}
	for _, ref := range churnRefs() {
		e, ok := s.Get(ref)
		if !ok {
			return fmt.Errorf("%s is missing", ref)
		}
		for _, r := range e.Relations {
			ends[[3]string{ref, r.Type, r.TargetRef}] = true
		}
	}
	return churnPaired(ends)
}

// churnAnswered does the same with the answer to a request for many at once.
func churnAnswered(s *entities.Snapshot) error {
	ends := map[[3]string]bool{}
	refs := churnRefs()
	for i, answer := range s.Pick(refs, nil) {
		var e struct{ Relations []catalog.Relation }
		if err := json.Unmarshal([]byte(answer.String()), &e); err != nil {
			return fmt.Errorf("%s is answered with %q: %w", refs[i], answer, err)
		}
		for _, r := range e.Relations {
			ends[[3]string{refs[i], r.Type, r.TargetRef}] = true
		}
	}
	return churnPaired(ends)
}

func churnPaired(ends map[[3]string]bool) error {
	inverse := map[string]string{"ownedBy": "ownerOf", "ownerOf": "ownedBy"}
	if len(ends) != 2*churnServices {
		return fmt.Errorf("%d ends of relations, not %d", len(ends), 2*churnServices)
	}
	for end := range ends {
		if !ends[[3]string{end[2], inverse[end[1]], end[0]}] {
			return fmt.Errorf("%s says %s %s, which does not say %s", end[0], end[1], end[2], inverse[end[1]])
		}
	}
	return nil
}

func churnRefs() []string {
	var all []string
	for i := range churnTeams {
		all = append(all, churnTeam(i))
	}
	for i := range churnServices {
		all = append(all, churnService(i))
	}
	return all
}
