package demoforge

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// routeGitHub registers the API as at api.github.com and, under api/v3, as on
// GitHub Enterprise Server; everything else under the path is pages.
func (f *Forge) routeGitHub() {
	d := f.githubDialect()
	f.dialects[GitHub] = d
	routes := map[string]handler{
		"":                    githubGetRepository,
		"/branches/{rev...}":  githubGetBranch,
		"/languages":          githubListLanguages,
		"/commits":            githubListCommits,
		"/commits/{rev...}":   githubGetCommit,
		"/git/ref/{ref...}":   githubGetRef,
		"/git/refs/{ref...}":  githubGetRef,
		"/git/trees/{rev...}": githubGetTree,
		"/git/blobs/{sha}":    githubGetBlob,
		"/contents":           githubGetContents,
		"/contents/{path...}": githubGetContents,
		"/compare/{range...}": githubCompare,
	}
	for _, base := range []string{"/github", "/github/api/v3"} {
		for path, handle := range routes {
			f.mux.HandleFunc("GET "+base+"/repos/{owner}/{repo}"+path, f.api(d, handle))
			f.mux.HandleFunc("GET "+base+"/repositories/{id}"+path, f.api(d, handle))
		}
		for _, more := range []map[string]handler{githubListing(), githubPeople(), githubHooks(), githubApps(), githubPulls(), githubAlerts()} {
			for route, handle := range more {
				method, path, _ := strings.Cut(route, " ")
				f.mux.HandleFunc(method+" "+base+path, f.api(d, handle))
			}
		}
	}
	f.routeManifest()
	f.mux.HandleFunc("GET /github/", f.pages(GitHub))
	f.mux.HandleFunc("POST /github/", f.fetches(GitHub))
}

func (f *Forge) githubDialect() *dialect {
	d := &dialect{
		provider: GitHub, service: f.options.GitHub,
		window: time.Hour, anonymous: 60,
		freeNotModified: true,
		find:            findGitHub,
	}
	d.grant = func(who caller) int {
		switch {
		case f.options.GitHub.Limit != 0:
			return f.options.GitHub.Limit
		case who.kind == asInstallation: // see the rate limits for GitHub App installations
			return min(12_500, 5000+50*max(0, len(who.installation.repositories())-20))
		default:
			return 5000
		}
	}
	d.token = func(r *http.Request) string {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
			return ""
		}
		return token
	}
	d.refuse = func(r refusal) any {
		o := jsonObject{"message": r.message, "documentation_url": "https://docs.github.com/rest" + r.docs, "status": strconv.Itoa(r.status)}
		if at := r.header.Get("Location"); at != "" {
			o["url"] = at
		}
		if r.errors != nil {
			o["errors"] = r.errors
		}
		return o
	}
	d.rate = func(h http.Header, q quota) {
		h.Set("X-RateLimit-Limit", strconv.Itoa(q.limit))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, q.limit-q.used)))
		h.Set("X-RateLimit-Used", strconv.Itoa(q.used))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(q.reset.Unix(), 10))
		h.Set("X-RateLimit-Resource", "core")
		h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	}
	d.exhausted = func(time.Duration) refusal {
		status := http.StatusForbidden
		if f.options.GitHub.Exhausted != 0 {
			status = f.options.GitHub.Exhausted
		}
		return refusal{status: status, message: "API rate limit exceeded for user ID 1.", docs: "/overview/rate-limits-for-the-rest-api"}
	}
	return d
}

// findGitHub finds the repository by name or number. What the caller may not
// see is not there; what was renamed is elsewhere.
func findGitHub(c *call) error {
	owner, name, id := c.PathValue("owner"), c.PathValue("repo"), c.PathValue("id")
	switch {
	case id != "":
		c.repo = c.forge.numbered(GitHub, id)
	case name != "":
		c.repo = c.forge.names[nameKey(GitHub, owner+"/"+name)]
	default:
		return nil
	}
	if c.repo == nil || !c.sees(c.repo) {
		return refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	if id == "" && !strings.EqualFold(c.repo.name, owner+"/"+name) {
		base, rest, _ := strings.Cut(c.URL.EscapedPath(), "/repos/"+owner+"/"+name)
		at := fmt.Sprintf("%s%s/repositories/%d%s", c.forge.options.URL, base, c.repo.id, rest)
		if c.URL.RawQuery != "" {
			at += "?" + c.URL.RawQuery
		}
		return refusal{status: http.StatusMovedPermanently, message: "Moved Permanently", header: http.Header{"Location": {at}}}
	}
	return nil
}

// handler answers one route of an API.
type handler = func(*call) (answer, error)

// numbered finds a repository by its number.
func (f *Forge) numbered(p Provider, id string) *Repository {
	n, err := strconv.ParseInt(id, 10, 64)
	if r := f.byID[n]; err == nil && r != nil && r.provider == p {
		return r
	}
	return nil
}
