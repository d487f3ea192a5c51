package demoforge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestGitHubReadsAtABranch(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	first := push(t, r, "main", commit(0, "first\n\nWith a body.", map[string]string{"catalog-info.yaml": "kind: Component\n", "docs/index.md": "# Docs\n"}))
	push(t, r, "feature/x", commit(1, "on a branch", map[string]string{"docs/index.md": "# Other\n"}))

	for _, base := range []string{"", "api/v3/"} {
		t.Run("base "+base, func(t *testing.T) {
			c := githubClient(t, f, "any")
			c.BaseURL, _ = c.BaseURL.Parse(base)

			repo, _, err := c.Repositories.Get(ctx, "acme", "ledger")
			if err != nil {
				t.Fatal(err)
			}
			got := []any{repo.GetID(), repo.GetFullName(), repo.GetDefaultBranch(), repo.GetOwner().GetLogin(), repo.GetCreatedAt().Equal(github.Timestamp{Time: noon})}
			if diff := cmp.Diff([]any{r.ID(), "acme/ledger", "main", "acme", true}, got); diff != "" {
				t.Errorf("repository (-want +got):\n%s", diff)
			}

			branch, _, err := c.Repositories.GetBranch(ctx, "acme", "ledger", "feature/x", 0)
			if err != nil {
				t.Fatal(err)
			}
			if branch.GetCommit().GetSHA() != r.Head("feature/x") {
				t.Errorf("branch feature/x is at %s, want %s", branch.GetCommit().GetSHA(), r.Head("feature/x"))
			}
			ref, _, err := c.Git.GetRef(ctx, "acme", "ledger", "heads/main")
			if err != nil {
				t.Fatal(err)
			}
			if ref.GetObject().GetSHA() != first.After {
				t.Errorf("ref heads/main is %s, want %s", ref.GetObject().GetSHA(), first.After)
			}
			sha, _, err := c.Repositories.GetCommitSHA1(ctx, "acme", "ledger", "main", "")
			if err != nil || sha != first.After {
				t.Errorf("GetCommitSHA1 = %s, %v, want %s", sha, err, first.After)
			}
			if _, resp, _ := c.Repositories.GetCommitSHA1(ctx, "acme", "ledger", "main", first.After); resp.StatusCode != http.StatusNotModified {
				t.Errorf("GetCommitSHA1 with the newest SHA answered %d, want 304", resp.StatusCode)
			}
			full, _, err := c.Repositories.GetCommit(ctx, "acme", "ledger", first.After, nil)
			if err != nil {
				t.Fatal(err)
			}
			if full.GetCommit().GetMessage() != "first\n\nWith a body." || full.GetAuthor().GetLogin() != "mossbank" || len(full.Files) != 2 {
				t.Errorf("commit = %q by %q with %d files", full.GetCommit().GetMessage(), full.GetAuthor().GetLogin(), len(full.Files))
			}

			tree, _, err := c.Git.GetTree(ctx, "acme", "ledger", first.After, true)
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, e := range tree.Entries {
				paths = append(paths, e.GetMode()+" "+e.GetType()+" "+e.GetPath())
			}
			want := []string{"100644 blob catalog-info.yaml", "040000 tree docs", "100644 blob docs/index.md"}
			if diff := cmp.Diff(want, paths); diff != "" || tree.GetTruncated() {
				t.Errorf("tree, truncated %t (-want +got):\n%s", tree.GetTruncated(), diff)
			}
			raw, _, err := c.Git.GetBlobRaw(ctx, "acme", "ledger", tree.Entries[2].GetSHA())
			if err != nil || string(raw) != "# Docs\n" {
				t.Errorf("raw blob = %q, %v", raw, err)
			}
			blob, _, err := c.Git.GetBlob(ctx, "acme", "ledger", tree.Entries[2].GetSHA())
			if err != nil || blob.GetEncoding() != "base64" || blob.GetSize() != 7 {
				t.Errorf("blob = %+v, %v", blob, err)
			}

			file, _, _, err := c.Repositories.GetContents(ctx, "acme", "ledger", "docs/index.md", &github.RepositoryContentGetOptions{Ref: "feature/x"})
			if err != nil {
				t.Fatal(err)
			}
			if text, err := file.GetContent(); err != nil || text != "# Other\n" {
				t.Errorf("contents = %q, %v", text, err)
			}
			download, _, err := c.Repositories.DownloadContents(ctx, "acme", "ledger", "docs/index.md", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer download.Close()
			if text, err := io.ReadAll(download); err != nil || string(text) != "# Docs\n" {
				t.Errorf("download = %q, %v", text, err)
			}
		})
	}
}

func TestGitHubRefusals(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "right"}})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	create(t, f, demoforge.GitHub, "acme/empty")
	if _, err := f.Create(demoforge.GitHub, "acme/vault", demoforge.Settings{Private: true}); err != nil {
		t.Fatal(err)
	}
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	for _, test := range []struct {
		path, token string
		status      int
		message     string
	}{
		{"repos/acme/ledger", "right", 200, ""},
		{"repos/acme/ledger", "", 200, ""},
		{"repos/acme/ledger", "wrong", 401, "Bad credentials"},
		{"repos/acme/vault", "right", 200, ""},
		{"repos/acme/vault", "", 404, "Not Found"},
		{"repos/acme/unknown", "right", 404, "Not Found"},
		{"repos/acme/ledger/branches/unknown", "right", 404, "Branch not found"},
		{"repos/acme/ledger/git/ref/heads/unknown", "right", 404, "Not Found"},
		{"repos/acme/ledger/git/trees/" + strings.Repeat("a", 40), "right", 404, "Not Found"},
		{"repos/acme/ledger/git/blobs/" + strings.Repeat("a", 40), "right", 404, "Not Found"},
		{"repos/acme/ledger/commits/unknown", "right", 422, "No commit found for SHA: unknown"},
		{"repos/acme/ledger/contents/b", "right", 404, "Not Found"},
		{"repos/acme/ledger/contents/a/b", "right", 404, "Not Found"},
		{"repos/acme/ledger/compare/" + strings.Repeat("a", 40) + "...main", "right", 404, "Not Found"},
		{"repos/acme/empty/commits", "right", 409, "Git Repository is empty."},
		{"repos/acme/empty/git/trees/main?recursive=1", "right", 409, "Git Repository is empty."},
		{"orgs/unknown/repos", "right", 404, "Not Found"},
	} {
		t.Run(test.path+" as "+test.token, func(t *testing.T) {
			c := githubClient(t, f, test.token)
			req, err := c.NewRequest("GET", test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(context.Background(), req, nil)
			if resp.StatusCode != test.status {
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
			var refused *github.ErrorResponse
			if errors.As(err, &refused); refused != nil && (refused.Message != test.message || refused.DocumentationURL == "") {
				t.Errorf("message %q with docs %q, want %q", refused.Message, refused.DocumentationURL, test.message)
			}
		})
	}
}

func TestGitHubNotModifiedIsFree(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	c := githubClient(t, f, "any")

	get := func(tag, accept string) (int, string, int) {
		req, err := c.NewRequest("GET", "repos/acme/ledger/git/trees/main?recursive=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		if accept != "" {
			req.Header.Set("Accept", accept)
		}
		resp, _ := c.Do(ctx, req, nil)
		return resp.StatusCode, resp.Header.Get("ETag"), resp.Rate.Remaining
	}
	status, tag, left := get("", "")
	if status != 200 || tag == "" || left != 4999 {
		t.Fatalf("first answer %d, tag %q, %d left, want 200 with a tag and 4999 left", status, tag, left)
	}
	if status, _, left := get(tag, ""); status != 304 || left != 4999 {
		t.Errorf("same again: %d with %d left, want 304 at no cost", status, left)
	}
	if status, _, left := get(tag, "application/vnd.github.v3+json; x"); status != 200 || left != 4998 {
		t.Errorf("with another Accept: %d with %d left, want 200 at the cost of one", status, left)
	}
	push(t, r, "main", commit(1, "second", map[string]string{"a": "2"}))
	if status, other, left := get(tag, ""); status != 200 || other == tag || left != 4997 {
		t.Errorf("after a push: %d with %d left, want 200 with another tag", status, left)
	}
}

func TestGitHubQuota(t *testing.T) {
	ctx := context.Background()
	now := noon
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Limit: 2}, Now: func() time.Time { return now }})
	create(t, f, demoforge.GitHub, "acme/ledger")
	get := func() error {
		// A client of its own each time: go-github remembers that it was refused.
		_, _, err := githubClient(t, f, "any").Repositories.Get(ctx, "acme", "ledger")
		return err
	}
	for range 2 {
		if err := get(); err != nil {
			t.Fatal(err)
		}
	}
	var limited *github.RateLimitError
	if err := get(); !errors.As(err, &limited) {
		t.Fatalf("third call: %v, want a RateLimitError", err)
	}
	if want := now.Add(time.Hour); limited.Rate.Remaining != 0 || !limited.Rate.Reset.Equal(github.Timestamp{Time: want}) {
		t.Errorf("rate %+v, want nothing until %s", limited.Rate, want)
	}
	now = now.Add(time.Hour)
	if err := get(); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

func TestGitHubPages(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	for i := range 5 {
		create(t, f, demoforge.GitHub, fmt.Sprintf("acme/r%d", i))
	}
	create(t, f, demoforge.GitHub, "other/r")
	c := githubClient(t, f, "any")
	var names []string
	pages := 0
	opts := &github.RepositoryListByOrgOptions{ListOptions: github.ListOptions{PerPage: 2}}
	for {
		repos, resp, err := c.Repositories.ListByOrg(ctx, "acme", opts)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range repos {
			names = append(names, r.GetName())
		}
		if resp.NextPage == 0 {
			break
		}
		if resp.LastPage != 3 {
			t.Errorf("last page %d, want 3", resp.LastPage)
		}
		opts.Page = resp.NextPage
	}
	if diff := cmp.Diff([]string{"r4", "r3", "r2", "r1", "r0"}, names); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
}

func TestGitHubTruncatedTree(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{TreeEntries: 3})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1", "b/c": "1", "b/d": "1", "b/e": "1"}))
	c := githubClient(t, f, "any")
	tree, _, err := c.Git.GetTree(ctx, "acme", "ledger", "main", true)
	if err != nil {
		t.Fatal(err)
	}
	if !tree.GetTruncated() || len(tree.Entries) != 3 {
		t.Errorf("truncated %t with %d entries, want 3 and truncated", tree.GetTruncated(), len(tree.Entries))
	}
	// Walking level by level is the way out.
	top, _, err := c.Git.GetTree(ctx, "acme", "ledger", "main", false)
	if err != nil {
		t.Fatal(err)
	}
	below, _, err := c.Git.GetTree(ctx, "acme", "ledger", top.Entries[1].GetSHA(), false)
	if err != nil {
		t.Fatal(err)
	}
	if top.GetTruncated() || len(top.Entries) != 2 || below.GetTruncated() || len(below.Entries) != 3 {
		t.Errorf("levels have %d and %d entries, want 2 and 3", len(top.Entries), len(below.Entries))
	}
}

func TestGitHubCompare(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	base, main, side, merge, after := fork(t, r)
	c := githubClient(t, f, "any")
	for _, test := range []struct {
		name, from, to string
		status         string
		ahead          []string
		behind         int
		files          []string
	}{
		{"identical", main, main, "identical", nil, 0, nil},
		{"ahead", base, main, "ahead", []string{main}, 0, []string{"modified a"}},
		{"behind", main, base, "behind", nil, 1, nil},
		{"diverged", main, side, "diverged", []string{side}, 1, []string{"modified b"}},
		{"across a merge", main, after, "ahead", []string{side, merge, after}, 0, []string{"modified b", "removed docs/c"}},
		{"by branch names", "side", "main", "ahead", []string{main, merge, after}, 0, []string{"modified a", "removed docs/c"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := c.Repositories.CompareCommits(ctx, "acme", "ledger", test.from, test.to, nil)
			if err != nil {
				t.Fatal(err)
			}
			var ahead, files []string
			for _, commit := range got.Commits {
				ahead = append(ahead, commit.GetSHA())
			}
			for _, file := range got.Files {
				files = append(files, file.GetStatus()+" "+file.GetFilename())
			}
			if got.GetStatus() != test.status || got.GetAheadBy() != len(test.ahead) || got.GetBehindBy() != test.behind {
				t.Errorf("%s, %d ahead, %d behind, want %s, %d, %d", got.GetStatus(), got.GetAheadBy(), got.GetBehindBy(), test.status, len(test.ahead), test.behind)
			}
			if diff := cmp.Diff(test.ahead, ahead); diff != "" {
				t.Errorf("commits (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.files, files); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGitHubCompareIsCut(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	first := push(t, r, "main", commit(0, "first", map[string]string{"a": "0"}))
	var many []demoforge.Change
	for i := range 260 {
		many = append(many, commit(0, "more", map[string]string{"a": fmt.Sprint(i + 1), fmt.Sprintf("files/%d", i): "x", fmt.Sprintf("more/%d", i): "x"}))
	}
	push(t, r, "main", many...)
	c := githubClient(t, f, "any")
	got, _, err := c.Repositories.CompareCommits(ctx, "acme", "ledger", first.After, "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Commits) != 250 || got.GetTotalCommits() != 260 || got.GetAheadBy() != 260 || len(got.Files) != 300 {
		t.Errorf("%d of %d commits, %d ahead, %d files, want 250 of 260, 260 and 300", len(got.Commits), got.GetTotalCommits(), got.GetAheadBy(), len(got.Files))
	}
	rest, resp, err := c.Repositories.CompareCommits(ctx, "acme", "ledger", first.After, "main", &github.ListOptions{PerPage: 100, Page: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(rest.Commits) != 60 || len(rest.Files) != 0 || resp.NextPage != 0 {
		t.Errorf("third page has %d commits and %d files, next %d, want 60, none and no next", len(rest.Commits), len(rest.Files), resp.NextPage)
	}
}

func TestGitHubRename(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/basket")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	c := githubClient(t, f, "any")
	before, _, err := c.Repositories.Get(ctx, "acme", "basket")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rename("acme/cart"); err != nil {
		t.Fatal(err)
	}

	after, resp, err := c.Repositories.Get(ctx, "acme", "basket")
	if err != nil {
		t.Fatal(err)
	}
	if after.GetFullName() != "acme/cart" || after.GetID() != before.GetID() || after.GetNodeID() != before.GetNodeID() {
		t.Errorf("under the old name: %s, id %d, want acme/cart, %d", after.GetFullName(), after.GetID(), before.GetID())
	}
	if !strings.Contains(resp.Request.URL.Path, "/repositories/") {
		t.Errorf("came from %s, want a redirect to the number", resp.Request.URL.Path)
	}
	tree, _, err := c.Git.GetTree(ctx, "acme", "basket", "main", true)
	if err != nil || len(tree.Entries) != 1 {
		t.Errorf("tree under the old name: %v, %v", tree, err)
	}
	create(t, f, demoforge.GitHub, "acme/basket")
	taken, _, err := c.Repositories.Get(ctx, "acme", "basket")
	if err != nil || taken.GetID() == before.GetID() {
		t.Errorf("the old name still leads to the old repository: %v", err)
	}
}
