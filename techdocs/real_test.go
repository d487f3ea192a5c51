package techdocs_test

import (
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/techdocs/markdown"
)

// folder is the tree of a folder on disk.
func folder(t testing.TB, root string) techdocs.Tree {
	t.Helper()
	tree := techdocs.Tree{Read: func(_ context.Context, p string) ([]byte, error) { return os.ReadFile(filepath.Join(root, p)) }}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && p != root) {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			tree.Files = append(tree.Files, techdocs.File{Path: filepath.ToSlash(rel)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Callboard's own manual is a site without a problem.
func TestOwnManual(t *testing.T) {
	site, err := techdocs.Read(t.Context(), folder(t, ".."), techdocs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range site.Problems {
		t.Error(p)
	}
	for _, p := range site.Pages {
		if p.Orphan {
			t.Errorf("%s is in no navigation", p.Source.Path)
		}
	}
	if len(site.Pages) < 20 || site.Home().Title != "Home" {
		t.Errorf("%d pages, home %q", len(site.Pages), site.Home().Title)
	}
}

// The documentation of the sample organisation is without a problem.
func TestSampleOrganisation(t *testing.T) {
	repos, err := filepath.Glob("../examples/acme/repos/*/docs")
	if err != nil || len(repos) < 5 {
		t.Fatalf("%d repositories with documentation, %v", len(repos), err)
	}
	for _, docs := range repos {
		site, err := techdocs.Read(t.Context(), folder(t, filepath.Dir(docs)), techdocs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if site.Failure != nil || len(site.Pages) == 0 {
			t.Errorf("%s: %v", docs, site.Failure)
		}
		for _, p := range site.Problems {
			t.Errorf("%s: %v", filepath.Dir(docs), p)
		}
	}
}

// The documentation in the histories of real public repositories renders at each of
// their commits, and what is wrong with it is the author's: a link leads to what the
// commit does not have. The histories are those of TestRealHistories of
// cmd/callboard.
func TestRealHistories(t *testing.T) {
	place := os.Getenv("CALLBOARD_REALWORLD")
	if place == "" {
		place = filepath.Join("..", "..", "shared", "realworld")
	}
	files, err := filepath.Glob(filepath.Join(place, "*.fastexport.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("SKIPPED: there are no histories of real repositories here; set CALLBOARD_REALWORLD to their folder")
	}
	sites := 0
	for _, file := range files {
		repo := importHistory(t, file)
		cache := &store{map[string]*techdocs.Content{}}
		for _, commit := range strings.Fields(git(t, repo, "rev-list", "--first-parent", "--max-count=30", "main")) {
			paths := map[string]string{}
			for l := range strings.Lines(git(t, repo, "ls-tree", "-r", commit)) {
				if info, name, ok := strings.Cut(strings.TrimSpace(l), "\t"); ok {
					paths[name] = strings.Fields(info)[2]
				}
			}
			for name := range paths {
				if base := filepath.Base(name); base == "mkdocs.yml" || base == "mkdocs.yaml" {
					sites += realSite(t, repo, filepath.ToSlash(filepath.Dir(name)), paths, cache)
				}
			}
		}
	}
	if sites == 0 {
		t.Error("the histories have no documentation")
	}
}

// realSite reads the documentation of a folder at one commit.
func realSite(t *testing.T, repo, dir string, paths map[string]string, cache techdocs.Cache) int {
	t.Helper()
	tree := techdocs.Tree{Read: func(_ context.Context, p string) ([]byte, error) {
		return []byte(git(t, repo, "cat-file", "blob", paths[path.Join(dir, p)])), nil
	}}
	has := map[string]bool{}
	for name, blob := range paths {
		if rel, err := filepath.Rel(dir, name); err == nil && !strings.HasPrefix(rel, "..") {
			tree.Files = append(tree.Files, techdocs.File{Path: filepath.ToSlash(rel), Blob: blob})
			has[filepath.ToSlash(rel)] = true
		}
	}
	site, err := techdocs.Read(t.Context(), tree, techdocs.Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range site.Problems {
		if p.Code == markdown.CodeLimit || p.Code == markdown.CodeFrontMatter || p.Code == techdocs.CodeConfig {
			t.Errorf("%s: %v", dir, p)
		}
	}
	for _, p := range site.Pages {
		if p.Content.Words == 0 && p.Content.Body != "" && !strings.Contains(p.Content.Body, "<img") {
			t.Errorf("%s: %s has no words", dir, p.Path)
		}
		for _, l := range p.Targets {
			if at := path.Join(site.Config.Docs, l.Path); l.Kind == techdocs.Nowhere && has[at] {
				t.Errorf("%s: %s leads to %s, which is there", dir, p.Path, at)
			}
		}
	}
	return len(site.Pages)
}

func importHistory(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	repo := t.TempDir()
	git(t, repo, "init", "--quiet", "--bare", "--initial-branch=main")
	c := exec.Command("git", "-C", repo, "fast-import", "--quiet")
	c.Stdin = plain
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return repo
}

func git(t *testing.T, repo string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", repo}, args...)...).Output()
	if err != nil {
		t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}
