package web

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/web/static"
	"github.com/callboard/callboard/web/ui"
)

// shell returns the frame of a page, which takes the page as its children.
func (s *Site) shell(c echo.Context, r request, a answer) templ.Component {
	t, err := s.truth(c.Request().Context(), r.catalog, r.now)
	if err != nil {
		// A page that is there is better than none; it says that it does not know.
		s.Logger.ErrorContext(c.Request().Context(), "completeness is not known", "error", err)
	}
	ahead := ""
	if r.ahead {
		ahead = r.self.drop(fieldMoment, fieldKnown, fieldAfter).String()
	}
	failing, letters, err := s.troubles(c.Request().Context())
	if err != nil {
		s.Logger.ErrorContext(c.Request().Context(), "how subscribers stand is not known", "error", err)
	}
	return ui.Shell(ui.Frame{
		Title:        a.title,
		Styles:       a.styles,
		Wrong:        a.wrong,
		Again:        int(a.again.Seconds()),
		Organisation: s.Organisation,
		Home:         "/",
		Nav:          append(s.nav(r.self.path, t, failing, letters), r.starredNav()),
		Truth:        t.frame(),
		Find: ui.SearchBox{
			Action: searchPath, Name: fieldText, Label: "Find anything", Placeholder: "Find a service, team, API or page",
		},
		Palette: ui.Palette{Script: static.Element("palette"), Find: palettePath},
		Ahead:   ahead,
		When:    s.when(r),
		Past:    s.past(c.Request().Context(), r, t.last),
		Star:    ui.StarForm{Action: starPath, Back: r.self.String()},
		Bell:    s.bell(c.Request().Context(), r),
		You:     ui.You{Action: youPath, Field: fieldBy, Name: r.name, Back: r.self.String(), MaxLength: event.MaxName},
		Theme:   ui.ThemeChoice{Action: themePath, Chosen: chosenTheme(c.Request()), Back: r.self.String()},
	})
}

// nav is the sidebar. Failing subscribers and dead letters are counted in it, as what
// of the sources waits for a person.
func (s *Site) nav(path string, t truth, failing, letters int) []ui.NavGroup {
	item := func(label, icon, href string) ui.NavItem {
		return ui.NavItem{Label: label, Icon: icon, Href: href, Current: path == href || strings.HasPrefix(path, href+"/")}
	}
	sources := item("Sources", "source", sourcesPath)
	switch {
	case t.failed > 0:
		sources.Count = ui.Number(t.failed) + " failed"
		sources.CountSays = ui.Plural(t.failed, "delivery", "deliveries") + " could not be used"
	case t.held > 0:
		sources.Count = ui.Number(t.held) + " held"
		sources.CountSays = ui.Plural(t.held, "delivery waits", "deliveries wait") + " to be allowed"
	case t.broken > 0:
		sources.Count = ui.Number(t.broken) + " to mend"
		sources.CountSays = ui.Plural(t.broken, "descriptor or location", "descriptors and locations") + " cannot be used, or declared twice"
	}
	subscribed := item("Subscribers", "delivery", subscribersPath)
	switch {
	case failing > 0:
		subscribed.Count, subscribed.CountSays = ui.Number(failing)+" failing", ui.Plural(failing, "subscriber does", "subscribers do")+" not take what is sent"
	case letters > 0:
		subscribed.Count, subscribed.CountSays = ui.Number(letters)+" dead", ui.Plural(letters, "event was", "events were")+" not taken"
	}
	groups := []ui.NavGroup{
		{Items: []ui.NavItem{item("Catalog", "catalog", catalogPath), item("APIs", "api", apisPath)}},
		{Title: "Record", Items: []ui.NavItem{item("Audit", "audit", auditPath), item("Changes", "swap", changesPath), sources, subscribed}},
	}
	if s.Docs != nil {
		groups[0].Items = append(groups[0].Items, item("Docs", "docs", docsPath))
	}
	if s.Scores != nil {
		cards := item("Scorecards", "score", scorecardsPath)
		cards.Current = cards.Current || path == exemptionsPath || strings.HasPrefix(path, exemptionsPath+"/")
		groups = slices.Insert(groups, 1, ui.NavGroup{Title: "Maturity", Items: []ui.NavItem{
			cards, item("Initiatives", "flag", initiativesPath), item("Teams", "team", teamsPath), item("Executive", "eye", executivePath),
		}})
	}
	if s.Demo {
		groups = append(groups, ui.NavGroup{Title: "Settings", Items: []ui.NavItem{item("Interface elements", "columns", componentsPath)}})
	}
	if s.Manual != "" { // one of the docs, which are marked as where one is
		groups = append(groups, ui.NavGroup{Title: "Help", Items: []ui.NavItem{{Label: "Manual", Icon: "question", Href: s.Manual}}})
	}
	return groups
}
