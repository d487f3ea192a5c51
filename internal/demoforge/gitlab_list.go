package demoforge

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// gitlabListing are the routes that tell what there is.
func gitlabListing() map[string]handler {
	return map[string]handler{
		"GET /version":                          gitlabGetVersion,
		"GET /metadata":                         gitlabGetVersion,
		"GET /user":                             gitlabGetUser,
		"GET /projects":                         gitlabListAllProjects,
		"GET /groups":                           gitlabListGroups,
		"GET /groups/{group}":                   gitlabGetGroup,
		"GET /groups/{group}/projects":          gitlabListProjects,
		"GET /groups/{group}/subgroups":         gitlabListSubgroups,
		"GET /groups/{group}/descendant_groups": gitlabListDescendants,
	}
}

func (c *call) gitlabSignedIn() error {
	if c.caller.kind == anonymous {
		return refusal{status: http.StatusUnauthorized, message: "Unauthorized"}
	}
	return nil
}

func gitlabGetVersion(c *call) (answer, error) {
	if err := c.gitlabSignedIn(); err != nil {
		return answer{}, err
	}
	return answer{value: jsonObject{"version": gitlabVersion, "revision": "demoforge", "enterprise": true}}, nil
}

func gitlabGetUser(c *call) (answer, error) {
	if err := c.gitlabSignedIn(); err != nil {
		return answer{}, err
	}
	v := c.forge.gitlabUser(c.forge.person(accountLogin))
	v["bot"], v["is_admin"] = true, true
	return answer{value: v}, nil
}

// gitlabUser is a person as lists of them show one.
func (f *Forge) gitlabUser(p Person) jsonObject {
	return jsonObject{
		"id": accountID(p.Login), "username": p.Login, "name": p.Name, "state": "active", "locked": false,
		"public_email": "", "avatar_url": nil, "web_url": f.webURL(GitLab) + "/" + p.Login,
	}
}

// gitlabGroup finds the group that a route names, by number or full path.
func (c *call) gitlabGroup() (*owner, error) {
	at := c.PathValue("group")
	found := c.forge.owners[nameKey(GitLab, at)]
	if id, err := strconv.ParseInt(at, 10, 64); err == nil {
		for _, o := range c.forge.ownersOf(GitLab) {
			if o.id == id {
				found = o
			}
		}
	}
	if found == nil || found.settings.Private && c.caller.shutOut {
		return nil, refusal{status: http.StatusNotFound, message: "404 Group Not Found"}
	}
	return found, nil
}

func (f *Forge) gitlabGroup(o *owner) jsonObject {
	visibility := "public"
	if o.settings.Private {
		visibility = "private"
	}
	names := []string{o.name()}
	var parent any
	if above := path.Dir(o.path); above != "." {
		parent = f.ownerAt(GitLab, above).id
		for ; above != "."; above = path.Dir(above) {
			names = append(names, f.ownerAt(GitLab, above).name())
		}
	}
	slices.Reverse(names)
	return jsonObject{
		"id": o.id, "name": o.name(), "path": path.Base(o.path), "description": o.settings.Description, "visibility": visibility,
		"full_name": strings.Join(names, " / "), "full_path": o.path, "parent_id": parent, "avatar_url": nil,
		"web_url":    f.webURL(GitLab) + "/groups/" + o.path,
		"created_at": gitlabTime(o.settings.Created), "default_branch": "main", "archived": false,
	}
}

func gitlabGetGroup(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	return answer{value: c.forge.gitlabGroup(o)}, nil
}

func gitlabListGroups(c *call) (answer, error) {
	top := c.URL.Query().Get("top_level_only") == "true"
	return c.gitlabGroups(func(o *owner) bool { return !top || path.Dir(o.path) == "." }), nil
}

func gitlabListSubgroups(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	return c.gitlabGroups(func(other *owner) bool { return strings.EqualFold(path.Dir(other.path), o.path) }), nil
}

func gitlabListDescendants(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	return c.gitlabGroups(func(other *owner) bool { return o.holds(other.path) }), nil
}

func (c *call) gitlabGroups(which func(*owner) bool) answer {
	list := slices.DeleteFunc(c.forge.ownersOf(GitLab), func(o *owner) bool {
		return !which(o) || o.settings.Private && c.caller.shutOut
	})
	return gitlabPage(c, list, c.forge.gitlabGroup)
}

func gitlabListProjects(c *call) (answer, error) {
	o, err := c.gitlabGroup()
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	if q.Get("pagination") == "keyset" {
		return answer{}, refusal{status: http.StatusMethodNotAllowed, message: "Keyset pagination is not yet available for this type of request"}
	}
	below := q.Get("include_subgroups") == "true"
	list := c.gitlabProjects(func(r *Repository) bool {
		return below && o.holds(r.name) || !below && strings.EqualFold(r.owner(), o.path)
	})
	return gitlabPage(c, list, (*Repository).gitlabProject), nil
}

// gitlabListAllProjects has offset pages and, by id, those of a keyset. See
// https://docs.gitlab.com/api/rest/#keyset-based-pagination.
func gitlabListAllProjects(c *call) (answer, error) {
	list := c.gitlabProjects(func(*Repository) bool { return true })
	q := c.URL.Query()
	if q.Get("pagination") != "keyset" {
		return gitlabPage(c, list, (*Repository).gitlabProject), nil
	}
	if q.Get("order_by") != "id" {
		return answer{}, refusal{status: http.StatusMethodNotAllowed, message: "Keyset pagination is not yet available for this type of request"}
	}
	name := "id_before"
	if q.Get("sort") == "asc" {
		name = "id_after"
	}
	if last, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil {
		list = slices.DeleteFunc(list, func(r *Repository) bool { return (name == "id_after") == (r.id <= last) })
	}
	size := c.page(20).size
	more := len(list) > size
	list = list[:min(size, len(list))]
	a := answer{value: []jsonObject{}}
	shown := []jsonObject{}
	for _, r := range list {
		shown = append(shown, r.gitlabProject())
	}
	a.value = shown
	if more {
		a.header = http.Header{"Link": {c.link("next", map[string]string{name: strconv.FormatInt(list[size-1].id, 10)})}}
	}
	return a, nil
}

// gitlabProjects are those that the caller sees and asked for, in the order
// asked for.
func (c *call) gitlabProjects(which func(*Repository) bool) []*Repository {
	q := c.URL.Query()
	search, topic := strings.ToLower(q.Get("search")), q.Get("topic")
	var list []*Repository
	for _, r := range c.forge.repositories {
		s := r.settings
		switch {
		case r.provider != GitLab || !c.sees(r) || !which(r):
		case q.Has("archived") && (q.Get("archived") == "true") != s.Archived:
		case q.Get("visibility") != "" && q.Get("visibility") != s.Visibility:
		case search != "" && !strings.Contains(strings.ToLower(r.base()), search):
		case topic != "" && !slices.Contains(s.Topics, topic):
		default:
			list = append(list, r)
		}
	}
	compare := func(a, b *Repository) int {
		return cmp.Or(a.settings.Created.Compare(b.settings.Created), cmp.Compare(a.id, b.id))
	}
	switch q.Get("order_by") {
	case "id":
		compare = func(a, b *Repository) int { return cmp.Compare(a.id, b.id) }
	case "name", "path":
		compare = func(a, b *Repository) int {
			return cmp.Or(strings.Compare(a.base(), b.base()), cmp.Compare(a.id, b.id))
		}
	case "last_activity_at", "updated_at":
		compare = func(a, b *Repository) int { return cmp.Or(a.active().Compare(b.active()), cmp.Compare(a.id, b.id)) }
	}
	slices.SortFunc(list, compare)
	if q.Get("sort") != "asc" {
		slices.Reverse(list)
	}
	return list
}

// gitlabPage is one page of a list.
func gitlabPage[T any](c *call, list []T, show func(T) jsonObject) answer {
	p := c.page(20)
	from, to := p.cut(len(list))
	shown := make([]jsonObject, 0, to-from)
	for _, one := range list[from:to] {
		shown = append(shown, show(one))
	}
	total := len(list)
	if total > 10_000 {
		total = -1 // it is not counted then
	}
	return answer{value: shown, header: c.gitlabLinks(p, to < len(list), total)}
}
