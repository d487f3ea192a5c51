// Package traffic is the load that a catalog is measured under: requests to
// Backstage's catalog API for ever different entities of a population, and the
// connections that send them.
//
// Start with [Cases], the kinds of requests, and [Run], which sends one of them
// for a while. Nothing in here knows which catalog answers.
package traffic

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"

	"github.com/callboard/callboard/bench/population"
)

// Request is one request to a catalog.
type Request struct {
	Path string // with the query, below the base URL
	Body string // JSON to post; empty for GET
}

// Case is one kind of request.
type Case struct {
	Name string
	// Requests are those that are sent, in turn, all of them independent. A walk
	// begins at one of them and goes on page by page.
	Requests []Request
	// Next returns the request for the page after an answer to r, false after the
	// last one; nil for what is no walk.
	Next func(r Request, a Answer) (Request, bool)
}

const catalogAPI = "/api/catalog"

// keys is how many different requests a case has, if there can be so many.
const keys = 1000

// Cases returns every kind of request, for a population. The same seed gives
// the same requests.
func Cases(p *population.Population, seed uint64) []Case {
	m := maker{p, rand.New(rand.NewPCG(seed, 0))}
	return []Case{
		{Name: "by name", Requests: m.times(10*keys, m.byName)},
		{Name: "filtered page", Requests: m.times(keys, m.filtered)},
		{Name: "sorted page", Requests: m.times(keys, m.sorted)},
		{Name: "ordered OR", Requests: m.times(keys, m.either)},
		{Name: "full text", Requests: m.times(keys, m.fullText)},
		{Name: "facets", Requests: m.times(keys, m.facets)},
		{Name: "count", Requests: m.times(keys, m.count)},
		{Name: "by refs, 50", Requests: m.times(keys/4, m.byRefs)},
		{Name: "pages by after", Requests: m.times(keys/10, m.paged), Next: after},
		{Name: "pages by cursor", Requests: m.times(keys/10, m.cursored), Next: cursor},
		{Name: "whole kind", Requests: []Request{get("/entities", "filter", "kind=component")}},
	}
}

// Mix returns a case that takes the requests of others in turn, every second
// one being of the first. Walks are left out.
func Mix(cases []Case) Case {
	mix := Case{Name: "mix"}
	for i := range keys {
		for k, c := range cases {
			if c.Next == nil {
				first := cases[0].Requests
				mix.Requests = append(mix.Requests, first[(i*len(cases)+k)%len(first)], c.Requests[i%len(c.Requests)])
			}
		}
	}
	return mix
}

// maker makes requests by chance.
type maker struct {
	*population.Population
	*rand.Rand
}

func (m maker) times(n int, one func() Request) []Request {
	all := make([]Request, n)
	for i := range all {
		all[i] = one()
	}
	return all
}

func (m maker) anyone() int                   { return m.IntN(m.Len()) }
func (m maker) some(s population.Section) int { return m.Number(s, m.IntN(m.Count(s))) }
func (m maker) team() string                  { return "group:default/" + m.Name(m.some(population.Group)) }
func (m maker) pick(from ...string) string    { return from[m.IntN(len(from))] }
func (m maker) kind() string                  { return m.pick("component", "component", "api", "resource") }
func (m maker) sort() string {
	return m.pick("metadata.name", "metadata.name", "metadata.title", "spec.owner")
}
func (m maker) direction() string { return m.pick("asc", "asc", "asc", "desc") }

func (m maker) byName() Request {
	kind, rest, _ := strings.Cut(m.Ref(m.anyone()), ":")
	return get("/entities/by-name/" + kind + "/" + rest)
}

// filtered is what a list shows when one chooses a type, and then an owner.
func (m maker) filtered() Request {
	of := map[string][]string{
		"component": {"service", "website", "library", "worker", "module", "job"},
		"api":       {"openapi", "grpc", "asyncapi", "graphql"},
		"resource":  {"database", "s3-bucket", "kafka-topic", "queue"},
	}
	kind := m.kind()
	filter := "kind=" + kind + ",spec.type=" + m.pick(of[kind]...)
	if m.IntN(2) == 0 {
		filter += ",relations.ownedBy=" + m.team()
	}
	return get("/entities/by-query", "filter", filter, "limit", "20", "orderField", "metadata.name,asc")
}

func (m maker) sorted() Request {
	return get("/entities/by-query", "filter", "kind="+m.kind(), "limit", "20", "orderField", m.sort()+","+m.direction())
}

func (m maker) either() Request {
	return get("/entities/by-query",
		"filter", "kind=component,spec.lifecycle="+m.pick("production", "experimental", "deprecated"),
		"filter", "kind="+m.pick("api", "resource")+",relations.ownedBy="+m.team(),
		"limit", "20", "orderField", m.sort()+","+m.direction())
}

// fullText asks for a common word, for two words that stand together now and
// then, or for the beginning of one name.
func (m maker) fullText() Request {
	words := strings.Split(m.Name(m.some(population.Subcomponent)), "-")
	term := words[1]
	switch m.IntN(3) {
	case 0:
		term = strings.Join(words[1:3], "-")
	case 1:
		term = strings.Join(words[:3], "-")
	}
	return get("/entities/by-query", "filter", "kind=component", "limit", "20", "orderField", "metadata.name,asc",
		"fullTextFilterTerm", term, "fullTextFilterFields", "metadata.name,metadata.title")
}

func (m maker) facets() Request {
	filter := "kind=" + m.kind()
	if m.IntN(2) == 0 {
		filter += ",relations.ownedBy=" + m.team()
	}
	return get("/entity-facets", "facet", m.pick("spec.type", "spec.lifecycle"), "facet", m.pick("metadata.tags", "kind"), "filter", filter)
}

func (m maker) count() Request {
	filter := "kind=" + m.kind() + "," + m.pick("relations.ownedBy="+m.team(), "spec.lifecycle=production", "metadata.tags="+m.pick("go", "java", "python"))
	return get("/entities/by-query", "filter", filter, "limit", "0")
}

func (m maker) byRefs() Request {
	refs := make([]string, 50)
	for i := range refs {
		refs[i] = m.Ref(m.anyone())
	}
	body, _ := json.Marshal(map[string]any{"entityRefs": refs}) // strings cannot fail
	return Request{Path: catalogAPI + "/entities/by-refs", Body: string(body)}
}

func (m maker) paged() Request {
	return get("/entities", "filter", "kind="+m.pick("system", "user", "group"), "limit", "100")
}

func (m maker) cursored() Request {
	return get("/entities/by-query", "filter", "kind="+m.kind()+",relations.ownedBy="+m.team(), "limit", "50", "orderField", m.sort()+","+m.direction())
}

// get makes a GET request of a path and query parameters, name and value in turn.
func get(path string, query ...string) Request {
	address, sign := catalogAPI+path, "?"
	for i := 0; i < len(query); i += 2 {
		address += sign + query[i] + "=" + url.QueryEscape(query[i+1])
		sign = "&"
	}
	return Request{Path: address}
}

// after follows the Link header of a page of /entities. Backstage leaves out
// what the path is mounted under.
func after(_ Request, a Answer) (Request, bool) {
	link, _, more := strings.Cut(strings.TrimPrefix(a.Link, "<"), ">")
	if !more {
		return Request{}, false
	}
	return Request{Path: catalogAPI + strings.TrimPrefix(link, catalogAPI)}, true
}

// cursor follows the cursor of a page of /entities/by-query as catalog-client
// does: by POST if it holds a query, else by GET.
func cursor(_ Request, a Answer) (Request, bool) {
	var page struct {
		PageInfo struct {
			NextCursor string `json:"nextCursor"`
		} `json:"pageInfo"`
	}
	if err := json.Unmarshal(a.Body, &page); err != nil || page.PageInfo.NextCursor == "" {
		return Request{}, false
	}
	next := page.PageInfo.NextCursor
	var inside map[string]json.RawMessage
	decoded, err := base64.StdEncoding.DecodeString(next)
	if err == nil && json.Unmarshal(decoded, &inside) == nil && inside["query"] != nil {
		return Request{Path: catalogAPI + "/entities/by-query", Body: fmt.Sprintf(`{"cursor":%q,"limit":50}`, next)}, true
	}
	return get("/entities/by-query", "cursor", next, "limit", "50"), true
}
