package history_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/projections/projectiontest"
)

// told returns n events about some entities, each of which changes the
// description: a typical descriptor's event, of about 1.5 KB.
func told(b testing.TB, n, about int) []eventlog.Record {
	b.Helper()
	records := make([]eventlog.Record, n)
	at := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	for i := range records {
		name := fmt.Sprintf("service-%06d", i*7919%about)
		d := projectiontest.Component(name, fmt.Sprintf("team-%02d", i%40))
		d.Entity.Metadata.Description = fmt.Sprintf("Takes, captures and refunds payments for every shop; release %d.", i/about)
		d.Entity.Metadata.Tags = []string{"go", "grpc", "tier-1"}
		d.Entity.Metadata.Annotations = map[string]string{
			"backstage.io/managed-by-location": "url:https://git.acme.example/acme/" + name + "/blob/main/catalog-info.yaml",
			"backstage.io/view-url":            "https://git.acme.example/acme/" + name + "/blob/main/catalog-info.yaml",
			"backstage.io/source-location":     "url:https://git.acme.example/acme/" + name + "/tree/main/",
		}
		d.Entity.Spec["dependsOn"] = []any{"component:service-000001", "resource:db-000002"}
		d.Entity.Spec["providesApis"] = []any{name + "-api"}
		data, err := json.Marshal(event.EntityChanged{Declaration: d})
		if err != nil {
			b.Fatal(err)
		}
		records[i] = eventlog.Record{Position: eventlog.Position(i + 1), Recorded: at, Event: event.Event{
			ID: fmt.Sprint("id-", i), Type: event.TypeEntityChanged, Source: "/sources/github", Subject: "component:default/" + name, Time: at,
			Actor: event.Actor{Login: fmt.Sprint("person-", i%300)}, Cause: event.Cause{Delivery: fmt.Sprint("github:", i), Commit: fmt.Sprintf("%040x", i*2654435761)}, Data: data,
		}}
	}
	return records
}

// BenchmarkApply writes the rows of 100,001 events, each entity's first or its
// tenth, in batches as large as those of a start and as small as those of a
// portal that is busy.
func BenchmarkApply(b *testing.B) {
	for _, c := range []struct {
		name        string
		about, size int
	}{{"first", 100_000, 5000}, {"tenth", 10_000, 5000}, {"tenth, by 30", 10_000, 30}} {
		b.Run(c.name, func(b *testing.B) {
			records := told(b, 100_001, c.about) // with the last, which is no large batch, indexes are made
			for b.Loop() {
				b.StopTimer()
				rows, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "history.db"))
				if err != nil {
					b.Fatal(err)
				}
				h := history.New(rows)
				b.StartTimer()
				for i := 0; i < len(records); i += c.size {
					if err := h.Apply(b.Context(), records[i:min(i+c.size, len(records))]); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				if err := h.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
