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
	ID  int64
	New bool // it was not there before
}

// EnsureHook makes the webhook of an organisation that sends to a payload address,
// or changes the one that is there: one whose address ends in this source's path.
// Its secret is the source's. The token must be that of an owner (admin:org_hook).
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
	for _, h := range hooks {
		if strings.HasSuffix(h.Config.GetURL(), s.hookPath()) {
			changed, resp, err := s.client.Organizations.EditHook(ctx, org, h.GetID(), want)
			if err != nil {
				return Hook{}, s.hookError(ctx, doing, resp, err)
			}
			return Hook{ID: changed.GetID()}, nil
		}
	}
	made, resp, err := s.client.Organizations.CreateHook(ctx, org, want)
	if err != nil {
		return Hook{}, s.hookError(ctx, doing, resp, err)
	}
	return Hook{ID: made.GetID(), New: true}, nil
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
	return s.api.Misfit(ctx, doing, resp.Response, err)
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
