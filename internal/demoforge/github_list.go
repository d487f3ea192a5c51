package demoforge

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// githubListing are the routes that tell what there is.
func githubListing() map[string]handler {
	return map[string]handler{
		"GET /orgs/{org}":         githubGetOrganization,
		"GET /orgs/{org}/repos":   githubListOrganizationRepositories,
		"GET /users/{user}/repos": githubListUserRepositories,
		"GET /user":               githubGetUser,
		"GET /user/repos":         githubListOwnRepositories,
		"GET /user/orgs":          githubListOwnOrganizations,
		"GET /rate_limit":         githubGetRateLimit,
	}
}

func githubGetRepository(c *call) (answer, error) {
	return answer{value: c.repo.githubRepository()}, nil
}

// githubOwner finds the organisation that a route names.
func (c *call) githubOwner() (*owner, error) {
	o := c.forge.owners[nameKey(GitHub, c.PathValue("org"))]
	if o == nil || c.forge.kind(o.path) == "User" {
		return nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/orgs/orgs#get-an-organization"}
	}
	return o, nil
}

func githubGetOrganization(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	public := 0
	for _, r := range c.forge.below(o) {
		if !r.settings.Private {
			public++
		}
	}
	v := c.forge.githubOrganization(o)
	v["name"], v["type"], v["public_repos"], v["followers"] = o.name(), "Organization", public, 0
	v["html_url"] = c.forge.webURL(GitHub) + "/" + o.path
	v["created_at"], v["updated_at"] = githubTime(o.settings.Created), githubTime(o.settings.Created)
	return answer{value: v}, nil
}

// below lists the repositories of an owner, in the order in which they were made.
func (f *Forge) below(o *owner) []*Repository {
	var list []*Repository
	for _, r := range f.repositories {
		if r.provider == o.provider && strings.EqualFold(r.owner(), o.path) {
			list = append(list, r)
		}
	}
	return list
}

func githubListOrganizationRepositories(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	return c.githubRepositories(c.forge.below(o))
}

func githubListUserRepositories(c *call) (answer, error) {
	o := c.forge.owners[nameKey(GitHub, c.PathValue("user"))]
	if o == nil {
		if _, ok := c.forge.logins[strings.ToLower(c.PathValue("user"))]; !ok {
			return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
		}
		return answer{value: []jsonObject{}}, nil
	}
	return c.githubRepositories(c.forge.below(o))
}

func githubListOwnRepositories(c *call) (answer, error) {
	if err := c.signedIn(); err != nil {
		return answer{}, err
	}
	var list []*Repository
	for _, r := range c.forge.repositories {
		if r.provider == GitHub {
			list = append(list, r)
		}
	}
	return c.githubRepositories(list)
}

// githubRepositories is one page of what the caller sees of a list, in the
// order and of the type that were asked for.
func (c *call) githubRepositories(list []*Repository) (answer, error) {
	q := c.URL.Query()
	kind := q.Get("type")
	if kind == "" || kind == "all" {
		kind = q.Get("visibility")
	}
	list = slices.DeleteFunc(list, func(r *Repository) bool {
		s := r.settings
		switch {
		case !c.sees(r):
			return true
		case kind == "public":
			return s.Private
		case kind == "private":
			return !s.Private
		case kind == "forks":
			return !s.Fork
		case kind == "sources":
			return s.Fork
		default:
			return false
		}
	})
	by := q.Get("sort")
	compare := func(a, b *Repository) int {
		return cmp.Or(a.settings.Created.Compare(b.settings.Created), cmp.Compare(a.id, b.id))
	}
	switch by {
	case "full_name":
		compare = func(a, b *Repository) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) }
	case "updated", "pushed":
		compare = func(a, b *Repository) int { return cmp.Or(a.active().Compare(b.active()), cmp.Compare(a.id, b.id)) }
	}
	slices.SortFunc(list, compare)
	if direction := q.Get("direction"); direction == "desc" || direction == "" && by != "full_name" {
		slices.Reverse(list)
	}
	return githubPage(c, list, func(r *Repository) jsonObject { return r.githubRepository() }), nil
}

// githubPage is one page of a list.
func githubPage[T any](c *call, list []T, show func(T) jsonObject) answer {
	p := c.page(30)
	from, to := p.cut(len(list))
	shown := make([]jsonObject, 0, to-from)
	for _, one := range list[from:to] {
		shown = append(shown, show(one))
	}
	return answer{value: shown, header: c.githubLinks(p, len(list))}
}

// signedIn refuses whoever has no token of a person.
func (c *call) signedIn() error {
	switch {
	case c.caller.kind == asInstallation || c.caller.kind == asApp:
		return refusal{status: http.StatusForbidden, message: "Resource not accessible by integration"}
	case c.caller.kind == anonymous:
		return refusal{status: http.StatusUnauthorized, message: "Requires authentication"}
	}
	return nil
}

// accountLogin is who a token belongs to, at both providers.
const accountLogin = "callboard-bot"

func githubGetUser(c *call) (answer, error) {
	if err := c.signedIn(); err != nil {
		return answer{}, err
	}
	a := answer{value: c.forge.githubUser(c.forge.person(accountLogin))}
	a.header = http.Header{"X-Oauth-Scopes": {"admin:org_hook, admin:repo_hook, read:org, repo"}}
	return a, nil
}

func (f *Forge) githubUser(p Person) jsonObject {
	v := f.githubAccount(p.Login, "User")
	v["name"], v["email"], v["company"], v["bio"] = p.Name, nil, nil, nil
	return v
}

func githubListOwnOrganizations(c *call) (answer, error) {
	if err := c.signedIn(); err != nil {
		return answer{}, err
	}
	all := slices.DeleteFunc(c.forge.ownersOf(GitHub), func(o *owner) bool { return c.forge.kind(o.path) == "User" })
	return githubPage(c, all, c.forge.githubOrganization), nil
}

func githubGetRateLimit(c *call) (answer, error) {
	q := c.forge.quota(c.forge.dialects[GitHub], c.caller)
	core := jsonObject{"limit": q.limit, "used": q.used, "remaining": max(0, q.limit-q.used), "reset": q.reset.Unix()}
	q.used-- // asking costs nothing
	return answer{value: jsonObject{"resources": jsonObject{"core": core}, "rate": core}}, nil
}
