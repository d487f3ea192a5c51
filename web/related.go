package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// relatedTab is a tab of an entity's page that lists those it has certain
// relations to. A team may own 20,000, so that these are pages of a list.
type relatedTab struct {
	path, label string
	relations   []string
	quiet       bool // reached from the relations only
}

func relatedTabs() []relatedTab {
	return []relatedTab{
		{"apis", "APIs", []string{"providesApi", "consumesApi"}, false},
		{"used-by", "Used by", []string{"apiProvidedBy", "apiConsumedBy"}, false},
		{"parts", "Parts", []string{"hasPart"}, false},
		{"owns", "Owns", []string{"ownerOf"}, false},
		{"members", "Members", []string{"hasMember", "parentOf"}, false},
		{"needs", "Needs", []string{"dependsOn", "dependencyOf"}, true},
	}
}

// tabOf is the tab that lists a relation; ok is false if none does.
func tabOf(relation string) (relatedTab, bool) {
	for _, t := range relatedTabs() {
		if slices.Contains(t.relations, relation) {
			return t, true
		}
	}
	return relatedTab{}, false
}

const (
	fieldRelation = "relation"
	kindUser      = "user"
)

// targets are the refs that e has a relation to, each once, in order.
func targets(e *entities.Entry, relations ...string) []string {
	var all []string
	for _, r := range e.Relations {
		if slices.Contains(relations, r.Type) {
			all = append(all, r.TargetRef)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// query asks for what the tab lists of e, of one relation or of all. What people
// own is what their teams own, too.
func (t relatedTab) query(e *entities.Entry, relation string) entities.Query {
	if t.path == "owns" {
		q := entities.Query{Owners: []string{e.Ref}}
		if isUser(e) {
			q.Owners = append(q.Owners, targets(e, "memberOf")...)
		}
		if relation != "" {
			q.Owners = []string{relation}
		}
		return q
	}
	of := t.relations
	if relation != "" {
		of = []string{relation}
	}
	return entities.Query{Refs: append([]string{}, targets(e, of...)...)} // nil would be all
}

func isUser(e *entities.Entry) bool { return strings.EqualFold(e.Entity.Kind, kindUser) }

// count is how many the tab lists; 0 for a tab that is not shown.
func (t relatedTab) count(c Catalog, e *entities.Entry) int {
	n := len(targets(e, t.relations...))
	if t.path == "owns" && (n > 0 || isUser(e)) {
		q := t.query(e, "")
		q.Limit = 1
		return c.Find(q).Total
	}
	return n
}

// relatedView is a list of what an entity is related to.
type relatedView struct {
	head      entityHead
	title     string
	relations []ui.Choice // to choose one of; none if there is but one
	kinds     []ui.View
	says      string
	columns   []ui.Column
	rows      []entityRow
	pager     ui.Pager
	unknown   []string // refs that the catalog does not have
	moreGone  int
}

// shownUnknown is how many refs that lead nowhere are listed.
const shownUnknown = 20

// related handles "GET /catalog/{namespace}/{kind}/{name}/{parts, owns, …}".
func (s *Site) related(t relatedTab) func(context.Context, request) (answer, error) {
	return func(ctx context.Context, r request) (answer, error) {
		ref := r.ref()
		events, err := s.newest(ctx, r, ref, 1)
		if err != nil {
			return answer{}, err
		}
		e, ok := r.catalog.Get(ref.String())
		if !ok {
			return notThere(r, ref, events.Page), nil
		}
		v, err := newRelatedView(r, t, e)
		if err != nil {
			return answer{}, err
		}
		v.head = newEntityHead(r, e, t.label, events.total())
		return answer{title: v.head.title + " · " + t.label, body: relatedPage(v)}, nil
	}
}

func newRelatedView(r request, t relatedTab, e *entities.Entry) (relatedView, error) {
	v := relatedView{title: t.label}
	page, err := intParam(r.self.query, fieldPage, 1, 1, 1_000_000)
	if err != nil {
		return v, err
	}
	relation := r.self.query.Get(fieldRelation)
	choices := t.choices(r.catalog, e)
	if relation != "" && !slices.ContainsFunc(choices, func(c relationChoice) bool { return c.value == relation }) {
		return v, fault.New(fault.Invalid, "relation=%s is none of %s", ui.Shorten(relation, 100), e.Ref)
	}
	unpaged := r.self.drop(fieldPage)
	if len(choices) > 1 {
		v.relations = []ui.Choice{{Label: "All", Href: unpaged.drop(fieldRelation, fieldKind).String(), On: relation == ""}}
		for _, c := range choices {
			v.relations = append(v.relations, ui.Choice{
				Label: c.label + " " + ui.Number(c.n), Href: unpaged.drop(fieldKind).set(fieldRelation, c.value).String(), On: c.value == relation,
			})
		}
	}
	q := listQuery{page: page, rows: defaultRows, Query: t.query(e, relation)}
	if kind := r.self.query.Get(fieldKind); kind != "" {
		q.Kinds = []string{kind}
	}
	q.Order, q.Offset, q.Limit = entities.ByName, (page-1)*q.rows, q.rows
	found := r.catalog.Find(q.Query)
	v.kinds = kindViews(r.catalog, unpaged, found.Facets.Kinds, r.self.query.Get(fieldKind))
	v.says = ui.Plural(found.Total, "entity", "entities")
	v.columns = []ui.Column{{Label: "Name"}, {Label: "Owner"}, {Label: "System"}, {Label: "Lifecycle"}, {Label: "Type"}, {Label: "Last change"}}
	for _, entry := range found.Entries {
		row := newRow(r.catalog, entry, r.now)
		row.star = r.starButton(entry.Ref, row.name)
		row.star.Small = true
		v.rows = append(v.rows, row)
	}
	v.pager = listPager(r.self, q, found.Total)
	v.pager.Rows = nil
	if q.Refs != nil && found.Total < len(q.Refs) && len(q.Kinds) == 0 {
		v.unknown, v.moreGone = unknownOf(r.catalog, q.Refs)
	}
	return v, nil
}

// relationChoice is one relation of those that a tab lists; on the tab of what
// is owned, one owner.
type relationChoice struct {
	value, label string
	n            int
}

func (t relatedTab) choices(c Catalog, e *entities.Entry) []relationChoice {
	var all []relationChoice
	if t.path == "owns" {
		for _, ref := range t.query(e, "").Owners {
			if n := c.Find(entities.Query{Owners: []string{ref}, Limit: 1}).Total; n > 0 {
				all = append(all, relationChoice{ref, named(c, ref).Label, n})
			}
		}
		return all
	}
	for _, relation := range t.relations {
		if n := len(targets(e, relation)); n > 0 {
			all = append(all, relationChoice{relation, relationName(relation), n})
		}
	}
	return all
}

// kindViews narrow a list to one kind, if it has several.
func kindViews(in Catalog, at link, counts []entities.Count, chosen string) []ui.View {
	if len(counts) < 2 {
		return nil
	}
	n := 0
	for _, c := range counts {
		n += c.Count
	}
	all := []ui.View{{Label: "All kinds", Count: ui.Number(n), Href: at.drop(fieldKind).String(), On: chosen == ""}}
	for _, c := range counts {
		all = append(all, ui.View{
			Label: kindPlural(in, c.Value), Count: ui.Number(c.Count),
			Href: at.set(fieldKind, c.Value).String(), On: strings.EqualFold(c.Value, chosen),
		})
	}
	return all
}

// unknownOf are the refs that the catalog does not have, and how many more there are.
func unknownOf(c Catalog, refs []string) (unknown []string, more int) {
	for _, ref := range refs {
		if _, ok := c.Get(ref); ok {
			continue
		}
		if len(unknown) == shownUnknown {
			more++
			continue
		}
		unknown = append(unknown, ref)
	}
	return unknown, more
}

// excerpt is the beginning of a tab's list, on the overview.
type excerpt struct {
	id, title string
	kinds     []ui.View
	rows      []excerptRow
	all       ui.Anchor
}

type excerptRow struct {
	entity    ui.EntityLink
	about     string
	what      string
	lifecycle string
}

const shownExcerpt = 6

// excerpts are for what an entity is there for: the parts of a whole, the
// members and the belongings of a team.
func excerpts(c Catalog, e *entities.Entry) []excerpt {
	var all []excerpt
	for _, t := range relatedTabs() {
		title := excerptTitle(e.Entity.Kind, t.path)
		if title == "" {
			continue
		}
		q := t.query(e, "")
		q.Order, q.Limit = entities.ByName, shownExcerpt
		found := c.Find(q)
		if found.Total == 0 {
			continue
		}
		at := link{entityLink(e.Entity.Ref()) + "/" + t.path, url.Values{}}
		x := excerpt{id: "h-" + t.path, title: title, all: ui.Anchor{Label: "All " + ui.Number(found.Total), Href: at.String()}}
		if views := kindViews(c, at, found.Facets.Kinds, "none"); views != nil {
			x.kinds = views[1:]
		}
		for _, entry := range found.Entries {
			x.rows = append(x.rows, excerptRow{
				entity: ui.EntityLink{Label: entry.Entity.Title(), Icon: kindIcon(c, entry.Entity.Kind, entry.Type()), Href: entityLink(entry.Entity.Ref()), Title: entry.Ref},
				about:  ui.Shorten(entry.Entity.Metadata.Description, 100), what: ui.Shorten(kindOf(c, entry), 40), lifecycle: entry.Lifecycle(),
			})
		}
		all = append(all, x)
	}
	return all
}

// excerptTitle is what the overview of a kind calls a tab; "" if it does not show it.
func excerptTitle(kind, path string) string {
	switch path {
	case "parts":
		switch strings.ToLower(kind) {
		case "component":
			return "Subcomponents"
		case "system":
			return "What it is made of"
		default:
			return "Parts"
		}
	case "owns":
		return "Owns"
	case "members":
		return "Members"
	}
	return ""
}

// entityTabs are the pages about an entity, on being the label of this one.
func entityTabs(c Catalog, e *entities.Entry, on, events string) []ui.View {
	here := entityLink(e.Entity.Ref())
	all := []ui.View{{Label: tabOverview, Href: here}}
	if isAPI(e) {
		all = append(all, ui.View{Label: tabDefinition, Href: here + "/definition"})
	}
	for _, t := range relatedTabs() {
		if t.quiet && t.label != on {
			continue
		}
		if n := t.count(c, e); n > 0 {
			all = append(all, ui.View{Label: t.label, Href: here + "/" + t.path, Count: ui.Number(n)})
		}
	}
	if href := docsTab(e); href != "" {
		all = append(all, ui.View{Label: tabDocs, Href: href})
	}
	if isScored(c, e) {
		all = append(all, ui.View{Label: tabScores, Href: here + "/scorecards"})
	}
	if isGroup(e) {
		all = append(all, ui.View{Label: tabLedger, Href: here + "/ledger"})
	}
	all = append(all,
		ui.View{Label: tabGraph, Href: here + "/graph"},
		ui.View{Label: tabDescriptor, Href: here + "/descriptor"},
		ui.View{Label: tabHistory, Href: here + "/history", Count: events},
	)
	for i := range all {
		all[i].On = all[i].Label == on
	}
	return all
}
