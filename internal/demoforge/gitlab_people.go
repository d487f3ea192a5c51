package demoforge

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// gitlabPeople are the routes about people.
func gitlabPeople() map[string]handler {
	return map[string]handler{
		"GET /groups/{group}/members":     gitlabListMembers,
		"GET /groups/{group}/members/all": gitlabListAllMembers,
		"GET /users":                      gitlabListUsers,
		"GET /users/{id}":                 gitlabGetUserByID,
	}
}

func gitlabListMembers(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	return c.gitlabMembers(o.members), nil
}

// gitlabListAllMembers has those of the groups above too, with their highest role.
func gitlabListAllMembers(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	all := slices.Clone(o.members)
	for above := path.Dir(o.path); above != "."; above = path.Dir(above) {
		for _, m := range c.forge.ownerAt(GitLab, above).members {
			i := slices.IndexFunc(all, isLogin(m.login))
			if i < 0 {
				all = append(all, m)
			} else if gitlabLevels()[m.role] > gitlabLevels()[all[i].role] {
				all[i] = m
			}
		}
	}
	return c.gitlabMembers(all), nil
}

func (c *call) gitlabMembers(all []membership) answer {
	query := strings.ToLower(c.URL.Query().Get("query"))
	list := slices.DeleteFunc(slices.Clone(all), func(m membership) bool { return !strings.Contains(strings.ToLower(m.login), query) })
	slices.SortFunc(list, func(a, b membership) int { return strings.Compare(a.login, b.login) })
	return gitlabPage(c, list, func(m membership) jsonObject {
		v := c.forge.gitlabUser(c.forge.person(m.login))
		v["access_level"], v["expires_at"], v["membership_state"] = gitlabLevels()[m.role], nil, "active"
		return v
	})
}

// gitlabListUsers finds one account by username.
func gitlabListUsers(c *call) (answer, error) {
	list := []Person{}
	if p, ok := c.forge.logins[strings.ToLower(c.URL.Query().Get("username"))]; ok {
		list = append(list, p)
	}
	return gitlabPage(c, list, c.forge.gitlabUser), nil
}

func gitlabGetUserByID(c *call) (answer, error) {
	for _, p := range c.forge.logins {
		if strconv.FormatInt(accountID(p.Login), 10) == c.PathValue("id") {
			return answer{value: c.forge.gitlabUser(p)}, nil
		}
	}
	return answer{}, refusal{status: http.StatusNotFound, message: "404 User Not Found"}
}

// gitlabMemberTold tells a group's hooks, and the instance's, of a member.
func (f *Forge) gitlabMemberTold(o *owner, event string, who Person, role string) (Delivery, error) {
	payload := jsonObject{
		"event_name": event, "created_at": gitlabTime(f.options.Now()), "updated_at": gitlabTime(f.options.Now()),
		"group_name": o.name(), "group_path": path.Base(o.path), "group_id": o.id,
		"user_username": who.Login, "user_name": who.Name, "user_email": "[REDACTED]", "user_id": accountID(who.Login),
		"group_access": strings.ToUpper(role[:1]) + role[1:], "group_plan": nil, "expires_at": nil,
	}
	h := happening{provider: GitLab, event: "Member Hook", action: event, owner: o, payload: payload, reach: toOwner}
	system := h
	system.event, system.reach = "System Hook", toInstance
	return f.tell(h, system)
}
