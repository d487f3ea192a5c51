package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/internal/config"
)

// The icons that a kind may have are some of those that the pages have.
func TestKindIcons(t *testing.T) {
	sprite, err := os.ReadFile(filepath.Join("..", "..", "web", "static", "icons.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range config.KindIcons() {
		if !bytes.Contains(sprite, []byte(`id="i-`+name+`"`)) {
			t.Errorf("there is no icon %q", name)
		}
	}
}

// What the manual shows is a configuration that is taken.
func TestManualOfKinds(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join("..", "..", "docs", "kinds.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manual), "```yaml\n")
	text, rest, _ := strings.Cut(rest, "```")
	c, problems := config.Parse([]byte(text), nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	entity, _, _ := strings.Cut(rest, "```")
	path := filepath.Join(t.TempDir(), "catalog-info.yaml")
	if err := os.WriteFile(path, []byte(entity), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	k := checker{out: &out, kinds: kindsOf(c), declared: map[string]declared{}}
	if err := k.descriptor(path); err != nil || k.problems > 0 {
		t.Errorf("%d problems, %v: %s", k.problems, err, out.String())
	}
}
