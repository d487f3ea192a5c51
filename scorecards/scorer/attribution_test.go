package scorer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

// Each part of an explanation names the event that made what it reads what it is, not the newest of
// the descriptor: of a field, of what is missing, of an owner that is gone, and of a report.
func TestExplanationsNameWhoDidIt(t *testing.T) {
	const card, owner = "scorecard:default/readiness", "group:default/bank"
	payments := func(more string) event.Declaration {
		d := entity("Component", "payments", map[string]any{"type": "service", "lifecycle": "production", "owner": "bank"})
		d.Entity.Metadata.Description = more
		return d
	}
	moved := payments("It pays")
	moved.Entity.Spec["type"] = "website"
	log := eventlogtest.NewMemory()
	for i, one := range []struct {
		subject string
		data    event.Data
	}{
		{card, event.EntityRegistered{Declaration: entity(scorecards.KindScorecard, "readiness", map[string]any{
			"filter": `entity.kind == "Component"`, "levels": []any{map[string]any{"name": "Bronze", "rank": 1.0}}, "rules": []any{rule("all", "Bronze", `entity.spec.lifecycle == "production" && entity.spec.type == "website" && entity.metadata.description != "" && !owner.exists && owner.ref != "" && !oncall.present && links.size() == 0 && age(reported.sbom) < days(900)`)},
		})}},
		{owner, event.EntityRegistered{Declaration: entity("Group", "bank", map[string]any{"type": "team", "children": []any{}})}},
		{service, event.EntityRegistered{Declaration: payments("")}},
		{service, event.EntityChanged{Declaration: payments("It pays")}},
		{service, event.EntityRejected{Problems: []event.Problem{{Line: 1, Message: "must be a mapping"}}}},
		{service, event.FactRecorded{Fact: "facts.sbom", Entity: service, Value: []byte("true")}},
		{service, event.EntityChanged{Declaration: moved}},
		{owner, event.EntityRemoved{Ref: owner, Origin: entity("Group", "bank", nil).Origin}},
	} {
		e, err := event.New("/sources/github", one.subject, one.data)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Time, e.Actor.Login = event.DeriveID(i, "who"), begin.Add(time.Duration(i)*day), fmt.Sprint("person-", i+1)
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	s := scorer.New(scorer.Options{
		Log: log, Kinds: kinds(), Now: func() time.Time { return begin.Add(20 * day) }, Logger: slog.New(slog.DiscardHandler),
		Versions: func(_ context.Context, ref string, at time.Time, known eventlog.Position) (all []scorer.Version, err error) {
			is := ""
			for _, rec := range eventlogtest.ReadAll(t, log, 0) {
				if rec.Subject != ref || !at.IsZero() && rec.Time.After(at) || known > 0 && rec.Position > known {
					continue
				}
				switch rec.Type {
				case event.TypeEntityRegistered, event.TypeEntityChanged:
					var d struct{ Entity json.RawMessage }
					if err := json.Unmarshal(rec.Data, &d); err != nil {
						return nil, err
					}
					is = string(d.Entity)
				case event.TypeEntityRemoved:
					is = ""
				}
				all = append(all, scorer.Version{Source: scorecards.Source{Position: int64(rec.Position), Actor: rec.Actor.Login}, Entity: is})
			}
			return all, nil
		},
	})
	for _, tt := range []struct {
		day  int
		want map[string]string // who, by what is read
	}{
		{20, map[string]string{
			"entity.spec.lifecycle": "person-3", "entity.spec.type": "person-7", "entity.metadata.description": "person-4", "owner.exists": "person-8", "owner.ref": "person-3",
			"oncall.present": "person-3", "links": "person-3", "reported": "person-6",
		}},
		{3, map[string]string{
			"entity.spec.lifecycle": "person-3", "entity.spec.type": "person-3", "entity.metadata.description": "person-4", "owner.exists": "person-2", "owner.ref": "person-3",
			"oncall.present": "person-3", "links": "person-3",
		}},
	} {
		x, err := s.Explain(t.Context(), scorer.Question{Card: card, Entity: service, Rule: "all", At: begin.Add(time.Duration(tt.day) * day)})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		var look func(n *scorecards.Node)
		look = func(n *scorecards.Node) {
			if n.Source != nil {
				got[n.Input] = n.Source.Actor
			}
			for _, part := range n.Children {
				look(part)
			}
		}
		look(x.Expr)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("as of day %d (-want +got):\n%s", tt.day, diff)
		}
	}
}
