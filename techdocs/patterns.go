package techdocs

import (
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pattern is a line of exclude_docs or not_in_nav, which are written like .gitignore.
type pattern struct {
	glob   string
	negate bool
}

const maxPatterns = 200

func readPatterns(text string) []pattern {
	var all []pattern
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") || len(all) == maxPatterns {
			continue
		}
		p := pattern{}
		if rest, ok := strings.CutPrefix(l, "!"); ok {
			p.negate, l = true, rest
		}
		folder := strings.HasSuffix(l, "/")
		l = strings.TrimSuffix(l, "/")
		if anchored := strings.Contains(l, "/"); !anchored {
			l = "**/" + l
		}
		p.glob = strings.TrimPrefix(l, "/")
		if folder {
			p.glob += "/**"
		}
		if doublestar.ValidatePattern(p.glob) {
			all = append(all, p)
		}
	}
	return all
}

// matches reports whether the last pattern that fits a path, or a folder above it,
// is not a negation.
func matches(all []pattern, name string) bool {
	found := false
	for _, p := range all {
		for at := name; at != "." && at != "/"; at = path.Dir(at) {
			if ok, _ := doublestar.Match(p.glob, at); ok {
				found = !p.negate
				break
			}
		}
	}
	return found
}
