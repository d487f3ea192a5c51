package scorecards_test

import (
	"strconv"
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

// Of two levels one is higher only if the card has both; none is below all.
func TestCompareLevels(t *testing.T) {
	c := &scorecards.Card{Levels: []scorecards.Level{{Name: "Bronze", Rank: 10}, {Name: "Silver", Rank: 20}}}
	for _, tt := range []struct {
		a, b  string
		want  int
		known bool
	}{
		{"Bronze", "Silver", -1, true}, {"Silver", "Bronze", 1, true}, {"Silver", "Silver", 0, true}, {"", "Bronze", -1, true}, {"Bronze", "", 1, true}, {"", "", 0, true},
		{"Gold", "Silver", 0, false}, {"Silver", "Gold", 0, false}, {"Gold", "", 0, false}, {"", "Gold", 0, false},
	} {
		if got, known := c.Compare(tt.a, tt.b); got != tt.want || known != tt.known {
			t.Errorf("%q to %q is %d, known %t; want %d, %t", tt.a, tt.b, got, known, tt.want, tt.known)
		}
	}
}

// What is wrong with the form keeps no expression from being looked at: all is told at once,
// in the order of lines, and nothing that only follows from something else.
func TestAllFaultsAtOnce(t *testing.T) {
	for _, tt := range []struct{ name, kind, spec, want string }{
		{"a card", "Scorecard", `
  owner: [platform]
  filter: entity.kind = "Component"
  levels:
    - {name: Gold, rank: high}
    - {name: Gold, rank: 2}
  rules:
    - {id: a, titel: A, level: Gold, expr: owner.exist}
    - {id: b, title: B, level: Silver, expr: [owner.exists], filter: nothing}
    - just a text
    - {id: b, title: C, weight: none, expr: docs.pages, message: "{{repo.nme}} of {{repo.name}}", from: tomorrow}
`, `
5 spec.owner must be a string
6 spec.filter is no expression
8 spec.levels[0].rank must be a whole number
9 spec.levels[1].name "Gold" is the name of another level
11 spec.rules[0].title is missing
11 spec.rules[0].titel is not known here
11 spec.rules[0].expr is no expression
12 spec.rules[1].expr must be a string
12 spec.rules[1].filter is no expression
13 spec.rules[2] must be a mapping
14 spec.rules[3].id "b" is the id of another rule
14 spec.rules[3].weight must be a number
14 spec.rules[3].expr is no expression
14 spec.rules[3].message {{repo.nme}} is no expression
14 spec.rules[3].from must be a date
`},
		{"levels are as they should be", "Scorecard", `
  levels: [{name: Gold, rank: 1}]
  colour: red
  rules: [{id: a, title: A, expr: owner.exists}]
`, `
6 spec.colour is not known here
7 spec.rules[0].level is missing
`},
		{"too long to be looked at", "Scorecard", `
  rules: [{id: a, title: A, expr: owner.exists, message: "` + strings.Repeat("{{no}}", 200) + `"}]
`, `
5 spec.rules[0].message must have at most 1000 characters
`},
		{"an initiative", "Initiative", `
  scorecard: 7
  rules: docs
  filter: activity.deployments > 1
  start: 2026-04-01
  target: 2026-03-01
`, `
5 spec.scorecard must be a string
6 spec.rules must be a list
7 spec.filter reads activity.deployments
9 spec.target must not be before
`},
		{"an exemption", "Exemption", `
  entity: component:a
  reason: ""
  from: 2026-04-01
  until: 2026-03-01
`, `
4 spec.scorecard is missing
6 spec.reason must have at least 1 character
8 spec.until must not be before
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "apiVersion: callboard.dev/v1alpha1\nkind: " + tt.kind + "\nmetadata: {name: one}\nspec:" + tt.spec
			found := descriptor.ResolveOf(kinds(), []byte(text), nil).Documents[0].Problems
			want := strings.Split(strings.TrimSpace(tt.want), "\n")
			for i, p := range found {
				if got := strconv.Itoa(p.Line) + " " + p.Path + " " + p.Message; i >= len(want) || !strings.HasPrefix(got, want[i]) {
					t.Errorf("%d: %s", i, got)
				}
			}
			if len(found) != len(want) {
				t.Errorf("%d are told, want %d", len(found), len(want))
			}
		})
	}
}

// refused is what is wrong with an expression; empty if it can be used.
func refused(t testing.TB, expr string) string {
	t.Helper()
	_, problems := scorecards.ParseCard(&catalog.Entity{
		APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Namespace: "default", Name: "one"},
		Spec: map[string]any{"rules": []any{map[string]any{"id": "one", "title": "One", "expr": expr}}},
	})
	if len(problems) == 0 {
		return ""
	}
	return strings.TrimPrefix(problems[0].Message, "is no expression that can be used: ")
}

// What many write first is told with what to write instead.
func TestFirstMistakes(t *testing.T) {
	const age = "; write age(…) for how long ago it was, as in age(docs.updated) < days(90)"
	for _, tt := range []struct{ expr, want string }{
		{`age(docs.updated) <= 90`, `at character 19: a duration is compared with a number; write days(90), or duration("36h")`},
		{`90 >= age(docs.updated)`, `at character 4: a duration is compared with a number; write days(90), or duration("36h")`},
		{`now - docs.updated < docs.pages`, `at character 20: a duration is compared with a number; write days(…), or duration("36h")`},
		{`age(docs.updated) + 3 < days(9)`, `at character 19: a duration goes with another one, not with a number; write days(3), or duration("36h")`},
		{`docs.updated > 90`, "at character 14: a moment is compared with a number" + age},
		{`docs.updated < days(90)`, "at character 14: a moment is compared with a duration" + age},
		{`docs.updated > "2026-01-01"`, `at character 14: a moment is compared with a text; write timestamp("2026-03-12T09:00:00Z")`},
		{`docs.pages == "3"`, "at character 12: a number is compared with a text"},
		{`activity.alerts > 3`, "at character 17: a mapping is compared with a number"},
		{`repo.topics == activity.alerts`, "at character 13: a list is compared with a mapping"},

		{`repo.name = "a"`, "at character 11: write == to compare"},
		{`repo.name="a"`, "at character 10: write == to compare"},
		{`docs.pages => 3`, "at character 12: write >= to compare"},
		{`docs.pages =< 3`, "at character 12: write <= to compare"},
		{`owner.exists and docs.present`, "at character 14: write && in place of and"},
		{`(owner.exists OR docs.present)`, "at character 15: write || in place of or"},
		{`not owner.exists`, "at character 5: write ! in place of not: !(…)"},
		{`not(owner.exists)`, "at character 4: write ! in place of not: !(…)"},
		{`repo.files.all(f, not f.endsWith("a"))`, "at character 23: write ! in place of not: !(…)"},
		{`repo.name not in ["a"]`, "at character 11: write ! in place of not: !(…)"},
		{`owner.exists & docs.present`, "at character 14: write && where both have to be true"},
		{`owner.exists|docs.present`, "at character 13: write || where one of both has to be true"},

		{`owner.exists &&`, "at character 16: something is missing at the end"},
		{"owner.exists\n && ", "in line 2, at character 5: something is missing at the end"},
		{`&& owner.exists`, "at character 1: something is missing before &&"},
		{`repo.files.exists(f, f == "a" && )`, "at character 34: something is missing before )"},
		{`(owner.exists`, "at character 14: a bracket ( is not closed"},
		{`(owner.exists]`, "at character 14: a bracket ( is not closed"},
		{`repo.files[0`, "at character 13: a bracket [ is not closed"},
		{`repo.name in ["a", "b"`, "at character 23: a bracket [ is not closed"},
		{`{"a": 1`, "at character 8: a bracket { is not closed"},
		{`owner.exists)`, "at character 13: there is no bracket ( that ) could close"},
		{`repo.name == "abc`, `at character 14: a quote " is not closed`},
		{`repo.name == 'abc"`, `at character 14: a quote ' is not closed`},
		{`repo.name == “abc”`, `at character 14: write straight quotes: "…"`},
		{`repo.name.matches("\d+")`, `at character 19: a backslash in a text is written twice, as in "\\d"`},

		{`docs.pages`, "a number is no condition; compare it (docs.pages > 0)"},
		{`repo.name`, `a text is no condition; compare it (repo.name == "…")`},
		{`repo.topics`, "a list is no condition; compare its size (repo.topics.size() > 0)"},
		{`docs.updated`, "a moment is no condition; compare its age (age(docs.updated) < days(90))"},
		{`age(docs.updated)`, "a duration is no condition; compare it (age(docs.updated) < days(90))"},
		{`entity.spec.?tier`, "what may not be there is no condition; say what counts then (entity.spec.?tier.orValue(false))"},
		{`owner.exists ? 1 : 2`, "a number is no condition; compare it (… > 0)"},
		{`docs.pages && owner.exists`, "at character 5: a number is no condition; compare it (… > 0)"},
		{`!repo.name`, `at character 1: a text is no condition; compare it (… == "…")`},

		// What few write is told as CEL has it.
		{`docs.pgs > 1`, "at character 5: undeclared reference to 'docs.pgs' (did you mean 'docs.pages'?)"},
		{`docs.pages in 3`, "at character 12: found no matching overload for '@in' applied to '(int, int)'"},
		{`owner.exists is true`, "at character 14: Syntax error: mismatched input 'is' expecting <EOF>"},
		{`notes > 3`, "at character 1: undeclared reference to 'notes'"},
	} {
		if got := refused(t, tt.expr); got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.expr, got, tt.want)
		}
	}
}
