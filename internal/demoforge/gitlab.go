package demoforge

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// routeGitLab registers the API under /gitlab/api/v4; everything else under
// the path is pages.
func (f *Forge) routeGitLab() {
	d := f.gitlabDialect()
	f.dialects[GitLab] = d
	routes := map[string]handler{
		"/projects/{project}":                             gitlabGetProject,
		"/projects/{project}/repository/branches/{rev}":   gitlabGetBranch,
		"/projects/{project}/repository/commits":          gitlabListCommits,
		"/projects/{project}/repository/commits/{rev}":    gitlabGetCommit,
		"/projects/{project}/repository/compare":          gitlabCompare,
		"/projects/{project}/repository/merge_base":       gitlabMergeBase,
		"/projects/{project}/repository/tree":             gitlabListTree,
		"/projects/{project}/repository/blobs/{sha}/raw":  gitlabGetRawBlob,
		"/projects/{project}/languages":                   gitlabListLanguages,
		"/projects/{project}/vulnerabilities":             gitlabListVulnerabilities,
		"/projects/{project}/repository/files/{path}":     gitlabGetFile,
		"/projects/{project}/repository/files/{path}/raw": gitlabGetRawFile,
	}
	for path, handle := range routes {
		f.mux.HandleFunc("GET /gitlab/api/v4"+path, f.api(d, handle))
	}
	for _, more := range []map[string]handler{gitlabListing(), gitlabPeople(), gitlabHooks(), gitlabPulls()} {
		for route, handle := range more {
			method, path, _ := strings.Cut(route, " ")
			f.mux.HandleFunc(method+" /gitlab/api/v4"+path, f.api(d, handle))
		}
	}
	f.mux.HandleFunc("GET /gitlab/", f.pages(GitLab))
	f.mux.HandleFunc("POST /gitlab/", f.fetches(GitLab))
}

func (f *Forge) gitlabDialect() *dialect {
	d := &dialect{
		provider: GitLab, service: f.options.GitLab,
		window: time.Minute, anonymous: 500,
		find: findGitLab,
	}
	d.grant = func(caller) int {
		if f.options.GitLab.Limit != 0 {
			return f.options.GitLab.Limit
		}
		return 2000
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
		case r.errors != nil:
			return jsonObject{"error": r.errors}
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
	c.repo = c.forge.numbered(GitLab, id)
	byNumber := c.repo != nil
	if !byNumber {
		c.repo = c.forge.names[nameKey(GitLab, id)]
	}
	if c.repo == nil || !c.sees(c.repo) {
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
