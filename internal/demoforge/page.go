package demoforge

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// number reads a query parameter that is a positive number, at most max.
func (c *call) number(name string, otherwise, most int) int {
	n, err := strconv.Atoi(c.URL.Query().Get(name))
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

// page cuts one page out of a list.
type page struct{ number, size int }

func (c *call) page(size int) page {
	return page{c.number("page", 1, 1<<20), c.number("per_page", size, 100)}
}

// cut is the page's share of a list of n.
func (p page) cut(n int) (from, to int) {
	return min((p.number-1)*p.size, n), min(p.number*p.size, n)
}

// link is the address of the same call with some query parameters changed.
func (c *call) link(rel string, set map[string]string) string {
	q := c.URL.Query()
	for name, value := range set {
		q.Set(name, value)
	}
	u := url.URL{Path: c.URL.Path, RawPath: c.URL.RawPath, RawQuery: q.Encode()}
	return fmt.Sprintf("<%s%s>; rel=%q", c.forge.options.URL, u.String(), rel)
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
