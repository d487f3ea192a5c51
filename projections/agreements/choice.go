package agreements

import "github.com/callboard/callboard/scorecards"

// Choice is which exemptions somebody asks for. What is empty may be anything.
type Choice struct {
	Card   string // full ref
	Entity string // likewise
	Owner  string // of the entity, likewise
	Status scorecards.Status
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
		counts[x.Stands]++
		if q.Status == "" || x.Stands == q.Status {
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
