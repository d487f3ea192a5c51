package techdocs

import "strings"

// Redirect returns where the page that was at a URL or a path is now, by the plugin
// redirects; ok is false if mkdocs.yml says nothing of it.
func (s *Site) Redirect(url string) (t Target, ok bool) {
	wanted := PageName(url)
	for from, to := range s.Moved {
		if PageName(from) != wanted {
			continue
		}
		if strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") {
			return Target{Kind: Elsewhere, URL: to}, true
		}
		to, fragment, _ := strings.Cut(to, "#")
		if page := s.At(strings.TrimSuffix(to, ".md")); page != nil {
			return Target{Kind: ToPage, Path: page.Path, Fragment: fragment}, true
		}
	}
	return Target{}, false
}

// PageName is a page as a path or a URL has it: "guide/start" of guide/start.md,
// guide/start/, guide/start/index.html and guide/start.html.
func PageName(page string) string {
	page = strings.Trim(page, "/")
	for _, ending := range []string{".md", ".html"} {
		page = strings.TrimSuffix(page, ending)
	}
	return strings.Trim(strings.TrimSuffix(strings.TrimSuffix("/"+page, "/index"), "/README"), "/")
}
