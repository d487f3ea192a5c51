package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/docs"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/web/ui"
)

const (
	docsPath       = "/docs"
	docsOfPath     = docsPath + "/:namespace/:kind/:name"
	tabDocs        = "Docs"
	fieldDocsOrder = "order"

	annotationDocs       = "backstage.io/techdocs-ref"
	annotationDocsEntity = "backstage.io/techdocs-entity" // whose docs are those of the entity, too
)

// Docs is what is known of the documentation of entities.
type Docs interface {
	List(ctx context.Context, q docs.Query) ([]docs.State, error)
	// Get returns how an entity's stood, or an error of kind fault.NotFound.
	Get(ctx context.Context, entity string, at projections.Moment) (docs.State, error)
	Published(ctx context.Context, at eventlog.Position) (event.DocsPublished, error)
	// Versions lists the tags and releases of a repository, the newest first.
	Versions(ctx context.Context, r event.Repository, known eventlog.Position) ([]docs.Version, error)
	DocsPages
}

// DocsPages is what is known of single pages.
type DocsPages interface {
	PageOrigin(ctx context.Context, entity, path string, at eventlog.Position) (docs.Origin, error)
	// PageVersions returns what was at a path, the newest first.
	PageVersions(ctx context.Context, entity, path string, known eventlog.Position) ([]docs.PageVersion, error)
	// PagePaths lists the paths at which there ever was a page.
	PagePaths(ctx context.Context, entity string) ([]string, error)
}

// DocsContents is what the files of documentation hold.
type DocsContents interface {
	// Blob returns a content by Git's id, or an error of kind fault.NotFound.
	Blob(ctx context.Context, id string) ([]byte, error)
	// Published makes the site that was published.
	Published(ctx context.Context, p event.DocsPublished) (*techdocs.Site, error)
}

// docsLink is where the documentation of an entity begins.
func docsLink(ref catalog.Ref) string {
	return docsPath + strings.TrimPrefix(entityLink(ref), catalogPath) + "/"
}

// docsTab is where the documentation of an entity is read; "" if it has none.
func docsTab(e *entities.Entry) string {
	if other, ok := docsLender(e); ok {
		return docsLink(other)
	}
	if e.Entity.Metadata.Annotations[annotationDocs] != "" {
		return docsLink(e.Entity.Ref())
	}
	return ""
}

// docsLender is the entity whose documentation an entity says to be its own, too.
func docsLender(e *entities.Entry) (catalog.Ref, bool) {
	name := e.Entity.Metadata.Annotations[annotationDocsEntity]
	ref, err := catalog.ParseRef(name, catalog.Ref{Kind: "component"})
	return ref, err == nil && name != ""
}

// docsCircle returns an error if the documentation of an entity is that of another, and
// so on, until it comes back to one of them.
func docsCircle(c Catalog, e *entities.Entry) error {
	seen := []string{e.Ref}
	for {
		lender, ok := docsLender(e)
		if !ok || lender.String() == e.Ref { // its own
			return nil
		}
		seen = append(seen, lender.String())
		if slices.Contains(seen[:len(seen)-1], lender.String()) {
			return fault.New(fault.NotFound, "the annotation %s leads in a circle: %s. Name an entity there that has documentation of its own", annotationDocsEntity, strings.Join(seen, ", "))
		}
		if e, ok = c.Get(lender.String()); !ok {
			return nil
		}
	}
}

// docsPage handles "GET /docs/{namespace}/{kind}/{name}/…": a page of a site, or a file.
func (s *Site) docsPage(ctx context.Context, r request) (answer, error) {
	if s.Docs == nil {
		return answer{}, fault.New(fault.NotFound, "this portal reads no documentation")
	}
	ref := r.ref()
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		e = unlisted(ref)
	}
	if at := docsTab(e); at != "" && at != docsLink(e.Entity.Ref()) {
		if err := docsCircle(r.catalog, e); err != nil {
			return answer{}, err
		}
		return answer{location: link{docsAddress(at, r.param("*")).path, r.self.query}.String()}, nil
	}
	if version := r.self.query.Get(fieldVersion); version != "" {
		return s.docsAsOfVersion(ctx, r, e.Ref, version)
	}
	state, err := s.Docs.Get(ctx, e.Ref, r.moment)
	if fault.KindOf(err) == fault.NotFound {
		return s.docsNowhere(ctx, r, e, ok)
	}
	if err != nil {
		return answer{}, err
	}
	if state.Shown == nil {
		return docsNone(r, e, &state, nil), nil
	}
	published, err := s.Docs.Published(ctx, state.Shown.Position)
	if err != nil {
		return answer{}, err
	}
	site, err := s.Contents.Published(ctx, published)
	if err != nil {
		return answer{}, err
	}
	return s.docsIn(ctx, r, docsReader{entry: e, state: state, published: published, site: site, base: docsLink(e.Entity.Ref()), then: momentOf(r)})
}

// momentOf is the moment of a page, without the page.
func momentOf(r request) (l link) {
	if r.moment.Now() {
		return l
	}
	return l.set(fieldMoment, r.self.query.Get(fieldMoment)).set(fieldKnown, r.self.query.Get(fieldKnown))
}

// docsReader is a site that is read.
type docsReader struct {
	entry     *entities.Entry
	state     docs.State
	published event.DocsPublished
	site      *techdocs.Site
	base      string // address of the site; ends in a slash
	then      link   // the moment as a query, without a path
}

// docsIn answers with what is at the rest of the path in a site.
func (s *Site) docsIn(ctx context.Context, r request, d docsReader) (answer, error) {
	rest := strings.TrimPrefix(r.param("*"), "/")
	if f, ok := d.site.Files[rest]; ok {
		content, err := s.Contents.Blob(ctx, f.Blob)
		return answer{shown: newShownFile(rest, f.Blob, content)}, err
	}
	page := d.site.At(rest)
	if page == nil && rest == "" {
		page = d.site.Home()
	}
	if page == nil {
		if about, ok := docsAbout(r, d, rest); ok {
			return about, nil
		}
		if to := d.moved(rest); to != "" {
			return answer{location: to}, nil
		}
		return s.docsGone(ctx, r, d, rest)
	}
	if at := d.href(page.Path); at != r.self.path {
		return answer{location: link{at, r.self.query}.String()}, nil
	}
	show, err := s.docsPast(r)
	if err != nil {
		return answer{}, err
	}
	if show != nil {
		return show(ctx, r, d, page.Path)
	}
	past, err := s.newDocsPast(ctx, r, d)
	if err != nil {
		return answer{}, err
	}
	v := newDocsFrame(r, d, page)
	v.past = past
	v.issue, v.body = s.docsIssue(d, page), s.drawPlantUML(v.body)
	o, err := s.Docs.PageOrigin(ctx, d.entry.Ref, page.Path, d.state.Shown.Position)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return answer{}, err
	}
	if err == nil {
		v.changed, v.who, v.commit, v.event = ui.Near(o.Since, r.now), r.person(o.Actor), commit(o.Cause), mark(o.Position)
	}
	return answer{title: page.Title + " · " + d.published.Site, styles: docsStyles(), body: docsReaderPage(v), tagged: true, images: s.plantUMLOrigin()}, nil
}

func docsStyles() []string { return []string{"docs.css"} }

// href is the address of a page.
func (d docsReader) href(page string) string {
	return d.site.Href(d.base, techdocs.Target{Kind: techdocs.ToPage, Path: page})
}

// moved is where a page went, if mkdocs.yml says so; "" if not.
func (d docsReader) moved(rest string) string {
	to, ok := d.site.Redirect(rest)
	if !ok {
		return ""
	}
	if to.Kind == techdocs.Elsewhere {
		return string(ui.Outside(to.URL))
	}
	return d.site.Href(d.base, to)
}

// url is the address that a link of a page has.
func (d docsReader) url(t techdocs.Target) string {
	if t.Kind == techdocs.ToSource && !t.Image {
		return string(d.source(d.published.View, t.Path))
	}
	if at := d.then.String(); t.Kind == techdocs.ToFile && t.Image && at != "" { // [keep] has links only lead to the same moment
		t.Query = at[1:]
	}
	return d.site.Href(d.base, t)
}

// source is the address of a file at the forge; "" if it has none.
func (d docsReader) source(prefix, file string) templ.SafeURL {
	if prefix == "" {
		return ""
	}
	at := file
	if d.published.Root != "" {
		at = d.published.Root + "/" + file
	}
	return ui.Outside(prefix + (&url.URL{Path: at}).EscapedPath())
}

// docsFrame is a page with what stands around it.
type docsFrame struct {
	crumbs     []ui.Anchor
	site       ui.Anchor
	nav        []docsItem
	title      string
	body       string // HTML that techdocs made safe
	headed     bool   // it has a heading of the first level
	contents   []docsHeading
	changed    ui.Moment
	who        ui.Person
	commit     ui.CommitMark
	event      ui.EventMark
	edit, view templ.SafeURL
	issue      docsIssue
	about      []ui.View     // pages about the site
	decision   *docsDecision // nil if the page is none
	prev, next ui.Anchor
	failure    *docsFailure
	problems   []docsProblem // of the page
	hideNav    bool
	hideTOC    bool
	entity     ui.Anchor
	past       docsPast
}

type docsItem struct {
	ui.Anchor
	current bool
	open    bool // the page that is shown is in it
	outside templ.SafeURL
	items   []docsItem
}

type docsHeading struct {
	ui.Anchor
	deep bool
}

type docsProblem struct {
	place   string // "docs/index.md:7"
	href    templ.SafeURL
	message string
}

// docsFailure is why the newest commit is not shown.
type docsFailure struct {
	docsProblem
	when   ui.Moment
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
}

func newDocsFailure(r request, s docs.State) *docsFailure {
	f := s.Failure
	if f == nil {
		return nil
	}
	place := docsProblem{place: fmt.Sprintf("%s:%d", f.File, f.Line), message: f.Message}
	if f.View != "" {
		place.href = ui.Outside(f.View + (&url.URL{Path: f.File}).EscapedPath())
	}
	return &docsFailure{docsProblem: place, when: ui.Near(s.Since, r.now), who: r.person(s.Actor), commit: commit(s.Cause), event: mark(s.Position)}
}

func newDocsFrame(r request, d docsReader, page *techdocs.Page) docsFrame {
	v := docsFrame{
		site:    ui.Anchor{Label: d.published.Site, Href: d.base},
		entity:  ui.Anchor{Label: d.entry.Entity.Title(), Href: entityLink(d.entry.Entity.Ref())},
		failure: newDocsFailure(r, d.state),
		about:   docsAboutLinks(r, d),
	}
	current := ""
	if page != nil {
		current = page.Path
	}
	v.nav, _ = docsItems(d, d.site.Nav, current)
	v.crumbs = []ui.Anchor{{Label: "Catalog", Href: catalogPath}, v.entity, {Label: "Docs", Href: d.base}}
	if page == nil {
		return v
	}
	v.title, v.body = page.Title, page.HTML(d.url)
	if page.URL != "" {
		v.crumbs = append(v.crumbs, ui.Anchor{Label: page.Title})
	} else {
		v.crumbs[2].Href = ""
	}
	if page.Content.Decision != nil {
		v.decision = docsDecisionOf(d, page)
	}
	v.hideNav, v.hideTOC = page.Content.Meta.HideNav, page.Content.Meta.HideTOC
	v.edit, v.view = d.source(d.published.Edit, page.Source.Path), d.source(d.published.View, page.Source.Path)
	for _, h := range page.Content.Headings {
		v.headed = v.headed || h.Level == 1
		if h.Level == 2 || h.Level == 3 {
			v.contents = append(v.contents, docsHeading{ui.Anchor{Label: h.Text, Href: "#" + (&url.URL{Path: h.ID}).EscapedPath()}, h.Level == 3})
		}
	}
	if p := d.site.Page(page.Prev); p != nil {
		v.prev = ui.Anchor{Label: p.Title, Href: d.href(p.Path)}
	}
	if p := d.site.Page(page.Next); p != nil {
		v.next = ui.Anchor{Label: p.Title, Href: d.href(p.Path)}
	}
	for _, p := range d.site.Problems {
		if p.File == page.Source.Path && p.Code != techdocs.CodeNote {
			v.problems = append(v.problems, d.problem(p))
		}
	}
	return v
}

// docsItems are the entries of a navigation, and whether the current page is in them.
func docsItems(d docsReader, nav []techdocs.NavItem, current string) (all []docsItem, open bool) {
	for _, n := range nav {
		one := docsItem{Anchor: ui.Anchor{Label: n.Title}, outside: ui.Outside(n.URL)}
		switch {
		case len(n.Items) > 0:
			one.items, one.open = docsItems(d, n.Items, current)
		case n.Path != "":
			one.Href, one.current = d.href(n.Path), n.Path == current
		case n.File != "":
			one.Href = d.site.Href(d.base, techdocs.Target{Kind: techdocs.ToFile, Path: n.File})
		}
		open = open || one.open || one.current
		all = append(all, one)
	}
	return all, open
}

// docsNone is the page of an entity of which nothing can be shown.
func docsNone(r request, e *entities.Entry, s *docs.State, end *docsEnd) answer {
	v := docsFrame{
		crumbs: []ui.Anchor{{Label: "Catalog", Href: catalogPath}, {Label: e.Entity.Title(), Href: entityLink(e.Entity.Ref())}, {Label: "Docs"}},
		entity: ui.Anchor{Label: e.Entity.Title(), Href: entityLink(e.Entity.Ref())},
	}
	if s != nil {
		v.failure = newDocsFailure(r, *s)
	}
	status := http.StatusNotFound
	if end != nil {
		status = http.StatusGone
	}
	return answer{status: status, title: "Docs of " + e.Entity.Title(), styles: docsStyles(), body: docsNonePage(v, e.Entity.Metadata.Annotations[annotationDocs] != "", end)}
}
