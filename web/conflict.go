package web

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// conflictView tells of an entity that is declared in two places: the one that
// keeps it, and the one that does not get it.
type conflictView struct {
	ref    string
	entity ui.EntityLink
	keeper outsideLink
	other  outsideLink
	way    string // target of the location by whose way the same file was read first; "" if it is another file
	since  ui.Moment
	by     ui.Person
	commit ui.CommitMark
	event  ui.EventMark
}

func newConflict(c Catalog, r *entities.Rejection, now time.Time) conflictView {
	v := conflictView{
		ref: r.Ref, entity: named(c, r.Ref),
		keeper: placeOf(*r.With), other: placeOf(r.Origin),
		since: ui.Near(r.Time, now), by: actor(r.Actor), commit: commit(r.Cause), event: mark(r.Position),
	}
	if strings.Contains(r.With.Repository, "://") && r.With.URL == r.Origin.URL {
		v.way = r.With.Repository
	}
	if v.keeper.label == v.other.label && r.With.Source != r.Origin.Source { // two sources read one repository
		v.keeper.label += ", by source " + r.With.Source
		v.other.label += ", by source " + r.Origin.Source
	}
	return v
}

// shownConflicts is how many places an entity's page tells of.
const shownConflicts = 5

// conflictsOf are the places besides the one that keeps it where an entity is
// declared, and how many there are.
func conflictsOf(c Catalog, ref string, now time.Time) (all []conflictView, n int) {
	for _, r := range c.Conflicts(ref) {
		if n++; n <= shownConflicts {
			all = append(all, newConflict(c, r, now))
		}
	}
	return all, n
}

// placeOf names the line where a document stands, with its page at the forge.
func placeOf(o event.Origin) outsideLink {
	name := cmp.Or(o.Place(), o.URL, "a descriptor")
	if o.Line > 0 {
		name += ":" + strconv.Itoa(o.Line)
	}
	return outsideLink{label: name, href: lineOf(o, o.Line)}
}
