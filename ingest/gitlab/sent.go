package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// hookEvent is an entry of a webhook's log, which client-go has no type for:
// https://docs.gitlab.com/api/group_webhooks/#list-all-events-for-a-group-hook
type hookEvent struct {
	ID             int64             `json:"id"`
	Trigger        string            `json:"trigger"`
	RequestHeaders map[string]string `json:"request_headers"`
	RequestData    json.RawMessage   `json:"request_data"`
	ResponseStatus json.RawMessage   `json:"response_status"` // "200", 200 or "internal error"
	CreatedAt      time.Time         `json:"created_at"`
}

// Since lists what GitLab sent to this source's group webhooks, of which it
// remembers a few days, and ends in an [ingest.NoWebhook] if some are missing. Those of
// projects are not asked for: one request each.
func (s *Source) Since(ctx context.Context, since time.Time) iter.Seq2[ingest.Attempt, error] {
	return func(yield func(ingest.Attempt, error) bool) {
		payload := s.payload()
		missing := &ingest.NoWebhook{Payload: payload}
		for _, group := range s.groups {
			hooks, resp, err := s.groupHooks(ctx, group)
			if err != nil {
				yield(ingest.Attempt{}, forge{s.api, s.client}.fail(ctx, "list the webhooks of "+group, resp, err))
				return
			}
			h := Hooks{Elsewhere: missing.Elsewhere}
			id := s.ours(hooks, payload, &h)
			missing.Elsewhere = h.Elsewhere
			if id == 0 || slices.ContainsFunc(hooks, func(h webhook) bool { return h.id == id && h.off }) {
				missing.Of = append(missing.Of, "group "+group)
			} else {
				missing.Partly = true
			}
			if id != 0 && !s.attempts(ctx, fmt.Sprintf("groups/%s/hooks/%d/events", url.PathEscape(group), id), since, yield) {
				return
			}
		}
		if len(missing.Of) > 0 {
			yield(ingest.Attempt{}, missing)
		}
	}
}

// attempts yields those of one webhook, the newest first, and reports false when
// nothing more is wanted.
func (s *Source) attempts(ctx context.Context, path string, since time.Time, yield func(ingest.Attempt, error) bool) bool {
	o := gitlab.ListOptions{PerPage: 20, Page: 1} // the most that GitLab gives here
	for range ingest.MaxAttempts / 20 {
		events, resp, err := s.events(ctx, path, o)
		if err != nil {
			return yield(ingest.Attempt{}, forge{s.api, s.client}.fail(ctx, "list the deliveries of the webhook", resp, err))
		}
		for _, e := range events {
			if e.CreatedAt.Before(since) {
				return true
			}
			header := headerOf(e)
			a := ingest.Attempt{
				ID: header.Get("Idempotency-Key"), Event: header.Get("X-Gitlab-Event"), At: e.CreatedAt, OK: strings.HasPrefix(strings.Trim(string(e.ResponseStatus), `"`), "2"),
				Location: fmt.Sprintf("%s %d %d", path, o.Page, e.ID),
			}
			if !yield(a, nil) {
				return false
			}
		}
		if resp.NextPage == 0 {
			return true
		}
		o.Page = resp.NextPage
	}
	return yield(ingest.Attempt{}, ingest.ErrTooManyAttempts)
}

func (s *Source) events(ctx context.Context, path string, o gitlab.ListOptions) ([]hookEvent, *gitlab.Response, error) {
	r, err := s.client.NewRequest(http.MethodGet, path, o, []gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
	if err != nil {
		return nil, nil, err
	}
	var events []hookEvent
	resp, err := s.client.Do(r, &events)
	return events, resp, err
}

// Fetch returns what GitLab sent, from the page of the log on which it stood, or
// one of the next two: newer entries push it on.
func (s *Source) Fetch(ctx context.Context, a ingest.Attempt) (http.Header, []byte, error) {
	var path string
	var page, id int64
	if _, err := fmt.Sscanf(a.Location, "%s %d %d", &path, &page, &id); err != nil {
		return nil, nil, fmt.Errorf("%q is no delivery of GitLab's: %w", a.Location, err)
	}
	for p := page; p < page+3; p++ {
		events, resp, err := s.events(ctx, path, gitlab.ListOptions{PerPage: 20, Page: p})
		if err != nil {
			return nil, nil, forge{s.api, s.client}.fail(ctx, "read a delivery of the webhook", resp, err)
		}
		for _, e := range events {
			if e.ID == id {
				header := headerOf(e)
				header.Set("Content-Type", "application/json")
				return header, e.RequestData, nil
			}
		}
	}
	return nil, nil, fault.New(fault.NotFound, "%s: delivery %d is not on the webhook's record any more", s.name, id)
}

func headerOf(e hookEvent) http.Header {
	h := http.Header{}
	for name, value := range e.RequestHeaders {
		h.Set(name, value)
	}
	return h
}
