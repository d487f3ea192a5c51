package scorecards_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/scorecards"
)

func withFiles(t testing.TB, files map[string]scorecards.File) *scorecards.Subject {
	t.Helper()
	s := subject(t, map[string]any{})
	for path, f := range files {
		s.Facts[scorecards.FileFact(path)] = scorecards.Fact{Value: f}
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFileOutcomes(t *testing.T) {
	s := withFiles(t, map[string]scorecards.File{
		"renovate.json": {Text: `{"extends": ["config:base"], "n": 2, "deep": {"a": [1, {"b": "c"}]}}`},
		"ci.yaml":       {Text: "on: {push: {branches: [main]}}\n1: one\nat: 2026-01-02\n---\nsecond: document\n"},
		"app.toml":      {Text: "port = 80\n[[rules]]\nname = \"a\"\nat = 2026-01-02T03:04:05Z\n"},
		"Makefile":      {Text: "test:\n\tgo test\n"},
		"empty.yaml":    {},
		"gone.json":     {Absent: true},
		"large.json":    {Problem: "it has more than 64 KiB"},
		"broken.json":   {Text: `{"a": `},
		"two.json":      {Text: `{} {}`},
		"broken.yaml":   {Text: "a: [\n"},
		"broken.toml":   {Text: "a = \n"},
		"deep.json":     {Text: strings.Repeat("[", 41) + strings.Repeat("]", 41)},
		"bomb.yaml":     {Text: "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"},
	})
	for _, tt := range []struct {
		expr    string
		want    scorecards.Outcome
		message string // the beginning of it
	}{
		{`"config:base" in repo.json["renovate.json"].extends`, scorecards.Pass, ""},
		{`repo.json["renovate.json"].n == 2`, scorecards.Pass, ""},
		{`repo.json["renovate.json"].deep.a[1].b == "c"`, scorecards.Pass, ""},
		{`"main" in repo.yaml["ci.yaml"].on.push.branches && repo.yaml["ci.yaml"]["1"] == "one"`, scorecards.Pass, ""},
		{`!("second" in repo.yaml["ci.yaml"])`, scorecards.Pass, ""},
		{`repo.toml["app.toml"].port == 80 && repo.toml["app.toml"].rules[0].name == "a"`, scorecards.Pass, ""},
		{`repo.text["Makefile"].contains("go test") && repo.text.Makefile.startsWith("test")`, scorecards.Pass, ""},
		{`repo.yaml["empty.yaml"] == null`, scorecards.Pass, ""},
		{`repo.json[?"gone.json"].hasValue()`, scorecards.Fail, ""},
		{`repo.json[?"renovate.json"].?n.orValue(0) == 2`, scorecards.Pass, ""},
		{`repo.json["gone.json"].a == 1`, scorecards.Error, `there is no gone.json; write [?"gone.json"].orValue(…)`},
		{`repo.json["large.json"].a == 1`, scorecards.Error, "large.json: it has more than 64 KiB"},
		{`repo.json["broken.json"].a == 1`, scorecards.Error, "broken.json: it is no JSON"},
		{`repo.json["two.json"].a == 1`, scorecards.Error, "two.json: it is no JSON: more follows"},
		{`repo.yaml["broken.yaml"].a == 1`, scorecards.Error, "broken.yaml: it is no YAML"},
		{`repo.toml["broken.toml"].a == 1`, scorecards.Error, "broken.toml: it is no TOML"},
		{`repo.json["deep.json"] == 1`, scorecards.Error, "deep.json: it is nested more than 40 deep"},
		{`repo.yaml["bomb.yaml"] == 1`, scorecards.Error, "bomb.yaml: "},
		{`repo.json["unread.json"].a == 1`, scorecards.Unknown, `not known: repo.file["unread.json"]`},
		{`repo.json["unread.json"].a == 1 || owner.exists`, scorecards.Pass, ""},
	} {
		t.Run(tt.expr, func(t *testing.T) {
			got := ruleOf(t, tt.expr).EvaluateRule(s, noon)
			if got.Outcome != tt.want || !strings.HasPrefix(got.Message, tt.message) {
				t.Errorf("%s %q, want %s %q", got.Outcome, got.Message, tt.want, tt.message)
			}
		})
	}
}

// A card says which files it reads; what only evaluating would show is refused.
func TestCardFiles(t *testing.T) {
	c := cardOf(t, `  filter: repo.text["go.mod"].contains("acme") || true
  rules:
    - {id: one, title: One, expr: 'repo.json["renovate.json"].a == 1', message: 'found {{repo.yaml["ci/x.yaml"].a}}'}
    - {id: two, title: Two, expr: 'true', filter: 'repo.toml.Pipfile.a == 1 && repo.json[?"renovate.json"].hasValue()'}
`)
	if diff := cmp.Diff([]string{"Pipfile", "ci/x.yaml", "go.mod", "renovate.json"}, c.Files()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !c.Reads(scorecards.FileFact("renovate.json")) || !c.Reads("repo") || c.Reads(scorecards.FileFact("other.json")) || c.Reads("activity") {
		t.Error("it is wrong about what bears on the card")
	}
}

func TestFilesWhosePathIsWorkedOut(t *testing.T) {
	for _, expr := range []string{
		`repo.text[repo.name] == "x"`, `repo.json[repo.name].x == 1`, `repo.json[?repo.name].?x.hasValue()`, `repo.toml[repo.name]["x"] == 1`,
		`has(repo.json[repo.name].x)`, `repo.files.exists(f, repo.yaml[f].x.y == 1)`, `repo.json[repo.name][repo.name].x == 1`, `"a" in repo.json`,
	} {
		if got := refused(t, expr); !strings.Contains(got, "files can only be read by their paths, as in repo.") {
			t.Errorf("%s: %q", expr, got)
		}
	}
	if got := refused(t, `facts.size() > 1`); !strings.Contains(got, "facts can only be read by name") {
		t.Errorf("all facts at once: %q", got)
	}
}

// Whatever a file says, a rule comes to an outcome, in time.
func FuzzFile(f *testing.F) {
	for _, text := range []string{`{"a": [1, 2.5, null]}`, "a: {b: &x [1], c: *x}\n", "a = [1]\n[b]\nc = 07:32:00\n", "", "<<: {a: 1}\n", "? [a]\n: b\n", "!!binary aGk=\n", "a: !!timestamp 2026-01-01\n"} {
		f.Add(text)
	}
	rules := map[string]*scorecards.Rule{}
	for _, format := range []string{"json", "yaml", "toml", "text"} {
		rules[format] = ruleOf(f, `dyn(repo.`+format+`["x"]) != 1 && [repo.`+format+`["x"]].exists(v, v == v)`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := withFiles(t, map[string]scorecards.File{"x": {Text: text}})
		for format, rule := range rules {
			switch got := rule.EvaluateRule(s, noon); got.Outcome {
			case scorecards.Pass, scorecards.Fail, scorecards.Error:
			default:
				t.Errorf("%s: %s %s", format, got.Outcome, got.Message)
			}
		}
	})
}
