package web_test

import (
	"slices"
	"testing"
)

// As of an earlier moment nothing that came later is on record of a rule.
func TestRuleOnRecordThen(t *testing.T) {
	o := shop(t)
	const refund = "component:default/refund"
	o.stand(daysAgo(8), "production-readiness", refund, "Silver", 2, "docs=fail codeowners=pass", "saltmarsh", "900d9001")
	o.stand(daysAgo(6), "production-readiness", refund, "Gold", 4, "docs=pass", "saltmarsh", "900d9002")
	o.stand(daysAgo(3), "production-readiness", refund, "Silver", 2, "docs=fail", "juniper-q", "bad0bad1")
	o.ready()
	page := whyLink("refund", "docs")
	for _, c := range []struct {
		days int
		want []string // newest first
	}{{0, []string{"Fail", "Pass", "Fail", "Pass"}}, {5, []string{"Pass", "Fail", "Pass"}}, {7, []string{"Fail", "Pass"}}} {
		address := page
		if c.days > 0 {
			address += "?at=" + daysAgo(c.days).UTC().Format("2006-01-02T15:04")
		}
		if got := o.ok(address).texts("[data-part=said] .timeline b"); !slices.Equal(got, c.want) {
			t.Errorf("%s has %q on record, want %q", address, got, c.want)
		}
	}
}

// whyLink is the page of a rule of the sample's scorecard for a component.
func whyLink(component, rule string) string {
	return "/catalog/default/component/" + component + "/scorecards/production-readiness/" + rule
}
