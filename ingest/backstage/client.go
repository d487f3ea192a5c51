package backstage

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

const (
	requestTimeout = 90 * time.Second // a location that is registered may be read meanwhile
	maxAnswer      = 64 << 20         // bytes; a page of entities with large definitions
	maxErrorAnswer = 64 << 10
)

// Server is one of the two that an import talks to.
type Server struct {
	Name  string // "Backstage" or "Callboard", for messages
	URL   string // what /api/catalog is below
	Token string // "" = none is sent
	// TokenFrom tells where the token comes from: "--token or BACKSTAGE_TOKEN".
	TokenFrom string
}

// client asks one server.
type client struct {
	Server
	base string // without a slash at its end
	http *http.Client
}

// newClient makes a client; the error is of kind fault.Invalid.
func newClient(s Server) (*client, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.New(fault.Invalid, "the address of %s must be a URL such as http://localhost:7007", s.Name)
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "the address of %s must hold no user and password; give a token with %s", s.Name, s.TokenFrom)
	}
	u.RawQuery, u.Fragment = "", ""
	base := strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/api/catalog")
	c := &client{Server: s, base: base}
	c.http = &http.Client{Timeout: requestTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		insecure := via[0].URL.Scheme == "https" && r.URL.Scheme != "https" // the token would go in clear
		if r.URL.Host != via[0].URL.Host || insecure || len(via) > 5 {
			return redirectedError{r.URL.Host}
		}
		return nil
	}}
	return c, nil
}

// redirectedError keeps a request, and its token, from being sent elsewhere.
type redirectedError struct{ host string }

func (e redirectedError) Error() string { return "redirected to " + e.host }

// statusError is an answer that is none of those below.
type statusError struct {
	status  int
	message string // the server's own
}

func (e *statusError) Error() string {
	if e.message == "" {
		return "it answers " + strconv.Itoa(e.status)
	}
	return e.message
}

// statusOf returns the status of an error's answer, or 0.
func statusOf(err error) int {
	var s *statusError
	if errors.As(err, &s) {
		return s.status
	}
	return 0
}

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         any    // sent as JSON, unless nil
	wait         uint64 // position that the answer has to have seen
}

// do sends a request and reads the answer into out, unless that is nil. An answer
// that is no success is a *statusError, except 401 and 403: these, like all that
// keeps the server from answering, are errors that say what to do.
func (c *client) do(ctx context.Context, r call, out any) (http.Header, error) {
	var body io.Reader = http.NoBody
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if r.wait > 0 {
		req.Header.Set("Callboard-Wait-Position", strconv.FormatUint(r.wait, 10))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.refused(resp)
	}
	if out == nil {
		return resp.Header, nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unreached(ctx, err)
	case len(text) > maxAnswer:
		return nil, fault.New(fault.Unavailable, "%s at %s answers %s with more than %d MB", c.Name, c.base, r.path, maxAnswer>>20)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, c.foreign(r.path)
	}
	return resp.Header, nil
}

// foreign is the error of a server that is something else.
func (c *client) foreign(path string) error {
	if c.Name == backstageName {
		return fault.New(fault.Unavailable, "what answers at %s is no Backstage backend: %s is not its catalog's JSON. The address of the backend is wanted, "+
			"not that of the pages: backend.baseUrl in app-config.yaml, by default http://localhost:7007", c.base, c.base+path)
	}
	return fault.New(fault.Unavailable, "what answers at %s is no Callboard: %s is not its JSON", c.base, c.base+path)
}

// unreached says why there is no answer.
func (c *client) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		redirected  redirectedError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		lookup      *net.DNSError
		address     *url.Error
	)
	switch {
	case errors.As(err, &redirected):
		return fault.New(fault.Unavailable, "%s at %s sends on to %s, perhaps a page to sign in on: give the address of the backend itself, and a token with %s",
			c.Name, c.base, redirected.host, c.TokenFrom)
	case errors.As(err, &certificate):
		return fault.New(fault.Unavailable, "the certificate of %s at %s is not trusted: %w. If your organisation signs its own, set SSL_CERT_FILE to its root certificate",
			c.Name, c.base, certificate.Err)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fault.New(fault.Unavailable, "%s at %s does not speak TLS: write http:// instead of https://", c.Name, c.base)
	case errors.As(err, &lookup):
		return fault.New(fault.Unavailable, "%s at %s cannot be reached: there is no host %s", c.Name, c.base, lookup.Name)
	case errors.As(err, &address):
		err = address.Err
	}
	return fault.New(fault.Unavailable, "%s at %s cannot be reached: %w. Is it running, and is the address right?", c.Name, c.base, err)
}

// refused reads an answer that is no success.
func (c *client) refused(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorAnswer))
	var body struct {
		Error  struct{ Message string }
		Detail string // of our own surface
	}
	if err != nil || json.Unmarshal(text, &body) != nil {
		body.Error.Message = ""
	}
	message := body.Error.Message
	if message == "" {
		message = body.Detail
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		if c.Token == "" {
			return fault.New(fault.Denied, "%s at %s wants a token (%d): give one with %s", c.Name, c.base, resp.StatusCode, c.TokenFrom)
		}
		return fault.New(fault.Denied, "%s at %s does not accept the token of %s (%d%s)", c.Name, c.base, c.TokenFrom, resp.StatusCode, after(": ", message))
	default:
		return &statusError{resp.StatusCode, message}
	}
}

func after(separator, s string) string {
	if s == "" {
		return ""
	}
	return separator + s
}

// failed says of an answer that nothing can be made of where it came from.
func (c *client) failed(what string, err error) error {
	if statusOf(err) == 0 {
		return err
	}
	return fault.New(fault.Unavailable, "%s: %s at %s: %w", what, c.Name, c.base, err)
}
