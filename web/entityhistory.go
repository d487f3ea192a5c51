package web

import (
	"context"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

type entityHistoryView struct {
	head   entityHead
	events []ui.Happening
	total  string // "12 events"
	older  string
	newest string
}

// entityHistory handles "GET /catalog/{namespace}/{kind}/{name}/history". It
// tells of removed entities too.
func (s *Site) entityHistory(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	after, err := position(fieldAfter, r.self.query.Get(fieldAfter))
	if err != nil {
		return answer{}, err
	}
	page, err := s.History.Events(ctx, history.Filter{Entity: ref.String(), ByTime: true, After: after, Limit: 25})
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok && page.Total == 0 {
		return notThere(r, ref, page), nil
	}
	v := entityHistoryView{
		head:   removedHead(r.catalog, ref),
		total:  totalEvents(page),
		events: happenings(page.Entries, r.now),
	}
	if ok {
		v.head = newEntityHead(r, e, tabHistory, total(page))
	}
	if page.Next > 0 {
		v.older = r.self.set(fieldAfter, decimal(page.Next)).String()
	}
	if after > 0 {
		v.newest = r.self.drop(fieldAfter).String()
	}
	return answer{title: v.head.title + " · History", body: entityHistoryPage(v)}, nil
}

func removedHead(c Catalog, ref catalog.Ref) entityHead {
	return entityHead{
		crumbs: []ui.Anchor{{Label: "Catalog", Href: catalogPath}, {Label: ref.Name}},
		icon:   kindIcon(c, ref.Kind, ""), kind: kindTitle(c, ref.Kind), what: "not in the catalog now",
		title: ref.Name, ref: ref.String(), gone: true,
		tabs: []ui.View{{Label: tabHistory, Href: entityLink(ref) + "/history", On: true}},
	}
}
