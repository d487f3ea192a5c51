package codeowners

import (
	"path"
	"strings"
)

// matches reports whether a rule is about a file.
func (r Rule) matches(d Dialect, file string) bool {
	segments := strings.Split(file, "/")
	if d == GitLab {
		return match(gitlabSegments(r.Pattern), segments, path.Match)
	}
	pattern := githubSegments(r.Pattern)
	return pattern != nil && match(pattern, segments, wildcard)
}

const anyFolders = "**"

// githubSegments turns a pattern into segments of which [anyFolders] stands for any
// number, none included. Nil matches nothing.
//
// It is as in .gitignore: one without a slash but at its end is about any folder,
// any other about the root; what matches a folder matches all below it. Other than
// there, a last * is about the files of a folder alone.
func githubSegments(pattern string) []string {
	if strings.Trim(pattern, "/") == "" {
		return nil
	}
	anchored := strings.Contains(strings.TrimSuffix(pattern, "/"), "/")
	segments := strings.Split(strings.Trim(pattern, "/"), "/")
	if !anchored {
		segments = append([]string{anyFolders}, segments...)
	}
	switch last := segments[len(segments)-1]; {
	case strings.HasSuffix(pattern, "/"):
		segments = append(segments, anyFolders, "*")
	case last == anyFolders:
		segments = append(segments, "*")
	case last != "*":
		segments = append(segments, below)
	}
	return segments
}

// below, at the end, stands for nothing or anything below.
const below = "/"

// gitlabSegments does the same for GitLab: any pattern that does not begin with a
// slash is about any folder, and what is a folder has a slash at its end. Two stars
// mean folders only as a segment of their own before another.
func gitlabSegments(pattern string) []string {
	if pattern == "*" {
		return []string{anyFolders, "*"}
	}
	segments := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	if !strings.HasPrefix(pattern, "/") {
		segments = append([]string{anyFolders}, segments...)
	}
	switch last := len(segments) - 1; segments[last] {
	case "":
		segments = append(segments[:last], anyFolders, "*")
	case anyFolders:
		segments[last] = "*"
	}
	return segments
}

// match reports whether the segments of a pattern are those of a path. It takes
// time that grows with the product of their numbers.
func match(pattern, segments []string, one func(pattern, name string) (bool, error)) bool {
	// reach[j]: the pattern so far matches the first j segments.
	reach := make([]bool, len(segments)+1)
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(reach))
		for j, ok := range reach {
			switch {
			case p == below:
				next[j] = ok || j > 0 && next[j-1]
			case p == anyFolders:
				next[j] = ok || j > 0 && next[j-1]
			case ok && j < len(segments):
				if fits, err := one(p, segments[j]); err == nil && fits {
					next[j+1] = true
				}
			}
		}
		reach = next
	}
	return reach[len(segments)]
}

// wildcard matches * and ? and nothing else. A backslash takes away the meaning of
// what follows. It takes time that grows with the product of the lengths.
func wildcard(pattern, name string) (bool, error) {
	p, s := []rune(pattern), []rune(name)
	i, j := 0, 0
	star, mark := -1, 0 // the last star, and what it stands for up to
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && p[i] == '\\' && i+1 < len(p) && p[i+1] == s[j]:
			i += 2
			j++
		case i < len(p) && p[i] != '\\' && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false, nil
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p), nil
}
