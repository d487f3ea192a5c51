package techdocs

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/callboard/callboard/techdocs/markdown"
)

// Kind is what a link leads to.
type Kind string

// The kinds of targets.
const (
	ToPage    Kind = "page"      // Path is a page of the site
	ToFile    Kind = "file"      // Path is a file of the site
	ToSource  Kind = "source"    // Path is a file of the repository that is not in the site, or a folder
	Elsewhere Kind = "elsewhere" // URL is as written
	Nowhere   Kind = "nowhere"   // Path is the page or file that would have to be there; "" if it would be outside
)

// Target is where a link leads.
type Target struct {
	Kind     Kind
	Path     string
	Query    string // as written, without the question mark
	Fragment string // as written, without the hash
	URL      string
	Image    bool
}

// Href returns the URL of a target for a site that is shown below base, which ends
// in a slash. What is nowhere keeps its place below base, where a reader can say what
// became of it. It is "" for what the site does not show: a file of the repository,
// and what is outside of that.
func (s *Site) Href(base string, t Target) string {
	at := ""
	switch t.Kind {
	case Elsewhere:
		return t.URL
	case ToPage:
		at = s.pages[t.Path].URL
	case ToFile, Nowhere:
		at = t.Path
	}
	if t.Kind == ToSource || t.Kind == Nowhere && at == "" {
		return ""
	}
	href := base + (&url.URL{Path: at}).EscapedPath()
	if t.Query != "" {
		href += "?" + t.Query
	}
	if t.Fragment != "" {
		href += "#" + t.Fragment
	}
	return href
}

// link finds where the links of all pages lead, and what is wrong with them.
func (s *Site) link() {
	for _, p := range s.Pages {
		s.Problems = append(s.Problems, p.Content.Problems[:min(len(p.Content.Problems), max(maxFound-len(s.Problems), 0))]...)
		p.Targets = make([]Target, len(p.Content.Links))
		for i, l := range p.Content.Links {
			t := s.target(p, l)
			p.Targets[i] = t
			s.check(l, t)
		}
	}
}

// check says what is wrong with a link.
func (s *Site) check(l markdown.Link, t Target) {
	if len(s.Problems) == maxFound {
		return
	}
	code := CodeLink
	if l.Image {
		code = CodeImage
	}
	switch {
	case t.Kind == Nowhere && t.Path == "":
		s.problem(l.File, l.Line, code, "%s is outside of the docs folder: move what it means into the folder, or link to its page at the forge", l.Target)
	case t.Kind == Nowhere:
		s.problem(l.File, l.Line, code, "%s is not there%s", l.Target, s.layout.meant(t.Path))
	case t.Kind == ToSource && l.Image:
		s.problem(l.File, l.Line, code, "%s is outside of the docs folder, and images are shown from there only: move it", l.Target)
	case t.Kind == ToPage && t.Fragment != "":
		to := s.pages[t.Path]
		id, err := url.PathUnescape(t.Fragment)
		if err != nil {
			id = t.Fragment
		}
		if to.Content.Refused || to.hasAnchor(id) || strings.HasPrefix(id, ":~:") || id == "top" {
			return
		}
		s.problem(l.File, l.Line, CodeAnchor, "%s has no heading with the id %s%s", to.Source.Path, id, nearest(id, to.Content.Anchors))
	}
}

// nearest says which id was meant, if one is much like it, and else what to do.
func nearest(id string, ids []string) string {
	const otherwise = ": link to one that it has"
	if len(ids) > maxFound {
		return otherwise
	}
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(s))
	}
	for _, other := range ids {
		if plain(other) == plain(id) {
			return ": did you mean " + other + "?"
		}
	}
	return otherwise
}

// target finds where a link of a page leads. It never leaves the tree.
func (s *Site) target(p *Page, l markdown.Link) Target {
	raw := l.Target
	if raw == "" || raw[0] == '#' {
		return Target{Kind: ToPage, Path: p.Path, Fragment: strings.TrimPrefix(raw, "#"), Image: l.Image}
	}
	if scheme(raw) || strings.HasPrefix(raw, "//") {
		return Target{Kind: Elsewhere, URL: raw, Image: l.Image}
	}
	rest, fragment, _ := strings.Cut(raw, "#")
	rest, query, _ := strings.Cut(rest, "?")
	name, err := url.PathUnescape(rest)
	if err != nil {
		name = rest
	}
	name = strings.ReplaceAll(name, `\`, "/")
	t := Target{Query: query, Fragment: fragment, Image: l.Image}
	if strings.HasPrefix(name, "/") {
		if kind, found := s.layout.find(path.Clean(name)[1:]); kind != "" {
			t.Kind, t.Path = kind, found
			return t
		}
		if l.Image {
			t.Kind, t.Path = Nowhere, path.Clean(name)[1:]
			return t
		}
		return Target{Kind: Elsewhere, URL: raw} // a page of the portal
	}
	// MkDocs takes a path in Markdown to be relative to the file, and leaves one in
	// HTML to the browser, for which it is relative to the page's URL.
	bases := []string{path.Dir(p.Path), p.URL}
	if l.Raw {
		slices.Reverse(bases)
	}
	wanted := ""
	for i, base := range bases {
		at := path.Join(base, name)
		if at == ".." || strings.HasPrefix(at, "../") {
			continue
		}
		if kind, found := s.layout.find(at); kind != "" {
			t.Kind, t.Path = kind, found
			return t
		}
		if i == 0 {
			wanted = at
		}
	}
	if at := path.Join(path.Dir(p.Source.Path), name); at != ".." && !strings.HasPrefix(at, "../") {
		if site, ok := s.layout.sites[at]; ok { // from a README outside of the docs folder
			t.Kind, t.Path = ToFile, site
			if s.layout.pages[site].mount != nil {
				t.Kind = ToPage
			}
			return t
		}
		if f, ok := s.layout.tree.byPath[at]; ok && l.Image && isImage(at) && s.layout.outside(p) && s.Files[at] == (File{}) {
			s.Files[at] = f // the images that a README outside of the docs folder shows
			t.Kind, t.Path = ToFile, at
			return t
		}
		if s.layout.inTree(at) {
			t.Kind, t.Path = ToSource, at
			return t
		}
	}
	t.Kind, t.Path = Nowhere, wanted
	return t
}

// scheme reports whether a URL has one; "a:b" in a file's name is written "./a:b".
func scheme(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			return i > 0
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return false
}

// find finds a page or a file of the site by its path, or by the URL of a page.
func (l *layout) find(at string) (Kind, string) {
	if at == "." {
		at = ""
	}
	if _, ok := l.pages[at]; ok {
		return ToPage, at
	}
	if _, ok := l.files[at]; ok {
		return ToFile, at
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(at, ".html"), "/")
	for _, p := range []string{path.Join(at, "index.md"), path.Join(at, "README.md"), stem + ".md", path.Join(strings.TrimSuffix(at, "index.html"), "index.md")} {
		if _, ok := l.pages[p]; ok {
			return ToPage, p
		}
	}
	if isIndex(at) { // README.md beside index.md, and the other way round
		for _, name := range []string{"index.md", "README.md"} {
			if p := path.Join(path.Dir(at), name); l.pages[p].mount != nil {
				return ToPage, p
			}
		}
	}
	return "", ""
}

// inTree reports whether the repository has a file, or a folder with files.
func (l *layout) inTree(at string) bool {
	return l.tree.has(at) || l.tree.folders[at]
}

// meant says which path was meant, if one differs in the case of letters only, or
// one file alone has the name, and else what to do.
func (l *layout) meant(site string) string {
	if other, ok := l.lower[strings.ToLower(site)]; ok {
		return ": did you mean " + other + "? Letters count as they are"
	}
	if named := l.names[path.Base(site)]; len(named) == 1 && !isIndex(site) {
		return ": did you mean " + named[0] + "?"
	}
	return ": add the file, or mend the path"
}
