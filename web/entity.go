package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
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
	ref := r.ref()
	recent, err := s.History.Events(ctx, history.Filter{Entity: ref.String(), Limit: recentChanges})
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok {
		return notThere(r, ref, recent), nil
	}
	v := newEntityView(r.catalog, e, recent, r.now)
	return answer{title: e.Entity.Title(), body: entityPage(v)}, nil
}

// entityHistory handles "GET /catalog/{namespace}/{kind}/{name}/history". It
// tells of removed entities too.
func (s *Site) entityHistory(ctx context.Context, r request) (answer, error) {
	ref := r.ref()
	after, err := position(r.self.query, fieldAfter)
	if err != nil {
		return answer{}, err
	}
	page, err := s.History.Events(ctx, history.Filter{Entity: ref.String(), After: after, Limit: 25})
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(ref.String())
	if !ok && page.Total == 0 {
		return notThere(r, ref, page), nil
	}
	v := entityHistoryView{
		head:   removedHead(ref),
		total:  page.Total,
		events: happenings(page.Entries, r.now),
	}
	if ok {
		v.head = newEntityHead(r.catalog, e, tabHistory, page.Total, r.now)
	}
	if page.Next > 0 {
		v.older = r.self.set(fieldAfter, decimal(page.Next)).String()
	}
	if after > 0 {
		v.newest = r.self.drop(fieldAfter).String()
	}
	return answer{title: v.head.title + " · History", body: entityHistoryPage(v)}, nil
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
}

type entityView struct {
	head      entityHead
	rejection *rejectionView
	about     about
	graph     *graph
	relations []relationGroup
	recent    []ui.Happening
	all       string // leads to the history
	history   string
	links     []outsideLink
}

type about struct {
	description string
	owner       ui.Person
	ownerless   bool
	system      ui.EntityLink
	domain      ui.EntityLink
	lifecycle   string
	typ         string
	repository  outsideLink
	tags        []ui.Anchor
	labels      []string
	notes       [][2]string // annotations: name, value
	file        outsideLink
	commit      ui.CommitMark
	since       ui.Moment
}

// outsideLink leads out of the portal; one that may not be followed is text.
type outsideLink struct {
	label, icon string
	href        string
}

type entityHistoryView struct {
	head   entityHead
	events []ui.Happening
	total  int
	older  string
	newest string
}

func newEntityView(c Catalog, e *entities.Entry, recent history.Page, now time.Time) entityView {
	v := entityView{
		head:      newEntityHead(c, e, tabOverview, recent.Total, now),
		about:     newAbout(c, e, now),
		graph:     newGraph(c, e),
		relations: relationGroups(c, e),
		recent:    happenings(recent.Entries, now),
		all:       "History",
		history:   entityLink(e.Entity.Ref()) + "/history",
	}
	if recent.Total > len(recent.Entries) {
		v.all = "All " + ui.Plural(recent.Total, "event")
	}
	if e.Rejection != nil {
		v.rejection = newRejection(e.Rejection, now)
		v.rejection.good, v.rejection.goodEvent = ui.Near(e.Since.Time, now), mark(e.Since.Position)
		v.rejection.whole = entityLink(e.Entity.Ref()) + "/descriptor"
	}
	for _, l := range e.Entity.Metadata.Links {
		label := l.Title
		if label == "" {
			label = l.URL
		}
		v.links = append(v.links, outsideLink{ui.Shorten(label, 80), linkIcon(l), string(ui.Outside(l.URL))})
	}
	return v
}

// The tabs.
const (
	tabOverview   = "Overview"
	tabDescriptor = "Descriptor"
	tabHistory    = "History"
)

func newEntityHead(c Catalog, e *entities.Entry, tab string, events int, now time.Time) entityHead {
	here := entityLink(e.Entity.Ref())
	h := entityHead{
		crumbs: crumbs(c, e),
		icon:   ui.KindIcon(e.Entity.Kind, e.Type()), kind: e.Entity.Kind,
		title: e.Entity.Title(), what: kindOf(e), ref: e.Ref,
		lifecycle: e.Lifecycle(),
		changed:   ui.Near(e.Since.Time, now), by: actor(e.Since.Actor), commit: commit(e.Since.Cause), event: mark(e.Since.Position),
		first: ui.Day(e.Registered),
		tabs: []ui.View{
			{Label: tabOverview, Href: here},
			{Label: tabDescriptor, Href: here + "/descriptor"},
			{Label: tabHistory, Href: here + "/history", Count: ui.Number(events)},
		},
	}
	if ref := e.Owner(); ref != "" {
		h.owner = owner(c, ref)
	} else {
		h.ownerless = wantsOwner(e)
	}
	for i := range h.tabs {
		h.tabs[i].On = h.tabs[i].Label == tab
	}
	if href := ui.Outside(e.Origin.URL); href != "" {
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

func newAbout(c Catalog, e *entities.Entry, now time.Time) about {
	m := e.Entity.Metadata
	a := about{
		description: m.Description,
		lifecycle:   e.Lifecycle(), typ: e.Type(),
		repository: outsideLink{label: e.Origin.Repository, href: string(ui.Outside(repositoryOf(e.Origin)))},
		file:       outsideLink{label: fileName(e.Origin), href: string(ui.Outside(e.Origin.URL))},
		commit:     commit(e.Since.Cause),
		since:      ui.Near(e.Since.Time, now),
	}
	if ref := e.Owner(); ref != "" {
		a.owner = owner(c, ref)
	} else {
		a.ownerless = wantsOwner(e)
	}
	a.system, a.domain = surroundings(c, e)
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

// rejectionView is a descriptor that cannot be used: where it is wrong, since
// when, and what still holds.
type rejectionView struct {
	file      string
	place     string // "catalog-info.yaml:23:7"
	field     string
	message   string
	others    int // further problems
	label     string
	lines     []ui.Line
	good      ui.Moment // of the version that holds
	goodEvent ui.EventMark
	since     ui.Moment
	by        ui.Person
	commit    ui.CommitMark
	event     ui.EventMark
	open      ui.Button
	whole     string // page of the whole text
}

func newRejection(r *entities.Rejection, now time.Time) *rejectionView {
	v := &rejectionView{
		file:  fileName(r.Origin),
		since: ui.Near(r.Time, now), by: actor(r.Actor), commit: commit(r.Cause), event: mark(r.Position),
	}
	if len(r.Problems) == 0 {
		return v
	}
	p := r.Problems[0]
	v.field, v.message, v.others = p.Path, p.Message, len(r.Problems)-1
	where := r.EntityRejected
	v.place = strings.TrimSuffix(where.Describe(event.Problem{Line: p.Line, Column: p.Column}), " ")
	v.lines = around(documentLines(r.Document, r.Origin.Line, r.Problems), p.Line, 1)
	if len(v.lines) > 0 {
		v.label = "Lines " + decimal(uint64(v.lines[0].Number)) + " to " + decimal(uint64(v.lines[len(v.lines)-1].Number))
	}
	if href := fileAt(r.Origin, p.Line); href != "" {
		v.open = ui.Button{Label: "Open line " + decimal(uint64(max(1, p.Line))), Icon: "external", Href: ui.Outside(href), Look: "sm"}
	}
	return v
}

// notThere is the page of an entity that is not in the catalog: removed, never
// usable, or unknown.
func notThere(r request, ref catalog.Ref, page history.Page) answer {
	v := missingEntity{ref: ref.String(), name: ref.Name, search: link{path: catalogPath}.set(fieldText, ref.Name).String()}
	similar := r.catalog.Find(entities.Query{Text: ref.Name, Limit: 5})
	if len(similar.Entries) == 0 {
		if word := closest(r.catalog, similar.All, strings.ToLower(ref.Name)); word != "" {
			similar = r.catalog.Find(entities.Query{Text: word, Limit: 5})
		}
	}
	for _, e := range similar.Entries {
		v.similar = append(v.similar, named(r.catalog, e.Ref))
	}
	if len(page.Entries) > 0 {
		last := happening(page.Entries[0], r.now)
		v.last = &last
		v.removed = page.Entries[0].Type == event.TypeEntityRemoved
		v.history = entityLink(ref) + "/history"
		v.total = page.Total
	}
	return answer{status: http.StatusNotFound, title: ref.Name, body: missingEntityPage(v)}
}

type missingEntity struct {
	ref, name string
	search    string
	similar   []ui.EntityLink
	last      *ui.Happening // the newest event about it
	removed   bool
	history   string
	total     int
}

func removedHead(ref catalog.Ref) entityHead {
	return entityHead{
		crumbs: []ui.Anchor{{Label: "Catalog", Href: catalogPath}, {Label: ref.Name}},
		icon:   ui.KindIcon(ref.Kind, ""), kind: ui.Sentence(ref.Kind), what: "not in the catalog now",
		title: ref.Name, ref: ref.String(), gone: true,
		tabs: []ui.View{{Label: tabHistory, Href: entityLink(ref) + "/history", On: true}},
	}
}

// documentOf returns the text of the descriptor that brought an entity to its
// present state.
func (s *Site) documentOf(ctx context.Context, e *entities.Entry) (string, error) {
	rec, err := s.Log.At(ctx, e.Since.Position)
	if err != nil {
		return "", err
	}
	data, err := rec.Decode()
	if err != nil {
		return "", err
	}
	switch d := data.(type) {
	case event.EntityRegistered:
		return d.Document, nil
	case event.EntityChanged:
		return d.Document, nil
	default:
		return "", fault.New(fault.Internal, "event %d made %s what it is, and is a %s", e.Since.Position, e.Ref, rec.Type)
	}
}
