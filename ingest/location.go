package ingest

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

// isLocation reports whether an entity leads to more descriptors.
func isLocation(e *catalog.Entity) bool { return e != nil && e.Kind == "Location" }

// target is one target of a Location.
type target struct {
	field string // "spec.targets[1]"
	text  string
}

// targets returns what a Location leads to. Its schema has been checked, so
// what is no string here is not there.
func targets(e *catalog.Entity) []target {
	var all []target
	if s := e.SpecString("target"); s != "" {
		all = append(all, target{"spec.target", s})
	}
	list, _ := e.Spec["targets"].([]any)
	for i, v := range list {
		if s, ok := v.(string); ok && s != "" {
			all = append(all, target{catalog.IndexPath("spec.targets", i), s})
		}
	}
	return all
}

// follow returns the files of the tree that a Location in the file at from
// leads to, and the targets that lead nowhere. Targets in other repositories
// and of other types are none of these.
func follow(e *catalog.Entity, from string, repo Repository, tree []File) ([]File, []catalog.Problem) {
	if t := e.SpecString("type"); t != "" && t != "url" && t != "file" {
		return nil, nil
	}
	var (
		files    []File
		problems []catalog.Problem
	)
	for _, t := range targets(e) {
		pattern, here, err := resolve(t.text, from, repo)
		if err != nil {
			problems = append(problems, catalog.Problem{Path: t.field, Message: err.Error()})
			continue
		}
		if !here {
			continue
		}
		found := match(pattern, from, tree)
		if len(found) == 0 && e.SpecString("presence") != "optional" {
			problems = append(problems, catalog.Problem{Path: t.field, Message: fmt.Sprintf(
				"leads to %s, and there is no such file; add it, or set spec.presence to optional", pattern)})
		}
		files = append(files, found...)
	}
	return files, problems
}

// resolve turns a target into a path or pattern in the repository; here is
// false when it is elsewhere.
func resolve(text, from string, repo Repository) (pattern string, here bool, err error) {
	rest := text
	if strings.Contains(text, "://") {
		if rest, here = cutPage(text, repo.Pages); !here {
			return "", false, nil
		}
		if rest, err = url.PathUnescape(strings.SplitN(rest, "?", 2)[0]); err != nil {
			return "", false, fmt.Errorf("is %q, whose percent signs cannot be read", text)
		}
		rest = "/" + rest
	}
	if strings.HasPrefix(rest, "/") {
		pattern = path.Clean(rest)[1:]
	} else {
		pattern = path.Join(path.Dir(from), rest)
	}
	switch {
	case pattern == ".." || strings.HasPrefix(pattern, "../"):
		return "", false, fmt.Errorf("is %q, which leads out of the repository", text)
	case !doublestar.ValidatePattern(pattern):
		return "", false, fmt.Errorf("is %q, which is no pattern; check its brackets and braces", text)
	}
	return pattern, true, nil
}

func cutPage(address string, pages Pages) (rest string, ok bool) {
	for _, prefix := range []string{pages.View, pages.Dir} {
		if rest, ok := strings.CutPrefix(address, prefix); ok && prefix != "" {
			return rest, true
		}
	}
	return "", false
}

// match returns the files of a name, or else of a pattern; never the file at
// from itself.
func match(pattern, from string, tree []File) []File {
	var found []File
	for _, f := range tree {
		if f.Path == pattern {
			return []File{f}
		}
		if f.Path != from && doublestar.MatchUnvalidated(pattern, f.Path) {
			found = append(found, f)
		}
	}
	return found
}

// locate says where in a document's text a Location's problem is: at its target.
func locate(doc *descriptor.Document, problems []catalog.Problem) []descriptor.Problem {
	byField := map[string]string{}
	for _, t := range targets(doc.Entity) {
		byField[t.field] = t.text
	}
	located := make([]descriptor.Problem, len(problems))
	for i, p := range problems {
		located[i] = descriptor.Problem{Path: p.Path, Line: doc.Line, Column: 1, Message: p.Message}
		for n, line := range strings.Split(doc.Text, "\n") {
			if before, _, found := strings.Cut(line, byField[p.Path]); found {
				located[i].Line, located[i].Column = doc.Line+n, len([]rune(before))+1
				break
			}
		}
	}
	return located
}
