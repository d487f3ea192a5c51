package techdocs_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callboard/callboard/techdocs"
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
	if len(site.Pages) < 20 || site.Home().Title != "Home" {
		t.Errorf("%d pages, home %q", len(site.Pages), site.Home().Title)
	}
}
