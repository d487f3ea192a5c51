package techdocs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/callboard/callboard/techdocs"
)

// Whatever an mkdocs.yml says, it is read or refused with a line, and what it names
// is in the tree.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"site_name: x\nnav:\n  - index.md\n  - A: {B: c.md}\n  - C: [d.md]\n",
		"docs_dir: ../..\n", "nav: a\nplugins: {redirects: {redirect_maps: {a.md: index.md}}}\n", "a: &a [*a]\n", "nav: &n [*n]\n",
		"nav:\n  - '!include ../mkdocs.yml'\n  - '*include */mkdocs.yml'\n", "markdown_extensions:\n  - toc: {toc_depth: 2-99}\n", "\t", "- - -",
		"exclude_docs: |\n  [\n  !*\n", "x: !!python/object/apply:os.system [a]\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		files := map[string][]byte{"mkdocs.yml": text, "sub/mkdocs.yml": text, "docs/index.md": []byte("# A\n[b](c/d.md)"), "docs/c/d.md": nil, "sub/docs/index.md": nil, "index.md": nil}
		tree := techdocs.Tree{Read: func(_ context.Context, p string) ([]byte, error) {
			b, ok := files[p]
			if !ok {
				return nil, fmt.Errorf("%s was never listed", p)
			}
			return b, nil
		}}
		for name := range files {
			tree.Files = append(tree.Files, techdocs.File{Path: name, Blob: name})
		}
		s, err := techdocs.Read(t.Context(), tree, techdocs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if (s.Failure == nil) != (len(s.Pages) > 0) {
			t.Errorf("%d pages, but %v", len(s.Pages), s.Failure)
		}
		for _, p := range s.Problems {
			if p.Line < 1 || p.File == "" || p.Message == "" {
				t.Errorf("a problem has no place: %+v", p)
			}
		}
		var walk func(items []techdocs.NavItem)
		walk = func(items []techdocs.NavItem) {
			for _, i := range items {
				if i.Path != "" && s.Page(i.Path) == nil {
					t.Errorf("the navigation names the page %s", i.Path)
				}
				if _, ok := s.Files[i.File]; i.File != "" && !ok {
					t.Errorf("the navigation names the file %s", i.File)
				}
				if strings.HasPrefix(strings.ToLower(i.URL), "javascript") {
					t.Errorf("the navigation leads to %s", i.URL)
				}
				walk(i.Items)
			}
		}
		walk(s.Nav)
	})
}

// Decision records of any form are read for something.
func FuzzDecision(f *testing.F) {
	f.Add([]byte("---\nstatus: a\n---\n# T\n* Date: 2026-01-01\n"))
	f.Add([]byte("# T\n\n## Status\n\nAccepted\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := techdocs.ReadDecision("docs/0001-a.md", text)
		if d.Title == "" || d.Number != "0001" || d.Date != "" && len(d.Date) != len("2026-01-01") {
			t.Errorf("%+v", d)
		}
	})
}
