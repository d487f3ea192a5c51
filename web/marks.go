package web

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// named turns a full reference into a link, with the title of the entity if the
// catalog has it.
func named(c Catalog, ref string) ui.EntityLink {
	r, err := catalog.ParseRef(ref, catalog.Ref{})
	if err != nil {
		return ui.EntityLink{Label: ref, Icon: "question", Title: ref}
	}
	e, ok := c.Brief(ref)
	if !ok {
		return ui.EntityLink{Label: r.Name, Icon: kindIcon(c, r.Kind, ""), Title: ref}
	}
	return ui.EntityLink{Label: e.Title, Icon: kindIcon(c, e.Kind, e.Type), Href: entityLink(r), Title: ref}
}

// owner turns the reference of an owner into a team or a person.
func owner(c Catalog, ref string) ui.Person {
	l := named(c, ref)
	p := ui.Person{Name: l.Label, Href: l.Href}
	if !strings.HasPrefix(ref, "user:") {
		p.Shape = "team"
	}
	if l.Href == "" {
		p.Unknown = ref + " is not in the catalog"
	}
	return p
}

// actor names who did something, with everything else they did a click away.
func actor(a event.Actor) ui.Person {
	name := a.String()
	if name == "" {
		return ui.Person{}
	}
	p := ui.Person{Name: name, Href: link{auditPath, url.Values{"actor": {name}}}.String()}
	if strings.HasSuffix(a.Login, "[bot]") {
		p.Shape = "bot"
	}
	return p
}

// person names who did something as actor does, and whom only an address is known of as the
// user that has it.
func (r request) person(a event.Actor) ui.Person {
	p := actor(a)
	if a.Login != "" || a.Email == "" {
		return p
	}
	has := entities.Equals{Key: "spec.profile.email", Values: []string{a.Email}}
	found := r.catalog.List(entities.Listing{Where: has, Limit: 2}).Rows
	if len(found) != 1 {
		return p
	}
	if ref, err := catalog.ParseRef(found[0].Ref, catalog.Ref{}); err == nil && strings.EqualFold(ref.Kind, "User") {
		p.Name = ref.Name
	}
	return p
}

func commit(c event.Cause) ui.CommitMark {
	return ui.CommitMark{SHA: c.Commit, Href: ui.Outside(c.CommitURL)}
}

func mark(p eventlog.Position) ui.EventMark {
	return ui.EventMark{Number: ui.Number(p), Href: eventLink(p)}
}

// kindOf says what an entity is: "Component, service".
func kindOf(c Catalog, e *entities.Entry) string {
	kind := kindTitle(c, e.Entity.Kind)
	if e.Type() == "" {
		return kind
	}
	return kind + ", " + e.Type()
}

// outsideLink leads out of the portal. One that may not be followed has no
// address, and stays text.
type outsideLink struct {
	label, icon string
	href        templ.SafeURL
}

// lineOf is the address of a line of a file at its forge; GitHub and GitLab
// write it alike.
func lineOf(o event.Origin, line int) templ.SafeURL {
	if o.URL == "" {
		return ""
	}
	return ui.Outside(o.URL + "#L" + strconv.Itoa(max(line, 1)))
}

// repositoryOf is the address of a repository, cut from that of one of its files.
func repositoryOf(o event.Origin) templ.SafeURL {
	for _, cut := range []string{"/-/blob/", "/blob/"} {
		if repository, _, ok := strings.Cut(o.URL, cut); ok {
			return ui.Outside(repository)
		}
	}
	return ""
}

// fileName is what to call a descriptor.
func fileName(o event.Origin) string {
	if o.FromPortal() {
		return o.Place()
	}
	return cmp.Or(o.Path, "descriptor")
}
