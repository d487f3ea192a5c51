package search

import (
	"path"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/techdocs"
)

// pageDocuments are what the pages of a site are found by. A page whose front matter says
// search: {exclude: true} is not found.
func pageDocuments(d event.DocsPublished, site *techdocs.Site, owner string) (all []document) {
	for _, p := range site.Pages {
		if p.Content.Meta.Unsearched {
			continue
		}
		one := newPage(d, p.Path, p.Title, owner)
		one.says.URL = p.URL
		about := append([]string{one.about}, p.Content.Meta.Tags...)
		var body strings.Builder
		if text := p.Content.Meta.Description; text != "" {
			body.WriteString(plain(text) + "\n")
		}
		for _, s := range p.Content.Sections {
			if s.ID != "" {
				about = append(about, s.Title)
				one.says.Sections = append(one.says.Sections, Section{At: body.Len(), ID: s.ID, Title: s.Title})
			}
			for _, text := range []string{s.Title, s.Text} {
				if text != "" && text != p.Title { // that stands above already
					body.WriteString(plain(text) + "\n")
				}
			}
		}
		one.about, one.body = plain(strings.Join(about, " ")), body.String()
		all = append(all, one)
	}
	return all
}

// namedPages are those of which nothing is known but their names.
func namedPages(d event.DocsPublished, owner string) (all []document) {
	for _, p := range d.Pages {
		one := newPage(d, p.Path, p.Title, owner)
		one.says.URL = strings.TrimSuffix(p.Path, path.Ext(p.Path)) + "/"
		all = append(all, one)
	}
	return all
}

func newPage(d event.DocsPublished, at, title, owner string) document {
	name := strings.TrimSuffix(path.Base(at), path.Ext(at))
	if name == "index" || name == "README" {
		name = path.Base(path.Dir(at))
	}
	if name == "." {
		name = ""
	}
	return document{typ: Pages, ref: d.Entity, owner: owner, place: at, name: plain(name), title: plain(title), about: plain(d.Site), says: Details{Site: d.Site}}
}
