package scorecards_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/scorecards"
)

// observations are facts with the values that the properties choose from.
var observations = map[string]*rapid.Generator[any]{
	"repo.files":                rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"README.md", "CODEOWNERS", "go.mod"}), 0, 3), func(f []string) any { return f }),
	"repo.name":                 rapid.Map(rapid.SampledFrom([]string{"README.md", "tier", "coverage"}), func(s string) any { return s }),
	"repo.archived":             rapid.Map(rapid.Bool(), func(b bool) any { return b }),
	"activity.openPullRequests": rapid.Map(rapid.IntRange(0, 3), func(n int) any { return n }),
	"activity.lastDeployment":   rapid.Map(rapid.IntRange(0, 5), func(n int) any { return noon.AddDate(0, 0, -n) }),
	"facts.coverage":            rapid.OneOf(rapid.Map(rapid.IntRange(0, 3), func(n int) any { return float64(n) }), rapid.Just[any]("none")),
	"repo.file.Makefile":        rapid.Map(rapid.SampledFrom([]scorecards.File{{Text: "test:"}, {Text: `{"x": 1}`}, {Absent: true}, {Problem: "it is too large"}}), func(f scorecards.File) any { return f }),
	"facts.scan":                rapid.Map(rapid.Bool(), func(b bool) any { return map[string]any{"passed": b} }),
}

// entityFields are fields of the spec, and annotations, that come and go.
var entityFields = []string{"tier", "system"}

// atom draws a condition that is no other one's combination.
func atom(t *rapid.T) string {
	return rapid.SampledFrom([]string{
		`true`, `owner.exists`, `owner.members > 2`, `repo.archived`, `"README.md" in repo.files`,
		`repo.files.exists(f, f.endsWith("OWNERS"))`, `repo.files.all(f, f == repo.name)`, `repo.files.size() > 1`,
		`activity.openPullRequests < 2`, `activity.openPullRequests == facts.coverage`, `age(activity.lastDeployment) < days(3)`,
		`now - activity.lastDeployment >= days(2)`, `now > activity.lastDeployment + days(4)`, `facts.coverage > 1`, `has(facts.coverage)`,
		`facts.?coverage.orValue(7) == 7`, `facts[repo.name] == 1`, `facts.scan.passed`, `"scan" in reported`,
		`repo.text["Makefile"].contains("test")`, `repo.json["Makefile"].x == 1`, `repo.text[?"Makefile"].hasValue()`,
		`entity.spec.tier == "1"`, `has(entity.spec.tier)`, `entity.spec.?system.orValue("x") == "x"`, `entity.metadata.annotations[repo.name] == "1"`,
		`entity.spec.size() > 3`, `[facts.coverage, 1].exists(x, x == 1)`, `relations.size() > 0`, `links.exists(l, l.type == "runbook")`,
		`now.getHours() < 14`, `repo.files.exists(f, age(activity.lastDeployment) < days(f.size()))`,
	}).Draw(t, "atom")
}

// condition draws an expression.
func condition(t *rapid.T, depth int) string {
	switch n := rapid.IntRange(0, 5).Draw(t, "form"); {
	case depth == 0 || n == 0:
		return "(" + atom(t) + ")"
	case n == 1:
		return "!(" + condition(t, depth-1) + ")"
	case n == 2:
		return "(" + condition(t, depth-1) + " ? " + condition(t, depth-1) + " : " + condition(t, depth-1) + ")"
	default:
		return "(" + condition(t, depth-1) + rapid.SampledFrom([]string{" && ", " || ", " == "}).Draw(t, "operator") + condition(t, depth-1) + ")"
	}
}

// drawRule draws a rule, at times with a filter.
func drawRule(t *rapid.T) *scorecards.Rule {
	rule := map[string]any{"id": "one", "title": "One", "expr": condition(t, 3), "message": "{{repo.name}}"}
	if rapid.Bool().Draw(t, "filtered") {
		rule["filter"] = condition(t, 1)
	}
	return parse(t, map[string]any{"rules": []any{rule}}).Rules[0]
}

type fatal interface{ Fatal(args ...any) }

func parse(t fatal, spec map[string]any) *scorecards.Card {
	c, problems := scorecards.ParseCard(&catalog.Entity{
		APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard,
		Metadata: catalog.Metadata{Namespace: "default", Name: "drawn"}, Spec: spec,
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

// drawSubject draws what is known, of some of it that it is not, or stale.
func drawSubject(t *rapid.T) *scorecards.Subject {
	s := &scorecards.Subject{
		Entity: &catalog.Entity{
			APIVersion: "backstage.io/v1alpha1", Kind: "Component",
			Metadata: catalog.Metadata{Namespace: "default", Name: "one", Annotations: map[string]string{}},
			Spec:     map[string]any{"type": "service", "owner": "payments"},
		},
		Owner: scorecards.Owner{Ref: "group:default/payments", Exists: rapid.Bool().Draw(t, "exists"), Members: rapid.IntRange(0, 4).Draw(t, "members")},
		Facts: map[string]scorecards.Fact{},
	}
	for _, name := range entityFields {
		if rapid.Bool().Draw(t, name) {
			s.Entity.Spec[name] = rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value")
			s.Entity.Metadata.Annotations[name] = rapid.SampledFrom([]string{"1", "2"}).Draw(t, "annotation")
		}
	}
	if rapid.Bool().Draw(t, "linked") {
		s.Entity.Metadata.Links = []catalog.Link{{URL: "https://example.com", Type: "runbook"}}
		s.Relations = func() []catalog.Relation {
			return []catalog.Relation{{Type: "ownedBy", TargetRef: "group:default/payments"}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(observations)) {
		f := scorecards.Fact{Value: observations[name].Draw(t, name)}
		switch known := rapid.IntRange(0, 5).Draw(t, "known"); {
		case known == 0:
			continue
		case strings.HasPrefix(name, "repo.file."): // what a file says is never stale
		case known == 1:
			f.Stale = noon
		case known == 2:
			f.Stale = noon.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "fresh")) * time.Hour)
		}
		s.Facts[name] = f
	}
	return s
}

func decided(o scorecards.Outcome) bool {
	return o == scorecards.Pass || o == scorecards.Fail || o == scorecards.NotApplicable
}

func TestEvaluationIsDeterministicAndExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, s := drawRule(t), drawSubject(t)
		first := rule.EvaluateRule(s, noon)
		if diff := cmp.Diff(first, rule.EvaluateRule(s, noon)); diff != "" {
			t.Fatalf("%s: twice evaluated:\n%s", rule.Expr, diff)
		}
		x := rule.Explain(s, noon)
		if diff := cmp.Diff(first, x.Result); diff != "" {
			t.Fatalf("%s: explained:\n%s", rule.Expr, diff)
		}
		if x.Expr == nil {
			if first.Outcome == scorecards.Pass || first.Outcome == scorecards.Fail {
				t.Fatalf("%s is not explained", rule.Expr)
			}
			return
		}
		want := map[scorecards.Outcome]scorecards.State{
			scorecards.Pass: scorecards.True, scorecards.Fail: scorecards.False, scorecards.Unknown: scorecards.Missing, scorecards.Error: scorecards.Wrong,
		}
		if x.Expr.State != want[first.Outcome] {
			t.Fatalf("%s: outcome %s, root %s", rule.Expr, first.Outcome, x.Expr.State)
		}
	})
}

// Facts that are observed when a rule looks for them are as good as those that are there.
func TestFactsAreFoundWhenLookedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, s := drawRule(t), drawSubject(t)
		ask := func() *scorecards.Subject {
			asked := *s
			asked.Facts = map[string]scorecards.Fact{}
			asked.Observe = func(name string) {
				for known, f := range s.Facts {
					if known == name || name == "facts" && strings.HasPrefix(known, "facts.") {
						asked.Facts[known] = f
					}
				}
			}
			return &asked
		}
		if diff := cmp.Diff(rule.EvaluateRule(s, noon), rule.EvaluateRule(ask(), noon)); diff != "" {
			t.Errorf("%s (filter %s): (-there +looked for)\n%s", rule.Expr, rule.Filter, diff)
		}
		if diff := cmp.Diff(rule.Explain(s, noon), rule.Explain(ask(), noon)); diff != "" {
			t.Errorf("%s (filter %s), explained: (-there +looked for)\n%s", rule.Expr, rule.Filter, diff)
		}
	})
}

// What is decided although something is unknown stays so, whatever that may be.
func TestUnknownIsNeitherPassNorFail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, s := drawRule(t), drawSubject(t)
		partly := rule.EvaluateRule(s, noon)
		if !decided(partly.Outcome) {
			return
		}
		full := *s
		full.Facts = map[string]scorecards.Fact{}
		for _, name := range slices.Sorted(maps.Keys(observations)) {
			f, known := s.Facts[name]
			if !known && strings.HasPrefix(name, "facts.") {
				continue // reported says that it is not there
			}
			if !known || !f.Stale.IsZero() && !f.Stale.After(noon) {
				f = scorecards.Fact{Value: observations[name].Draw(t, "learnt "+name)}
			}
			full.Facts[name] = f
		}
		if got := rule.EvaluateRule(&full, noon); got.Outcome != partly.Outcome {
			t.Fatalf("%s (filter %s): %s while it was not known, then %s", rule.Expr, rule.Filter, partly.Outcome, got.Outcome)
		}
	})
}

// A change that touches no input of a rule does not change its result.
func TestInputsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, a, b := drawRule(t), drawSubject(t), drawSubject(t)
		touched := func(changed string) bool {
			return slices.ContainsFunc(rule.Inputs(), func(input string) bool { return scorecards.Touches(input, changed) })
		}
		// b is a, but for what no input is touched by.
		mixed := *a
		mixed.Facts = map[string]scorecards.Fact{}
		for name := range observations {
			from := b
			if touched(name) {
				from = a
			}
			if f, ok := from.Facts[name]; ok {
				mixed.Facts[name] = f
			}
		}
		if !touched("owner.exists") {
			mixed.Owner.Exists = b.Owner.Exists
		}
		if !touched("owner.members") {
			mixed.Owner.Members = b.Owner.Members
		}
		if !touched("relations") {
			mixed.Relations = b.Relations
		}
		e := *a.Entity
		mixed.Entity = &e
		e.Spec, e.Metadata.Annotations = maps.Clone(e.Spec), maps.Clone(e.Metadata.Annotations)
		if !touched("entity.metadata.links") {
			e.Metadata.Links = b.Entity.Metadata.Links
		}
		for _, name := range entityFields {
			if !touched("entity.spec." + name) {
				take(e.Spec, b.Entity.Spec, name)
			}
			if !touched("entity.metadata.annotations." + name) {
				take(e.Metadata.Annotations, b.Entity.Metadata.Annotations, name)
			}
		}
		if diff := cmp.Diff(rule.EvaluateRule(a, noon), rule.EvaluateRule(&mixed, noon)); diff != "" {
			t.Fatalf("%s (filter %s), inputs %v:\n%s", rule.Expr, rule.Filter, rule.Inputs(), diff)
		}
	})
}

func take[V any](into, from map[string]V, key string) {
	delete(into, key)
	if v, ok := from[key]; ok {
		into[key] = v
	}
}

// Until it is due nothing changes. A rule of which nobody can tell when it does is
// due within the hour, and may change in between.
func TestNothingChangesBeforeItIsDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, s := drawRule(t), drawSubject(t)
		text := rule.Expr + rule.Filter
		if strings.Contains(text, "getHours") || strings.Contains(text, "f.size()") {
			return
		}
		first := rule.EvaluateRule(s, noon)
		until := first.Due
		if until.IsZero() {
			until = noon.AddDate(1, 0, 0)
		}
		later := until.Add(-time.Nanosecond)
		if rapid.Bool().Draw(t, "in between") {
			later = noon.Add(time.Duration(rapid.Int64Range(0, int64(until.Sub(noon))-1).Draw(t, "later")))
		}
		if got := rule.EvaluateRule(s, later); got.Outcome != first.Outcome || !got.Due.Equal(first.Due) {
			t.Fatalf("%s (filter %s): %s, due %s; at %s %s, due %s", rule.Expr, rule.Filter, first.Outcome, first.Due, later, got.Outcome, got.Due)
		}
	})
}

// The better the rules, the higher the level; and what is certain is possible.
func TestLevelIsMonotone(t *testing.T) {
	const n = 6
	rules := make([]any, n)
	for i := range rules {
		rules[i] = map[string]any{"id": fmt.Sprintf("r%d", i), "title": "R", "level": []string{"Bronze", "Silver", "Gold"}[i%3], "weight": float64(i + 1), "expr": fmt.Sprintf("facts.r%d", i)}
	}
	card := parse(t, map[string]any{"rules": rules, "levels": []any{
		map[string]any{"name": "Gold", "rank": 30.0}, map[string]any{"name": "Bronze", "rank": 10.0}, map[string]any{"name": "Silver", "rank": 20.0},
	}})
	entity := service(t)
	rapid.Check(t, func(t *rapid.T) {
		s := &scorecards.Subject{Entity: entity, Facts: map[string]scorecards.Fact{}}
		for i := range n {
			if v := rapid.SampledFrom([]any{true, false, nil}).Draw(t, "fact"); v != nil {
				s.Facts[fmt.Sprintf("facts.r%d", i)] = scorecards.Fact{Value: v}
			}
		}
		before := card.Evaluate(s, noon)
		better := fmt.Sprintf("facts.r%d", rapid.IntRange(0, n-1).Draw(t, "better"))
		_, known := s.Facts[better]
		s.Facts[better] = scorecards.Fact{Value: true}
		after := card.Evaluate(s, noon)
		rank := card.Rank
		if rank(after.Level) < rank(before.Level) || rank(after.Possible) < rank(before.Possible) || percentOf(&after) < percentOf(&before) {
			t.Fatalf("%s to %s, %s to %s, %v to %v", before.Level, after.Level, before.Possible, after.Possible, percentOf(&before), percentOf(&after))
		}
		if rank(before.Level) > rank(before.Possible) {
			t.Fatalf("certain %s, possible %s", before.Level, before.Possible)
		}
		if !known && rank(after.Level) > rank(before.Possible) {
			t.Fatalf("%s was not possible: %s", after.Level, before.Possible)
		}
		settled := rank(card.Settle(rapid.SampledFrom([]string{"", "Bronze", "Silver", "Gold"}).Draw(t, "former"), &before))
		if settled < rank(before.Level) || settled > rank(before.Possible) {
			t.Fatalf("settled at %d, between %s and %s", settled, before.Level, before.Possible)
		}
		passing := before.Level == "Gold"
		if passing != (len(before.Next.Rules) == 0) {
			t.Fatalf("level %q, next %+v", before.Level, before.Next)
		}
	})
}

// However lists and mappings are nested, an expression comes to an end, and what is shown of
// it is short.
func TestNestingIsBounded(t *testing.T) {
	steps := []string{`.map(b, [b, b, b, b, b])`, `.map(b, [b] + [b])`, `.map(b, {"x": b, "y": b})`, `.map(b, [optional.of(b), optional.of(b)])`, `.map(b, dyn([b, [b]]))`, `.filter(b, b == b)`}
	uses := []string{`%[1]s == %[1]s`, `%[1]s in [%[1]s, %[1]s]`, `text(%[1]s) == ""`, `[%[1]s].exists(v, v != v || [v, v] == [v])`, `[?dyn(%[1]s)].size() > 1`, `(%[1]s + %[1]s).size() > 1`, `optional.of(%[1]s).hasValue(%[1]s)`}
	s := subject(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		value := `["a"]`
		for range rapid.IntRange(0, 20).Draw(t, "depth") {
			value += rapid.SampledFrom(steps).Draw(t, "step")
		}
		expr := fmt.Sprintf(rapid.SampledFrom(uses).Draw(t, "use"), value)
		card := parse(t, map[string]any{"rules": []any{map[string]any{"id": "a", "title": "A", "expr": "dyn(" + expr + ") == 1", "message": "{{" + value + "}}"}}})
		x := card.Explain(card.Rules[0], s, noon)
		if got := x.Result.Outcome; got != scorecards.Fail && got != scorecards.Error {
			t.Fatalf("%s: %s", expr, got)
		}
		if n := utf8.RuneCountInString(x.Result.Message); n > 2000 {
			t.Fatalf("%s: a message of %d characters", expr, n)
		}
	})
}
