package agreements

import (
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
)

// Astray is a scorecard, exemption or initiative in a file that names what is not there. The
// file is good: what it names may still come, or has gone since.
type Astray struct {
	Entry    *entities.Entry
	Problems []catalog.Problem
}

// AstrayIn lists those that are not over at a moment.
func AstrayIn(c Catalog, now time.Time) []Astray {
	names := namesIn(c)
	var all []Astray
	for _, e := range c.Find(entities.Query{Kinds: scorecards.KindNames()}).Entries {
		if e.Origin.FromPortal() {
			continue
		}
		if problems := names.Missing(e.Entity, now); len(problems) > 0 {
			all = append(all, Astray{e, problems})
		}
	}
	return all
}

// namesIn looks up what is named in a catalog.
func namesIn(c Catalog) *scorecards.Names {
	return &scorecards.Names{Get: func(ref string) *catalog.Entity {
		if e, ok := c.Get(ref); ok {
			return e.Entity
		}
		return nil
	}}
}
