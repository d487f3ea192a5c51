package gitlab

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Hooks says which webhooks lead here.
type Hooks struct {
	Group     bool     // the group has one, which needs GitLab Premium
	Projects  int      // that have one each, where the group cannot
	New       int      // of all these, that were not there before
	Elsewhere []string // where others lead that end in this source's path: another portal's, which stay as they are
}

// webhook is one that is there.
type webhook struct {
	id  int64
	url string
	off bool // GitLab sends nothing to it any more, as too much went wrong
}

// ours is the id of the webhook that sends to a payload address, 0 if there is none;
// where others lead that end in this source's path is added to what h tells of them.
func (s *Source) ours(hooks []webhook, payload string, h *Hooks) (id int64) {
	for _, hook := range hooks {
		switch {
		case hook.url == payload:
			id = hook.id
		case strings.HasSuffix(hook.url, "/hooks/"+s.name) && !slices.Contains(h.Elsewhere, hook.url):
			h.Elsewhere = append(h.Elsewhere, hook.url)
		}
	}
	return id
}

// count adds what became of one webhook.
func (h *Hooks) count(isNew bool) {
	if isNew {
		h.New++
	}
}

// EnsureHooks makes the webhook of a group that sends to a payload address, or
// changes the one that does already. Where groups have no webhooks, every project
// gets one; progress is told. The token must be that of an owner (group) or
// maintainer (projects), with scope api.
func (s *Source) EnsureHooks(ctx context.Context, group, payload string, progress func(done int)) (Hooks, error) {
	h, err := s.groupHook(ctx, group, payload)
	if kind := fault.KindOf(err); err == nil || kind != fault.NotFound && kind != fault.Denied {
		return h, err
	}
	h = Hooks{}
	for repo, err := range s.Repositories(ctx) {
		if err != nil {
			return h, err
		}
		if repo.Archived {
			continue
		}
		if err := s.projectHook(ctx, repo.ID, repo.FullName, payload, &h); err != nil {
			return h, err
		}
		progress(h.Projects)
	}
	return h, nil
}

func (s *Source) groupHook(ctx context.Context, group, payload string) (Hooks, error) {
	doing, h := "make the webhook of group "+group, Hooks{Group: true}
	there, resp, err := s.groupHooks(ctx, group)
	if err != nil {
		return h, forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	on, id := gitlab.Ptr(true), s.ours(there, payload, &h)
	if id != 0 {
		_, resp, err = s.client.Groups.EditGroupHook(group, id, &gitlab.EditGroupHookOptions{
			URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on,
			DeploymentEvents: on, SubGroupEvents: on, MemberEvents: on, ProjectEvents: on, VulnerabilityEvents: on,
		}, gitlab.WithContext(ctx))
	} else {
		_, resp, err = s.client.Groups.AddGroupHook(group, &gitlab.AddGroupHookOptions{
			URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on,
			DeploymentEvents: on, SubGroupEvents: on, MemberEvents: on, ProjectEvents: on, VulnerabilityEvents: on,
		}, gitlab.WithContext(ctx))
	}
	h.count(id == 0)
	return h, forge{s.api, s.client}.fail(ctx, doing, resp, err)
}

func (s *Source) groupHooks(ctx context.Context, group string) ([]webhook, *gitlab.Response, error) {
	found, resp, err := s.client.Groups.ListGroupHooks(group, &gitlab.ListGroupHooksOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	all := make([]webhook, len(found))
	for i, h := range found {
		all[i] = webhook{h.ID, h.URL, h.AlertStatus == "disabled"}
	}
	return all, resp, err
}

func (s *Source) projectHook(ctx context.Context, id, name, payload string, h *Hooks) error {
	doing := "make the webhook of " + name
	there, resp, err := s.projectHooks(ctx, id)
	if err != nil {
		return forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	on, hook := gitlab.Ptr(true), s.ours(there, payload, h)
	if hook != 0 {
		_, resp, err = s.client.Projects.EditProjectHook(id, hook, &gitlab.EditProjectHookOptions{
			URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on, DeploymentEvents: on, VulnerabilityEvents: on,
		}, gitlab.WithContext(ctx))
	} else {
		_, resp, err = s.client.Projects.AddProjectHook(id, &gitlab.AddProjectHookOptions{
			URL: &payload, Token: s.token(), PushEvents: on, TagPushEvents: on, MergeRequestsEvents: on, PipelineEvents: on, ReleasesEvents: on, DeploymentEvents: on, VulnerabilityEvents: on,
		}, gitlab.WithContext(ctx))
	}
	if err != nil {
		return forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	h.Projects++
	h.count(hook == 0)
	return nil
}

func (s *Source) projectHooks(ctx context.Context, id string) ([]webhook, *gitlab.Response, error) {
	found, resp, err := s.client.Projects.ListProjectHooks(id, &gitlab.ListProjectHooksOptions{ListOptions: gitlab.ListOptions{PerPage: perPage}}, gitlab.WithContext(ctx))
	all := make([]webhook, len(found))
	for i, h := range found {
		all[i] = webhook{h.ID, h.URL, h.AlertStatus == "disabled"}
	}
	return all, resp, err
}

// DeleteHooks deletes the webhook of a group that sends to a payload address or, if the
// group has none, those of its projects, and returns how many there were. It takes the
// same token as [Source.EnsureHooks].
func (s *Source) DeleteHooks(ctx context.Context, group, payload string) (deleted int, err error) {
	doing := "delete the webhook of group " + group
	there, resp, err := s.groupHooks(ctx, group)
	if err != nil {
		err = forge{s.api, s.client}.fail(ctx, doing, resp, err)
		if kind := fault.KindOf(err); kind != fault.NotFound && kind != fault.Denied { // groups have no webhooks there
			return 0, err
		}
	}
	if id := s.ours(there, payload, &Hooks{}); id != 0 {
		resp, err := s.client.Groups.DeleteGroupHook(group, id, gitlab.WithContext(ctx))
		if err != nil {
			return 0, forge{s.api, s.client}.fail(ctx, doing, resp, err)
		}
		return 1, nil
	}
	for repo, err := range s.Repositories(ctx) {
		if err != nil {
			return deleted, err
		}
		one, err := s.deleteProjectHook(ctx, repo.ID, repo.FullName, payload)
		if err != nil {
			return deleted, err
		}
		if one {
			deleted++
		}
	}
	return deleted, nil
}

func (s *Source) deleteProjectHook(ctx context.Context, id, name, payload string) (bool, error) {
	doing := "delete the webhook of " + name
	there, resp, err := s.projectHooks(ctx, id)
	if err != nil {
		return false, forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	hook := s.ours(there, payload, &Hooks{})
	if hook == 0 {
		return false, nil
	}
	resp, err = s.client.Projects.DeleteProjectHook(id, hook, gitlab.WithContext(ctx))
	return err == nil, forge{s.api, s.client}.fail(ctx, doing, resp, err)
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
	doing := "read group " + group
	if err != nil && resp != nil && resp.StatusCode == http.StatusNotFound && s.isPersonal(ctx, group) {
		return &ingest.Misfit{Setting: ingest.SettingOwner, Err: fault.New(fault.Invalid,
			"%s: %s is a personal account and no group, and has no webhook of its own. Leave groups out of the configuration instead: then the projects are read that the token is a member of; make a webhook for each", doing, group)}
	}
	return s.api.Misfit(ctx, doing, raw, err)
}

// isPersonal reports whether a name is somebody's own account.
func (s *Source) isPersonal(ctx context.Context, name string) bool {
	who, _, err := s.client.Users.ListUsers(&gitlab.ListUsersOptions{Username: &name}, gitlab.WithContext(ctx))
	return err == nil && len(who) == 1 && strings.EqualFold(who[0].Username, name)
}

// Ping has GitLab send a test push to the webhook of the group that sends to a
// payload address, or to the first of its projects'. A project without commits
// cannot send one, which is no error.
func (s *Source) Ping(ctx context.Context, group, payload string) error {
	hooks, _, err := s.groupHooks(ctx, group)
	if err == nil {
		if id := s.ours(hooks, payload, &Hooks{}); id != 0 {
			_, err := s.client.Groups.TriggerTestGroupHook(group, id, gitlab.GroupHookTriggerPush, gitlab.WithContext(ctx))
			return unlessInvalid(err)
		}
	}
	for repo, err := range s.Repositories(ctx) {
		if err != nil {
			return err
		}
		hooks, _, err := s.projectHooks(ctx, repo.ID)
		if err != nil {
			continue
		}
		if id := s.ours(hooks, payload, &Hooks{}); id != 0 {
			_, err := s.client.Projects.TriggerTestProjectHook(repo.ID, id, gitlab.ProjectHookEventPush, gitlab.WithContext(ctx))
			return unlessInvalid(err)
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
