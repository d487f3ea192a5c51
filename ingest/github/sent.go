package github

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// hookOf is a webhook that GitHub keeps a record of: an App's, an organisation's
// or a repository's.
type hookOf struct {
	owner, repo string // repo is empty for an organisation's; both are for an App's
	id          int64
}

// key finds the hook again in an [ingest.Attempt.Location].
func (h hookOf) key(delivery int64) string {
	return fmt.Sprintf("%s %s %d %d", dash(h.owner), dash(h.repo), h.id, delivery)
}

// none stands for an empty name; no owner or repository can be called so.
const none = "*"

func dash(s string) string { return cmp.Or(s, none) }

func undash(s string) string {
	if s == none {
		return ""
	}
	return s
}

func parseKey(key string) (h hookOf, delivery int64, err error) {
	if _, err := fmt.Sscanf(key, "%s %s %d %d", &h.owner, &h.repo, &h.id, &delivery); err != nil {
		return h, 0, fmt.Errorf("%q is no delivery of GitHub's: %w", key, err)
	}
	h.owner, h.repo = undash(h.owner), undash(h.repo)
	return h, delivery, nil
}

// Since lists what GitHub sent to this source's webhooks, of which it remembers
// three days, and ends in an [ingest.NoWebhook] if some are missing: https://docs.github.com/rest/orgs/webhooks#list-deliveries-for-an-organization-webhook
func (s *Source) Since(ctx context.Context, since time.Time) iter.Seq2[ingest.Attempt, error] {
	return func(yield func(ingest.Attempt, error) bool) {
		hooks, missing, err := s.hooks(ctx)
		if err != nil {
			yield(ingest.Attempt{}, err)
			return
		}
		for _, h := range hooks {
			if !s.attempts(ctx, h, since, yield) {
				return
			}
		}
		if missing != nil {
			yield(ingest.Attempt{}, missing)
		}
	}
}

// hooks finds the webhooks that lead here, and says which are missing; nil if none is.
func (s *Source) hooks(ctx context.Context) ([]hookOf, *ingest.NoWebhook, error) {
	if s.app != nil {
		return s.appHook(ctx)
	}
	f := foundHooks{source: s, payload: s.payload(), missing: ingest.NoWebhook{Payload: s.payload()}}
	sends := map[string]bool{} // organisations whose webhook leads here
	for _, org := range s.organizations {
		found, resp, err := s.client.Organizations.ListHooks(ctx, org, &github.ListOptions{PerPage: perPage})
		if err != nil {
			return nil, nil, forge{s.api, s.client}.fail(ctx, "list the webhooks of "+org, resp, err)
		}
		sends[strings.ToLower(org)] = f.add(found, org, "")
		if len(s.repositories) == 0 && !sends[strings.ToLower(org)] {
			f.missing.Of = append(f.missing.Of, "organisation "+org)
		}
	}
	for _, name := range s.repositories {
		owner, repo := split(ingest.Repository{FullName: name})
		found, resp, err := s.client.Repositories.ListHooks(ctx, owner, repo, &github.ListOptions{PerPage: perPage})
		if err != nil {
			return nil, nil, forge{s.api, s.client}.fail(ctx, "list the webhooks of "+name, resp, err)
		}
		if !f.add(found, owner, repo) && !sends[strings.ToLower(owner)] {
			f.missing.Of = append(f.missing.Of, "repository "+name)
		}
	}
	if len(f.missing.Of) == 0 {
		return f.ours, nil, nil
	}
	return f.ours, &f.missing, nil
}

// foundHooks tells webhooks that lead here from others.
type foundHooks struct {
	source  *Source
	payload string
	ours    []hookOf
	missing ingest.NoWebhook
}

// add reports whether one of an organisation's or a repository's webhooks sends here
// now. What one sent that is switched off is looked at still.
func (f *foundHooks) add(hooks []*github.Hook, owner, repo string) (sends bool) {
	for _, h := range hooks {
		switch to := h.Config.GetURL(); {
		case to == f.payload:
			f.ours = append(f.ours, hookOf{owner, repo, h.GetID()})
			sends = sends || h.GetActive()
		case strings.HasSuffix(to, f.source.hookPath()) && !slices.Contains(f.missing.Elsewhere, to):
			f.missing.Elsewhere = append(f.missing.Elsewhere, to)
		}
	}
	f.missing.Partly = f.missing.Partly || sends
	return sends
}

// appHook is that of an App, which has just one: it may have been given another address.
func (s *Source) appHook(ctx context.Context) ([]hookOf, *ingest.NoWebhook, error) {
	c, resp, err := s.app.Apps.GetHookConfig(ctx)
	if err != nil {
		return nil, nil, forge{s.api, s.app}.fail(ctx, "read the webhook of the App", resp, err)
	}
	if to := c.GetURL(); to != s.payload() {
		missing := &ingest.NoWebhook{Of: []string{"the App"}, Payload: s.payload()}
		if to != "" {
			missing.Elsewhere = []string{to}
		}
		return nil, missing, nil
	}
	return []hookOf{{}}, nil, nil
}

// attempts yields those of one webhook, and reports false when nothing more is wanted.
func (s *Source) attempts(ctx context.Context, h hookOf, since time.Time, yield func(ingest.Attempt, error) bool) bool {
	o := &github.ListCursorOptions{PerPage: perPage}
	for range ingest.MaxAttempts / perPage {
		page, resp, err := s.attemptsPage(ctx, h, o)
		if err != nil {
			return yield(ingest.Attempt{}, forge{s.api, s.client}.fail(ctx, "list the deliveries of the webhook", resp, err))
		}
		for _, d := range page {
			if d.GetDeliveredAt().Before(since) {
				return true
			}
			a := ingest.Attempt{
				ID: d.GetGUID(), Event: d.GetEvent(), At: d.GetDeliveredAt().Time, OK: d.GetStatusCode()/100 == 2, Location: h.key(d.GetID()),
			}
			if !yield(a, nil) {
				return false
			}
		}
		if resp.Cursor == "" {
			return true
		}
		o.Cursor = resp.Cursor
	}
	return yield(ingest.Attempt{}, ingest.ErrTooManyAttempts)
}

func (s *Source) attemptsPage(ctx context.Context, h hookOf, o *github.ListCursorOptions) ([]*github.HookDelivery, *github.Response, error) {
	switch {
	case h.owner == "":
		return s.app.Apps.ListHookDeliveries(ctx, o)
	case h.repo == "":
		return s.client.Organizations.ListHookDeliveries(ctx, h.owner, h.id, o)
	default:
		return s.client.Repositories.ListHookDeliveries(ctx, h.owner, h.repo, h.id, o)
	}
}

// Fetch returns what GitHub sent. The body is JSON, in whatever form it was sent.
func (s *Source) Fetch(ctx context.Context, a ingest.Attempt) (http.Header, []byte, error) {
	h, id, err := parseKey(a.Location)
	if err != nil {
		return nil, nil, err
	}
	var (
		d    *github.HookDelivery
		resp *github.Response
	)
	switch {
	case h.owner == "":
		d, resp, err = s.app.Apps.GetHookDelivery(ctx, id)
	case h.repo == "":
		d, resp, err = s.client.Organizations.GetHookDelivery(ctx, h.owner, h.id, id)
	default:
		d, resp, err = s.client.Repositories.GetHookDelivery(ctx, h.owner, h.repo, h.id, id)
	}
	doing := "read delivery " + strconv.FormatInt(id, 10)
	if err != nil {
		return nil, nil, forge{s.api, s.client}.fail(ctx, doing, resp, err)
	}
	if d.GetGUID() != a.ID || d.Request == nil || d.Request.RawPayload == nil {
		return nil, nil, fault.New(fault.Unavailable, "%s: %s: the answer is no delivery", s.name, doing)
	}
	header := http.Header{}
	for name, value := range d.Request.Headers {
		header.Set(name, value)
	}
	header.Set("Content-Type", "application/json")
	return header, *d.Request.RawPayload, nil
}
