package scorecards_test

import (
	"os"
	"strings"
	"testing"

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
		case "yaml":
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
	if expressions < 10 || files != 3 {
		t.Errorf("the manual has %d expressions and %d files: the test looked past them", expressions, files)
	}
}
