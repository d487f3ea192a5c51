// Package techdocs makes a site of pages of a repository's mkdocs.yml and Markdown,
// as Backstage's TechDocs does with MkDocs, but in process and within milliseconds.
// It is pure: files come from a [Tree], which may be a commit, and nothing is
// written. Start with [Read].
//
// config.go reads mkdocs.yml, layout.go finds what belongs to the site, nav.go
// makes the navigation, content.go renders pages through a [Cache], and links.go
// finds where links lead. How Markdown becomes HTML is in techdocs/markdown.
package techdocs

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/callboard/callboard/techdocs/markdown"
)

// The limits of a site.
const (
	MaxPages = 20_000
	MaxHTML  = 256 << 20 // bytes of HTML and links of all pages
	maxFiles = 200_000
	maxFound = 1000 // problems of a site
)

// Tree is the files that a site is read from: those below the folder that holds
// mkdocs.yml, at one commit.
type Tree struct {
	Files []File
	// Read returns a file of Files. It is asked for what has to be rendered anew only.
	Read func(ctx context.Context, path string) ([]byte, error)
}

// File is a file of a tree.
type File struct {
	Path string // from the folder of mkdocs.yml, with slashes: "docs/index.md"
	Blob string // names the content, as Git's blob ids do
}

// Options are what a tree does not say.
type Options struct {
	// Name is the site's if mkdocs.yml has none: the title of the entity.
	Name string
	// Cache keeps pages that were rendered; nil keeps none.
	Cache Cache
}

// Problem is something that the authors of a site should know, with file and line.
type Problem = markdown.Problem

// Codes of problems.
const (
	CodeLimit       = markdown.CodeLimit
	CodeSnippet     = markdown.CodeSnippet
	CodeFrontMatter = markdown.CodeFrontMatter
	CodeUnsafe      = markdown.CodeUnsafe

	CodeConfig = "config" // mkdocs.yml has something that cannot be followed
	CodeNote   = "note"   // mkdocs.yml has something that does nothing here
	CodeNav    = "nav"    // the navigation names what is not there
	CodeLink   = "link"   // a link leads nowhere
	CodeImage  = "image"  // an image is not there
	CodeAnchor = "anchor" // a page has no such heading
	CodeSite   = "site"   // there is nothing to show, or too much
)

// Site is a repository's documentation.
type Site struct {
	Config  Config
	Nav     []NavItem
	Pages   []*Page           // in the order of Nav, then the others by path
	Files   map[string]File   // what is no page, by its path in the site: images and the like
	Moved   map[string]string // old page → new page or URL, by the plugin redirects
	Failure *Problem          // why there is no site; then Pages is empty
	// Problems are those of the site and of its pages, in the order of pages.
	Problems []Problem

	layout *layout
	pages  map[string]*Page
}

// Page is a page in its site.
type Page struct {
	Path       string // in the site: "guide/start.md"
	URL        string // below the site's: "guide/start/"; "" for the first page
	Source     File
	Title      string // by the navigation, the front matter, the first heading or the name
	Prev, Next string // paths of the pages before and after, as the navigation has them
	InNav      bool
	Orphan     bool // in no navigation, though there is one and not_in_nav does not say so
	Content    *Content
	Targets    []Target // where Content.Links lead, in their order

	anchors map[string]bool
}

func (p *Page) hasAnchor(id string) bool {
	if p.anchors == nil {
		p.anchors = make(map[string]bool, len(p.Content.Anchors))
		for _, a := range p.Content.Anchors {
			p.anchors[a] = true
		}
	}
	return p.anchors[id]
}

// Page returns the page at a path, or nil.
func (s *Site) Page(path string) *Page { return s.pages[path] }

// At returns the page with the URL, with or without a slash or /index.html at its
// end, or nil.
func (s *Site) At(url string) *Page {
	url = strings.TrimSuffix(strings.TrimSuffix(strings.Trim(url, "/"), "index.html"), "/")
	for _, candidate := range []string{url + ".md", url + "/index.md", url + "/README.md", strings.TrimSuffix(url, ".html") + ".md", url} {
		if p := s.pages[strings.TrimPrefix(candidate, "/")]; p != nil {
			return p
		}
	}
	for _, p := range s.Pages { // other endings than .md
		if strings.Trim(p.URL, "/") == url {
			return p
		}
	}
	return nil
}

// Home returns the page to begin with: index.md, or the first of the navigation.
func (s *Site) Home() *Page {
	if p := s.At(""); p != nil {
		return p
	}
	if len(s.Pages) > 0 {
		return s.Pages[0]
	}
	return nil
}

// HTML returns the body of a page, safe to show, with the URL that url gives for
// each target.
func (p *Page) HTML(url func(Target) string) string {
	return p.Content.HTML(func(i int, _ markdown.Link) string { return url(p.Targets[i]) })
}

// Read reads a site. Whatever is wrong with the documentation is among the site's
// problems; an error says that files could not be read, and nothing about the site.
func Read(ctx context.Context, t Tree, o Options) (*Site, error) {
	s := &Site{Files: map[string]File{}, pages: map[string]*Page{}}
	if len(t.Files) > maxFiles {
		return s.fail(Problem{File: ".", Line: 1, Code: CodeSite, Message: fmt.Sprintf("the repository has more than %d files", maxFiles)}), nil
	}
	tree := files{Tree: t, byPath: make(map[string]File, len(t.Files)), folders: map[string]bool{}}
	for _, f := range t.Files {
		if f.Path == path.Clean(f.Path) && !path.IsAbs(f.Path) && !strings.HasPrefix(f.Path, "../") {
			tree.byPath[f.Path] = f
			for dir := path.Dir(f.Path); !tree.folders[dir]; dir = path.Dir(dir) {
				tree.folders[dir] = true
			}
		}
	}
	mounts, err := s.readConfigs(ctx, tree, o)
	if err != nil || s.Failure != nil {
		return s, err
	}
	s.layout = newLayout(tree, mounts)
	s.Files = s.layout.files
	if len(s.layout.pages) == 0 {
		return s.fail(Problem{File: s.Config.file(), Line: 1, Code: CodeSite,
			Message: fmt.Sprintf("there is no page: put a file index.md into %s/, or a README.md beside it", s.Config.Docs)}), nil
	}
	if n := len(s.layout.pages); n > MaxPages {
		return s.fail(Problem{File: s.Config.file(), Line: 1, Code: CodeSite, Message: fmt.Sprintf("the site has %d pages, and may have %d", n, MaxPages)}), nil
	}
	if err := s.render(ctx, tree, o.Cache); err != nil || s.Failure != nil {
		return s, err
	}
	s.navigate(mounts)
	s.link()
	return s, nil
}

func (s *Site) fail(p Problem) *Site {
	s.Failure, s.Pages, s.Nav = &p, nil, nil
	s.Problems = append(s.Problems, p)
	return s
}

func (s *Site) problem(file string, line int, code, format string, args ...any) {
	if len(s.Problems) < maxFound {
		s.Problems = append(s.Problems, Problem{File: file, Line: line, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// files is a tree by path.
type files struct {
	Tree
	byPath  map[string]File
	folders map[string]bool // that have files, or folders with files
}

func (f files) has(path string) bool { _, ok := f.byPath[path]; return ok }
