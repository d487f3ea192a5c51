// Package github is the source for GitHub and GitHub Enterprise Server: how
// their webhooks are signed, what a push means, and how repositories are read.
//
// Start with [New]. The facts are those of
// https://docs.github.com/en/webhooks/webhook-events-and-payloads and
// https://docs.github.com/en/rest.
package github

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// Options are the settings of a Source.
type Options struct {
	Name          string // of the source, in /hooks/{name}
	URL           string // of the API; "" = https://api.github.com
	Token         string // "" reads public repositories, 60 requests an hour
	App           *App   // instead of a token; nil: none
	WebhookSecret string // never empty
	// PreviousSecret signs deliveries, too, while the secret is being changed; "" = none.
	PreviousSecret string
	Organizations  []string // whose repositories count; empty = all that the webhook tells of
	// Payload is where its webhook sends to now. What leads elsewhere is another
	// portal's, however it ends. Nil: nobody asks what was sent.
	Payload      func() string
	Repositories []string // the only ones that are listed, "acme/payments"; empty = all of the organisations

	Cache     string                // file of the forge's answers over a restart; "" = none
	Transport http.RoundTripper     // nil: one with timeouts
	Now       func() time.Time      // nil: time.Now
	Metrics   prometheus.Registerer // nil: none
}

// Source is one GitHub, as [ingest.Source].
type Source struct {
	name          string
	secrets       [][]byte // the present one first
	organizations []string
	repositories  []string
	payload       func() string
	api           *forgeapi.Client
	client        *github.Client
	app           *github.Client // asks as the App; nil without one
	token         func(context.Context) (string, error)
}

// New makes a source. An error of kind fault.Invalid says which option is wrong.
func New(o Options) (*Source, error) {
	if o.WebhookSecret == "" {
		return nil, fault.New(fault.Invalid, "source %s: webhookSecret is empty, so that anybody could send deliveries: set the secret of the webhook", o.Name)
	}
	api, err := forgeapi.New(forgeapi.Options{Source: o.Name, Transport: o.Transport, Cache: o.Cache, Now: o.Now, Metrics: o.Metrics})
	if err != nil {
		return nil, err
	}
	base, err := apiBase(o.Name, o.URL)
	if err != nil {
		return nil, err
	}
	s := &Source{name: o.Name, secrets: [][]byte{[]byte(o.WebhookSecret)}, organizations: o.Organizations, repositories: o.Repositories, payload: o.Payload, api: api}
	s.token = func(context.Context) (string, error) { return o.Token, nil }
	if o.PreviousSecret != "" {
		s.secrets = append(s.secrets, []byte(o.PreviousSecret))
	}
	switch {
	case o.App != nil:
		in, err := newInstalled(o, base, api)
		if err != nil {
			return nil, err
		}
		s.app, s.client, s.token = in.asApp, over(api.HTTP, in), in.token
	case o.Token != "":
		s.client = github.NewClient(api.HTTP).WithAuthToken(o.Token)
	default:
		s.client = github.NewClient(api.HTTP)
	}
	s.client.BaseURL = base
	return s, nil
}

// apiBase is the address that go-github joins relative paths to.
func apiBase(source, address string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(cmp.Or(address, "https://api.github.com"), "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fault.New(fault.Invalid, "source %s: url %q is no address: write https://api.github.com, or https://your.host/api/v3 for an Enterprise Server", source, address)
	}
	return base, nil
}

// over is a client with the settings of another HTTP client and its own transport.
func over(h *http.Client, t http.RoundTripper) *github.Client {
	own := *h
	own.Transport = t
	return github.NewClient(&own)
}

// Name returns the source's name.
func (s *Source) Name() string { return s.name }

// Budget returns what GitHub said last about the rate limit.
func (s *Source) Budget() forgeapi.Budget { return s.api.Budget() }

// Save keeps the forge's answers for the next start.
func (s *Source) Save() error { return s.api.Save() }

// GitLogin returns what a repository is cloned with now; no password for those that
// anybody may clone.
func (s *Source) GitLogin(ctx context.Context) (user, password string, err error) {
	password, err = s.token(ctx)
	return "x-access-token", password, err
}

// Codeowners returns GitHub's dialect.
func (s *Source) Codeowners() codeowners.Dialect { return codeowners.GitHub }

// Forge returns the API that the source's repositories are read by.
func (s *Source) Forge() ingest.Forge { return forge{s.api, s.client} }

// Verify checks the SHA-256 signature over the body. See
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
//
// go-github's own check falls back to SHA-1, which is why it is not used.
func (s *Source) Verify(h http.Header, body []byte) (ingest.Receipt, error) {
	// Gitea and Forgejo copy GitHub's headers but sign other bytes.
	for _, name := range []string{"X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event"} {
		if h.Get(name) != "" {
			return ingest.Receipt{}, fault.New(fault.Denied, "this delivery comes from Gitea or Forgejo (%s), and source %s is GitHub: point the webhook elsewhere", name, s.name)
		}
	}
	signature := h.Get("X-Hub-Signature-256")
	switch {
	case signature == "" && h.Get("X-Hub-Signature") != "":
		return ingest.Receipt{}, fault.New(fault.Denied, "the delivery is signed with SHA-1 alone, which is not accepted: X-Hub-Signature-256 is missing")
	case signature == "":
		return ingest.Receipt{}, fault.New(fault.Denied, "the delivery is not signed: set the secret of source %s in the webhook's settings", s.name)
	}
	mac, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	if err != nil || !strings.HasPrefix(signature, "sha256=") || !s.signed(mac, body) {
		return ingest.Receipt{}, fault.New(fault.Denied, "the signature does not fit: the webhook's secret is not that of source %s, or the body was changed on its way", s.name)
	}
	return ingest.Receipt{ID: h.Get("X-GitHub-Delivery"), Event: h.Get("X-GitHub-Event")}, nil
}

func (s *Source) signed(mac, body []byte) bool {
	return slices.ContainsFunc(s.secrets, func(secret []byte) bool {
		m := hmac.New(sha256.New, secret)
		m.Write(body)
		return hmac.Equal(mac, m.Sum(nil))
	})
}

var (
	_ ingest.Source = (*Source)(nil)
	_ ingest.Scoped = (*Source)(nil)
)
