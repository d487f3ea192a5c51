package web

import (
	"slices"

	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/web/ui"
)

// shownFacet is how many values of a filter are seen at once.
const shownFacet = 8

// noticeAddress is the address of a list of notices, with the owners that it is of.
type noticeAddress struct {
	link
	bell bool // the bell counts for some owners only: an address without any is of these
}

// newNoticeAddress leaves out of an address what does not narrow the list.
func newNoticeAddress(self link, owners []string, bell bool) noticeAddress {
	at := self.drop(fieldPage, fieldMoment, fieldKnown)
	if len(at.query[fieldOwner]) == 0 { // the bell's, as if they were asked for
		at = at.set(fieldOwner, owners...)
	}
	return noticeAddress{at, bell}
}

// without is the list that a value does not narrow.
func (a noticeAddress) without(field, value string) string {
	at := a.toggle(field, value)
	if field == fieldOwner && len(at.query[field]) == 0 && a.bell {
		at = at.set(field, ownersAll)
	}
	return at.String()
}

// with is the list that a value narrows, too.
func (a noticeAddress) with(field, value string) string {
	if field == fieldOfCard || field == fieldOwner && slices.Contains(a.query[field], ownersAll) {
		return a.set(field, value).String()
	}
	return a.toggle(field, value).String()
}

// noticeFilter is one thing that notices are chosen by.
type noticeFilter struct {
	name, field string
	counts      []notices.Facet
	on          []string // the values that are chosen
	label       func(value string) string
}

// facet lists the values.
func (f noticeFilter) facet(at noticeAddress) ui.Facet {
	facet := ui.Facet{Name: f.name, Open: true, Single: f.field == fieldOfCard}
	for _, one := range f.counts {
		if one.Value == "" {
			continue
		}
		item := ui.FacetItem{Label: f.label(one.Value), Count: one.Count, On: slices.Contains(f.on, one.Value), Href: at.with(f.field, one.Value)}
		if item.On {
			item.Href = at.without(f.field, one.Value)
		}
		if len(facet.Items) < shownFacet || item.On {
			facet.Items = append(facet.Items, item)
		} else {
			facet.More = append(facet.More, item)
		}
	}
	return facet
}

// chips are the values that are chosen, each of which can be dropped.
func (f noticeFilter) chips(at noticeAddress) []ui.Chip {
	var all []ui.Chip
	for _, value := range f.on {
		all = append(all, ui.Chip{Field: f.name, Value: f.label(value), Drop: at.without(f.field, value)})
	}
	return all
}

// bellInstead is what the bell can count for instead, and how to ask for that; nothing if
// it counts for what is shown.
func bellInstead(shown, counted []string) (owners []string, says string) {
	switch {
	case slices.Equal(shown, counted):
		return nil, ""
	case len(shown) == 0:
		return nil, "Count all teams"
	}
	return shown, "Count what is shown"
}
