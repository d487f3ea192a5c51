package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// relationGroup is what an entity has one kind of relation to.
type relationGroup struct {
	name string
	refs []ui.EntityLink // shown at once
	more []ui.EntityLink // shown on request
	rest ui.Anchor       // where the others are listed; zero for none
}

const (
	shownRefs = 12
	maxMore   = 100 // shown on request; a team may own thousands
)

// relationNames names the relations of Backstage from the entity's own side, in
// the order in which a reader asks. See
// https://backstage.io/docs/features/software-catalog/well-known-relations.
func relationNames() [][2]string {
	return [][2]string{
		{"ownedBy", "Owned by"},
		{"partOf", "Part of"},
		{"providesApi", "Provides"},
		{"apiProvidedBy", "Provided by"},
		{"consumesApi", "Consumes"},
		{"apiConsumedBy", "Consumed by"},
		{"dependsOn", "Depends on"},
		{"dependencyOf", "Needed by"},
		{"hasPart", "Parts"},
		{"ownerOf", "Owns"},
		{"memberOf", "Member of"},
		{"hasMember", "Members"},
		{"childOf", "Below"},
		{"parentOf", "Above"},
	}
}

// relationGroups are all of an entity's relations, those without a name of
// their own last.
func relationGroups(c Catalog, e *entities.Entry) []relationGroup {
	refs := map[string][]string{}
	for _, r := range e.Relations {
		refs[r.Type] = append(refs[r.Type], r.TargetRef)
	}
	var all []relationGroup
	add := func(typ, name string) {
		targets := refs[typ]
		delete(refs, typ)
		if len(targets) == 0 {
			return
		}
		var links []ui.EntityLink
		for _, ref := range targets[:min(len(targets), shownRefs+maxMore)] {
			links = append(links, named(c, ref))
		}
		slices.SortStableFunc(links, func(a, b ui.EntityLink) int {
			return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label))
		})
		g := relationGroup{name: name, refs: links}
		if len(links) > shownRefs {
			g.refs, g.more = links[:shownRefs-1], links[shownRefs-1:]
		}
		if t, ok := tabOf(typ); ok && g.more != nil {
			at := link{path: entityLink(e.Entity.Ref()) + "/" + t.path}
			if len(t.relations) > 1 {
				at = at.set(fieldRelation, typ)
			}
			g.more, g.rest = nil, ui.Anchor{Label: ui.Number(len(targets)-len(g.refs)) + " more", Href: at.String()}
		} else if n := len(targets) - len(links); n > 0 {
			g.rest.Label = "and " + ui.Number(n) + " others"
		}
		all = append(all, g)
	}
	for _, n := range relationNames() {
		add(n[0], n[1])
	}
	for _, r := range e.Relations {
		add(r.Type, inWords(r.Type))
	}
	return all
}

// inWords takes a name in camel case apart: dependsOn, "Depends on".
func inWords(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return ui.Sentence(strings.TrimSpace(b.String()))
}

// relationName names a relation from the entity's own side.
func relationName(typ string) string {
	for _, n := range relationNames() {
		if n[0] == typ {
			return n[1]
		}
	}
	return inWords(typ)
}
