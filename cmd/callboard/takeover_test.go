package main

import (
	"context"
	"slices"
	"testing"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/entities"
)

// A source is renamed while the portal runs, first beside its old self and then in its
// place: the conflict that stands is settled without a push, and the entity stays the
// one that it was.
func TestReloadSettlesConflicts(t *testing.T) {
	r := startPortal(t)
	payments := r.repository(t, demoforge.GitHub, "acme/payments")
	r.send(t, push(t, payments, map[string]string{"catalog-info.yaml": service("payments")}))
	r.settle(t)
	before, ok := r.catalog.Snapshot().Get("component:default/payments")
	if !ok {
		t.Fatal("the entity did not come")
	}
	hub := r.file.Sources[0]
	hub.Name = "hub"
	both := r.file
	both.Sources = append(slices.Clone(both.Sources), hub)
	if err := r.reload(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	d := push(t, payments, map[string]string{"README.md": "hello"})
	if status, err := d.Send(t.Context(), r.client, r.base+"/hooks/hub"); err != nil || status != 202 {
		t.Fatalf("the door answers %d, %v", status, err)
	}
	r.settle(t)
	if all := r.catalog.Snapshot().Conflicts("component:default/payments"); len(all) != 1 {
		t.Fatalf("in conflict are %+v", all)
	}
	only := r.file
	only.Sources = []config.Source{hub}
	seen := r.catalog.Snapshot().Position()
	if err := r.reload(t.Context(), only); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), storyWait)
	defer cancel()
	if err := r.runner.Wait(ctx, entities.Name, seen+eventlog.Position(1)); err != nil {
		t.Fatal(err)
	}
	after, ok := r.catalog.Snapshot().Get("component:default/payments")
	if !ok || after.Origin.Source != "hub" || after.Entity.Metadata.UID != before.Entity.Metadata.UID || !after.Registered.Equal(before.Registered) {
		t.Errorf("it is %+v, in source %s", after.Entity, after.Origin.Source)
	}
	if all := r.catalog.Snapshot().Rejections(); len(all) > 0 {
		t.Errorf("refused are %+v", all)
	}
}
