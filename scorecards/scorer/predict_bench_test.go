package scorer_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// judgedServices is a log of 10,000 services that a running scorer has judged by a card of
// twenty rules.
func judgedServices(b *testing.B) (*sqlitelog.Log, *scorer.Scorer) {
	b.Helper()
	log, err := sqlitelog.Open(b.Context(), b.TempDir()+"/events.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	card := twenty(b)
	begin := time.Now().UTC().AddDate(0, 0, -1)
	var all []event.Event
	add := func(subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			b.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(len(all), "services"), begin
		all = append(all, e)
	}
	var rules []any
	for _, r := range card.Rules {
		rules = append(rules, map[string]any{"id": r.ID, "title": r.Title, "level": r.Level, "expr": r.Expr})
	}
	add("scorecard:default/readiness", event.EntityRegistered{Declaration: entity(scorecards.KindScorecard, "readiness", map[string]any{
		"filter": `entity.kind == "Component"`, "rules": rules, "levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}, map[string]any{"name": "Silver", "rank": 2.0}},
	})})
	for i := range services / 20 {
		name := fmt.Sprintf("team-%d", i)
		add("group:default/"+name, event.EntityRegistered{Declaration: entity("Group", name, map[string]any{"type": "team", "children": []any{}})})
	}
	for i := range services {
		d := entity("Component", fmt.Sprintf("service-%d", i), map[string]any{"type": "service", "owner": fmt.Sprintf("team-%d", i/20), "lifecycle": "production"})
		add(d.Entity.Ref().String(), event.EntityRegistered{Declaration: d})
		add("acme/x", event.FactRecorded{Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: d.Origin.RepositoryID, FullName: "acme/x"}, Value: codeowned})
	}
	for len(all) > 0 {
		n := min(500, len(all))
		if _, err := log.Append(b.Context(), all[:n]...); err != nil {
			b.Fatal(err)
		}
		all = all[n:]
	}
	s, stop := runScorer(log)
	b.Cleanup(stop)
	if err := s.Wait(b.Context(), lastOf(b, log)); err != nil {
		b.Fatal(err)
	}
	return log, s
}

var (
	codeowned = json.RawMessage(`{"path":"CODEOWNERS","blob":"b","dialect":"github","rules":[{"pattern":"*","owners":["@bank"],"line":1}]}`)
	unowned   = json.RawMessage("null")
)

// ownership is that CODEOWNERS of a service comes or goes.
func ownership(b *testing.B, i int) event.Event {
	b.Helper()
	value := []json.RawMessage{unowned, codeowned}[i%2]
	e, err := event.New("/sources/github", "acme/x", event.FactRecorded{Fact: event.FactCodeowners, Repository: event.Repository{Source: "github", ID: "service-77", FullName: "acme/x"}, Value: value})
	if err != nil {
		b.Fatal(err)
	}
	e.ID, e.Time = event.DeriveID(i, "ownership", b.Name()), time.Now().UTC()
	return e
}

// BenchmarkChangeToScore is from an event that is about to be appended, fsync included, until
// the score that changed is in the log.
func BenchmarkChangeToScore(b *testing.B) {
	log, s := judgedServices(b)
	for i := 0; b.Loop(); i++ {
		appended, err := log.Append(b.Context(), ownership(b, i))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Wait(b.Context(), appended[0].Position); err != nil {
			b.Fatal(err)
		}
		if last := lastOf(b, log); last == appended[0].Position {
			b.Fatal("no score changed")
		}
	}
}

// BenchmarkPredict is how long the scorer stands still to say what a change would do.
func BenchmarkPredict(b *testing.B) {
	log, s := judgedServices(b)
	for b.Loop() {
		seen, err := s.Predict(b.Context(), lastOf(b, log), []event.Event{ownership(b, 0)})
		if err != nil || len(seen) != 1 {
			b.Fatalf("%d scores would change, %v", len(seen), err)
		}
	}
}
