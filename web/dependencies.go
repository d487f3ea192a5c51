package web

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/graph"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/static"
	"github.com/callboard/callboard/web/ui"
)

// The fields of the address of an entity's graph.
const (
	fieldSteps = "steps"
	fieldShow  = "show" // groups of relations
	fieldHide  = "hide" // kinds
	showNone   = "none"
)

const (
	defaultSteps = 2
	furthest     = 4
	cardNodes    = 40  // on the overview
	cardRoom     = 16  // that are still easy to read there
	pageNodes    = 300 // on a page of its own
)

// graphGroups are the relations that a graph shows or not. The last has what the others have not.
func graphGroups() []graphGroup {
	return []graphGroup{
		{"depends", "depends on", []string{"dependsOn"}},
		{"apis", "APIs", []string{"providesApi", "consumesApi"}},
		{"parts", "parts", []string{"hasPart"}},
		{"people", "teams and people", []string{"hasMember", "parentOf"}},
		{"owners", "ownership", []string{"ownerOf"}},
		{"others", "others", nil},
	}
}

// graphGroup is what relations are shown together, by their forward names.
type graphGroup struct {
	value, label string
	types        []string
}

func groupOf(typ string) string {
	all := graphGroups()
	for _, g := range all {
		if slices.Contains(g.types, typ) {
			return g.value
		}
	}
	return all[len(all)-1].value
}

// reads is how a relation reads from its source to its target.
func reads(typ string) string {
	switch typ {
	case "consumesApi":
		return "consumes"
	case "providesApi":
		return "provides"
	case "hasPart":
		return "has part"
	case "hasMember":
		return "has member"
	case "ownerOf":
		return "owns"
	case "parentOf":
		return "is above"
	default:
		return strings.ToLower(inWords(typ))
	}
}

// graphView is what somebody wants to see of what is around an entity.
type graphView struct {
	steps, limit int
	show, hide   []string
}

// defaultView has what an entity uses and is used by, by own relations too, or, where nobody uses
// anything, as for teams and systems, what consists of what.
func defaultView(e *entities.Entry, limit int) graphView {
	v := graphView{steps: defaultSteps, limit: limit, show: []string{"depends", "apis"}}
	has := func(groups ...string) bool {
		return slices.ContainsFunc(e.Relations, func(r catalog.Relation) bool { return slices.Contains(groups, groupOf(graph.Forward(r.Type))) })
	}
	if has("others") {
		v.show = append(v.show, "others")
	}
	if !has(v.show...) {
		v.show = []string{"parts", "people", "owners"}
	}
	return v
}

// cardView is the default one, with one step if the second brings too many.
func cardView(c Catalog, e *entities.Entry) graphView {
	v := defaultView(e, cardNodes)
	if len(v.walk(c, e.Ref, nil).Nodes) > cardRoom {
		v.steps = 1
	}
	return v
}

func parseGraphView(q url.Values, otherwise graphView) (graphView, error) {
	v := otherwise
	var err error
	if v.steps, err = intParam(q, fieldSteps, otherwise.steps, 1, furthest); err != nil {
		return v, err
	}
	if q.Has(fieldShow) {
		v.show = nil
		for _, value := range q[fieldShow] {
			known := slices.ContainsFunc(graphGroups(), func(g graphGroup) bool { return g.value == value })
			switch {
			case known:
				v.show = append(v.show, value)
			case value != showNone:
				return v, fault.New(fault.Invalid, "show=%s is no group of relations; write show=depends, apis, parts, people, owners, others or none", value)
			}
		}
	}
	for _, kind := range q[fieldHide] {
		v.hide = append(v.hide, strings.ToLower(kind))
	}
	return v, nil
}

// at is the address of the view, below an entity's own.
func (v graphView) at(entity string) link {
	show := v.show
	if len(show) == 0 {
		show = []string{showNone}
	}
	return link{entity + "/graph", url.Values{fieldSteps: {strconv.Itoa(v.steps)}, fieldShow: show, fieldHide: v.hide}}
}

func (v graphView) walk(c Catalog, root string, hide []string) graph.Graph {
	return graph.Around(graph.Query{
		Root: root, Steps: v.steps, Limit: v.limit,
		Follow: func(typ string) bool { return slices.Contains(v.show, groupOf(typ)) },
		Admit:  func(ref string) bool { return !slices.Contains(hide, kindIn(ref)) },
		Back:   ownBack(c),
	}, func(ref string) ([]catalog.Relation, bool) {
		e, ok := c.Get(ref)
		if !ok {
			return nil, false
		}
		return e.Relations, true
	})
}

// ownBack are the relations that own kinds bring, by their names back.
func ownBack(c Catalog) map[string]string {
	names := map[string]string{}
	for _, k := range c.Kinds() {
		for _, f := range k.Spec {
			if k.Own != nil && f.Reference != nil && groupOf(graph.Forward(f.Reference.Incoming)) == "others" {
				names[f.Reference.Incoming] = f.Reference.Outgoing
			}
		}
	}
	return names
}

func kindIn(ref string) string {
	kind, _, _ := strings.Cut(ref, ":")
	return kind
}

// dependencies is what is around an entity, as a table that says it all, and a
// drawing of the nearest. The custom element draws the whole table.
type dependencies struct {
	root    string
	says    string // "2 steps, 9 entities"
	page    string // address of this view on a page of its own
	query   string // of that address, which other entities take over
	cut     string // what is left out; "" for nothing
	drawing *drawing
	steps   []ui.Choice
	shows   []toggle
	kinds   []toggle
	rows    []dependency
	element string // address of the script that draws; "" without
	whole   bool   // the page is about nothing else
}

// toggle shows something, or leaves it out.
type toggle struct {
	label, href string
	on          bool
}

// dependency is one entity with what it uses of the others.
type dependency struct {
	ref, brief string
	link       ui.EntityLink
	steps      int
	uses       []use
}

type use struct {
	reads, target string
	link          ui.EntityLink
}

func newDependencies(c Catalog, e *entities.Entry, v graphView) dependencies {
	found := v.walk(c, e.Ref, v.hide)
	here := entityLink(e.Entity.Ref())
	d := dependencies{
		root: e.Ref, page: v.at(here).String(), query: "?" + v.at(here).query.Encode(),
		says:    ui.Plural(v.steps, "step") + ", " + ui.Plural(len(found.Nodes), "entity", "entities"),
		drawing: newDrawing(c, e),
		element: static.Element("graph"),
	}
	if found.Truncated {
		d.cut = "There are more: these are the nearest " + ui.Number(len(found.Nodes)) + "."
	}
	for n := range furthest {
		other := v
		other.steps = n + 1
		d.steps = append(d.steps, ui.Choice{Label: strconv.Itoa(n + 1), Href: other.at(here).String(), On: v.steps == n+1})
	}
	for _, g := range graphGroups() {
		other := v
		other.show = toggled(v.show, g.value)
		d.shows = append(d.shows, toggle{g.label, other.at(here).String(), slices.Contains(v.show, g.value)})
	}
	for _, kind := range v.kinds(c, e.Ref, found) {
		other := v
		other.hide = toggled(v.hide, kind.name)
		d.kinds = append(d.kinds, toggle{kind.plural, other.at(here).String(), !slices.Contains(v.hide, kind.name)})
	}
	at := map[string]int{}
	for i, n := range found.Nodes {
		at[n.Ref] = i
		d.rows = append(d.rows, dependency{ref: n.Ref, brief: inBrief(c, n.Ref), link: named(c, n.Ref), steps: n.Steps})
	}
	for _, e := range found.Edges {
		from := &d.rows[at[e.Source]]
		from.uses = append(from.uses, use{reads(e.Type), e.Target, d.rows[at[e.Target]].link})
	}
	return d
}

// graphKind is a kind in a graph, in lower case and as people call several.
type graphKind struct{ name, plural string }

// kinds are those that the view has or would have if it hid none, in order.
func (v graphView) kinds(c Catalog, root string, shown graph.Graph) []graphKind {
	if len(v.hide) > 0 {
		shown = v.walk(c, root, nil)
	}
	plural := map[string]string{}
	for _, n := range shown.Nodes[1:] {
		kind := kindIn(n.Ref)
		if e, ok := c.Get(n.Ref); ok {
			plural[kind] = kindPlural(c, e.Entity.Kind)
		} else if plural[kind] == "" {
			plural[kind] = kindPlural(c, ui.Sentence(kind))
		}
	}
	var all []graphKind
	for _, kind := range slices.Sorted(maps.Keys(plural)) {
		all = append(all, graphKind{kind, plural[kind]})
	}
	return all
}

// toggled adds a value to those that are chosen, or takes it away.
func toggled(chosen []string, value string) []string {
	if i := slices.Index(chosen, value); i >= 0 {
		return slices.Delete(slices.Clone(chosen), i, i+1)
	}
	return append(slices.Clone(chosen), value)
}

// dependencies handles "GET /catalog/{namespace}/{kind}/{name}/graph".
func (s *Site) dependencies(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	events, err := s.newest(ctx, r, ref, 1)
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		return notThere(r, ref, events.Page), nil
	}
	view, err := parseGraphView(r.self.query, defaultView(e, pageNodes))
	if err != nil {
		return answer{}, err
	}
	d := newDependencies(r.catalog, e, view)
	d.whole = true
	head := newEntityHead(r, e, tabGraph, events.total())
	return answer{title: head.title + " · Dependencies", body: dependenciesPage(head, d), visited: e.Ref}, nil
}
