package web

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/web/ui"
)

const (
	repositoryRows = 50 // on a page
	fieldArchived  = "archived"
	maxPage        = 1 << 20
)

// repositoryLink is the address of a repository's page; its name keeps its slashes.
func repositoryLink(source, fullName string) string {
	parts := strings.Split(fullName, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return sourceLink(source) + "/repositories/" + strings.Join(parts, "/")
}

// repositoriesView is a part of the repositories of a source.
type repositoriesView struct {
	head  sourceHead
	bar   ui.ListBar
	views []ui.View
	rows  []repositoryRow
	pager ui.Pager
	clear string
	none  bool // nothing is known of any, whatever is searched for
}

type repositoryRow struct {
	name, href, about string
	archived, fork    bool
	visibility        string
	branch            string
	entities          int
	problems          int
	seen              ui.Moment
	mark              ui.EventMark
	outside           templ.SafeURL
}

// sourceRepositories handles "GET /sources/{name}/repositories".
func (s *Site) sourceRepositories(ctx context.Context, r request) (answer, error) {
	src, state, head, err := s.sourceOf(ctx, r, "repositories")
	if err != nil {
		return answer{}, err
	}
	page, err := intParam(r.self.query, fieldPage, 1, 1, maxPage)
	if err != nil {
		return answer{}, err
	}
	find := repositories.Search{
		Text: strings.TrimSpace(r.self.query.Get(fieldText)), Archived: r.self.query.Get(fieldArchived) != "",
		Offset: (page - 1) * repositoryRows, Limit: repositoryRows,
	}
	found, total, err := s.Repositories.Search(ctx, src.Name, find)
	if err != nil {
		return answer{}, err
	}
	base := r.self.drop(fieldPage)
	v := repositoriesView{
		head: head, clear: r.self.path, none: state.Counts.Repositories == 0,
		bar: ui.ListBar{
			SearchBox: ui.SearchBox{Action: r.self.path, Name: fieldText, Value: find.Text, Label: "Search the repositories", Placeholder: "Name or description"},
			Carry:     base.drop(fieldText).carry(), Live: true,
		},
		views: []ui.View{
			{Label: "All", Href: base.drop(fieldArchived).String(), On: !find.Archived, Count: ui.Number(state.Counts.Repositories)},
			{Label: "Archived", Href: base.set(fieldArchived, "1").String(), On: find.Archived, Count: ui.Number(state.Counts.Archived)},
		},
	}
	for _, repo := range found {
		v.rows = append(v.rows, newRepositoryRow(r, src.Name, repo))
	}
	v.pager.Says = "None of " + ui.Number(total)
	if len(found) > 0 {
		v.pager.Says = ui.Number(find.Offset+1) + "–" + ui.Number(find.Offset+len(found)) + " of " + ui.Number(total)
	}
	if page > 1 {
		v.pager.Back = base.set(fieldPage, strconv.Itoa(page-1)).String()
	}
	if find.Offset+len(found) < total && len(found) > 0 {
		v.pager.Next = base.set(fieldPage, strconv.Itoa(page+1)).String()
	}
	return answer{title: src.Name + ", repositories", body: repositoriesPage(v)}, nil
}

func newRepositoryRow(r request, source string, repo repositories.Repository) repositoryRow {
	declared, refused := r.catalog.Repository(source, repo.ID)
	return repositoryRow{
		name: repo.FullName, href: repositoryLink(source, repo.FullName), about: ui.Shorten(repo.Description, 160),
		archived: repo.Archived, fork: repo.Fork, visibility: repo.Visibility, branch: ui.Shorten(repo.DefaultBranch, 40),
		entities: len(declared), problems: len(refused), seen: ui.Brief(repo.Seen, r.now), mark: mark(repo.Changed), outside: ui.Outside(repo.URL),
	}
}

// repositoryView is one repository of a source.
type repositoryView struct {
	head sourceHead
	repositoryRow
	deleted    ui.Moment
	went       string // its name elsewhere
	topics     []string
	language   string
	declared   []ui.EntityLink
	more       int
	refused    []rejectedRow
	deliveries []deliveryRow
	back       string
	all        string // its deliveries
}

const (
	shownDeclared   = 100
	shownRefused    = 10
	shownDeliveries = 10
)

// repository handles "GET /sources/{name}/repositories/{full name}". A name that it
// had before leads to the one that it has.
func (s *Site) repository(ctx context.Context, r request) (answer, error) {
	src, _, head, err := s.sourceOf(ctx, r, "repositories")
	if err != nil {
		return answer{}, err
	}
	name := strings.Trim(r.param("*"), "/")
	repo, err := s.Repositories.Named(ctx, src.Name, name)
	if err != nil {
		return answer{}, err
	}
	if repo.FullName != name {
		return answer{location: repositoryLink(src.Name, repo.FullName)}, nil
	}
	page, err := s.Deliveries.List(ctx, deliveries.Filter{Source: src.Name, Repository: repo.FullName, Limit: shownDeliveries})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return answer{}, err
	}
	v := repositoryView{
		head: head, repositoryRow: newRepositoryRow(r, src.Name, repo), deleted: ui.Near(repo.Deleted, r.now), went: repo.Went, topics: repo.Topics, language: repo.Language,
		back: r.self.drop(fieldReplayed).String(), all: link{path: sourceLink(src.Name) + "/deliveries"}.set(fieldRepository, repo.FullName).String(),
	}
	v.head.crumbs = []ui.Anchor{{Label: "Sources", Href: sourcesPath}, {Label: src.Name, Href: sourceLink(src.Name)}, {Label: repo.FullName}}
	declared, refused := r.catalog.Repository(src.Name, repo.ID)
	for i, e := range declared {
		if i == shownDeclared {
			v.more = len(declared) - i
			break
		}
		v.declared = append(v.declared, named(r.catalog, e.Ref))
	}
	for i, rej := range refused {
		if i < shownRefused && rej.With == nil {
			v.refused = append(v.refused, newRejectedRow(r, rej))
		}
	}
	for _, d := range page.Deliveries {
		if d.Repository == repo.FullName {
			v.deliveries = append(v.deliveries, s.newDeliveryRow(d, r.now))
		}
	}
	return answer{title: repo.FullName, body: repositoryPage(v)}, nil
}
