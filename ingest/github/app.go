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

// asApp asks as an App, with its key. That is read when it is needed: a key that is
// not there keeps neither the source from taking deliveries nor the portal from
// starting, and it may come back.
type asApp struct {
	base   http.RoundTripper
	url    string // of the API
	source string
	app    App

	mu  sync.Mutex
	key *ghinstallation.AppsTransport // nil until it is read
}

// transport asks as the App. The error is of kind fault.Unavailable if there is no key.
func (a *asApp) transport() (*ghinstallation.AppsTransport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.key != nil {
		return a.key, nil
	}
	pem, err := os.ReadFile(a.app.PrivateKey)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "source %s: app.privateKeyFile: %w", a.source, err)
	}
	key, err := ghinstallation.NewAppsTransport(a.base, a.app.ID, pem)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "source %s: app.privateKeyFile %s holds no private key in PEM form: download one from the App's settings", a.source, a.app.PrivateKey)
	}
	key.BaseURL = a.url
	a.key = key
	return key, nil
}

// RoundTrip implements [http.RoundTripper].
func (a *asApp) RoundTrip(r *http.Request) (*http.Response, error) {
	t, err := a.transport()
	if err != nil {
		return nil, unsent(r, err)
	}
	return t.RoundTrip(r)
}

// unsent closes the body of a request that is not sent, as a transport has to.
func unsent(r *http.Request, err error) error {
	if r.Body != nil {
		r.Body.Close()
	}
	return err
}

// installed asks as an App's installation, with tokens that it renews. If it is to
// find the installation, it looks when that is needed: an App may be made long before
// somebody installs it, and one that was installed again has another.
type installed struct {
	api          *forgeapi.Client
	app          *asApp
	asApp        *github.Client
	source       string
	number       int64  // of the installation; 0 if it is looked for
	organization string // whose installation is looked for

	mu sync.Mutex
	in *ghinstallation.Transport // nil until it is found
}

// newInstalled is the App that the options name.
func newInstalled(o Options, base *url.URL, api *forgeapi.Client) (*installed, error) {
	app := &asApp{base: api.HTTP.Transport, url: strings.TrimRight(base.String(), "/"), source: o.Name, app: *o.App}
	i := &installed{api: api, app: app, asApp: over(api.HTTP, app), source: o.Name, number: o.App.Installation}
	i.asApp.BaseURL = base
	if i.number == 0 {
		if len(o.Organizations) != 1 {
			return nil, fault.New(fault.Invalid, "source %s: app.installation is missing; it is found only where organizations names just one", o.Name)
		}
		i.organization = o.Organizations[0]
	}
	return i, nil
}

// installation returns the one that there is, or asks which that is.
func (i *installed) installation(ctx context.Context) (*ghinstallation.Transport, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.in != nil {
		return i.in, nil
	}
	app, err := i.app.transport()
	if err != nil {
		return nil, err
	}
	number := i.number
	if number == 0 {
		if number, err = i.find(ctx); err != nil {
			return nil, err
		}
	}
	i.in = ghinstallation.NewFromAppsTransport(app, number)
	i.in.BaseURL = app.BaseURL
	return i.in, nil
}

// find asks which installation is that of the organisation.
func (i *installed) find(ctx context.Context) (int64, error) {
	found, resp, err := i.asApp.Apps.FindOrganizationInstallation(ctx, i.organization)
	if err = (forge{i.api, i.asApp}).fail(ctx, "find the App's installation in "+i.organization, resp, err); fault.KindOf(err) == fault.NotFound {
		return 0, fault.New(fault.NotFound, "%s: the App is not installed in %s yet: install it on its page there", i.source, i.organization)
	}
	return found.GetID(), err
}

// RoundTrip implements [http.RoundTripper].
func (i *installed) RoundTrip(r *http.Request) (*http.Response, error) {
	in, err := i.installation(r.Context())
	if err != nil {
		return nil, unsent(r, err)
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
	if i.number == 0 && i.in == gone {
		i.in = nil
	}
}
