package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/web/ui"
)

const searchPath = "/search"

// fieldSite is the entity whose pages are looked at.
const fieldSite = "site"

// shownResults is how many results are on a page.
const shownResults = 20

// Search finds entities, pages and operations.
type Search interface {
	Find(ctx context.Context, q search.Query) (search.Results, error)
}

// searchField ties a field of the address to the query and to what is counted.
type searchField struct {
	field, name string
	values      func(*search.Query) *[]string
	counts      func(search.Results) []search.Count
}

func searchFields() []searchField {
	return []searchField{
		{fieldType, "Type", func(q *search.Query) *[]string { return &q.Types }, func(r search.Results) []search.Count { return r.Types }},
		{fieldKind, "Kind", func(q *search.Query) *[]string { return &q.Kinds }, func(r search.Results) []search.Count { return r.Kinds }},
		{fieldOwner, "Owner", func(q *search.Query) *[]string { return &q.Owners }, func(r search.Results) []search.Count { return r.Owners }},
		{fieldSite, "Site", func(q *search.Query) *[]string { return &q.Sites }, func(r search.Results) []search.Count { return r.Sites }},
	}
}

// searchTypes are the types of results as people read them.
func searchTypes() [][2]string {
	return [][2]string{{search.Entities, "Catalog"}, {search.Pages, "Docs"}, {search.Operations, "API operations"}}
}

// searchView is what was found, or why nothing was.
type searchView struct {
	lede    string
	says    string // how much was found, to be read out
	views   []ui.View
	bar     ui.ListBar
	facets  []ui.Facet
	chips   []ui.Chip
	clear   string
	rows    []searchRow
	pager   *ui.Pager
	meant   string // what was looked for instead
	unknown string // of the words that nothing holds
	asked   string
	some    bool
	more    bool
	outside string // address without the filters, if they leave out what there is
	idle    bool   // nothing is asked for, and nothing is there
}

// searchRow is a result.
type searchRow struct {
	icon, kind string
	title      []search.Piece
	href       string
	path       []string // where it belongs
	excerpt    []search.Piece
	owner      ui.Person
	changed    ui.Moment
}

// search handles "GET /search".
func (s *Site) search(ctx context.Context, r request) (answer, error) {
	if whole, ok := wholeOwners(r.self.query); ok {
		return answer{location: link{r.self.path, whole}.String()}, nil
	}
	q, page, err := parseSearch(r)
	if err != nil {
		return answer{}, err
	}
	found, err := s.Search.Find(ctx, q)
	if err != nil {
		return answer{}, err
	}
	if last := max(1, (found.Total+shownResults-1)/shownResults); page > last {
		return answer{location: r.self.set(fieldPage, strconv.Itoa(last)).String()}, nil
	}
	title := "Search"
	if q.Text != "" {
		title = ui.Shorten(q.Text, 60) + " · Search"
	}
	return answer{title: title, body: searchPage(newSearchView(r, q, page, found))}, nil
}

func parseSearch(r request) (q search.Query, page int, err error) {
	asked := r.self.query
	q = search.Query{Text: strings.TrimSpace(asked.Get(fieldText)), Moment: r.moment, Limit: shownResults}
	for _, f := range searchFields() {
		*f.values(&q) = slices.DeleteFunc(slices.Clone(asked[f.field]), func(v string) bool { return v == "" })
	}
	for _, typ := range q.Types {
		if !slices.Contains(search.Types(), typ) {
			return q, 0, fault.New(fault.Invalid, "type=%s is no type of results; there are %s", typ, strings.Join(search.Types(), ", "))
		}
	}
	for i, site := range q.Sites {
		ref, err := catalog.ParseRef(site, catalog.Ref{Kind: "component", Namespace: catalog.DefaultNamespace})
		if err != nil {
			return q, 0, fault.New(fault.Invalid, "site=%s is no entity; write site=component:default/payments", site)
		}
		q.Sites[i] = ref.String()
	}
	switch order := asked.Get(fieldOrder); order {
	case "", "best":
	case "change":
		q.Newest = true
	default:
		return q, 0, fault.New(fault.Invalid, "order=%s is no order; write order=best or order=change", order)
	}
	if q.From, err = moment(fieldFrom, asked.Get(fieldFrom), 0); err != nil {
		return q, 0, err
	}
	if q.To, err = moment(fieldTo, asked.Get(fieldTo), 1); err != nil {
		return q, 0, err
	}
	page, err = intParam(asked, fieldPage, 1, 1, 1_000_000)
	q.Offset = (page - 1) * shownResults
	return q, page, err
}

func newSearchView(r request, q search.Query, page int, found search.Results) searchView {
	at := r.self.drop(fieldPage)
	v := searchView{
		asked: q.Text, some: found.Some, more: found.More, clear: link{path: searchPath}.set(fieldText, q.Text).String(),
		pager: newPager(r.self, page, shownResults, found.Total),
		idle:  q.Text == "" && found.Total == 0 && len(at.drop(fieldOrder, fieldMoment, fieldKnown).query) == 0,
	}
	v.says = ui.Plural(found.Total, "result")
	if found.More {
		v.says = "More than " + ui.Number(found.Total) + " results"
	}
	v.lede = v.says + "."
	if q.Text == "" {
		v.lede = "What is in the catalog, in the docs and in the definitions of APIs, by its last change."
	}
	if found.Outside {
		v.outside = v.clear
	}
	v.meant, v.unknown = meant(found.Meant)
	for _, f := range searchFields() {
		chosen := *f.values(&q)
		if f.field == fieldType {
			v.views = searchViews(at, chosen, f.counts(found))
			continue
		}
		if facet := newSearchFacet(r.catalog, at, f, chosen, f.counts(found)); len(facet.Items) > 0 {
			v.facets = append(v.facets, facet)
		}
		for _, value := range chosen {
			v.chips = append(v.chips, ui.Chip{Field: f.name, Value: f.label(r.catalog, value), Drop: at.toggle(f.field, value).String()})
		}
	}
	then := r.moment.At
	if then.IsZero() {
		then = r.now
	}
	v.facets = append(v.facets, changedFacet(at, then))
	for _, bound := range [][2]string{{fieldFrom, "Changed since"}, {fieldTo, "Changed until"}} {
		if text := r.self.query.Get(bound[0]); text != "" {
			v.chips = append(v.chips, ui.Chip{Field: bound[1], Value: text, Drop: at.drop(bound[0]).String()})
		}
	}
	v.bar = ui.ListBar{
		SearchBox: ui.SearchBox{Action: searchPath, Name: fieldText, Value: q.Text, Label: "Search", Placeholder: "A name, or words of a page"},
		Carry:     at.drop(fieldText, fieldOrder).carry(),
		OrderName: fieldOrder,
		Orders: []ui.Option{
			{Value: "", Label: "Best first", On: !q.Newest},
			{Value: "change", Label: "Last change, newest first", On: q.Newest},
		},
		FiltersHref: "#filters", Filters: len(v.chips), Live: true,
	}
	for _, h := range found.Hits {
		v.rows = append(v.rows, newSearchRow(r, h))
	}
	return v
}

// meant says what words were taken for.
func meant(all []search.Meant) (instead, unknown string) {
	var words, others []string
	for _, m := range all {
		words = append(words, "“"+m.Word+"”")
		others = append(others, strings.Join(m.For, " or "))
	}
	return strings.Join(others, ", "), strings.Join(words, ", ")
}

// searchViews are the results of all types, and those of one.
func searchViews(at link, chosen []string, counts []search.Count) []ui.View {
	all, of := 0, map[string]int{}
	for _, n := range counts {
		all, of[n.Value] = all+n.Count, n.Count
	}
	views := []ui.View{{Label: "Everything", Href: at.drop(fieldType).String(), Count: ui.Number(all), On: len(chosen) == 0}}
	for _, t := range searchTypes() {
		views = append(views, ui.View{Label: t[1], Href: at.set(fieldType, t[0]).String(), Count: ui.Number(of[t[0]]), On: len(chosen) == 1 && chosen[0] == t[0]})
	}
	return views
}

func (f searchField) label(c Catalog, value string) string {
	switch {
	case f.field == fieldKind:
		if k := c.Kinds().Named(value); k != nil {
			value = k.Name
		}
		return kindPlural(c, value)
	case value == search.NoOwner:
		return "Nobody"
	default:
		return named(c, value).Label
	}
}

func newSearchFacet(c Catalog, at link, f searchField, chosen []string, counts []search.Count) ui.Facet {
	v := ui.Facet{Name: f.name, Open: true}
	for _, value := range chosen { // what is chosen stays in sight
		if !slices.ContainsFunc(counts, func(n search.Count) bool { return strings.EqualFold(n.Value, value) }) {
			counts = append([]search.Count{{Value: value}}, counts...)
		}
	}
	if n := len(counts) - offeredValues; n > 0 {
		v.Unlisted, counts = n, counts[:offeredValues]
	}
	for _, n := range counts {
		v.Items = append(v.Items, ui.FacetItem{
			Label: f.label(c, n.Value), Count: n.Count, Href: at.toggle(f.field, n.Value).String(),
			On: slices.ContainsFunc(chosen, func(one string) bool { return strings.EqualFold(one, n.Value) }),
		})
	}
	if len(v.Items) > shownValues {
		v.Items, v.More = v.Items[:shownValues], v.Items[shownValues:]
	}
	return v
}

// changedFacet narrows the results to what changed lately.
func changedFacet(at link, now time.Time) ui.Facet {
	v := ui.Facet{Name: "Changed", Open: true, Single: true, Uncounted: true}
	for _, since := range []struct {
		label string
		days  int
	}{{"Today", 0}, {"In the last week", 7}, {"In the last month", 30}, {"In the last year", 365}} {
		from := now.UTC().AddDate(0, 0, -since.days).Format(time.DateOnly)
		item := ui.FacetItem{Label: since.label, Icon: "clock", Href: at.set(fieldFrom, from).String(), On: at.query.Get(fieldFrom) == from}
		if item.On {
			item.Href = at.drop(fieldFrom).String()
		}
		v.Items = append(v.Items, item)
	}
	return v
}

func newSearchRow(r request, h search.Hit) searchRow {
	row := searchRow{title: h.Title, excerpt: h.Excerpt, href: h.Location(), path: hitPath(r, h), changed: ui.Brief(h.Changed, r.now)}
	row.icon, row.kind = hitIcon(r, h)
	if h.Owner != "" {
		row.owner = owner(r.catalog, h.Owner)
	}
	return row
}

// hitIcon is what stands for a result, and what that says.
func hitIcon(r request, h search.Hit) (icon, says string) {
	switch h.Type {
	case search.Pages:
		return "docs", "Page"
	case search.Operations:
		return "api", "Operation"
	default:
		return kindIcon(r.catalog, h.Kind, h.Details.Type), kindTitle(r.catalog, h.Kind)
	}
}

// hitPath is where a result belongs.
func hitPath(r request, h search.Hit) []string {
	switch h.Type {
	case search.Pages:
		path := []string{cmp.Or(h.Site, named(r.catalog, h.Ref).Label)}
		if h.Heading != "" {
			path = append(path, h.Heading)
		}
		return path
	case search.Operations:
		return []string{named(r.catalog, h.Ref).Label, h.Verb + " " + h.Name}
	default:
		path := []string{r.paletteNote(h.Ref)}
		if path[0] == "" {
			path[0] = kindTitle(r.catalog, h.Kind)
		}
		if h.Name != search.Text(h.Title) {
			path = append(path, h.Name)
		}
		return path
	}
}
