package techdocs

import (
	"path"
	"slices"
	"strings"
)

// layout is which file is what in a site.
type layout struct {
	tree   files
	mounts []mount
	files  map[string]File     // that are no pages, by their path in the site
	pages  map[string]source   // by their path in the site
	order  []string            // paths of pages, as a navigation without nav lists them
	sites  map[string]string   // path in the site by path in the tree
	names  map[string][]string // paths in the site by the last part of them
	lower  map[string]string   // paths in the site by themselves in lower case, to say what was meant
}

// source is the file of a page.
type source struct {
	File
	mount *mount
}

func newLayout(t files, mounts []mount) *layout {
	l := &layout{tree: t, mounts: mounts, files: map[string]File{}, pages: map[string]source{}, sites: map[string]string{}, lower: map[string]string{}, names: map[string][]string{}}
	for i := range l.mounts {
		m := &l.mounts[i]
		for _, f := range t.byPath {
			if inner, ok := below(f.Path, m.docs()); ok && !hidden(inner) && !matches(m.exclude, inner) {
				l.add(m.prefix+inner, f, m)
			}
		}
	}
	l.readme()
	for p := range l.pages {
		dir, name := path.Split(p)
		if _, ok := l.pages[dir+"index.md"]; ok && name == "README.md" {
			delete(l.pages, p) // index.md wins
		}
	}
	for p, s := range l.pages {
		l.order = append(l.order, p)
		l.sites[s.Path] = p
		l.lower[strings.ToLower(p)] = p
		l.names[path.Base(p)] = append(l.names[path.Base(p)], p)
	}
	for p, f := range l.files {
		l.sites[f.Path] = p
		l.lower[strings.ToLower(p)] = p
		l.names[path.Base(p)] = append(l.names[path.Base(p)], p)
	}
	slices.SortFunc(l.order, byFolder)
	return l
}

func (l *layout) add(site string, f File, m *mount) {
	if isPage(site) {
		l.pages[site] = source{f, m}
	} else {
		l.files[site] = f
	}
}

// readme makes a README the first page of a site that has none, as TechDocs does
// with legacyCopyReadmeMdToIndexMd.
func (l *layout) readme() {
	root := &l.mounts[0]
	_, index := l.pages["index.md"]
	_, readme := l.pages["README.md"]
	if index || readme || root.nav != nil && !namesIndex(root.nav) {
		return
	}
	for _, name := range []string{path.Join(root.Docs, "readme.md"), "README.md", "readme.md", "Readme.md"} {
		if f, ok := l.tree.byPath[name]; ok {
			if inner, ok := below(name, root.Docs); ok {
				delete(l.pages, inner)
			}
			l.pages["index.md"] = source{f, root}
			return
		}
	}
}

// below returns the path within a folder.
func below(name, folder string) (string, bool) {
	if folder == "." {
		return name, true
	}
	return strings.CutPrefix(name, folder+"/")
}

// hidden reports whether MkDocs leaves a file out: names with a dot at their
// beginning, and the folder templates.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") || strings.HasPrefix(name, "templates/")
}

func isPage(name string) bool {
	switch path.Ext(name) {
	case ".md", ".markdown", ".mdown", ".mkdn", ".mkd":
		return true
	}
	return false
}

func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp":
		return true
	}
	return false
}

// outside reports whether a page was read outside of its docs folder.
func (l *layout) outside(p *Page) bool {
	_, inside := below(p.Source.Path, l.pages[p.Path].mount.docs())
	return !inside
}

func isIndex(name string) bool {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	return base == "index" || base == "README"
}

// byFolder orders paths as MkDocs does: the files of a folder before the folders in
// it, its index first.
func byFolder(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; ; i++ {
		lastX, lastY := i == len(x)-1, i == len(y)-1
		switch {
		case lastX && lastY:
			if isIndex(a) != isIndex(b) {
				if isIndex(a) {
					return -1
				}
				return 1
			}
			return strings.Compare(x[i], y[i])
		case lastX:
			return -1
		case lastY:
			return 1
		case x[i] != y[i]:
			return strings.Compare(x[i], y[i])
		}
	}
}

// pageURL is the URL of a page below the site's.
func pageURL(name string, flat bool) string {
	dir, base := path.Split(name)
	stem := strings.TrimSuffix(base, path.Ext(base))
	switch {
	case isIndex(name):
		return dir
	case flat:
		return dir + stem + ".html"
	}
	return dir + stem + "/"
}

// nameTitle makes a title of a file's or a folder's name.
func nameTitle(name string) string {
	title := strings.NewReplacer("-", " ", "_", " ").Replace(name)
	if strings.ToLower(title) == title && title != "" {
		first := []rune(title)
		title = strings.ToUpper(string(first[0])) + string(first[1:])
	}
	return title
}
