package web

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

const catalogPath = "/catalog"

// Catalog is the catalog at one position. [entities.Snapshot] is one.
type Catalog interface {
	// Position is the last event that it has seen.
	Position() eventlog.Position
	// Kinds are those that it knows.
	Kinds() catalog.Kinds
	Entities
	Places
}

// Entities are those of a [Catalog].
type Entities interface {
	// Get returns the entity with a full lower-case reference.
	Get(ref string) (*entities.Entry, bool)
	// Brief returns what lists show of it, which costs much less.
	Brief(ref string) (entities.Brief, bool)
	// Find returns a page of entities, and the facets. Pages set a limit: a
	// catalog may hold hundreds of thousands.
	Find(entities.Query) entities.Result
	// List returns a part of a list of entities by their search keys.
	List(entities.Listing) entities.Rows
	// Facets counts the values of search keys.
	Facets(w entities.Where, keys ...string) [][]entities.Count
}

// Places are what a [Catalog] is read from.
type Places interface {
	// Rejections returns the descriptors that cannot be used, newest first.
	Rejections() []*entities.Rejection
	Conflicts(ref string) []*entities.Rejection
	// Locations returns the places that descriptors are read from besides what
	// the sources find by themselves.
	Locations() []*entities.Location
	// Repository returns what is declared in a repository of a source, and what in
	// it cannot be used.
	Repository(source, id string) ([]*entities.Entry, []*entities.Rejection)
}

const (
	defaultRows   = 25
	shownValues   = 6  // of a facet, at once
	shownKinds    = 12 // of the facet of kinds
	offeredValues = 50 // of a facet, when asked for more
)

// rowsChoices are the numbers of rows that a page of the list can have.
func rowsChoices() []int { return []int{25, 50, 100} }

// The fields of the list's address. Each of those in facets may come several times.
const (
	fieldText    = "q"
	fieldOrder   = "order"
	fieldPage    = "page"
	fieldRows    = "rows"
	fieldKind    = "kind"
	fieldStarred = "starred" // 1: only what this browser has starred
)

// facet ties a field of the address to the query and to what is counted.
type facet struct {
	field, name string
	single      bool
	values      func(*entities.Query) *[]string
	counts      func(entities.Facets) []entities.Count
}

func facets() []facet {
	return []facet{
		{fieldKind, "Kind", true, func(q *entities.Query) *[]string { return &q.Kinds }, func(f entities.Facets) []entities.Count { return f.Kinds }},
		{"type", "Type", false, func(q *entities.Query) *[]string { return &q.Types }, func(f entities.Facets) []entities.Count { return f.Types }},
		{"owner", "Owner", false, func(q *entities.Query) *[]string { return &q.Owners }, func(f entities.Facets) []entities.Count { return f.Owners }},
		{"lifecycle", "Lifecycle", false, func(q *entities.Query) *[]string { return &q.Lifecycles }, func(f entities.Facets) []entities.Count { return f.Lifecycles }},
		{"tag", "Tag", false, func(q *entities.Query) *[]string { return &q.Tags }, func(f entities.Facets) []entities.Count { return f.Tags }},
		{"source", "Source", false, func(q *entities.Query) *[]string { return &q.Sources }, func(f entities.Facets) []entities.Count { return f.Sources }},
	}
}

// list is a page that lists entities: all of them, or those of one kind.
type list struct {
	path, title string
	kind        string // "" for all
	one, many   string // what is listed
}

func everything() list { return list{catalogPath, "Catalog", "", "entity", "entities"} }

// facets are the fields that the list can be narrowed by.
func (l list) facets() []facet {
	if l.kind == "" {
		return facets()
	}
	return slices.DeleteFunc(facets(), func(f facet) bool { return f.field == fieldKind })
}

// listQuery is what a list's address asks for.
type listQuery struct {
	list
	entities.Query
	page, rows int
	starred    bool
}

func parseList(of list, q url.Values, starred []string) (listQuery, error) {
	l := listQuery{list: of, starred: q.Get(fieldStarred) != "", Query: entities.Query{Text: strings.TrimSpace(q.Get(fieldText))}}
	if of.kind != "" {
		l.Kinds = []string{of.kind}
	}
	for _, f := range of.facets() {
		*f.values(&l.Query) = slices.DeleteFunc(slices.Clone(q[f.field]), func(v string) bool { return v == "" })
	}
	if l.starred {
		l.Refs = append([]string{}, starred...) // nil would be all
	}
	order, err := choice(q, fieldOrder, "order", "change", "name", "owner")
	if err != nil {
		return l, err
	}
	switch order {
	case "name":
		l.Order = entities.ByName
	case "owner":
		l.Order = entities.ByOwner
	default:
		l.Order = entities.ByChanged
	}
	if l.page, err = intParam(q, fieldPage, 1, 1, 1_000_000); err != nil {
		return l, err
	}
	if l.rows, err = intParam(q, fieldRows, defaultRows, 1, 200); err != nil {
		return l, err
	}
	l.Offset, l.Limit = (l.page-1)*l.rows, l.rows
	return l, nil
}

// wholeOwners returns a query whose owners are whole references, if they are not:
// people write the name of a team as descriptors do.
func wholeOwners(q url.Values) (url.Values, bool) {
	whole := slices.Clone(q["owner"])
	for i, owner := range whole {
		if ref, err := catalog.ParseRef(owner, catalog.Ref{Kind: "group", Namespace: catalog.DefaultNamespace}); err == nil && owner != entities.NoOwner {
			whole[i] = ref.String()
		}
	}
	if slices.EqualFunc(whole, q["owner"], strings.EqualFold) {
		return nil, false
	}
	q = maps.Clone(q)
	q["owner"] = whole
	return q, true
}

// filtered reports whether the query leaves anything out.
func (l listQuery) filtered() bool { return l.Text != "" || l.narrowed() }

// narrowed reports whether it does so by anything but its text.
func (l listQuery) narrowed() bool {
	return l.starred || slices.ContainsFunc(l.facets(), func(f facet) bool { return len(*f.values(&l.Query)) > 0 })
}

// catalog handles "GET /catalog".
func (s *Site) catalog(ctx context.Context, r request) (answer, error) {
	return s.list(ctx, everything(), r)
}

func (s *Site) list(ctx context.Context, of list, r request) (answer, error) {
	if whole, ok := wholeOwners(r.self.query); ok {
		return answer{location: link{r.self.path, whole}.String()}, nil
	}
	q, err := parseList(of, r.self.query, r.starred)
	if err != nil {
		return answer{}, err
	}
	found := r.catalog.Find(q.Query)
	if last := max(1, (found.Total+q.rows-1)/q.rows); q.page > last {
		return answer{location: r.self.set(fieldPage, strconv.Itoa(last)).String()}, nil
	}
	v := newCatalogView(r, q, found, len(s.Sources()))
	if v.empty && !r.moment.Now() {
		first, err := s.first(ctx)
		if err != nil {
			return answer{}, err
		}
		v.before = newBeforeView(r, first)
	}
	v.register = s.Locations != nil
	if v.register && !v.empty {
		v.acts = append(v.acts, ui.Button{Label: "Register a location", Icon: "link", Href: registerPath})
	}
	return answer{title: of.title, body: catalogPage(v)}, nil
}

// catalogView is the list of entities, or why it is empty.
type catalogView struct {
	title    string
	acts     []ui.Button
	lede     string
	says     string // how many match, to be read out
	views    []ui.View
	bar      ui.ListBar
	facets   []ui.Facet
	chips    []ui.Chip
	clear    string
	columns  []ui.Column
	rows     []entityRow
	pager    ui.Pager
	missing  *suggestion // set when nothing matches
	noStars  bool        // only what is starred is asked for, and nothing is
	empty    bool        // nothing is in the catalog at all
	register bool        // locations can be registered
	before   *beforeView // set when nothing was in it at another moment
	noneYet  string      // what is listed, when the catalog has none of it
}

// beforeView is a list in which nothing is, as of a moment.
type beforeView struct {
	first ui.Moment // when the first entity is on record; zero: that was before
	to    ui.Anchor // the list a day after that, or of now
}

func newBeforeView(r request, first time.Time) *beforeView {
	v := &beforeView{to: ui.Anchor{Label: "Back to now", Href: r.self.drop(fieldMoment, fieldKnown).String()}}
	if at := r.moment.At; first.IsZero() || at.IsZero() || first.Before(at) {
		return v
	}
	v.first = ui.Minute(first)
	if later := first.UTC().AddDate(0, 0, 1); later.Before(r.now) {
		v.to = ui.Anchor{Label: "See it a day later", Href: r.self.set(fieldMoment, later.Format(minutes)).String()}
	}
	return v
}

// entityRow is one entity in the list.
type entityRow struct {
	icon, kind  string
	name, href  string
	description string
	problem     ui.Anchor // where its newest descriptor is wrong
	owner       ui.Person
	ownerless   bool // it should have an owner
	system      ui.EntityLink
	lifecycle   string
	typ         string
	definition  string // of an API: its page
	changed     ui.Moment
	by          ui.Person
	commit      ui.CommitMark
	star        ui.Star
}

func newCatalogView(r request, q listQuery, found entities.Result, sources int) catalogView {
	v := catalogView{
		title: q.title,
		empty: found.All == 0,
		clear: link{path: q.path}.set(fieldOrder, r.self.query.Get(fieldOrder)).String(),
	}
	all := found.All
	if q.kind != "" {
		all = r.catalog.Find(entities.Query{Kinds: []string{q.kind}, Limit: 1}).Total
	}
	v.lede = ui.Plural(all, q.one, q.many)
	if sources > 0 && q.kind == "" && r.moment.Now() { // those of now
		v.lede += " from " + ui.Plural(sources, "source")
	}
	v.lede += "."
	v.says = ui.Plural(found.Total, q.one, q.many)
	if q.filtered() {
		match := ui.Plural(found.Total, "matches", "match")
		if found.Total == 1 {
			match = "1 matches"
		}
		if found.Total == 0 {
			match = "None match"
		}
		v.lede += " " + match + "."
		v.says = match
	}
	unpaged := r.self.drop(fieldPage)
	for _, f := range q.facets() {
		chosen := *f.values(&q.Query)
		v.facets = append(v.facets, newFacet(r.catalog, unpaged, f, chosen, f.counts(found.Facets)))
		for _, value := range chosen {
			v.chips = append(v.chips, ui.Chip{Field: f.name, Value: f.label(r.catalog, value), Drop: unpaged.toggle(f.field, value).String()})
		}
	}
	v.bar = listBar(r.self, q, len(v.chips))
	v.views = q.presets(r, all)
	v.columns = listColumns(unpaged, q.Order)
	for _, e := range found.Entries {
		row := newRow(r.catalog, e, r.now)
		row.star = r.starButton(e.Ref, row.name)
		row.star.Small = true
		v.rows = append(v.rows, row)
	}
	v.pager = listPager(r.self, q, found.Total)
	if all == 0 && !v.empty {
		v.noneYet = q.one
	}
	if v.noStars = q.starred && len(r.starred) == 0; !v.noStars && found.Total == 0 && all > 0 {
		v.missing = suggest(r.catalog, found.All, r.self, q)
	}
	return v
}

func newRow(c Catalog, e *entities.Entry, now time.Time) entityRow {
	row := entityRow{
		icon: kindIcon(c, e.Entity.Kind, e.Type()), kind: kindTitle(c, e.Entity.Kind),
		name: ui.Shorten(e.Entity.Title(), 80), href: entityLink(e.Entity.Ref()),
		description: ui.Shorten(e.Entity.Metadata.Description, 140),
		lifecycle:   e.Lifecycle(), typ: ui.Shorten(e.Type(), 32),
		changed: ui.Brief(e.Since.Time, now), by: actor(e.Since.Actor), commit: commit(e.Since.Cause),
	}
	if e.Rejection != nil {
		row.problem = ui.Anchor{Label: "cannot be used", Href: row.href}
		if len(e.Rejection.Problems) > 0 && !e.Rejection.Origin.Registration() {
			row.problem.Label = "line " + strconv.Itoa(max(1, e.Rejection.Problems[0].Line))
		}
	}
	if isAPI(e) {
		row.definition = row.href + "/definition"
	}
	if ref := e.Owner(); ref != "" {
		row.owner = owner(c, ref)
	} else {
		row.ownerless = e.LacksOwner()
	}
	if ref := e.System(); ref != "" {
		row.system = named(c, ref)
	}
	return row
}

// label is a value of a facet as people read it.
func (f facet) label(c Catalog, value string) string {
	switch {
	case f.field == fieldKind:
		return kindTitle(c, value)
	case f.field == "owner" && strings.EqualFold(value, entities.NoOwner):
		return "No owner"
	case f.field == "owner":
		return named(c, strings.ToLower(value)).Label
	default:
		return value
	}
}

func newFacet(c Catalog, at link, f facet, chosen []string, counts []entities.Count) ui.Facet {
	is := func(value string) func(string) bool {
		return func(other string) bool { return strings.EqualFold(value, other) }
	}
	// What is chosen stays in sight, even if nothing else of the query allows it.
	var on, off []entities.Count
	for _, n := range counts {
		if !f.single && slices.ContainsFunc(chosen, is(n.Value)) {
			on = append(on, n)
		} else {
			off = append(off, n)
		}
	}
	for _, value := range chosen {
		if !slices.ContainsFunc(counts, func(n entities.Count) bool { return is(value)(n.Value) }) {
			on = append(on, entities.Count{Value: value})
		}
	}
	counts = append(on, off...)

	v := ui.Facet{Name: f.name, Single: f.single, Open: len(chosen) > 0 || f.field != "tag" && f.field != "source"}
	if len(counts) > offeredValues {
		v.Unlisted = len(counts) - offeredValues
		counts = counts[:offeredValues]
	}
	for _, n := range counts {
		item := ui.FacetItem{
			Label: f.label(c, n.Value), Count: n.Count, On: slices.ContainsFunc(chosen, is(n.Value)),
			Href: at.toggle(f.field, n.Value).String(),
		}
		if f.single {
			item.Label, item.Icon = kindPlural(c, n.Value), kindIcon(c, n.Value, "")
			if !item.On {
				item.Href = at.set(f.field, n.Value).String()
			}
		}
		v.Items = append(v.Items, item)
	}
	shown := shownValues
	if f.single {
		shown = shownKinds
	}
	if len(v.Items) > shown {
		v.Items, v.More = v.Items[:shown], v.Items[shown:]
	}
	return v
}

func listBar(self link, q listQuery, chips int) ui.ListBar {
	order := self.query.Get(fieldOrder)
	return ui.ListBar{
		SearchBox: ui.SearchBox{
			Action: q.path, Name: fieldText, Value: q.Text,
			Label: "Search in this list", Placeholder: "Name, description, tag or annotation",
		},
		Carry:     self.drop(fieldText, fieldOrder, fieldPage).carry(),
		OrderName: fieldOrder,
		Orders: []ui.Option{
			{Value: "", Label: "Last change, newest first", On: order == "" || order == "change"},
			{Value: "name", Label: "Name, A to Z", On: order == "name"},
			{Value: "owner", Label: "Owner, A to Z", On: order == "owner"},
		},
		FiltersHref: "#filters", Filters: chips, Live: true,
	}
}

// presets are the lists that many ask for.
func (l list) presets(r request, all int) []ui.View {
	here := r.self.drop(fieldOrder, fieldPage, fieldRows).String()
	view := func(label, count string, query url.Values) ui.View {
		to := link{l.path, query}.String()
		return ui.View{Label: label, Count: count, Href: to, On: to == here}
	}
	if l.kind != "" {
		return []ui.View{
			view("Everything", ui.Number(all), nil),
			view("In production", "", url.Values{"lifecycle": {"production"}}),
			view("Deprecated", "", url.Values{"lifecycle": {"deprecated"}}),
			view("No owner", "", url.Values{"owner": {entities.NoOwner}}),
		}
	}
	return []ui.View{
		view("Everything", ui.Number(all), nil),
		view("Production services", "", url.Values{"kind": {"Component"}, "type": {"service"}, "lifecycle": {"production"}}),
		view("APIs", "", url.Values{"kind": {"API"}}),
		view("Teams", "", url.Values{"kind": {"Group"}}),
		view("Deprecated", "", url.Values{"lifecycle": {"deprecated"}}),
		view("Starred", "", starredList().query),
	}
}

func listColumns(at link, order entities.Sort) []ui.Column {
	sorted := func(by entities.Sort, direction string) string {
		if by == order {
			return direction
		}
		return ""
	}
	return []ui.Column{
		{Label: "Name", Href: at.set(fieldOrder, "name").String(), Sorted: sorted(entities.ByName, "ascending")},
		{Label: "Owner", Href: at.set(fieldOrder, "owner").String(), Sorted: sorted(entities.ByOwner, "ascending")},
		{Label: "System"},
		{Label: "Lifecycle"},
		{Label: "Type"},
		{Label: "Last change", Href: at.drop(fieldOrder).String(), Sorted: sorted(entities.ByChanged, "descending")},
	}
}

func listPager(self link, q listQuery, total int) ui.Pager {
	p := ui.Pager{Says: ui.Number(q.Offset+1) + "–" + ui.Number(min(q.Offset+q.rows, total)) + " of " + ui.Number(total)}
	for _, n := range rowsChoices() {
		to := self.drop(fieldPage, fieldRows)
		if n != defaultRows {
			to = to.set(fieldRows, strconv.Itoa(n))
		}
		p.Rows = append(p.Rows, ui.Choice{Label: ui.Number(n), Href: to.String(), On: n == q.rows})
	}
	switch {
	case q.page == 2:
		p.Back = self.drop(fieldPage).String()
	case q.page > 2:
		p.Back = self.set(fieldPage, strconv.Itoa(q.page-1)).String()
	}
	if q.Offset+q.rows < total {
		p.Next = self.set(fieldPage, strconv.Itoa(q.page+1)).String()
	}
	return p
}
