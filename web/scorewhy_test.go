package web_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web"
)

// A rule of a card of points is of no level.
func TestWhyARuleOfPointsHasNoLevel(t *testing.T) {
	o := shop(t)
	o.ready()
	o.ok("/catalog/default/component/charge/scorecards/production-readiness/codeowners").wants("[data-part=rule] .level", "Silver")
	if got := o.ok("/catalog/default/component/charge/scorecards/hygiene/readme"); len(got.all("[data-part=rule] .level")) > 0 {
		t.Errorf("the rule is of %q", got.texts("[data-part=rule] .level"))
	}
}

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

// What goes wrong is said where it does, and not at all where the whole is known without it; a
// moment is written as elsewhere.
func TestRuleOfParts(t *testing.T) {
	node := func(text string, state scorecards.State, value string, parts ...*scorecards.Node) *scorecards.Node {
		return &scorecards.Node{Text: text, State: state, Value: value, Children: parts}
	}
	goesWrong := func() *scorecards.Node {
		return node("f(x / y)", scorecards.Wrong, "division by zero", node("x / y", scorecards.Wrong, "division by zero", node("y", scorecards.Value, "0")))
	}
	for _, c := range []struct {
		name string
		expr *scorecards.Node
		want []string // rows
	}{
		{"it fails without it", node("a && b", scorecards.False, "false", node("a", scorecards.False, "false"), goesWrong()),
			[]string{"a && b false", "a false", "f(x / y) error, not needed", "x / y error, not needed", "y 0"}},
		{"it goes wrong", goesWrong(), []string{"f(x / y) error", "x / y error Division by zero", "y 0"}},
		{"unknown", node("a < b", scorecards.Missing, "unknown", node("a", scorecards.Missing, "unknown"), node("b", scorecards.Value, "")),
			[]string{"a < b unknown", "a unknown", "b empty"}},
		{"a moment", node("now", scorecards.Value, "2026-03-12T14:03:00Z"), []string{"now 12 March 2026, 14:03"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := shop(t, func(_ *organisation, config *web.Config) {
				config.Explain = func(context.Context, scorer.Question) (*scorer.Explained, error) {
					return &scorer.Explained{Explanation: &scorecards.Explanation{Expr: c.expr}}, nil
				}
			})
			rows := o.ok(whyLink("refund", "docs")).texts("[data-part=why] tbody tr:not(.part)")
			if !slices.Equal(rows, c.want) {
				t.Errorf("the rows are %q, want %q", rows, c.want)
			}
		})
	}
}

// Where nothing is on record of a rule, as of a draft's, what it comes to is said, and nothing of
// what an outcome on record would mean.
func TestRuleThatNothingIsOnRecordOf(t *testing.T) {
	o := shop(t, func(_ *organisation, config *web.Config) {
		config.Explain = func(context.Context, scorer.Question) (*scorer.Explained, error) {
			return &scorer.Explained{Explanation: &scorecards.Explanation{
				Result: scorecards.RuleResult{Outcome: scorecards.Pass}, Expr: &scorecards.Node{Text: "a", State: scorecards.True, Value: "true"},
			}}, nil
		}
	})
	later := catalog.Entity{APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: "later", Namespace: "default"}, Spec: map[string]any{
		"draft": true, "rules": []any{map[string]any{"id": "readme", "title": "Has a README", "expr": `"README.md" in repo.files`}},
	}}
	if _, err := o.world.Add(daysAgo(2), "github", later.Ref().String(), by("saltmarsh"), event.Cause{}, event.EntityRegistered{Declaration: event.Declaration{Entity: later, Origin: event.Origin{Source: "github", RepositoryID: "cards", Path: "later.yaml"}}}); err != nil {
		t.Fatal(err)
	}
	o.ready()
	draft := "/catalog/default/component/refund/scorecards/planned/readme"
	for address, want := range map[string]string{
		"/catalog/default/component/refund/scorecards/later/readme?at=" + daysAgo(4).UTC().Format("2006-01-02T15:04"): "By what was known then it comes to pass.", // before it was made
		draft: "Looked at now it comes to pass.",
		draft + "?at=" + daysAgo(1).UTC().Format("2006-01-02T15:04"): "By what was known then it comes to pass.",
	} {
		got := o.ok(address)
		got.wants("[data-part=rule]", "Nothing is on record of this rule for this entity. "+want)
		if strings.Contains(got.text("[data-part=rule]"), "What is not known") {
			t.Errorf("%s: what is known is said not to be", address)
		}
	}
}

// Whoever cannot mend a rule is told so; how to fix it is told of what fails.
func TestRuleSaysWhatItsOutcomeMeans(t *testing.T) {
	o := shop(t)
	const trial = "component:default/trial"
	o.stand(daysAgo(3), "production-readiness", trial, "", 1, "owner=error docs=not-applicable codeowners=unknown", "saltmarsh", "900d9001")
	o.ready()
	for rule, want := range map[string]string{"owner": "who owns the scorecard can mend", "docs": "not asked of this entity", "codeowners": "What is not known decides nothing"} {
		got := o.ok(whyLink("trial", rule))
		got.wants("[data-part=rule]", want)
		if strings.Contains(got.text("[data-part=rule]"), "How to fix") {
			t.Errorf("%s: nobody can fix it, and is told how", rule)
		}
	}
	if fails := o.ok(whyLink("stray", "codeowners")); !strings.Contains(fails.text("[data-part=rule]"), "How to fix it") {
		t.Error("of what fails it is not told how to fix it")
	}
}

// whyLink is the page of a rule of the sample's scorecard for a component.
func whyLink(component, rule string) string {
	return "/catalog/default/component/" + component + "/scorecards/production-readiness/" + rule
}

// What the portal says itself is a sentence; what authors of rules write stays as it is.
func TestRuleMessages(t *testing.T) {
	for _, c := range []struct{ outcome, message, want string }{
		{"unknown", "not known: docs.present", "Not known: docs.present"},
		{"error", "division by zero", "Division by zero"},
		{"fail", "payments-api has no README", "payments-api has no README"},
	} {
		if got := web.RuleMessage(scores.Rule{Outcome: c.outcome, Message: c.message}); got != c.want {
			t.Errorf("%s: %q, want %q", c.outcome, got, c.want)
		}
	}
}
