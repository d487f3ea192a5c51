package scorecards_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/scorecards"
)

// twenty are rules such as a real organisation has.
func twenty(t testing.TB) *scorecards.Card {
	t.Helper()
	exprs := []string{
		`owner.exists`,
		`repo.files.exists(f, f.endsWith("CODEOWNERS"))`,
		`"README.md" in repo.files`,
		`docs.present && age(docs.updated) < days(90)`,
		`links.exists(l, l.type == "runbook")`,
		`repo.protected`,
		`activity.pipelineSuccess >= 0.9`,
		`facts.coverage >= 80`,
		`activity.alerts.critical == 0 && activity.alerts.high == 0`,
		`age(activity.lastDeployment) < days(30)`,
		`entity.metadata.?description.orValue("").size() >= 20`,
		`has(entity.metadata.annotations) && "acme.dev/tier" in entity.metadata.annotations`,
		`relations.exists(r, r.type == "partOf" && r.kind == "system")`,
		`repo.license != ""`,
		`repo.codeowners.size() > 0`,
		`repo.files.exists(f, f.matches("^(docs/)?runbook\\.md$"))`,
		`!repo.archived`,
		`activity.changeFailureRate < 0.15`,
		`activity.openPullRequests < 20 || age(activity.oldestPullRequest) < days(14)`,
		`entity.spec.lifecycle in ["production", "experimental"]`,
	}
	var b strings.Builder
	b.WriteString("  filter: entity.kind == \"Component\"\n  levels: [{name: Bronze, rank: 1}, {name: Silver, rank: 2}, {name: Gold, rank: 3}]\n  rules:\n")
	for i, e := range exprs {
		fmt.Fprintf(&b, "    - {id: r%d, title: T, level: %s, expr: '%s', message: '{{repo.defaultBranch}} of {{owner.ref}}'}\n", i, []string{"Bronze", "Silver", "Gold"}[i%3], e)
	}
	return cardOf(t, b.String())
}

// judged makes up what is known of n entities.
func judged(t testing.TB, n int) []*scorecards.Subject {
	t.Helper()
	files := []string{"README.md", "go.mod", "catalog-info.yaml"}
	for i := range 200 {
		files = append(files, fmt.Sprintf("internal/part%d/file.go", i))
	}
	all := make([]*scorecards.Subject, n)
	for i := range all {
		facts := map[string]any{
			"repo.files": files, "repo.defaultBranch": "main", "repo.protected": i%3 > 0, "repo.license": "MIT", "repo.archived": false,
			"repo.codeowners": []string{"@acme/payments"}, "docs.present": true, "docs.updated": noon.Add(-time.Duration(i) * time.Hour),
			"activity.lastDeployment": noon.AddDate(0, 0, -i%60), "activity.pipelineSuccess": float64(i%100) / 100,
			"activity.alerts": map[string]int{"critical": 0, "high": i % 2, "medium": 3, "low": 5}, "activity.changeFailureRate": 0.1,
			"activity.openPullRequests": i % 30, "activity.oldestPullRequest": noon.AddDate(0, 0, -i%20),
		}
		if i%4 > 0 {
			facts["facts.coverage"] = float64(i % 100)
		}
		all[i] = subject(t, facts)
	}
	return all
}

func BenchmarkEvaluate(b *testing.B) {
	card := twenty(b)
	b.Run("one entity, 20 rules", func(b *testing.B) {
		s := judged(b, 1)[0]
		b.ReportAllocs()
		for b.Loop() {
			card.Evaluate(s, noon)
		}
	})
	b.Run("one entity, one rule", func(b *testing.B) {
		s := judged(b, 1)[0]
		b.ReportAllocs()
		for b.Loop() {
			card.Rules[0].EvaluateRule(s, noon)
		}
	})
	b.Run("10,000 entities, 20 rules", func(b *testing.B) {
		all := judged(b, 10_000)
		b.ResetTimer()
		for b.Loop() {
			var g errgroup.Group // as whoever judges all of them does
			workers := runtime.GOMAXPROCS(0)
			for w := range workers {
				g.Go(func() error {
					for i := w; i < len(all); i += workers {
						card.Evaluate(all[i], noon)
					}
					return nil
				})
			}
			_ = g.Wait() // no part fails
		}
	})
}

func BenchmarkExplain(b *testing.B) {
	rule, s := twenty(b).Rule("r1"), judged(b, 1)[0]
	for b.Loop() {
		rule.Explain(s, noon)
	}
}
