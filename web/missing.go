package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// notThere is the page of an entity that is not in the catalog: removed, never
// usable, or unknown.
func notThere(r request, ref catalog.Ref, page history.Page) answer {
	v := missingEntity{absence: absence(r), ref: ref.String(), name: ref.Name, search: link{path: catalogPath}.set(fieldText, ref.Name).String()}
	similar := r.catalog.Find(entities.Query{Text: ref.Name, Limit: 5})
	if len(similar.Entries) == 0 {
		if word := closest(r.catalog, similar.All, strings.ToLower(ref.Name)); word != "" {
			similar = r.catalog.Find(entities.Query{Text: word, Limit: 5})
		}
	}
	for _, e := range similar.Entries {
		v.similar = append(v.similar, named(r.catalog, e.Ref))
	}
	if len(page.Entries) > 0 {
		newest, removed := ending(page.Entries)
		last := happening(newest, r.now)
		v.last, v.removed = &last, removed
		v.history = entityLink(ref) + "/history"
		if removed {
			v.before = r.self.drop(fieldKnown).set(fieldMoment, newest.Time.Add(-1).UTC().Format(time.RFC3339Nano)).String()
		}
		if v.removed && strings.EqualFold(ref.Kind, "group") {
			v.ledger = entityLink(ref) + "/ledger"
		}
	}
	if len(page.Entries) == 0 && !r.moment.Now() {
		v.now = r.self.drop(fieldMoment, fieldKnown).String()
	}
	for _, rej := range r.catalog.Rejections() {
		if rej.Ref == ref.String() && rej.With == nil && len(rej.Problems) > 0 {
			v.refused, v.problem = rej.Origin.Place(), rej.Describe(rej.Problems[0])
			break
		}
	}
	return answer{status: http.StatusNotFound, title: ref.Name, body: missingEntityPage(v)}
}

// ending is the event that removed an entity, of those about it with the newest first, and
// true; what became of it because of that comes after. If none did it is the newest.
func ending(newest []history.Entry) (history.Entry, bool) {
	for _, e := range newest {
		switch e.Type {
		case event.TypeEntityRemoved:
			return e, true
		case event.TypeEntityRegistered, event.TypeEntityChanged:
			return newest[0], false
		}
	}
	return newest[0], false
}

// absence says that something is not there at the moment of a page.
func absence(r request) string {
	if r.moment.Now() {
		return "not in the catalog now"
	}
	return "not in the catalog then"
}

type missingEntity struct {
	ref, name string
	absence   string // that it is not there, in words
	search    string
	similar   []ui.EntityLink
	last      *ui.Happening // the newest event about it
	removed   bool
	refused   string // the file that declares it and cannot be used; "" for none
	problem   string // what is wrong in that
	history   string
	before    string // the page as of just before it was removed; "" if it was not
	ledger    string // of a team that was removed; "" else
	now       string // the page of now, where nothing is on record up to the moment of this one; "" else
}
