package notices_test

import (
	"slices"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Whom a reminder concerns is chosen when it is due: who owns what is left then. What comes
// later does not change it.
func TestWhomItConcernsWhenItIsDue(t *testing.T) {
	own := func(s *story, name, team string) {
		s.add("component:default/"+name, event.TypeEntityChanged, event.EntityChanged{Declaration: projectiontest.Component(name, team)})
	}
	comes := func(s *story, name, level, rule, to string) {
		s.add("component:default/"+name, event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Bronze"), After: score(level), Rules: []event.RuleChange{{Rule: rule, After: to}}})
	}
	ask := func(level string, rules ...string) func(*story) {
		return func(s *story) {
			goal := catalog.Entity{Kind: "Initiative", Metadata: catalog.Metadata{Name: "silver"}, Spec: map[string]any{"remind": []any{7}}}
			s.add("initiative:default/silver", event.TypeEntityRegistered, event.EntityRegistered{Declaration: event.Declaration{Entity: goal}})
			s.add("initiative:default/silver", event.TypeInitiativeOpened, event.InitiativeOpened{Initiative: event.Initiative{
				Ref: "initiative:default/silver", Card: card, Owner: ops, Level: level, Rules: rules, Target: "2026-03-30",
			}})
		}
	}
	spare := func(s *story) {
		s.add("exemption:default/old", event.TypeExemptionGranted, event.ExemptionGranted{Exemption: event.Exemption{Ref: "exemption:default/old", Card: card, Entity: "component:default/payments", Until: "2026-03-30"}})
	}
	nothing := func(*story) {}
	for _, tt := range []struct {
		name       string
		kind       string
		plan, then func(*story) // then is before the day on which it is due
		want       []string
	}{
		{"nothing changes", notices.Reminder, ask("Silver"), nothing, []string{bank, ops}},
		{"another owner", notices.Reminder, ask("Silver"), func(s *story) { own(s, "payments", "shop") }, []string{ops, shop}},
		{"one has reached it", notices.Reminder, ask("Silver"), func(s *story) { comes(s, "payments", "Silver", "docs", "pass") }, []string{ops}},
		{"another fell", notices.Reminder, ask("Silver"), func(s *story) { comes(s, "cart", "Bronze", "docs", "fail") }, []string{bank, ops, shop}},
		{"one is not judged any more", notices.Reminder, ask("Silver"), func(s *story) {
			s.add("component:default/payments", event.TypeScoreChanged, event.ScoreChanged{Card: card, Before: score("Bronze")})
		}, []string{ops}},
		{"a rule", notices.Reminder, ask("", "docs"), nothing, []string{bank, ops}},
		{"a rule that is kept", notices.Reminder, ask("", "docs"), func(s *story) { comes(s, "payments", "Bronze", "docs", "pass") }, []string{ops}},
		{"a rule that lets pass", notices.Reminder, ask("", "docs"), func(s *story) { comes(s, "payments", "Bronze", "docs", "exempt") }, []string{ops}},
		{"a rule that does not apply", notices.Reminder, ask("", "docs"), func(s *story) { comes(s, "payments", "Bronze", "docs", "not-applicable") }, []string{ops}},
		{"a rule that is not known", notices.Reminder, ask("", "docs"), func(s *story) { comes(s, "cart", "Gold", "docs", "unknown") }, []string{bank, ops, shop}},
		{"a rule that does not count yet", notices.Reminder, ask("", "later"), func(s *story) { comes(s, "cart", "Gold", "later", "fail") }, []string{ops}},
		{"an exemption", notices.Expiring, spare, nothing, []string{bank}},
		{"an exemption, another owner", notices.Expiring, spare, func(s *story) { own(s, "payments", "shop") }, []string{shop}},
		{"an exemption of what is gone", notices.Expiring, spare, func(s *story) {
			s.add("component:default/payments", event.TypeEntityRemoved, event.EntityRemoved{})
		}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank", "cart": "shop"})
			s.add(card, event.TypeEntityChanged, event.EntityChanged{Declaration: event.Declaration{Entity: catalog.Entity{Kind: "Scorecard", Metadata: catalog.Metadata{Name: "readiness"}, Spec: map[string]any{
				"owner": "ops", "levels": []any{map[string]any{"name": "Bronze", "rank": 1}, map[string]any{"name": "Silver", "rank": 2}, map[string]any{"name": "Gold", "rank": 3}},
				"rules": []any{map[string]any{"id": "docs"}, map[string]any{"id": "later", "from": "2026-03-24"}},
			}}}})
			comes(s, "payments", "Bronze", "docs", "fail")
			comes(s, "cart", "Gold", "docs", "pass")
			tt.plan(s)
			tt.then(s.after(24 * time.Hour))
			n := folded(t, s)
			due := time.Date(2026, 3, 23, 8, 0, 0, 0, time.UTC)
			check := func(when string, now time.Time) {
				t.Helper()
				q := notices.Query{Now: now, Kinds: []string{tt.kind}}
				all, err := n.List(t.Context(), q)
				if err != nil || len(all) != 1 || !all[0].Time.Equal(due) {
					t.Fatalf("%s: %+v, %v", when, all, err)
				}
				same(t, when, tt.want, all[0].Owners)
				facets, err := n.Owners(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				counted := []string{}
				for _, f := range facets {
					counted = append(counted, f.Value)
				}
				same(t, when+", counted", tt.want, counted)
				for _, ref := range []string{bank, shop} {
					q.Owners = []string{ref}
					count, err := n.Count(t.Context(), q)
					if err != nil || (count == 1) != slices.Contains(tt.want, ref) {
						t.Errorf("%s: %d of %s, %v", when, count, ref, err)
					}
				}
			}
			check("when it is due", due)
			// Somebody is told then: who owns and keeps what later changes nothing.
			s.now = due.Add(time.Hour)
			own(s, "payments", "elsewhere")
			comes(s, "cart", "", "docs", "fail")
			if err := n.Apply(t.Context(), s.records); err != nil {
				t.Fatal(err)
			}
			check("later", s.now)
		})
	}
}
