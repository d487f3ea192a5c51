package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// One thing has one name in all commands: the portal is --portal, its token --portal-token.
func TestThePortalHasOneName(t *testing.T) {
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		for _, usage := range strings.Split(c.Flags().FlagUsages(), "\n") {
			name, says, _ := strings.Cut(strings.TrimSpace(usage), " ")
			of := strings.Contains(says, "portal") || strings.Contains(says, "Callboard")
			if address := strings.Contains(says, "address of the") && of; address != (name == "--portal") {
				t.Errorf("%s %s: %s", c.CommandPath(), name, says)
			}
			if token := strings.Contains(says, "token for") && of; token != (name == "--portal-token") {
				t.Errorf("%s %s: %s", c.CommandPath(), name, says)
			}
		}
		for _, below := range c.Commands() {
			look(below)
		}
	}
	look(newRoot(process{Stdout: io.Discard, Stderr: io.Discard}))
}

// Commands that the documentation shows have the flags that it gives them.
func TestDocumentedFlags(t *testing.T) {
	docs, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown, flag := regexp.MustCompile("callboard ([a-z][^`\n]*)"), regexp.MustCompile(`^--([a-z-]+)`)
	checked := 0
	for _, path := range append(docs, filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range shown.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\\\n", " "), -1) {
			words := strings.Fields(line[1])
			c, _, err := newRoot(process{Stdout: io.Discard, Stderr: io.Discard}).Find(words)
			if err != nil || !c.HasParent() {
				continue // it is not about a command
			}
			for _, word := range words {
				if m := flag.FindStringSubmatch(word); m != nil {
					if checked++; c.Flags().Lookup(m[1]) == nil && m[1] != "help" {
						t.Errorf("%s: %s has no flag --%s", filepath.Base(path), c.CommandPath(), m[1])
					}
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d flags were found", checked)
	}
}
