package github

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Events are what a webhook is to send: what [Source.Translate] understands. An
// App's manifest asks for the same.
func Events() []string {
	return []string{
		"push", "repository", "public", "member", "team", "membership", "organization", "meta",
		"pull_request", "release", "deployment", "deployment_status", "workflow_run", "check_suite", "branch_protection_rule",
		"code_scanning_alert", "dependabot_alert", "secret_scanning_alert",
	}
}

// Hook is a webhook of an organisation.
type Hook struct {
	ID        int64
	New       bool     // it was not there before
	Elsewhere []string // where others lead that end in this source's path: another portal's, which stay as they are
}

// EnsureHook makes the webhook of an organisation that sends to a payload address,
// or changes the one that does already. Its secret is the source's. The token must
// be that of an owner (admin:org_hook).
func (s *Source) EnsureHook(ctx context.Context, org, payload string) (Hook, error) {
	doing := "make the webhook of " + org
	hooks, resp, err := s.client.Organizations.ListHooks(ctx, org, &github.ListOptions{PerPage: perPage})
	if err != nil {
		return Hook{}, s.hookError(ctx, doing, resp, err)
	}
	want := &github.Hook{
		Name: github.String("web"), Active: github.Bool(true), Events: Events(),
		Config: &github.HookConfig{URL: &payload, ContentType: github.String("json"), InsecureSSL: github.String("0"), Secret: github.String(string(s.secrets[0]))},
	}
	there := Hook{New: true}
	for _, h := range hooks {
		switch to := h.Config.GetURL(); {
		case to == payload:
			there.ID, there.New = h.GetID(), false
		case strings.HasSuffix(to, s.hookPath()):
			there.Elsewhere = append(there.Elsewhere, to)
		}
	}
	var made *github.Hook
	if there.New {
		made, resp, err = s.client.Organizations.CreateHook(ctx, org, want)
	} else {
		made, resp, err = s.client.Organizations.EditHook(ctx, org, there.ID, want)
	}
	there.ID = made.GetID()
	return there, s.hookError(ctx, doing, resp, err)
}

// DeleteHooks deletes the webhooks of an organisation that send to a payload address,
// and returns how many there were. It takes the same token as [Source.EnsureHook].
func (s *Source) DeleteHooks(ctx context.Context, org, payload string) (deleted int, err error) {
	doing := "delete the webhook of " + org
	hooks, resp, err := s.client.Organizations.ListHooks(ctx, org, &github.ListOptions{PerPage: perPage})
	if err != nil {
		return 0, s.hookError(ctx, doing, resp, err)
	}
	for _, h := range hooks {
		if h.Config.GetURL() != payload {
			continue
		}
		if resp, err := s.client.Organizations.DeleteHook(ctx, org, h.GetID()); err != nil {
			return deleted, s.hookError(ctx, doing, resp, err)
		}
		deleted++
	}
	return deleted, nil
}

// Ping has GitHub send a ping to a webhook.
func (s *Source) Ping(ctx context.Context, org string, h Hook) error {
	resp, err := s.client.Organizations.PingHook(ctx, org, h.ID)
	return forge{s.api, s.client}.fail(ctx, "ping the webhook of "+org, resp, err)
}

// Check reports whether the token sees the organisation. What is wrong with the
// settings is an [ingest.Misfit].
func (s *Source) Check(ctx context.Context, org string) error {
	doing := "read organisation " + org
	_, resp, err := s.client.Organizations.Get(ctx, org)
	if resp == nil {
		return s.api.Misfit(ctx, doing, nil, err)
	}
	if page := signOn(resp); err != nil && resp.StatusCode == http.StatusForbidden && page != "" {
		return &ingest.Misfit{Setting: ingest.SettingToken, Err: fault.New(fault.Denied, "%s: the organisation lets tokens in by its single sign-on (SAML): authorise this one at %s", doing, page)}
	}
	if err != nil && resp.StatusCode == http.StatusNotFound && s.isPersonal(ctx, org) {
		return &ingest.Misfit{Setting: ingest.SettingOwner, Err: fault.New(fault.Invalid,
			"%s: %s is a personal account and no organisation, and has no webhook of its own. Name its repositories in the configuration instead, as repositories: [%s/name], and make a webhook for each", doing, org, org)}
	}
	return s.api.Misfit(ctx, doing, resp.Response, err)
}

// CheckRepository reports whether one repository could be read, which the source is to be
// limited to. What is wrong with the settings is an [ingest.Misfit].
func (s *Source) CheckRepository(ctx context.Context, name string) error {
	misfit := func(kind fault.Kind, format string) error {
		return &ingest.Misfit{Setting: ingest.SettingRepositories, Err: fault.New(kind, format, name)}
	}
	switch {
	case !isFullName(name):
		return misfit(fault.Invalid, "“%s” names no repository: write acme/payments for https://github.com/acme/payments, and several with commas between")
	case !s.Covers(name):
		return misfit(fault.Invalid, "%s is a repository of none of the organisations")
	}
	owner, repo := split(ingest.Repository{FullName: name})
	_, resp, err := s.client.Repositories.Get(ctx, owner, repo)
	if err != nil && resp != nil && resp.StatusCode == http.StatusNotFound {
		return misfit(fault.NotFound, "there is no repository %s (404), or the token may not see it")
	}
	if resp == nil {
		return s.api.Misfit(ctx, "read "+name, nil, err)
	}
	return s.api.Misfit(ctx, "read "+name, resp.Response, err)
}

// isPersonal reports whether a name is somebody's own account.
func (s *Source) isPersonal(ctx context.Context, name string) bool {
	who, _, err := s.client.Users.Get(ctx, name)
	return err == nil && who.GetType() == "User"
}

// signOn is the page on which a token is let into an organisation that has single
// sign-on; "" if that is not what is missing. See
// https://docs.github.com/rest/authentication/authenticating-to-the-rest-api.
func signOn(resp *github.Response) string {
	required, page, ok := strings.Cut(resp.Header.Get("X-Github-Sso"), "; url=")
	if !ok || required != "required" || !strings.HasPrefix(page, "https://") {
		return ""
	}
	return page
}

// hookError says what token it takes: GitHub answers 404 to all others.
func (s *Source) hookError(ctx context.Context, doing string, resp *github.Response, err error) error {
	err = forge{s.api, s.client}.fail(ctx, doing, resp, err)
	if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Denied {
		return fault.New(fault.Denied, "%w; it takes a token of an owner of the organisation, with admin:org_hook (classic) or Webhooks: read and write (fine-grained)", err)
	}
	return err
}
