package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/internal/config"
)

// The manual's configuration of checks is one, and its words for what a check fails on are
// those of the program and of the configuration.
func TestDocumentedChecks(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "checks.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatal("docs/checks.md shows no configuration")
	}
	c, problems := config.Parse([]byte(text), func(string) (string, bool) { return "x", true }, nil)
	if len(problems) > 0 || c.Sources[0].Checks != (config.Checks{Status: true, Comment: true}) {
		t.Errorf("the configuration is %+v, %v", c.Sources, problems)
	}
	if got, want := strings.Join(config.FailsOn(), " "), strings.Join(checks.FailsOn(), " "); got != want {
		t.Errorf("the configuration knows %s, and checks fail on %s", got, want)
	}
	for _, word := range append(checks.FailsOn(), "callboard/catalog", "--fail-on", "--source", "--json") {
		if !strings.Contains(string(doc), "`"+word+"`") {
			t.Errorf("docs/checks.md does not tell of %s", word)
		}
	}
}
