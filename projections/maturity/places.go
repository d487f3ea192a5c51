package maturity

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/callboard/callboard/projections/entities"
)

// Node is a group of entities: a domain, a system, a team, or all of them.
type Node struct {
	// Ref is its full reference; empty for the root and for None.
	Ref string
	// None: what belongs nowhere. In it are systems that have no domain.
	None     bool
	Parent   *Node
	Children []*Node // the one with the most entities first, None last
	// All is how what is in it stands. AllWas is how those of it stood that were judged at
	// the earlier moment, too, and AllSame how these stand now: the change is between the
	// two, as those of a [CardStand]. Own leaves out what is in Children.
	All, AllSame, AllWas Count
	Own, OwnSame, OwnWas Count
}

// Name is what a question calls the group: its reference, [None], or nothing for the
// root.
func (n *Node) Name() string {
	if n.None {
		return None
	}
	return n.Ref
}

// Groups yields the groups in n, each before what is in it.
func (n *Node) Groups() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.groups(yield) }
}

func (n *Node) groups(yield func(*Node) bool) bool {
	for _, c := range n.Children {
		if !yield(c) || !c.groups(yield) {
			return false
		}
	}
	return true
}

func (n *Node) own(of *counter) *Count     { return ready(&n.Own, of) }
func (n *Node) ownSame(of *counter) *Count { return ready(&n.OwnSame, of) }
func (n *Node) ownWas(of *counter) *Count  { return ready(&n.OwnWas, of) }

func ready(c *Count, of *counter) *Count {
	if c.Levels == nil {
		*c = of.count()
	}
	return c
}

// within reports whether n is in scope. A nil scope has nothing in it.
func (n *Node) within(scope *Node) bool {
	for at := n; at != nil; at = at.Parent {
		if at == scope {
			return true
		}
	}
	return false
}

// sum makes All of Own and of what is below.
func (n *Node) sum() {
	n.All, n.AllSame, n.AllWas = Count{}, Count{}, Count{}
	n.All.plus(n.Own)
	n.AllSame.plus(n.OwnSame)
	n.AllWas.plus(n.OwnWas)
	for _, c := range n.Children {
		c.sum()
		n.All.plus(c.All)
		n.AllSame.plus(c.AllSame)
		n.AllWas.plus(c.AllWas)
	}
}

// tidy leaves out what has nothing in it, and sorts.
func (n *Node) tidy() {
	n.Children = slices.DeleteFunc(n.Children, func(c *Node) bool { return c.All.Entities == 0 })
	slices.SortFunc(n.Children, func(a, b *Node) int {
		if a.None != b.None {
			if a.None {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.All.Entities, a.All.Entities), compareRefs(a.Ref, b.Ref))
	})
	for _, c := range n.Children {
		c.tidy()
	}
}

// places is where entities belong.
type places struct {
	root  *Node
	none  *Node
	nodes map[string]*Node
	at    map[string]*Node  // where entities belong that say so themselves, or were asked for
	up    map[string]string // from groups, and from what is part of what is no group
	group func(ref string) bool
}

// placesOf reads where entities belong out of a catalog.
func placesOf(c Catalog, by Grouping) *places {
	p := &places{root: &Node{}, nodes: map[string]*Node{}, up: map[string]string{}}
	p.none = &Node{None: true, Parent: p.root}
	p.root.Children = []*Node{p.none}
	relation := func(key string, better func(target, than string) bool) {
		rows := c.List(entities.Listing{Order: entities.Order{Fields: []entities.Field{{Key: key}}, Repeat: true}, Limit: -1}).Rows
		p.at = make(map[string]*Node, len(rows))
		for _, row := range rows { // where groups are has to be known first
			if target := row.Mark.Value; p.group(row.Ref) || !p.group(target) {
				if was, ok := p.up[row.Ref]; !ok || better(target, was) {
					p.up[row.Ref] = target
				}
			}
		}
		var target string
		var node *Node
		for _, row := range rows { // in the order of what they lead to
			if row.Mark.Value != target {
				if target, node = row.Mark.Value, nil; p.group(target) {
					node = p.node(target)
				}
			}
			if node == nil || p.group(row.Ref) {
				continue
			}
			if was, ok := p.at[row.Ref]; !ok || better(target, was.Ref) {
				p.at[row.Ref] = node
			}
		}
	}
	switch by {
	case ByTeam:
		p.group = func(ref string) bool { return strings.HasPrefix(ref, "group:") || strings.HasPrefix(ref, "user:") }
		relation("relations.childof", func(_, _ string) bool { return false })
		relation("relations.ownedby", func(_, _ string) bool { return false })
	default:
		p.group = func(ref string) bool { return strings.HasPrefix(ref, "system:") || strings.HasPrefix(ref, "domain:") }
		order := func(ref string) int {
			switch kind, _, _ := strings.Cut(ref, ":"); kind {
			case "system":
				return 3
			case "domain":
				return 2
			case "component":
				return 1
			}
			return 0
		}
		relation("relations.partof", func(target, than string) bool { return order(target) > order(than) })
	}
	return p
}

// of is the group of an entity.
func (p *places) of(entity string) *Node {
	if p.group(entity) {
		return p.node(entity)
	}
	if n, ok := p.at[entity]; ok {
		return n
	}
	up, ok := p.up[entity]
	if !ok {
		return p.none
	}
	p.at[entity] = p.none // so that what is part of itself has an end
	p.at[entity] = p.of(up)
	return p.at[entity]
}

// Domains returns what tells the domain of an entity, by their full references: the nearest
// that it is part of, through systems and components; empty if there is none.
func Domains(c Catalog) func(entity string) string {
	p := placesOf(c, ByDomain)
	return func(entity string) string {
		for at := p.of(entity); at != nil; at = at.Parent {
			if strings.HasPrefix(at.Ref, "domain:") {
				return at.Ref
			}
		}
		return ""
	}
}

// Inside returns what tells whether an entity is in a group, or in [None], by a grouping.
func Inside(c Catalog, by Grouping, within string) func(entity string) bool {
	p := placesOf(c, by)
	scope := p.scope(within)
	return func(entity string) bool { return p.of(entity).within(scope) }
}

// scope is the group that a report keeps to: see [Question].
func (p *places) scope(within string) *Node {
	switch within {
	case "":
		return p.root
	case None:
		return p.none
	}
	return p.node(within)
}

// How far below the whole groups are whose components are listed: domains, or teams, which are
// often below departments and divisions.
const (
	deepDomains = 1
	deepTeams   = 3
)

// members lists the components in scope, by the names of that and of the groups below it that
// they are in, down to a depth.
func (p *places) members(c Catalog, scope *Node, deep int) map[string][]string {
	all := map[string][]string{}
	var path []*Node
	for _, row := range c.List(entities.Listing{Where: entities.Equals{Key: "kind", Values: []string{"component"}}, Limit: -1}).Rows {
		at := p.of(row.Ref)
		if !at.within(scope) {
			continue
		}
		for path = path[:0]; at != scope.Parent; at = at.Parent {
			path = append(path, at)
		}
		for _, group := range path[max(0, len(path)-1-deep):] {
			all[group.Name()] = append(all[group.Name()], row.Ref)
		}
	}
	return all
}

// node is a group by its reference. In a circle of groups, however long, the one that was
// asked for first is the highest: nothing is put below what is in it, so that all is below
// the root.
func (p *places) node(ref string) *Node {
	if n, ok := p.nodes[ref]; ok {
		return n
	}
	n := &Node{Ref: ref}
	p.nodes[ref] = n
	n.Parent = p.root
	if up, ok := p.up[ref]; ok && p.group(up) {
		if above := p.node(up); !above.within(n) {
			n.Parent = above
		}
	} else if strings.HasPrefix(ref, "system:") {
		n.Parent = p.none
	}
	n.Parent.Children = append(n.Parent.Children, n)
	return n
}

// unowned are those that nobody owns who is in the catalog, although their kind has owners.
func unowned(c Catalog) map[string]bool {
	const ownedBy = "relations.ownedby"
	var owners []string
	for _, owner := range c.Facets(nil, ownedBy)[0] {
		if _, ok := c.Brief(strings.ToLower(owner.Value)); ok {
			owners = append(owners, owner.Value)
		}
	}
	kinds := entities.Equals{Key: "kind", Values: []string{"component", "api", "resource", "system", "domain"}}
	without := entities.Not{Where: entities.Equals{Key: ownedBy, Values: owners}}
	all := map[string]bool{}
	for _, row := range c.List(entities.Listing{Where: entities.All{kinds, without}, Limit: -1}).Rows {
		all[row.Ref] = true
	}
	return all
}
