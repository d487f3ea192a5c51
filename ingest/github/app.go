package github

import (
	"net/http"
	"os"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"github.com/callboard/callboard/internal/fault"
)

// App is a GitHub App, instead of a token: https://docs.github.com/apps
type App struct {
	ID           int64
	Installation int64  // of the organisation
	PrivateKey   string // path of the PEM file
}

// transports returns two: one that asks as the App itself, and one that asks as
// its installation, with tokens that it renews.
func (a App) transports(source, base string, over http.RoundTripper) (app, installation http.RoundTripper, err error) {
	key, err := os.ReadFile(a.PrivateKey)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "source %s: app.privateKeyFile: %w", source, err)
	}
	as, err := ghinstallation.NewAppsTransport(over, a.ID, key)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "source %s: app.privateKeyFile %s holds no private key in PEM form: download one from the App's settings", source, a.PrivateKey)
	}
	as.BaseURL = base
	in := ghinstallation.NewFromAppsTransport(as, a.Installation)
	in.BaseURL = base
	return as, in, nil
}
