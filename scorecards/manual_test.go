package scorecards_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/scorecards"
)

// The manual lists the variables that there are, and its examples are good.
func TestManual(t *testing.T) {
	b, err := os.ReadFile("../docs/scorecards.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(b)
	var rows strings.Builder
	for _, v := range scorecards.Variables() {
		rows.WriteString("| `" + v.Name + "` | `" + v.Type + "` | " + v.Text + " |\n")
	}
	if !strings.Contains(manual, "|---|---|---|\n"+rows.String()+"\n") {
		t.Errorf("docs/scorecards.md must list the variables as\n%s", rows.String())
	}
	expressions, files := 0, 0
	for i, block := range strings.Split(manual, "```") {
		if i%2 == 0 {
			continue
		}
		language, text, _ := strings.Cut(block, "\n")
		switch language {
		case "yaml", `yaml title="production-readiness.yaml"`:
			files++
			for _, doc := range descriptor.ResolveOf(kinds(), []byte(text), nil).Documents {
				if doc.Entity == nil {
					t.Errorf("%s\n%v", text, doc.Problems)
				}
			}
		case "cel":
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
					expressions++
					ruleOf(t, line)
				}
			}
		}
	}
	if expressions == 0 || files != 3 {
		t.Errorf("the manual has %d expressions and %d files: the test looked past them", expressions, files)
	}
}

// Every rule of the cookbook is kept by an entity that is as it should be, fails for one
// that is not, and is no error where nothing is known.
func TestCookbook(t *testing.T) {
	b, err := os.ReadFile("../docs/cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	for i, block := range strings.Split(string(b), "```") {
		if text, ok := strings.CutPrefix(block, "yaml\n"); ok && i%2 == 1 {
			rules.WriteString(strings.ReplaceAll("\n"+strings.TrimRight(text, "\n"), "\n", "\n    "))
		}
	}
	card := cardOf(t, "  rules:"+rules.String())
	if len(card.Rules) < 12 {
		t.Fatalf("%d rules: the test looked past them", len(card.Rules))
	}
	good, bad, unknown := kept(t), broken(t), subject(t, nil)
	for _, tt := range []struct {
		name string
		of   *scorecards.Subject
		want []scorecards.Outcome
	}{
		{"kept", good, []scorecards.Outcome{scorecards.Pass}},
		{"broken", bad, []scorecards.Outcome{scorecards.Fail}},
		{"unknown", unknown, []scorecards.Outcome{scorecards.Unknown, scorecards.Pass, scorecards.Fail}},
	} {
		for _, rule := range card.Evaluate(tt.of, noon).Rules {
			if !slices.Contains(tt.want, rule.Outcome) {
				t.Errorf("%s, %s: %s %s", tt.name, rule.Rule, rule.Outcome, rule.Message)
			}
			if strings.Contains(rule.Message, "cannot be filled in") {
				t.Errorf("%s, %s: the message is %q", tt.name, rule.Rule, rule.Message)
			}
		}
	}
}

// kept is an entity as it should be.
func kept(t *testing.T) *scorecards.Subject {
	t.Helper()
	day := func(n int) time.Time { return noon.AddDate(0, 0, -n) }
	s := subject(t, map[string]any{
		"repo.codeowners": []string{"@acme/payments"}, "repo.files": []string{"README.md", "Dockerfile", "docs/adr/0001-log.md"}, "repo.defaultBranch": "main",
		"repo.protected": true, "repo.license": "MIT", "repo.languages": map[string]float64{"Go": 0.9, "Shell": 0.1},
		"verified.at": day(10), "docs.present": true, "docs.updated": day(10), "docs.brokenLinks": 0, "docs.failing": false,
		"activity.deployments": 9, "activity.changeFailureRate": 0.1, "activity.leadTime": 5 * time.Hour, "activity.failures": 1, "activity.timeToRestore": time.Hour,
		"activity.openPullRequests": 1, "activity.oldestPullRequest": day(2), "activity.pipelines": 10, "activity.pipelineSuccess": 0.95,
		"activity.alerts": map[string]int{"critical": 0, "high": 1, "medium": 0, "low": 0}, "activity.oldestAlert": day(3),
		"facts.coverage": 91.5, "facts.scan": map[string]any{"passed": true}, "facts.goVersion": "1.26.1", "facts.sbom": true,
		scorecards.FileFact("renovate.json"):             scorecards.File{Text: `{"extends": ["config:recommended"]}`},
		scorecards.FileFact("Dockerfile"):                scorecards.File{Text: "FROM golang\nUSER app\n"},
		scorecards.FileFact(".github/workflows/ci.yaml"): scorecards.File{Text: "uses: actions/checkout@v5\n"},
	})
	s.Relations = func() []catalog.Relation {
		return []catalog.Relation{{Type: "partOf", TargetRef: "system:default/payments"}}
	}
	s.Entity.Metadata.Labels = map[string]string{"acme.example/tier": "1"}
	s.Entity.Metadata.Annotations = map[string]string{"pagerduty.com/integration-key": "key"}
	return s
}

// broken is an entity of which as much is known, and nothing of it good.
func broken(t *testing.T) *scorecards.Subject {
	t.Helper()
	day := func(n int) time.Time { return noon.AddDate(0, 0, -n) }
	s := subject(t, map[string]any{
		"repo.codeowners": []string{}, "repo.files": []string{"main.go", "Dockerfile"}, "repo.defaultBranch": "main",
		"repo.protected": false, "repo.license": "AGPL-3.0", "repo.languages": map[string]float64{"Perl": 1},
		"verified.at": day(200), "docs.present": true, "docs.updated": day(100), "docs.brokenLinks": 3, "docs.failing": false,
		"activity.deployments": 1, "activity.changeFailureRate": 0.5, "activity.leadTime": 500 * time.Hour, "activity.failures": 3, "activity.timeToRestore": 50 * time.Hour,
		"activity.openPullRequests": 4, "activity.oldestPullRequest": day(90), "activity.pipelines": 10, "activity.pipelineSuccess": 0.4,
		"activity.alerts": map[string]int{"critical": 1, "high": 1, "medium": 0, "low": 0}, "activity.oldestAlert": day(90),
		"facts.coverage": 12.0, "facts.scan": map[string]any{"passed": false}, "facts.goVersion": "1.19",
		scorecards.FileFact("renovate.json"):             scorecards.File{Absent: true},
		scorecards.FileFact("Dockerfile"):                scorecards.File{Text: "FROM golang\n"},
		scorecards.FileFact(".github/workflows/ci.yaml"): scorecards.File{Text: "uses: actions/checkout@main\n"},
	})
	s.Owner = scorecards.Owner{Ref: "user:default/mossbank", Exists: true, Members: 1}
	s.Relations, s.Entity.Metadata.Links = nil, nil
	return s
}
