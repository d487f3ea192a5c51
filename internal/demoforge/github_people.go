package demoforge

import (
	"net/http"
	"slices"
	"strings"
)

// githubPeople are the routes about people and teams.
func githubPeople() map[string]handler {
	routes := map[string]handler{
		"GET /orgs/{org}/members":              githubListMembers,
		"GET /orgs/{org}/members/{user}":       githubGetMember,
		"GET /orgs/{org}/memberships/{user}":   githubGetMembership,
		"GET /orgs/{org}/teams":                githubListTeams,
		"GET /orgs/{org}/teams/{team}":         githubGetTeam,
		"GET /orgs/{org}/teams/{team}/members": githubListTeamMembers,
		"GET /orgs/{org}/teams/{team}/teams":   githubListChildTeams,
		"GET /orgs/{org}/teams/{team}/repos":   githubListTeamRepositories,
	}
	for route, handle := range routes {
		routes[route] = func(c *call) (answer, error) {
			if err := c.may("members"); err != nil {
				return answer{}, err
			}
			return handle(c)
		}
	}
	routes["GET /users/{user}"] = githubGetUserByLogin
	return routes
}

func githubGetUserByLogin(c *call) (answer, error) {
	login := c.PathValue("user")
	if p, ok := c.forge.logins[strings.ToLower(login)]; ok {
		return answer{value: c.forge.githubUser(p)}, nil
	}
	if o := c.forge.owners[nameKey(GitHub, login)]; o != nil {
		v := c.forge.githubAccount(o.path, "Organization")
		v["name"] = o.name()
		return answer{value: v}, nil
	}
	return answer{}, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/users/users#get-a-user"}
}

func githubListMembers(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	return c.githubMembers(o.members), nil
}

// githubMembers is one page of people, of a role if one is asked for.
func (c *call) githubMembers(all []membership) answer {
	role := c.URL.Query().Get("role")
	all = slices.DeleteFunc(slices.Clone(all), func(m membership) bool { return role != "" && role != "all" && m.role != role })
	slices.SortFunc(all, func(a, b membership) int { return strings.Compare(strings.ToLower(a.login), strings.ToLower(b.login)) })
	return githubPage(c, all, func(m membership) jsonObject { return c.forge.githubAccount(m.login, "User") })
}

func githubGetMember(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	if !slices.ContainsFunc(o.members, isLogin(c.PathValue("user"))) {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	return answer{status: http.StatusNoContent}, nil
}

func githubGetMembership(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(o.members, isLogin(c.PathValue("user")))
	if i < 0 {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	return answer{value: c.forge.githubMembership(o, o.members[i])}, nil
}

func (f *Forge) githubMembership(o *owner, m membership) jsonObject {
	return jsonObject{
		"url":   f.webURL(GitHub) + "/orgs/" + o.path + "/memberships/" + m.login,
		"state": "active", "role": m.role, "organization_url": f.webURL(GitHub) + "/orgs/" + o.path,
		"user": f.githubAccount(m.login, "User"), "organization": f.githubOrganization(o),
	}
}

// githubTeamOf finds the team that a route names.
func (c *call) githubTeamOf() (*team, error) {
	t := c.forge.team(c.PathValue("org"), c.PathValue("team"))
	if t == nil {
		return nil, refusal{status: http.StatusNotFound, message: "Not Found", docs: "/teams/teams#get-a-team-by-name"}
	}
	return t, nil
}

func githubListTeams(c *call) (answer, error) {
	o, err := c.githubOwner()
	if err != nil {
		return answer{}, err
	}
	return c.githubTeams(func(t *team) bool { return t.owner == o }), nil
}

func (c *call) githubTeams(which func(*team) bool) answer {
	var list []*team
	for _, t := range c.forge.teams {
		if which(t) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *team) int { return strings.Compare(a.Slug, b.Slug) })
	return githubPage(c, list, c.forge.githubTeam)
}

func githubGetTeam(c *call) (answer, error) {
	t, err := c.githubTeamOf()
	if err != nil {
		return answer{}, err
	}
	return answer{value: c.forge.githubTeam(t)}, nil
}

func githubListChildTeams(c *call) (answer, error) {
	t, err := c.githubTeamOf()
	if err != nil {
		return answer{}, err
	}
	return c.githubTeams(func(child *team) bool { return child.owner == t.owner && child.Parent == t.Slug }), nil
}

// githubListTeamMembers has those of the teams inside too, as there.
func githubListTeamMembers(c *call) (answer, error) {
	t, err := c.githubTeamOf()
	if err != nil {
		return answer{}, err
	}
	return c.githubMembers(c.forge.membersOf(t)), nil
}

func (f *Forge) membersOf(t *team) []membership {
	all := slices.Clone(t.members)
	for _, child := range f.teams {
		if child.owner != t.owner || child.Parent != t.Slug {
			continue
		}
		for _, m := range f.membersOf(child) {
			if !slices.ContainsFunc(all, isLogin(m.login)) {
				all = append(all, m)
			}
		}
	}
	return all
}

func githubListTeamRepositories(c *call) (answer, error) {
	t, err := c.githubTeamOf()
	if err != nil {
		return answer{}, err
	}
	list := slices.DeleteFunc(slices.Clone(t.repositories), func(r teamRepository) bool { return !c.sees(r.Repository) })
	return githubPage(c, list, func(r teamRepository) jsonObject {
		v := r.githubRepository()
		v["role_name"] = r.permission
		permissions := jsonObject{}
		reached := false
		for _, level := range []string{"admin", "maintain", "push", "triage", "pull"} {
			reached = reached || level == r.permission
			permissions[level] = reached
		}
		v["permissions"] = permissions
		return v
	}), nil
}

func (f *Forge) githubTeam(t *team) jsonObject {
	v := f.githubTeamAlone(t)
	v["parent"] = nil
	if parent := f.team(t.owner.path, t.Parent); parent != nil {
		v["parent"] = f.githubTeamAlone(parent)
	}
	return v
}

func (f *Forge) githubTeamAlone(t *team) jsonObject {
	api := f.webURL(GitHub) + "/orgs/" + t.owner.path + "/teams/" + t.Slug
	return jsonObject{
		"id": t.id, "node_id": nodeID("T", t.id), "name": t.Name, "slug": t.Slug, "description": t.Description,
		"privacy": t.Privacy, "notification_setting": "notifications_enabled", "permission": t.Permission,
		"url": api, "html_url": f.webURL(GitHub) + "/orgs/" + t.owner.path + "/teams/" + t.Slug,
		"members_url": api + "/members{/member}", "repositories_url": api + "/repos",
	}
}

func (f *Forge) githubTeamTold(t *team, action string, payload jsonObject) (Delivery, error) {
	payload["team"] = f.githubTeam(t)
	return f.tell(f.githubOwnerHappening("team", action, t.owner, payload))
}

func (f *Forge) githubMemberTold(o *owner, action string, who Person, role string) (Delivery, error) {
	return f.githubOrganizationTold(o, action, jsonObject{"membership": f.githubMembership(o, membership{who.Login, role})})
}

func (f *Forge) githubOrganizationTold(o *owner, action string, payload jsonObject) (Delivery, error) {
	return f.tell(f.githubOwnerHappening("organization", action, o, payload))
}

// githubOwnerHappening is about an organisation.
func (f *Forge) githubOwnerHappening(event, action string, o *owner, payload jsonObject) happening {
	payload["action"] = action
	payload["organization"] = f.githubOrganization(o)
	payload["sender"] = f.githubAccount(accountLogin, "User")
	return happening{provider: GitHub, event: event, action: action, owner: o, reach: toOwner | toApps, payload: payload}
}
