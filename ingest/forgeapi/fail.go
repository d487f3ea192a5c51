package forgeapi

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// unsaidWait is how long to wait when a forge says "too many" and not how long.
const unsaidWait = time.Minute

// tokenWait is how long to wait when the token is not accepted. It has expired,
// most likely, and every delivery would fail until there is another one.
const tokenWait = time.Minute

// Fail turns what came of a request into an error with a kind; nil stays nil.
// Doing says what was tried, "read the tree of acme/payments at 1a2b3c4". Resp
// may be nil: then nothing answered.
//
// The texts are for people and hold neither times, request ids nor secrets:
// the same trouble always reads the same, so that it can be told once.
func (c *Client) Fail(ctx context.Context, doing string, resp *http.Response, err error) error {
	var ours *fault.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errElsewhere):
		return fault.New(fault.Denied, "%s: %s: %w; set the source's url to where it really is", c.source, doing, errElsewhere)
	case errors.Is(err, errTooLong):
		return fault.New(fault.Invalid, "%s: %s: %w", c.source, doing, errTooLong)
	case errors.As(err, &ours): // said before anything was sent
		return ours
	case resp == nil:
		return fault.New(fault.Unavailable, "%s: %s: %s", c.source, doing, describe(err))
	}
	status := resp.StatusCode
	wait, limited := c.limited(resp)
	switch {
	case limited:
		return c.Limited(doing, wait)
	case status == http.StatusUnauthorized:
		return fault.Later(tokenWait, "%s: %s: the forge does not accept the token (401): renew it in the source's configuration; deliveries wait until then", c.source, doing)
	case status == http.StatusForbidden:
		return fault.New(fault.Denied, "%s: %s: the token may not do this (403): let it read the repository's contents", c.source, doing)
	case status == http.StatusNotFound || status == http.StatusGone:
		return fault.New(fault.NotFound, "%s: %s: not found (%d): it is gone, or the token may not see it", c.source, doing, status)
	case status == http.StatusConflict: // how GitHub says that a repository is empty
		return fault.New(fault.NotFound, "%s: %s: the repository is empty (409)", c.source, doing)
	case status == http.StatusAccepted:
		return fault.New(fault.Unavailable, "%s: %s: the forge is still preparing the answer (202)", c.source, doing)
	case status >= 500:
		return fault.Later(retryAfter(resp, c.now()), "%s: %s: the forge has trouble of its own (%d)", c.source, doing, status)
	case status >= 400:
		return fault.New(fault.Invalid, "%s: %s: the forge refuses the request (%d)", c.source, doing, status)
	default:
		return fault.New(fault.Unavailable, "%s: %s: the answer cannot be read: %s", c.source, doing, describe(err))
	}
}

// Limited is the error for a forge that has been asked too much; it says to
// wait at least a second.
func (c *Client) Limited(doing string, wait time.Duration) error {
	return fault.Later(max(wait, time.Second), "%s: %s: the forge's rate limit is used up; it goes on by itself", c.source, doing)
}

// Until is how long it is until t, by the client's clock.
func (c *Client) Until(t time.Time) time.Duration { return t.Sub(c.now()) }

// limited says whether the answer is a rate limit, and how long it lasts.
// GitHub uses 403 and 429 for both its primary and its secondary limits.
func (c *Client) limited(resp *http.Response) (time.Duration, bool) {
	if s := resp.StatusCode; s != http.StatusTooManyRequests && s != http.StatusForbidden {
		return 0, false
	}
	if wait := retryAfter(resp, c.now()); wait > 0 {
		return wait, true
	}
	if b, ok := readBudget(resp.Header); ok && b.Remaining == 0 && !b.Reset.IsZero() {
		return c.Until(b.Reset), true
	}
	return unsaidWait, resp.StatusCode == http.StatusTooManyRequests
}

// retryAfter reads the header in both its forms, seconds and date.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	v := resp.Header.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil {
		return time.Duration(max(s, 0)) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// describe names what went wrong with a connection, without addresses and
// ports, which differ each time.
func describe(err error) string {
	var (
		dns     *net.DNSError
		timeout net.Error
		cert    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.As(err, &cert):
		return "its certificate is not trusted: " + cert.Err.Error()
	default:
		return "the connection or the answer broke off"
	}
}
