package revision

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Page is a page of a site, and Git's id of what it holds.
type Page struct{ Path, Blob string }

// alike is what share of its lines a page must have kept to be the same at another
// path: Git asks for half of the bytes.
const alike = 0.6

// maxCandidates bounds how many pages are read to find one that moved.
const maxCandidates = 500

// Successor finds where a page of a site stands in a later version of it that has
// nothing at its path: among the pages that came, the one with the same content or, if
// there is none, the one that has most of its lines, and at least [alike] of them. Ok is
// false if there is none. Asked with the versions exchanged it finds where a page came from.
//
// Text returns what a blob holds; ok is false if it is not known.
func Successor(page string, before, after []Page, text func(blob string) (content string, ok bool)) (to string, ok bool) {
	old, at := index(before), index(after)
	blob, was := old[page]
	if _, stays := at[page]; !was || stays {
		return "", false
	}
	taken := map[string]bool{} // contents that another page took elsewhere as they were
	for _, p := range before {
		if _, stays := at[p.Path]; !stays {
			taken[p.Blob] = true
		}
	}
	var came []Page
	for _, p := range after {
		if _, had := old[p.Path]; !had {
			came = append(came, p)
		}
	}
	slices.SortFunc(came, func(a, b Page) int { // one that is called like it comes first
		return cmp.Or(cmp.Compare(strange(a, page), strange(b, page)), cmp.Compare(a.Path, b.Path))
	})
	content, known := text(blob)
	if known && strings.TrimSpace(content) == "" {
		return "", false // all empty pages are the same
	}
	for _, p := range came {
		if p.Blob == blob {
			return p.Path, true
		}
	}
	best := 0.0
	for _, p := range came[:min(len(came), maxCandidates)] {
		if !known || taken[p.Blob] {
			continue
		}
		if other, ok := text(p.Blob); ok {
			if share := Likeness(content, other); share >= alike && share > best {
				to, best = p.Path, share
			}
		}
	}
	return to, to != ""
}

// strange is 0 for a page that is called like another, wherever it is, else 1.
func strange(p Page, like string) int {
	if path.Base(p.Path) == path.Base(like) {
		return 0
	}
	return 1
}

func index(pages []Page) map[string]string {
	all := make(map[string]string, len(pages))
	for _, p := range pages {
		all[p.Path] = p.Blob
	}
	return all
}

// Likeness is the share of lines that two texts have in common, whatever their order,
// of those that the longer one has; 0 to 1. Empty lines and spaces around do not count.
func Likeness(a, b string) float64 {
	left, right := inkedLines(a), inkedLines(b)
	if len(left) == 0 || len(right) == 0 {
		return 0
	}
	count := make(map[string]int, len(left))
	for _, l := range left {
		count[l]++
	}
	common := 0
	for _, l := range right {
		if count[l] > 0 {
			count[l]--
			common++
		}
	}
	return float64(common) / float64(max(len(left), len(right)))
}

func inkedLines(text string) (all []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
