package gitlab

import (
	"context"
	"iter"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	perPage  = 100  // the most that GitLab gives
	maxLists = 1000 // pages of a list
)

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
func (s *Source) list(ctx context.Context, doing string, yield func(ingest.Repository, error) bool, get func(gitlab.ListOptions) ([]*gitlab.Project, *gitlab.Response, error)) bool {
	o := gitlab.ListOptions{PerPage: perPage, Page: 1}
	for range maxLists {
		projects, resp, err := get(o)
		if err != nil {
			return yield(ingest.Repository{}, forge{s.api, s.client}.fail(ctx, doing, resp, err))
		}
		if projects == nil {
			return yield(ingest.Repository{}, fault.New(fault.Unavailable, "%s: %s: the answer is no list of projects", s.name, doing))
		}
		for _, p := range projects {
			if p == nil || p.ID == 0 || p.PathWithNamespace == "" {
				return yield(ingest.Repository{}, fault.New(fault.Unavailable, "%s: %s: the answer is no list of projects", s.name, doing))
			}
			if p.MarkedForDeletionOn != nil { // it is read-only, under another name, and about to go
				continue
			}
			if !yield(stateOf(p), nil) {
				return false
			}
		}
		if resp.NextPage == 0 {
			return true
		}
		o.Page = resp.NextPage
	}
	return yield(ingest.Repository{}, fault.New(fault.Invalid, "%s: %s: the list does not end", s.name, doing))
}
