package gitlab

import (
	"context"
	"errors"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/fault"
)

// Hooks says which webhooks lead here.
type Hooks struct {
	Group    bool // the group has one, which needs GitLab Premium
	Projects int  // that have one each, where the group cannot
	New      int  // of all these, that were not there before
}

// EnsureHooks makes the webhook of a group that sends to a payload address, or
// changes the one that is there: one whose address ends in this source's path.
// Where groups have no webhooks, every project gets one; progress is told. The
// token must be that of an owner (group) or maintainer (projects), with scope api.
func (s *Source) EnsureHooks(ctx context.Context, group, payload string, progress func(done int)) (Hooks, error) {
	isNew, err := s.groupHook(ctx, group, payload)
	switch kind := fault.KindOf(err); {
	case err == nil:
		h := Hooks{Group: true}
		if isNew {
			h.New = 1
		}
		return h, nil
	case kind != fault.NotFound && kind != fault.Denied:
		return Hooks{}, err
	}
	var h Hooks
	for repo, err := range s.Repositories(ctx) {
		if err != nil {
			return h, err
		}
		if repo.Archived {
			continue
		}
		isNew, err := s.projectHook(ctx, repo.ID, repo.FullName, payload)
		if err != nil {
			return h, err
		}
		h.Projects++
		if isNew {
			h.New++
		}
		progress(h.Projects)
	}
	return h, nil
}

func (s *Source) groupHook(ctx context.Context, group, payload string) (isNew bool, err error) {
	doing := "make the webhook of group " + group
	hooks, resp, err := s.client.Groups.ListGroupHooks(group, &gitlab.ListGroupHooksOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	if err != nil {
		return false, forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	on := gitlab.Ptr(true)
	for _, h := range hooks {
		if strings.HasSuffix(h.URL, "/hooks/"+s.name) {
			_, resp, err := s.client.Groups.EditGroupHook(group, h.ID, &gitlab.EditGroupHookOptions{
				URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on,
				DeploymentEvents: on, SubGroupEvents: on, MemberEvents: on, ProjectEvents: on, VulnerabilityEvents: on,
			}, gitlab.WithContext(ctx))
			return false, forge{s.api, s.client}.fail(ctx, doing, resp, err)
		}
	}
	_, resp, err = s.client.Groups.AddGroupHook(group, &gitlab.AddGroupHookOptions{
		URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on,
		DeploymentEvents: on, SubGroupEvents: on, MemberEvents: on, ProjectEvents: on, VulnerabilityEvents: on,
	}, gitlab.WithContext(ctx))
	return true, forge{s.api, s.client}.fail(ctx, doing, resp, err)
}

func (s *Source) projectHook(ctx context.Context, id, name, payload string) (isNew bool, err error) {
	doing := "make the webhook of " + name
	hooks, resp, err := s.client.Projects.ListProjectHooks(id, &gitlab.ListProjectHooksOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	if err != nil {
		return false, forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	on := gitlab.Ptr(true)
	for _, h := range hooks {
		if strings.HasSuffix(h.URL, "/hooks/"+s.name) {
			_, resp, err := s.client.Projects.EditProjectHook(id, h.ID, &gitlab.EditProjectHookOptions{
				URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on, DeploymentEvents: on, VulnerabilityEvents: on,
			}, gitlab.WithContext(ctx))
			return false, forge{s.api, s.client}.fail(ctx, doing, resp, err)
		}
	}
	_, resp, err = s.client.Projects.AddProjectHook(id, &gitlab.AddProjectHookOptions{
		URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on, DeploymentEvents: on, VulnerabilityEvents: on,
	}, gitlab.WithContext(ctx))
	return true, forge{s.api, s.client}.fail(ctx, doing, resp, err)
}

// token is the secret that the webhooks send along.
func (s *Source) token() *string { return &s.secrets[0] }

// Check reports whether the token sees the group. What is wrong with the settings is
// an [ingest.Misfit].
func (s *Source) Check(ctx context.Context, group string) error {
	_, resp, err := s.client.Groups.GetGroup(group, nil, gitlab.WithContext(ctx))
	var raw *http.Response
	if resp != nil {
		raw = resp.Response
	}
	return s.api.Misfit(ctx, "read group "+group, raw, err)
}

// Ping has GitLab send a test push to the first webhook of the group or its
// projects. A project without commits cannot send one, which is no error.
func (s *Source) Ping(ctx context.Context, group string) error {
	hooks, _, err := s.client.Groups.ListGroupHooks(group, &gitlab.ListGroupHooksOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	if err == nil {
		for _, h := range hooks {
			if strings.HasSuffix(h.URL, "/hooks/"+s.name) {
				_, err := s.client.Groups.TriggerTestGroupHook(group, h.ID, gitlab.GroupHookTriggerPush, gitlab.WithContext(ctx))
				return unlessInvalid(err)
			}
		}
	}
	for repo, err := range s.Repositories(ctx) {
		if err != nil {
			return err
		}
		hooks, _, err := s.client.Projects.ListProjectHooks(repo.ID, nil, gitlab.WithContext(ctx))
		if err != nil {
			continue
		}
		for _, h := range hooks {
			if strings.HasSuffix(h.URL, "/hooks/"+s.name) {
				_, err := s.client.Projects.TriggerTestProjectHook(repo.ID, h.ID, gitlab.ProjectHookEventPush, gitlab.WithContext(ctx))
				return unlessInvalid(err)
			}
		}
	}
	return nil
}

// unlessInvalid passes over GitLab's 422, by which it says that there is nothing
// to test a webhook with.
func unlessInvalid(err error) error {
	var answer *gitlab.ErrorResponse
	if errors.As(err, &answer) && answer.HasStatusCode(http.StatusUnprocessableEntity) {
		return nil
	}
	return err
}
