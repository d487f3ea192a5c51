package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/notices"
)

// A channel can choose every kind of notice, and the manual tells of each.
func TestNoticeKinds(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "notices.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range notices.Kinds() {
		names = append(names, k.Name)
		if !strings.Contains(string(doc), "| `"+k.Name+"` | ") {
			t.Errorf("docs/notices.md does not tell of %s", k.Name)
		}
	}
	if d := cmp.Diff(names, config.NoticeKinds()); d != "" {
		t.Errorf("the kinds that there are (-) and those that can be chosen (+):\n%s", d)
	}
}

// The configuration that the manual shows is one.
func TestDocumentedChannels(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "notices.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	c, ps := config.Parse([]byte(text), func(name string) (string, bool) {
		if strings.HasSuffix(name, "_SECRET") {
			return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true
		}
		return "https://hooks.example.com/x", true
	}, nil)
	if !ok || len(ps) > 0 || len(c.Notices.Channels) != 3 {
		t.Errorf("%v, %+v", ps, c.Notices)
	}
}
