package notices_test

import (
	"slices"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Whom the end of an exemption concerns is chosen when that is due: who owns the entity then.
// What comes later does not change it.
func TestWhomItConcernsWhenItIsDue(t *testing.T) {
	own := func(s *story, name, team string) {
		s.add("component:default/"+name, event.TypeEntityChanged, event.EntityChanged{Declaration: projectiontest.Component(name, team)})
	}
	for _, tt := range []struct {
		name string
		then func(*story) // before the day on which it is due
		want []string
	}{
		{"nothing changes", func(*story) {}, []string{bank}},
		{"another owner", func(s *story) { own(s, "payments", "shop") }, []string{shop}},
		{"what is gone", func(s *story) {
			s.add("component:default/payments", event.TypeEntityRemoved, event.EntityRemoved{Origin: projectiontest.Component("payments", "bank").Origin})
		}, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t).declare(map[string]string{"payments": "bank", "cart": "shop"})
			s.add("exemption:default/old", event.TypeExemptionGranted, event.ExemptionGranted{Exemption: event.Exemption{Ref: "exemption:default/old", Card: card, Entity: "component:default/payments", Until: "2026-03-30"}})
			tt.then(s.after(24 * time.Hour))
			n := folded(t, s)
			due := time.Date(2026, 3, 23, 8, 0, 0, 0, time.UTC)
			check := func(when string, now time.Time) {
				t.Helper()
				q := notices.Query{Now: now, Kinds: []string{notices.Expiring}}
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
			// Somebody is told then: who owns it later changes nothing.
			s.now = due.Add(time.Hour)
			own(s, "payments", "elsewhere")
			if err := n.Apply(t.Context(), s.records); err != nil {
				t.Fatal(err)
			}
			check("later", s.now)
		})
	}
}
