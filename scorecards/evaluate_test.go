package scorecards_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/scorecards"
)

func TestOutcomes(t *testing.T) {
	s := subject(t, map[string]any{
		"repo.files": []string{"README.md", "go.mod"}, "repo.topics": []string{}, "activity.lastDeployment": noon.AddDate(0, 0, -29),
		"activity.alerts": map[string]int{"critical": 1, "high": 0, "medium": 0, "low": 0}, "activity.leadTime": 5 * time.Hour,
		"facts.coverage": 81.5, "facts.level": "high", "facts.scan": map[string]any{"passed": true, "version": "v1.10.0"},
	})
	stale := s.Facts["facts.coverage"]
	stale.Stale = noon
	s.Facts["facts.stale"] = stale
	for _, tt := range []struct {
		expr    string
		want    scorecards.Outcome
		message string // or what is missing
	}{
		{`"README.md" in repo.files`, scorecards.Pass, ""},
		{`repo.files.exists(f, f.endsWith("CODEOWNERS"))`, scorecards.Fail, ""},
		{`repo.topics.size() == 0`, scorecards.Pass, ""},
		{`owner.exists && owner.members >= 2`, scorecards.Pass, ""},
		{`relations.exists(r, r.type == "ownedBy" && r.kind == "group")`, scorecards.Pass, ""},
		{`links.exists(l, l.type == "runbook" && l.url.startsWith("https://"))`, scorecards.Pass, ""},
		{`entity.metadata.annotations["acme.dev/tier"] == "1"`, scorecards.Pass, ""},
		{`has(entity.spec.system)`, scorecards.Fail, ""},
		{`entity.spec.?system.orValue("none") == "none"`, scorecards.Pass, ""},
		{`age(activity.lastDeployment) < days(30)`, scorecards.Pass, ""},
		{`activity.alerts.critical == 0`, scorecards.Fail, ""},
		{`activity.leadTime < duration("24h")`, scorecards.Pass, ""},
		{`facts.coverage >= 80`, scorecards.Pass, ""},
		{`facts.scan.passed`, scorecards.Pass, ""},
		{`compareVersions(facts.scan.version, "1.9") > 0`, scorecards.Pass, ""},
		{`"scan" in reported && !("sbom" in reported)`, scorecards.Pass, ""},
		{`"A1b".lowerAscii().matches("^[a-z][0-9]")`, scorecards.Pass, ""},

		// What is not known is neither kept nor broken, however one asks.
		{`repo.license == "MIT"`, scorecards.Unknown, "repo.license"},
		{`repo.license != "MIT"`, scorecards.Unknown, "repo.license"},
		{`repo.protected`, scorecards.Unknown, "repo.protected"},
		{`has(facts.sbom)`, scorecards.Unknown, "facts.sbom"},
		{`!has(facts.sbom)`, scorecards.Unknown, "facts.sbom"},
		{`facts.sbom == null`, scorecards.Unknown, "facts.sbom"},
		{`facts.?sbom.orValue(true)`, scorecards.Unknown, "facts.sbom"},
		{`facts["s" + "bom"]`, scorecards.Unknown, "facts.sbom"},
		{`facts["cover" + "age"] >= 80`, scorecards.Pass, ""},
		{`facts[entity.spec.lifecycle]`, scorecards.Unknown, "facts.production"},
		{`facts.stale > 1`, scorecards.Unknown, "facts.stale"},
		{`[facts.sbom] == [1]`, scorecards.Unknown, "facts.sbom"},
		{`{"a": facts.sbom} == {"a": 1}`, scorecards.Unknown, "facts.sbom"},
		{`repo.codeowners.all(o, o != "")`, scorecards.Unknown, "repo.codeowners"},
		{`repo.license == "MIT" && repo.protected`, scorecards.Unknown, "repo.license, repo.protected"},
		// Unless it makes no difference.
		{`repo.protected || owner.exists`, scorecards.Pass, ""},
		{`repo.protected && !owner.exists`, scorecards.Fail, ""},

		{`entity.spec.tier == "1"`, scorecards.Error, "there is no field tier; ask with has() first, or write .?tier.orValue(…)"},
		{`facts.coverage`, scorecards.Error, "must yield true or false, found 81.5"},
		{`compareVersions("one", "2") > 0`, scorecards.Error, `compareVersions: "one" is no version such as 1.2.3`},
		{`facts.level > 80`, scorecards.Error, `facts.level is a text ("high"), compared with a number`},
		{`80 < facts.level && owner.exists`, scorecards.Error, `facts.level is a text ("high"), compared with a number`},
		{`facts.level > facts.coverage`, scorecards.Error, `facts.level is a text ("high"), compared with facts.coverage, a number (81.5)`},
		{`facts.scan > days(3)`, scorecards.Error, `facts.scan is a mapping, compared with a duration`},
		{`facts.scan.passed > 3`, scorecards.Error, `facts.scan.passed is true, compared with a number`},
		{`age(facts.level) < days(3)`, scorecards.Error, `facts.level is a text ("high"), and now, a moment: - does not take that`},
		{`facts.coverage.startsWith("8")`, scorecards.Error, `facts.coverage is a number (81.5), and a text: startsWith does not take that`},
		{`facts.scan.passed && facts.coverage`, scorecards.Error, `facts.coverage is a number (81.5), and no condition`},
		{`!facts.level`, scorecards.Error, `facts.level is a text ("high"), and no condition`},
		{`facts.level ? true : false`, scorecards.Error, `facts.level is a text ("high"), and no condition`},
		{`["a", facts.level].exists(x, x > 2)`, scorecards.Error, `x is a text ("high"), compared with a number`},
		{`[facts.level, 1].exists(x, x > 2)`, scorecards.Error, "values of kinds that do not go together meet here"},
		{`days(1000000) > days(1)`, scorecards.Error, "days: more than a hundred years"},
		{`repo.files.all(a, repo.files.all(b, repo.files.all(c, repo.files.all(d, repo.files.all(e, repo.files.all(f, repo.files.all(g, repo.files.all(h,
			repo.files.all(i, repo.files.all(j, repo.files.all(k, repo.files.all(l, repo.files.all(m, repo.files.all(n, repo.files.all(o, repo.files.all(p,
			repo.files.all(q, repo.files.all(r, repo.files.all(s, repo.files.all(t, repo.files.all(u, repo.files.all(v, u + v != ""))))))))))))))))))))))`,
			scorecards.Error, "it takes more steps than an expression may"},
	} {
		t.Run(tt.expr[:min(len(tt.expr), 60)], func(t *testing.T) {
			got := ruleOf(t, tt.expr).EvaluateRule(s, noon)
			want := tt.message
			if tt.want == scorecards.Unknown {
				if missing := strings.Join(got.Missing, ", "); missing != tt.message {
					t.Errorf("missing %s, want %s", missing, tt.message)
				}
				want = "not known: " + tt.message
			}
			if got.Outcome != tt.want || got.Message != want {
				t.Errorf("%s %q, want %s %q", got.Outcome, got.Message, tt.want, want)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	s := subject(t, map[string]any{
		"repo.defaultBranch": "main", "activity.lastDeployment": noon.AddDate(0, 0, -40), "activity.openPullRequests": 3, "activity.pipelineSuccess": 0.5,
		"docs.present": false, "repo.topics": []string{"a", "b", "c", "d", "e", "f", "g"}, "activity.alerts": map[string]int{"critical": 2, "high": 1, "medium": 0, "low": 0},
		"activity.lastRelease": scorecards.Never(),
	})
	for _, tt := range []struct{ message, want string }{
		{"", ""},
		{"None on {{repo.defaultBranch}}.", "None on main."},
		{"{{1.0 / 6.0}}, {{20.0 / 3.0}}, {{83.125}}, {{0.00001}}", "0.167, 6.67, 83.125, 1e-05"},
		{"{{ activity.openPullRequests }} of {{activity.pipelineSuccess}}", "3 of 0.5"},
		{"last {{age(activity.lastDeployment)}} ago, at {{activity.lastDeployment}}", "last 40 days ago, at 31 January 2026, 12:00:00 UTC"},
		{"last {{age(activity.lastRelease)}} ago, at {{activity.lastRelease}}", "last never, at never"},
		{`{{"Last release " + text(age(activity.lastRelease)) + " ago"}}`, "Last release never"},
		{"{{days(14000)}} and {{days(-20000)}}", "14000 days and -20000 days"},
		{"{{repo.topics}}; {{activity.alerts}}", "a, b, c, d, e and 2 more; critical 2, high 1, low 0, medium 0"},
		{"{{repo.topics.filter(t, t > 'f')}} and {{repo.license}}", "g and … (not known: repo.license)"},
		{"{{entity.spec.tier}} {{entity.spec.?tier}} {{[].size() == 0}}", "… nothing true (cannot be filled in: entity.spec.tier)"},
		{"Last changed {{age(docs.updated)}} ago", "Last changed … ago (not known: docs.updated)"},
		{`{{docs.present ? "Last changed " + text(age(docs.updated)) + " ago" : "It has no docs"}}`, "It has no docs"},
		{`{{"Last deployment " + text(age(activity.lastDeployment)) + " ago"}}; {{text(repo.topics)}}`, "Last deployment 40 days ago; a, b, c, d, e and 2 more"},
		{`{{text(repo.license)}}, {{repo.license}} and {{repo.archived}}`, "…, … and … (not known: repo.archived, repo.license)"},
	} {
		quoted := strings.ReplaceAll(tt.message, "'", "''")
		if quoted != "" {
			quoted = ", message: '" + quoted + "'"
		}
		c := cardOf(t, "  rules: [{id: one, title: One, expr: 'false'"+quoted+"}]\n")
		if got := c.Evaluate(s, noon).Rules[0].Message; got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.message, got, tt.want)
		}
	}
}

const ladder = `
  filter: entity.kind == "Component"
  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}, {name: Gold, rank: 3}]
  rules:
    - {id: b, level: Bronze, title: B, weight: 5, expr: facts.b}
    - {id: s, level: Silver, title: S, weight: 3, expr: facts.s}
    - {id: g, level: Gold, title: G, weight: 2, expr: facts.g}
    - {id: later, level: Bronze, title: Later, expr: facts.later, from: 2026-03-13}
    - {id: web, level: Bronze, title: Websites only, expr: "false", filter: entity.spec.type == "website"}
`

func TestLevels(t *testing.T) {
	card := cardOf(t, ladder)
	for _, tt := range []struct {
		name            string
		facts           map[string]any
		level, possible string
		next            string
		percent         float64
	}{
		{"all", map[string]any{"facts.b": true, "facts.s": true, "facts.g": true}, "Gold", "Gold", "", 100},
		{"none", map[string]any{"facts.b": false, "facts.s": false, "facts.g": false}, "", "", "Bronze b", 0},
		{"the middle one", map[string]any{"facts.b": true, "facts.s": false, "facts.g": true}, "Bronze", "Bronze", "Silver s", 70},
		{"all but the lowest", map[string]any{"facts.b": false, "facts.s": true, "facts.g": true}, "", "", "Bronze b", 50},
		{"unknown in the middle", map[string]any{"facts.b": true, "facts.g": true}, "Bronze", "Gold", "Silver s", 100},
		{"unknown below what fails", map[string]any{"facts.b": true, "facts.g": false}, "Bronze", "Silver", "Silver s", 500.0 / 7},
		{"nothing known", nil, "", "Gold", "Bronze b", 100},
		{"wrong type", map[string]any{"facts.b": 3.0, "facts.s": true, "facts.g": true}, "", "Gold", "Bronze b", 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := subject(t, tt.facts)
			s.Facts["facts.later"] = scorecards.Fact{Value: false}
			r := card.Evaluate(s, noon)
			next := strings.TrimSpace(r.Next.Level + " " + strings.Join(r.Next.Rules, " "))
			if r.Level != tt.level || r.Possible != tt.possible || next != tt.next {
				t.Errorf("level %q, possible %q, next %q; want %q, %q, %q", r.Level, r.Possible, next, tt.level, tt.possible, tt.next)
			}
			if p := percentOf(&r); p < tt.percent-1e-9 || p > tt.percent+1e-9 {
				t.Errorf("%v %%, want %v", p, tt.percent)
			}
			if o := r.Rules[4].Outcome; o != scorecards.NotApplicable {
				t.Errorf("the rule for websites: %s", o)
			}
			if later := r.Rules[3]; later.Counts || later.Outcome != scorecards.Fail {
				t.Errorf("the rule that is to come: %+v", later)
			}
		})
	}
}

func TestFromADay(t *testing.T) {
	card := cardOf(t, ladder)
	s := subject(t, map[string]any{"facts.b": true, "facts.s": true, "facts.g": true, "facts.later": false})
	before := card.Evaluate(s, noon)
	midnight := time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC)
	if before.Level != "Gold" || !before.Due.Equal(midnight) {
		t.Errorf("before: %s, due %s", before.Level, before.Due)
	}
	if after := card.Evaluate(s, midnight); after.Level != "" || !after.Due.IsZero() {
		t.Errorf("after: %s, due %s", after.Level, after.Due)
	}
}

func TestFilter(t *testing.T) {
	for _, tt := range []struct {
		filter string
		want   scorecards.Outcome
	}{
		{`entity.kind == "Component"`, scorecards.Pass},
		{`entity.kind == "API"`, scorecards.NotApplicable},
		{`repo.archived`, scorecards.Unknown},
		{`entity.spec.tier == 1`, scorecards.Error},
	} {
		c := cardOf(t, "  filter: '"+tt.filter+"'\n  rules: [{id: one, title: One, expr: 'true'}]\n")
		r := c.Evaluate(subject(t, nil), noon)
		if r.Applies != tt.want || (len(r.Rules) > 0) != (tt.want == scorecards.Pass) || (r.Reason == "") != (tt.want == scorecards.Pass || tt.want == scorecards.NotApplicable) {
			t.Errorf("%s: %+v", tt.filter, r)
		}
	}
}

func TestSettle(t *testing.T) {
	card := cardOf(t, ladder)
	unsure := card.Evaluate(subject(t, map[string]any{"facts.b": true, "facts.g": false}), noon) // Bronze, perhaps Silver
	for former, want := range map[string]string{"": "Bronze", "Bronze": "Bronze", "Silver": "Silver", "Gold": "Silver", "Retired": "Bronze"} {
		if got := card.Settle(former, &unsure); got != want {
			t.Errorf("after %q: %q, want %q", former, got, want)
		}
	}
}

func TestExemptions(t *testing.T) {
	card := cardOf(t, ladder)
	until := noon.Add(48 * time.Hour)
	granted := scorecards.Exemption{Card: card.Ref.String(), Status: scorecards.Granted, Rules: []string{"b"}, Reason: "Migration", Until: until}
	change := func(f func(*scorecards.Exemption)) []*scorecards.Exemption {
		e := granted
		f(&e)
		return []*scorecards.Exemption{&e}
	}
	for _, tt := range []struct {
		name string
		all  []*scorecards.Exemption
		want scorecards.Outcome
		due  time.Time
	}{
		{"granted", []*scorecards.Exemption{&granted}, scorecards.Exempt, until},
		{"of the whole card", change(func(e *scorecards.Exemption) { e.Rules = nil }), scorecards.Exempt, until},
		{"requested", change(func(e *scorecards.Exemption) { e.Status = scorecards.Requested }), scorecards.Fail, time.Time{}},
		{"of another rule", change(func(e *scorecards.Exemption) { e.Rules = []string{"s"} }), scorecards.Fail, until},
		{"over", change(func(e *scorecards.Exemption) { e.Until = noon }), scorecards.Fail, time.Time{}},
		{"to come", change(func(e *scorecards.Exemption) { e.From = noon.Add(time.Hour) }), scorecards.Fail, noon.Add(time.Hour)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := subject(t, map[string]any{"facts.b": false, "facts.s": true, "facts.g": true, "facts.later": true})
			s.Exemptions = tt.all
			r := card.Evaluate(s, noon)
			if r.Rules[0].Outcome != tt.want || (r.Level == "Gold") != (tt.want == scorecards.Exempt) {
				t.Errorf("%s, level %q; want %s", r.Rules[0].Outcome, r.Level, tt.want)
			}
			// The rule that begins to count tomorrow is due before the exemption ends.
			if due := r.Rules[0].Due; tt.name != "of another rule" && !due.Equal(tt.due) {
				t.Errorf("due %s, want %s", due, tt.due)
			}
		})
	}
}

// An exemption from one card is none from another that has a rule of the same name.
func TestExemptionsAreOfOneCard(t *testing.T) {
	s := subject(t, map[string]any{"facts.b": false})
	for _, rules := range [][]string{nil, {"b"}} {
		s.Exemptions = []*scorecards.Exemption{{Card: "scorecard:default/other", Status: scorecards.Granted, Rules: rules, Until: noon.Add(time.Minute)}}
		if r := cardOf(t, ladder).Evaluate(s, noon); r.Rules[0].Outcome != scorecards.Fail || r.Rules[0].Exemption != nil || r.Due.Equal(noon.Add(time.Minute)) {
			t.Errorf("of %v: %+v", rules, r.Rules[0])
		}
	}
}

// What is polled is looked at later while the past is caught up with: rules and the filter of
// the card, and what else they are due for stays.
func TestPostpone(t *testing.T) {
	const hours, hour = 24 * time.Hour, time.Hour
	card := func(filter, rule string) *scorecards.Card {
		return cardOf(t, fmt.Sprintf("  filter: '%s'\n  rules: [{id: a, title: A, expr: '%s'}]\n", filter, rule))
	}
	polls := "now.getHours() >= 0"
	for _, tt := range []struct {
		filter, rule string
		due, later   time.Duration
	}{
		{"true", polls, hour, hours},
		{polls, "true", hour, hours},
		{polls, polls, hour, hours},
		{"true", polls + " && facts.coverage > 3", hour, 2 * hour}, // goes stale
		{polls + " && facts.coverage > 3", "true", hour, 2 * hour},
		{"true", `now < timestamp("2026-03-12T13:00:00Z")`, hour, hour}, // one hour away, and not polled
	} {
		s := subject(t, nil)
		s.Facts["facts.coverage"] = scorecards.Fact{Value: 4.0, Stale: noon.Add(2 * hour)}
		c := card(tt.filter, tt.rule)
		r := c.Evaluate(s, noon)
		if got := r.Due.Sub(noon); got != tt.due {
			t.Errorf("%s, %s: due in %s, want %s", tt.filter, tt.rule, got, tt.due)
		}
		r.Postpone(hours)
		if got := r.Due.Sub(noon); got != tt.later {
			t.Errorf("%s, %s: postponed to %s, want %s", tt.filter, tt.rule, got, tt.later)
		}
		// What was not due is not put off once more.
		again := c.Reevaluate(&r, s, noon.Add(time.Minute), []string{})
		again.Postpone(hours)
		if got := again.Due.Sub(noon); got != tt.later {
			t.Errorf("%s, %s: a minute later it is due in %s, want %s", tt.filter, tt.rule, got, tt.later)
		}
	}
}

func percentOf(r *scorecards.Result) float64 {
	if r.Of == 0 {
		return 100
	}
	return 100 * r.Points / r.Of
}

// How an initiative ended depends on when it was over, and on what was done then.
func TestInitiativeEnded(t *testing.T) {
	card, target := cardOf(t, ladder), noon.AddDate(0, 0, 10)
	for _, tt := range []struct {
		closed      time.Time
		level       string
		asked, done int
		want        scorecards.Ending
	}{
		{time.Time{}, "Silver", 2, 2, scorecards.Reached}, {time.Time{}, "Silver", 2, 1, scorecards.Missed}, {time.Time{}, "Silver", 0, 0, scorecards.Unasked},
		{time.Time{}, "Platinum", 2, 0, scorecards.Unmeasured}, {noon, "Platinum", 2, 0, scorecards.Withdrawn}, {target, "Silver", 2, 1, scorecards.Missed}, {target.AddDate(0, 0, 3), "Silver", 2, 2, scorecards.Reached},
	} {
		i := scorecards.Initiative{Level: tt.level, Target: target, Closed: tt.closed}
		if got, _ := i.Ended(card, tt.asked, tt.done); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestInputs(t *testing.T) {
	for _, tt := range []struct {
		expr string
		want []string
	}{
		{`entity.spec.type == "service" && has(entity.metadata.annotations)`, []string{"entity.metadata.annotations", "entity.spec.type"}},
		{`entity.metadata.annotations["acme.dev/tier"] == "1"`, []string{`entity.metadata.annotations["acme.dev/tier"]`}},
		{`entity.metadata.annotations[repo.name] == "1"`, []string{"entity.metadata.annotations", "repo.name"}},
		{`entity.metadata.links[0].url != ""`, []string{"entity.metadata.links"}},
		{`entity.spec.?tier.orValue("") == ""`, []string{"entity.spec.tier"}},
		{`facts.scan.passed && facts["coverage"] > 3`, []string{"facts.coverage", "facts.scan"}},
		{`facts[repo.name]`, []string{"facts", "repo.name"}},
		{`"a" in reported`, []string{"reported"}},
		{`repo.files.exists(f, f == repo.name)`, []string{"repo.files", "repo.name"}},
		{`age(docs.updated) < days(3)`, []string{"docs.updated", "now"}},
		{`activity.alerts.critical == 0`, []string{"activity.alerts"}},
		{`"x" in entity`, []string{"entity"}},
	} {
		if diff := cmp.Diff(tt.want, ruleOf(t, tt.expr).Inputs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.expr, diff)
		}
	}
	for _, tt := range []struct {
		input, changed string
		want           bool
	}{
		{"entity.spec.type", "entity.spec.type", true},
		{"entity.spec.type", "entity.spec", true},
		{"entity.spec", "entity.spec.type", true},
		{"entity.spec.type", "entity.spec.types", false},
		{"entity.metadata.links", "entity.metadata.links[2].url", true},
		{"links", "entity.metadata.links[2].url", true},
		{"links", "entity.metadata", true},
		{"links", "entity.metadata.title", false},
		{"facts", "facts.coverage", true},
		{"facts.coverage", "facts.cover", false},
		{"reported", "facts.coverage", true},
		{"repo.files", "repo.name", false},
	} {
		if got := scorecards.Touches(tt.input, tt.changed); got != tt.want {
			t.Errorf("Touches(%s, %s) = %t", tt.input, tt.changed, got)
		}
	}
}

func TestDue(t *testing.T) {
	deployed := noon.AddDate(0, 0, -29)
	for _, tt := range []struct {
		expr string
		want time.Time
	}{
		{`owner.exists`, time.Time{}},
		{`age(activity.lastDeployment) < days(30)`, deployed.AddDate(0, 0, 30)},
		{`days(30) > now - activity.lastDeployment`, deployed.AddDate(0, 0, 30)},
		{`age(activity.lastDeployment) < days(20)`, time.Time{}}, // over for good
		{`now < timestamp("2026-04-01T00:00:00Z")`, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
		{`now <= timestamp("2026-03-12T12:00:00Z")`, noon.Add(time.Nanosecond)},
		{`age(activity.lastDeployment) < days(30) || age(activity.lastDeployment) > days(31)`, deployed.AddDate(0, 0, 30)},
		{`age(docs.updated) < days(3)`, time.Time{}}, // not known, whenever
		{`now.getHours() > 13`, noon.Add(time.Hour)},
		{`repo.files.exists(f, age(timestamp(f)) < days(1))`, noon.Add(time.Hour)},
		{`facts.coverage > 3`, noon.Add(90 * time.Minute)}, // goes stale
	} {
		s := subject(t, map[string]any{"activity.lastDeployment": deployed, "repo.files": []string{"2026-03-12T00:00:00Z"}})
		s.Facts["facts.coverage"] = scorecards.Fact{Value: 4.0, Stale: noon.Add(90 * time.Minute)}
		if got := ruleOf(t, tt.expr).EvaluateRule(s, noon).Due; !got.Equal(tt.want) {
			t.Errorf("%s: due %s, want %s", tt.expr, got, tt.want)
		}
	}
}

func TestExplain(t *testing.T) {
	s := subject(t, map[string]any{"repo.files": []string{"README.md"}, "activity.openPullRequests": 30})
	x := ruleOf(t, `owner.members > 9 && repo.files.exists(f, f.endsWith("CODEOWNERS")) && repo.protected && !(activity.openPullRequests > 20) && repo.defaultBranch in ["main", "trunk"] && age(verified.at) < days(9)`).Explain(s, noon)
	var lines []string
	var walk func(n *scorecards.Node, indent string)
	walk = func(n *scorecards.Node, indent string) {
		line := indent + n.Text + " = " + string(n.State)
		if n.State == scorecards.Value {
			line = indent + n.Text + " = " + n.Value
		}
		if n.Source != nil {
			line += " from " + n.Source.Commit
		}
		lines = append(lines, line)
		for _, child := range n.Children {
			walk(child, indent+"  ")
		}
	}
	for _, n := range x.Expr.Children { // the text of the root is that of the rule
		walk(n, "")
	}
	want := []string{
		`owner.members > 9 = false`,
		`  owner.members = 4`,
		`repo.files.exists(f, f.endsWith("CODEOWNERS")) = false`,
		`  repo.files = README.md from 4f2a91c`,
		`repo.protected = unknown`,
		`!(activity.openPullRequests > 20) = false`,
		`  activity.openPullRequests > 20 = true`,
		`    activity.openPullRequests = 30 from 4f2a91c`,
		`repo.defaultBranch in ["main", "trunk"] = unknown`,
		`  repo.defaultBranch = unknown`,
		`age(verified.at) < days(9) = unknown`,
		`  age(verified.at) = unknown`,
		`    now = 2026-03-12T12:00:00Z`,
		`    verified.at = unknown`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	if x.Result.Outcome != scorecards.Fail || x.Expr.State != scorecards.False {
		t.Errorf("result %s, root %s", x.Result.Outcome, x.Expr.State)
	}
}

// What is read within a loop or a mapping is told, too, with where it is from.
func TestExplainWhatIsReadWithin(t *testing.T) {
	s := subject(t, map[string]any{"repo.files": []string{"docs/a.md", "CODEOWNERS"}, "repo.name": "acme/cart", "repo.defaultBranch": "main"})
	for expr, want := range map[string]map[string]string{
		`repo.files.exists(f, f == repo.name)`:                          {"repo.files": "docs/a.md, CODEOWNERS", "repo.name": "acme/cart"},
		`repo.files.all(f, repo.files.exists(g, g == repo.name + f))`:   {"repo.files": "docs/a.md, CODEOWNERS", "repo.name": "acme/cart"},
		`{"a": repo.name}.exists(k, k == repo.defaultBranch)`:           {"repo.name": "acme/cart", "repo.defaultBranch": "main"},
		`["x"].exists(f, f == repo.defaultBranch && f == repo.license)`: {"repo.defaultBranch": "main", "repo.license": "unknown"},
	} {
		got := map[string]string{}
		var walk func(n *scorecards.Node)
		walk = func(n *scorecards.Node) {
			if n.Input != "" {
				got[n.Input] = n.Value
				if n.State != scorecards.Missing && n.Source == nil {
					t.Errorf("%s: nobody knows where %s is from", expr, n.Input)
				}
			}
			for _, child := range n.Children {
				walk(child)
			}
		}
		walk(ruleOf(t, expr).Explain(s, noon).Expr)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
}

// The age of what is a bit too old does not read as the limit.
func TestExplainAges(t *testing.T) {
	for ago, want := range map[time.Duration]string{
		72 * time.Hour: "3 days", 94 * time.Hour: "3 days 22 hours", 73*time.Hour + 59*time.Minute: "3 days 1 hour", 150 * time.Minute: "2 hours 30 minutes", 125 * time.Second: "2 minutes 5 seconds", 90 * time.Second: "1m30s",
	} {
		s := subject(t, map[string]any{"activity.lastRelease": noon.Add(-ago)})
		x := ruleOf(t, `age(activity.lastRelease) < days(3)`).Explain(s, noon)
		if got := x.Expr.Children[0].Value; got != want {
			t.Errorf("%v reads %q, want %q", ago, got, want)
		}
	}
}

// What never happened is older than anything a rule asks for, and reads so.
func TestExplainWhatNeverHappened(t *testing.T) {
	s := subject(t, map[string]any{"activity.lastRelease": scorecards.Never()})
	x := ruleOf(t, `age(activity.lastRelease) < days(36500)`).Explain(s, noon)
	if x.Result.Outcome != scorecards.Pass {
		t.Errorf("in a hundred years it is %s", x.Result.Outcome)
	}
	x = ruleOf(t, `age(activity.lastRelease) < days(90)`).Explain(s, noon)
	if age := x.Expr.Children[0]; x.Result.Outcome != scorecards.Fail || age.Value != "never" || age.Children[1].Value != "never" {
		t.Errorf("it is %s: the age is %q, of %q", x.Result.Outcome, age.Value, age.Children[1].Value)
	}
}

func TestExplainByTheFilterOfTheCard(t *testing.T) {
	s := subject(t, map[string]any{"facts.a": true})
	s.Declared = &scorecards.Source{Position: 7, Commit: "0ff1ce"}
	for _, tt := range []struct {
		filter  string
		outcome scorecards.Outcome
		expr    bool
	}{
		{`entity.spec.type == "service"`, scorecards.Pass, true},
		{`entity.spec.type == "library"`, scorecards.NotApplicable, false},
		{`facts.b == 1`, scorecards.Unknown, false},
		{`entity.spec.nothing == 1`, scorecards.Error, false},
	} {
		card := cardOf(t, "  filter: "+tt.filter+"\n  rules: [{id: a, title: A, expr: facts.a}]\n")
		x := card.Explain(card.Rules[0], s, noon)
		if x.Result.Outcome != tt.outcome || (x.Expr != nil) != tt.expr || x.Judges == nil || x.Judges.Text != tt.filter {
			t.Errorf("%s: %s, filter %+v, expression %+v", tt.filter, x.Result.Outcome, x.Judges, x.Expr)
		}
		if part := x.Judges.Children[0]; part.Input == "entity.spec.type" && (part.Source == nil || part.Source.Commit != "0ff1ce") {
			t.Errorf("%s: its type is from %+v", tt.filter, part.Source)
		}
	}
}

func TestInitiativeAndExemption(t *testing.T) {
	i, problems := scorecards.ParseInitiative(entityOf(t, `
apiVersion: callboard.dev/v1alpha1
kind: Initiative
metadata: {name: spring, namespace: lab}
spec: {owner: platform, scorecard: readiness, level: Silver, target: 2026-06-30, remind: [1, 14], filter: owner.ref == "group:default/payments"}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if i.Card != "scorecard:lab/readiness" || i.Owner != "group:lab/platform" || !i.Target.Equal(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)) || !slices.Equal(i.Remind, []int{14, 1}) {
		t.Errorf("initiative %+v", i)
	}
	card, s := cardOf(t, ladder), subject(t, map[string]any{"facts.b": true, "facts.s": false, "facts.g": false})
	r := card.Evaluate(s, noon)
	outcome := func(id string) scorecards.Outcome {
		return r.Rules[slices.IndexFunc(r.Rules, func(o scorecards.RuleResult) bool { return o.Rule == id })].Outcome
	}
	if left, done := i.Left(card, r.Level, outcome, noon); done || !i.Asks(s, noon) || !slices.Equal(left, []string{"s"}) {
		t.Errorf("left %v, asked %t", left, i.Asks(s, noon))
	}
	// Who has the level has nothing left, whatever its rules are not known to come to.
	if left, done := i.Left(card, "Silver", outcome, noon); left != nil || !done {
		t.Errorf("with the level: %v", left)
	}
	// Of what the card does not have nobody is done.
	for _, tt := range []struct {
		level string
		rules []string
		left  []string
		why   string
	}{
		{"Silver", nil, []string{"s"}, ""},
		{"Platinum", nil, nil, "the scorecard has no level Platinum"},
		{"", []string{"b", "gone"}, []string{"gone"}, "the scorecard has no rule gone"},
	} {
		asks := scorecards.Initiative{Level: tt.level, Rules: tt.rules}
		if left, done := asks.Left(card, r.Level, outcome, noon); done || !slices.Equal(left, tt.left) || asks.Unmeasured(card) != tt.why {
			t.Errorf("%s %v: left %v, done %t, %q", tt.level, tt.rules, left, done, asks.Unmeasured(card))
		}
	}
	if i.Unmeasured(nil) == "" {
		t.Error("it can be measured without a card")
	}
	s.Owner.Ref = "group:default/ledger"
	if i.Asks(s, noon) {
		t.Error("another owner is asked")
	}
	if !i.Open(i.Target.Add(-1)) || i.Open(i.Target) {
		t.Error("it is open until its target is over")
	}

	e, problems := scorecards.ParseExemption(entityOf(t, `
apiVersion: callboard.dev/v1alpha1
kind: Exemption
metadata: {name: later}
spec: {scorecard: readiness, entity: component:ledger, rules: [s], reason: Migration, until: 2026-03-12, decidedBy: mossbank}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if e.Stands(noon) != scorecards.Granted || e.Stands(e.Until) != scorecards.Expired || e.LastDay().Format(time.DateOnly) != "2026-03-12" {
		t.Errorf("it stands %s, then %s; its last day is %s", e.Stands(noon), e.Stands(e.Until), e.LastDay())
	}
	if e.Entity != "component:default/ledger" || e.DecidedBy != "user:default/mossbank" || e.Status != scorecards.Granted || !e.Holds(noon) || e.Holds(noon.AddDate(0, 0, 1)) {
		t.Errorf("exemption %+v", e)
	}
}

func TestSubjectCheck(t *testing.T) {
	for name, value := range map[string]any{"repo.fils": "", "repo.files": "README.md", "facts.": 1, "facts": map[string]int{}, "entity": "x", "docs.pages": 1.5, "facts.x": make(chan int)} {
		s := &scorecards.Subject{Entity: &catalog.Entity{}, Facts: map[string]scorecards.Fact{name: {Value: value}}}
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s = %v: %v", name, value, err)
		}
	}
}

// Nothing that fits into an expression takes long or makes much, even of a large
// repository.
func TestCostIsLimited(t *testing.T) {
	var files []string
	for i := range 20_000 {
		files = append(files, "internal/part/of/a/large/repository/"+strings.Repeat("x", i%100)+".go")
	}
	s := subject(t, map[string]any{"repo.files": files})
	doubled := `"aaaaaaaaaaaaaaaaaaaa"`
	for i := range 10 {
		doubled = "[" + doubled + "].map(x" + string(rune('a'+i)) + ", " + strings.Repeat("x"+string(rune('a'+i))+" + ", 20) + `"")[0]`
	}
	for _, tt := range []struct {
		expr string
		want scorecards.Outcome
	}{
		{`repo.files.exists(f, f.endsWith("CODEOWNERS")) || repo.files.exists(f, f.matches("^docs/(adr|rfc)/.*[.]md$"))`, scorecards.Fail},
		{`repo.files.filter(f, f.startsWith("internal/")).size() == 20000`, scorecards.Pass},
		{`repo.files.all(f, f in repo.files)`, scorecards.Error},
		{`repo.files.all(f, !repo.files.exists(g, g + "x" == f))`, scorecards.Error},
		{doubled + `.size() > 3`, scorecards.Error},
	} {
		if got := ruleOf(t, tt.expr).EvaluateRule(s, noon); got.Outcome != tt.want {
			t.Errorf("%.80s: %s %q, want %s", tt.expr, got.Outcome, got.Message, tt.want)
		}
	}
}

// A list that holds another several times is made at once, and holds far more than anybody
// could walk through.
func TestWhatUnfoldsIsLimited(t *testing.T) {
	nested := func(depth int) string { return "[1]" + strings.Repeat(".map(b, [b, b, b, b, b])", depth) }
	looped := "b9 == b9"
	for i := 9; i > 0; i-- {
		looped = fmt.Sprintf("[[b%[1]d, b%[1]d, b%[1]d, b%[1]d, b%[1]d]].exists(b%[2]d, %[3]s)", i-1, i, looped)
	}
	parts := map[string]any{}
	for i := range 2000 {
		parts[fmt.Sprint(i)] = float64(i)
	}
	files := make([]string, 2000)
	for i := range files {
		files[i] = fmt.Sprintf("internal/%d.go", i)
	}
	s := subject(t, map[string]any{"facts.a": parts, "facts.b": parts, "facts.name": strings.Repeat("x", 200), "repo.files": files})
	for _, tt := range []struct {
		expr string
		want scorecards.Outcome
	}{
		{nested(4) + " == " + nested(4), scorecards.Pass},
		{nested(10) + " == " + nested(10), scorecards.Error},
		{nested(40) + " == " + nested(40), scorecards.Error},
		{nested(40) + " != []", scorecards.Error},
		{nested(10) + " in [" + nested(10) + "]", scorecards.Error},
		{"optional.of(" + nested(10) + ").hasValue(" + nested(10) + ")", scorecards.Error},
		{"text(" + nested(10) + `) == ""`, scorecards.Error},
		{"[[1]].exists(b0, " + looped + ")", scorecards.Error},
		{"[[1]]" + strings.Repeat(".map(b, b + b)", 30) + "[0].size() > 3", scorecards.Error},
		{"optional.of([1])" + strings.Repeat(".optMap(b, [b, b, b, b, b])", 30) + ".hasValue()", scorecards.Error},
		{"[[1]]" + strings.Repeat(`.map(b, {"x": b, "y": b})`, 25) + ".size() > 3", scorecards.Error},
		{`facts.a == facts.b`, scorecards.Pass},
		{`!repo.files.exists(f, facts.a != facts.b)`, scorecards.Error},
		{`facts[facts.name] == 1`, scorecards.Error},
	} {
		rule := ruleOf(t, tt.expr)
		if got := rule.EvaluateRule(s, noon); got.Outcome != tt.want {
			t.Errorf("%.80s: %s %q, want %s", tt.expr, got.Outcome, got.Message, tt.want)
		}
		if got := rule.Explain(s, noon); got.Result.Outcome != tt.want {
			t.Errorf("%.80s: explained as %s, want %s", tt.expr, got.Result.Outcome, tt.want)
		}
	}
}

// What is shown of a value is as long as people read, however much there is in it.
func TestWhatIsShownIsLimited(t *testing.T) {
	const most = 1001 // characters and a sign that there are more
	s := subject(t, map[string]any{"repo.topics": slices.Repeat([]string{strings.Repeat("x", 400)}, 7)})
	for _, value := range []string{
		"[1]" + strings.Repeat(".map(b,[b,b,b,b,b])", 7),
		"[1]" + strings.Repeat(`.map(b,{"x":b,"y":b,"z":b})`, 9),
		"[1]" + strings.Repeat(".map(b,[optional.of(b),optional.of(b)])", 14),
		`repo.topics`, `[repo.topics, repo.topics]`,
	} {
		c := parse(t, map[string]any{"rules": []any{map[string]any{"id": "a", "title": "A", "expr": "dyn(" + value + `) == [""]`, "message": "{{" + value + "}}"}}})
		shown := c.Evaluate(s, noon).Rules[0].Message
		if n := utf8.RuneCountInString(shown); n != most || !strings.HasSuffix(shown, "…") {
			t.Errorf("%s: %d characters, %q", value, n, shown)
		}
		if part := c.Explain(c.Rules[0], s, noon).Expr.Children[0]; part.Value != shown {
			t.Errorf("%s: explained as %q", value, part.Value)
		}
	}
}
