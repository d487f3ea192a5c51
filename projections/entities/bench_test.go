package entities_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// changes returns n events about some entities, each of the size of a typical
// descriptor's event: about 1.6 KB.
func changes(tb testing.TB, n, about int) []eventlog.Record {
	tb.Helper()
	records := make([]eventlog.Record, n)
	at := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	for i := range records {
		name := fmt.Sprintf("service-%06d", i%about)
		d := projectiontest.Component(name, fmt.Sprintf("team-%02d", i%40))
		d.Entity.Metadata.Description = "Takes, captures and refunds card and bank payments for every shop."
		d.Entity.Metadata.Tags = []string{"go", "grpc", "tier-1"}
		d.Entity.Metadata.Annotations = map[string]string{
			"backstage.io/managed-by-location": "url:https://git.acme.example/acme/" + name + "/blob/main/catalog-info.yaml",
			"backstage.io/view-url":            "https://git.acme.example/acme/" + name + "/blob/main/catalog-info.yaml",
			"backstage.io/source-location":     "url:https://git.acme.example/acme/" + name + "/tree/main/",
		}
		d.Entity.Spec["dependsOn"] = []any{"component:service-000001", "resource:db-000002"}
		d.Entity.Spec["providesApis"] = []any{name + "-api"}
		d.Document = strings.Repeat("# as written\n", 40)
		data, err := json.Marshal(event.EntityChanged{Declaration: d})
		if err != nil {
			tb.Fatal(err)
		}
		records[i] = eventlog.Record{Position: eventlog.Position(i + 1), Recorded: at, Event: event.Event{
			ID: fmt.Sprint(i), Type: event.TypeEntityChanged, Source: "/sources/github", Subject: "component:default/" + name, Time: at, Data: data,
		}}
	}
	return records
}

// BenchmarkReplay folds a log into an empty catalog, in the batches that a
// runner gives.
func BenchmarkReplay(b *testing.B) {
	for _, bm := range []struct {
		name     string
		n, about int
	}{
		{"each entity once", 50_000, 50_000},
		{"each entity ten times", 50_000, 5_000},
	} {
		b.Run(bm.name, func(b *testing.B) {
			records := changes(b, bm.n, bm.about)
			b.ResetTimer()
			for b.Loop() {
				c := entities.New()
				for batch := records; len(batch) > 0; batch = batch[min(50000, len(batch)):] {
					if err := c.Apply(b.Context(), batch[:min(50000, len(batch))]); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(bm.n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(len(records[0].Data)), "bytes/event")
		})
	}
}

// BenchmarkApplyOne is the cost of one live change in a large catalog.
func BenchmarkApplyOne(b *testing.B) {
	records := changes(b, 100_000, 100_000)
	c := entities.New()
	if err := c.Apply(b.Context(), records); err != nil {
		b.Fatal(err)
	}
	position := records[len(records)-1].Position
	b.ResetTimer()
	for b.Loop() {
		position++
		rec := records[int(position)%len(records)]
		rec.Position = position
		if err := c.Apply(b.Context(), []eventlog.Record{rec}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind is a filtered page with facets, by a scan of the whole catalog.
func BenchmarkFind(b *testing.B) {
	c := entities.New()
	if err := c.Apply(b.Context(), changes(b, 100_000, 100_000)); err != nil {
		b.Fatal(err)
	}
	s := c.Snapshot()
	s.All()
	b.ResetTimer()
	for b.Loop() {
		if r := s.Find(entities.Query{Owners: []string{"group:default/team-07"}, Limit: 50}); r.Total != 2500 {
			b.Fatal(r.Total)
		}
	}
}

// BenchmarkAsOf is what is asked first at a moment that nobody has looked at.
func BenchmarkAsOf(b *testing.B) {
	const entitiesThere, times = 50_000, 4
	records := changes(b, entitiesThere*times, entitiesThere)
	for i := range records {
		records[i].Time = records[i].Time.Add(time.Duration(i) * time.Second)
	}
	line := entities.New().Timeline()
	if err := line.Apply(records); err != nil {
		b.Fatal(err)
	}
	first, n := records[0].Time, 0
	last := eventlog.Position(len(records))
	for _, bm := range []struct {
		name string
		ask  func(s *entities.Snapshot) int
	}{
		{"by name", func(s *entities.Snapshot) int { s.Get("component:default/service-000777"); return 1 }},
		{"filtered page, sorted by name", func(s *entities.Snapshot) int {
			return s.List(entities.Listing{Count: true, Limit: 50, Order: entities.Order{Fields: []entities.Field{{Key: "metadata.name"}}}, Where: entities.All{
				entities.Equals{Key: "kind", Values: []string{"component"}}, entities.Equals{Key: "relations.ownedby", Values: []string{"group:default/team-07"}},
			}}).Total
		}},
		{"page of the portal, with facets", func(s *entities.Snapshot) int { return s.Find(entities.Query{Limit: 50}).Total }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				n++
				at := first.Add(time.Duration(entitiesThere*(1+n%(times-1))+n*977%entitiesThere) * time.Second)
				s, err := line.AsOf(projections.Moment{At: at, Known: last}, nil, nil)
				if err != nil {
					b.Fatal(err)
				}
				if bm.ask(s) == 0 {
					b.Fatal("nothing is there")
				}
			}
		})
	}
}
