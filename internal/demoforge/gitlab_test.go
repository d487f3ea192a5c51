package demoforge_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestGitLabReadsAtABranch(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/data/lake")
	first := push(t, r, "main", commit(0, "first\n\nWith a body.", map[string]string{"catalog-info.yaml": "kind: Component\n", "docs/index.md": "# Docs\n"}))
	push(t, r, "feature/x", commit(1, "on a branch", map[string]string{"docs/index.md": "# Other\n"}))
	c := gitlabClient(t, f, "any")

	for _, id := range []any{"acme/data/lake", int(r.ID())} {
		t.Run(fmt.Sprint(id), func(t *testing.T) {
			project, _, err := c.Projects.GetProject(id, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := []any{project.ID, project.PathWithNamespace, project.DefaultBranch, project.Namespace.FullPath, project.CreatedAt.Equal(noon)}
			if diff := cmp.Diff([]any{r.ID(), "acme/data/lake", "main", "acme/data", true}, got); diff != "" {
				t.Errorf("project (-want +got):\n%s", diff)
			}
			branch, _, err := c.Branches.GetBranch(id, "feature/x")
			if err != nil {
				t.Fatal(err)
			}
			if branch.Commit.ID != r.Head("feature/x") || branch.Default {
				t.Errorf("branch feature/x is at %s, default %t", branch.Commit.ID, branch.Default)
			}
			commit, _, err := c.Commits.GetCommit(id, first.After, nil)
			if err != nil {
				t.Fatal(err)
			}
			if commit.Title != "first" || commit.AuthorEmail != moss.Email || !commit.CommittedDate.Equal(noon) {
				t.Errorf("commit %+v", commit)
			}
			raw, resp, err := c.RepositoryFiles.GetRawFile(id, "docs/index.md", &gitlab.GetRawFileOptions{Ref: gitlab.Ptr("feature/x")})
			if err != nil || string(raw) != "# Other\n" {
				t.Errorf("raw file = %q, %v", raw, err)
			}
			if got := resp.Header.Get("X-Gitlab-Last-Commit-Id"); got != r.Head("feature/x") {
				t.Errorf("last commit of the file is %s, want %s", got, r.Head("feature/x"))
			}
			file, _, err := c.RepositoryFiles.GetFile(id, "catalog-info.yaml", &gitlab.GetFileOptions{Ref: gitlab.Ptr("main")})
			if err != nil || file.Size != 16 || file.LastCommitID != first.After {
				t.Errorf("file = %+v, %v", file, err)
			}
			blob, _, err := c.Repositories.RawBlobContent(id, resp.Header.Get("X-Gitlab-Blob-Id"))
			if err != nil || string(blob) != "# Other\n" {
				t.Errorf("blob = %q, %v", blob, err)
			}
		})
	}
}

func TestGitLabTreePages(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/stock")
	files := map[string]string{}
	var want []string
	for i := range 7 {
		files[fmt.Sprintf("docs/%d.md", i)] = "x"
		want = append(want, fmt.Sprintf("docs/%d.md", i))
	}
	push(t, r, "main", commit(0, "first", files))
	c := gitlabClient(t, f, "any")
	for _, pagination := range []string{"", "keyset"} {
		t.Run("pagination "+pagination, func(t *testing.T) {
			opt := &gitlab.ListTreeOptions{Recursive: gitlab.Ptr(true), ListOptions: gitlab.ListOptions{PerPage: 3, Pagination: pagination}}
			var paths []string
			calls := 0
			next := []gitlab.RequestOptionFunc{}
			for {
				nodes, resp, err := c.Repositories.ListTree("acme/stock", opt, next...)
				if err != nil {
					t.Fatal(err)
				}
				calls++
				for _, n := range nodes {
					if n.Type == "blob" {
						paths = append(paths, n.Path)
					}
				}
				if resp.NextLink == "" {
					break
				}
				next = []gitlab.RequestOptionFunc{gitlab.WithKeysetPaginationParameters(resp.NextLink)}
				if pagination == "" {
					opt.Page, next = resp.NextPage, nil
				}
			}
			if diff := cmp.Diff(want, paths); diff != "" || calls != 3 {
				t.Errorf("%d calls (-want +got):\n%s", calls, diff)
			}
		})
	}
	t.Run("one folder", func(t *testing.T) {
		nodes, _, err := c.Repositories.ListTree("acme/stock", &gitlab.ListTreeOptions{Path: gitlab.Ptr("docs")})
		if err != nil || len(nodes) != 7 || nodes[0].Path != "docs/0.md" || nodes[0].Name != "0.md" {
			t.Errorf("docs holds %v, %v", nodes, err)
		}
	})
}

func TestGitLabGroups(t *testing.T) {
	f := start(t, demoforge.Options{})
	for _, name := range []string{"acme/stock", "acme/data/lake", "acme/data/reports", "other/x"} {
		create(t, f, demoforge.GitLab, name)
	}
	c := gitlabClient(t, f, "any")
	for _, test := range []struct {
		group string
		below bool
		want  []string
	}{
		{"acme", false, []string{"acme/stock"}},
		{"acme", true, []string{"acme/data/reports", "acme/data/lake", "acme/stock"}},
		{"acme/data", false, []string{"acme/data/reports", "acme/data/lake"}},
	} {
		t.Run(fmt.Sprint(test.group, test.below), func(t *testing.T) {
			var got []string
			opt := &gitlab.ListGroupProjectsOptions{IncludeSubGroups: gitlab.Ptr(test.below), ListOptions: gitlab.ListOptions{PerPage: 2}}
			for {
				projects, resp, err := c.Groups.ListGroupProjects(test.group, opt)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range projects {
					got = append(got, p.PathWithNamespace)
				}
				if resp.NextPage == 0 {
					break
				}
				opt.Page = resp.NextPage
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGitLabHistory(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/stock")
	base, main, side, merge, after := fork(t, r)
	c := gitlabClient(t, f, "any")

	for _, test := range []struct {
		path string
		want []string
	}{
		{"", []string{after, merge, side, main, base}},
		{"a", []string{main, base}},
		{"b", []string{side, base}},
		{"docs", []string{after, base}},
		{"docs/c", []string{after, base}},
		{"unknown", nil},
	} {
		t.Run("path "+test.path, func(t *testing.T) {
			commits, _, err := c.Commits.ListCommits("acme/stock", &gitlab.ListCommitsOptions{Path: gitlab.Ptr(test.path)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, commit := range commits {
				got = append(got, commit.ID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("commits (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("first parents", func(t *testing.T) {
		commits, resp, err := c.Commits.ListCommits("acme/stock", &gitlab.ListCommitsOptions{FirstParent: gitlab.Ptr(true), ListOptions: gitlab.ListOptions{PerPage: 2, Page: 2}})
		if err != nil || len(commits) != 2 || commits[0].ID != main || commits[1].ID != base || resp.NextPage != 0 {
			t.Errorf("second page = %v, %v, next %d", commits, err, resp.NextPage)
		}
	})
	t.Run("compare", func(t *testing.T) {
		got, _, err := c.Repositories.Compare("acme/stock", &gitlab.CompareOptions{From: gitlab.Ptr(main), To: gitlab.Ptr(after)})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Commits) != 3 || got.Commits[0].ID != side || got.Commits[2].ID != after || got.Commit.ID != after || len(got.Diffs) != 2 || !got.Diffs[1].DeletedFile {
			t.Errorf("compare = %+v", got)
		}
	})
	t.Run("merge base", func(t *testing.T) {
		got, _, err := c.Repositories.MergeBase("acme/stock", &gitlab.MergeBaseOptions{Ref: &[]string{main, side}})
		if err != nil || got.ID != base {
			t.Errorf("merge base = %v, %v, want %s", got, err, base)
		}
	})
}

func TestGitLabRefusals(t *testing.T) {
	f := start(t, demoforge.Options{GitLab: demoforge.Service{Token: "right", Limit: 1000}})
	r := create(t, f, demoforge.GitLab, "acme/stock")
	if _, err := f.Create(demoforge.GitLab, "acme/vault", demoforge.Settings{Private: true}); err != nil {
		t.Fatal(err)
	}
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	for _, test := range []struct {
		path, header, token string
		status              int
		body                string
	}{
		{"projects/acme%2Fstock", "Private-Token", "right", 200, ""},
		{"projects/acme%2Fstock", "Authorization", "Bearer right", 200, ""},
		{"projects/acme%2Fstock", "Private-Token", "wrong", 401, `{"message":"401 Unauthorized"}`},
		{"projects/acme%2Fvault", "", "", 404, `{"message":"404 Project Not Found"}`},
		{"projects/acme%2Funknown", "Private-Token", "right", 404, `{"message":"404 Project Not Found"}`},
		{"projects/12", "Private-Token", "right", 404, `{"message":"404 Project Not Found"}`},
		{"groups/unknown/projects", "Private-Token", "right", 404, `{"message":"404 Group Not Found"}`},
		{"projects/acme%2Fstock/repository/branches/x", "Private-Token", "right", 404, `{"message":"404 Branch Not Found"}`},
		{"projects/acme%2Fstock/repository/commits/x", "Private-Token", "right", 404, `{"message":"404 Commit Not Found"}`},
		{"projects/acme%2Fstock/repository/tree?ref=x", "Private-Token", "right", 404, `{"message":"404 Tree Not Found"}`},
		{"projects/acme%2Fstock/repository/tree?path=x", "Private-Token", "right", 404, `{"message":"404 invalid revision or path Not Found"}`},
		{"projects/acme%2Fstock/repository/files/x/raw", "Private-Token", "right", 404, `{"message":"404 File Not Found"}`},
		{"projects/acme%2Fstock/repository/compare?from=x&to=main", "Private-Token", "right", 404, `{"message":"404 Ref Not Found"}`},
	} {
		t.Run(test.path+" "+test.token, func(t *testing.T) {
			status, header, body := get(t, f.APIURL(demoforge.GitLab)+"api/v4/"+test.path, http.Header{test.header: {test.token}})
			if status != test.status || test.body != "" && body != test.body {
				t.Errorf("answered %d %s, want %d %s", status, body, test.status, test.body)
			}
			if test.status != 401 && header.Get("RateLimit-Remaining") == "" {
				t.Error("RateLimit-Remaining is missing")
			}
		})
	}
}

func TestGitLabQuota(t *testing.T) {
	f := start(t, demoforge.Options{GitLab: demoforge.Service{Limit: 1}})
	create(t, f, demoforge.GitLab, "acme/stock")
	url := f.APIURL(demoforge.GitLab) + "api/v4/projects/acme%2Fstock"
	if status, _, body := get(t, url, http.Header{"Private-Token": {"any"}}); status != 200 {
		t.Fatalf("first call: %d %s", status, body)
	}
	status, header, _ := get(t, url, http.Header{"Private-Token": {"any"}})
	if status != 429 || header.Get("Retry-After") == "" || header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("second call: %d, Retry-After %q, want 429 with one", status, header.Get("Retry-After"))
	}
}

func TestGitLabRename(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/depot")
	push(t, r, "main", commit(0, "first", map[string]string{"a": "1"}))
	if _, err := r.Rename("acme/stock"); err != nil {
		t.Fatal(err)
	}
	c := gitlabClient(t, f, "any")
	project, _, err := c.Projects.GetProject("acme/depot", nil)
	if err != nil || project.PathWithNamespace != "acme/stock" || project.ID != r.ID() {
		t.Errorf("under the old name: %v, %v", project, err)
	}
	nodes, _, err := c.Repositories.ListTree("acme/depot", nil)
	if err != nil || len(nodes) != 1 {
		t.Errorf("tree under the old name: %v, %v", nodes, err)
	}
}

func get(t *testing.T, url string, header http.Header) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	delete(header, "")
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}
