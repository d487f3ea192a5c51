package codeowners_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog/codeowners"
)

// github is the example of GitHub's documentation, with other names.
const github = `# This is a comment.
*       @global-one @global-two

*.js    @js-owner # an inline comment
*.go docs@example.com

*.txt @acme/octocats

/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @logger
/apps/ @octocat
/apps/github
with\ blank/ @blanks
`

// gitlab has what GitLab's documentation shows, with other names.
const gitlab = `* @default
\#file_with_pound.rb @pound
path\ with\ spaces/*.md @space
README.md @readme
/docs/ @docs
/docs/*.md @markdown
internal/notes.md @notes
/config/**/index.md @index
/dot/* @dots

[Documentation] @docs-team
ee/docs/
docs/guide @acme/guides/editors

^[Database][2] @@maintainer
model/db/ dba@example.com
!model/db/generated/
model/db/generated/keep.sql @late

[DOCUMENTATION]
README.md @writers
docs/nobody.md
`

func TestOwners(t *testing.T) {
	for _, tt := range []struct {
		dialect codeowners.Dialect
		text    string
		owners  map[string]string
	}{
		{codeowners.GitHub, github, map[string]string{
			"main.c":                   "@global-one @global-two",
			"deep/down/main.c":         "@global-one @global-two",
			"src/x.js":                 "@js-owner",
			"src/x.JS":                 "@global-one @global-two",
			"a/b.go":                   "docs@example.com",
			"read.txt":                 "@acme/octocats",
			"build/logs/deep/x":        "@logger", // the last line wins alone
			"build/log":                "@global-one @global-two",
			"deep/build/logs/x":        "@logger",
			"docs/start.md":            "@doctocat",
			"docs/deep/start.md":       "@doctocat",
			"other/docs/start.md":      "@global-one @global-two",
			"other/apps/deep/x":        "@octocat",
			"apps/x":                   "@octocat",
			"apps/github":              "",
			"apps/github/deep/x":       "",
			"apps/githubber":           "@octocat",
			"with blank/x":             "@blanks",
			"scripts/run":              "@doctocat @octocat",
			"scripts":                  "@global-one @global-two",
			"/main.c":                  "@global-one @global-two",
			"deep/with blank/deeper/x": "@blanks",
		}},
		{codeowners.GitHub, "docs/* @one\nsrc/**/x.c @two\n/ @none\n/src/*/y.c @three\n?.h @four\n** @all\n/last @last\n", map[string]string{
			"docs/a": "@all", "last/x": "@last", "last": "@last", "alast": "@all",
		}},
		{codeowners.GitHub, "docs/* @one\nsrc/**/x.c @two\n/ @none\n/src/*/y.c @three\n?.h @four\n", map[string]string{
			"docs/a": "@one", "docs/a/b": "", "src/x.c": "@two", "src/a/b/x.c": "@two", "src/a/y.c": "@three", "src/a/b/y.c": "", "src/y.c": "", "a.h": "@four", "deep/b.h": "@four", "ab.h": "",
		}},
		{codeowners.GitLab, gitlab, map[string]string{
			"main.c":                      "@default",
			".hidden":                     "@default",
			"#file_with_pound.rb":         "@pound",
			"path with spaces/a.md":       "@space",
			"path with spaces/deep/a.md":  "@default",
			"lib/README.md":               "@readme @writers",
			"docs/a.txt":                  "@docs",
			"docs/a.md":                   "@markdown",
			"docs/deep/a.md":              "@docs",
			"other/docs/a.txt":            "@default",
			"deep/internal/notes.md":      "@notes",
			"config/index.md":             "@index",
			"config/a/b/index.md":         "@index",
			"dot/.env":                    "@dots",
			"dot/deep/.env":               "@default",
			"x/ee/docs/y":                 "@default @docs-team",
			"docs/guide":                  "@docs @acme/guides/editors",
			"docs/guide/in":               "@docs",
			"model/db/x.sql":              "@default dba@example.com",
			"model/db/generated/x.sql":    "@default",
			"model/db/generated/keep.sql": "@default", // nothing brings back what is excluded
			"docs/nobody.md":              "@markdown",
		}},
	} {
		f := codeowners.Parse(tt.dialect, []byte(tt.text))
		if len(f.Problems) > 0 {
			t.Errorf("%s: %v", tt.dialect, f.Problems)
		}
		for path, want := range tt.owners {
			if got := strings.Join(f.Owners(path), " "); got != want {
				t.Errorf("%s: %s is owned by %q, want %q", tt.dialect, path, got, want)
			}
		}
	}
}

// What is said of files by their names is not said of the folder that they are in.
func TestOwnersOfFolder(t *testing.T) {
	f := codeowners.Parse(codeowners.GitHub, []byte("* @all\n/services/payments/ @acme/payments\n*.yaml @acme/platform\ncatalog-info.yaml @acme/catalog\n"))
	for dir, want := range map[string]string{"": "@all", ".": "@all", "services": "@all", "services/payments": "@acme/payments", "services/payments/deep": "@acme/payments"} {
		if got := strings.Join(f.OwnersOfFolder(dir), " "); got != want {
			t.Errorf("%q is owned by %q, want %q", dir, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		dialect codeowners.Dialect
		text    string
		want    []string
		rules   int
	}{
		{codeowners.GitHub, "!docs @a\n", []string{`1:1 "!docs" begins with !`}, 0},
		{codeowners.GitHub, "\\#x @a\n[ab].c @a\n***/x @a\n", []string{`1:1 "\\#x" begins with an escaped #`, `2:1 "[ab].c" has a range`, `3:1 "***/x" has three stars`}, 0},
		{codeowners.GitHub, "  ä.md  @a nobody @b\n*.md @a\n", []string{`1:12 "nobody" is no owner`}, 1},
		{codeowners.GitHub, "*.md @a/b/c\n*.md @@owner\n*.md @\n", []string{`1:6 "@a/b/c" is no owner`, `2:6 "@@owner" is no owner`, `3:6 "@" is no owner`}, 0},
		{codeowners.GitHub, strings.Repeat("x", codeowners.MaxSize+1), []string{"1:1 the file has more than 3 MB"}, 0},
		{codeowners.GitHub, strings.Repeat("* @a\n", 5001), []string{"5001:1 the file has more than 5000 rules"}, 0},
		{codeowners.GitHub, "\ufeff* @a\r\n\xff @b\r\n", nil, 2},
		{codeowners.GitLab, "*.md @a # not @b\n", []string{`1:9 "#" begins no comment`, `1:11 "not" is no owner`}, 1},
		{codeowners.GitLab, "[Docs\n* @a\n", []string{"1:1 this is no heading", `1:1 "[Docs" is no pattern`}, 1},
		{codeowners.GitLab, "  ^[Docs][2] @a what\n* @b\n", []string{`1:17 "what" is no owner`}, 1},
		{codeowners.GitLab, "a[ @a\n! @b\n", []string{`1:1 "a[" is no pattern`, `2:1 "" is no pattern`}, 0},
	} {
		f := codeowners.Parse(tt.dialect, []byte(tt.text))
		ok := len(f.Problems) == len(tt.want) && len(f.Rules) == tt.rules
		for i, p := range f.Problems {
			ok = ok && strings.HasPrefix(fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Message), tt.want[i])
		}
		if !ok {
			t.Errorf("%s %.20q: %d rules, %v, want %d and %q", tt.dialect, tt.text, len(f.Rules), f.Problems, tt.rules, tt.want)
		}
	}
}

func TestSections(t *testing.T) {
	f := codeowners.Parse(codeowners.GitLab, []byte(gitlab))
	var got []string
	for _, r := range f.Rules {
		if r.Section != "" {
			got = append(got, fmt.Sprint(r.Line, " ", r.Section, ": ", r.Pattern, " ", r.Exclude, " ", r.Owners))
		}
	}
	want := []string{
		"12 Documentation: ee/docs/ false [@docs-team]", "13 Documentation: docs/guide false [@acme/guides/editors]",
		"16 Database: model/db/ false [dba@example.com]", "17 Database: model/db/generated/ true []", "18 Database: model/db/generated/keep.sql false [@late]",
		"21 Documentation: README.md false [@writers]", "22 Documentation: docs/nobody.md false []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlaces(t *testing.T) {
	if got := codeowners.Places(codeowners.GitHub)[0]; got != ".github/CODEOWNERS" {
		t.Error(got)
	}
	if got := codeowners.Places(codeowners.GitLab)[0]; got != "CODEOWNERS" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(github, "docs/a/b.md")
	f.Add(gitlab, "model/db/generated/x")
	f.Add("[a]\n^[b][2] @x\n!a/**/b*c?d\\ e @@owner", "a/b/c")
	f.Fuzz(func(t *testing.T, text, path string) {
		for _, d := range []codeowners.Dialect{codeowners.GitHub, codeowners.GitLab} {
			file := codeowners.Parse(d, []byte(text))
			lines := strings.Count(text, "\n") + 1
			for _, p := range file.Problems {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
					t.Errorf("a problem nowhere: %+v", p)
				}
			}
			var all []string
			for _, r := range file.Rules {
				all = append(all, r.Owners...)
			}
			for _, owner := range file.Owners(path) {
				if !slices.Contains(all, owner) {
					t.Errorf("%s is owned by %s, whom no line names", path, owner)
				}
			}
		}
	})
}
