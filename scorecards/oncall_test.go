package scorecards_test

import (
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/scorecards"
)

// Annotations that lead to a tool say that somebody is on call; empty and similar ones do not.
func TestOnCall(t *testing.T) {
	for _, test := range []struct {
		annotations map[string]string
		tool        string
	}{
		{nil, ""},
		{map[string]string{"pagerduty.com/service-id": "P1"}, "pagerduty"},
		{map[string]string{"pagerduty.com/integration-key": "k"}, "pagerduty"},
		{map[string]string{"opsgenie.com/component-selector": "tag:\"x\""}, "opsgenie"},
		{map[string]string{"rootly.com/service-slug": "payments"}, "rootly"},
		{map[string]string{"splunk.com/on-call-team": "bank"}, "splunk"},
		{map[string]string{"firehydrant.com/service-name": "payments"}, "firehydrant"},
		{map[string]string{"pagerduty.com/service-id": " "}, ""},
		{map[string]string{"pagerduty.com/service-id": "", "rootly.com/service-id": "1"}, "rootly"},
		{map[string]string{"pagerduty.com/account": "acme", "pagerduty.example.com/service-id": "P1", "rootly.com/": "x"}, ""},
		{map[string]string{"rootly.com/service-id": "1", "opsgenie.com/team": "bank"}, "opsgenie"},
	} {
		s := &scorecards.Subject{Entity: &catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: "Component", Metadata: catalog.Metadata{Name: "x", Annotations: test.annotations}}}
		for expr, want := range map[string]bool{"oncall.present": test.tool != "", `oncall.tool == "` + test.tool + `"`: true} {
			got := cardOf(t, "  rules:\n    - {id: one, title: One, expr: '"+expr+"'}").Evaluate(s, noon).Rules[0].Outcome
			if (got == scorecards.Pass) != want {
				t.Errorf("%v: %s comes to %s", test.annotations, expr, got)
			}
		}
	}
}
