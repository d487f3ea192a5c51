package web_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
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

// How many a draft judges is not on record: the list of cards does not say that nobody is judged,
// nor as of a moment that is still to come.
func TestTheListOfCardsTellsDrafts(t *testing.T) {
	o := shop(t)
	o.ready()
	rows := o.ok("/scorecards").texts("main tbody tr")
	for _, address := range []string{"/scorecards?at=2126-01-01", "/scorecards?known=2126-01-01"} {
		if is := o.ok(address).texts("main tbody tr"); !slices.Equal(is, rows) {
			t.Errorf("%s: %q, and now %q", address, is, rows)
		}
	}
	i := slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, "Planned") })
	if i < 0 || !strings.Contains(rows[i], "Draft – Not recorded: a draft") {
		t.Errorf("the rows are %q", rows)
	}
	o.ok("/scorecards").wants(`tbody tr:nth-child(1) td[data-label="Entities"]`, "1")
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

// No point of a chart leads to where its page was not there yet.
func TestAChartOpensNoPageThatWasNotThere(t *testing.T) {
	const payments = "component:default/payments"
	of := strings.Index(readiness, "---\n")
	var past trends.Trends
	o := judged(t, readiness[:of]+"---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: payments}\nspec: {type: service, lifecycle: production, owner: nobody}\n",
		func(_ *organisation, c *web.Config) { c.Trends = &past })
	past = trends.Trends{Recorded: o.scores, Trials: scorer.NewTrials(t.Context(), read{o.world.Log}, scorecards.Kinds(), func() time.Time { return sample.Now })}
	o.stand(daysAgo(150).Add(time.Hour), "production-readiness", payments, "Bronze", 1, "owner=pass codeowners=fail", "saltmarsh", "900d9001")
	o.file(daysAgo(20), "i.yaml", "apiVersion: callboard.dev/v1alpha1\nkind: Initiative\nmetadata: {name: up}\nspec: {scorecard: production-readiness, level: Gold, target: 2999-06-30}\n")
	o.ready()
	for _, address := range []string{"/scorecards/production-readiness?months=6", "/initiatives/up"} {
		got := o.ok(address)
		links := got.all("[data-part=trend] .step")
		if rows := got.texts("[data-part=trend] tbody tr"); len(links) < 2 || len(links) >= len(rows) {
			t.Errorf("%s: %d links in %q", address, len(links), rows)
		}
		for _, a := range links {
			o.ok(attr(a, "href"))
		}
	}
}

// Each period has its name below a chart, from the beginning of it, and none stands upon another.
func TestAxisOfAnySpan(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"2026-11-30", "2026-11-30", "30 Nov"},
		{"2026-11-25", "2026-11-30", "25 Nov, 26 Nov, 27 Nov, 28 Nov, 29 Nov, 30 Nov"},
		{"2026-10-20", "2026-11-30", "20 Oct, 27 Oct, 3 Nov, 10 Nov, 17 Nov, 24 Nov"},
		{"2026-08-30", "2026-11-30", "Sep, Oct, Nov"},
		{"2026-05-30", "2026-11-30", "Jun, Jul, Aug, Sep, Oct, Nov"}, // of May there are two days
		{"2026-05-22", "2026-11-22", "May, Jun, Jul, Aug, Sep, Oct, Nov"},
		{"2026-09-10", "2027-03-10", "Sep, Oct, Nov, Dec, Jan 2027, Feb, Mar"},
		{"2025-11-30", "2026-11-30", "Dec, 2026, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov"},
		{"2025-02-10", "2026-03-12", "Feb 2025, Apr 2025, Jul 2025, Oct 2025, Jan 2026"},
		{"1986-01-01", "2026-03-12", "1986, 1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025"},
	} {
		day := func(s string) time.Time {
			at, err := time.Parse(time.DateOnly, s)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		ticks := web.AxisTicks(day(c.from), day(c.to).Add(time.Hour))
		var names []string
		ends := 0.0
		for i, tick := range ticks {
			names = append(names, tick.Label)
			wide := 1.5 * float64(len(tick.Label))
			begins := tick.At
			if i > 0 {
				begins -= wide / 2
			}
			if tick.Alt != (i%2 == 1 && len(ticks) > 4) {
				t.Errorf("from %s to %s %s is left out on a phone: %v, of %d", c.from, c.to, tick.Label, tick.Alt, len(ticks))
			}
			if begins < ends || tick.At > 100 || i == 0 && tick.At != 0 {
				t.Errorf("from %s to %s %s stands at %v, and what is before it ends at %v", c.from, c.to, tick.Label, tick.At, ends)
			}
			ends = begins + wide
		}
		if got := strings.Join(names, ", "); got != c.want {
			t.Errorf("from %s to %s the axis says %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

// What is so now is the row of its day: the midnight before it has none.
func TestNumbersHaveADayOnce(t *testing.T) {
	o := shop(t)
	o.ready()
	rows := o.ok(readinessCard + "&at=2026-03-09T10:00").texts("[data-part=trend] tbody tr")
	days := map[string]bool{}
	for _, row := range rows {
		day := strings.Join(strings.Fields(row)[:3], " ")
		if days[day] {
			t.Errorf("%s has two rows", day)
		}
		days[day] = true
	}
	if len(rows) < 2 || !days["9 March 2026"] {
		t.Errorf("the rows are %q", rows)
	}
}

// Who publishes over what somebody else published is told by whom, keeps the text, and may publish
// again.
func TestPublishOverAnother(t *testing.T) {
	o := staffed(t)
	text := func(title string) string {
		return "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: shared, title: " + title + "}\nspec: {rules: [{id: readme, title: Has a README, expr: docs.present}]}\n"
	}
	if made := o.post("/scorecards/new", url.Values{"card": {text("First")}, "by": {"Moss Bank"}}); made.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", made.status, made.text("main"))
	}
	read := fmt.Sprint(counter{o}.Since("scorecard:default/shared"))
	publish := func(title, by, position string) *page {
		return o.post("/scorecards/shared/publish", url.Values{"card": {text(title)}, "by": {by}, "position": {position}})
	}
	if theirs := publish("Theirs", "Fen Lock", read); theirs.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", theirs.status, theirs.text("main"))
	}
	mine := publish("Mine", "Moss Bank", read)
	if mine.status != http.StatusConflict {
		t.Fatalf("%d: %s", mine.status, mine.text("main"))
	}
	mine.wants(".strip.warn", "Somebody changed this card while you wrote.", "Fen Lock", "Then publish again")
	mine.wants("textarea", "title: Mine")
	if strings.Contains(mine.text("main"), "cannot be used") {
		t.Error("the card is said to be of no use")
	}
	o.ok(mine.follow(".strip a", "the card as it is now")).wants("main", "Theirs")
	if again := publish("Mine", "Moss Bank", attr(mine.one("form:has(textarea[name=card]) input[name=position]"), "value")); again.status != http.StatusSeeOther {
		t.Errorf("published again: %d: %s", again.status, again.text("main"))
	}
}

// A card that is given another name is told at its name.
func TestACardKeepsItsName(t *testing.T) {
	o := staffed(t)
	renamed := "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata:\n  name: other\nspec: {rules: [{id: readme, title: Has a README, expr: docs.present}]}\n"
	made := o.post("/scorecards/new", url.Values{"card": {strings.Replace(renamed, "other", "shared", 1)}, "by": {"Moss Bank"}})
	if made.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", made.status, made.text("main"))
	}
	for _, text := range []string{renamed, "---\n" + renamed[:strings.LastIndex(renamed, "\n")]} {
		got := o.post("/scorecards/shared/publish", url.Values{"card": {text}, "by": {"Moss Bank"}})
		line := 4 + strings.Count(text, "---\n")
		got.wants("[data-part=problems]", fmt.Sprintf("Line %d, column 9: metadata.name must be that of this card, shared, found other", line))
	}
}

// queued are trends whose backtest has to wait.
type queued struct{ *trends.Trends }

func (q queued) Of(ctx context.Context, e *catalog.Entity, span trends.Span, wait bool) (trends.Trend, error) {
	t, err := q.Trends.Of(ctx, e, span, wait)
	if err == nil {
		t.Failed = fault.New(fault.Unavailable, "8 backtests wait already: try again in a minute")
	}
	return t, t.Failed
}

// While too many backtests wait, the page of a card tells what is on record, and why there is no more.
func TestScorecardWhileBacktestsWait(t *testing.T) {
	o := judged(t, readiness, func(o *organisation, c *web.Config) { c.Trends = queued{&trends.Trends{Recorded: o.scores}} })
	o.ready()
	got := o.ok(readinessCard)
	got.wants("main", "What stood before cannot be computed now: 8 backtests wait already: try again in a minute.")
	got.wants("h1", "Production readiness")
}

// read is the log of a sample, to be read from its beginning.
type read struct{ *sample.Log }

func (l read) Read(_ context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for _, rec := range l.Records {
			if rec.Position > after && !yield(rec, nil) {
				return
			}
		}
	}
}

// Follow ends where the log does.
func (l read) Follow(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return l.Read(ctx, after)
}

// A level with a name of its own has the colour that its card gives it, wherever it is shown.
func TestLevelsOfOnesOwn(t *testing.T) {
	own := strings.ReplaceAll(strings.ReplaceAll(readiness, "{name: Silver, rank: 2}", `{name: Steady, rank: 2, color: "#3a7d44"}`), "level: Silver", "level: Steady")
	component := "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s}\nspec: {type: service, lifecycle: production, owner: nobody}\n"
	var trials struct{ web.Trials }
	o := judged(t, own+fmt.Sprintf(component, "refund")+fmt.Sprintf(component, "charge"), func(_ *organisation, c *web.Config) { c.Trials = &trials })
	trials.Trials = scorer.NewTrials(t.Context(), read{o.world.Log}, scorecards.Kinds(), func() time.Time { return sample.Now })
	o.stand(daysAgo(140), "production-readiness", "component:default/refund", "Bronze", 1, "owner=pass codeowners=fail", "saltmarsh", "900d9001")
	o.stand(daysAgo(139), "production-readiness", "component:default/charge", "Steady", 2, "owner=pass codeowners=pass docs=fail", "saltmarsh", "900d9002")
	o.ready()
	const steady = ` .badge.own[style^="--own:#3a7d44"]`
	got := o.ok(readinessCard)
	got.wants("main"+steady, "Steady")
	got.wants(`main .level[data-level="gold"]`, "Gold")
	got.wants("[data-part=distribution] .mix-key .bare"+strings.TrimSpace(steady), "Steady")
	got.wants("[data-part=worst]"+steady, "Steady")
	o.ok("/executive?card=production-readiness").wants("[data-part=worst]"+steady, "Steady")

	// What is on record has the colours of the card on record, whatever the change calls them.
	changed, _, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(own, "name: Steady", "name: Firm"), "level: Steady", "level: Firm"), "---\n")
	tryOut(o, trials.Trials, changed).wants(`td[data-label="On record"]`+steady, "Steady")

	// Who stood at a level that the change does not have neither rises nor falls.
	rules, _, _ := strings.Cut(changed, "  rules:")
	tryOut(o, trials.Trials, rules+"  rules: [{id: owner, level: Firm, title: Has an owner, expr: 'true'}]\n").wants("[data-part=says]",
		"If this were published now, 1 would rise, 1 would stand otherwise but neither rise nor fall, 3 would be judged for the first time, of 5 entities.")

	// As a draft it would judge nobody any more, which is said before anybody publishes that.
	draft := tryOut(o, trials.Trials, strings.Replace(changed, "\nspec:", "\nspec:\n  draft: true", 1))
	draft.wants("[data-part=draft]", "As a draft it judges nobody. 2 entities that are judged now would not be judged any more.")
	draft.wants("[data-part=says]", "If this were no draft, ")
}

// tryOut tries another text of the card production-readiness to the end.
func tryOut(o *organisation, trials web.Trials, text string) *page {
	o.t.Helper()
	begun := o.post("/scorecards/production-readiness/try", url.Values{"card": {text}})
	result := begun.header.Get("Location")
	path, _, _ := strings.Cut(result, "?")
	attempt, ok := trials.Find(path[strings.LastIndex(path, "/")+1:])
	if !ok {
		o.t.Fatalf("%d: %s", begun.status, begun.text("main"))
	}
	if _, err := attempt.Result(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return o.ok(result)
}

// A level that has no colour has one by its place, the same on all pages and another than the next.
func TestLevelsWithoutAColour(t *testing.T) {
	steps := strings.NewReplacer("{name: Bronze, rank: 1}", "{name: Third, rank: 1}", "{name: Silver, rank: 2}", "{name: Fourth, rank: 20}", "{name: Gold, rank: 3}", "{name: Gold, rank: 30}", "level: Bronze", "level: Third", "level: Silver", "level: Fourth").Replace(readiness)
	of := func(name string) string {
		return "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + "}\nspec: {type: service, lifecycle: production, owner: bank}\n"
	}
	o := judged(t, steps+of("refund")+of("charge")+of("pack"))
	o.stand(daysAgo(140), "production-readiness", "component:default/refund", "Third", 1, "owner=pass codeowners=fail", "saltmarsh", "900d9001")
	o.stand(daysAgo(139), "production-readiness", "component:default/charge", "Fourth", 2, "owner=pass codeowners=pass docs=fail", "saltmarsh", "900d9002")
	o.stand(daysAgo(138), "production-readiness", "component:default/pack", "", 0, "owner=fail codeowners=fail", "saltmarsh", "900d9003")
	o.ready()
	const third, fourth = "--own:var(--step-1)", "--own:var(--step-2)"
	for address, selectors := range map[string][]string{
		"/scorecards":                          {".mix .own"},
		readinessCard:                          {"[data-part=distribution] .mix .own", ".rung .badge.own", "[data-part=heat] .mix .own"},
		"/executive?card=production-readiness": {"[data-part=groups] .mix .own", "[data-part=groups] .legend .own", "[data-part=cards] .mix .own"},
		"/teams?card=production-readiness":     {"[data-part=teams] .mix .own", "[data-part=teams] .legend .own"},
	} {
		page := o.ok(address)
		for _, selector := range selectors {
			var looks []string
			for _, n := range page.all(selector) {
				looks = append(looks, attr(n, "style"))
			}
			if all := strings.Join(looks, " "); !strings.Contains(all, third) || !strings.Contains(all, fourth) || strings.Contains(all, "step-3") {
				t.Errorf("%s: %s have the looks %q", address, selector, looks)
			}
		}
		if none := page.all(".mix .none"); len(none) == 0 {
			t.Errorf("%s: who is at no level is not drawn so", address)
		}
		for _, n := range page.all(".mix .own, .legend .own") { // which colours do not tell apart, patterns do
			if look := attr(n, "style") + " " + attr(n, "class"); !strings.HasSuffix(look, third+"; own weave-1") && !strings.HasSuffix(look, fourth+"; own weave-2") {
				t.Errorf("%s: a share has the look %q", address, look)
			}
		}
	}
	var fills []string
	for _, n := range o.ok(readinessCard).all("[data-part=trend] .a-own") {
		fills = append(fills, attr(n, "style"))
	}
	if len(fills) != 2 || !strings.Contains(fills[0], "var(--step-2)") || !strings.Contains(fills[1], "var(--step-1)") {
		t.Errorf("the chart has the fills %q", fills)
	}
}

// A card of points tells who moved by points, and has no column of levels; one that judges nothing
// says so.
func TestScorecardOfPoints(t *testing.T) {
	o := shop(t)
	o.stand(daysAgo(20), "hygiene", "component:default/charge", "", 3, "readme=pass", "saltmarsh", "900d9001")
	o.ready()
	const rose = "charge 1 → 3 of 4 Has a README: pass; +50 points in a hundred"
	for _, address := range []string{"/scorecards/hygiene?months=3", "/executive?card=hygiene"} {
		page := o.ok(address)
		page.wants("[data-part=h-up]", rose)
		if text := page.text("[data-part=h-up]"); strings.Contains(text, "None") {
			t.Errorf("%s tells of levels: %s", address, text)
		}
	}
	for address, part := range map[string]string{"/executive": "groups", "/teams": "teams", "/teams?view=board": "teams"} {
		for card, want := range map[string]bool{"hygiene": false, "production-readiness": true} {
			l := strings.Replace(address+"?card="+card, "?view=board?", "?view=board&", 1)
			page := o.ok(l)
			heads := page.texts("[data-part=" + part + "] th[role=columnheader]")
			if slices.Contains(heads, "Levels") != want {
				t.Errorf("%s has the columns %q", l, heads)
			}
			if cells := page.all("[data-part=" + part + "] tbody tr:first-child > *"); len(cells) != len(heads) {
				t.Errorf("%s has %d columns and rows of %d", l, len(heads), len(cells))
			}
		}
	}
	o.ok("/scorecards").wants("tr:has(a[href='/scorecards/planned'])", "Not recorded: a draft")
}

// A scorecard that was deleted keeps its address, which tells who did so.
func TestARemovedScorecardKeepsItsAddress(t *testing.T) {
	o := staffed(t)
	o.file(daysAgo(20), "old.yaml", "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: old, title: Old}\nspec: {rules: [{id: readme, title: Has a README, expr: docs.present}]}\n")
	o.push(sample.Push{At: daysAgo(3), By: by("mossbank"), Repository: "acme/catalog", Path: "old.yaml", Removes: "scorecard:default/old"})
	o.ready()
	got := o.get("/scorecards/old")
	if got.status != http.StatusNotFound {
		t.Errorf("it answers %d", got.status)
	}
	got.wants("main", "old was removed", "mossbank")
	o.ok(got.follow("main a", "Look at it as it was")).wants("h1", "Old")
	if never := o.get("/scorecards/never"); never.status != http.StatusNotFound || strings.Contains(never.text("main"), "was removed") {
		t.Errorf("what never was: %d %s", never.status, never.text("main"))
	}
}

// untold are trends of which nothing is found out.
type untold struct{ *trends.Trends }

func (untold) Of(_ context.Context, _ *catalog.Entity, span trends.Span, _ bool) (trends.Trend, error) {
	return trends.Trend{Span: span}, nil
}

// Of a draft nothing is on record: nobody rose or fell.
func TestDraftTellsOfNobodyWhoMoved(t *testing.T) {
	o := judged(t, readiness, func(_ *organisation, c *web.Config) { c.Trends = untold{} })
	o.ready()
	for path, want := range map[string]int{"/scorecards/planned": 0, readinessCard: 2} {
		if got := len(o.ok(path).all("[data-part=h-up], [data-part=h-down]")); got != want {
			t.Errorf("%s has %d lists of who moved, want %d", path, got, want)
		}
	}
}

// A card is found by its address in whatever namespace it is, one that is called as its kind is, too.
func TestScorecardsOfOtherNamespaces(t *testing.T) {
	own := "---\napiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: safety, namespace: %[1]s, title: Safety of %[1]s}\nspec: {rules: [{id: docs, title: Has docs, expr: docs.present}]}\n"
	o := judged(t, readiness+fmt.Sprintf(own, "tools")+fmt.Sprintf(own, "scorecard"))
	o.ready()
	list := o.ok("/scorecards")
	for _, ns := range []string{"tools", "scorecard"} {
		o.ok(list.follow("main a", "Safety of "+ns)).wants("h1", "Safety of "+ns)
		o.ok(o.ok("/executive?card="+url.QueryEscape(ns+"/safety")).follow("main a", "Safety of "+ns)).wants("h1", "Safety of "+ns)
	}
}

// foretold are trends of a draft that one component would fail.
type foretold struct{ *trends.Trends }

func (foretold) Of(_ context.Context, _ *catalog.Entity, span trends.Span, _ bool) (trends.Trend, error) {
	return trends.Trend{Span: span, Computed: &scorer.Backtest{Moves: []scorer.Move{
		{Entity: "component:default/refund", After: &event.Score{Of: 1}, Rules: []event.RuleChange{{Rule: "readme", Title: "Has a README", After: "fail"}}},
	}}}, nil
}

// A field of a draft's table leads to how the rule comes to it, as one of a card that judges does.
func TestDraftExplainsTheFieldsOfItsTable(t *testing.T) {
	o := shop(t, func(_ *organisation, c *web.Config) {
		c.Trends = foretold{}
		c.Explain = func(_ context.Context, q scorer.Question) (*scorer.Explained, error) {
			if q.Draft == nil || q.Rule != "readme" || q.Entity != "component:default/refund" {
				t.Errorf("asked is %+v", q)
			}
			return &scorer.Explained{Explanation: &scorecards.Explanation{
				Result: scorecards.RuleResult{Outcome: scorecards.Fail}, Expr: &scorecards.Node{Text: "a", State: scorecards.False, Value: "false"},
			}}, nil
		}
	})
	o.ready()
	got := o.ok(o.ok("/scorecards/planned").follow("[data-part=heat] tbody td a", ""))
	got.wants("[data-part=rule]", "Has a README", "Looked at now it comes to fail.")
	got.wants("[data-part=why]", "a false")
}

// A rule leads to those that do not pass it, from the heads of the table, from the list of what
// fails and from Executive; what the page is asked for besides is kept.
func TestScorecardListsWhoDoesNotPassARule(t *testing.T) {
	o := shop(t)
	rows := func(p *page) string {
		return strings.Join(p.texts("[data-part=heat] tbody tr:not(.team) th"), ", ")
	}
	soon := func(address string) *page { // its record is of some months only
		t.Helper()
		return o.ok(strings.Replace(address, "?", "?months=3&", 1))
	}
	all := o.ok(readinessCard + "&group=domain")
	got := o.ok(all.follow("[data-part=heat] thead a", "CODEOWNERS names somebody"))
	if is := rows(got); is != "stray, trial, charge only this left, refund only this left" {
		t.Errorf("it is not passed by %s", is)
	}
	got.wants("[data-part=only]", "Do not pass CODEOWNERS names somebody", "3 fail, 2 have only this one left to the next level; of 1 it is not known.")
	if href := got.follow("[data-part=heat] .btn-group a", "Team"); !strings.Contains(href, "rule=codeowners") || !strings.Contains(href, "months=3") {
		t.Errorf("by team it leads to %s", href)
	}
	for part, label := range map[string]string{"[data-part=only] a": "", "[data-part=heat] thead a": "CODEOWNERS names somebody"} {
		if back := o.ok(got.follow(part, label)); rows(back) != rows(all) {
			t.Errorf("%s leads back to %s", part, rows(back))
		}
	}
	if is := rows(o.ok(all.follow("[data-part=worst] a", "Docs not older than 90 days"))); is != "stray, trial, count only this left" {
		t.Errorf("the docs of %s are old", is)
	}
	o.ok(readinessCard+"&rule=owner").wants("[data-part=only]", "1 fails, 1 has only this one left to the next level.")
	if is := rows(o.ok("/scorecards/hygiene?months=3&rule=readme")); is != "charge" {
		t.Errorf("a card without levels lists %s", is)
	}
	// Of a part of the organisation, and of the moment that is told of.
	money := o.ok("/executive?within=domain:default/money&to=2026-03-11")
	part := soon(money.follow("[data-part=worst] a", "CODEOWNERS names somebody"))
	part.wants("[data-part=only]", "2 fail, 2 have only this one left to the next level.", "Within Money")
	part.wants("[data-part=distribution]", "1 Gold 1 Silver 3 Bronze 1 None") // the rest of the page is of all
	if is := rows(part); is != "charge only this left, refund only this left" {
		t.Errorf("of a domain it lists %s", is)
	}
	before := o.ok("/executive?to=2026-02-01")
	if is := rows(soon(before.follow("[data-part=worst] a", "CODEOWNERS names somebody"))); is != "pick only this left, refund only this left" {
		t.Errorf("in February it lists %s", is)
	}
	if is := rows(soon(o.ok("/catalog/default/group/stock/scorecards").follow("[data-part=next] a", "Docs not older than 90 days"))); is != "count only this left, trial" {
		t.Errorf("of a team it lists %s", is)
	}
	o.ok(readinessCard+"&within=none&group=domain&rule=codeowners").wants("[data-part=heat]", "stray")
	for query, says := range map[string]string{
		"rule=nothing": "write rule=owner, rule=codeowners, rule=docs", "within=what": "has no kind", "within=group:gone": "There is no group:default/gone",
	} {
		wrong := o.get(readinessCard + "&" + query)
		if text := wrong.text("main"); wrong.status < 400 || !strings.Contains(text, says) {
			t.Errorf("%s is answered with %d: %s", query, wrong.status, text)
		}
	}
}

// Of a card of points of which nothing is known no share is told.
func TestPointsOfWhichNothingIsKnown(t *testing.T) {
	o := shop(t)
	o.push(sample.Push{At: daysAgo(150), By: by("mossbank"), Repository: "acme/fresh",
		Text: "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: fresh, title: Fresh}\nspec: {rules: [{id: docs, title: Has docs, expr: docs.present}]}\n"})
	score := event.ScoreChanged{Card: "scorecard:default/fresh", After: &event.Score{}, Rules: []event.RuleChange{{Rule: "docs", After: "unknown"}}}
	if _, err := o.world.Add(daysAgo(140), "scorecards", "component:default/charge", by("mossbank"), event.Cause{}, score); err != nil {
		t.Fatal(err)
	}
	o.ready()
	for _, address := range []string{"/scorecards", "/scorecards/fresh?months=3"} {
		got := o.ok(address)
		got.wants("main", "– of all points")
		if text := got.text("main"); strings.Contains(text, " 0 % of all points") {
			t.Errorf("%s tells of a share: %s", address, text)
		}
	}
	if heat := o.ok("/scorecards/fresh?months=3").text("[data-part=heat]"); strings.Contains(heat, "0 %") || !strings.Contains(heat, "–") {
		t.Errorf("its table tells of a share: %s", heat)
	}
}
