package github

import (
	"context"
	"regexp"
	"slices"

	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

// Manifest is what GitHub makes an App from, as JSON. See
// https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
type Manifest struct {
	Name        string            `json:"name"`
	URL         string            `json:"url"`
	Hook        ManifestHook      `json:"hook_attributes"`
	Redirect    string            `json:"redirect_url"` // told the code for [MakeApp]
	Setup       string            `json:"setup_url"`    // where one is sent once it was installed
	Public      bool              `json:"public"`
	Permissions map[string]string `json:"default_permissions"`
	Events      []string          `json:"default_events"`
}

// ManifestHook is where an App's deliveries go.
type ManifestHook struct {
	URL string `json:"url"`
}

// maxAppName is how long GitHub lets the name of an App be.
const maxAppName = 34

// NewManifest is an App that may read what a source needs to, and is sent [Events].
func NewManifest(name, portal, payload, redirect, setup string) Manifest {
	return Manifest{
		Name: name[:min(len(name), maxAppName)], URL: portal, Hook: ManifestHook{payload}, Redirect: redirect, Setup: setup,
		Permissions: permissions(),
		// An App whose webhook is deleted is deleted with it; nothing is told of that.
		Events: slices.DeleteFunc(Events(), func(e string) bool { return e == "meta" }),
	}
}

// permissions are what it takes to read what is in the catalog and to be sent
// [Events]: GitHub refuses a manifest with an event that its permissions do not cover.
func permissions() map[string]string {
	all := map[string]string{}
	for _, name := range []string{
		"metadata", "contents", // repositories, their files; push, repository, public, release
		"members",                                                           // teams and people; team, membership, member, organization
		"pull_requests",                                                     // pull_request
		"deployments",                                                       // deployment, deployment_status
		"actions",                                                           // workflow_run
		"checks",                                                            // check_suite
		"administration",                                                    // branch_protection_rule
		"security_events", "vulnerability_alerts", "secret_scanning_alerts", // the alerts
	} {
		all[name] = "read"
	}
	return all
}

// Made is an App that was made from a manifest. Its secrets are told once.
type Made struct {
	ID            int64
	Owner         string // organisation
	Slug          string // its name in addresses
	Page          string
	WebhookSecret string
	PrivateKey    string // PEM
}

var manifestCode = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// MakeApp gives GitHub the code that its redirect brought, within an hour and once.
// The base is that of the API; "" is GitHub's own.
func MakeApp(ctx context.Context, base, code string) (Made, error) {
	doing := "make the GitHub App"
	if !manifestCode.MatchString(code) {
		return Made{}, fault.New(fault.Invalid, "%s: the forge sent no code", doing)
	}
	at, err := apiBase("github", base)
	if err != nil {
		return Made{}, err
	}
	api, err := forgeapi.New(forgeapi.Options{Source: "github"})
	if err != nil {
		return Made{}, err
	}
	f := forge{api, over(api.HTTP, api.HTTP.Transport)}
	f.client.BaseURL = at
	app, resp, err := f.client.Apps.CompleteAppManifest(ctx, code)
	if err = f.fail(ctx, doing, resp, err); fault.KindOf(err) == fault.NotFound {
		return Made{}, fault.New(fault.NotFound, "%s: the forge knows this code no more: it counts for an hour, and once", doing)
	}
	if err != nil {
		return Made{}, err
	}
	m := Made{app.GetID(), app.GetOwner().GetLogin(), app.GetSlug(), app.GetHTMLURL(), app.GetWebhookSecret(), app.GetPEM()}
	if m.ID == 0 || m.WebhookSecret == "" || m.PrivateKey == "" {
		return Made{}, fault.New(fault.Unavailable, "%s: the forge's answer lacks the App's number, key or webhook secret", doing)
	}
	return m, nil
}
