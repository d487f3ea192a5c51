package web

import (
	"context"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/web/ui"
)

const changesPath = "/changes"

// What a page of the changes shows.
const (
	shownTeams     = 12
	shownOfTeam    = 8
	shownOfOneTeam = 50
)

// changesView is in what the catalog differs at two moments, by team.
type changesView struct {
	lede   string
	fields []ui.Field
	jumps  []ui.View
	carry  []ui.Hidden
	counts ledger.Counts
	all    ui.Anchor // back from one team to all of them; zero on the page of all
	teams  []changedTeam
	pager  *ui.Pager
}

// changedTeam is what differs of the entities of one owner.
type changedTeam struct {
	id     string
	owner  ui.Person
	says   string // where there is no owner
	counts ledger.Counts
	rows   []differenceRow
	all    ui.Anchor // leads to those that are not shown; zero for none
	ledger string    // of the team; "" if it has none
}

// differenceRow is an entity that differs.
type differenceRow struct {
	op      catalog.Op
	entity  ui.Anchor
	icon    string
	ref     string
	changes []ui.Change
	more    int
	compare string
	last    *lastEvent
}

// lastEvent is the last thing that happened to it.
type lastEvent struct {
	when   ui.Moment
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
}

// changes handles "GET /changes".
func (s *Site) changes(ctx context.Context, r request) (answer, error) {
	p, err := s.span(ctx, r, 7)
	if err != nil {
		return answer{}, err
	}
	page, err := intParam(r.self.query, fieldPage, 1, 1, 1_000_000)
	if err != nil {
		return answer{}, err
	}
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := s.Ledger.Compare(soon, p.begin(), p.to, nil)
	if err != nil {
		return answer{}, err
	}
	v := changesView{
		lede: "The catalog from " + p.says() + ", by the team that owns it.", fields: p.fields(), jumps: p.jumps(r.self),
		carry: r.self.drop(fieldFrom, fieldTo, fieldPage).carry(), counts: found.Counts(),
	}
	teams := found.ByOwner()
	if len(teams) > 0 && teams[0][0].Owner == "" { // what nobody can own comes last
		teams = append(teams[1:], teams[0])
	}
	rows := shownOfTeam
	if r.self.query.Has(fieldOwner) {
		one := r.self.query.Get(fieldOwner)
		v.all = ui.Anchor{Label: "All teams", Href: r.self.drop(fieldOwner, fieldPage).String()}
		rows = shownOfOneTeam
		for _, t := range teams {
			if t[0].Owner == ownerAsked(one) {
				v.counts = ledger.Comparison{All: t}.Counts()
				shown := listOf(t, page, rows)
				team, err := s.newChangedTeam(r, p, found, t, shown)
				if err != nil {
					return answer{}, err
				}
				v.teams = append(v.teams, team)
				v.pager = newPager(r.self, page, rows, len(t))
			}
		}
	} else {
		for _, t := range listOf(teams, page, shownTeams) {
			team, err := s.newChangedTeam(r, p, found, t, listOf(t, 1, rows))
			if err != nil {
				return answer{}, err
			}
			v.teams = append(v.teams, team)
		}
		v.pager = newPager(r.self, page, shownTeams, len(teams))
	}
	return answer{title: "What changed", body: changesPage(v)}, s.tellLast(ctx, r, p, v.teams)
}

// The values of fieldOwner besides refs.
const (
	ownerLacking = entities.NoOwner // those that lack an owner
	ownerNature  = "nature"         // those whose kind has none
)

// ownerAsked is the owner of a difference that a value of fieldOwner asks for.
func ownerAsked(value string) string {
	if value == ownerNature {
		return ""
	}
	return value
}

// listOf is a page of a list.
func listOf[T any](all []T, page, rows int) []T {
	from := min(len(all), (page-1)*rows)
	return all[from:min(len(all), from+rows)]
}

// newPager leads through a list that does not fit on a page; nil if it does.
func newPager(self link, page, rows, all int) *ui.Pager {
	if all <= rows {
		return nil
	}
	p := listPager(self, listQuery{page: page, rows: rows, Query: entities.Query{Offset: (page - 1) * rows}}, all)
	p.Rows = nil
	return &p
}

func (s *Site) newChangedTeam(r request, p span, found ledger.Comparison, all, shown []ledger.Difference) (changedTeam, error) {
	t := changedTeam{counts: ledger.Comparison{All: all}.Counts()}
	switch ref := all[0].Owner; ref {
	case "":
		t.id, t.says = ownerNature, "Teams, people and what else has no owner"
	case entities.NoOwner:
		t.id, t.says = ownerLacking, "Nobody"
	default:
		t.id, t.owner = ref, owner(r.catalog, ref)
		if parsed, err := catalog.ParseRef(ref, catalog.Ref{}); err == nil && t.owner.Href != "" && strings.HasPrefix(ref, "group:") {
			t.ledger = p.on(link{path: entityLink(parsed) + "/ledger"}).String()
		}
	}
	told, err := found.Tell(shown)
	if err != nil {
		return t, err
	}
	for _, d := range told {
		row := differenceRow{op: d.Op, ref: d.Ref, changes: fields(d.Changes, shownText), entity: subject(r.catalog, d.Ref)}
		if ref, err := catalog.ParseRef(d.Ref, catalog.Ref{}); err == nil {
			row.icon = kindIcon(r.catalog, ref.Kind, typeOf(found, d.Ref))
			row.compare = p.on(link{path: entityLink(ref) + "/compare"}).String()
		}
		if len(row.changes) > shownChanges {
			row.more = len(row.changes) - shownChanges
			row.changes = row.changes[:shownChanges]
		}
		t.rows = append(t.rows, row)
	}
	if n := len(all) - len(shown); n > 0 && !r.self.query.Has(fieldOwner) {
		t.all = ui.Anchor{Label: "All " + ui.Number(len(all)), Href: r.self.drop(fieldPage).set(fieldOwner, t.id).String()}
	}
	return t, nil
}

// on adds the period to an address.
func (p span) on(l link) link {
	f := p.fields()
	return l.set(fieldFrom, f[0].Value).set(fieldTo, p.toText)
}

// typeOf is the spec.type of an entity at the later moment, or at the other.
func typeOf(c ledger.Comparison, ref string) string {
	for _, s := range []*entities.Snapshot{c.After, c.Before} {
		if e, ok := s.Get(ref); ok {
			return e.Type()
		}
	}
	return ""
}

// tellLast adds to the rows what happened last to each of them.
func (s *Site) tellLast(ctx context.Context, r request, p span, teams []changedTeam) error {
	var refs []string
	for _, t := range teams {
		for _, row := range t.rows {
			refs = append(refs, row.ref)
		}
	}
	last, err := s.Ledger.Last(ctx, p.to, refs)
	if err != nil {
		return err
	}
	for _, t := range teams {
		for i, row := range t.rows {
			if told := last[row.ref]; told != nil {
				t.rows[i].last = &lastEvent{ui.Near(told.Since, r.now), actor(told.Actor), commit(told.Cause), mark(told.Position)}
			}
		}
	}
	return nil
}
