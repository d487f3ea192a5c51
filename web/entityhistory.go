package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

type entityHistoryView struct {
	head    entityHead
	lanes   *lanesView // nil without a ledger, or of what was never declared
	events  []ui.Happening
	total   string // "12 events"
	older   string
	newest  string
	compare string
	blame   []blameRow
	more    string // leads to all of the fields; "" where they are shown
	fields  string // "13 of 21 fields"
	turns   []turnRow
	periods []ui.Choice // of the relations
}

// The fields of an entity's history.
const (
	fieldBlame  = "blame" // all: each field
	fieldPeriod = "days"
)

const (
	shownFields = 13
	shownTurns  = 30
)

// entityHistory handles "GET /catalog/{namespace}/{kind}/{name}/history". It
// tells of removed entities too.
func (s *Site) entityHistory(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	after, err := position(fieldAfter, r.self.query.Get(fieldAfter))
	if err != nil {
		return answer{}, err
	}
	page, err := s.History.Events(ctx, r.then(history.Filter{Entity: ref.String(), ByTime: true, After: after, Limit: 25}))
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok && page.Total == 0 {
		return notThere(r, ref, page), nil
	}
	v := entityHistoryView{head: removedHead(r, ref), total: totalEvents(page)}
	if ok {
		v.head = newEntityHead(r, e, tabHistory, total(page))
	}
	var told []history.Told
	if s.Ledger != nil {
		told, err = s.Ledger.Versions(ctx, ref.String(), r.moment)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return answer{}, err
		}
		if err := s.tellPast(ctx, r, told, &v); err != nil {
			return answer{}, err
		}
	}
	v.events = retold(page.Entries, told, r.now)
	if page.Next > 0 {
		v.older = r.self.set(fieldAfter, decimal(page.Next)).String()
	}
	if after > 0 {
		v.newest = r.self.drop(fieldAfter).String()
	}
	return answer{title: v.head.title + " · History", body: entityHistoryPage(v)}, nil
}

// then bounds a question about events by the moment of a page.
func (r request) then(f history.Filter) history.Filter {
	f.Known = r.moment.Known
	if at := r.moment.At; !at.IsZero() {
		f.To = at.Add(time.Nanosecond)
	}
	return f
}

// tellPast adds what the history of an entity comes to.
func (s *Site) tellPast(ctx context.Context, r request, told []history.Told, v *entityHistoryView) error {
	if len(told) == 0 {
		return nil
	}
	ref, until := told[0].Subject, s.Ledger.Until(r.moment)
	v.lanes = newLanes(r, told, until)
	if v.lanes != nil {
		v.lanes.at = entityLink(r.ref())
	}
	v.compare = entityLink(r.ref()) + "/compare"
	fields, err := newBlame(told, until)
	if err != nil {
		return err
	}
	v.blame, v.fields = fields, ui.Plural(len(fields), "field")
	if len(fields) > shownFields && r.self.query.Get(fieldBlame) != "all" {
		v.blame, v.fields = fields[:shownFields], ui.Number(shownFields)+" of "+v.fields
		v.more = r.self.set(fieldBlame, "all").String() + "#blame"
	}
	period, err := intParam(r.self.query, fieldPeriod, 90, 0, 36500)
	if err != nil {
		return err
	}
	var from time.Time
	if period > 0 {
		from = until.AddDate(0, 0, -period).Truncate(time.Minute)
	}
	turns, err := s.Ledger.Relations(ctx, ref, from, r.moment)
	if err != nil {
		return err
	}
	for i := len(turns) - 1; i >= 0 && len(v.turns) < shownTurns; i-- {
		v.turns = append(v.turns, newTurnRow(r, turns[i]))
	}
	for _, p := range []struct {
		label string
		days  int
	}{{"90 days", 90}, {"A year", 365}, {"Ever", 0}} {
		at := r.self.set(fieldPeriod, ui.Plain(p.days))
		v.periods = append(v.periods, ui.Choice{Label: p.label, Href: at.String() + "#relations-past", On: p.days == period})
	}
	return nil
}

// retold tells events as [happenings] does, those about what an entity is with their
// version and with what they changed in the order in which they count.
func retold(entries []history.Entry, told []history.Told, now time.Time) []ui.Happening {
	all := make([]ui.Happening, len(entries))
	for i, e := range entries {
		all[i] = happening(e, now)
		for _, t := range told {
			if t.Position == e.Position {
				all[i] = happening(t.Entry, now)
				all[i].Note = versionOf(t)
			}
		}
		if e.Backfilled {
			all[i].Past = true
		}
	}
	return all
}

func removedHead(r request, ref catalog.Ref) entityHead {
	return entityHead{
		crumbs: []ui.Anchor{{Label: "Catalog", Href: catalogPath}, {Label: ref.Name}},
		icon:   kindIcon(r.catalog, ref.Kind, ""), kind: kindTitle(r.catalog, ref.Kind), what: absence(r),
		title: ref.Name, ref: ref.String(), gone: true,
		tabs: []ui.View{{Label: tabHistory, Href: entityLink(ref) + "/history", On: true}},
	}
}
