package population

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// How unevenly things are spread: see skewed.
const (
	ownerSkew = 1.5 // some teams own much, many own little
	usedSkew  = 2   // some APIs and resources are used by many
)

// What types and lifecycles there are; those listed more often are more common.
var (
	componentTypes    = []string{"service", "service", "service", "service", "service", "website", "website", "library", "library", "data-pipeline"}
	subcomponentTypes = []string{"worker", "worker", "worker", "module", "module", "job", "function"}
	apiTypes          = []string{"openapi", "openapi", "openapi", "grpc", "asyncapi", "graphql"}
	resourceTypes     = []string{"database", "database", "s3-bucket", "kafka-topic", "redis-cache", "queue"}
	groupTypes        = []string{"team", "team", "team", "squad", "business-unit"}
	lifecycles        = []string{"production", "production", "production", "production", "production", "production", "experimental", "experimental", "deprecated"}
	regions           = []string{"eu-west", "eu-north", "us-east", "us-west", "ap-south"}
)

// Entity returns entity i as catalog.FromObject takes it. References that begin
// with "retired-" lead nowhere, as some do in every catalog.
func (p *Population) Entity(i int) map[string]any {
	e := entity{
		Population: p, r: p.random(i, forText), section: p.Section(i), number: i,
		metadata: map[string]any{"name": p.Name(i)}, spec: map[string]any{},
	}
	switch e.section {
	case Domain:
		e.domain()
	case Group:
		e.group()
	case User:
		e.user()
	case System:
		e.system()
	case Resource:
		e.resource()
	case API:
		e.api()
	default:
		e.component()
	}
	return map[string]any{
		"apiVersion": "backstage.io/v1alpha1", "kind": e.section.Kind(), "metadata": e.metadata, "spec": e.spec,
	}
}

// entity is one that is being made.
type entity struct {
	*Population
	r       *rand.Rand
	section Section
	number  int

	metadata, spec map[string]any
}

// place is where an entity belongs; a subcomponent, mostly where its parent does.
func (p *Population) place(i int) (owner, system string) {
	r := p.random(i, forPlace)
	if p.Section(i) == Subcomponent {
		if parent := p.parent(i); r.IntN(100) < 85 {
			return p.place(p.Number(Component, parent))
		}
	}
	owner = p.some(r, Group, ownerSkew)
	if r.IntN(100) < 8 {
		owner = "user:" + p.some(r, User, 1)
	}
	return owner, p.some(r, System, ownerSkew)
}

// parent returns which component the subcomponent i is part of.
func (p *Population) parent(i int) int {
	return skewed(p.random(i, forPlace), p.Count(Component), 1.3)
}

// some returns the name of an entity of a section.
func (p *Population) some(r *rand.Rand, s Section, skew float64) string {
	return p.Name(p.Number(s, skewed(r, p.Count(s), skew)))
}

func (e *entity) domain() {
	e.describe(100)
	e.spec["owner"], _ = e.place(e.number)
	if n := e.number - e.first[Domain]; n >= 10 {
		e.spec["subdomainOf"] = e.Name(e.Number(Domain, n/10))
	}
}

func (e *entity) group() {
	e.describe(50)
	e.spec["type"], e.spec["children"] = pick(e.r, groupTypes), []any{}
	e.spec["profile"] = map[string]any{"displayName": e.title(), "email": e.metadata["name"].(string) + "@acme.example"}
	if n := e.number - e.first[Group]; n > 0 {
		e.spec["parent"] = e.Name(e.Number(Group, (n-1)/5))
	} else {
		e.spec["type"] = "organization"
	}
}

func (e *entity) user() {
	e.spec["memberOf"] = e.list(1+e.r.IntN(5)/4, func() string { return e.some(e.r, Group, 1) })
	e.spec["profile"] = map[string]any{"displayName": e.title(), "email": e.metadata["name"].(string) + "@acme.example"}
}

func (e *entity) system() {
	e.describe(100)
	e.tags(3)
	e.spec["owner"], _ = e.place(e.number)
	e.spec["domain"] = e.some(e.r, Domain, ownerSkew)
}

func (e *entity) resource() {
	e.describe(60)
	e.tags(3)
	e.metadata["labels"] = map[string]any{"acme.example/region": pick(e.r, regions)}
	e.metadata["annotations"] = map[string]any{"terraform.example/state": fmt.Sprintf("s3://acme-state/%s/%016x.tfstate", e.metadata["name"], e.r.Uint64())}
	e.spec["type"] = pick(e.r, resourceTypes)
	e.spec["owner"], e.spec["system"] = e.place(e.number)
	if e.r.IntN(100) < 15 {
		e.spec["dependsOn"] = e.list(1, func() string { return "resource:" + e.some(e.r, Resource, usedSkew) })
	}
}

func (e *entity) api() {
	e.describe(100)
	e.tags(3)
	kind := pick(e.r, apiTypes)
	e.spec["type"], e.spec["lifecycle"] = kind, pick(e.r, lifecycles)
	e.spec["owner"], e.spec["system"] = e.place(e.number)
	e.spec["definition"] = e.definition(kind)
}

func (e *entity) component() {
	e.describe(95)
	e.tags(5)
	e.metadata["labels"] = map[string]any{
		"acme.example/tier": fmt.Sprintf("tier-%d", 1+e.r.IntN(3)), "acme.example/region": pick(e.r, regions),
	}
	name := e.metadata["name"].(string)
	annotations := map[string]any{"github.com/project-slug": "acme/" + e.Home(e.number), "backstage.io/techdocs-ref": "dir:."}
	e.metadata["annotations"] = annotations
	e.spec["lifecycle"] = pick(e.r, lifecycles)
	e.spec["owner"], e.spec["system"] = e.place(e.number)
	provides, consumes, types := 50, 60, componentTypes
	if e.section == Subcomponent {
		provides, consumes, types = 30, 30, subcomponentTypes
		e.spec["subcomponentOf"] = e.Name(e.Number(Component, e.parent(e.number)))
	} else {
		annotations["pagerduty.com/integration-key"] = fmt.Sprintf("%016x", e.r.Uint64())
		annotations["prometheus.io/rule"] = fmt.Sprintf("memUsage|component,node_memory_active_bytes|instance,sum by (cpu) (rate(x[%dm]))", 1+e.r.IntN(9))
		e.metadata["links"] = []any{
			map[string]any{"url": "https://dash.acme.example/d/" + name, "title": "Dashboard", "icon": "dashboard"},
			map[string]any{"url": "https://runbooks.acme.example/" + name, "title": "Runbook", "icon": "docs"},
		}
	}
	e.spec["type"] = pick(e.r, types)
	if e.r.IntN(100) < provides {
		e.spec["providesApis"] = e.list(1+e.r.IntN(3), func() string { return e.some(e.r, API, 1) })
	}
	if e.r.IntN(100) < consumes {
		e.spec["consumesApis"] = e.list(1+e.r.IntN(3), func() string { return e.some(e.r, API, usedSkew) })
	}
	if n := e.r.IntN(4); n > 0 {
		e.spec["dependsOn"] = e.list(n, func() string {
			switch chance := e.r.IntN(100); {
			case chance == 0:
				return "resource:retired-" + e.some(e.r, Resource, 1)
			case chance < 40:
				return "component:" + e.some(e.r, Component, usedSkew)
			default:
				return "resource:" + e.some(e.r, Resource, ownerSkew)
			}
		})
	}
}

// describe gives most entities a title, and so many of a hundred a description.
func (e *entity) describe(percent int) {
	if e.r.IntN(100) < 80 {
		e.metadata["title"] = e.title()
	}
	if e.r.IntN(100) >= percent {
		return
	}
	sentences := make([]string, 1+e.r.IntN(4)/2+e.r.IntN(20)/18*3)
	for i := range sentences {
		sentences[i] = fmt.Sprintf("Keeps every %s of the %s %s in step with its %s.",
			pick(e.r, subjects), pick(e.r, adjectives), pick(e.r, subjects), pick(e.r, subjects))
	}
	e.metadata["description"] = strings.Join(sentences, " ")
}

func (e *entity) title() string {
	words := e.words(e.section, e.number-e.first[e.section])
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

func (e *entity) tags(most int) {
	if n := e.r.IntN(most); n > 0 {
		e.metadata["tags"] = e.list(n, func() string { return tags[skewed(e.r, len(tags), usedSkew)] })
	}
}

// list returns up to n different texts, sorted as Backstage sorts references.
func (e *entity) list(n int, next func() string) []any {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = next()
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	list := make([]any, len(texts))
	for i, t := range texts {
		list[i] = t
	}
	return list
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
