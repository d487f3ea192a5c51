package demoforge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// githubApps are the routes for Apps, about Apps, and for their installations.
func githubApps() map[string]handler {
	return map[string]handler{
		"GET /app":                              githubGetApp,
		"GET /app/installations":                githubListInstallations,
		"GET /app/installations/{installation}": githubGetInstallation,
		"POST /app/installations/{installation}/access_tokens": githubAddToken,
		"GET /orgs/{org}/installation":                         githubGetOrganizationInstallation,
		"GET /repos/{owner}/{repo}/installation":               githubGetRepositoryInstallation,
		"GET /installation/repositories":                       githubListInstallationRepositories,
		"DELETE /installation/token":                           githubRevokeToken,
		"GET /apps/{slug}":                                     githubGetAppBySlug,
		"POST /app-manifests/{code}/conversions":               githubConvertManifest,
	}
}

// asApp refuses whoever has no token that an App signed.
func (c *call) asApp() error {
	if c.caller.kind != asApp {
		return refusal{status: http.StatusUnauthorized, message: "A JSON web token could not be decoded", docs: "/apps/apps#get-the-authenticated-app"}
	}
	return nil
}

func (a *App) githubApp() jsonObject {
	count := 0
	for _, i := range a.forge.installed {
		if i.app == a {
			count++
		}
	}
	permissions := a.settings.Permissions
	if permissions == nil {
		permissions = map[string]string{"metadata": "read"}
	}
	events := slices.Clone(a.settings.Events)
	if events == nil {
		events = []string{}
	}
	return jsonObject{
		"id": a.id, "slug": a.slug, "node_id": nodeID("A", a.id), "client_id": a.clientID(), "name": a.settings.Name,
		"owner": a.forge.githubAccount(a.settings.Owner, a.forge.kind(a.settings.Owner)), "description": "",
		"external_url": a.settings.URL, "html_url": a.forge.webURL(GitHub) + "/apps/" + a.slug,
		"created_at": githubTime(a.created), "updated_at": githubTime(a.created),
		"permissions": permissions, "events": events, "installations_count": count,
	}
}

func (i *installation) githubInstallation() jsonObject {
	f := i.app.forge
	app := i.app.githubApp()
	var suspended any
	if i.suspended {
		suspended = githubTime(f.options.Now())
	}
	return jsonObject{
		"id": i.id, "account": f.githubAccount(i.owner.path, f.kind(i.owner.path)), "repository_selection": i.selection(),
		"access_tokens_url": f.webURL(GitHub) + "/app/installations/" + strconv.FormatInt(i.id, 10) + "/access_tokens",
		"repositories_url":  f.webURL(GitHub) + "/installation/repositories",
		"html_url":          f.webURL(GitHub) + "/organizations/" + i.owner.path + "/settings/installations/" + strconv.FormatInt(i.id, 10),
		"app_id":            i.app.id, "app_slug": i.app.slug, "client_id": i.app.clientID(),
		"target_id": i.owner.id, "target_type": f.kind(i.owner.path),
		"permissions": app["permissions"], "events": app["events"],
		"created_at": githubTime(i.created), "updated_at": githubTime(i.created), "single_file_name": nil,
		"suspended_by": nil, "suspended_at": suspended,
	}
}

func githubGetApp(c *call) (answer, error) {
	if err := c.asApp(); err != nil {
		return answer{}, err
	}
	return answer{value: c.caller.app.githubApp()}, nil
}

func githubGetAppBySlug(c *call) (answer, error) {
	a := c.forge.app(c.PathValue("slug"))
	if a == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	return answer{value: a.githubApp()}, nil
}

func githubListInstallations(c *call) (answer, error) {
	if err := c.asApp(); err != nil {
		return answer{}, err
	}
	list := slices.DeleteFunc(slices.Clone(c.forge.installed), func(i *installation) bool { return i.app != c.caller.app })
	return githubPage(c, list, (*installation).githubInstallation), nil
}

// installationWhere finds one of the App's installations.
func (c *call) installationWhere(fits func(*installation) bool) (*installation, error) {
	if err := c.asApp(); err != nil {
		return nil, err
	}
	for _, i := range c.forge.installed {
		if i.app == c.caller.app && fits(i) {
			return i, nil
		}
	}
	return nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/apps/apps"}
}

func (c *call) installationOf() (*installation, error) {
	return c.installationWhere(func(i *installation) bool { return strconv.FormatInt(i.id, 10) == c.PathValue("installation") })
}

func githubGetInstallation(c *call) (answer, error) {
	i, err := c.installationOf()
	if err != nil {
		return answer{}, err
	}
	return answer{value: i.githubInstallation()}, nil
}

func githubGetOrganizationInstallation(c *call) (answer, error) {
	i, err := c.installationWhere(func(i *installation) bool { return strings.EqualFold(i.owner.path, c.PathValue("org")) })
	if err != nil {
		return answer{}, err
	}
	return answer{value: i.githubInstallation()}, nil
}

func githubGetRepositoryInstallation(c *call) (answer, error) {
	i, err := c.installationWhere(func(i *installation) bool { return i.has(c.repo) })
	if err != nil {
		return answer{}, err
	}
	return answer{value: i.githubInstallation()}, nil
}

func githubAddToken(c *call) (answer, error) {
	i, err := c.installationOf()
	if err != nil {
		return answer{}, err
	}
	if i.suspended {
		return answer{}, refusal{status: http.StatusForbidden, message: "This installation has been suspended"}
	}
	token := "ghs_" + randomHex(18)
	expires := c.forge.options.Now().Add(time.Hour)
	c.forge.tokens[token] = &installationToken{installation: i, expires: expires}
	return answer{status: http.StatusCreated, value: jsonObject{
		"token": token, "expires_at": githubTime(expires),
		"permissions": i.app.githubApp()["permissions"], "repository_selection": i.selection(),
	}}, nil
}

// may refuses an App that was not given a permission. One that names no
// permissions at all has all of them.
func (c *call) may(permission string) error {
	if c.caller.kind == asInstallation {
		if given := c.caller.app.settings.Permissions; given != nil && given[permission] == "" {
			return refusal{status: http.StatusForbidden, message: "Resource not accessible by integration"}
		}
	}
	return nil
}

// asInstallation refuses whoever has no token of an installation.
func (c *call) asInstallation() error {
	if c.caller.kind != asInstallation {
		return refusal{status: http.StatusForbidden, message: "You must authenticate with an installation access token in order to list repositories for an installation."}
	}
	return nil
}

func githubListInstallationRepositories(c *call) (answer, error) {
	if err := c.asInstallation(); err != nil {
		return answer{}, err
	}
	i := c.caller.installation
	all := i.repositories()
	a := githubPage(c, all, (*Repository).githubRepository)
	a.value = jsonObject{"total_count": len(all), "repository_selection": i.selection(), "repositories": a.value}
	return a, nil
}

func githubRevokeToken(c *call) (answer, error) {
	if err := c.asInstallation(); err != nil {
		return answer{}, err
	}
	delete(c.forge.tokens, c.forge.dialects[GitHub].token(c.Request))
	return answer{status: http.StatusNoContent}, nil
}

// githubConvertManifest gives out what only the maker of an App gets to see, once
// and within an hour.
func githubConvertManifest(c *call) (answer, error) {
	code := c.PathValue("code")
	a := c.forge.manifests[code]
	if a == nil || c.forge.options.Now().Sub(a.created) > time.Hour {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/apps/apps#create-a-github-app-from-a-manifest"}
	}
	delete(c.forge.manifests, code)
	v := a.githubApp()
	v["client_secret"], v["pem"], v["webhook_secret"] = a.secret, a.PEM(), nil
	if a.hook != nil {
		v["webhook_secret"] = a.settings.Secret
	}
	return answer{status: http.StatusCreated, value: v}, nil
}
