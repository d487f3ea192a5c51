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
	routes := map[string]func(*call) (answer, error){
		"":                    githubGetRepository,
		"/branches/{rev...}":  githubGetBranch,
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
		f.mux.HandleFunc("GET "+base+"/orgs/{owner}/repos", f.api(d, githubListRepositories))
	}
	f.mux.HandleFunc("GET /github/", f.pages(GitHub))
}

func (f *Forge) githubDialect() *dialect {
	d := &dialect{
		provider: GitHub, service: f.options.GitHub,
		window: time.Hour, limit: f.options.GitHub.Limit, anonymous: 60,
		freeNotModified: true,
		find:            findGitHub,
	}
	if d.limit == 0 {
		d.limit = 5000
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
		return refusal{status: http.StatusForbidden, message: "API rate limit exceeded for user ID 1.", docs: "/overview/rate-limits-for-the-rest-api"}
	}
	return d
}

// findGitHub finds the repository by name or number. What the caller may not
// see is not there; what was renamed is elsewhere.
func findGitHub(c *call) error {
	owner, name, id := c.PathValue("owner"), c.PathValue("repo"), c.PathValue("id")
	switch {
	case id != "":
		for _, r := range c.forge.repositories {
			if r.provider == GitHub && strconv.FormatInt(r.id, 10) == id {
				c.repo = r
			}
		}
	case name != "":
		c.repo = c.forge.names[nameKey(GitHub, owner+"/"+name)]
	default:
		return nil
	}
	if c.repo == nil || c.repo.settings.Private && c.visitor {
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

func githubGetRepository(c *call) (answer, error) {
	return answer{value: c.repo.githubRepository()}, nil
}

func githubListRepositories(c *call) (answer, error) {
	var all []jsonObject
	for _, r := range c.forge.repositories {
		if r.provider == GitHub && strings.EqualFold(r.owner(), c.PathValue("owner")) && !(r.settings.Private && c.visitor) {
			all = append(all, r.githubRepository())
		}
	}
	if len(all) == 0 {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	p := c.page(30)
	from, to := p.cut(len(all))
	return answer{value: all[from:to], header: c.githubLinks(p, len(all))}, nil
}

// githubLinks is the Link header of one page of a list of total.
func (c *call) githubLinks(p page, total int) http.Header {
	last := max(1, (total+p.size-1)/p.size)
	at := func(rel string, n int) string {
		return c.link(rel, map[string]string{"page": strconv.Itoa(n)})
	}
	var links []string
	if p.number > 1 {
		links = append(links, at("prev", p.number-1), at("first", 1))
	}
	if p.number < last {
		links = append(links, at("next", p.number+1), at("last", last))
	}
	if len(links) == 0 {
		return nil
	}
	return http.Header{"Link": {strings.Join(links, ", ")}}
}
