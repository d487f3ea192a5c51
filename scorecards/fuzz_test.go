package scorecards_test

import (
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/scorecards"
)

// Whatever a file says, the catalog and the parser agree on whether it is a card.
func FuzzCard(f *testing.F) {
	f.Add([]byte("apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: a}\nspec: " +
		"{filter: 'true', levels: [{name: A, rank: 1}], rules: [{id: a, level: A, weight: 2, title: A, expr: repo.archived, message: '{{now}}', from: 2026-01-01}]}\n"))
	f.Add([]byte("apiVersion: callboard.dev/v1alpha1\nkind: Initiative\nmetadata: {name: a}\nspec: {scorecard: a, rules: [b], target: 2026-06-30, remind: [3]}\n"))
	f.Add([]byte("apiVersion: callboard.dev/v1alpha1\nkind: Exemption\nmetadata: {name: a}\nspec: {scorecard: a, entity: 'api:b', reason: c, until: 2026-06-30}\n"))
	s := subject(f, map[string]any{"repo.archived": false})
	all := kinds()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, doc := range descriptor.ResolveOf(all, data, nil).Documents {
			if doc.Entity == nil || doc.Entity.APIVersion != scorecards.APIVersion {
				continue
			}
			var problems []catalog.Problem
			switch doc.Entity.Kind {
			case scorecards.KindScorecard:
				var c *scorecards.Card
				if c, problems = scorecards.ParseCard(doc.Entity); c != nil {
					c.Evaluate(s, noon)
				}
			case scorecards.KindInitiative:
				_, problems = scorecards.ParseInitiative(doc.Entity)
			case scorecards.KindExemption:
				_, problems = scorecards.ParseExemption(doc.Entity)
			}
			if len(problems) > 0 {
				t.Errorf("the catalog takes it, the parser says %v", problems)
			}
		}
	})
}

// No expression brings the evaluation down, and each can be explained.
func FuzzExpression(f *testing.F) {
	for _, e := range []string{`true`, `repo.files.exists(f, f.matches("a+"))`, `age(docs.updated) < days(3) || now < timestamp("2026-01-01T00:00:00Z")`, `facts.a.b[0] > 3`,
		`entity.spec.?x.orValue(1) == 1 ? has(facts.y) : "A".lowerAscii() == "a"`, `["a"].map(x, [x + x].map(y, [y + y])).size() > 1`, `compareVersions("1", "2") < 0`, `{1: 2}[1] == 2`,
		`[1].map(b,[b,b,b,b,b]).map(b,[b,b,b,b,b]).map(b,[b,b,b,b,b]) != [[[[1]]]]`, `[[1]].map(b,b+b).map(b,{"x":b,"y":b}).exists(b,b in [b])`,
		`optional.of([1]).optMap(b,[b,b,b]).optMap(b,[b,b,b]).hasValue(dyn([1]))`, `[[1,2]].exists(a,[[a,a,a]].exists(b,[[b,b,b]].exists(c,text(c) == string(c == c))))`} {
		f.Add(e)
	}
	s := subject(f, map[string]any{"repo.files": []string{"a", "b"}, "docs.updated": noon, "facts.a": map[string]any{"b": []any{1.0}}})
	f.Fuzz(func(t *testing.T, expr string) {
		c, problems := scorecards.ParseCard(&catalog.Entity{
			APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard,
			Metadata: catalog.Metadata{Namespace: "default", Name: "a"},
			Spec:     map[string]any{"rules": []any{map[string]any{"id": "a", "title": "A", "expr": expr, "message": "{{" + expr + "}}"}}},
		})
		if len(problems) > 0 {
			return
		}
		rule := c.Rules[0]
		first, x := rule.EvaluateRule(s, noon), rule.Explain(s, noon)
		if first.Outcome != x.Result.Outcome || (x.Expr.State == scorecards.True) != (first.Outcome == scorecards.Pass) {
			t.Errorf("%s: %s, explained as %s", expr, first.Outcome, x.Expr.State)
		}
	})
}
