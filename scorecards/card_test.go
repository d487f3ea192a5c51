package scorecards_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/scorecards"
)

// noon is when the tests are.
var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

func kinds() catalog.Kinds { return append(catalog.BuiltIn(), scorecards.Kinds()...) }

// cardOf reads a card as the catalog does: from a descriptor.
func cardOf(t testing.TB, spec string) *scorecards.Card {
	t.Helper()
	c, problems := scorecards.ParseCard(entityOf(t, "apiVersion: callboard.dev/v1alpha1\nkind: Scorecard\nmetadata: {name: readiness}\nspec:\n"+spec))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

func entityOf(t testing.TB, text string) *catalog.Entity {
	t.Helper()
	docs := descriptor.ResolveOf(kinds(), []byte(text), nil).Documents
	if len(docs) != 1 || docs[0].Entity == nil {
		t.Fatalf("no entity: %+v", docs)
	}
	return docs[0].Entity
}

// ruleOf makes a card of one rule.
func ruleOf(t testing.TB, expr string) *scorecards.Rule {
	t.Helper()
	return cardOf(t, "  rules:\n    - id: one\n      title: One\n      expr: |-\n        "+strings.ReplaceAll(expr, "\n", "\n        ")).Rules[0]
}

func service(t testing.TB) *catalog.Entity {
	t.Helper()
	return entityOf(t, `
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments-api
  annotations: {acme.dev/tier: "1"}
  links: [{url: "https://runbooks.example.com/payments", title: Runbook, type: runbook}]
spec: {type: service, lifecycle: production, owner: payments}
`)
}

func subject(t testing.TB, facts map[string]any) *scorecards.Subject {
	t.Helper()
	s := &scorecards.Subject{
		Entity: service(t),
		Owner:  scorecards.Owner{Ref: "group:default/payments", Exists: true, Members: 4},
		Relations: func() []catalog.Relation {
			return []catalog.Relation{{Type: "ownedBy", TargetRef: "group:default/payments"}}
		},
		Facts: map[string]scorecards.Fact{},
	}
	source := &scorecards.Source{Position: 7, Commit: "4f2a91c", Actor: "pebbledash", At: noon.Add(-time.Hour)}
	for name, value := range facts {
		s.Facts[name] = scorecards.Fact{Value: value, Source: source}
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCard(t *testing.T) {
	e := entityOf(t, `
apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: production-readiness, title: Production readiness}
spec:
  owner: group:default/platform
  filter: entity.kind == "Component" && entity.spec.type == "service"
  levels: [{name: Gold, rank: 3, color: "#c9a227"}, {name: Bronze, rank: 1, color: "#a97142"}]
  rules:
    - {id: codeowners, level: Bronze, weight: 2, title: Has a CODEOWNERS file, expr: 'repo.files.exists(f, f.endsWith("CODEOWNERS"))', message: "No CODEOWNERS file on {{repo.defaultBranch}}", fix: "https://docs.example.com/codeowners", from: 2026-01-01}
`)
	c, problems := scorecards.ParseCard(e)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Title != "Production readiness" || c.Owner != "group:default/platform" || c.Levels[0].Name != "Bronze" || c.Levels[1].Rank != 3 {
		t.Errorf("card %+v", c)
	}
	r := c.Rule("codeowners")
	if r == nil || r.Weight != 2 || r.Fix == "" || !r.From.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("rule %+v", r)
	}
	if diff := cmp.Diff([]string{"repo.defaultBranch", "repo.files"}, r.Inputs()); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}

	with := c.Evaluate(subject(t, map[string]any{"repo.files": []string{"README.md", ".github/CODEOWNERS"}}), noon)
	if with.Level != "Gold" || with.Rules[0].Outcome != scorecards.Pass {
		t.Errorf("with the file: %+v", with)
	}
	without := c.Evaluate(subject(t, map[string]any{"repo.files": []string{"README.md"}, "repo.defaultBranch": "main"}), noon)
	if without.Level != "" || without.Rules[0].Message != "No CODEOWNERS file on main" || without.Next.Level != "Bronze" {
		t.Errorf("without the file: %+v", without)
	}
	if r := c.Evaluate(subject(t, nil), noon); r.Level != "" || r.Possible != "Gold" || r.Rules[0].Outcome != scorecards.Unknown {
		t.Errorf("of no facts: %+v", r)
	}
}
