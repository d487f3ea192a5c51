package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// App is a GitHub App, instead of a token: https://docs.github.com/apps
type App struct {
	ID           int64
	Installation int64  // of the organisation; 0 finds it
	PrivateKey   string // path of the PEM file
}

// installed asks as an App's installation, with tokens that it renews. If it is to
// find the installation, it looks when that is needed: an App may be made long before
// somebody installs it, and one that was installed again has another.
type installed struct {
	api          *forgeapi.Client
	app          *ghinstallation.AppsTransport
	asApp        *github.Client
	source       string
	organization string // whose installation is looked for; "" for none

	mu sync.Mutex
	in *ghinstallation.Transport // nil until it is found
}

// newInstalled reads the key of the App that the options name.
func newInstalled(o Options, base *url.URL, api *forgeapi.Client) (*installed, error) {
	key, err := os.ReadFile(o.App.PrivateKey)
	if err != nil {
		return nil, fault.New(fault.Invalid, "source %s: app.privateKeyFile: %w", o.Name, err)
	}
	app, err := ghinstallation.NewAppsTransport(api.HTTP.Transport, o.App.ID, key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "source %s: app.privateKeyFile %s holds no private key in PEM form: download one from the App's settings", o.Name, o.App.PrivateKey)
	}
	app.BaseURL = strings.TrimRight(base.String(), "/")
	i := &installed{api: api, app: app, asApp: over(api.HTTP, app), source: o.Name}
	i.asApp.BaseURL = base
	switch {
	case o.App.Installation != 0:
		i.in = i.as(o.App.Installation)
	case len(o.Organizations) == 1:
		i.organization = o.Organizations[0]
	default:
		return nil, fault.New(fault.Invalid, "source %s: app.installation is missing; it is found only where organizations names just one", o.Name)
	}
	return i, nil
}

func (i *installed) as(installation int64) *ghinstallation.Transport {
	in := ghinstallation.NewFromAppsTransport(i.app, installation)
	in.BaseURL = i.app.BaseURL
	return in
}

// installation returns the one that there is, or asks which that is.
func (i *installed) installation(ctx context.Context) (*ghinstallation.Transport, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.in != nil {
		return i.in, nil
	}
	found, resp, err := i.asApp.Apps.FindOrganizationInstallation(ctx, i.organization)
	if err = (forge{i.api, i.asApp}).fail(ctx, "find the App's installation in "+i.organization, resp, err); fault.KindOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "%s: the App is not installed in %s yet: install it on its page there", i.source, i.organization)
	}
	if err != nil {
		return nil, err
	}
	i.in = i.as(found.GetID())
	return i.in, nil
}

// RoundTrip implements [http.RoundTripper].
func (i *installed) RoundTrip(r *http.Request) (*http.Response, error) {
	in, err := i.installation(r.Context())
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	resp, err := in.RoundTrip(r)
	if isGone(resp, err) {
		i.forget(in)
	}
	return resp, err
}

// token is what the installation asks with now.
func (i *installed) token(ctx context.Context) (string, error) {
	in, err := i.installation(ctx)
	if err != nil {
		return "", err
	}
	token, err := in.Token(ctx)
	if isGone(nil, err) {
		i.forget(in)
	}
	return token, forge{i.api, i.asApp}.fail(ctx, "ask for a token of the App's installation", nil, err)
}

// isGone reports whether an answer may mean that there is no such installation any
// more: its token is not taken, or it is given none.
func isGone(resp *http.Response, err error) bool {
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) {
		resp = refused.Response
	}
	return resp != nil && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusNotFound && refused != nil)
}

// forget has the installation looked for anew, if it was looked for.
func (i *installed) forget(gone *ghinstallation.Transport) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.organization != "" && i.in == gone {
		i.in = nil
	}
}
