package agreements

import (
	"slices"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// Choice is which exemptions somebody asks for. What is empty may be anything.
type Choice struct {
	Card   string // full ref
	Entity string // likewise
	Owner  string // of the entity, likewise
	Status scorecards.Status
	// As is how one is listed, if that is not by how it stands.
	As func(Exemption) scorecards.Status
}

// ParseChoice reads references that may be short: a scorecard, a component and a group are
// meant unless they say otherwise. Errors are of kind fault.Invalid for what is no reference,
// and fault.NotFound for one of something that is nowhere in the catalog.
func ParseChoice(c Catalog, all []Exemption, card, entity, owner string) (q Choice, err error) {
	named := func(of func(Exemption) string) func(string) bool {
		return func(ref string) bool { return slices.ContainsFunc(all, func(x Exemption) bool { return of(x) == ref }) }
	}
	for _, one := range []struct {
		text, kind string
		to         *string
		named      func(ref string) bool // though it is not there
	}{
		{card, scorecards.KindScorecard, &q.Card, named(func(x Exemption) string { return x.Exemption.Card })},
		{entity, "component", &q.Entity, named(func(x Exemption) string { return x.Entity })},
		{owner, "group", &q.Owner, func(ref string) bool { return c.Find(entities.Query{Owners: []string{ref}, Limit: 1}).Total > 0 }},
	} {
		if one.text == "" {
			continue
		}
		text := one.text
		if one.kind == scorecards.KindScorecard {
			text = scorecards.RefNamed(one.kind, text).String()
		}
		ref, err := catalog.ParseRef(text, catalog.Ref{Kind: one.kind})
		if err != nil {
			return q, fault.New(fault.Invalid, "%w", err)
		}
		*one.to = ref.String()
		if _, ok := c.Get(ref.String()); !ok && !one.named(ref.String()) {
			return q, fault.New(fault.NotFound, "there is no %s in the catalog", ref)
		}
	}
	return q, nil
}

// Has reports whether an exemption of an entity from a card is chosen, however it stands.
func (q Choice) Has(c Catalog, card, entity string) bool {
	return (q.Card == "" || card == q.Card) && (q.Entity == "" || entity == q.Entity) && (q.Owner == "" || OwnerOf(c, entity) == q.Owner)
}

// From returns those of all that are chosen, in their order, and how many there would be
// of each status.
func (q Choice) From(c Catalog, all []Exemption) (chosen []Exemption, counts map[scorecards.Status]int) {
	counts = map[scorecards.Status]int{}
	for _, x := range all {
		if !q.Has(c, x.Exemption.Card, x.Entity) {
			continue
		}
		stands := x.Stands
		if q.As != nil {
			stands = q.As(x)
		}
		counts[stands]++
		if q.Status == "" || stands == q.Status {
			chosen = append(chosen, x)
		}
	}
	return chosen, counts
}

// OwnerOf is the full ref of who owns an entity; "" if nobody does, or it is not there.
func OwnerOf(c Catalog, entity string) string {
	if e, ok := c.Get(entity); ok {
		return e.Owner()
	}
	return ""
}
