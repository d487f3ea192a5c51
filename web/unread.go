package web

import (
	"slices"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// isUnread reports whether nobody reads any more what stands at an origin, since its
// source is not configured.
func (s *Site) isUnread(o event.Origin) bool {
	return !o.FromLocation() && !o.FromPortal() && !slices.Contains(s.sourceNames(), o.Source)
}

// unreadSource is a source that is not configured any more, and what stays of it.
type unreadSource struct {
	name     string
	entities int
	href     string // leads to these
}

// unreadSources lists those that something stays of.
func (s *Site) unreadSources(c Catalog) []unreadSource {
	var all []unreadSource
	for _, n := range c.Find(entities.Query{Limit: 1}).Facets.Sources {
		if s.isUnread(event.Origin{Source: n.Value}) {
			all = append(all, unreadSource{n.Value, n.Count, link{path: catalogPath}.set("source", n.Value).String()})
		}
	}
	return all
}

func (u unreadSource) says() string {
	return " " + ui.Plural(u.entities, "entity stays as it was", "entities stay as they were") + " read last. " +
		"As soon as another source or a location declares one, that takes it over, with its history; what is of no use any more is deleted through the API."
}
