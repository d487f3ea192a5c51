package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/techdocs"
	"github.com/callboard/callboard/web/ui"
)

// docsHealthAt is where a site says how it is; a page that has the address wins.
const docsHealthAt = "-/health"

// docsHealth is how the documentation of an entity is.
type docsHealth struct {
	entity  ui.EntityLink
	owner   ui.Person
	none    bool // nobody owns it
	pages   int
	words   int
	age     string
	changed ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	broken  int
	what    string // "2 links, 1 image"
	orphans []ui.Anchor
	mend    []docsFlaw
	more    int // that are not listed
}

// docsFlaw is something to mend in a site.
type docsFlaw struct {
	docsProblem
	what string
	page ui.Anchor // that it is on; zero for none
}

// docsHealthOf answers with how a site is: the figures that scorecards read, and what they
// are made of.
func docsHealthOf(r request, d docsReader) answer {
	shown := d.state.Shown
	v := docsHealth{
		entity: named(r.catalog, d.entry.Ref), pages: shown.Count, words: shown.Words, broken: shown.Broken,
		age: docsAge(r.now.Sub(shown.Since)), changed: ui.Near(shown.Since, r.now), who: r.person(shown.Actor), commit: commit(shown.Cause),
	}
	if ref := d.entry.Owner(); ref != "" {
		v.owner = owner(r.catalog, ref)
	} else {
		v.none = true
	}
	pages := make(map[string]ui.Anchor, len(d.site.Pages))
	for _, p := range d.site.Pages {
		at := ui.Anchor{Label: p.Title, Href: d.href(p.Path)}
		pages[p.Source.Path] = at
		if p.Orphan {
			v.orphans = append(v.orphans, at)
		}
	}
	broken := map[string]int{}
	for _, p := range d.problems() {
		broken[p.Code]++
		v.mend = append(v.mend, docsFlaw{d.problem(p), docsFlawWord(p.Code), pages[p.File]})
	}
	v.more = max(0, d.published.Wrong-len(v.mend))
	v.what = docsBroken(broken)
	frame := newDocsFrame(r, d, nil)
	frame.crumbs = append(frame.crumbs, ui.Anchor{Label: "Health"})
	return answer{title: "Health · " + d.published.Site, styles: docsStyles(), body: docsHealthPage(frame, v)}
}

func docsAge(d time.Duration) string {
	if days := int(d.Hours() / 24); days > 0 {
		return ui.Plural(days, "day", "days")
	}
	return "Less than a day"
}

// problems are those that authors should mend: of the site, and of files that are too
// large to be in it.
func (d docsReader) problems() (all []techdocs.Problem) {
	for _, p := range d.site.Problems {
		if p.Code != techdocs.CodeNote {
			all = append(all, p)
		}
	}
	for _, p := range d.published.Problems {
		if _, there := d.site.Files[p.File]; p.Code == techdocs.CodeSite && !there {
			all = append(all, techdocs.Problem{File: p.File, Line: p.Line, Code: p.Code, Message: p.Message})
		}
	}
	return all
}

func (d docsReader) problem(p techdocs.Problem) docsProblem {
	return docsProblem{fmt.Sprintf("%s:%d", p.File, p.Line), d.source(d.published.View, p.File), p.Message}
}

// docsBroken says what leads nowhere: "2 links, 1 image".
func docsBroken(count map[string]int) string {
	var all []string
	for _, of := range [][3]string{{techdocs.CodeLink, "link", "links"}, {techdocs.CodeImage, "image", "images"}, {techdocs.CodeAnchor, "link to a heading", "links to headings"}} {
		if n := count[of[0]]; n > 0 {
			all = append(all, ui.Plural(n, of[1], of[2]))
		}
	}
	return strings.Join(all, ", ")
}

func docsFlawWord(code string) string {
	switch code {
	case techdocs.CodeLink:
		return "Link"
	case techdocs.CodeImage:
		return "Image"
	case techdocs.CodeAnchor:
		return "Heading"
	case techdocs.CodeNav:
		return "Navigation"
	case techdocs.CodeConfig:
		return "Configuration"
	case techdocs.CodeSnippet:
		return "Included file"
	case techdocs.CodeFrontMatter:
		return "Front matter"
	case techdocs.CodeUnsafe:
		return "Not shown"
	default:
		return "Size"
	}
}
