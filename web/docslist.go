package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// docsList is all sites.
type docsList struct {
	orders  []ui.View
	rows    []docsRow
	missing int  // components without documentation of their own
	past    bool // it is as of a moment
}

type docsRow struct {
	site    ui.Anchor
	entity  ui.EntityLink
	owner   ui.Person
	none    bool // nobody owns it
	failed  bool
	shown   bool
	changed ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	pages   int
	words   int
	broken  int
	orphans int
	at      time.Time
}

// docsSites handles "GET /docs".
func (s *Site) docsSites(ctx context.Context, r request) (answer, error) {
	if s.Docs == nil {
		return answer{}, fault.New(fault.NotFound, "this portal reads no documentation")
	}
	order, err := choice(r.self.query, fieldDocsOrder, "order", "name", "fresh", "stale", "broken", "owner")
	if err != nil {
		return answer{}, err
	}
	all, err := s.Docs.List(ctx, docs.Query{Moment: r.moment})
	if err != nil {
		return answer{}, err
	}
	v := docsList{past: !r.moment.Now(), missing: r.catalog.Find(entities.Query{Kinds: []string{"Component"}, Limit: 1}).Total}
	for _, one := range all {
		e, ok := r.catalog.Get(one.Entity)
		if !ok {
			continue
		}
		if e.Entity.Kind == "Component" {
			v.missing--
		}
		v.rows = append(v.rows, newDocsRow(r, e, one))
	}
	order = cmp.Or(order, "name")
	sortDocs(v.rows, order)
	for _, o := range [][2]string{{"By name", "name"}, {"Freshest", "fresh"}, {"Stalest", "stale"}, {"Broken links", "broken"}, {"By owner", "owner"}} {
		v.orders = append(v.orders, ui.View{Label: o[0], Href: r.self.set(fieldDocsOrder, o[1]).String(), On: o[1] == order})
	}
	return answer{title: "Docs", body: docsListPage(v)}, nil
}

func newDocsRow(r request, e *entities.Entry, s docs.State) docsRow {
	row := docsRow{
		site:   ui.Anchor{Label: e.Entity.Title(), Href: docsLink(e.Entity.Ref())},
		entity: named(r.catalog, e.Ref), failed: s.Failure != nil,
		changed: ui.Near(s.Since, r.now), who: r.person(s.Actor), commit: commit(s.Cause), at: s.Since,
	}
	if ref := e.Owner(); ref != "" {
		row.owner = owner(r.catalog, ref)
	} else {
		row.none = true
	}
	if p := s.Shown; p != nil {
		row.shown, row.site.Label = true, cmp.Or(p.Site, row.site.Label)
		row.pages, row.words, row.broken, row.orphans = p.Count, p.Words, p.Broken, p.Orphans
		row.changed, row.who, row.commit, row.at = ui.Near(p.Since, r.now), r.person(p.Actor), commit(p.Cause), p.Since
	}
	return row
}

func sortDocs(rows []docsRow, order string) {
	slices.SortStableFunc(rows, func(a, b docsRow) int {
		first := 0
		switch order {
		case "fresh":
			first = b.at.Compare(a.at)
		case "stale":
			first = a.at.Compare(b.at)
		case "broken":
			first = cmp.Compare(b.broken, a.broken)
		case "owner":
			first = cmp.Compare(strings.ToLower(a.owner.Name), strings.ToLower(b.owner.Name))
		}
		return cmp.Or(first, cmp.Compare(strings.ToLower(a.site.Label), strings.ToLower(b.site.Label)), cmp.Compare(a.site.Href, b.site.Href))
	})
}
