package web

import (
	"context"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/web/ui"
)

const tabLedger = "Ledger"

func isGroup(e *entities.Entry) bool { return strings.EqualFold(e.Entity.Kind, "group") }

// accountView is what a team gained and lost in a period.
type accountView struct {
	head         entityHead
	lede         string
	owned        ui.Anchor // what it owns at the moment of the page; empty if nothing
	fields       []ui.Field
	jumps        []ui.View
	reorgs       []reorgView
	gained, lost transfersView
}

type transfersView struct {
	id, title string
	other     string // what the other owner is to these
	none      string
	rows      []transferRow
	more      int
}

// transferRow is an entity that went from one owner to another.
type transferRow struct {
	entity ui.Anchor
	icon   string
	ref    string
	other  ui.Person
	says   string // where there is no other owner
	when   ui.Moment
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
	reorg  bool
}

// reorgView is that several entities went from one team to another.
type reorgView struct {
	from, to ui.Person
	day      ui.Moment
	refs     []ui.Anchor
	more     int
	commit   ui.CommitMark // if one did all of it
	who      ui.Person
}

const (
	defaultPeriod  = 90 // days
	shownTransfers = 200
	shownReorg     = 12
)

// account handles "GET /catalog/{namespace}/group/{name}/ledger".
func (s *Site) account(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	p, err := s.span(ctx, r, defaultPeriod)
	if err != nil {
		return answer{}, err
	}
	events, err := s.History.Events(ctx, r.then(history.Filter{Entity: ref.String(), ByTime: true, Limit: 1}))
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok && len(events.Entries) == 0 {
		return notThere(r, ref, events), nil
	}
	if !strings.EqualFold(ref.Kind, "group") {
		return answer{}, fault.New(fault.NotFound, "%s is no team: only a team has a ledger", ref)
	}
	a, err := s.Ledger.Team(ctx, ref.String(), p.from, p.to)
	if err != nil {
		return answer{}, err
	}
	v := newAccountView(r, a, p)
	if n := r.catalog.Find(entities.Query{Owners: []string{ref.String()}, Limit: 1}).Total; n > 0 {
		v.owned = ui.Anchor{Label: "See the " + ui.Plural(n, "entity", "entities") + " that it owns", Href: link{path: catalogPath}.set("owner", ref.String()).String()}
		if !ok {
			v.owned.Label = "See the " + ui.Plural(n, "entity", "entities") + " that still " + map[bool]string{true: "names", false: "name"}[n == 1] + " it as owner"
		}
	}
	v.head = removedHead(r, ref)
	if ok {
		v.head = newEntityHead(r, e, tabLedger, total(events))
	}
	return answer{title: v.head.title + " · Ledger", body: accountPage(v)}, nil
}

func newAccountView(r request, a ledger.Account, p span) accountView {
	v := accountView{
		lede: "From " + p.says() + ": owned " + ui.Number(a.Before) + " at the start, gained " + ui.Number(len(a.Gained)) +
			", lost " + ui.Number(len(a.Lost)) + ", owns " + ui.Number(a.After) + " at the end.",
		fields: p.fields(), jumps: p.jumps(r.self),
	}
	start := p.end.AddDate(0, 0, -defaultPeriod).UTC().Format(time.DateOnly)
	v.jumps = append(v.jumps, ui.View{Label: "90 days", Href: r.self.drop(fieldFrom, fieldTo).String(), On: p.toText == "" && p.from.UTC().Format(time.DateOnly) == start})
	together := map[string]bool{}
	key := func(ref string, at time.Time) string { return ref + at.String() }
	for _, one := range a.Reorganisations {
		view := reorgView{from: owner(r.catalog, one.From), to: owner(r.catalog, one.To), day: ui.Day(one.Day)}
		for i, t := range one.Transfers {
			together[key(t.Ref, t.At)] = true
			if i < shownReorg {
				view.refs = append(view.refs, subject(r.catalog, t.Ref))
			} else {
				view.more++
			}
		}
		if told := one.OneCommit(); told != nil {
			view.commit, view.who = commit(told.Cause), actor(told.Actor)
		}
		v.reorgs = append(v.reorgs, view)
	}
	list := func(all []ledger.Transfer, other func(ledger.Transfer) string) (rows []transferRow, more int) {
		for _, t := range all[:min(len(all), shownTransfers)] {
			row := newTransferRow(r, t, other(t))
			row.reorg = together[key(t.Ref, t.At)]
			rows = append(rows, row)
		}
		return rows, max(0, len(all)-shownTransfers)
	}
	v.gained = transfersView{id: "h-gained", title: "Gained", other: "From", none: "It gained nothing in this time."}
	v.gained.rows, v.gained.more = list(a.Gained, func(t ledger.Transfer) string { return t.From })
	v.lost = transfersView{id: "h-lost", title: "Lost", other: "To", none: "It lost nothing in this time."}
	v.lost.rows, v.lost.more = list(a.Lost, func(t ledger.Transfer) string { return t.To })
	return v
}

func newTransferRow(r request, t ledger.Transfer, other string) transferRow {
	kind, _, _ := strings.Cut(t.Ref, ":")
	row := transferRow{
		entity: subject(r.catalog, t.Ref), icon: kindIcon(r.catalog, kind, ""), ref: t.Ref,
		when: ui.Near(t.At, r.now), who: actor(t.Event.Actor), commit: commit(t.Event.Cause), event: mark(t.Event.Position),
	}
	if e, ok := r.catalog.Get(t.Ref); ok {
		row.icon = kindIcon(r.catalog, kind, e.Type())
	}
	switch {
	case other != "":
		row.other = owner(r.catalog, other)
	case t.New:
		row.says = "new"
	case t.Gone:
		row.says = "removed"
	default:
		row.says = "nobody"
	}
	return row
}
