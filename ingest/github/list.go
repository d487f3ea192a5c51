package github

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

const perPage = 100 // the most that GitHub gives

// Repositories lists the repositories that the source covers: those that are named
// one by one, those of its organisations, those of the App's installation, or all
// that the token sees.
func (s *Source) Repositories(ctx context.Context) iter.Seq2[ingest.Repository, error] {
	return func(yield func(ingest.Repository, error) bool) {
		for _, l := range s.lists() {
			if !s.list(ctx, l, yield) {
				return
			}
		}
	}
}

// list is one list of repositories, page by page.
type list struct {
	doing string
	page  func(ctx context.Context, o github.ListOptions) ([]*github.Repository, *github.Response, error)
}

func (s *Source) lists() []list {
	var all []list
	for _, name := range s.repositories {
		owner, repo := split(ingest.Repository{FullName: name})
		all = append(all, list{"read " + name, func(ctx context.Context, _ github.ListOptions) ([]*github.Repository, *github.Response, error) {
			r, resp, err := s.client.Repositories.Get(ctx, owner, repo)
			return []*github.Repository{r}, resp, err
		}})
	}
	if len(all) > 0 {
		return all
	}
	for _, org := range s.organizations {
		all = append(all, list{"list the repositories of " + org, func(ctx context.Context, o github.ListOptions) ([]*github.Repository, *github.Response, error) {
			return s.client.Repositories.ListByOrg(ctx, org, &github.RepositoryListByOrgOptions{Type: "all", Sort: "full_name", ListOptions: o})
		}})
	}
	switch {
	case len(all) > 0:
		return all
	case s.app != nil:
		return []list{{"list the repositories of the installation", func(ctx context.Context, o github.ListOptions) ([]*github.Repository, *github.Response, error) {
			l, resp, err := s.client.Apps.ListRepos(ctx, &o)
			if l == nil {
				return nil, resp, err
			}
			return l.Repositories, resp, err
		}}}
	default:
		return []list{{"list the repositories that the token sees", func(ctx context.Context, o github.ListOptions) ([]*github.Repository, *github.Response, error) {
			return s.client.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{Sort: "full_name", ListOptions: o})
		}}}
	}
}

// list yields a list to its end, and reports false when nothing more is wanted.
func (s *Source) list(ctx context.Context, l list, yield func(ingest.Repository, error) bool) bool {
	page := func(o github.ListOptions) ([]*github.Repository, *github.Response, error) { return l.page(ctx, o) }
	for r, err := range every(ctx, s, l.doing, page) {
		if err == nil && (r.GetID() == 0 || !isFullName(r.GetFullName()) || r.GetDefaultBranch() == "") {
			err = fault.New(fault.Unavailable, "%s: %s: the answer is no list of repositories", s.name, l.doing)
		}
		if err != nil {
			return yield(ingest.Repository{}, err)
		}
		if !yield(stateOf(r), nil) {
			return false
		}
	}
	return true
}

// every yields what is on all pages of a list; an error is the last.
func every[T any](ctx context.Context, s *Source, doing string, page func(github.ListOptions) ([]T, *github.Response, error)) iter.Seq2[T, error] {
	return forgeapi.Pages(s.name+": "+doing, func(number int) ([]T, int, error) {
		some, resp, err := page(github.ListOptions{Page: number, PerPage: perPage})
		if err != nil {
			return nil, 0, forge{s.api, s.client}.fail(ctx, doing, resp, err)
		}
		return some, resp.NextPage, nil
	})
}

// collect reads a list to its end.
func collect[T any](ctx context.Context, s *Source, doing string, page func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	return forgeapi.Collect(every(ctx, s, doing, page))
}

// hookPath is how the address of this source's webhook ends.
func (s *Source) hookPath() string { return fmt.Sprintf("/hooks/%s", s.name) }
