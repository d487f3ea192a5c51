package demoforge_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

// BenchmarkDiscover lists two thousand repositories page by page, and asks for
// the head of each: what the forge itself takes of a first discovery.
func BenchmarkDiscover(b *testing.B) {
	const n = 2000
	ctx := context.Background()
	f := start(b, demoforge.Options{GitHub: demoforge.Service{Limit: 1 << 30}, GitLab: demoforge.Service{Limit: 1 << 30}})
	for i := range n {
		for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
			r := create(b, f, p, fmt.Sprintf("acme/r%04d", i))
			push(b, r, "main", commit(0, "first", map[string]string{"catalog-info.yaml": "kind: Component\n"}))
		}
	}
	b.Run("github", func(b *testing.B) {
		c := githubClient(b, f, "any")
		for b.Loop() {
			found := 0
			opt := &github.RepositoryListByOrgOptions{ListOptions: github.ListOptions{PerPage: 100}}
			for {
				list, resp, err := c.Repositories.ListByOrg(ctx, "acme", opt)
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range list {
					if _, _, err := c.Repositories.GetBranch(ctx, "acme", r.GetName(), r.GetDefaultBranch(), 0); err != nil {
						b.Fatal(err)
					}
					found++
				}
				if opt.Page = resp.NextPage; opt.Page == 0 {
					break
				}
			}
			if found != n {
				b.Fatalf("found %d, want %d", found, n)
			}
		}
	})
	b.Run("gitlab", func(b *testing.B) {
		c := gitlabClient(b, f, "any")
		for b.Loop() {
			opt := &gitlab.ListGroupProjectsOptions{ListOptions: gitlab.ListOptions{PerPage: 100}}
			list, err := gitlab.ScanAndCollect(func(page gitlab.PaginationOptionFunc) ([]*gitlab.Project, *gitlab.Response, error) {
				return c.Groups.ListGroupProjects("acme", opt, page)
			})
			if err != nil || len(list) != n {
				b.Fatalf("found %d, want %d: %v", len(list), n, err)
			}
			for _, p := range list {
				if _, _, err := c.Branches.GetBranch(p.ID, p.DefaultBranch); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
