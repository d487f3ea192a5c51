package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// portalClient asks a running portal, for commands that work with one.
type portalClient struct {
	base, token string
	by          string // who asks, for the record; "" = nobody says
	http        *http.Client
}

// newPortalClient asks the portal at an address, which is http if it does not say.
func newPortalClient(base, token string) *portalClient {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return &portalClient{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Timeout: 30 * time.Second}}
}

// copy writes what the portal answers to w as it is, however long it takes.
func (c *portalClient) copy(ctx context.Context, path string, w io.Writer) error {
	resp, err := c.request(ctx, &http.Client{}, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fault.New(fault.Unavailable, "the portal's answer broke off: %w", err)
	}
	return nil
}

// ask sends a request, with a body if it is not nil, and reads the answer into
// one, if that is not nil. Errors say what the portal says.
func (c *portalClient) ask(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(b)
	}
	resp, err := c.request(ctx, c.http, method, path, sent)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return fault.New(fault.Unavailable, "the portal's answer broke off: %w", err)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return fmt.Errorf("read the portal's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// request returns an answer that is no refusal; its body is the caller's to close.
func (c *portalClient) request(ctx context.Context, client *http.Client, method, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no address of a portal: %w", c.base, err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.by != "" {
		r.Header.Set(headerBy, url.PathEscape(c.by))
	}
	resp, err := client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return nil, fault.New(fault.Unavailable, "the portal at %s did not answer within %s: it may still be at it; its log says what keeps it", c.base, client.Timeout)
		}
		return nil, fault.New(fault.Unavailable, "no portal answers at %s: start it, or name its address", c.base)
	}
	if resp.StatusCode >= 300 {
		b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		return nil, errors.Join(refusalOf(resp.StatusCode, b), err, resp.Body.Close())
	}
	return resp, nil
}

// refusalOf is what a portal says in problem+json.
func refusalOf(status int, body []byte) error {
	var p struct{ Title, Detail string }
	says := http.StatusText(status)
	if json.Unmarshal(body, &p) == nil && p.Title+p.Detail != "" {
		says = strings.TrimSpace(p.Title + ": " + p.Detail)
	}
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.New(fault.Denied, "the portal wants another token (%d): give what `callboard token` prints there with --portal-token, or name its data folder with --data", status)
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "the portal answers: %s", says)
	case http.StatusConflict:
		return fault.New(fault.Conflict, "the portal answers: %s", says)
	case http.StatusServiceUnavailable:
		return fault.New(fault.Unavailable, "the portal answers: %s", says)
	}
	return fault.New(fault.Invalid, "the portal answers %d: %s", status, says)
}

// until asks again and again until done says so, ctx ends or patience has.
func until(ctx context.Context, patience time.Duration, done func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			return false, err
		case err == nil && ok:
			return true, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, nil
		}
	}
}
