package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"iter"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// TestRealHistories pushes the histories of real public repositories, commit by
// commit, through the webhook door, and checks after every one that the catalog
// is what a fresh read of that commit gives.
//
// The histories (fast-export files, *.fastexport.gz) are not part of this
// repository. CALLBOARD_REALWORLD names their folder; ../shared/realworld beside
// the repository is looked at too.
func TestRealHistories(t *testing.T) {
	i := 0
	for name, folder := range realHistories(t) {
		provider := []demoforge.Provider{demoforge.GitHub, demoforge.GitLab}[i%2]
		i++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			followHistory(t, provider, "acme/"+name, folder)
		})
	}
}

// realHistories yields the histories that are here, each as a Git repository.
func realHistories(t *testing.T) iter.Seq2[string, string] {
	t.Helper()
	folder := os.Getenv("CALLBOARD_REALWORLD")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "realworld")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.fastexport.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("SKIPPED: there are no histories of real repositories here; set CALLBOARD_REALWORLD to their folder")
	}
	return func(yield func(string, string) bool) {
		for _, file := range files {
			if !yield(strings.TrimSuffix(filepath.Base(file), ".fastexport.gz"), importHistory(t, file)) {
				return
			}
		}
	}
}

// importHistory makes a Git repository of a fast-export file.
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
	folder := t.TempDir()
	git(t, folder, "init", "--quiet", "--bare", "--initial-branch=main")
	c := exec.Command("git", "-C", folder, "fast-import", "--quiet")
	history, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	c.Stdin = bytes.NewReader(ownPages.ReplaceAllFunc(history, atRoot))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return folder
}

// ownPages finds placeholders for pages of GitHub, where these repositories were.
var ownPages = regexp.MustCompile(`\$(text|json|yaml): https://github\.com/[\w.-]+/[\w.-]+/blob/\w+/`)

// atRoot has a placeholder start at the root of the repository, wherever that is.
// The text keeps its length, which the file tells before it.
func atRoot(placeholder []byte) []byte {
	key, page, _ := bytes.Cut(placeholder, []byte(" "))
	root := bytes.Repeat([]byte("/./"), len(page))[:len(page)-1]
	return slices.Concat(key, []byte(" "), root, []byte("/"))
}

func git(t *testing.T, folder string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	c := exec.Command("git", append([]string{"-C", folder}, args...)...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func followHistory(t *testing.T, provider demoforge.Provider, name, folder string) {
	t.Helper()
	r := startPortal(t)
	repo, err := r.forge.Import(provider, name, folder, demoforge.Settings{DefaultBranch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	commits := strings.Fields(git(t, folder, "rev-list", "--first-parent", "--reverse", "main"))
	want := fresh{good: map[string]*catalog.Entity{}, of: map[string][]string{}}
	var went []string // commits at which the branch was
	var versions []map[string]*catalog.Entity
	for i, sha := range commits {
		d, err := repo.Move("main", sha, demoforge.Person{Name: "Importer", Email: "importer@acme.example", Login: "importer"})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && d.ID == "" {
			continue // the branch was there already
		}
		if status := r.send(t, d); status != 202 {
			t.Fatalf("commit %d %s: the door answered %d", i, sha, status)
		}
		r.settle(t)
		want.read(t, folder, sha)
		went, versions = append(went, sha), append(versions, want.good)
		got := map[string]*catalog.Entity{}
		for _, e := range r.catalog.Snapshot().All() {
			got[e.Ref] = e.Entity
		}
		for ref, e := range want.good {
			if got[ref] == nil {
				t.Fatalf("commit %d %s: %s is missing", i, sha, ref)
			}
			if diff := catalog.Diff(e, got[ref]); len(diff) > 0 {
				t.Fatalf("commit %d %s: %s differs: %v", i, sha, ref, diff)
			}
		}
		if len(got) != len(want.good) {
			t.Fatalf("commit %d %s: the catalog has %d entities, a fresh read %d: %s", i, sha, len(got), len(want.good), cmp.Diff(keys(want.good), keys(got)))
		}
	}
	last, err := r.events.Last(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	page, err := r.deliveries.Summaries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if page[0].Failed > 0 {
		t.Errorf("%d deliveries failed", page[0].Failed)
	}
	t.Logf("%d commits, %d events, %d entities at the end, %d files brought in", len(commits), last, len(want.good), want.brought)
	r.blames(t, folder, went, versions)
	r.travels(t, 20)
}

func keys[V any](m map[string]V) map[string]bool {
	all := map[string]bool{}
	for k := range m {
		all[k] = true
	}
	return all
}

// fresh is what a catalog must say of a repository, worked out in the simplest
// way: read every descriptor of the commit; one that cannot be used leaves what
// it said before.
type fresh struct {
	good map[string]*catalog.Entity // by ref
	of   map[string][]string        // refs that each file declared when it was last good

	brought int // files that placeholders brought in, in all
}

func (f *fresh) read(t *testing.T, folder, sha string) {
	t.Helper()
	next := fresh{good: map[string]*catalog.Entity{}, of: map[string][]string{}}
	tree := map[string]bool{}
	var todo []string
	for _, path := range strings.Split(strings.TrimSuffix(git(t, folder, "ls-tree", "-r", "-z", "--name-only", sha), "\x00"), "\x00") {
		tree[path] = true
		if ok, _ := doublestar.Match("**/catalog-info.{yaml,yml}", path); ok {
			todo = append(todo, path)
		}
	}
	for seen := map[string]bool{}; len(todo) > 0; todo = todo[1:] {
		file := todo[0]
		if seen[file] {
			continue
		}
		seen[file] = true
		parsed := descriptor.Resolve([]byte(git(t, folder, "show", sha+":"+file)), func(p descriptor.Placeholder) ([]byte, error) {
			name := path.Join(path.Dir(file), p.Target)
			if strings.HasPrefix(p.Target, "/") {
				name = path.Clean(p.Target)[1:]
			}
			if !tree[name] {
				return nil, fault.New(fault.Invalid, "there is no file %s", name)
			}
			f.brought++
			return []byte(git(t, folder, "show", sha+":"+name)), nil
		})
		if len(parsed.Problems) > 0 {
			for _, ref := range f.of[file] {
				next.add(file, ref, f.good[ref])
			}
			continue
		}
		for _, d := range parsed.Documents {
			ref := d.Ref.String()
			targets, ok := follow(d.Entity, path.Dir(file), tree)
			if d.Entity == nil || !ok {
				next.add(file, ref, f.good[ref])
				continue
			}
			next.add(file, ref, d.Entity)
			todo = append(todo, targets...)
		}
	}
	f.good, f.of = next.good, next.of
}

func (f *fresh) add(file, ref string, e *catalog.Entity) {
	if e == nil {
		return
	}
	f.good[ref] = e
	f.of[file] = append(f.of[file], ref)
}

// follow returns the files that a Location leads to within the repository, and
// whether all of them are there.
func follow(e *catalog.Entity, dir string, tree map[string]bool) (files []string, ok bool) {
	if e == nil || e.Kind != "Location" {
		return nil, true
	}
	targets, _ := e.Spec["targets"].([]any)
	if target := e.SpecString("target"); target != "" {
		targets = append(targets, target)
	}
	ok = true
	for _, t := range targets {
		target, _ := t.(string)
		if strings.Contains(target, "://") {
			continue // elsewhere
		}
		found := 0
		for file := range tree {
			if match, _ := doublestar.Match(path.Join(dir, target), file); match {
				files, found = append(files, file), found+1
			}
		}
		ok = ok && found > 0
	}
	return files, ok
}
