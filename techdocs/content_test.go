package techdocs_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/techdocs"
)

func TestDecisions(t *testing.T) {
	archive := `
-- docs/index.md --
-- docs/adr/0002-second.md --
---
status: Accepted
date: 2026-03-01
---
# Use *SQLite*
-- docs/adr/0001-first.md --
# Use [Go](https://go.dev)

* Status: superseded by [ADR-0002](0002-second.md)
* Date: 2026-01-31

Text.

* Status: not this one
-- docs/adr/0003-third.md --
# Old form

Date: 2026-04-01

## Status

Proposed

## Context
-- docs/adr/notes.md --
# No decision
-- doc/adr/0009-elsewhere.md --
No heading.
`
	want := []techdocs.Decision{
		{Path: "adr/0001-first.md", Number: "0001", Title: "Use Go", Status: "superseded by adr-0002", Date: "2026-01-31"},
		{Path: "adr/0002-second.md", Number: "0002", Title: "Use *SQLite*", Status: "accepted", Date: "2026-03-01"},
		{Path: "adr/0003-third.md", Number: "0003", Title: "Old form", Status: "proposed", Date: "2026-04-01"},
	}
	if diff := cmp.Diff(want, read(t, archive).Decisions()); diff != "" {
		t.Error(diff)
	}
	all, err := techdocs.ReadDecisions(t.Context(), tree(archive), "doc/adr/")
	if diff := cmp.Diff([]techdocs.Decision{{Path: "doc/adr/0009-elsewhere.md", Number: "0009", Title: "0009-elsewhere"}}, all); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestDecisionState(t *testing.T) {
	for status, want := range map[string][2]string{
		"":                                 {"", ""},
		"accepted":                         {"accepted", ""},
		"accepted, supersedes ADR-0003":    {"accepted", ""},
		"proposed (2026-01-31)":            {"proposed", ""},
		"superseded by adr-0002":           {"superseded", "0002"},
		"superseded by 9. use x in 2026":   {"superseded", "0009"},
		"superceded by 0012":               {"superseded", "0012"},
		"superseded":                       {"superseded", ""},
		"on hold":                          {"on hold", ""},
		"{proposed | rejected | accepted}": {"{proposed | rejected | accepted}", ""},
		"accepteds":                        {"accepteds", ""},
	} {
		d := techdocs.Decision{Status: status}
		if got := [2]string{d.State(), d.SupersededBy()}; got != want {
			t.Errorf("%q is %q, want %q", status, got, want)
		}
	}
}

// store is a cache that says what it was asked to keep.
type store struct {
	kept map[string]*techdocs.Content
}

func (s *store) Get(key string) (*techdocs.Content, bool) { c, ok := s.kept[key]; return c, ok }
func (s *store) Put(key string, c *techdocs.Content)      { s.kept[key] = c }

// Only what changed is read and rendered again.
func TestCache(t *testing.T) {
	const before = `
-- mkdocs.yml --
site_name: x
-- docs/index.md --
# Home
-- docs/including.md --
--8<-- "part.txt"
--8<-- "later.txt"
-- docs/part.txt --
A part.
`
	cache := &store{map[string]*techdocs.Content{}}
	reads := func(archive string) ([]string, *techdocs.Site) {
		files := tree(archive)
		inner := files.Read
		var names []string
		files.Read = func(ctx context.Context, p string) ([]byte, error) { names = append(names, p); return inner(ctx, p) }
		s, err := techdocs.Read(t.Context(), files, techdocs.Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		return slices.Compact(names), s
	}
	for _, tt := range []struct {
		name, archive string
		read          string
	}{
		{"all is new", before, "docs/including.md docs/index.md docs/part.txt mkdocs.yml"},
		{"nothing changed", before, "mkdocs.yml"},
		{"a page changed", strings.Replace(before, "# Home", "# House", 1), "docs/index.md mkdocs.yml"},
		{"and back", before, "mkdocs.yml"},
		{"an included file changed", strings.Replace(before, "A part", "Another part", 1), "docs/including.md docs/part.txt mkdocs.yml"},
		{"and back too", before, "mkdocs.yml"},
		{"a file that was missing came", before + "-- docs/later.txt --\nLater.\n", "docs/including.md docs/later.txt docs/part.txt mkdocs.yml"},
		{"the name changed", strings.Replace(before, "site_name: x", "site_name: y", 1), "mkdocs.yml"},
		{"the dialect changed", strings.Replace(before, "site_name: x", "site_name: x\nmarkdown_extensions: [pymdownx.keys]", 1), "docs/including.md docs/index.md docs/part.txt mkdocs.yml"},
	} {
		names, s := reads(tt.archive)
		if got := strings.Join(names, " "); got != tt.read {
			t.Errorf("%s: read %s, want %s", tt.name, got, tt.read)
		}
		fresh, err := techdocs.Read(t.Context(), tree(tt.archive), techdocs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range fresh.Pages {
			if diff := cmp.Diff(p.Content, s.Pages[i].Content); diff != "" {
				t.Errorf("%s: %s from the cache is not what it would be (-fresh +cached):\n%s", tt.name, p.Path, diff)
			}
		}
		if diff := cmp.Diff(problems(fresh), problems(s)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
