// Package gitlab is the source for GitLab, gitlab.com and self-managed: how its
// webhooks are signed, what a push means, and how projects are read.
//
// Start with [New]. The facts are those of
// https://docs.gitlab.com/user/project/integrations/webhooks/ and
// https://docs.gitlab.com/api/rest/.
package gitlab

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/catalog/codeowners"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// Options are the settings of a Source. At least one of WebhookSecret and
// SigningToken must be set.
type Options struct {
	Name          string // of the source, in /hooks/{name}
	URL           string // of the instance; "" = https://gitlab.com
	Token         string // "" reads public projects
	WebhookSecret string // sent in clear as X-Gitlab-Token
	SigningToken  string // whsec_…, GitLab 19.0 and later
	// What was valid before is taken, too, while they are being changed; "" = none.
	PreviousSecret, PreviousToken string
	Groups                        []string // whose projects count, with subgroups; empty = all that the webhook tells of
	// Payload is where its webhook sends to now. What leads elsewhere is another
	// portal's, however it ends. Nil: nobody asks what was sent.
	Payload func() string

	Cache     string                // file of the forge's answers over a restart; "" = none
	Transport http.RoundTripper     // nil: one with timeouts
	Now       func() time.Time      // nil: time.Now
	Metrics   prometheus.Registerer // nil: none
}

// Source is one GitLab, as [ingest.Source].
type Source struct {
	name    string
	secrets []string // the present one first
	keys    [][]byte // of the signing tokens
	groups  []string
	payload func() string
	// accessToken is what the API is asked with; "" reads what is public.
	accessToken string
	now         func() time.Time
	api         *forgeapi.Client
	client      *gitlab.Client
}

// New makes a source. An error of kind fault.Invalid says which option is wrong.
func New(o Options) (*Source, error) {
	if o.WebhookSecret == "" && o.SigningToken == "" {
		return nil, fault.New(fault.Invalid, "source %s: webhookSecret and signingToken are both empty, so that anybody could send deliveries: set one of them", o.Name)
	}
	s := &Source{name: o.Name, groups: o.Groups, payload: o.Payload, accessToken: o.Token, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	for _, token := range present(o.SigningToken, o.PreviousToken) {
		key, err := signingKey(token)
		if err != nil {
			return nil, fault.New(fault.Invalid, "source %s: signingToken %w", o.Name, err)
		}
		s.keys = append(s.keys, key)
	}
	s.secrets = present(o.WebhookSecret, o.PreviousSecret)
	if s.api, err = forgeapi.New(forgeapi.Options{Source: o.Name, Transport: o.Transport, Cache: o.Cache, Now: s.now, Metrics: o.Metrics}); err != nil {
		return nil, err
	}
	options := []gitlab.ClientOptionFunc{
		gitlab.WithHTTPClient(s.api.HTTP),
		// Whether and when to try again is decided in one place, the reactor,
		// which can tell people that it waits.
		gitlab.WithoutRetries(),
		gitlab.WithCustomLimiter(unlimited{}),
		gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
	}
	if o.URL != "" {
		if u, err := url.Parse(o.URL); err != nil || u.Host == "" {
			return nil, fault.New(fault.Invalid, "source %s: url %q is no address: write that of the instance, https://gitlab.com", o.Name, o.URL)
		}
		options = append(options, gitlab.WithBaseURL(o.URL))
	}
	auth := gitlab.AuthSource(gitlab.Unauthenticated{})
	if o.Token != "" {
		auth = gitlab.AccessTokenAuthSource{Token: o.Token}
	}
	if s.client, err = gitlab.NewAuthSourceClient(auth, options...); err != nil {
		return nil, fault.New(fault.Invalid, "source %s: %w", o.Name, err)
	}
	return s, nil
}

// present are the secrets that are valid: none if the first is not set.
func present(now, before string) []string {
	switch {
	case now == "":
		return nil
	case before == "":
		return []string{now}
	default:
		return []string{now, before}
	}
}

// unlimited turns off client-go's limiter, which would hold requests back
// without a word.
type unlimited struct{}

// Wait implements [gitlab.RateLimiter].
func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// Name returns the source's name.
func (s *Source) Name() string { return s.name }

// Budget returns what GitLab said last about the rate limit.
func (s *Source) Budget() forgeapi.Budget { return s.api.Budget() }

// Save keeps the forge's answers for the next start.
func (s *Source) Save() error { return s.api.Save() }

// GitLogin returns what a project is cloned with; no password for those that anybody
// may clone.
func (s *Source) GitLogin(context.Context) (user, password string, err error) {
	return "oauth2", s.accessToken, nil
}

// Codeowners returns GitLab's dialect.
func (s *Source) Codeowners() codeowners.Dialect { return codeowners.GitLab }

// Forge returns the API that the source's projects are read by.
func (s *Source) Forge() ingest.Forge { return forge{s.api, s.client} }

var (
	_ ingest.Source = (*Source)(nil)
	_ ingest.Scoped = (*Source)(nil)
)
