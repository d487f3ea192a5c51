package scorer_test

import (
	"strings"
	"testing"

	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
)

const written = `apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata: {name: readiness}
spec:
  rules:
    - {id: owner, title: Has an owner, expr: owner.exists}
`

func TestReadCard(t *testing.T) {
	tests := []struct {
		name, text, want string // in the first problem; empty: it can be used
		line             int
	}{
		{name: "a card", text: written},
		{name: "as JSON", text: `{"apiVersion": "callboard.dev/v1alpha1", "kind": "Scorecard", "metadata": {"name": "a"}, "spec": {"rules": [{"id": "a", "title": "A", "expr": "owner.exists"}]}}`},
		{name: "nothing", text: "", want: "found 0 documents", line: 1},
		{name: "two", text: written + "---\n" + written, want: "found 2 documents", line: 1},
		{name: "another kind", text: strings.Replace(written, "Scorecard", "Exemption", 1), want: "is missing", line: 4},
		{name: "a typo", text: strings.Replace(written, "owner.exists", "owner.exist", 1), want: "did you mean 'owner.exists'?", line: 6},
		{name: "a title that runs backwards", text: strings.Replace(written, "Has an owner", `"Has an owner\u202e"`, 1), want: "found U+202E", line: 6},
		{name: "a level with a blank that is not seen", text: strings.Replace(written, "  rules:\n    - {", "  levels: [{name: \"Si\\u200blver\", rank: 1}]\n  rules:\n    - {level: \"Si\\u200blver\", ", 1), want: "found U+200B", line: 5},
		{name: "a card whose title hides something", text: strings.Replace(written, "{name: readiness}", `{name: readiness, title: "\u2066Ready"}`, 1), want: "found U+2066", line: 3},
		{name: "no YAML", text: "a: [", want: "", line: 1},
	}
	for _, tt := range tests {
		e, problems := scorer.ReadCard([]byte(tt.text))
		if tt.line == 0 {
			if len(problems) > 0 || e == nil {
				t.Errorf("%s: %+v", tt.name, problems)
			}
			continue
		}
		if len(problems) == 0 || e != nil || !strings.Contains(problems[0].Message, tt.want) || problems[0].Line != tt.line {
			t.Errorf("%s: %+v, want line %d: …%s…", tt.name, problems, tt.line, tt.want)
		}
	}
}

// Whatever somebody sends, it is a card that can be judged by, or there is a problem with
// its place.
func FuzzReadCard(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(written + "---\n"))
	f.Add([]byte("a: ["))
	f.Add([]byte(`{"kind": "Scorecard"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, problems := scorer.ReadCard(text)
		if (e == nil) != (len(problems) > 0) {
			t.Fatalf("entity %v with problems %+v", e, problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("problem %+v", p)
			}
		}
		if e == nil {
			return
		}
		if card, wrong := scorecards.ParseCard(e); card == nil {
			t.Errorf("it is no card: %+v", wrong)
		}
	})
}
