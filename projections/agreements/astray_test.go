package agreements_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/agreements"
)

// A scorecard, exemption or initiative in a file that names what is not there is told of, with the
// line, until it is over or what it names is there. What the portal has is on its own page.
func TestAstrayInFiles(t *testing.T) {
	w := newWorld(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(1, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "")})
	for name, spec := range map[string]map[string]any{
		"good":      {"entity": "payments", "scorecard": "ready", "rules": []any{"owner"}},
		"no-card":   {"entity": "payments", "scorecard": "none", "rules": []any{"x"}},
		"no-rule":   {"entity": "payments", "scorecard": "ready", "rules": []any{"owner", "gone"}},
		"no-entity": {"entity": "nobody", "scorecard": "ready"},
		"denied":    {"entity": "nobody", "scorecard": "ready", "status": "denied"},
		"over":      {"entity": "nobody", "scorecard": "ready", "until": "2026-03-09"},
	} {
		spec["reason"] = "x"
		w.say(1, "exemption:default/"+name, event.EntityRegistered{Declaration: declared("Exemption", name, spec)})
	}
	made := declared("Exemption", "made", map[string]any{"entity": "nobody", "scorecard": "ready", "reason": "x"})
	made.Origin = event.Origin{Source: event.PortalSource}
	w.say(1, "exemption:default/made", event.EntityRegistered{Declaration: made})
	for name, spec := range map[string]map[string]any{
		"fine":      {"scorecard": "ready", "level": "Silver"},
		"cardless":  {"scorecard": "none", "level": "Silver"},
		"no-level":  {"scorecard": "ready", "level": "Gold"},
		"no-rules":  {"scorecard": "ready", "rules": []any{"gone", "owner", "lost"}},
		"closed":    {"scorecard": "none", "level": "Silver", "closed": "2026-03-09"},
		"ownerless": {"scorecard": "ready", "level": "Silver", "owner": "nobody"},
	} {
		spec["target"] = "2026-03-20"
		w.say(1, "initiative:default/"+name, event.EntityRegistered{Declaration: declared("Initiative", name, spec)})
	}
	w.judge()
	got := map[string][]string{}
	for _, a := range agreements.AstrayIn(w.now.Snapshot(), day(13)) {
		for _, p := range a.Problems {
			got[a.Entry.Ref] = append(got[a.Entry.Ref], p.String())
		}
	}
	want := map[string][]string{
		"exemption:default/no-card":    {"spec.scorecard there is no such scorecard; mend the name, or add it"},
		"exemption:default/no-rule":    {"spec.rules[1] the scorecard has no rule gone; write one of owner, system"},
		"exemption:default/no-entity":  {"spec.entity there is no component:default/nobody in the catalog; mend the name, or add it"},
		"initiative:default/cardless":  {"spec.scorecard there is no such scorecard; mend the name, or add it"},
		"initiative:default/no-level":  {"spec.level the scorecard has no level Gold; write one of Bronze, Silver"},
		"initiative:default/no-rules":  {"spec.rules[0] the scorecard has no rule gone; write one of owner, system", "spec.rules[2] the scorecard has no rule lost; write one of owner, system"},
		"initiative:default/ownerless": {"spec.owner there is no group:default/nobody in the catalog; mend the name, or add it"},
		"scorecard:default/ready":      {"spec.owner there is no group:default/platform in the catalog; mend the name, or add it"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
