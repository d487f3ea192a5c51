package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the documentation shows is what a story has done.
func TestDocumentedCommands(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "cloudevents.md"))
	if err != nil {
		t.Fatal(err)
	}
	story, err := os.ReadFile(filepath.Join("testdata", "script", "cloudevents.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"send.sh", "sign.sh"} {
		_, rest, ok := strings.Cut(string(story), "\n-- "+name+" --\n")
		commands, _, _ := strings.Cut(rest, "\n-- ")
		if !ok || !strings.Contains(string(doc), "```sh\n"+commands+"\n```\n") {
			t.Errorf("docs/cloudevents.md does not show %s as the story runs it", name)
		}
	}
}
