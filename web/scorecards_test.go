package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

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

// A rule that does not count yet is in nobody's way.
func TestScorecardRuleThatDoesNotCountYet(t *testing.T) {
	o := shop(t)
	const count = "component:default/count"
	o.stand(daysAgo(3), "production-readiness", count, "Silver", 2, "sbom=fail", "juniper-q", "bad0bad1")
	o.ready()
	got := o.ok("/catalog/default/component/count/scorecards")
	got.wants("[data-part=score] tr:nth-child(1)", "Docs not older than 90 days Fail")
	if next := got.text("[data-part=score] .table-wrap[aria-label^='What next']"); strings.Contains(next, "Tells what is in it") {
		t.Errorf("what next is %q, with a rule that counts from next year on", next)
	}
	got.wants("[data-part=score] .table-wrap[aria-label^='Other rules']", "Tells what is in it Fail Counts from 1 January 2027.")
	o.ok(readinessCard).wants("[data-part=worst]", "Docs not older than 90 days Gold 1 of 4 fails; 1 has only this one left to the next level")
}

// A component that is part of a component belongs to the domain of that, on the page of a
// card as on Executive.
func TestScorecardByDomainOfParts(t *testing.T) {
	o := shop(t)
	o.push(sample.Push{At: daysAgo(9), By: by("mossbank"), Repository: "acme/part", Path: "catalog-info.yaml", Text: `apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: part}
spec: {type: library, lifecycle: production, owner: payments, subcomponentOf: component:charge}
`})
	o.stand(daysAgo(8), "production-readiness", "component:default/part", "Gold", 4, "owner=pass docs=pass codeowners=pass", "saltmarsh", "900d9001")
	o.ready()
	o.ok(readinessCard+"&group=domain").wants("[data-part=heat]", "Money 3")
	o.ok("/executive?within=domain:money").wants("[data-part=entities]", "part")
}

// A share is rounded, and written alike wherever it stands on the page.
func TestScorecardSharesAreRounded(t *testing.T) {
	o := shop(t)
	const refund = "component:default/refund"
	o.stand(daysAgo(8), "production-readiness", refund, "", 2, "owner=fail docs=pass codeowners=pass", "saltmarsh", "900d9001")
	o.ready()
	o.ok(readinessCard).wants("[data-part=worst]", "Has an owner Bronze 2 of 6 fail", "67 % pass, at first 100 %")
}

// By what was known before something happened, no part of the page tells of it.
func TestScorecardAsKnownThen(t *testing.T) {
	o := shop(t)
	known := len(o.world.Log.Records)
	const refund = "component:default/refund"
	o.stand(daysAgo(8), "production-readiness", refund, "Gold", 4, "docs=pass codeowners=pass", "saltmarsh", "900d9001")
	o.stand(daysAgo(3), "production-readiness", refund, "Silver", 2, "docs=fail", "juniper-q", "bad0bad1")
	o.ready()
	now := o.ok(readinessCard)
	now.wants("[data-part=h-down]", "refund")
	then := o.ok(fmt.Sprintf("%s&known=%d", readinessCard, known))
	for _, part := range []string{"h-up", "h-down"} {
		if text := then.text("[data-part=" + part + "]"); strings.Contains(text, "refund") {
			t.Errorf("as known at %d %s says %q, of what came after it", known, part, text)
		}
	}
	then.wants("[data-part=h-down]", "charge")
	if strings.Contains(then.text("main"), "known today") {
		t.Error("something of it is by what is known today")
	}
	// Two of six stood at Gold in the end, one of them by what was known.
	rows := func(p *page) string { all := p.texts("[data-part=trend] tbody tr"); return all[len(all)-1] }
	if was, is := rows(then), rows(now); was != "12 March 2026 1 1 3 1" || is != "12 March 2026 1 2 2 1" {
		t.Errorf("the trend ends with %q as known then, and with %q now", was, is)
	}
	then.wants("[data-part=worst]", "at first")
}

// The table that is downloaded is of the moment of the page.
func TestScorecardCSVIsOfThatMoment(t *testing.T) {
	o := shop(t)
	o.ready()
	at := daysAgo(5).UTC().Format("2006-01-02T15:04")
	for _, c := range []struct{ query, want string }{
		{"", "/api/scorecards/production-readiness/results?format=csv"},
		{"&at=" + at, "/api/scorecards/production-readiness/results?at=" + strings.ReplaceAll(at, ":", "%3A") + "%3A00Z&format=csv"},
		{"&known=20", "/api/scorecards/production-readiness/results?format=csv&known=20"},
	} {
		if got := o.ok(readinessCard+c.query).follow("main a", "CSV"); got != c.want {
			t.Errorf("%s: the table is at %s, want %s", c.query, got, c.want)
		}
	}
}

// counting are scores that tell of lists of which rules are decoded.
type counting struct {
	*scores.Scores
	t *testing.T
}

func (c counting) List(ctx context.Context, q scores.Query) ([]scores.Score, error) {
	c.t.Errorf("all of %+v is decoded", q)
	return c.Scores.List(ctx, q)
}

// How many stand at which level is in memory: no rules are decoded for it.
func TestScorecardsAreCounted(t *testing.T) {
	o := shop(t, func(o *organisation, c *web.Config) { c.Scores = counting{o.scores, t} })
	o.ready()
	if now := o.ok("/scorecards").text("main"); !strings.Contains(now, "Gold 1") {
		t.Errorf("the cards tell of %s", now)
	}
}

// Each point of a chart but the last opens the page as of its moment, where the trend ends
// with what the point says: by the chart, and by the numbers below it.
func TestAChartOpensThePageAsOfItsPoints(t *testing.T) {
	o := shop(t)
	o.ready()
	for _, address := range []string{readinessCard, "/executive?card=production-readiness&from=2026-02-20"} {
		now := o.ok(address)
		rows := now.texts("[data-part=trend] tbody tr")
		opened := 0
		for i, a := range now.all("[data-part=trend] tbody td:first-child a") {
			href := attr(a, "href")
			if strings.Contains(href, "from=") || !strings.Contains(href, "at=20") {
				t.Fatalf("%s: a point leads to %q", address, href)
			}
			if step := now.all("[data-part=trend] .step")[i]; attr(step, "href") != href {
				t.Errorf("%s: the chart leads to %q, the numbers to %q", address, attr(step, "href"), href)
			}
			day := strings.TrimSpace(strings.Join(strings.Fields(rows[i])[:3], " "))
			if address == readinessCard { // what was before the record takes a backtest, which nobody makes here
				opened++
				continue
			}
			then := o.ok(href)
			ends := then.texts("[data-part=trend] tbody tr")
			if len(ends) == 0 { // nothing to draw yet
				continue
			}
			opened++
			if last := ends[len(ends)-1]; last != rows[i] {
				t.Errorf("%s: as of %s the trend ends with %q, and the point says %q", address, day, last, rows[i])
			}
		}
		if opened < 2 || len(now.all("[data-part=trend] .step")) != len(rows)-1 {
			t.Errorf("%s: %d points were opened, of %d that the chart has", address, opened, len(rows))
		}
	}
}

// queued are trends whose backtest has to wait.
type queued struct{ *trends.Trends }

func (q queued) Of(ctx context.Context, e *catalog.Entity, span trends.Span, wait bool) (trends.Trend, error) {
	t, err := q.Trends.Of(ctx, e, span, wait)
	if err == nil {
		t.Failed = fault.New(fault.Unavailable, "9 backtests wait already: try again in a minute")
	}
	return t, t.Failed
}

// While too many backtests wait, the page of a card tells what is on record, and why there is no more.
func TestScorecardWhileBacktestsWait(t *testing.T) {
	o := judged(t, readiness, func(o *organisation, c *web.Config) { c.Trends = queued{&trends.Trends{Recorded: o.scores}} })
	o.ready()
	got := o.ok(readinessCard)
	got.wants("main", "What stood before cannot be computed now: 9 backtests wait already: try again in a minute.")
	got.wants("h1", "Production readiness")
}
