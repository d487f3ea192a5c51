package mkdocs

import (
	"bytes"
	_ "embed"
	"html"
	"html/template"
	"net/url"
	"strconv"

	"github.com/callboard/callboard/techdocs"
)

//go:embed page.html
var pageText string

var pages = template.Must(template.New("").Parse(pageText))

// view is a page as the template draws it.
type view struct {
	Site, Title, Description string
	Home                     string
	Nav                      []item
	Headings                 []heading
	HideNav, HideTOC         bool
	Edit                     string
	Body                     template.HTML
	Prev, Next               item
}

// item is an entry of the navigation.
type item struct {
	Title, Href, ID string
	Level           int
	Active          bool // the page, or in it
	Items           []item
}

// heading is an entry of a page's contents.
type heading struct {
	Text, Href string
	Items      []heading
}

// page draws a page.
func (b Build) page(p *techdocs.Page) ([]byte, error) {
	to := func(t techdocs.Target) string {
		if t.Kind == techdocs.ToSource && !t.Image {
			return b.View(t.Path)
		}
		return b.Site.Href(root(p.URL), t)
	}
	v := view{
		Site: b.Site.Config.Name, Title: p.Title, Description: p.Content.Meta.Description, Home: root(p.URL),
		Headings: headings(p), HideNav: p.Content.Meta.HideNav, HideTOC: p.Content.Meta.HideTOC,
		Edit: b.Edit(p.Source.Path),
		Body: template.HTML(p.HTML(to)), //nolint:gosec // what techdocs/markdown lets through is safe
	}
	if v.Description == "" {
		v.Description = b.Site.Config.Description
	}
	v.Nav, _ = b.items(b.Site.Nav, p, "__nav", 1)
	for path, into := range map[string]*item{p.Prev: &v.Prev, p.Next: &v.Next} {
		if other := b.Site.Page(path); other != nil {
			*into = item{Title: other.Title, Href: to(techdocs.Target{Kind: techdocs.ToPage, Path: path})}
		}
	}
	return draw("page", v)
}

// items are the entries of a navigation on a page, and whether the page is in them.
func (b Build) items(nav []techdocs.NavItem, p *techdocs.Page, id string, level int) (all []item, active bool) {
	for i, n := range nav {
		one := item{Title: n.Title, Href: n.URL, ID: id + "_" + strconv.Itoa(i+1), Level: level}
		switch {
		case len(n.Items) > 0:
			one.Items, one.Active = b.items(n.Items, p, one.ID, level+1)
		case n.Path != "":
			one.Href, one.Active = b.Site.Href(root(p.URL), techdocs.Target{Kind: techdocs.ToPage, Path: n.Path}), n.Path == p.Path
		case n.File != "":
			one.Href = b.Site.Href(root(p.URL), techdocs.Target{Kind: techdocs.ToFile, Path: n.File})
		}
		active = active || one.Active
		all = append(all, one)
	}
	return all, active
}

// headings are the contents of a page: those of the third level below those of the second.
func headings(p *techdocs.Page) (all []heading) {
	for _, h := range p.Content.Headings {
		one := heading{Text: h.Text, Href: "#" + (&url.URL{Path: h.ID}).EscapedPath()}
		switch last := len(all) - 1; {
		case h.Level == 2 || h.Level == 3 && last < 0:
			all = append(all, one)
		case h.Level == 3:
			all[last].Items = append(all[last].Items, one)
		}
	}
	return all
}

// redirect draws a page that leads elsewhere, as the plugin redirects does.
func redirect(to string) ([]byte, error) {
	refresh := template.HTMLAttr(`content="0; url=` + html.EscapeString(to) + `"`) //nolint:gosec // escaped; the template would leave it out
	return draw("redirect", struct {
		To      string
		Refresh template.HTMLAttr
	}{to, refresh})
}

func draw(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}
