package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/scorecards"
)

// notRun is why commands of the manual are not run by a test, and how many blocks of them
// there are. A block says so in a comment in front of it: <!-- not run: it needs a forge -->
func notRun() map[string]int {
	return map[string]int{
		"it builds Callboard":                                              3,
		"it needs a forge":                                                 6,
		"it needs a Backstage":                                             3,
		"it needs a checkout of yours":                                     1,
		"it needs a chat of yours":                                         1,
		"it needs a host of yours":                                         1,
		"it needs a repository of yours":                                   1,
		"it needs files that few portals have":                             1,
		"it names a delivery of yours":                                     1,
		"it names an event of yours":                                       1,
		"it needs a message that was sent":                                 1,
		"it names days that pass; the story exemption.txtar does the same": 1,
		"the story cloudevents.txtar does":                                 2,
	}
}

// fence is a block of code of the manual.
type fence struct {
	page     string // "docs/api.md"
	line     int
	language string
	title    string // the file that it is
	notRun   string // why
	text     string
}

var (
	fenceBegin = regexp.MustCompile("^( *)(`{3,})([a-z]*)(?: title=\"([^\"]+)\")?$")
	notRunMark = regexp.MustCompile(`^ *<!-- not run: (.+) -->$`)
	inlineCode = regexp.MustCompile("`(callboard [^`]+)`")
	// A command at the beginning of a line, after another one, or in $(…).
	callboardCommand = regexp.MustCompile(`(?m)(?:^|[(|;&]|=\S* ) *((?:bin/)?callboard\b)((?:'[^']*'|"[^"]*"|\\\n|[^'"\n|;&>)])*)`)
	shellWord        = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"\\])+`)
)

// manualPages are the pages whose commands are looked at.
func manualPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	return append([]string{"../../README.md"}, pages...)
}

// fencesOf returns the blocks of a page, without what they are indented by.
func fencesOf(t *testing.T, file string) (all []fence) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var in *fence
	indent, end, why := "", "", ""
	for i, line := range strings.Split(string(text), "\n") {
		switch m := fenceBegin.FindStringSubmatch(line); {
		case in != nil && strings.TrimSpace(line) == end:
			all, in = append(all, *in), nil
		case in != nil:
			in.text += strings.TrimPrefix(line, indent) + "\n"
		case m != nil:
			indent, end = m[1], m[2]
			in = &fence{page: strings.TrimPrefix(filepath.ToSlash(file), "../../"), line: i + 1, language: m[3], title: m[4], notRun: why}
			why = ""
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			t.Errorf("%s:%d: the test does not know what this block is: %s", file, i+1, line)
		case notRunMark.MatchString(line):
			why = notRunMark.FindStringSubmatch(line)[1]
		case strings.TrimSpace(line) != "":
			why = ""
		}
	}
	return all
}

// commands is what a block has a shell do; "" if it has not.
func (f fence) commands() string {
	switch f.language {
	case "sh":
		return f.text
	case "console":
		var all strings.Builder
		for _, s := range f.steps() {
			all.WriteString(s.command)
		}
		return all.String()
	}
	return ""
}

// step is a command of a block, and what it prints.
type step struct{ command, prints string }

// steps are the commands of a transcript, each with what stands below it.
func (f fence) steps() (all []step) {
	continued := false // a quote is open, or the line says so
	for line := range strings.Lines(f.text) {
		command, begins := strings.CutPrefix(line, "$ ")
		switch last := len(all) - 1; {
		case begins:
			all = append(all, step{command: command})
		case last >= 0 && continued:
			all[last].command += line
		case last >= 0:
			all[last].prints += line
		}
		if last := len(all) - 1; last >= 0 {
			continued = (begins || continued) && (strings.HasSuffix(line, "\\\n") || strings.Count(all[last].command, "'")%2 == 1)
		}
	}
	return all
}

// Every command of the manual is one that there is, every configuration and descriptor in
// it can be read, and what no test runs is listed with the reason.
func TestManual(t *testing.T) {
	reasons := map[string]int{}
	checked := map[string]int{}
	for _, page := range manualPages(t) {
		known := slices.Concat(catalog.BuiltIn(), scorecards.Kinds())
		for _, f := range fencesOf(t, page) {
			checked[f.language]++
			switch f.language {
			case "":
				t.Errorf("%s:%d: the block does not say what it is: sh, console, yaml, text …", f.page, f.line)
			case "sh", "console":
				if f.notRun != "" {
					reasons[f.notRun]++
				}
				for _, words := range callboardCommands(f.commands()) {
					if err := parses(words); err != nil {
						t.Errorf("%s:%d: callboard %s: %v", f.page, f.line, strings.Join(words, " "), err)
					}
				}
			case "json":
				if !strings.Contains(f.text, "…") && !json.Valid([]byte(f.text)) {
					t.Errorf("%s:%d: it is not JSON", f.page, f.line)
				}
			case "yaml":
				known = readBlock(t, f, known)
			}
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inlineCode.FindAllStringSubmatch(string(text), -1) {
			checked["inline"]++
			if c, rest, err := newRoot(process{}).Find(strings.Fields(m[1])[1:]); err != nil {
				t.Errorf("%s: %s: %v", page, m[1], err)
			} else if err := c.ParseFlags(rest); err != nil && !strings.Contains(m[1], "…") {
				t.Errorf("%s: %s: %v", page, m[1], err)
			}
		}
	}
	want := notRun()
	for why, n := range reasons {
		if want[why] != n {
			t.Errorf("%d blocks are not run because %s; the list in this file has %d", n, why, want[why])
		}
	}
	for why := range want {
		if reasons[why] == 0 {
			t.Errorf("no block is left that is not run because %s", why)
		}
	}
	for language, least := range map[string]int{"sh": 30, "console": 5, "yaml": 20, "inline": 20} {
		if checked[language] < least {
			t.Errorf("%d of %s: the test looked past them", checked[language], language)
		}
	}
}

// callboardCommands are the words after callboard of each command in a script.
func callboardCommands(script string) (all [][]string) {
	for _, m := range callboardCommand.FindAllStringSubmatch(script, -1) {
		all = append(all, shellWords(m[2]))
	}
	return all
}

func shellWords(text string) (words []string) {
	for _, w := range shellWord.FindAllString(strings.ReplaceAll(text, "\\\n", " "), -1) {
		words = append(words, strings.NewReplacer("'", "", `"`, "").Replace(w))
	}
	return words
}

// called finds what words call, and reads its flags.
func called(words []string) (*cobra.Command, error) {
	c, rest, err := newRoot(process{Stdout: io.Discard, Stderr: io.Discard}).Find(words)
	if err != nil {
		return nil, err
	}
	return c, c.ParseFlags(rest)
}

func parses(words []string) error {
	c, err := called(words)
	if err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// readBlock checks a block of YAML and returns the kinds that are known after it.
func readBlock(t *testing.T, f fence, known catalog.Kinds) catalog.Kinds {
	t.Helper()
	var content any
	if err := yaml.Unmarshal([]byte(f.text), &content); err != nil {
		t.Errorf("%s:%d: %v", f.page, f.line, err)
		return known
	}
	keys, ok := content.(map[string]any)
	if !ok { // a list, of rules of a scorecard for example
		return known
	}
	switch {
	case keys["apiVersion"] != nil:
		for _, d := range descriptor.ResolveOf(known, []byte(f.text), nil).Documents {
			for _, p := range d.Problems {
				t.Errorf("%s:%d: %v", f.page, f.line, p)
			}
		}
	case keys["spec"] == nil && keys["metadata"] == nil && keys["site_name"] == nil: // those are parts of a descriptor, or another's
		const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		value := func(name string) (string, bool) {
			if strings.HasSuffix(name, "_WEBHOOK") {
				return "https://chat.example.com/hook", true
			}
			return secret, true
		}
		c, problems := config.Parse([]byte(f.text), value, func(path string) ([]byte, string, error) { return []byte(secret), path, nil })
		for _, p := range problems {
			t.Errorf("%s:%d: %v", f.page, f.line, p)
		}
		known = slices.Concat(known, c.Catalog.Own())
	}
	return known
}
