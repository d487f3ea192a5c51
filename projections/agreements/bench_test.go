package agreements_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// The page of an initiative that asks 10,000 entities, each of which was judged three times
// by 20 rules, half a year in weeks; the list of initiatives; and the tab of one entity.
func BenchmarkInitiative(b *testing.B) {
	const many, rules = 10_000, 20
	standing, err := scores.Open(b.Context(), filepath.Join(b.TempDir(), "scores.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = standing.Close() }()
	now := entities.NewOf(kinds())
	var log []eventlog.Record
	add := func(at time.Time, subject string, data event.Data) {
		e, err := event.New("/sources/github", subject, data)
		if err != nil {
			b.Fatal(err)
		}
		e.ID, e.Time = event.DeriveID(len(log), "bench"), at
		log = append(log, eventlog.Record{Position: eventlog.Position(len(log) + 1), Recorded: at, Event: e})
	}
	card := scorecard()
	list := make([]any, rules)
	for i := range list {
		list[i] = map[string]any{"id": fmt.Sprintf("r%d", i), "level": "Silver", "title": "Rule", "expr": "true"}
	}
	card.Entity.Spec["rules"] = list
	add(day(1), "scorecard:default/ready", event.EntityRegistered{Declaration: card})
	add(day(1), "initiative:default/silver", event.EntityRegistered{Declaration: declared("Initiative", "silver", map[string]any{
		"scorecard": "ready", "level": "Silver", "filter": `entity.spec.lifecycle == "production"`, "start": "2026-03-01", "target": "2026-12-31",
	})})
	for i := range many {
		name := fmt.Sprintf("svc-%05d", i)
		add(day(1), "component:default/"+name, event.EntityRegistered{Declaration: component(name, fmt.Sprintf("team-%d", i%200), "")})
	}
	for turn := range 3 {
		for i := range many {
			d := event.ScoreChanged{Card: "scorecard:default/ready", After: &event.Score{Level: "Bronze"}}
			for r := range rules {
				outcome := "pass"
				if (i+r+turn)%7 == 0 {
					outcome = "fail"
				}
				d.Rules = append(d.Rules, event.RuleChange{Rule: fmt.Sprintf("r%d", r), After: outcome})
			}
			add(day(2+turn*40), fmt.Sprintf("component:default/svc-%05d", i), d)
		}
	}
	for _, p := range []projections.Projection{standing, now} {
		if err := p.Apply(b.Context(), log); err != nil {
			b.Fatal(err)
		}
	}
	read, problems := scorecards.ParseCard(&card.Entity)
	if read == nil {
		b.Fatal(problems)
	}
	r, at := agreements.Reader{Scores: standing}, day(180)
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			all, err := r.Initiatives(b.Context(), now.Snapshot(), projections.Moment{}, at)
			if err != nil || len(all[0].Items) != many {
				b.Fatal(err)
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			e, _ := now.Snapshot().Get("initiative:default/silver")
			i, err := r.Initiative(b.Context(), now.Snapshot(), projections.Moment{}, at, e)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := r.BurnUp(b.Context(), projections.Moment{}, i, i.Weeks(at)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tab", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.Asking(b.Context(), now.Snapshot(), projections.Moment{}, at, "component:default/svc-00042", []*scorecards.Card{read}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
