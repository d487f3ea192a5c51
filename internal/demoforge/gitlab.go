package demoforge

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// routeGitLab registers the API under /gitlab/api/v4; everything else under
// the path is pages.
func (f *Forge) routeGitLab() {
	d := f.gitlabDialect()
	routes := map[string]func(*call) (answer, error){
		"/projects/{project}":                             gitlabGetProject,
		"/projects/{project}/repository/branches/{rev}":   gitlabGetBranch,
		"/projects/{project}/repository/commits":          gitlabListCommits,
		"/projects/{project}/repository/commits/{rev}":    gitlabGetCommit,
		"/projects/{project}/repository/compare":          gitlabCompare,
		"/projects/{project}/repository/merge_base":       gitlabMergeBase,
		"/projects/{project}/repository/tree":             gitlabListTree,
		"/projects/{project}/repository/blobs/{sha}/raw":  gitlabGetRawBlob,
		"/projects/{project}/repository/files/{path}":     gitlabGetFile,
		"/projects/{project}/repository/files/{path}/raw": gitlabGetRawFile,
		"/groups/{group}/projects":                        gitlabListProjects,
	}
	for path, handle := range routes {
		f.mux.HandleFunc("GET /gitlab/api/v4"+path, f.api(d, handle))
	}
	f.mux.HandleFunc("GET /gitlab/", f.pages(GitLab))
}

func (f *Forge) gitlabDialect() *dialect {
	d := &dialect{
		provider: GitLab, service: f.options.GitLab,
		window: time.Minute, limit: f.options.GitLab.Limit, anonymous: 500,
		find: findGitLab,
	}
	if d.limit == 0 {
		d.limit = 2000
	}
	d.token = func(r *http.Request) string {
		if token := r.Header.Get("Private-Token"); token != "" {
			return token
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") {
			return ""
		}
		return token
	}
	d.refuse = func(r refusal) any {
		switch {
		case r.status == http.StatusUnauthorized:
			return jsonObject{"message": "401 Unauthorized"}
		case strings.HasPrefix(r.message, strconv.Itoa(r.status)):
			return jsonObject{"message": r.message}
		default:
			return jsonObject{"message": fmt.Sprintf("%d %s", r.status, r.message)}
		}
	}
	d.rate = func(h http.Header, q quota) {
		h.Set("RateLimit-Name", "throttle_authenticated_api")
		h.Set("RateLimit-Limit", strconv.Itoa(q.limit))
		h.Set("RateLimit-Observed", strconv.Itoa(q.used))
		h.Set("RateLimit-Remaining", strconv.Itoa(max(0, q.limit-q.used)))
		h.Set("RateLimit-Reset", strconv.FormatInt(q.reset.Unix(), 10))
	}
	d.exhausted = func(resetIn time.Duration) refusal {
		seconds := strconv.Itoa(int(resetIn/time.Second) + 1)
		return refusal{status: http.StatusTooManyRequests, message: "Retry later", header: http.Header{"Retry-After": {seconds}}}
	}
	return d
}

// findGitLab finds the project by number or by full path. What the caller may
// not see is not there; what was renamed is elsewhere.
func findGitLab(c *call) error {
	id := c.PathValue("project")
	if id == "" {
		return nil
	}
	for _, r := range c.forge.repositories {
		if r.provider == GitLab && strconv.FormatInt(r.id, 10) == id {
			c.repo = r
		}
	}
	byNumber := c.repo != nil
	if !byNumber {
		c.repo = c.forge.names[nameKey(GitLab, id)]
	}
	if c.repo == nil || c.repo.settings.Private && c.visitor {
		return refusal{status: http.StatusNotFound, message: "404 Project Not Found"}
	}
	if !byNumber && !strings.EqualFold(c.repo.name, id) {
		_, rest, _ := strings.Cut(strings.TrimPrefix(c.URL.EscapedPath(), "/gitlab/api/v4/projects/"), "/")
		at := fmt.Sprintf("%s/gitlab/api/v4/projects/%d/%s", c.forge.options.URL, c.repo.id, rest)
		at = strings.TrimSuffix(at, "/")
		if c.URL.RawQuery != "" {
			at += "?" + c.URL.RawQuery
		}
		return refusal{status: http.StatusFound, message: "302 Found", header: http.Header{"Location": {at}}}
	}
	return nil
}

func gitlabGetProject(c *call) (answer, error) {
	return answer{value: c.repo.gitlabProject()}, nil
}

func (r *Repository) gitlabProject() jsonObject {
	visibility := "public"
	if r.settings.Private {
		visibility = "private"
	}
	topics := r.settings.Topics
	if topics == nil {
		topics = []string{}
	}
	owner := r.owner()
	return jsonObject{
		"id": r.id, "name": r.base(), "path": r.base(),
		"name_with_namespace": strings.ReplaceAll(r.name, "/", " / "), "path_with_namespace": r.name,
		"description": r.settings.Description, "default_branch": r.settings.DefaultBranch, "topics": topics,
		"visibility": visibility, "archived": false, "empty_repo": len(r.refs) == 0,
		"web_url": r.gitlabPage(), "http_url_to_repo": r.gitlabPage() + ".git",
		"created_at": gitlabTime(r.settings.Created), "last_activity_at": gitlabTime(r.pushed),
		"namespace": jsonObject{
			"id": accountID(owner), "name": path.Base(owner), "path": path.Base(owner), "kind": "group",
			"full_path": owner, "web_url": r.forge.webURL(GitLab) + "/groups/" + owner,
		},
	}
}

func gitlabListProjects(c *call) (answer, error) {
	group := c.PathValue("group")
	below := c.URL.Query().Get("include_subgroups") == "true"
	known := false
	all := []jsonObject{}
	for _, r := range c.forge.repositories {
		if r.provider != GitLab || r.settings.Private && c.visitor {
			continue
		}
		owner := r.owner()
		// A group has its full path, or the number that its projects tell.
		if id, err := strconv.ParseInt(group, 10, 64); err == nil {
			for part := owner; part != "."; part = path.Dir(part) {
				if accountID(part) == id {
					group = part
				}
			}
		}
		inside := strings.HasPrefix(strings.ToLower(owner)+"/", strings.ToLower(group)+"/")
		known = known || inside
		if inside && (below || strings.EqualFold(owner, group)) {
			all = append(all, r.gitlabProject())
		}
	}
	if !known {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Group Not Found"}
	}
	p := c.page(20)
	from, to := p.cut(len(all))
	return answer{value: all[from:to], header: c.gitlabLinks(p, to < len(all), len(all))}, nil
}

// gitlabLinks are the headers of one page. A total below zero is not known.
func (c *call) gitlabLinks(p page, more bool, total int) http.Header {
	h := http.Header{}
	at := func(rel string, n int) string {
		return c.link(rel, map[string]string{"page": strconv.Itoa(n), "per_page": strconv.Itoa(p.size)})
	}
	h.Set("X-Page", strconv.Itoa(p.number))
	h.Set("X-Per-Page", strconv.Itoa(p.size))
	h.Set("X-Next-Page", "")
	h.Set("X-Prev-Page", "")
	links := []string{at("first", 1)}
	if p.number > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(p.number-1))
		links = append(links, at("prev", p.number-1))
	}
	if more {
		h.Set("X-Next-Page", strconv.Itoa(p.number+1))
		links = append(links, at("next", p.number+1))
	}
	if total >= 0 {
		pages := max(1, (total+p.size-1)/p.size)
		h.Set("X-Total", strconv.Itoa(total))
		h.Set("X-Total-Pages", strconv.Itoa(pages))
		links = append(links, at("last", pages))
	}
	h.Set("Link", strings.Join(links, ", "))
	return h
}

func gitlabTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
