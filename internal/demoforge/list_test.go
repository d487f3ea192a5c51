package demoforge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

// several makes repositories of every sort below acme.
func several(t *testing.T, f *demoforge.Forge, p demoforge.Provider) {
	t.Helper()
	for i, s := range []demoforge.Settings{
		{Description: "Books", Topics: []string{"go", "money"}, Language: "Go", Homepage: "https://acme.example"},
		{Visibility: "private"},
		{Archived: true},
		{Fork: true},
	} {
		s.Created = noon.Add(time.Duration(i) * time.Hour)
		if _, err := f.Create(p, "acme/"+[]string{"ledger", "vault", "old", "copy"}[i], s); err != nil {
			t.Fatal(err)
		}
	}
	create(t, f, p, "other/x")
}

func TestGitHubListsRepositories(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Token: "right"}})
	several(t, f, demoforge.GitHub)
	for _, test := range []struct {
		token, kind, sort, direction string
		want                         []string
	}{
		{"right", "", "", "", []string{"copy", "old", "vault", "ledger"}},
		{"right", "all", "created", "asc", []string{"ledger", "vault", "old", "copy"}},
		{"right", "", "full_name", "", []string{"copy", "ledger", "old", "vault"}},
		{"right", "private", "", "", []string{"vault"}},
		{"right", "public", "", "", []string{"copy", "old", "ledger"}},
		{"right", "sources", "", "", []string{"old", "vault", "ledger"}},
		{"right", "forks", "", "", []string{"copy"}},
		{"", "", "", "", []string{"copy", "old", "ledger"}},
	} {
		t.Run(fmt.Sprint(test.token, test.kind, test.sort, test.direction), func(t *testing.T) {
			opt := &github.RepositoryListByOrgOptions{Type: test.kind, Sort: test.sort, Direction: test.direction, ListOptions: github.ListOptions{PerPage: 2}}
			var got []string
			for {
				list, resp, err := githubClient(t, f, test.token).Repositories.ListByOrg(ctx, "acme", opt)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					got = append(got, r.GetName())
				}
				if opt.Page = resp.NextPage; opt.Page == 0 {
					break
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("repositories (-want +got):\n%s", diff)
			}
		})
	}
	c := githubClient(t, f, "right")
	org, _, err := c.Organizations.Get(ctx, "acme")
	if err != nil || org.GetLogin() != "acme" || org.GetPublicRepos() != 3 || org.GetID() == 0 {
		t.Errorf("organisation %v, %v", org, err)
	}
	if user, _, err := c.Users.Get(ctx, ""); err != nil || user.GetLogin() == "" {
		t.Errorf("user %v, %v", user, err)
	}
	own, _, err := c.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{Visibility: "private"})
	if err != nil || len(own) != 1 {
		t.Errorf("own private repositories %v, %v", own, err)
	}
	ledger, _, err := c.Repositories.Get(ctx, "acme", "ledger")
	if err != nil || ledger.GetLanguage() != "Go" || ledger.GetHomepage() != "https://acme.example" || len(ledger.Topics) != 2 || !ledger.GetPushedAt().Equal(github.Timestamp{Time: noon}) {
		t.Errorf("ledger %v, %v", ledger, err)
	}
}

func TestGitLabListsProjects(t *testing.T) {
	f := start(t, demoforge.Options{GitLab: demoforge.Service{Token: "right"}})
	several(t, f, demoforge.GitLab)
	create(t, f, demoforge.GitLab, "acme/data/lake")
	create(t, f, demoforge.GitLab, "acme/data/raw/pond")
	c := gitlabClient(t, f, "right")

	names := func(opt *gitlab.ListGroupProjectsOptions) []string {
		t.Helper()
		opt.OrderBy, opt.Sort, opt.PerPage = gitlab.Ptr("id"), gitlab.Ptr("asc"), 2
		list, err := gitlab.ScanAndCollect(func(page gitlab.PaginationOptionFunc) ([]*gitlab.Project, *gitlab.Response, error) {
			return c.Groups.ListGroupProjects("acme", opt, page)
		})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range list {
			names = append(names, p.PathWithNamespace)
		}
		return names
	}
	yes, no := gitlab.Ptr(true), gitlab.Ptr(false)
	for _, test := range []struct {
		name string
		opt  gitlab.ListGroupProjectsOptions
		want []string
	}{
		{"direct", gitlab.ListGroupProjectsOptions{}, []string{"acme/ledger", "acme/vault", "acme/old", "acme/copy"}},
		{"below", gitlab.ListGroupProjectsOptions{IncludeSubGroups: yes, Archived: no}, []string{"acme/ledger", "acme/vault", "acme/copy", "acme/data/lake", "acme/data/raw/pond"}},
		{"archived", gitlab.ListGroupProjectsOptions{IncludeSubGroups: yes, Archived: yes}, []string{"acme/old"}},
		{"topic", gitlab.ListGroupProjectsOptions{Topic: gitlab.Ptr("go")}, []string{"acme/ledger"}},
	} {
		if diff := cmp.Diff(test.want, names(&test.opt)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}

	keyset := &gitlab.ListProjectsOptions{ListOptions: gitlab.ListOptions{Pagination: "keyset", PerPage: 3, OrderBy: "id", Sort: "asc"}}
	all, err := gitlab.ScanAndCollect(func(page gitlab.PaginationOptionFunc) ([]*gitlab.Project, *gitlab.Response, error) {
		return c.Projects.ListProjects(keyset, page)
	})
	if err != nil || len(all) != 7 || all[0].PathWithNamespace != "acme/ledger" || all[6].PathWithNamespace != "acme/data/raw/pond" {
		t.Errorf("by keyset: %v, %v", all, err)
	}

	group, _, err := c.Groups.GetGroup("acme/data", nil)
	if err != nil || group.FullPath != "acme/data" || group.ParentID == 0 {
		t.Fatalf("group %+v, %v", group, err)
	}
	byNumber, _, err := c.Groups.GetGroup(group.ID, nil)
	if err != nil || byNumber.FullPath != "acme/data" {
		t.Errorf("group by number %+v, %v", byNumber, err)
	}
	direct, _, err := c.Groups.ListSubGroups("acme", nil)
	if err != nil || len(direct) != 1 || direct[0].FullPath != "acme/data" {
		t.Errorf("subgroups %v, %v", direct, err)
	}
	below, _, err := c.Groups.ListDescendantGroups("acme", nil)
	if err != nil || len(below) != 2 || below[1].FullPath != "acme/data/raw" {
		t.Errorf("descendants %v, %v", below, err)
	}
	if version, _, err := c.Version.GetVersion(); err != nil || version.Version == "" {
		t.Errorf("version %v, %v", version, err)
	}
	if user, _, err := c.Users.CurrentUser(); err != nil || user.Username == "" {
		t.Errorf("user %v, %v", user, err)
	}
	if _, resp, err := gitlabClient(t, f, "").Version.GetVersion(); err == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("version without a token: %v", err)
	}
}

func TestEmptyRepositories(t *testing.T) {
	ctx := context.Background()
	f := start(t, demoforge.Options{})
	create(t, f, demoforge.GitHub, "acme/empty")
	create(t, f, demoforge.GitLab, "acme/empty")
	c := githubClient(t, f, "any")
	for name, want := range map[string]int{
		"branches/main": 404, "commits/main": 409, "commits": 409, "git/ref/heads/main": 409, "git/trees/main": 409, "contents": 404,
	} {
		req, err := c.NewRequest("GET", "repos/acme/empty/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		var refused *github.ErrorResponse
		if _, err := c.Do(ctx, req, nil); !errors.As(err, &refused) || refused.Response.StatusCode != want {
			t.Errorf("%s: %v, want %d", name, err, want)
		}
	}
	lab := gitlabClient(t, f, "any")
	project, _, err := lab.Projects.GetProject("acme/empty", nil)
	if err != nil || !project.EmptyRepo {
		t.Errorf("project %+v, %v", project, err)
	}
	if _, resp, err := lab.Branches.GetBranch("acme/empty", "main"); err == nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("branch of an empty project: %v", err)
	}
}

// BenchmarkCreate is what a repository costs that a benchmark of discovery
// makes: with a commit, so that it has a tree.
func BenchmarkCreate(b *testing.B) {
	f := start(b, demoforge.Options{})
	for n := 0; b.Loop(); n++ {
		r := create(b, f, demoforge.GitHub, fmt.Sprintf("acme/r%06d", n))
		push(b, r, "main", commit(0, "first", map[string]string{"catalog-info.yaml": "kind: Component\n"}))
	}
}
