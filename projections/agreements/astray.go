package agreements

import (
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// Astray is an exemption or initiative in a file that names what is not there. The file is
// good: what it names may still come, or has gone since.
type Astray struct {
	Entry    *entities.Entry
	Problems []catalog.Problem
}

// AstrayIn lists those that are not over at a moment.
func AstrayIn(c Catalog, now time.Time) []Astray {
	cards := map[string]*scorecards.Card{}
	var all []Astray
	for _, e := range c.Find(entities.Query{Kinds: []string{scorecards.KindExemption, scorecards.KindInitiative}}).Entries {
		if e.Origin.FromPortal() {
			continue
		}
		if problems := missing(c, cards, e, now); len(problems) > 0 {
			all = append(all, Astray{e, problems})
		}
	}
	return all
}

func missing(c Catalog, cards map[string]*scorecards.Card, e *entities.Entry, now time.Time) []catalog.Problem {
	if i, _ := scorecards.ParseInitiative(e.Entity); i != nil && now.Before(i.End()) {
		return i.Misses(cardOf(c, cards, i.Card))
	}
	x, _ := scorecards.ParseExemption(e.Entity)
	if x == nil {
		return nil
	}
	one := Exemption{Exemption: x, Card: cardOf(c, cards, x.Card), Stands: x.Stands(now)}
	one.lookAstray(c, now)
	return one.Astray
}
