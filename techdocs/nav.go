package techdocs

import (
	"cmp"
	"net/url"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/callboard/callboard/techdocs/markdown"
)

// NavItem is an entry of a navigation: a page, a section with entries of its own, a
// file, or a link to elsewhere.
type NavItem struct {
	Title string
	Path  string // of a page, in the site
	File  string // of a file that is no page, in the site
	URL   string // of what is elsewhere
	Items []NavItem
}

const (
	maxDepth = 20
	maxNav   = 50_000 // entries
)

// navigate makes the navigation, gives pages their titles and puts them in order.
func (s *Site) navigate(mounts []mount) {
	n := navigator{site: s, titles: map[string]string{}}
	explicit := mounts[0].nav != nil && mounts[0].nav.Kind == yaml.SequenceNode
	switch nav := mounts[0].nav; {
	case explicit:
		s.Nav = n.items(&mounts[0], nav, 0)
	default:
		if nav != nil && nav.Tag != "!!null" {
			s.problem(mounts[0].File, nav.Line, CodeNav, "nav must be a list, such as - Home: index.md")
		}
		s.Nav = n.folder(&mounts[0], s.layout.order)
	}
	for _, p := range n.order {
		s.pages[p].InNav = true
		s.Pages = append(s.Pages, s.pages[p])
	}
	for i, p := range s.Pages {
		if i > 0 {
			p.Prev = s.Pages[i-1].Path
		}
		if i+1 < len(s.Pages) {
			p.Next = s.Pages[i+1].Path
		}
	}
	for _, name := range s.layout.order {
		p := s.pages[name]
		p.Title = cmp.Or(n.titles[name], p.Content.Meta.Title, p.Content.Title, n.named(name))
		if !p.InNav {
			m := s.layout.pages[name].mount
			p.Orphan = explicit && !matches(m.notInNav, strings.TrimPrefix(name, m.prefix))
			s.Pages = append(s.Pages, p)
		}
	}
	s.title(s.Nav)
	s.redirects(mounts[0])
}

type navigator struct {
	site   *Site
	titles map[string]string // by path, of pages that the navigation names
	order  []string
	count  int
}

// items reads a list of entries.
func (n *navigator) items(m *mount, list *yaml.Node, depth int) []NavItem {
	var all []NavItem
	for _, e := range list.Content {
		if n.count++; n.count > maxNav || depth > maxDepth {
			n.site.problem(m.File, e.Line, CodeNav, "the navigation has more than %d entries, or more than %d levels: what comes here is left out", maxNav, maxDepth)
			return all
		}
		switch e.Kind {
		case yaml.ScalarNode:
			all = append(all, n.leaf(m, "", e)...)
		case yaml.MappingNode:
			for title, v := range pairs(e) {
				switch v.Kind {
				case yaml.SequenceNode:
					all = append(all, NavItem{Title: title.Value, Items: n.items(m, v, depth+1)})
				case yaml.ScalarNode:
					all = append(all, n.leaf(m, title.Value, v)...)
				default:
					n.site.problem(m.File, v.Line, CodeNav, "%s must be a file or a list of entries", title.Value)
				}
			}
		default:
			n.site.problem(m.File, e.Line, CodeNav, "an entry must be a file, or a title with a file or a list")
		}
	}
	return all
}

// leaf reads an entry that is no list.
func (n *navigator) leaf(m *mount, title string, v *yaml.Node) []NavItem {
	if isInclude(v) {
		return n.included(title, v)
	}
	target := strings.TrimSpace(v.Value)
	if u, err := url.Parse(target); err == nil && (u.Scheme != "" || u.Host != "") {
		if u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" && u.Scheme != "" {
			n.site.problem(m.File, v.Line, CodeNav, "%s is left out: a link must begin with https:, http: or mailto:", target)
			return nil
		}
		return []NavItem{{Title: cmp.Or(title, target), URL: target}}
	}
	name := path.Clean("/" + strings.ReplaceAll(target, `\`, "/"))[1:]
	site := m.prefix + name
	if _, ok := n.site.layout.pages[site]; !ok && isIndex(name) {
		other := path.Join(path.Dir(site), "index.md")
		if _, ok := n.site.layout.pages[other]; ok {
			site = other
		}
	}
	if _, ok := n.site.layout.pages[site]; ok {
		return []NavItem{n.page(title, site)}
	}
	if _, ok := n.site.layout.files[site]; ok {
		return []NavItem{{Title: cmp.Or(title, path.Base(name)), File: site}}
	}
	n.site.problem(m.File, v.Line, CodeNav, "%s is not in %s/%s", target, m.docs(), n.site.layout.meant(site))
	return nil
}

func (n *navigator) page(title, site string) NavItem {
	if _, ok := n.titles[site]; !ok {
		n.titles[site] = title
		n.order = append(n.order, site)
	}
	return NavItem{Title: title, Path: site}
}

// included is the navigation of sites that an entry includes.
func (n *navigator) included(title string, v *yaml.Node) []NavItem {
	name := path.Clean(strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(v.Value, "!include "), "*include ")))
	var all []NavItem
	for i := range n.site.layout.mounts {
		m := &n.site.layout.mounts[i]
		if i == 0 || m.File != name {
			if ok, _ := path.Match(name, m.File); !ok || i == 0 || !strings.HasPrefix(v.Value, "*include ") {
				continue
			}
		}
		var items []NavItem
		if m.nav != nil && m.nav.Kind == yaml.SequenceNode {
			items = n.items(m, m.nav, 1)
		} else {
			var own []string
			for _, p := range n.site.layout.order {
				if strings.HasPrefix(p, m.prefix) {
					own = append(own, p)
				}
			}
			items = n.folder(m, own)
		}
		all = append(all, NavItem{Title: m.Name, Items: items})
	}
	if title != "" && !strings.HasPrefix(v.Value, "*include ") {
		for i := range all {
			all[i].Title = title
		}
		return all
	}
	if title != "" {
		return []NavItem{{Title: title, Items: all}}
	}
	return all
}

// folder makes a navigation of paths in order: a section for each folder.
func (n *navigator) folder(m *mount, paths []string) []NavItem {
	var root NavItem
	for _, p := range paths {
		at := &root
		dir := path.Dir(strings.TrimPrefix(p, m.prefix))
		for part := range strings.SplitSeq(dir, "/") {
			if part == "." {
				break
			}
			at = section(at, nameTitle(part))
		}
		at.Items = append(at.Items, n.page("", p))
	}
	return root.Items
}

// section returns the last entry if it is a section of that title, and adds one
// otherwise: paths come folder by folder.
func section(at *NavItem, title string) *NavItem {
	if k := len(at.Items); k == 0 || at.Items[k-1].Path != "" || at.Items[k-1].Title != title {
		at.Items = append(at.Items, NavItem{Title: title})
	}
	return &at.Items[len(at.Items)-1]
}

func (n *navigator) named(name string) string {
	if isIndex(name) {
		if dir := path.Dir(name); dir != "." {
			return nameTitle(path.Base(dir))
		}
		return "Home"
	}
	return nameTitle(strings.TrimSuffix(path.Base(name), path.Ext(name)))
}

// title fills in the titles that pages have of their own.
func (s *Site) title(items []NavItem) {
	for i := range items {
		if items[i].Path != "" && items[i].Title == "" {
			items[i].Title = s.pages[items[i].Path].Title
		}
		s.title(items[i].Items)
	}
}

// namesIndex reports whether a nav names the first page.
func namesIndex(nav *yaml.Node) bool {
	for _, c := range nav.Content {
		if c.Kind == yaml.ScalarNode && (c.Value == "index.md" || c.Value == "README.md" || c.Value == "./index.md") || namesIndex(c) {
			return true
		}
	}
	return false
}

// redirects reads the pages that moved, as the plugin redirects has them.
func (s *Site) redirects(m mount) {
	for from, to := range pairs(m.moved) {
		if s.Moved == nil {
			s.Moved = map[string]string{}
		}
		target := s.target(&Page{Path: "index.md", Source: File{Path: path.Join(m.docs(), "index.md")}}, markdown.Link{Target: to.Value})
		switch {
		case target.Kind == ToPage:
			s.Moved[path.Clean(from.Value)] = to.Value
		case target.Kind == Elsewhere && strings.HasPrefix(target.URL, "http"):
			s.Moved[path.Clean(from.Value)] = target.URL
		default:
			s.problem(m.File, to.Line, CodeNav, "%s redirects to %s, which is not there: name a page or a URL", from.Value, to.Value)
		}
	}
}
