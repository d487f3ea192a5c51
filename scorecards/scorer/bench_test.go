package scorer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
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
