package agreements_test

import (
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
)

// What a filter names is there, or an exemption names it; a short name is enough.
func TestFilter(t *testing.T) {
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
		{"ready", "", "", "", "pay "}, {"default:ready", "", "", "", "pay "}, {"scorecard:default/ready", "", "", "", "pay "}, {"Scorecard:ready", "", "", "", "pay "},
		{"none", "", "", "", "gone "}, {"", "nobody", "", "", "gone "}, {"", "", "bank", "", "pay "}, {"", "", "group:default/bank", "", "pay "},
		{"ready", "nobody", "", "", ""},
		{"other:ready", "", "", fault.NotFound, ""}, {"nope", "", "", fault.NotFound, ""}, {"", "nope", "", fault.NotFound, ""}, {"", "", "nope", fault.NotFound, ""},
		{"", "component:", "", fault.Invalid, ""},
	} {
		f, err := agreements.ParseFilter(c, all, tt.card, tt.entity, tt.owner)
		if err != nil {
			if fault.KindOf(err) != tt.kind || tt.kind == "" {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		got := ""
		for _, x := range all {
			if f.Selects(c, x.Exemption.Card, x.Entity) {
				got += x.Ref.Name + " "
			}
		}
		if tt.kind != "" || got != tt.want {
			t.Errorf("%+v selects %q", tt, got)
		}
	}
}
