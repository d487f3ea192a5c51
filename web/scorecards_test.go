package web_test

import "testing"

const readinessCard = "/scorecards/production-readiness?months=3"

// Who rose did so by what passes now, whatever failed later; who fell is told of although
// it stands higher than at first.
func TestScorecardSaysWhyTheyMoved(t *testing.T) {
	o := shop(t)
	const refund = "component:default/refund"
	o.stand(daysAgo(8), "production-readiness", refund, "Silver", 2, "docs=fail codeowners=pass", "saltmarsh", "900d9001")
	o.stand(daysAgo(6), "production-readiness", refund, "Gold", 4, "docs=pass", "saltmarsh", "900d9002")
	o.stand(daysAgo(3), "production-readiness", refund, "Silver", 2, "docs=fail", "juniper-q", "bad0bad1")
	o.ready()
	got := o.ok(readinessCard)
	got.wants("[data-part=h-up] li:nth-child(1)", "pick Bronze Gold Docs not older than 90 days: pass", "900d900")
	got.wants("[data-part=h-up] li:nth-child(2)", "refund Bronze Silver Docs not older than 90 days: pass", "900d900")
	got.wants("[data-part=h-down] li:nth-child(1)", "refund Gold Silver Docs not older than 90 days: fail", "bad0bad")
	got.wants("[data-part=h-down] li:nth-child(2)", "charge Gold Bronze CODEOWNERS names somebody: fail", "bad0bad")
	o = shop(t)
	o.stand(daysAgo(8), "production-readiness", refund, "Silver", 2, "docs=fail codeowners=pass", "saltmarsh", "900d9001")
	o.ready()
	o.ok(readinessCard).wants("[data-part=h-up] li:nth-child(2)", "refund Bronze Silver CODEOWNERS names somebody: pass")
}
