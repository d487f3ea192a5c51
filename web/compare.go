package web

import (
	"context"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// compareView is an entity at two moments.
type compareView struct {
	head    entityHead
	fields  []ui.Field
	jumps   []ui.View
	from    ui.Anchor // to the entity as of then
	to      ui.Anchor
	op      catalog.Op // "" = it is the same
	changes []ui.Change
	between []ui.Happening
	more    int // events in between that are not shown
	history string
}

// shownBetween is how many events in between are shown.
const shownBetween = 50

// compare handles "GET /catalog/{namespace}/{kind}/{name}/compare".
func (s *Site) compare(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	p, err := s.span(ctx, r, 7)
	if err != nil {
		return answer{}, err
	}
	events, err := s.History.Events(ctx, history.Filter{Entity: ref.String(), ByTime: true, Limit: 1})
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok && events.Total == 0 {
		return notThere(r, ref, events), nil
	}
	d, err := s.Ledger.CompareEntity(ctx, ref.String(), p.begin(), p.to)
	if err != nil {
		return answer{}, err
	}
	v := compareView{
		head: removedHead(r, ref), op: d.Op, changes: fields(d.Changes, wholeText), fields: p.fields(), jumps: p.jumps(r.self),
		from: asOf(ref, p.from.UTC().Format(minutesAndSeconds)), to: ui.Anchor{Label: "now", Href: entityLink(ref)},
		history: entityLink(ref) + "/history",
	}
	v.from.Label = ui.Minute(p.from).Text
	if !p.to.At.IsZero() {
		v.to = asOf(ref, p.to.At.UTC().Format(minutesAndSeconds))
		v.to.Label = ui.Minute(p.to.At).Text
	}
	if ok {
		v.head = newEntityHead(r, e, tabHistory, total(events))
	}
	told, err := s.Ledger.Versions(ctx, ref.String(), p.to)
	if err != nil && fault.KindOf(err) != fault.NotFound { // nothing is on record of it
		return answer{}, err
	}
	for i := len(told) - 1; i >= 0 && told[i].Since.After(p.from); i-- {
		if len(v.between) == shownBetween {
			v.more++
			continue
		}
		h := happening(told[i].Entry, r.now)
		h.Note, h.Past = versionOf(told[i]), told[i].Backfilled
		v.between = append(v.between, h)
	}
	return answer{title: v.head.title + " · Compare", body: comparePage(v)}, nil
}

const minutesAndSeconds = "2006-01-02T15:04:05"

// asOf leads to an entity as of a moment.
func asOf(ref catalog.Ref, at string) ui.Anchor {
	return ui.Anchor{Href: link{path: entityLink(ref)}.set(fieldMoment, at).String()}
}
