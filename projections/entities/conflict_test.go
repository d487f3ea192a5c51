package entities_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// A conflict names the place that keeps the entity now, wherever that has gone
// since, and however the events came.
func TestKeeperMoves(t *testing.T) {
	kept := func(repository, path string) event.Declaration {
		d := projectiontest.Component("payments", "team-a")
		d.Origin.Repository, d.Origin.RepositoryID, d.Origin.Path = "acme/"+repository, repository, path
		return d
	}
	second := kept("second", "copy.yaml")
	story := projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: kept("first", "a.yaml")}).
		Add(payments, event.EntityConflicted{EntityRejected: rejected(payments, second), With: kept("first", "a.yaml").Origin}).
		Add(payments, event.EntityChanged{Declaration: kept("first", "b.yaml")}).
		Add(payments, event.EntityRemoved{Ref: payments, Reason: "b.yaml was deleted", Origin: kept("first", "b.yaml").Origin}).
		Add(payments, event.EntityRegistered{Declaration: kept("third", "c.yaml")}).
		Add(payments, event.EntityRejected(rejected(payments, second))).
		Add(payments, event.EntityConflicted{EntityRejected: rejected(payments, second), With: kept("third", "c.yaml").Origin}).
		Add(payments, event.EntityChanged{Declaration: kept("second", "other.yaml")}).
		Add(payments, event.EntityChanged{Declaration: second})
	want := []string{"", "acme/first/a.yaml", "acme/first/b.yaml", "acme/first/b.yaml", "acme/third/c.yaml", "", "acme/third/c.yaml", "acme/second/other.yaml", ""}

	c, got := entities.New(), []string{}
	path := filepath.Join(t.TempDir(), "catalog.snapshot")
	for n, rec := range story.Records() {
		if err := c.Apply(t.Context(), story.Records()[n:n+1]); err != nil {
			t.Fatal(err)
		}
		with := ""
		for _, r := range c.Snapshot().Conflicts(payments) {
			with += r.With.Place()
		}
		got = append(got, with)

		atOnce := entities.New()
		if err := atOnce.Apply(t.Context(), story.Records()[:n+1]); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(shown(t, atOnce.Snapshot()), shown(t, c.Snapshot())); d != "" {
			t.Errorf("up to %d, at once (-) and one by one (+):\n%s", rec.Position, d)
		}
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
		if c = entities.New(); c.Restore(path, anyLog) != nil {
			t.Fatal("it cannot be restored")
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("where it is kept (-want +got):\n%s", d)
	}
}
