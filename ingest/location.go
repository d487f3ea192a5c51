package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
)

// The most that one Location may ask for. Matching takes time that grows with
// the product of a pattern's alternatives.
const (
	maxTargets = 1000
	maxBraces  = 4  // groups in a pattern
	maxCommas  = 16 // in a pattern with braces
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
// and of other types are none of these. The tree is sorted by path. The error is ctx's.
func follow(ctx context.Context, e *catalog.Entity, from string, repo Repository, tree []File) ([]File, []catalog.Problem, error) {
	if t := e.SpecString("type"); t != "" && t != "url" && t != "file" {
		return nil, nil, nil
	}
	var (
		files    []File
		problems []catalog.Problem
	)
	for i, t := range targets(e) {
		if i == maxTargets {
			problems = append(problems, catalog.Problem{Path: t.field, Message: fmt.Sprintf(
				"is one target more than the %d that a Location may have; write a pattern, or several Locations", maxTargets)})
			break
		}
		pattern, here, err := resolve(t.text, from, repo)
		if err != nil {
			problems = append(problems, catalog.Problem{Path: t.field, Message: err.Error()})
			continue
		}
		if !here {
			continue
		}
		found, err := match(ctx, pattern, from, tree)
		if err != nil {
			return nil, nil, err
		}
		if len(found) == 0 && e.SpecString("presence") != "optional" {
			problems = append(problems, catalog.Problem{Path: t.field, Message: fmt.Sprintf(
				"leads to %s, and there is no such file; add it, or set spec.presence to optional", pattern)})
		}
		files = append(files, found...)
	}
	return files, problems, nil
}

// resolve turns a target into a path or pattern in the repository; here is
// false when it is elsewhere.
func resolve(text, from string, repo Repository) (pattern string, here bool, err error) {
	pattern, here, err = pathIn(text, from, repo)
	switch {
	case err != nil || !here:
		return "", false, err
	case !doublestar.ValidatePattern(pattern):
		return "", false, fmt.Errorf("is %q, which is no pattern; check its brackets and braces", text)
	case strings.Count(pattern, "{") > maxBraces || strings.Contains(pattern, "{") && strings.Count(pattern, ",") > maxCommas:
		return "", false, fmt.Errorf("is %q, which has too many alternatives: at most %d groups of braces and %d commas; write several targets", text, maxBraces, maxCommas)
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
func match(ctx context.Context, pattern, from string, tree []File) ([]File, error) {
	if f, ok := find(tree, pattern); ok {
		return []File{f}, nil
	}
	if !strings.ContainsAny(pattern, `*?[{\`) {
		return nil, nil
	}
	var found []File
	for _, f := range tree {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.Path != from && doublestar.MatchUnvalidated(pattern, f.Path) {
			found = append(found, f)
		}
	}
	return found, nil
}

// find returns the file at a path of a tree, which is sorted.
func find(tree []File, path string) (File, bool) {
	i, ok := slices.BinarySearchFunc(tree, path, func(f File, path string) int { return strings.Compare(f.Path, path) })
	if !ok {
		return File{}, false
	}
	return tree[i], true
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
