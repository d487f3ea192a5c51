package github

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	perPage  = 100  // the most that GitHub gives
	maxLists = 1000 // pages of a list
)

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
	return func(yield func(T, error) bool) {
		var none T
		o := github.ListOptions{PerPage: perPage}
		for range maxLists {
			some, resp, err := page(o)
			if err == nil && some == nil {
				yield(none, fault.New(fault.Unavailable, "%s: %s: the answer is no list", s.name, doing))
				return
			}
			if err != nil {
				yield(none, forge{s.api, s.client}.fail(ctx, doing, resp, err))
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
			if resp.NextPage == 0 {
				return
			}
			o.Page = resp.NextPage
		}
		yield(none, fault.New(fault.Invalid, "%s: %s: the list does not end", s.name, doing))
	}
}

// collect reads a list to its end.
func collect[T any](ctx context.Context, s *Source, doing string, page func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	for one, err := range every(ctx, s, doing, page) {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// hookPath is how the address of this source's webhook ends.
func (s *Source) hookPath() string { return fmt.Sprintf("/hooks/%s", s.name) }
