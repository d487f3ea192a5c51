package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/ui"
)

// What a browser keeps, for as long as nobody signs in: refs in a cookie.
const (
	starPath     = "/starred"
	starCookie   = "callboard_starred" // sorted
	recentCookie = "callboard_recent"  // newest first

	maxRecent = 8
	// maxKept is the bytes of refs in a cookie; browsers take 4096 with its name.
	maxKept   = 3800
	refsJoint = "|" // no ref has one, and a cookie takes it as it is
)

// shownStars is how many the sidebar has.
const shownStars = 7

func keptRefs(r *http.Request, cookie string) []string {
	c, err := r.Cookie(cookie)
	if err != nil || c.Value == "" {
		return nil
	}
	return strings.Split(c.Value, refsJoint)
}

func keepRefs(cookie string, refs []string) *http.Cookie {
	c := &http.Cookie{Name: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600}
	if c.Value = strings.Join(refs, refsJoint); c.Value == "" {
		c.MaxAge = -1
	}
	return c
}

// star handles "POST /starred": star and unstar are refs.
func (s *Site) star(_ context.Context, b browser, form url.Values) (string, error) {
	stars := b.starred
	if ref := form.Get("unstar"); ref != "" {
		stars = slices.DeleteFunc(slices.Clone(stars), func(other string) bool { return other == ref })
	}
	if ref := form.Get("star"); ref != "" {
		if _, ok := s.Catalog().Get(ref); !ok {
			return "", fault.New(fault.NotFound, "%s is not in the catalog, so it cannot be starred", ui.Shorten(ref, 100))
		}
		stars = slices.Concat(stars, []string{ref})
		slices.Sort(stars)
		stars = slices.Compact(stars)
		if len(strings.Join(stars, refsJoint)) > maxKept {
			return "", fault.New(fault.Conflict, "%s are starred, which is all that this browser keeps; remove a star first", ui.Plural(len(b.starred), "entity", "entities"))
		}
	}
	b.keep(keepRefs(starCookie, stars))
	return parseLocal(backOr(form, catalogPath)).String(), nil
}

// visited are the recent refs after one more.
func visited(recent []string, ref string) []string {
	rest := slices.DeleteFunc(slices.Clone(recent), func(other string) bool { return other == ref })
	all := append([]string{ref}, rest...)
	return all[:min(len(all), maxRecent)]
}

// starButton stars an entity or takes its star away.
func (r request) starButton(ref, title string) ui.Star {
	return ui.Star{Ref: ref, Name: title, On: slices.Contains(r.starred, ref)}
}

// starredLinks are the starred entities by name, without those that are gone.
func (r request) starredLinks() []ui.EntityLink {
	all := r.links(r.starred)
	slices.SortStableFunc(all, func(a, b ui.EntityLink) int {
		return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label))
	})
	return all
}

// links leads to the entities with these refs that are there.
func (r request) links(refs []string) []ui.EntityLink {
	var all []ui.EntityLink
	for _, ref := range refs {
		if _, err := catalog.ParseRef(ref, catalog.Ref{}); err != nil {
			continue
		}
		if l := named(r.catalog, ref); l.Href != "" {
			all = append(all, l)
		}
	}
	return all
}

// starredNav is the sidebar's list of them.
func (r request) starredNav() ui.NavGroup {
	g := ui.NavGroup{Title: "Starred", Part: "starred"}
	links := r.starredLinks()
	for _, l := range links[:min(len(links), shownStars)] {
		g.Items = append(g.Items, ui.NavItem{Label: l.Label, Icon: l.Icon, Href: l.Href, Current: r.self.path == l.Href || strings.HasPrefix(r.self.path, l.Href+"/")})
	}
	if len(links) > shownStars {
		g.Items = append(g.Items, ui.NavItem{
			Label: "All " + ui.Number(len(links)), Icon: "star", Href: starredList().String(),
			Current: r.self.path == catalogPath && r.self.query.Get(fieldStarred) != "",
		})
	}
	return g
}

func starredList() link { return link{catalogPath, url.Values{fieldStarred: {"1"}}} }
