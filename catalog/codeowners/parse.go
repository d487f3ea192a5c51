package codeowners

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

type parser struct {
	*File
	sections map[string]string // names as they were written first, by those in lower case
	section  string
	fallback []string // owners of lines in the section that name none
}

// word is a part of a line, with the column where it begins.
type word struct {
	text   string
	column int
}

// heading is how GitLab writes sections: [Name], ^[Name], [Name][2] @owner.
var heading = regexp.MustCompile(`^\^?\[([^\]]+)\](?:\[\d+\])?(?:\s+(.*))?$`)

var (
	account = regexp.MustCompile(`^@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$`)
	team    = regexp.MustCompile(`^@[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	group   = regexp.MustCompile(`^@[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	role    = regexp.MustCompile(`^@@(?:developer|maintainer|owner)s?$`)
	email   = regexp.MustCompile(`^[^\s@<>,;]+@[^\s@<>,;]+$`)
)

func (p *parser) line(n int, line string) {
	words := split(line)
	if len(words) == 0 || strings.HasPrefix(words[0].text, "#") {
		return
	}
	if p.Dialect == GitLab {
		p.gitlab(n, line, words)
	} else {
		p.github(n, words)
	}
}

// github takes a line that is right in every part, as GitHub skips all others.
func (p *parser) github(n int, words []word) {
	pattern := words[0]
	switch bare := unescape(pattern.text); {
	case strings.HasPrefix(pattern.text, "!"):
		p.problem(n, pattern.column, "%q begins with !, which GitHub does not support here: the line is skipped", bare)
		return
	case strings.HasPrefix(pattern.text, `\#`):
		p.problem(n, pattern.column, "%q begins with an escaped #, which GitHub does not support here: the line is skipped", bare)
		return
	case strings.ContainsAny(pattern.text, "[]"):
		p.problem(n, pattern.column, "%q has a range in brackets, which GitHub does not support here: the line is skipped", bare)
		return
	case strings.Contains(pattern.text, "***"):
		p.problem(n, pattern.column, "%q has three stars, which is no pattern: the line is skipped", bare)
		return
	}
	r := Rule{Pattern: unescape(pattern.text), Line: n}
	for _, w := range words[1:] {
		if strings.HasPrefix(w.text, "#") {
			break
		}
		if !account.MatchString(w.text) && !team.MatchString(w.text) && !email.MatchString(w.text) {
			p.problem(n, w.column, "%q is no owner; write @user, @organisation/team or an e-mail address: the line is skipped", w.text)
			return
		}
		r.Owners = append(r.Owners, w.text)
	}
	p.Rules = append(p.Rules, r)
}

func (p *parser) gitlab(n int, line string, words []word) {
	first := words[0]
	if strings.HasPrefix(first.text, "[") || strings.HasPrefix(first.text, "^[") {
		if m := heading.FindStringSubmatchIndex(strings.TrimSpace(line)); m != nil {
			p.heading(n, line, m)
			return
		}
		p.problem(n, first.column, "this is no heading of a section; write [Name], ^[Name] or [Name][2]: GitLab takes the line for a pattern")
	}
	r := Rule{Section: p.section, Line: n, Owners: p.owners(n, words[1:])}
	pattern := first.text
	if strings.HasPrefix(pattern, "!") {
		r.Exclude, pattern = true, pattern[1:]
	}
	r.Pattern = unescape(pattern)
	if strings.HasPrefix(r.Pattern, `\#`) {
		r.Pattern = r.Pattern[1:]
	}
	if _, err := path.Match(r.Pattern, ""); err != nil || r.Pattern == "" {
		p.problem(n, first.column, "%q is no pattern", r.Pattern)
		return
	}
	switch {
	case r.Exclude:
		r.Owners = nil
	case len(r.Owners) == 0:
		r.Owners = p.fallback
	}
	p.Rules = append(p.Rules, r)
}

// heading begins a section; one of the same name, however it is written, goes on.
func (p *parser) heading(n int, line string, m []int) {
	trimmed := strings.TrimSpace(line)
	name := strings.TrimSpace(trimmed[m[2]:m[3]])
	key := strings.ToLower(name)
	if _, ok := p.sections[key]; !ok {
		p.sections[key] = name
	}
	p.section, p.fallback = p.sections[key], nil
	if m[4] >= 0 {
		before := utf8.RuneCountInString(line[:strings.Index(line, trimmed)+m[4]])
		words := split(trimmed[m[4]:m[5]])
		for i := range words {
			words[i].column += before
		}
		p.fallback = p.owners(n, words)
	}
}

// owners takes what is one; GitLab looks for them in all that follows a pattern,
// also behind a #.
func (p *parser) owners(n int, words []word) []string {
	var all []string
	for _, w := range words {
		switch {
		case role.MatchString(w.text) || account.MatchString(w.text) || group.MatchString(w.text) || email.MatchString(w.text):
			all = append(all, w.text)
		case strings.HasPrefix(w.text, "#"):
			p.problem(n, w.column, "%q begins no comment here: GitLab looks for owners in the whole line; put comments on lines of their own", w.text)
		default:
			p.problem(n, w.column, "%q is no owner; write @user, @group/subgroup, @@maintainer or an e-mail address: it is ignored", w.text)
		}
	}
	return all
}

// split cuts a line at blanks that are not escaped.
func split(line string) []word {
	var words []word
	start, column, at := -1, 0, 0
	escaped := false
	for i, r := range line {
		at++
		blank := (r == ' ' || r == '\t') && !escaped
		switch {
		case blank && start >= 0:
			words, start = append(words, word{line[start:i], column}), -1
		case !blank && start < 0:
			start, column = i, at
		}
		escaped = r == '\\' && !escaped
	}
	if start >= 0 {
		words = append(words, word{line[start:], column})
	}
	return words
}

// unescape takes away what keeps blanks together.
func unescape(s string) string {
	return strings.NewReplacer(`\ `, " ", "\\\t", "\t").Replace(s)
}
