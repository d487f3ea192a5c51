package forgeapi

import (
	"context"
	"net/http"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// Misfit is [Client.Fail] for the first question with new settings, which asks for
// the owner of repositories: it says which of the settings is wrong, as an
// [ingest.Misfit], and what to do about it. A forge that has been asked too much
// says nothing of them.
func (c *Client) Misfit(ctx context.Context, doing string, resp *http.Response, err error) error {
	if err == nil || ctx.Err() != nil {
		return c.Fail(ctx, doing, resp, err)
	}
	if resp == nil {
		return &ingest.Misfit{Setting: ingest.SettingURL, Err: c.Fail(ctx, doing, resp, err)}
	}
	if _, limited := c.limited(resp); limited {
		return c.Fail(ctx, doing, resp, err)
	}
	at, kind, says := ingest.SettingURL, fault.Invalid, "what answers is not the API of such a forge"
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized:
		at, kind, says = ingest.SettingToken, fault.Denied, "the forge does not accept the token (401): it has expired, was revoked, or is another forge's. Make a new one"
	case status == http.StatusForbidden:
		at, kind, says = ingest.SettingToken, fault.Denied, "the token may not do this (403): it lacks a scope. Make one that has those below"
	case status == http.StatusNotFound:
		at, kind, says = ingest.SettingOwner, fault.NotFound, "there is none of this name (404), or the token may not see it"
	case status >= 500:
		kind, says = fault.Unavailable, "the forge has trouble of its own. Try again later"
	}
	return &ingest.Misfit{Setting: at, Err: fault.New(kind, "%s: %s", doing, says)}
}
