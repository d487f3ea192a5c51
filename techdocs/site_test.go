package techdocs_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/callboard/callboard/techdocs"
)

// tree is the tree of a txtar archive.
func tree(archive string) techdocs.Tree {
	files := map[string][]byte{}
	var t techdocs.Tree
	for _, f := range txtar.Parse([]byte(archive)).Files {
		files[f.Name] = f.Data
		t.Files = append(t.Files, techdocs.File{Path: f.Name, Blob: fmt.Sprintf("%x", sha256.Sum256(f.Data))})
	}
	t.Read = func(_ context.Context, p string) ([]byte, error) {
		b, ok := files[p]
		if !ok {
			return nil, errors.New("no such file")
		}
		return b, nil
	}
	return t
}

func read(t testing.TB, archive string) *techdocs.Site {
	t.Helper()
	s, err := techdocs.Read(t.Context(), tree(archive), techdocs.Options{Name: "The entity"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outline writes a navigation as lines.
func outline(items []techdocs.NavItem, indent string) string {
	var b strings.Builder
	for _, i := range items {
		fmt.Fprintf(&b, "%s%s: %s%s%s\n", indent, i.Title, i.Path, i.File, i.URL)
		b.WriteString(outline(i.Items, indent+"  "))
	}
	return b.String()
}

func problems(s *techdocs.Site) []string {
	var all []string
	for _, p := range s.Problems {
		all = append(all, p.Code+" "+p.String())
	}
	return all
}

func TestNav(t *testing.T) {
	s := read(t, `
-- mkdocs.yml --
site_name: Payments
site_description: How money moves
nav:
  - index.md
  - Guide:
    - Begin: guide/start.md
    - guide/titled.md
    - Deep:
      - guide/plain-name.md
  - Forge: https://example.com/payments
  - Poster: poster.pdf
  - gone.md
  - Typo: Guide/Start.md
not_in_nav: |
  /notes/
-- docs/index.md --
# Payments *here*
-- docs/guide/start.md --
# Another title
-- docs/guide/titled.md --
---
title: By front matter
---
# Heading
-- docs/guide/plain-name.md --
Text without heading.
-- docs/poster.pdf --
%PDF
-- docs/notes/a.md --
-- docs/orphan.md --
-- docs/.hidden.md --
`)
	want := `Payments here: index.md
Guide: 
  Begin: guide/start.md
  By front matter: guide/titled.md
  Deep: 
    Plain name: guide/plain-name.md
Forge: https://example.com/payments
Poster: poster.pdf
`
	if diff := cmp.Diff(want, outline(s.Nav, "")); diff != "" {
		t.Error(diff)
	}
	var pages []string
	for _, p := range s.Pages {
		pages = append(pages, fmt.Sprintf("%s <%s> [%s] %s-%s nav=%v orphan=%v", p.Path, p.URL, p.Title, p.Prev, p.Next, p.InNav, p.Orphan))
	}
	if diff := cmp.Diff([]string{
		"index.md <> [Payments here] -guide/start.md nav=true orphan=false",
		"guide/start.md <guide/start/> [Begin] index.md-guide/titled.md nav=true orphan=false",
		"guide/titled.md <guide/titled/> [By front matter] guide/start.md-guide/plain-name.md nav=true orphan=false",
		"guide/plain-name.md <guide/plain-name/> [Plain name] guide/titled.md- nav=true orphan=false",
		"orphan.md <orphan/> [Orphan] - nav=false orphan=true",
		"notes/a.md <notes/a/> [A] - nav=false orphan=false",
	}, pages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"nav mkdocs.yml:12: gone.md is not in docs/: add the file, or mend the path",
		"nav mkdocs.yml:13: Guide/Start.md is not in docs/: did you mean guide/start.md? Letters count as they are",
	}, problems(s)); diff != "" {
		t.Error(diff)
	}
	if s.Config.Name != "Payments" || s.Config.Description != "How money moves" || s.Home().Path != "index.md" {
		t.Errorf("%q, %q, %q", s.Config.Name, s.Config.Description, s.Home().Path)
	}
}

// Without nav the files of a folder come before the folders in it, the index first.
func TestGeneratedNav(t *testing.T) {
	s := read(t, `
-- mkdocs.yml --
site_name: x
exclude_docs: |
  drafts/
  *.draft.md
-- docs/zebra.md --
-- docs/how-to/b.md --
-- docs/how-to/index.md --
# How to
-- docs/how-to/deep/a.md --
-- docs/apple.md --
-- docs/index.md --
-- docs/drafts/a.md --
-- docs/b.draft.md --
-- docs/README.md --
Not shown beside index.md.
-- docs/API/c.md --
`)
	want := `Home: index.md
Apple: apple.md
Zebra: zebra.md
API: 
  C: API/c.md
How to: 
  How to: how-to/index.md
  B: how-to/b.md
  Deep: 
    A: how-to/deep/a.md
`
	if diff := cmp.Diff(want, outline(s.Nav, "")); diff != "" {
		t.Error(diff)
	}
}

// A repository need not have an mkdocs.yml, nor a docs folder.
func TestFirstPage(t *testing.T) {
	for name, tt := range map[string]struct{ archive, source string }{
		"readme alone":          {"-- README.md --\n# Hello\n-- main.go --\n", "README.md"},
		"readme in lower case":  {"-- readme.md --\n# Hello\n", "readme.md"},
		"index wins":            {"-- README.md --\n# No\n-- docs/index.md --\n# Hello\n", "docs/index.md"},
		"readme of docs":        {"-- README.md --\n# No\n-- docs/README.md --\n# Hello\n", "docs/README.md"},
		"lower readme of docs":  {"-- README.md --\n# No\n-- docs/readme.md --\n# Hello\n", "docs/readme.md"},
		"docs without an index": {"-- README.md --\n# Hello\n-- docs/a.md --\n", "README.md"},
		"other folder":          {"-- mkdocs.yml --\nsite_name: x\ndocs_dir: ./manual/\n-- manual/index.md --\n# Hello\n", "manual/index.md"},
		"the folder itself":     {"-- mkdocs.yml --\nsite_name: x\ndocs_dir: .\n-- index.md --\n# Hello\n", "index.md"},
		"mkdocs.yaml":           {"-- mkdocs.yaml --\nsite_name: x\ndocs_dir: a\n-- mkdocs.yml --\ndocs_dir: b\n-- a/index.md --\n# Hello\n", "a/index.md"},
		"nav without an index":  {"-- mkdocs.yml --\nsite_name: x\nnav: [first.md]\n-- README.md --\n# No\n-- docs/first.md --\n# Hello\n", "docs/first.md"},
	} {
		s := read(t, tt.archive)
		if s.Failure != nil {
			t.Errorf("%s: %v", name, s.Failure)
			continue
		}
		if p := s.Home(); p.Source.Path != tt.source || p.Title != "Hello" {
			t.Errorf("%s: the first page is %s, %q", name, p.Source.Path, p.Title)
		}
	}
	if name := read(t, "-- README.md --\n").Config.Name; name != "The entity" {
		t.Errorf("a site without mkdocs.yml is called %q", name)
	}
}

// Why there is no site is said with the line and what to do.
func TestFailure(t *testing.T) {
	for name, tt := range map[string]struct{ archive, want string }{
		"no yaml":      {"-- mkdocs.yml --\nsite_name: x\nnav: [\n-- docs/index.md --\n", "config mkdocs.yml:2: the file is not YAML: did not find expected node content"},
		"no mapping":   {"-- mkdocs.yml --\n- a\n", "config mkdocs.yml:1: the file must be a mapping, such as site_name: Payments"},
		"docs outside": {"-- mkdocs.yml --\nsite_name: x\ndocs_dir: ../other\n", "config mkdocs.yml:2: docs_dir ../other is outside of the folder of mkdocs.yml: name a folder in it, such as docs"},
		"docs at root": {"-- mkdocs.yml --\ndocs_dir: /etc\n", "config mkdocs.yml:1: docs_dir /etc is outside of the folder of mkdocs.yml: name a folder in it, such as docs"},
		"no page":      {"-- mkdocs.yml --\nsite_name: x\n", "site mkdocs.yml:1: there is no page: put a file index.md into docs/, or a README.md beside it"},
		"nothing":      {"-- main.go --\n", "site mkdocs.yml:1: there is no page: put a file index.md into docs/, or a README.md beside it"},
	} {
		s := read(t, tt.archive)
		if s.Failure == nil || len(s.Pages) > 0 {
			t.Errorf("%s: there is a site", name)
			continue
		}
		if got := s.Failure.Code + " " + s.Failure.String(); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

// A file that cannot be read is no fault of the documentation.
func TestReadError(t *testing.T) {
	away := errors.New("the forge is away")
	broken := tree("-- mkdocs.yml --\nsite_name: x\n-- docs/index.md --\n--8<-- \"a.txt\"\n-- docs/a.txt --\n")
	inner := broken.Read
	for _, file := range []string{"mkdocs.yml", "docs/index.md", "docs/a.txt"} {
		broken.Read = func(ctx context.Context, p string) ([]byte, error) {
			if p == file {
				return nil, away
			}
			return inner(ctx, p)
		}
		if _, err := techdocs.Read(t.Context(), broken, techdocs.Options{}); !errors.Is(err, away) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Configurations in use elsewhere are read for what counts here.
func TestConfig(t *testing.T) {
	text := `site_name: !ENV [NAME, x]
INHERIT: ../base.yml
theme: {name: material, custom_dir: x}
plugins:
  - techdocs-core: {use_pymdownx_blocks: true}
  - awesome-pages
markdown_extensions:
  - pymdownx.keys
  - pymdownx.arithmatex: {generic: true}
  - pymdownx.highlight: {linenums: false}
  - toc:
      permalink: "#"
      toc_depth: 2-3
      slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
  - pymdownx.emoji:
      emoji_index: !!python/name:material.extensions.emoji.twemoji
      emoji_generator: !!python/name:os.system
use_directory_urls: false
`
	c, problems, ok := techdocs.ReadConfig("mkdocs.yml", []byte(text))
	if !ok {
		t.Fatal(problems)
	}
	d := c.Dialect
	if !d.Keys || !d.Math || !d.Blocks || !d.NoLineNumbers || d.Permalink != "#" || d.Depth != 3 || !d.UnicodeIDs || !c.FlatURLs {
		t.Errorf("%+v", c)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff([]string{
		"mkdocs.yml:1: site_name must be a text",
		"mkdocs.yml:2: INHERIT does nothing here, as with TechDocs: write what it brings into this file",
		"mkdocs.yml:6: the plugin awesome-pages does nothing here: those of TechDocs do, which are techdocs-core, search, monorepo and redirects",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// Sites of other folders are mounted below their names, as the plugin monorepo does.
func TestMonorepo(t *testing.T) {
	s := read(t, `
-- mkdocs.yml --
site_name: All
nav:
  - Home: index.md
  - Ledger: '!include ./services/ledger/mkdocs.yml'
  - Others: '*include ./teams/*/mkdocs.yml'
  - Gone: '!include ../outside/mkdocs.yml'
-- docs/index.md --
[the ledger](ledger/index.md) [a team](Team-A/index.md)
-- services/ledger/mkdocs.yml --
site_name: ledger
nav:
  - Start: index.md
  - More: more.md
-- services/ledger/docs/index.md --
# Ledger

[home](../index.md) [more](more.md) --8<--

--8<-- "docs/part.txt"
-- services/ledger/docs/part.txt --
From the ledger.
-- services/ledger/docs/more.md --
-- teams/a/mkdocs.yml --
site_name: Team-A
-- teams/a/docs/index.md --
# Team A
-- teams/b/mkdocs.yml --
site_name: ledger
-- teams/b/docs/index.md --
`)
	want := `Home: index.md
Ledger: 
  Start: ledger/index.md
  More: ledger/more.md
Others: 
  Team-A: 
    Team A: Team-A/index.md
`
	if diff := cmp.Diff(want, outline(s.Nav, "")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"nav mkdocs.yml:5: teams/b/mkdocs.yml has the site_name of another site that is included: give it its own",
		"nav mkdocs.yml:6: ../outside/mkdocs.yml is not there: paths are taken from the folder of mkdocs.yml and stay in it",
	}, problems(s)); diff != "" {
		t.Error(diff)
	}
	p := s.Page("ledger/index.md")
	if p == nil || p.Source.Path != "services/ledger/docs/index.md" || !strings.Contains(p.Content.Body, "From the ledger.") {
		t.Fatalf("%+v", p)
	}
	if p.Targets[0].Path != "index.md" || p.Targets[1].Path != "ledger/more.md" {
		t.Errorf("%+v", p.Targets)
	}
}

func TestRedirects(t *testing.T) {
	s := read(t, `
-- mkdocs.yml --
site_name: x
plugins:
  - techdocs-core
  - redirects:
      redirect_maps:
        old.md: new.md
        away.md: https://example.com/new
        bad.md: gone.md
        worse.md: javascript:alert(1)
-- docs/index.md --
-- docs/new.md --
`)
	if diff := cmp.Diff(map[string]string{"old.md": "new.md", "away.md": "https://example.com/new"}, s.Moved); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"nav mkdocs.yml:8: bad.md redirects to gone.md, which is not there: name a page or a URL",
		"nav mkdocs.yml:9: worse.md redirects to javascript:alert(1), which is not there: name a page or a URL",
	}, problems(s)); diff != "" {
		t.Error(diff)
	}
}

// A page is found by its URL as it may come from a browser.
func TestAt(t *testing.T) {
	s := read(t, "-- docs/index.md --\n-- docs/a/index.md --\n-- docs/a/b.md --\n-- docs/c.markdown --\n-- docs/d/README.md --\n")
	for url, want := range map[string]string{
		"": "index.md", "/": "index.md", "index.html": "index.md", "a": "a/index.md", "a/": "a/index.md", "a/b": "a/b.md", "/a/b/": "a/b.md",
		"a/b/index.html": "a/b.md", "a/b.html": "a/b.md", "a/b.md": "a/b.md", "c/": "c.markdown", "d/": "d/README.md", "e": "", "../a": "",
	} {
		got := ""
		if p := s.At(url); p != nil {
			got = p.Path
		}
		if got != want {
			t.Errorf("%q is %q, want %q", url, got, want)
		}
	}
}
