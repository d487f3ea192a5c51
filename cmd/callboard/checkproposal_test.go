package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/checks"
	"github.com/callboard/callboard/internal/fault"
)

// A checkout is what Git keeps, as it is on disk; what a sparse one leaves out is there as
// Git has it, and cannot be read.
func TestCheckout(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"kept.txt": "hello\n", "edited.txt": "before\n", "deleted.txt": "x\n", "big/left out.txt": "hello\n", "services/a/catalog-info.yaml": "hello\n"} {
		write(name, text)
	}
	if err := os.Symlink("kept.txt", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	git(t, folder, "init", "--quiet")
	git(t, folder, "add", ".")
	git(t, folder, "update-index", "--skip-worktree", "big/left out.txt")
	for _, name := range []string{"deleted.txt", "big/left out.txt"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	write("edited.txt", "hello\n")
	write("untracked.txt", "hello\n")

	const hello = "ce013625030ba8dba906f756967f9e9ca394464a"
	c, err := openCheckout(filepath.Join(folder, "services", "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.root.Close() }()
	got := map[string]string{}
	for _, f := range c.files {
		got[f.Path] = f.Blob
	}
	want := map[string]string{"kept.txt": hello, "edited.txt": hello, "big/left out.txt": hello, "services/a/catalog-info.yaml": hello}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range c.files {
		err := c.read(&c.files[i])
		switch f := c.files[i]; {
		case f.Path == "big/left out.txt":
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "the checkout leaves it out") {
				t.Errorf("%s is read: %v", f.Path, err)
			}
		case err != nil || f.Content == nil:
			t.Errorf("%s cannot be read: %v", f.Path, err)
		}
	}

	write("large.bin", strings.Repeat("x", checks.MaxContent+1))
	large := checks.Uploaded{Path: "large.bin"}
	if err := c.read(&large); err != nil || !large.Large || large.Content != nil {
		t.Errorf("a large file is %t, %v", large.Large, err)
	}
}

// A folder that is no repository is all that is in it.
func TestCheckoutWithoutGit(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.txt"), []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openCheckout(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.root.Close() }()
	if len(c.files) != 1 || c.files[0].Path != "a.txt" || c.head != "" {
		t.Errorf("it is %+v at %q", c.files, c.head)
	}
}
