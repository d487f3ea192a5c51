package web

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const entityPath = catalogPath + "/:namespace/:kind/:name"

// recentChanges is how many events the overview shows.
const recentChanges = 5

// History is what happened, with what each event changed.
type History interface {
	Events(context.Context, history.Filter) (history.Page, error)
	// Event returns one event, or an error of kind fault.NotFound.
	Event(context.Context, eventlog.Position) (history.Entry, error)
}

func (r request) ref() catalog.Ref {
	return catalog.Ref{Kind: r.param("kind"), Namespace: r.param("namespace"), Name: r.param("name")}
}

// entity handles "GET /catalog/{namespace}/{kind}/{name}".
func (s *Site) entity(ctx context.Context, r request) (answer, error) {
	return s.entityWith(ctx, r, func(*entityView) {})
}

// entityWith makes the page with something changed.
func (s *Site) entityWith(ctx context.Context, r request, change func(*entityView)) (answer, error) {
	ref := r.ref()
	recent, err := s.newest(ctx, r, ref, recentChanges)
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		return notThere(r, ref, recent.Page), nil
	}
	v := newEntityView(r, e, recent)
	if r.moment.Now() && s.isUnread(e.Origin) {
		v.unread = &e.Origin
	}
	if v.about.suggested, err = s.suggested(ctx, r.catalog, e); err != nil {
		return answer{}, err
	}
	if v.about.later, err = s.later(ctx, r, e.Ref); err != nil {
		return answer{}, err
	}
	v.head.later = v.about.later
	if v.known, err = s.factsOf(ctx, r, e); err != nil {
		return answer{}, err
	}
	change(&v)
	return answer{title: e.Entity.Title(), body: entityPage(v), visited: e.Ref}, nil
}

// newest is what the history says last of an entity.
type newest struct {
	history.Page
	// away: the history cannot be read now. Then it says nothing, and an entity that
	// is in the catalog is shown without.
	away bool
}

func (s *Site) newest(ctx context.Context, r request, ref catalog.Ref, limit int) (newest, error) {
	page, err := s.History.Events(ctx, r.then(history.Filter{Entity: ref.String(), ByTime: true, Limit: limit}))
	if _, ok := r.catalog.Get(ref.String()); ok && fault.KindOf(err) == fault.Unavailable && ctx.Err() == nil {
		s.Logger.WarnContext(ctx, "a page is shown without what happened", "path", r.self.path, "error", err)
		return newest{away: true}, nil
	}
	return newest{Page: page}, err
}

// total is how many events there are, as far as that is known.
func (n newest) total() string {
	if n.away {
		return ""
	}
	return total(n.Page)
}

// entityHead is the same on each of an entity's tabs.
type entityHead struct {
	crumbs    []ui.Anchor
	icon      string
	kind      string
	title     string
	what      string // "Component, service"
	ref       string
	acts      []ui.Button
	gone      bool
	owner     ui.Person
	ownerless bool
	lifecycle string
	changed   ui.Moment
	by        ui.Person
	commit    ui.CommitMark
	event     ui.EventMark
	first     ui.Moment
	tabs      []ui.View
	star      ui.Star
	later     laterNotes
}

type entityView struct {
	head      entityHead
	rejection *rejectionView
	conflicts []conflictView
	orphan    bool          // what declared it is gone
	unread    *event.Origin // it stands here, and nobody reads that any more; nil while somebody does
	about     about
	excerpts  []excerpt
	targets   *targetsView    // of a location
	template  *templateView   // of a template
	api       *definitionView // of an API
	around    dependencies
	relations []relationGroup
	recent    []ui.Happening
	away      bool   // nobody can say what is recent
	all       string // leads to the history
	history   string
	links     []outsideLink
	known     factsView
}

// about is what the card of that name says besides the header.
type about struct {
	description string
	suggested   []outsideLink // owners, as CODEOWNERS has them, if the descriptor has none
	system      ui.EntityLink
	domain      ui.EntityLink
	typ         string
	repository  outsideLink
	location    ui.EntityLink // what led to it, if it came from one
	source      outsideLink   // the folder of the code
	email       outsideLink   // of a team or a person
	properties  []property    // of a kind of one's own: what its spec says in a word
	tags        []ui.Anchor
	labels      []string
	notes       [][2]string // annotations: name, value
	file        outsideLink
	undone      string // that the entity is not what the file says; "" if it is
	later       laterNotes
}

func newEntityView(r request, e *entities.Entry, recent newest) entityView {
	c, now := r.catalog, r.now
	v := entityView{
		head:      newEntityHead(r, e, tabOverview, recent.total()),
		about:     newAbout(c, e),
		around:    newDependencies(r.catalog, e, cardView(r.catalog, e)),
		relations: relationGroups(c, e),
		excerpts:  excerpts(c, e),
		targets:   newTargets(c, e),
		template:  newTemplate(e),
		orphan:    e.Entity.Metadata.Annotations[annotationOrphan] == "true",
		recent:    happenings(recent.Entries, now),
		away:      recent.away,
		all:       "History",
		history:   entityLink(e.Entity.Ref()) + "/history",
	}
	if recent.Total > len(recent.Entries) {
		v.all = "All " + totalEvents(recent.Page)
	}
	if e.Rejection != nil {
		v.rejection = newRejection(e, now)
	}
	v.conflicts, _ = conflictsOf(c, e.Ref, now)
	if isAPI(e) {
		v.api = newDefinitionView(e)
	}
	for _, l := range e.Entity.Metadata.Links {
		v.links = append(v.links, outsideLink{ui.Shorten(cmp.Or(l.Title, l.URL), 80), linkIcon(l), ui.Outside(l.URL)})
	}
	return v
}

// The tabs.
const (
	tabOverview   = "Overview"
	tabDescriptor = "Descriptor"
	tabHistory    = "History"
	tabGraph      = "Dependencies"
)

func newEntityHead(r request, e *entities.Entry, tab, events string) entityHead {
	c, now := r.catalog, r.now
	h := entityHead{
		crumbs: crumbs(c, e),
		icon:   kindIcon(c, e.Entity.Kind, e.Type()), kind: kindTitle(c, e.Entity.Kind),
		title: e.Entity.Title(), what: kindOf(c, e), ref: e.Ref,
		lifecycle: e.Lifecycle(),
		changed:   ui.Near(e.Since.Time, now), by: actor(e.Since.Actor), commit: commit(e.Since.Cause), event: mark(e.Since.Position),
		first: ui.Day(e.Registered), star: r.starButton(e.Ref, e.Entity.Title()),
		tabs: entityTabs(c, e, tab, events),
	}
	if ref := e.Owner(); ref != "" {
		h.owner = owner(c, ref)
	} else {
		h.ownerless = e.LacksOwner()
	}
	switch e.Entity.Kind {
	case scorecards.KindInitiative:
		h.acts = append(h.acts, ui.Button{Label: "How far it is", Icon: "flag", Href: templ.SafeURL(namedLink(initiativesPath, e.Entity.Ref()))})
	case scorecards.KindExemption:
		h.acts = append(h.acts, ui.Button{Label: "How it stands", Icon: "shield", Href: templ.SafeURL(namedLink(exemptionsPath, e.Entity.Ref()))})
	}
	if href := ui.Outside(cmp.Or(e.Origin.URL, e.Entity.Metadata.Annotations[catalog.AnnotationViewURL])); href != "" {
		h.acts = append(h.acts, ui.Button{Label: "View source", Icon: "code", Href: href})
	}
	if href := ui.Outside(e.Entity.Metadata.Annotations[catalog.AnnotationEditURL]); href != "" {
		h.acts = append(h.acts, ui.Button{Label: "Edit", Icon: "edit", Href: href})
	}
	return h
}

// crumbs lead through the domain and the system that an entity is part of.
func crumbs(c Catalog, e *entities.Entry) []ui.Anchor {
	path := []ui.Anchor{{Label: "Catalog", Href: catalogPath}}
	system, domain := surroundings(c, e)
	for _, l := range []ui.EntityLink{domain, system} {
		if l.Label != "" {
			path = append(path, ui.Anchor{Label: l.Label, Href: l.Href})
		}
	}
	return append(path, ui.Anchor{Label: e.Entity.Metadata.Name})
}

// surroundings are the system that an entity is part of, and the domain that
// this one, or the entity itself, is part of.
func surroundings(c Catalog, e *entities.Entry) (system, domain ui.EntityLink) {
	within := e
	if ref := e.System(); ref != "" {
		system = named(c, ref)
		if s, ok := c.Get(ref); ok {
			within = s
		}
	}
	for _, r := range within.Relations {
		if r.Type == "partOf" && strings.HasPrefix(r.TargetRef, "domain:") {
			domain = named(c, r.TargetRef)
		}
	}
	return system, domain
}

func newAbout(c Catalog, e *entities.Entry) about {
	m := e.Entity.Metadata
	a := about{
		description: m.Description,
		typ:         e.Type(),
		repository:  outsideLink{label: e.Origin.Repository, href: repositoryOf(e.Origin)},
		file:        outsideLink{label: fileName(e.Origin), href: ui.Outside(e.Origin.URL)},
	}
	if u := e.Origin.Undone; u != nil {
		a.undone = "Somebody undid what the file says, which counts again once it says something else."
		if u.Document == "" {
			a.undone = "No file declares it: somebody undid its removal."
		}
	}
	if e.Origin.FromLocation() {
		a.repository = outsideLink{}
		if e.Origin.Parent != "" {
			a.location = named(c, e.Origin.Parent)
		}
	}
	a.system, a.domain = surroundings(c, e)
	a.source = sourceOf(e)
	a.email = emailOf(e)
	a.properties = propertiesOf(c, e)
	for _, t := range m.Tags {
		a.tags = append(a.tags, ui.Anchor{Label: t, Href: link{path: catalogPath}.set("tag", t).String()})
	}
	for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
		a.labels = append(a.labels, k+"="+m.Labels[k])
	}
	for _, k := range slices.Sorted(maps.Keys(m.Annotations)) {
		a.notes = append(a.notes, [2]string{k, m.Annotations[k]})
	}
	return a
}

func linkIcon(l catalog.Link) string {
	switch strings.ToLower(l.Icon) {
	case "dashboard", "monitoring":
		return "eye"
	case "alert", "warning":
		return "bell"
	case "docs", "techdocs", "book":
		return "docs"
	case "help", "support":
		return "question"
	case "chat", "email", "mail":
		return "mail"
	case "github", "gitlab", "code":
		return "code"
	default:
		return "link"
	}
}
