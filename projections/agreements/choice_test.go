package agreements_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/scorecards"
)

func TestChoices(t *testing.T) {
	w := newWorld(t)
	w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(1, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "")})
	for name, spec := range map[string][4]string{
		"a": {"ready", "payments", "granted", "2026-03-31"}, "b": {"ready", "shop", "granted", "2026-03-05"}, "c": {"safe", "payments", "requested", ""}, "d": {"ready", "gone", "denied", ""},
	} {
		all := map[string]any{"scorecard": spec[0], "entity": spec[1], "reason": "x", "status": spec[2]}
		if spec[3] != "" {
			all["until"] = spec[3]
		}
		w.say(2, "exemption:default/"+name, event.EntityRegistered{Declaration: declared("Exemption", name, all)})
	}
	w.judge()
	catalog := w.now.Snapshot()
	for name, tt := range map[string]struct {
		choice agreements.Choice
		want   []string
		counts map[scorecards.Status]int
	}{
		"all":            {agreements.Choice{}, []string{"c", "a", "b", "d"}, map[scorecards.Status]int{"requested": 1, "granted": 1, "expired": 1, "denied": 1}},
		"from a card":    {agreements.Choice{Card: "scorecard:default/ready"}, []string{"a", "b", "d"}, map[scorecards.Status]int{"granted": 1, "expired": 1, "denied": 1}},
		"of an entity":   {agreements.Choice{Entity: "component:default/payments"}, []string{"c", "a"}, map[scorecards.Status]int{"requested": 1, "granted": 1}},
		"of a team":      {agreements.Choice{Owner: "group:default/web"}, []string{"b"}, map[scorecards.Status]int{"expired": 1}},
		"of a status":    {agreements.Choice{Status: scorecards.Expired}, []string{"b"}, map[scorecards.Status]int{"requested": 1, "granted": 1, "expired": 1, "denied": 1}},
		"of none of all": {agreements.Choice{Owner: "group:default/web", Status: scorecards.Granted}, nil, map[scorecards.Status]int{"expired": 1}},
	} {
		chosen, counts := tt.choice.From(catalog, agreements.Exemptions(catalog, day(10)))
		var got []string
		for _, x := range chosen {
			got = append(got, x.Ref.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tt.counts, counts); diff != "" {
			t.Errorf("%s, by status (-want +got):\n%s", name, diff)
		}
	}
}

// What a filter names is there, or an exemption names it; a short name is enough.
func TestParseChoice(t *testing.T) {
	w := newWorld(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	w.say(1, "exemption:default/gone", event.EntityRegistered{Declaration: declared("Exemption", "gone", map[string]any{"entity": "nobody", "scorecard": "none", "reason": "x"})})
	w.say(1, "exemption:default/pay", event.EntityRegistered{Declaration: declared("Exemption", "pay", map[string]any{"entity": "payments", "scorecard": "ready", "reason": "x"})})
	w.judge()
	c := w.now.Snapshot()
	all := agreements.Exemptions(c, day(13))
	for _, tt := range []struct {
		card, entity, owner string
		kind                fault.Kind // of the error; empty: none
		want                string     // the exemptions
	}{
		{"", "", "", "", "gone pay "},
		{"ready", "", "", "", "pay "}, {"default:ready", "", "", "", "pay "}, {"scorecard:default/ready", "", "", "", "pay "}, {"Scorecard:ready", "", "", "", "pay "}, {"default/ready", "", "", "", "pay "},
		{"none", "", "", "", "gone "}, {"", "nobody", "", "", "gone "}, {"", "", "bank", "", "pay "}, {"", "", "group:default/bank", "", "pay "},
		{"ready", "nobody", "", "", ""},
		{"other:ready", "", "", fault.NotFound, ""}, {"nope", "", "", fault.NotFound, ""}, {"", "nope", "", fault.NotFound, ""}, {"", "", "nope", fault.NotFound, ""},
		{"", "component:", "", fault.Invalid, ""}, {"default:", "", "", fault.Invalid, ""},
	} {
		q, err := agreements.ParseChoice(c, all, tt.card, tt.entity, tt.owner)
		if err != nil {
			if fault.KindOf(err) != tt.kind || tt.kind == "" {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		got := ""
		for _, x := range all {
			if q.Has(c, x.Exemption.Card, x.Entity) {
				got += x.Ref.Name + " "
			}
		}
		if tt.kind != "" || got != tt.want {
			t.Errorf("%+v selects %q", tt, got)
		}
	}
}
