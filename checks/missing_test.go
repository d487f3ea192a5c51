package checks_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/ingest"
)

// What would be named and not be there is told with its line: of what changes all of it, of
// what else there is that which the change takes away.
func TestWhatWouldBeNamedInVain(t *testing.T) {
	rules := func(ids ...string) map[string]any {
		var all []any
		for _, id := range ids {
			all = append(all, map[string]any{"id": id, "title": id, "expr": "true"})
		}
		return map[string]any{"rules": all}
	}
	exemption := func(name, entity string, rules ...any) event.Declaration {
		return declared("Exemption", name, map[string]any{"scorecard": "ready", "entity": entity, "rules": rules, "reason": "x"})
	}
	made := exemption("made", "ledger", "docs")
	made.Origin = event.Origin{Source: event.PortalSource}
	was, is := declared("Scorecard", "ready", rules("docs", "owner")), declared("Scorecard", "ready", rules("owner"))
	ledger := service("ledger", "bank", nil)
	old := exemption("old", "cart", "docs", "lost")
	over := exemption("over", "ledger", "docs")
	over.Entity.Spec["until"] = "2026-02-28"
	goal := declared("Initiative", "all", map[string]any{"scorecard": "ready", "owner": "nobody", "rules": []any{"owner", "docs"}, "target": "2026-04-01"})
	goal.Origin.Line = 10
	goal.Document = `apiVersion: callboard.dev/v1alpha1
kind: Initiative
metadata: {name: all}
spec:
  owner: nobody
  scorecard: ready
  rules: [owner, docs]
  target: 2026-04-01
`
	c := catalogOf(t, was, ledger, service("cart", "bank", nil), declared("Group", "bank", map[string]any{"type": "team", "children": []any{}}), made, old, over)
	o := outcomeOf(t, foretold{Prediction: ingest.Prediction{
		Position: eventlog.Position(9), Before: map[string]event.Declaration{"scorecard:default/ready": was, "component:default/ledger": ledger},
		Events: []event.Event{
			eventOf(t, "scorecard:default/ready", event.EntityChanged{Declaration: is}),
			eventOf(t, "initiative:default/all", event.EntityRegistered{Declaration: goal}),
			eventOf(t, "component:default/ledger", event.EntityRemoved{Ref: "component:default/ledger", Origin: ledger.Origin}),
		},
	}}, c)
	want := []checks.Missing{
		{Entity: "exemption:default/made", Field: "spec.entity", Message: "there is no component:default/ledger in the catalog; mend the name, or add it"},
		{Entity: "exemption:default/made", Field: "spec.rules[0]", Message: "the scorecard has no rule docs; write one of owner"},
		{Entity: "initiative:default/all", Path: "all.yaml", Line: 14, Column: 10, Field: "spec.owner", Message: "there is no group:default/nobody in the catalog; mend the name, or add it"},
		{Entity: "initiative:default/all", Path: "all.yaml", Line: 16, Column: 18, Field: "spec.rules[1]", Message: "the scorecard has no rule docs; write one of owner"},
		{Entity: "exemption:default/old", Path: "old.yaml", Line: 1, Field: "spec.rules[0]", Message: "the scorecard has no rule docs; write one of owner"},
	}
	if diff := cmp.Diff(want, o.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if len(o.Broken) > 0 {
		t.Errorf("told twice: %+v", o.Broken)
	}
	if o.Fails(checks.OnDrop) || o.Empty() {
		t.Error("it is to be told, and to keep nobody from merging")
	}
	var text strings.Builder
	if err := o.Write(&text); err != nil {
		t.Fatal(err)
	}
	for place, got := range map[string]string{
		"all.yaml:16:18: spec.rules[1]: the scorecard has no rule docs; write one of owner\n": text.String(),
		"old.yaml:1: spec.rules[0]: ": text.String(),
		"exemption:default/made: spec.entity: there is no component:default/ledger": text.String(),
		"- `all.yaml:14:10` `spec.owner`: there is no group:default/nobody":         o.Comment(""),
		"5 names would lead nowhere, exemption:default/made":                        strings.ToLower(o.Says()),
	} {
		if !strings.Contains(got, place) {
			t.Errorf("it lacks %q:\n%s", place, got)
		}
	}
}
