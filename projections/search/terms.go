package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what is looked for. What is beyond is left out.
const (
	maxText  = 500 // characters
	maxTerms = 20
)

// term is a word to look for, or several that stand together.
type term struct {
	text   string   // as it was typed
	phrase bool     // it was in quotes: nothing is read into it
	begins bool     // what begins so will do
	meant  []string // what it is taken for; nil for itself
}

// parse reads what somebody typed. No sign has a meaning but quotes.
func parse(text string) []term {
	text = plain(text)
	if utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText])
	}
	typing := !strings.HasSuffix(text, " ") && !strings.HasSuffix(text, `"`)
	var all []term
	for quoted := false; text != ""; quoted = !quoted {
		part, rest, found := cutQuote(text)
		text = rest
		if quoted {
			all = append(all, term{text: part, phrase: true})
			continue
		}
		for _, word := range strings.Fields(part) {
			all = append(all, term{text: word})
		}
		if !found {
			break
		}
	}
	all = slices.DeleteFunc(all, func(t term) bool { return !strings.ContainsFunc(t.text, inToken) })
	all = all[:min(len(all), maxTerms)]
	for i := range all {
		if !all[i].phrase {
			all[i].open(typing && i == len(all)-1)
		}
	}
	return all
}

func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '„' }

func cutQuote(text string) (before, after string, found bool) {
	i := strings.IndexFunc(text, isQuote)
	if i < 0 {
		return text, "", false
	}
	_, size := utf8.DecodeRuneInString(text[i:])
	return text[:i], text[i+size:], true
}

// inToken reports whether a rune alone makes a word: a mark needs a letter before it.
func inToken(r rune) bool { return inWord(r) && !unicode.Is(unicode.Mn, r) }

// open has a term find what begins so: the last one, which may still be typed, and long
// ones, whose English endings do not matter then either.
func (t *term) open(last bool) {
	parts := split(t.text)
	end := parts[len(parts)-1]
	if len(parts) == 1 {
		if stem := stem(end); stem != end {
			t.text, t.begins = stem, true
			return
		}
	}
	letters := utf8.RuneCountInString(end)
	t.begins = letters >= 4 || last && letters >= 2
}

// stem takes the English ending off a word, so that deploys, deployed and deploying find
// deploy and one another.
func stem(word string) string {
	for _, ending := range []string{"ies", "ing", "es", "ed", "s"} {
		rest, ok := strings.CutSuffix(strings.ToLower(word), ending)
		switch n := len(rest); {
		case !ok || n < 4 || ending == "s" && strings.HasSuffix(rest, "s"):
			continue
		case (ending == "ing" || ending == "ed") && rest[n-1] == rest[n-2] && !strings.ContainsRune("lsz", rune(rest[n-1])):
			return rest[:n-1] // running, run
		}
		return rest
	}
	return word
}

// expression is the terms in the language of FTS5: all of them, or any. Whatever they
// hold is text there, and never syntax.
func expression(terms []term, some bool) string {
	between := " AND "
	if some {
		between = " OR "
	}
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.expression()
	}
	return strings.Join(parts, between)
}

func (t term) expression() string {
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	if len(t.meant) > 0 {
		var any []string
		for _, word := range t.meant {
			any = append(any, quote(word))
		}
		return "(" + strings.Join(any, " OR ") + ")"
	}
	if t.begins {
		return quote(t.text) + "*"
	}
	return quote(t.text)
}

// named is an expression that looks at names and titles only.
func named(expression string) string { return "{name title} : (" + expression + ")" }
