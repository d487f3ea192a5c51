// Package mkdocs has a site in the form in which MkDocs builds it with techdocs-core:
// pages as the theme Material lays them out, and the index of its search. Backstage's
// reader takes pages apart by these elements and classes, and its search reads the index.
// Start with [Build.File].
package mkdocs

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/callboard/callboard/techdocs"
)

// Names of files that are made besides pages.
const (
	index       = "index.html"
	SearchIndex = "search/search_index.json"
)

// Build is a site that was built.
type Build struct {
	Site *techdocs.Site
	// Edit and View return the address of a file at the forge, in its editor and to look
	// at; "" if it has none. The path is from the folder of mkdocs.yml.
	Edit, View func(path string) string
}

// Names returns the paths of all files, those of the repository such as images included.
func (b Build) Names() []string {
	all := []string{SearchIndex}
	for _, p := range b.Site.Pages {
		all = append(all, fileName(p.URL))
	}
	for name := range b.Site.Files {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// File returns a file that is made, or nil if none of this name is. Those of the
// repository are not: they are in the site's Files.
func (b Build) File(name string) ([]byte, error) {
	if name == SearchIndex {
		return b.searchIndex()
	}
	if !strings.HasSuffix(name, ".html") {
		return nil, nil
	}
	url := strings.TrimSuffix(name, index)
	if p := b.Site.At(url); p != nil && fileName(p.URL) == name {
		return b.page(p)
	}
	if to, ok := b.Site.Redirect(name); ok {
		return redirect(b.Site.Href(root(url), to))
	}
	if home := b.Site.Home(); name == index && home != nil { // MkDocs has no first page then
		return redirect(b.Site.Href(root(url), techdocs.Target{Kind: techdocs.ToPage, Path: home.Path}))
	}
	return nil, nil
}

// fileName is the file of a page with a URL.
func fileName(url string) string {
	if url == "" || strings.HasSuffix(url, "/") {
		return url + index
	}
	return url
}

// root leads from a page with a URL to where the site begins.
func root(url string) string {
	if n := strings.Count(url, "/"); n > 0 {
		return strings.Repeat("../", n)
	}
	return "./"
}

// entry is a page or a section of one, in the index of the search. Its texts are HTML
// without elements: <, > and & are escaped.
type entry struct {
	Location string `json:"location"`
	Title    string `json:"title"`
	Text     string `json:"text"`
}

// searchIndex is what MkDocs' plugin search writes: each page with all its text, then its
// sections.
func (b Build) searchIndex() ([]byte, error) {
	var all struct {
		Config struct {
			Lang      []string `json:"lang"`
			Separator string   `json:"separator"`
		} `json:"config"`
		Docs []entry `json:"docs"`
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	all.Config.Lang, all.Config.Separator, all.Docs = []string{"en"}, `[\s\-]+`, []entry{}
	for _, p := range b.Site.Pages {
		if p.Content.Meta.Unsearched {
			continue
		}
		whole := entry{Location: p.URL, Title: escape.Replace(p.Title)}
		var sections []entry
		for _, s := range p.Content.Sections {
			title, text := escape.Replace(s.Title), escape.Replace(s.Text)
			whole.Text = strings.TrimSpace(whole.Text + "\n" + strings.TrimSpace(title+"\n"+text))
			if s.ID != "" {
				sections = append(sections, entry{p.URL + "#" + s.ID, title, text})
			}
		}
		all.Docs = append(append(all.Docs, whole), sections...)
	}
	return json.Marshal(all)
}
