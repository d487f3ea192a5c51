package demoforge_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

// The git command is the judge: over an imported repository every answer has
// to be what it says.
func TestImportAgreesWithGit(t *testing.T) {
	ctx := context.Background()
	dir := gitRepository(t)
	git := func(args ...string) []string { return strings.Fields(gitIn(t, dir, noon, args...)) }
	f := start(t, demoforge.Options{})
	r, err := f.Import(demoforge.GitHub, "acme/imported", dir, demoforge.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	c := githubClient(t, f, "any")

	t.Run("branches and tags", func(t *testing.T) {
		repo, _, err := c.Repositories.Get(ctx, "acme", "imported")
		if err != nil || repo.GetDefaultBranch() != "trunk" {
			t.Errorf("default branch %q, %v", repo.GetDefaultBranch(), err)
		}
		for _, rev := range []string{"trunk", "feature/x", "v1"} {
			sha, _, err := c.Repositories.GetCommitSHA1(ctx, "acme", "imported", rev, "")
			if want := git("rev-parse", rev+"^{commit}")[0]; err != nil || sha != want {
				t.Errorf("%s is %s, %v, want %s", rev, sha, err, want)
			}
		}
	})
	t.Run("history of each path", func(t *testing.T) {
		for _, path := range []string{"", "docs", "docs/index.md", "catalog-info.yaml", "README.md", "services", "services/cart", "services/cart/catalog-info.yaml", "services/basket/catalog-info.yaml"} {
			commits, _, err := c.Repositories.ListCommits(ctx, "acme", "imported", &github.CommitsListOptions{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, commit := range commits {
				got = append(got, commit.GetSHA())
			}
			args := []string{"log", "--format=%H", "trunk"}
			if path != "" {
				args = append(args, "--", path)
			}
			if diff := cmp.Diff(git(args...), got); diff != "" {
				t.Errorf("path %q (-git +forge):\n%s", path, diff)
			}
		}
	})
	t.Run("first parents", func(t *testing.T) {
		got, err := r.FirstParents("trunk")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(git("rev-list", "--first-parent", "--reverse", "trunk"), got); diff != "" {
			t.Errorf("(-git +forge):\n%s", diff)
		}
	})
	t.Run("every tree", func(t *testing.T) {
		for _, sha := range git("rev-list", "trunk") {
			tree, _, err := c.Git.GetTree(ctx, "acme", "imported", sha, true)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range tree.Entries {
				got = append(got, e.GetMode(), e.GetType(), e.GetSHA(), e.GetPath())
			}
			if diff := cmp.Diff(git("ls-tree", "-r", "-t", sha), got); diff != "" {
				t.Errorf("%s (-git +forge):\n%s", sha, diff)
			}
		}
	})
	t.Run("every pair", func(t *testing.T) {
		all := git("rev-list", "--all")
		for _, base := range all {
			for _, head := range all {
				got, _, err := c.Repositories.CompareCommits(ctx, "acme", "imported", base, head, nil)
				if err != nil {
					t.Fatal(err)
				}
				var ahead []string
				for _, commit := range got.Commits {
					ahead = append(ahead, commit.GetSHA())
				}
				if diff := cmp.Diff(git("rev-list", "--reverse", "--date-order", head, "^"+base), ahead, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%.7s...%.7s (-git +forge):\n%s", base, head, diff)
				}
				if base != all[0] && head != all[0] {
					continue // once along the whole history says the rest
				}
				if want := git("merge-base", base, head)[0]; got.GetMergeBaseCommit().GetSHA() != want {
					t.Errorf("merge base %s, want %s", got.GetMergeBaseCommit().GetSHA(), want)
				}
				var files []string
				for _, f := range got.Files {
					files = append(files, f.GetFilename())
				}
				if diff := cmp.Diff(git("diff", "--name-only", base+"..."+head), files, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("files of %.7s...%.7s (-git +forge):\n%s", base, head, diff)
				}
			}
		}
	})
	t.Run("moved commit by commit", func(t *testing.T) {
		shas, err := r.FirstParents("trunk")
		if err != nil {
			t.Fatal(err)
		}
		for _, sha := range shas {
			if _, err := r.Move("trunk", sha, demoforge.Person{}); err != nil {
				t.Fatal(err)
			}
			branch, _, err := c.Repositories.GetBranch(ctx, "acme", "imported", "trunk", 0)
			if err != nil || branch.GetCommit().GetSHA() != sha {
				t.Errorf("trunk is at %s, %v, want %s", branch.GetCommit().GetSHA(), err, sha)
			}
		}
		last := f.Deliveries()[len(shas)-1]
		event, err := github.ParseWebHook(last.Event, last.Body)
		if err != nil {
			t.Fatal(err)
		}
		if p := event.(*github.PushEvent); p.GetPusher().GetEmail() != "saltmarsh@acme.example" || p.GetForced() {
			t.Errorf("the last push is by %v, forced %t", p.GetPusher(), p.GetForced())
		}
	})
	if got := git("rev-parse", "trunk")[0]; got != r.Head("trunk") {
		t.Errorf("the folder's own branch is at %s now", got)
	}
}
