package web_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// rowsOf are the rows of a table, each as its texts.
func (p *page) rowsOf(part string) (rows []string) {
	p.t.Helper()
	return p.texts(fmt.Sprintf("[data-part=%s] tbody tr", part))
}

func TestExecutive(t *testing.T) {
	o := shop(t)
	if err := o.world.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := o.ok("/executive")
	got.wants(".lede", "Acme, 1 January 2026 to 12 March 2026, against 1 January 2026")
	// Of six, pick and count are Silver or better; of the four that were judged at New
	// Year, charge and count were: as many of the same.
	got.wants(".summary .headline", "33 % of 6 entities stand at Silver or better on Production readiness; of the 4 that were judged on 1 January 2026 it is 50 %, as then.",
		"One rule, “CODEOWNERS names somebody”, would lift 2 entities.")
	got.wants(".summary-figs", "Silver or better 33 % 2 of 6 even +2 new", "At Gold 1 17 % even", "Without an owner in the catalog 1 of 6 1 entity is exempt from a rule", "Fell a level 1 1 more")
	want := []string{
		"Acme 6 +2 new 33 % 50 % even",
		"Goods ST Stock 2 100 % 50 % 50 pt", "Shelves ST Stock 2 100 % 50 % 50 pt",
		"Money PA Payments 2 0 % 50 % 50 pt", "Cards PA Payments 2 0 % 50 % 50 pt",
		"No domain 2 0 % – –", "Labs ST Stock 1 0 % – –",
	}
	if rows := got.rowsOf("groups"); strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("by domain:\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if rows := got.rowsOf("cards"); len(rows) != 2 || !strings.HasPrefix(rows[0], "Hygiene Points reached Show 1 – 25 % 25 % even") {
		t.Errorf("of all cards it says %q; a draft is none of them", rows)
	}
	got.wants("[data-part=h-up]", "pick Bronze Gold Docs not older than 90 days: pass", "900d900", "saltmarsh")
	got.wants("[data-part=h-down]", "charge Gold Bronze CODEOWNERS names somebody: fail", "bad0bad", "juniper-q")
	got.wants("[data-part=worst]", "CODEOWNERS names somebody", "3 of 5 fail; 2 have only this one left to the next level")
	if strings.Contains(got.text("[data-part=worst]"), "Tells what is in it") {
		t.Error("a rule that does not count yet is told of")
	}
	got.wants("[data-part=trend] table", "1 January 2026 1 1 2 0", "12 March 2026 1 1 3 1")
	got.wants("[data-part=made-from]", "Complete through", "Tree head")

	// From the whole to the commit that broke it.
	money := o.ok(got.follow("[data-part=groups] a", "Money"))
	money.wants(".crumbs", "Organisation Money")
	money.wants("[data-part=entities]", "charge", "Bronze was Gold", "refund")
	money.wants(".summary .headline", "One rule, “CODEOWNERS names somebody”, would lift 2 entities.")
	cards := o.ok(money.follow("[data-part=groups] a", "Cards"))
	cards.wants(".crumbs", "Organisation Money Cards")
	entity := o.ok(cards.follow("[data-part=entities] a", "charge"))
	if href := entity.follow("[data-part=score] a.sha", "bad0bad"); href != "https://git.acme.example/acme/charge/commit/bad0bad0" {
		t.Errorf("the commit is at %s", href)
	}
	// A team that is named as an owner and is not in the catalog owns nothing.
	for _, address := range []string{"/executive?group=team", "/teams", readinessCard} {
		if text := o.ok(address).text("main"); !strings.Contains(text, "nobody not in the catalog") && !strings.Contains(text, "nobody 1 not in the catalog") {
			t.Errorf("%s does not say that the team nobody is not in the catalog", address)
		}
	}
	none := o.ok(got.follow("[data-part=groups] a", "No domain"))
	none.wants("[data-part=entities]", "stray", "trial", "not all is known", "exempt from a rule")
}

// Who stood at a level that the card does not have any more has neither risen nor fallen, and is
// left out of what is compared, which is said.
func TestExecutiveOfALevelThatWent(t *testing.T) {
	o := shop(t)
	o.stand(daysAgo(139), "production-readiness", "component:default/refund", "Platinum", 4, "codeowners=pass", "kestrel-7", "c0ffee08")
	o.stand(daysAgo(20), "production-readiness", "component:default/refund", "Silver", 2, "docs=fail", "saltmarsh", "900d900c")
	o.ready()
	got := o.ok("/executive")
	got.wants(".summary .headline", "50 % of 6 entities stand at Silver or better on Production readiness; "+
		"of the 3 that were judged on 1 January 2026, at a level that the card still has, it is 67 %, as then.")
	got.wants(".summary-figs", "Silver or better 50 % 3 of 6 even +2 new", "At Gold 1 17 % even", "Fell a level 1 1 more")
	got.wants("[data-part=groups]", "are left out of “was” and “change”, and so are those at a level that the card does not have any more.")
	got.wants("[data-part=trend] table", "1 January 2026 1 1 1 0")
	for _, part := range []string{"h-up", "h-down"} {
		if text := got.text("[data-part=" + part + "]"); strings.Contains(text, "refund") {
			t.Errorf("%s says %q, of one that cannot be compared", part, text)
		}
	}
	o.ok("/executive?within=domain:default/money").wants("[data-part=entities]", "refund", "Silver was Platinum")
}

// What a page says was so is what it says as of then.
func TestExecutiveTravels(t *testing.T) {
	o := shop(t)
	then := o.ok("/executive?at=2026-01-01T00:00&from=2025-11-01")
	then.wants(".summary .headline", "50 % of 4 entities")
	then.wants("[data-part=made-from]", "As of 1 Jan 2026, 00:00.")
	if href := then.follow("[data-part=groups] a", "Money"); !strings.Contains(href, "at=2026-01-01") {
		t.Errorf("the link to a domain forgets the moment: %s", href)
	}
	// Two dates.
	span := o.ok("/executive?from=2026-01-01&to=2026-02-15")
	span.wants(".lede", "1 January 2026 to 15 February 2026")
	span.wants("[data-part=h-down]", "charge")
	span.wants("[data-part=h-up]", "Nobody rose.")
	// By another card, which has no levels.
	hygiene := o.ok("/executive?card=hygiene")
	hygiene.wants(".summary .headline", "25 % of all points of 1 entity are reached")
	// Another level.
	o.ok("/executive?level=bronze").wants(".summary-figs", "Bronze or better 83 % 5 of 6")
}

// delivered says of each group that as many deployments succeeded as it has components, and
// twice as many a month before; of what has one it was never told.
func delivered(_ context.Context, groups map[string][]string, moments ...time.Time) ([]map[string]scorer.Performance, error) {
	var all []map[string]scorer.Performance
	for i := range moments {
		of := map[string]scorer.Performance{}
		for name, refs := range groups {
			n := len(refs)
			of[name] = scorer.Performance{Told: n > 1, Succeeded: n * (i + 1), Failed: n * i, Leads: n - 2, LeadTime: 90 * time.Minute, Outages: i, Restore: 3 * time.Hour}
		}
		all = append(all, of)
	}
	return all, nil
}

// How software is delivered is told of the groups of the page, of now only; and of what
// nobody was told, that.
func TestExecutiveTellsOfDelivery(t *testing.T) {
	busy := false
	o := shop(t, func(_ *organisation, c *web.Config) {
		c.Performance = func(ctx context.Context, groups map[string][]string, moments ...time.Time) ([]map[string]scorer.Performance, error) {
			if busy {
				return nil, fault.New(fault.Unavailable, "scores are busy")
			}
			return delivered(ctx, groups, moments...)
		}
	})
	check := func(address string, want ...string) *page {
		t.Helper()
		got := o.ok(address)
		if rows := got.rowsOf("delivery"); strings.Join(rows, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", address, strings.Join(rows, "\n"), strings.Join(want, "\n"))
		}
		return got
	}
	got := check("/executive",
		"Acme 7 was 14 1 h 30 min was 1 h 30 min 0 % was 33 % none was 3 h",
		"Goods 3 was 6 1 h 30 min was 1 h 30 min 0 % was 33 % none was 3 h",
		"Money 2 was 4 none 0 % was 33 % none was 3 h",
		"No domain 2 was 4 none 0 % was 33 % none was 3 h")
	got.wants(".print-only[data-part=not-printed]", "Not printed: 3 rows below the first")
	check("/executive?group=team",
		"Acme 7 was 14 1 h 30 min was 1 h 30 min 0 % was 33 % none was 3 h",
		"Engineering 6 was 12 1 h 30 min was 1 h 30 min 0 % was 33 % none was 3 h",
		"Stock 4 was 8 1 h 30 min was 1 h 30 min 0 % was 33 % none was 3 h",
		"Payments 2 was 4 none 0 % was 33 % none was 3 h",
		"nobody not in the catalog No data: no deployment was ever told of.")
	check("/executive?within=domain:default/money", "Money 2 was 4 none 0 % was 33 % none was 3 h", "Cards 2 was 4 none 0 % was 33 % none was 3 h")
	check("/executive?within=system:default/labs", "Labs No data: no deployment was ever told of.")
	for _, past := range []string{"/executive?at=2026-03-01T00:00", "/executive?to=2026-03-01"} {
		check(past).wants("[data-part=delivery]", "known of now only")
	}
	busy = true
	check("/executive").wants("[data-part=delivery]", "Nobody can tell just now")
	if len(shop(t).ok("/executive").all("[data-part=delivery]")) > 0 {
		t.Error("a portal that does not know tells of it")
	}
}

// The initiatives that are open stand on the page of the whole, the one that ends first
// before all others; those to come, over or of another moment do not.
func TestExecutiveListsOpenInitiatives(t *testing.T) {
	o := shop(t)
	for name, spec := range map[string]string{
		"later": "level: Silver, target: 2026-09-30", "sooner": "level: Gold, target: 2026-05-31", "planned": "level: Gold, start: 2026-04-01, target: 2026-05-31",
		"over": "level: Gold, target: 2026-02-01", "fresh": "level: Gold, start: 2026-03-01, target: 2026-10-31",
	} {
		o.push(sample.Push{At: daysAgo(100), By: by("mossbank"), Repository: "acme/goals-" + name,
			Text: "apiVersion: callboard.dev/v1alpha1\nkind: Initiative\nmetadata: {name: " + name + ", title: Goal " + name + "}\nspec: {scorecard: production-readiness, " + spec + "}\n"})
	}
	o.ready()
	rows := func(address string) string {
		return strings.Join(o.ok(address).texts("[data-part=initiatives] tbody .name"), ", ")
	}
	if got := rows("/executive"); got != "Goal sooner, Goal later, Goal fresh" {
		t.Errorf("open are %s", got)
	}
	if got := rows("/executive?to=2026-02-15"); got != "Goal sooner, Goal later" {
		t.Errorf("in February open are %s", got)
	}
	o.ok("/executive").wants(".print-only[data-part=goals]", "Open initiatives: Goal sooner, 1 of 6 until 31 May 2026; Goal later, ", "; Goal fresh, ")
	o.ok("/executive").wants("[data-part=initiatives] tbody tr", "Goal sooner Gold on Production readiness", "31 May 2026", "1 of 6")
	if got := rows("/executive?within=domain:default/money"); got != "" {
		t.Errorf("of a domain there are %s", got)
	}
}

// Where nobody stands otherwise than at first, because they are back or were not judged then,
// the last who moved are told of: what the figures count is there.
func TestWhoMovedAndIsBack(t *testing.T) {
	of := func(name string) string {
		return "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + "}\nspec: {type: service, lifecycle: production, owner: bank}\n"
	}
	o := judged(t, readiness+of("back")+of("old"))
	o.stand(daysAgo(140), "production-readiness", "component:default/old", "Silver", 2, "owner=pass codeowners=pass docs=fail", "mossbank", "c0ffee01")
	stand := func(days int, level, rules string) {
		o.stand(daysAgo(days), "production-readiness", "component:default/back", level, 2, rules, "juniper-q", fmt.Sprintf("bad0bad%d", days))
	}
	stand(40, "Silver", "owner=pass codeowners=pass docs=fail")
	stand(30, "Bronze", "codeowners=fail")
	stand(20, "Silver", "codeowners=pass")
	o.ready()
	for _, address := range []string{"/executive", readinessCard} {
		got := o.ok(address)
		got.wants("[data-part=h-up]", "Rose last", "back Bronze Silver")
		got.wants("[data-part=h-down]", "Fell last", "back Silver Bronze")
	}
	// It fell, and stands no lower than at first.
	if rows := o.ok("/teams").rowsOf("teams"); len(rows) != 1 || !strings.HasSuffix(rows[0], " – –") {
		t.Errorf("the team stands as %q", rows)
	}
	first := o.ok("/executive")
	first.wants(".summary-figs", "Fell a level 1")
	if href := first.follow(".summary-figs a", "Fell a level"); len(first.all(href)) != 1 || len(first.all("[data-part=h-down] details")) > 0 {
		t.Errorf("the one fall, which is told of, is at %s", href)
	}
	// A day that begins or ends a period is all in it.
	o.ok("/executive?from=2026-02-10&to=2026-02-10").wants(".summary-figs", "Fell a level 1")
	o.ok("/executive?from=2026-02-11").wants(".summary-figs", "Fell a level 0")
	o.ok("/executive?from=2026-03-12").wants(".lede", "12 March 2026 to 12 March 2026")
	// Of more falls than are told of each is listed, where the figure leads.
	for n := range 4 {
		stand(19-2*n, "Bronze", "codeowners=fail")
		stand(18-2*n, "Silver", "codeowners=pass")
	}
	o.ready()
	got := o.ok("/executive")
	got.wants("[data-part=h-down] summary", "All 5 falls")
	if href := got.follow(".summary-figs a", "Fell a level"); len(got.all(href+" > li")) != 5 {
		t.Errorf("the figure leads to %s, with %d falls", href, len(got.all(href+" > li")))
	}
	for _, address := range []string{"/exemptions", "/exemptions/new"} {
		if got := o.get(address).texts(".nav [aria-current]"); len(got) != 1 || got[0] != "Scorecards" {
			t.Errorf("at %s the sidebar marks %q", address, got)
		}
	}
}

// Teams can be looked at by another card, and a card of many levels by any of them.
func TestChoosers(t *testing.T) {
	o := shop(t)
	o.push(sample.Push{At: daysAgo(100), By: by("mossbank"), Repository: "acme/ladder", Text: `apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: ladder, title: Ladder}
spec:
  filter: entity.kind == "Component"
  levels: [{name: One, rank: 1}, {name: Two, rank: 2}, {name: Three, rank: 3}, {name: Four, rank: 4}, {name: Five, rank: 5}, {name: Six, rank: 6}]
  rules: [{id: readme, level: One, title: Has a README, expr: docs.present, message: none}]
`})
	o.stand(daysAgo(5), "ladder", "component:default/charge", "One", 1, "readme=pass", "saltmarsh", "c0ffee11")
	o.ready()
	ladder := o.ok(o.ok("/teams?level=gold").follow("main .menu a", "Ladder"))
	ladder.wants(".lede", "how it stands on Ladder")
	ladder.wants("thead", "Five or better")
	o.ok(ladder.follow("main .menu a", "Two")).wants("thead", "Two or better")
	o.ok(o.ok("/executive?card=ladder").follow("[data-part=groups] .menu a", "Six")).wants("[data-part=groups] thead", "Six")
	o.ok(o.ok(readinessCard).follow(".page-head a", "Descriptor")).wants("main", "kind: Scorecard")
}

func TestExecutiveSaysWhatIsWrong(t *testing.T) {
	o := shop(t)
	for address, want := range map[string]string{
		"/executive?level=Platinum":                "level=Platinum is no level of Production readiness",
		"/executive?card=planned":                  "no scorecard planned is published",
		"/executive?group=people":                  "write group=domain or group=team",
		"/executive?within=domain:default/nothing": "there is no domain:default/nothing",
		"/executive?within=component:default/pick": "component:default/pick is no domain, system, group or user",
		"/executive?within=:":                      "within",
		"/executive?from=2026-03-01&to=2026-02-01": "is not before 2026-02-01",
		"/executive?from=soon":                     "from",
		"/executive?from=0002-01-01":               "is more than 60 years before 2026-03-12: begin with a later day",
		"/teams?order=sideways":                    "order=sideways is no order",
		"/exemptions?status=sideways":              "status=sideways is no status",
	} {
		got := o.get(address)
		if got.status != http.StatusBadRequest && got.status != http.StatusNotFound {
			t.Errorf("%s: %d", address, got.status)
		}
		if text := got.text("main"); !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			t.Errorf("%s says %q, want %q", address, text, want)
		}
	}
}

// A part of the organisation is told by the grouping that has it, whatever the address says.
func TestExecutiveWithinATeam(t *testing.T) {
	o := shop(t)
	for _, group := range []string{"", "&group=team", "&group=domain"} {
		got := o.ok("/executive?within=group:default/stock" + group)
		got.wants(".summary .headline", "67 % of 3 entities stand at Silver or better")
		got.wants(".crumbs", "Organisation Engineering Stock")
		got.wants("[data-part=groups] .card-head", "By team")
		if href := got.follow(".page-head a", "CSV"); !strings.Contains(href, "group=team") {
			t.Errorf("%s: the CSV is at %s", group, href)
		}
		o.ok(got.follow(".crumbs a", "Engineering")).wants(".summary .headline", "40 % of 5 entities")
		o.ok(got.follow(".crumbs a", "Organisation")).wants("[data-part=groups] .card-head", "By team")
	}
	o.ok("/executive?group=team&within=system:default/cards").wants(".crumbs", "Organisation Money Cards")
	o.ok("/executive?within=none&group=team").wants("h1", "Nobody")
}

func TestExecutiveWithNothing(t *testing.T) {
	o := judged(t, "")
	o.ready()
	o.ok("/executive").wants("main", "No scorecard is published yet")
	o.ok("/teams").wants("main", "No scorecard is published yet")
	o = judged(t, readiness)
	o.ready()
	got := o.ok("/executive")
	got.wants(".summary", "Nothing is judged by Production readiness here.")
	got.wants("[data-part=trend]", "Nothing was judged in this time.")
	o.ok("/teams").wants("main", "No team owns anything that is judged")
}

func TestTeams(t *testing.T) {
	o := shop(t)
	tree := o.ok("/teams")
	want := []string{
		"Engineering? 1 not fully known – – 5 +1 new 40 % 50 % even 1 1",
		"Stock Few: one entity is 33 points? 1 not fully known – 7 3 +1 new 67 % 50 % 50 pt 1 –",
		"Payments Few: one entity is 50 points 1 4 2 0 % 50 % 50 pt – 1",
		"nobody not in the catalog Few: one entity is 100 points – 1 1 0 % – – – –",
	}
	if rows := tree.rowsOf("teams"); strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("the tree is\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	tree.wants("[data-part=teams] thead", "Stand higher", "Stand lower")
	tree.wants("details", "1 team owns nothing that is judged", "Brand")

	board := o.ok("/teams?view=board")
	if rows := board.rowsOf("teams"); len(rows) != 3 || !strings.HasPrefix(rows[0], "1 Stock") || !strings.HasPrefix(rows[1], "2 Payments") || !strings.HasPrefix(rows[2], "2 nobody") {
		t.Errorf("the leaderboard is %q; those who have nothing at the level share the place", rows)
	}
	improved := o.ok(board.follow("main .btn-group a", "Improvement"))
	if rows := improved.rowsOf("teams"); len(rows) != 3 || !strings.HasPrefix(rows[0], "1 Stock") || !strings.HasPrefix(rows[2], "3 Payments") {
		t.Errorf("by improvement it is %q", rows)
	}

	team := o.ok(board.follow("[data-part=teams] a", "Payments"))
	team.wants("[data-part=next]", "CODEOWNERS names somebody How to fix it Production readiness 2 of 2 fail; 2 have only this one left to the next level", "charge", "refund")
	team.wants("[data-part=entities]", "Bronze was Gold")
	team.wants("[data-part=h-down]", "charge", "bad0bad")
	team.wants("[data-part=members]", "Saltmarsh")
	if href := team.follow("[data-part=period] a", "ledger"); href != "/catalog/default/group/payments/ledger" {
		t.Errorf("its ledger is at %s", href)
	}
	o.ok("/catalog/default/group/brand/scorecards").wants("main", "Nothing that it owns is judged")
	above := o.ok("/catalog/default/group/engineering/scorecards")
	above.wants(".summary .headline", "40 % of 5 entities")
}

// Names are what somebody wrote; a page stays one.
func TestMaturityWithLongNames(t *testing.T) {
	long := strings.Repeat("Abteilungsübergreifende-", 12)
	o := judged(t, strings.Replace(readiness, "Production readiness", long+"readiness", 1)+fmt.Sprintf(`---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: money, title: %[1]sdomain}
spec: {owner: payments}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: cards, title: %[1]ssystem}
spec: {owner: payments, domain: money}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments, title: %[1]steam}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: charge, title: %[1]sservice}
spec: {type: service, lifecycle: production, owner: payments, system: cards}
`, long))
	o.stand(daysAgo(140), "production-readiness", "component:default/charge", "Gold", 4, "owner=pass codeowners=pass docs=fail", "kestrel-7", "c0ffee01")
	o.ready()
	for _, address := range []string{"/executive", "/executive?within=domain:default/money", "/teams", "/teams?view=board", "/catalog/default/group/payments/scorecards", readinessCard} {
		got := o.ok(address)
		for _, cell := range got.texts("main tbody th, main tbody td") {
			if len(cell) > 4*len(long)/5 {
				t.Errorf("%s: a cell says all of %q", address, cell)
			}
		}
	}
}

// A trend of decades has its moments in their order along the chart, the last at its end: a
// product of the whole time would not fit.
func TestTrendOfDecades(t *testing.T) {
	o := shop(t)
	o.stand(sample.Now.AddDate(-40, 0, 0), "production-readiness", "component:default/pack", "Bronze", 1, "owner=pass codeowners=fail docs=fail", "kestrel-7", "c0ffee08")
	o.ready()
	got := o.ok("/executive?from=1986-01-01")
	var at []float64
	for _, tick := range got.all("[data-part=trend] .x span") {
		var x float64
		if _, err := fmt.Sscanf(attr(tick, "style"), "--x:%g", &x); err != nil {
			t.Fatalf("a tick at %q: %v", attr(tick, "style"), err)
		}
		at = append(at, x)
	}
	if len(at) < 5 || !slices.IsSorted(at) || at[0] != 0 || at[len(at)-1] < 80 || at[len(at)-1] > 100 {
		t.Errorf("the ticks of forty years are at %v of 100", at)
	}
}
