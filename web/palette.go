package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/search"
	"github.com/callboard/callboard/web/ui"
)

const (
	palettePath = "/palette"
	fieldOn     = "on" // path of the page that the palette is opened on
)

const (
	maxFound   = 8   // entities that the palette offers
	maxRead    = 4   // pages that it offers, and operations
	maxSought  = 100 // characters that it looks for
	maxVisited = 5
)

// option is a row of the palette: a link, or something that the page can do.
type option struct {
	icon, label, note string
	href              string
	press             [2]string // name and value of a button on the page
	copies            bool      // copies the page's address
	mark              string    // what is marked in the label
}

// options are those of one sort.
type options struct {
	id, title string
	all       []option
}

// palette handles "GET /palette": what the custom element of that name offers
// for a text, or before there is one.
//
// As in many editors, > asks for actions only, @ for teams and people, and # for
// an event by its number. A slash before it is the key that opened the palette.
func (s *Site) palette(ctx context.Context, r request) (answer, error) {
	text := strings.TrimLeft(strings.TrimSpace(ui.Shorten(r.self.query.Get(fieldText), maxSought)), "/ ")
	here, _ := r.catalog.Get(entityAt(r.self.query.Get(fieldOn)))
	var found []options
	add := func(id, title string, all []option) {
		if len(all) > 0 {
			found = append(found, options{id, title, all})
		}
	}
	switch {
	case text == "":
		add("starred", "Starred", r.offer(r.starredLinks(), shownStars))
		add("recent", "Recent", r.offer(r.recentLinks(here), maxVisited))
		add("pages", "Go to", s.paletteGoes(r))
		add("do", "Do", s.paletteDoes(r, here))
	case text[0] == '>':
		add("do", "Do", matching(s.paletteDoes(r, here), strings.TrimSpace(text[1:])))
	case text[0] == '@':
		text = strings.TrimSpace(text[1:])
		all, _, err := s.paletteFinds(ctx, r, text, "Group", "User")
		if err != nil {
			return answer{}, err
		}
		add("found", "Teams and people", all)
	case text[0] == '#':
		if n, err := strconv.ParseUint(strings.ReplaceAll(text[1:], ",", ""), 10, 63); err == nil {
			add("event", "What happened", []option{{icon: "event", label: "Event " + ui.Number(n), note: "In the audit", href: eventLink(eventlog.Position(n))}})
		}
	default:
		all, how, err := s.paletteFinds(ctx, r, text)
		if err != nil {
			return answer{}, err
		}
		title := "In the catalog"
		if len(how.Meant) > 0 {
			title = "Similar names"
		}
		add("found", title, all)
		for _, t := range searchTypes()[1:] {
			if all, err = s.paletteReads(ctx, r, text, t[0]); err != nil {
				return answer{}, err
			}
			add(t[0], t[1], all)
		}
		add("pages", "Go to", matching(s.paletteGoes(r), text))
		add("do", "Do", matching(s.paletteDoes(r, here), text))
		add("more", "Search", []option{{
			icon: "search", label: "All that holds “" + text + "”", note: "In the catalog, the docs and the definitions of APIs",
			href: link{path: searchPath}.set(fieldText, text).String(),
		}})
	}
	return answer{bare: true, body: paletteOptions(found)}, nil
}

// entityAt is the full ref of the entity that a page is about, or "".
func entityAt(path string) string {
	rest, ok := strings.CutPrefix(path, catalogPath+"/")
	part := strings.Split(rest, "/")
	if !ok || len(part) < 3 {
		return ""
	}
	for i := range part[:3] {
		var err error
		if part[i], err = url.PathUnescape(part[i]); err != nil {
			return ""
		}
	}
	return catalog.Ref{Namespace: part[0], Kind: part[1], Name: part[2]}.String()
}

func (r request) recentLinks(here *entities.Entry) []ui.EntityLink {
	return r.links(slices.DeleteFunc(slices.Clone(r.recent), func(ref string) bool {
		return here != nil && ref == here.Ref || slices.Contains(r.starred, ref)
	}))
}

func (r request) offer(links []ui.EntityLink, most int) []option {
	var all []option
	for _, l := range links[:min(len(links), most)] {
		all = append(all, option{icon: l.Icon, label: l.Label, note: r.paletteNote(l.Title), href: l.Href})
	}
	return all
}

// paletteNote says what an entity is: "Service of Payments".
func (r request) paletteNote(ref string) string {
	e, ok := r.catalog.Get(ref)
	if !ok {
		return ""
	}
	note := kindTitle(r.catalog, e.Entity.Kind)
	switch kind := strings.ToLower(e.Entity.Kind); {
	case e.Type() == "":
	case kind == "component" || kind == "resource" || kind == "group":
		note = ui.Sentence(e.Type())
	default:
		note += ", " + e.Type()
	}
	if o := e.Owner(); o != "" {
		note += " of " + named(r.catalog, o).Label
	}
	return note
}

// paletteFinds looks for entities of some kinds; none at all stands for any.
func (s *Site) paletteFinds(ctx context.Context, r request, text string, kinds ...string) ([]option, search.Results, error) {
	found, err := s.Search.Find(ctx, search.Query{Text: text, Types: []string{search.Entities}, Kinds: kinds, Moment: r.moment, Limit: maxFound, Uncounted: true})
	var all []option
	for _, h := range found.Hits {
		if e, ok := r.catalog.Get(h.Ref); ok {
			all = append(all, option{
				icon: kindIcon(r.catalog, e.Entity.Kind, e.Type()), label: e.Entity.Title(), note: r.paletteNote(e.Ref), href: entityLink(e.Entity.Ref()), mark: text,
			})
		}
	}
	return all, found, err
}

// paletteReads looks for pages and operations.
func (s *Site) paletteReads(ctx context.Context, r request, text, typ string) ([]option, error) {
	found, err := s.Search.Find(ctx, search.Query{Text: text, Types: []string{typ}, Moment: r.moment, Limit: maxRead, Uncounted: true})
	var all []option
	for _, h := range found.Hits {
		icon, _ := hitIcon(r, h)
		all = append(all, option{icon: icon, label: search.Text(h.Title), note: strings.Join(hitPath(r, h), " / "), href: h.Location(), mark: text})
	}
	return all, err
}

// words are the tails of s that begin with a word, in lower case, so that a text
// of several words can begin one too.
func words(s string) []string {
	s = strings.ToLower(s)
	var all []string
	before := ' '
	for i, r := range s {
		if inWord(r) && !inWord(before) {
			all = append(all, s[i:])
		}
		before = r
	}
	return all
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// paletteGoes are the pages of the sidebar.
func (s *Site) paletteGoes(r request) []option {
	var all []option
	for _, g := range s.nav(r.self.path, truth{}, 0, 0) {
		for _, item := range g.Items {
			all = append(all, option{icon: item.Icon, label: item.Label, href: item.Href})
		}
	}
	return append(all, option{icon: "star", label: "Starred", note: "What this browser keeps", href: starredList().String()})
}

// paletteDoes are the actions, those with the entity at hand first.
func (s *Site) paletteDoes(r request, here *entities.Entry) []option {
	var all []option
	if here != nil {
		name, ref := here.Entity.Title(), here.Entity.Ref()
		star := option{icon: "star", label: "Star " + name, press: [2]string{"star", here.Ref}}
		if slices.Contains(r.starred, here.Ref) {
			star = option{icon: "star-on", label: "Remove the star of " + name, press: [2]string{"unstar", here.Ref}}
		}
		all = append(all, star,
			option{icon: "audit", label: "What happened to " + name, note: "Audit", href: link{auditPath, url.Values{fieldEntity: {here.Ref}}}.String()},
			option{icon: "branch", label: "What is around " + name, note: "Dependencies", href: entityLink(ref) + "/graph"},
		)
	}
	if s.Locations != nil {
		all = append(all, option{icon: "link", label: "Register a location", href: registerPath})
	}
	return append(all,
		option{icon: "copy", label: "Copy the address of this page", copies: true},
		option{icon: "theme", label: "Light", note: "Look of the portal", press: [2]string{"theme", "light"}},
		option{icon: "theme", label: "Dark", note: "Look of the portal", press: [2]string{"theme", "dark"}},
		option{icon: "theme", label: "Light or dark as the system", note: "Look of the portal", press: [2]string{"theme", ""}},
	)
}

// matching are the options with a word that begins with a text.
func matching(all []option, text string) []option {
	var some []option
	for _, o := range all {
		begins := func(w string) bool { return strings.HasPrefix(w, strings.ToLower(text)) }
		if text == "" || slices.ContainsFunc(words(o.label), begins) || slices.ContainsFunc(words(o.note), begins) {
			o.mark = text
			some = append(some, o)
		}
	}
	return some
}

// marked cuts the label around the first place that holds what is to be marked.
func (o option) marked() (before, mark, after string) {
	label := ui.Shorten(o.label, 80)
	i := -1
	if o.mark != "" && len(strings.ToLower(label)) == len(label) {
		i = strings.Index(strings.ToLower(label), strings.ToLower(o.mark))
	}
	if i < 0 || i+len(o.mark) > len(label) {
		return label, "", ""
	}
	return label[:i], label[i : i+len(o.mark)], label[i+len(o.mark):]
}
