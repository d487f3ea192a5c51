package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// drawing is an entity with what is next to it, drawn in layers from left to
// right: who uses it, itself with its APIs, what it uses. The list of relations
// says the same in words, and more.
type drawing struct {
	from          int // the drawing's left edge
	width, height int
	says          string
	nodes         []node
	edges         []edge
}

type node struct {
	x, y        int
	icon, label string
	sub, title  string
	href        string
	self        bool
	more        bool // stands for several that are not drawn
}

// edge is a line with a tip at its end; only one of a bundle has a label.
type edge struct {
	path, tip      string
	label          string
	labelX, labelY int
	anchor         string // of the label: "middle" or "start"
}

// Measures of the drawing, in pixels.
const (
	nodeWidth, nodeHeight = 164, 44
	rowStep               = 68
	stackStep             = 88 // between an API and what provides it, with room for a label
	margin                = 24
	leftX, midX, rightX   = 12, 282, 546
	fan                   = 8 // between lines that end at the same node
	maxNodes              = 6 // in a layer
	maxStack              = 3 // of a component's own APIs
)

// side is where a relation's other end is drawn, and how the line reads from
// left to right.
type side struct {
	left  bool
	label string
}

// uses are the relations that say who needs whom.
func uses() map[string]side {
	return map[string]side{
		"dependencyOf":  {true, "depends on"},
		"apiConsumedBy": {true, "consumes API"},
		"dependsOn":     {false, "depends on"},
		"consumesApi":   {false, "consumes API"},
	}
}

// structure are the relations that say what consists of what. They are drawn
// where nobody needs anybody: for systems, domains, teams and people.
func structure() map[string]side {
	return map[string]side{
		"partOf":    {true, "has"},
		"childOf":   {true, "above"},
		"memberOf":  {true, "has"},
		"hasPart":   {false, "has"},
		"parentOf":  {false, "above"},
		"ownerOf":   {false, "owns"},
		"hasMember": {false, "has"},
	}
}

// neighbour is an entity in a layer, and the line between it and the middle.
type neighbour struct {
	ref, label string
	to         int // index in the middle layer of the line's other end
}

// newDrawing lays the drawing out; nil if there is nothing around the entity.
func newDrawing(c Catalog, e *entities.Entry) *drawing {
	middle, self := middleLayer(e)
	var left, right []neighbour
	for _, table := range []map[string]side{uses(), structure()} {
		left, right = layers(c, e, table, middle, self)
		if len(left)+len(right) > 0 || len(middle) > 1 {
			break
		}
	}
	if len(left)+len(right) == 0 && len(middle) == 1 {
		return nil
	}
	g := &drawing{width: rightX + nodeWidth + leftX}
	if len(right) == 0 {
		g.width = midX + nodeWidth + leftX
	}
	if len(left) == 0 {
		g.from = midX - leftX
		g.width -= g.from
	}
	midHeight := (len(middle)-1)*rowStep + nodeHeight
	if len(middle) > 1 {
		midHeight += stackStep - rowStep
	}
	layer := func(n int) int { return (min(n, maxNodes)-1)*rowStep + nodeHeight }
	inner := max(layer(len(left)), layer(len(right)), midHeight)
	g.height = inner + 2*margin

	top := margin + (inner-midHeight)/2
	midY := make([]int, len(middle))
	for i, ref := range middle {
		midY[i] = top + i*rowStep
		if i == len(middle)-1 && i > 0 {
			midY[i] += stackStep - rowStep
		}
		n := newNode(c, ref, midX, midY[i])
		n.self = i == self
		g.nodes = append(g.nodes, n)
	}
	g.stack(midY)
	g.column(c, left, leftX, inner, midY, true)
	g.column(c, right, rightX, inner, midY, false)
	g.says = sentence(c, e, left, right)
	return g
}

// middleLayer is the entity with the APIs that it provides above it or, for an
// API, what provides it below. Self is the entity's own place in it.
func middleLayer(e *entities.Entry) (layer []string, self int) {
	for _, r := range e.Relations {
		if r.Type == "providesApi" && len(layer) < maxStack {
			layer = append(layer, r.TargetRef)
		}
	}
	if len(layer) > 0 {
		return append(layer, e.Ref), len(layer)
	}
	for _, r := range e.Relations {
		if r.Type == "apiProvidedBy" {
			return []string{e.Ref, r.TargetRef}, 0
		}
	}
	return []string{e.Ref}, 0
}

func layers(c Catalog, e *entities.Entry, table map[string]side, middle []string, self int) (left, right []neighbour) {
	seen := map[string]bool{}
	add := func(relations []catalog.Relation, to int, onlyLeft bool) {
		for _, r := range relations {
			s, ok := table[r.Type]
			key := r.TargetRef + " " + r.Type
			if !ok || onlyLeft && !s.left || slices.Contains(middle, r.TargetRef) || seen[key] {
				continue
			}
			seen[key] = true
			n := neighbour{r.TargetRef, s.label, to}
			if s.left {
				left = append(left, n)
			} else {
				right = append(right, n)
			}
		}
	}
	// Whoever uses an API of the entity uses the entity.
	for i, ref := range middle[:self] {
		if api, ok := c.Get(ref); ok {
			add(api.Relations, i, true)
		}
	}
	add(e.Relations, self, false)
	byLabel := func(a, b neighbour) int { return strings.Compare(a.label, b.label) }
	slices.SortStableFunc(left, byLabel)
	slices.SortStableFunc(right, byLabel)
	return left, right
}

// stack draws the lines from what provides the APIs, the last of the middle
// layer, to the APIs above it.
func (g *drawing) stack(y []int) {
	last := len(y) - 1
	if last == 0 {
		return
	}
	from := y[last]
	if last == 1 {
		x, end := midX+nodeWidth/2, y[0]+nodeHeight
		g.edges = append(g.edges, edge{
			path:  fmt.Sprintf("M%d %dL%d %d", x, from, x, end+6),
			tip:   fmt.Sprintf("M%d %dl-3.5 7h7z", x, end+1),
			label: "provides", labelX: x + 8, labelY: from - 17, anchor: "start",
		})
		return
	}
	// Several APIs hang on one rail beside the layer.
	const rail, bend = midX + nodeWidth + 16, 6
	for i, top := range y[:last] {
		end := top + nodeHeight/2
		e := edge{
			path: fmt.Sprintf("M%d %dH%dQ%d %d %d %dV%dQ%d %d %d %dH%d", midX+nodeWidth, from+10, rail-bend, rail, from+10, rail, from+10-bend,
				end+bend, rail, end, rail-bend, end, midX+nodeWidth+7),
			tip: fmt.Sprintf("M%d %dl7-3.5v7z", midX+nodeWidth+1, end),
		}
		if i == last-1 {
			e.label, e.labelX, e.labelY, e.anchor = "provides", rail-8, from-17, "end"
		}
		g.edges = append(g.edges, e)
	}
}

// column draws the left or the right layer with its lines to the middle.
func (g *drawing) column(c Catalog, layer []neighbour, x, inner int, midY []int, left bool) {
	drawn := layer
	if len(layer) > maxNodes {
		drawn = layer[:maxNodes-1]
	}
	rows := min(len(layer), maxNodes)
	top := besides(drawn, midY, (rows-1)*rowStep+nodeHeight, inner)
	for i, n := range drawn {
		y := top + i*rowStep
		g.nodes = append(g.nodes, newNode(c, n.ref, x, y))
		offset := fanned(drawn, i)
		from, to := y+nodeHeight/2, midY[n.to]+nodeHeight/2+offset
		e := edge{labelY: (from+to)/2 + 4, anchor: "middle"}
		if left {
			e.path = curve(x+nodeWidth, from, midX-6, to)
			e.tip = fmt.Sprintf("M%d %dl-7-3.5v7z", midX-1, to)
			e.labelX = (x + nodeWidth + midX) / 2
		} else {
			e.path = curve(midX+nodeWidth, to, x-6, from)
			e.tip = fmt.Sprintf("M%d %dl-7-3.5v7z", x-1, from)
			e.labelX = (x + midX + nodeWidth) / 2
		}
		if i == labelled(drawn, n.label) {
			e.label = n.label
		}
		g.edges = append(g.edges, e)
	}
	if len(layer) > len(drawn) {
		g.nodes = append(g.nodes, node{
			x: x, y: top + (rows-1)*rowStep, more: true, icon: "more",
			label: ui.Number(len(layer)-len(drawn)) + " more", sub: "in the list below", href: "#relations",
		})
	}
}

// besides is the top of a layer of some height, as near as the drawing allows
// to the middle of what its lines lead to.
func besides(layer []neighbour, midY []int, height, inner int) int {
	sum := 0
	for _, n := range layer {
		sum += midY[n.to] + nodeHeight/2
	}
	top := margin
	if len(layer) > 0 {
		top = sum/len(layer) - height/2
	}
	return max(margin, min(top, margin+inner-height))
}

// labelled is which line of a bundle carries its label: the one in its middle.
func labelled(layer []neighbour, label string) int {
	first := slices.IndexFunc(layer, func(n neighbour) bool { return n.label == label })
	last := first
	for last+1 < len(layer) && layer[last+1].label == label {
		last++
	}
	return (first + last + 1) / 2
}

// fanned spreads the lines that meet at one node around its middle.
func fanned(layer []neighbour, i int) int {
	n, before := 0, 0
	for j, other := range layer {
		if other.to == layer[i].to {
			if j < i {
				before++
			}
			n++
		}
	}
	return before*fan - (n-1)*fan/2
}

func curve(x1, y1, x2, y2 int) string {
	mid := (x1 + x2) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, mid, y1, mid, y2, x2, y2)
}

func newNode(c Catalog, ref string, x, y int) node {
	l := named(c, ref)
	return node{
		x: x, y: y, icon: l.Icon, label: ui.Shorten(l.Label, 18), title: l.Label + ", " + ref, href: l.Href,
		sub: ui.Shorten(inBrief(c, ref), 20),
	}
}

// inBrief says in a word or two what an entity is, or whose.
func inBrief(c Catalog, ref string) string {
	e, ok := c.Get(ref)
	switch {
	case !ok:
		return "not in the catalog"
	case strings.EqualFold(e.Entity.Kind, "component") && e.Owner() != "":
		return named(c, e.Owner()).Label
	case e.Type() != "":
		return e.Type()
	default:
		return kindTitle(c, e.Entity.Kind)
	}
}

// sentence says what the graph shows.
func sentence(c Catalog, e *entities.Entry, left, right []neighbour) string {
	names := func(layer []neighbour) string {
		all := make([]string, len(layer))
		for i, n := range layer {
			all[i] = named(c, n.ref).Label + " (" + n.label + ")"
		}
		return strings.Join(all, ", ")
	}
	var parts []string
	if len(left) > 0 {
		parts = append(parts, "At its left: "+names(left)+".")
	}
	if len(right) > 0 {
		parts = append(parts, "At its right: "+names(right)+".")
	}
	return ui.Shorten("What is around "+e.Entity.Title()+". "+strings.Join(parts, " "), 1000)
}
