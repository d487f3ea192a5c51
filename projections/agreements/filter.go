package agreements

import (
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// Filter says which exemptions are asked for, by full references; an empty field is not
// looked at.
type Filter struct {
	Card, Entity string
	Owner        string // of the entity
}

// ParseFilter reads references that may be short: a scorecard, a component and a group are
// meant unless they say otherwise. Errors are of kind fault.Invalid for what is no reference,
// and fault.NotFound for one of something that is nowhere in the catalog.
func ParseFilter(c Catalog, all []Exemption, card, entity, owner string) (f Filter, err error) {
	named := func(of func(Exemption) string) func(string) bool {
		return func(ref string) bool { return slices.ContainsFunc(all, func(x Exemption) bool { return of(x) == ref }) }
	}
	for _, one := range []struct {
		text, kind string
		to         *string
		named      func(ref string) bool // though it is not there
	}{
		{card, scorecards.KindScorecard, &f.Card, named(func(x Exemption) string { return x.Exemption.Card })},
		{entity, "component", &f.Entity, named(func(x Exemption) string { return x.Entity })},
		{owner, "group", &f.Owner, func(ref string) bool { return c.Find(entities.Query{Owners: []string{ref}, Limit: 1}).Total > 0 }},
	} {
		if one.text == "" {
			continue
		}
		ref, err := catalog.ParseRef(one.text, catalog.Ref{Kind: one.kind})
		if err != nil {
			return f, fault.New(fault.Invalid, "%w", err)
		}
		if one.kind == scorecards.KindScorecard && !strings.EqualFold(ref.Kind, one.kind) { // namespace:name, as in addresses
			ref = catalog.Ref{Kind: one.kind, Namespace: ref.Kind, Name: ref.Name}
		}
		*one.to = ref.String()
		if _, ok := c.Get(ref.String()); !ok && !one.named(ref.String()) {
			return f, fault.New(fault.NotFound, "there is no %s in the catalog", ref)
		}
	}
	return f, nil
}

// Selects reports whether a filter selects an exemption of an entity from a card.
func (f Filter) Selects(c Catalog, card, entity string) bool {
	return (f.Card == "" || f.Card == card) && (f.Entity == "" || f.Entity == entity) && (f.Owner == "" || f.Owner == ownerOf(c, entity))
}

// ownerOf is the full reference of who owns an entity; "" for nobody.
func ownerOf(c Catalog, entity string) string {
	if e, ok := c.Get(entity); ok {
		return e.Owner()
	}
	return ""
}
