package scorer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/scorecards/scorer"
)

// busy is a repository of whom ten deployments, pipelines and pushes a day are told for
// four months, which is all that a world keeps.
func busy(b *testing.B) []eventlog.Record {
	b.Helper()
	var all []eventlog.Record
	for i := range 120 * 10 {
		sha := fmt.Sprintf("%040x", i)
		status := map[bool]string{true: event.StatusFailure, false: event.StatusSuccess}[i%9 == 0]
		for _, data := range []event.Data{
			event.ActivityPush{Repository: payments, Ref: "refs/heads/main", After: sha, Default: true},
			event.ActivityPipeline{Repository: payments, ID: fmt.Sprint(i), Status: status, Branch: "main"},
			event.ActivityDeployment{Repository: payments, ID: fmt.Sprint(i), Environment: "production", Status: status, Commit: sha},
		} {
			e, err := event.New("/sources/github", "acme/payments", data)
			if err != nil {
				b.Fatal(err)
			}
			e.Time = begin.Add(time.Duration(i) * day / 10)
			all = append(all, eventlog.Record{Position: eventlog.Position(len(all) + 10), Event: e}) //nolint:gosec // few
		}
	}
	return all
}

func BenchmarkApplyActivity(b *testing.B) {
	records := busy(b)
	for b.Loop() {
		w := scorer.NewWorld(catalog.BuiltIn())
		for _, rec := range records {
			if err := w.Apply(rec); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/event")
}

func BenchmarkSubjectOfBusyRepository(b *testing.B) {
	w := worldOf(b, nil)
	for _, rec := range busy(b) {
		if err := w.Apply(rec); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := w.Subject(service, begin.Add(120*day)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOneGroupOwnsMany registers services that one group owns, and asks after each
// for what it touches, as judging does.
func BenchmarkOneGroupOwnsMany(b *testing.B) {
	for _, n := range []int{500, 2000, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			group := event.Declaration{Entity: catalog.Entity{
				APIVersion: "backstage.io/v1alpha1", Kind: "Group", Metadata: catalog.Metadata{Name: "bank"}, Spec: map[string]any{"type": "team", "children": []any{}},
			}}
			refs := []string{"group:default/bank"}
			records := []eventlog.Record{registered(b, 1, refs[0], group)}
			for i := range n {
				name := fmt.Sprint("service-", i)
				refs = append(refs, "component:default/"+name)
				records = append(records, registered(b, i+2, refs[i+1], projectiontest.Component(name, "bank")))
			}
			for b.Loop() {
				w := scorer.NewWorld(catalog.BuiltIn())
				for i, rec := range records {
					if err := w.Apply(rec); err != nil {
						b.Fatal(err)
					}
					for _, ref := range []string{refs[0], refs[i]} {
						if s, err := w.Subject(ref, begin); err != nil || s == nil {
							b.Fatal(s, err)
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/service")
		})
	}
}

func registered(b *testing.B, at int, ref string, d event.Declaration) eventlog.Record {
	b.Helper()
	e, err := event.New("/sources/github", ref, event.EntityRegistered{Declaration: d})
	if err != nil {
		b.Fatal(err)
	}
	e.Time = begin
	return eventlog.Record{Position: eventlog.Position(at), Event: e} //nolint:gosec // few
}
