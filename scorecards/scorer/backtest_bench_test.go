package scorer_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// twenty is a card with twenty rules on what the log of the benchmark tells, a third
// of them with a look at the clock.
func twenty(b *testing.B) *scorecards.Card {
	b.Helper()
	exprs := []string{
		`owner.exists`, `owner.members >= 1`, `repo.codeowners.size() > 0`, `"README.md" in repo.files`, `repo.files.exists(f, f.endsWith("CODEOWNERS"))`,
		`repo.protected`, `!repo.archived`, `repo.language != ""`, `links.exists(l, l.type == "runbook")`, `facts.coverage >= 60`,
		`"coverage" in reported && age(reported.coverage) < days(60)`, `age(activity.lastDeployment) < days(30)`, `activity.deployments >= 1`,
		`activity.changeFailureRate < 0.15`, `entity.metadata.?description.orValue("").size() >= 20`, `entity.spec.lifecycle in ["production", "experimental"]`,
		`relations.exists(r, r.type == "ownedBy")`, `age(activity.lastPush) < days(90)`, `entity.metadata.?annotations["acme.example/on-call"].hasValue()`, `repo.defaultBranch == "main"`,
	}
	var rules []any
	for i, e := range exprs {
		r := rule(fmt.Sprintf("r%d", i), []string{"Bronze", "Silver"}[i%2], e).(map[string]any)
		r["message"] = "{{repo.defaultBranch}} of {{owner.ref}}"
		rules = append(rules, r)
	}
	return cardOf(b, map[string]any{
		"filter": `entity.kind == "Component"`, "rules": rules,
		"levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
	})
}

// yearOf appends a year of n services: what is known of each at its beginning, and then
// each month a change of the descriptor or of a fact, or a deployment.
func yearOf(b *testing.B, log *sqlitelog.Log, n int) (end time.Time, events int) {
	b.Helper()
	begin := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	var all []event.Event
	flush := func() {
		if _, err := log.Append(b.Context(), all...); err != nil {
			b.Fatal(err)
		}
		all = all[:0]
	}
	add := func(at time.Time, subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			b.Fatal(err)
		}
		events++
		e.ID, e.Time, e.Cause = event.DeriveID(events, "year"), at, event.Cause{Commit: fmt.Sprintf("%040x", events)}
		if all = append(all, e); len(all) == 500 {
			flush()
		}
	}
	fact := func(value any) json.RawMessage {
		text, err := json.Marshal(value)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	for i := range n / 20 {
		name := fmt.Sprintf("team-%d", i)
		add(begin, "group:default/"+name, event.EntityRegistered{Declaration: entity("Group", name, map[string]any{"type": "team", "children": []any{}})})
	}
	service := func(i, version int) event.Declaration {
		d := entity("Component", fmt.Sprintf("service-%d", i), map[string]any{"type": "service", "owner": fmt.Sprintf("team-%d", i/20), "lifecycle": "production"})
		d.Entity.Metadata.Description = fmt.Sprintf("Version %d of a service that does one thing well", version)
		return d
	}
	var files []string
	for i := range 50 {
		files = append(files, fmt.Sprintf("internal/part%d/file.go", i))
	}
	for i := range n {
		d := service(i, 0)
		repo := event.Repository{Source: "github", ID: d.Entity.Metadata.Name, FullName: "acme/" + d.Entity.Metadata.Name}
		add(begin, repo.FullName, event.RepositoryObserved{RepositoryState: event.RepositoryState{Repository: repo, DefaultBranch: "main", Language: "Go"}})
		add(begin, d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
		add(begin, repo.FullName, event.FactRecorded{Fact: event.FactFiles, Repository: repo, Value: fact(event.FilesChanged{Whole: true, Added: append([]string{"README.md"}, files...)})})
	}
	for month := range 12 {
		for i := range n {
			at := begin.AddDate(0, month, 0).Add(time.Duration(i) * 4 * time.Minute)
			d := service(i, month)
			repo := event.Repository{Source: "github", ID: d.Entity.Metadata.Name, FullName: "acme/" + d.Entity.Metadata.Name}
			switch (i + month) % 4 {
			case 0:
				add(at, d.Entity.Ref().String(), event.EntityChanged{Declaration: d})
			case 1:
				add(at, repo.FullName, event.FactRecorded{Fact: event.FactReported + "coverage", Repository: repo, Value: fact((i * month) % 100)})
			case 2:
				add(at, repo.FullName, event.ActivityDeployment{Repository: repo, ID: fmt.Sprint(events), Environment: "production", Status: "success", Finished: at})
			case 3:
				add(at, repo.FullName, event.FactRecorded{Fact: event.FactCodeowners, Repository: repo, Value: fact(map[string]any{
					"path": "CODEOWNERS", "blob": "b", "dialect": "github", "rules": []any{map[string]any{"pattern": "*", "owners": []string{"@acme/one"}, "line": 1}},
				})})
			}
		}
	}
	flush()
	return begin.AddDate(1, 0, 0), events
}

// encoded is how many bytes a transition has on average, as an event with its cause.
func encoded(b *testing.B, all []scorer.Transition) float64 {
	b.Helper()
	bytes := 0
	for _, t := range all {
		e, err := event.New("/scorecards", t.Entity, t.ScoreChanged)
		if err != nil {
			b.Fatal(err)
		}
		e.ID, e.Time, e.Actor, e.Cause = event.DeriveID(1, t.Entity), t.At, t.Actor, t.Cause
		text, err := event.Encode(e)
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(text)
	}
	return float64(bytes) / float64(len(all))
}

// Twelve months of 10,000 services, each of which changes once a month, by a card of
// twenty rules.
const services = 10_000

func BenchmarkBacktest(b *testing.B) {
	log, err := sqlitelog.Open(b.Context(), b.TempDir()+"/events.db")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	end, events := yearOf(b, log, services)
	trial := scorer.Trial{Card: twenty(b), To: end, Step: scorecards.Week, Keep: 200}
	b.ReportMetric(0, "ns/op")
	for b.Loop() {
		got, err := trial.Run(b.Context(), log, kinds())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(got.Total), "transitions")
		b.ReportMetric(float64(got.Total)/12*encoded(b, got.Transitions)/1e6, "MB/month")
		if n := got.Trend[len(got.Trend)-1].Entities; n != services {
			b.Fatalf("the card judges %d services", n)
		}
	}
	b.ReportMetric(float64(events), "events")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB")
}

// BenchmarkExplainPast explains a rule as of a moment of the past: the log of a year of ten
// thousand services is read again.
func BenchmarkExplainPast(b *testing.B) {
	log, err := sqlitelog.Open(b.Context(), b.TempDir()+"/events.db")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	yearOf(b, log, services)
	card := entity(scorecards.KindScorecard, "readiness", map[string]any{"rules": []any{map[string]any{"id": "owner", "title": "Has an owner", "expr": "owner.exists"}}})
	e, err := event.New("/sources/github", "scorecard:default/readiness", event.EntityRegistered{Declaration: card})
	if err != nil {
		b.Fatal(err)
	}
	e.ID = event.DeriveID(0, "card")
	recs, err := log.Append(b.Context(), e)
	if err != nil {
		b.Fatal(err)
	}
	s := newScorer(log)
	q := scorer.Question{Card: "scorecard:default/readiness", Entity: "component:default/service-1", Rule: "owner", Known: recs[0].Position}
	for b.Loop() {
		if x, err := s.Explain(b.Context(), q); err != nil || x.Result.Outcome != scorecards.Pass {
			b.Fatal(x, err)
		}
	}
}
