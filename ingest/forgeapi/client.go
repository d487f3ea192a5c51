// Package forgeapi is what the API clients of every forge share: an HTTP
// client with timeouts that asks conditionally, keeps an eye on the rate limit
// and never carries a token to another host, and one place where answers
// become errors that the rest of Callboard understands.
//
// Start with [New]. It knows HTTP and nothing of any forge.
package forgeapi

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The limits of one answer.
const (
	requestTimeout = 30 * time.Second // for a whole answer, body included
	headerTimeout  = 15 * time.Second // until its first byte
	maxAnswer      = 64 << 20         // bytes of a body; GitHub's largest tree has 7 MB
	cacheSize      = 32 << 20         // bytes of bodies, compressed, kept for conditional requests
)

// Options are the settings of a Client.
type Options struct {
	Source    string                // name of the source, for errors and metrics
	Transport http.RoundTripper     // nil: one with timeouts
	Now       func() time.Time      // nil: time.Now
	Metrics   prometheus.Registerer // nil: none
	// Cache is a file that remembered answers are kept in over a restart, so that
	// what has not changed costs no rate limit then either; "" = none. See [Client.Save].
	Cache string
}

// Client asks one forge on behalf of one source.
type Client struct {
	// HTTP is for the forge's own client library.
	HTTP *http.Client

	source  string
	now     func() time.Time
	budget  budget
	answers *lru
	cache   string
}

// New makes a client. The error is that of registering the metrics.
func New(o Options) (*Client, error) {
	c := &Client{source: o.Source, now: o.Now, answers: newLRU(cacheSize), cache: o.Cache}
	c.restore()
	if c.now == nil {
		c.now = time.Now
	}
	base := o.Transport
	if base == nil {
		base = newTransport()
	}
	c.HTTP = &http.Client{
		Transport:     &conditional{base: base, answers: c.answers, observe: c.observe},
		CheckRedirect: stayOnHost,
		Timeout:       requestTimeout,
	}
	if o.Metrics != nil {
		return c, o.Metrics.Register(&gauges{c})
	}
	return c, nil
}

// Source is the name of the source, for errors.
func (c *Client) Source() string { return c.source }

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     true,
	}
}

// errElsewhere stops a redirect that would carry the token to another host:
// net/http drops an Authorization header there, but not GitLab's PRIVATE-TOKEN,
// and client libraries set theirs anew on every hop.
var errElsewhere = errors.New("the forge redirects to another host")

// stayOnHost follows redirects, which forges use for renamed repositories.
func stayOnHost(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
		return errElsewhere
	}
	if len(via) >= 5 {
		return errors.New("the forge redirects in circles")
	}
	return nil
}
