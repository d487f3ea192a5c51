package gitlab

import (
	"context"
	"iter"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

const perPage = 100 // the most that GitLab gives

// Repositories lists the projects of the source's groups and their subgroups, or
// all that the token is a member of.
func (s *Source) Repositories(ctx context.Context) iter.Seq2[ingest.Repository, error] {
	return func(yield func(ingest.Repository, error) bool) {
		if len(s.groups) == 0 {
			s.list(ctx, "list the projects that the token is a member of", yield, func(o gitlab.ListOptions) ([]*gitlab.Project, *gitlab.Response, error) {
				return s.client.Projects.ListProjects(&gitlab.ListProjectsOptions{ListOptions: o, Membership: gitlab.Ptr(true)}, gitlab.WithContext(ctx))
			})
			return
		}
		for _, group := range s.groups {
			more := s.list(ctx, "list the projects of "+group, yield, func(o gitlab.ListOptions) ([]*gitlab.Project, *gitlab.Response, error) {
				return s.client.Groups.ListGroupProjects(group, &gitlab.ListGroupProjectsOptions{
					ListOptions: o, IncludeSubGroups: gitlab.Ptr(true), WithShared: gitlab.Ptr(false), OrderBy: gitlab.Ptr("id"), Sort: gitlab.Ptr("asc"),
				}, gitlab.WithContext(ctx))
			})
			if !more {
				return
			}
		}
	}
}

// list yields a list to its end, and reports false when nothing more is wanted.
func (s *Source) list(ctx context.Context, doing string, yield func(ingest.Repository, error) bool, page func(gitlab.ListOptions) ([]*gitlab.Project, *gitlab.Response, error)) bool {
	for p, err := range every(ctx, s, doing, page) {
		if err == nil && (p == nil || p.ID == 0 || p.PathWithNamespace == "") {
			err = fault.New(fault.Unavailable, "%s: %s: the answer is no list of projects", s.name, doing)
		}
		if err != nil {
			return yield(ingest.Repository{}, err)
		}
		if p.MarkedForDeletionOn != nil { // it is read-only, under another name, and about to go
			continue
		}
		if !yield(stateOf(p), nil) {
			return false
		}
	}
	return true
}

// every yields what is on all pages of a list; an error is the last.
func every[T any](ctx context.Context, s *Source, doing string, page func(gitlab.ListOptions) ([]T, *gitlab.Response, error)) iter.Seq2[T, error] {
	return forgeapi.Pages(s.name+": "+doing, func(number int64) ([]T, int64, error) {
		some, resp, err := page(gitlab.ListOptions{Page: max(number, 1), PerPage: perPage})
		if err != nil {
			return nil, 0, forge{s.api, s.client}.fail(ctx, doing, resp, err)
		}
		return some, resp.NextPage, nil
	})
}

// collect reads a list to its end.
func collect[T any](ctx context.Context, s *Source, doing string, page func(gitlab.ListOptions) ([]T, *gitlab.Response, error)) ([]T, error) {
	return forgeapi.Collect(every(ctx, s, doing, page))
}
