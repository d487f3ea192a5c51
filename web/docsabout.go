package web

import (
	"strings"

	"github.com/callboard/callboard/web/ui"
)

// docsAbout answers with a page about a site, if that is what an address within it names.
func docsAbout(r request, d docsReader, rest string) (answer, bool) {
	switch strings.TrimSuffix(rest, "/") {
	case docsDecisionsAt:
		return docsDecisionList(r, d), true
	case docsHealthAt:
		return docsHealthOf(r, d), true
	}
	return answer{}, false
}

// docsAboutLinks lead to the pages about a site; that of decisions only if it has any.
func docsAboutLinks(r request, d docsReader) (all []ui.View) {
	if n := len(d.site.Decisions()); n > 0 {
		at := d.base + docsDecisionsAt
		all = append(all, ui.View{Label: "Decisions", Href: at, Count: ui.Number(n), On: r.self.path == at})
	}
	at, mend := d.base+docsHealthAt, ""
	if d.published.Wrong > 0 {
		mend = ui.Number(d.published.Wrong) + " to mend"
	}
	return append(all, ui.View{Label: "Health", Href: at, Count: mend, On: r.self.path == at})
}
