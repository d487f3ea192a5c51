// Package codeowners reads CODEOWNERS files in the dialects of GitHub and GitLab,
// which look alike and differ in most of what they mean. Start with [Parse].
//
// The facts are those of
// https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
// and https://docs.gitlab.com/user/project/codeowners/reference/.
package codeowners

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Dialect is whose rules a file follows.
type Dialect string

// The dialects.
const (
	GitHub Dialect = "github"
	GitLab Dialect = "gitlab"
)

// The most that a file may have. GitHub ignores larger files; rules beyond what
// anybody writes by hand are not worth an event of megabytes.
const (
	MaxSize     = 3 << 20
	maxRules    = 5000
	maxProblems = 100
)

// Places lists where a dialect's forge looks for the file; the first that is there counts.
func Places(d Dialect) []string {
	if d == GitLab {
		return []string{"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}
	}
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}
}

// File is what a CODEOWNERS file says.
type File struct {
	Dialect  Dialect   `json:"dialect"`
	Rules    []Rule    `json:"rules,omitempty"` // in the order of the file
	Problems []Problem `json:"problems,omitempty"`
}

// Rule is one line that names owners, or nobody.
type Rule struct {
	Pattern string   `json:"pattern"`           // as written, without escapes of blanks
	Owners  []string `json:"owners,omitempty"`  // "@pebbledash", "@acme/payments", "@@maintainer", an e-mail; empty: nobody
	Section string   `json:"section,omitempty"` // GitLab: its name as it was written first
	Exclude bool     `json:"exclude,omitempty"` // GitLab: what matches has no owners of the section
	Line    int      `json:"line"`              // from 1
}

// Problem is what is wrong with a line. The forge skips it, or what of it is wrong.
type Problem struct {
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // in characters, from 1
	Message string `json:"message"`
}

// Found is a file where it was found.
type Found struct {
	Path string `json:"path"`
	Blob string `json:"blob"` // Git's id of the content
	File
}

// Parse reads a file. It always returns something: lines that are wrong are
// problems.
func Parse(d Dialect, text []byte) File {
	f := File{Dialect: d}
	if len(text) > MaxSize {
		f.problem(1, 1, "the file has more than 3 MB and is ignored")
		return f
	}
	s := strings.TrimPrefix(strings.ToValidUTF8(string(text), "\ufffd"), "\ufeff")
	p := parser{File: &f, sections: map[string]string{}}
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		n++
		p.line(n, strings.TrimSuffix(line, "\r"))
		if len(f.Rules) > maxRules {
			return File{Dialect: d, Problems: []Problem{{n, 1, fmt.Sprintf("the file has more than %d rules, which are too many to be used here", maxRules)}}}
		}
	}
	return f
}

func (f *File) problem(line, column int, format string, args ...any) {
	if len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, Problem{line, column, fmt.Sprintf(format, args...)})
	}
}

// Owners returns who owns a file, by its path in the repository; none if nobody
// does. At GitHub the last line that matches says so alone; at GitLab the last
// one of each section does, and all of these together own it.
func (f File) Owners(file string) []string {
	file = strings.TrimPrefix(file, "/")
	if f.Dialect != GitLab {
		for _, r := range slices.Backward(f.Rules) {
			if r.matches(f.Dialect, file) {
				return slices.Clone(r.Owners)
			}
		}
		return nil
	}
	var (
		order []string
		last  = map[string][]string{} // owners by section
		out   = map[string]bool{}
	)
	for _, r := range f.Rules {
		if !r.matches(f.Dialect, file) {
			continue
		}
		if _, seen := last[r.Section]; !seen {
			order = append(order, r.Section)
		}
		last[r.Section] = r.Owners
		out[r.Section] = out[r.Section] || r.Exclude
	}
	var all []string
	for _, section := range order {
		for _, owner := range last[section] {
			if !out[section] && !slices.Contains(all, owner) {
				all = append(all, owner)
			}
		}
	}
	return all
}

// OwnersOfFolder returns who owns a folder as such, "" being the whole repository:
// those of a file in it with a name that no line can mean.
func (f File) OwnersOfFolder(dir string) []string {
	return f.Owners(path.Join(dir, "\x00"))
}
