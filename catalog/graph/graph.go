// Package graph walks the relations of a catalog outwards from one entity, as
// far as somebody wants to look.
//
// Start with [Around]. It knows entities by their full lower-case refs and
// relations by the names that Backstage gives them; own ones are walked too.
package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// Query says how far to look, and at what.
type Query struct {
	Root   string            // full ref
	Steps  int               // from the root
	Limit  int               // entities at most, the root among them
	Follow func(string) bool // reports whether relations of a type are walked; see [Forward]
	Admit  func(string) bool // reports whether an entity is walked to, by its ref
	// Back are the relations that others than Backstage's say backwards, with
	// their forward names; may be nil.
	Back map[string]string
}

// Graph is what was found.
type Graph struct {
	Nodes     []Node // the root first, then by steps and ref
	Edges     []Edge // between Nodes, each relation once, sorted
	Truncated bool   // there are more than the limit
}

// Node is an entity.
type Node struct {
	Ref     string
	Steps   int  // from the root, the fewest
	Missing bool // a relation names it, and it is not in the catalog
}

// Edge is a relation in its forward direction.
type Edge struct{ Source, Type, Target string }

// Around returns the entities around the root. Relations looks up those of an
// entity, sorted, and reports whether it is in the catalog; it is called once
// for each Node.
func Around(q Query, relations func(ref string) ([]catalog.Relation, bool)) Graph {
	var g Graph
	steps := map[string]int{q.Root: 0}
	found := map[Edge]bool{}
	for layer := []string{q.Root}; len(layer) > 0; {
		var next []string
		slices.Sort(layer)
		for _, ref := range layer {
			all, ok := relations(ref)
			n := Node{Ref: ref, Steps: steps[ref], Missing: !ok}
			g.Nodes = append(g.Nodes, n)
			for _, r := range all {
				e := q.forward(Edge{ref, r.Type, r.TargetRef})
				if r.TargetRef == ref || !q.Follow(e.Type) {
					continue
				}
				_, known := steps[r.TargetRef]
				switch {
				case known:
				case n.Steps >= q.Steps || !q.Admit(r.TargetRef):
					continue
				case len(steps) >= q.Limit:
					g.Truncated = true
					continue
				default:
					steps[r.TargetRef] = n.Steps + 1
					next = append(next, r.TargetRef)
				}
				found[e] = true
			}
		}
		layer = next
	}
	for e := range found {
		g.Edges = append(g.Edges, e)
	}
	slices.SortFunc(g.Edges, func(a, b Edge) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Type, b.Type), strings.Compare(a.Target, b.Target))
	})
	return g
}

// Forward returns the name by which a graph has a relation, one of the pair that
// says it: dependsOn for dependencyOf. It leads from what uses to what is used,
// and from the whole to its parts.
func Forward(typ string) string { return forward(Edge{Type: typ}).Type }

func (q Query) forward(e Edge) Edge {
	if name, ok := q.Back[e.Type]; ok {
		return Edge{e.Target, name, e.Source}
	}
	return forward(e)
}

func forward(e Edge) Edge {
	var back string
	switch e.Type {
	case "dependencyOf":
		back = "dependsOn"
	case "apiConsumedBy":
		back = "consumesApi"
	case "apiProvidedBy":
		back = "providesApi"
	case "partOf":
		back = "hasPart"
	case "ownedBy":
		back = "ownerOf"
	case "memberOf":
		back = "hasMember"
	case "childOf":
		back = "parentOf"
	default:
		return e
	}
	return Edge{e.Target, back, e.Source}
}
