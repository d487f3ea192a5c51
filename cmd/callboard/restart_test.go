package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// benchEvent is a registered entity of a typical size.
func benchEvent(tb testing.TB, i int) event.Event {
	tb.Helper()
	name := fmt.Sprintf("service-%06d", i)
	data, err := json.Marshal(event.EntityRegistered{Declaration: event.Declaration{
		Entity: catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: "Component",
			Metadata: catalog.Metadata{Name: name, Namespace: "default", Description: "Takes, captures and refunds card and bank payments for every shop.", Tags: []string{"go", "grpc", "tier-1"}},
			Spec:     map[string]any{"type": "service", "lifecycle": "production", "owner": fmt.Sprintf("team-%02d", i%40), "dependsOn": []any{"resource:db-000002"}, "providesApis": []any{name + "-api"}},
		},
		Document: burstDescriptor(i),
		Origin:   event.Origin{Source: "github", Repository: "acme/" + name, RepositoryID: name, Branch: "main", Commit: "c", Path: "catalog-info.yaml", Blob: "b"},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return event.Event{
		ID: event.DeriveID(i, "bench"), Type: event.TypeEntityRegistered, Source: "/sources/github", Subject: "component:default/" + name,
		Time: time.Unix(1_770_000_000, 0), Data: data,
	}
}

// newCatalogOf folds the portal's log into a catalog of its own.
func newCatalogOf(tb testing.TB, r *running) *entities.Catalog {
	tb.Helper()
	c := entities.New()
	if err := projections.NewRunner(r.events, slog.New(slog.DiscardHandler), c).CatchUp(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return c
}
