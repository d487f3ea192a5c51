package search

import (
	"slices"
	"strings"
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
	words  []string // of it, as the index has them
	free   bool     // it was in no quotes, and may be read otherwise
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
	for quoted, more := false, true; more; quoted = !quoted {
		var part string
		part, text, more = cutQuote(text)
		if quoted {
			all = append(all, newTerm(part))
			continue
		}
		for _, word := range strings.Fields(part) {
			t := newTerm(word)
			t.open()
			all = append(all, t)
		}
	}
	all = slices.DeleteFunc(all, func(t term) bool { return len(t.words) == 0 })
	all = all[:min(len(all), maxTerms)]
	if n := len(all); n > 0 && typing {
		all[n-1].typing()
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

func newTerm(text string) term {
	t := term{text: text}
	for _, one := range tokens(text) {
		t.words = append(t.words, one.word)
	}
	return t
}

// open reads a term that was in no quotes: a long word finds what begins so, and its
// English ending does not matter.
func (t *term) open() {
	t.free = true
	if len(t.words) == 0 {
		return
	}
	end := t.words[len(t.words)-1]
	t.begins = utf8.RuneCountInString(end) >= 4
	if len(t.words) == 1 {
		t.words[0] = stem(end)
	}
}

// typing has a term find what begins so, since it may not be typed to its end.
func (t *term) typing() {
	if end := t.words[len(t.words)-1]; t.free && utf8.RuneCountInString(end) >= 2 {
		t.begins = true
	}
}

// stem takes the English ending off a word, so that deploys, deployed and deploying find
// deploy and one another.
func stem(word string) string {
	for _, ending := range []string{"ies", "ing", "es", "ed", "s", "y"} {
		rest, ok := strings.CutSuffix(word, ending)
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
	quote := func(words ...string) string { return `"` + strings.Join(words, " ") + `"` }
	if len(t.meant) > 0 {
		var any []string
		for _, word := range t.meant {
			any = append(any, quote(word))
		}
		return "(" + strings.Join(any, " OR ") + ")"
	}
	if t.begins {
		return quote(t.words...) + "*"
	}
	return quote(t.words...)
}

// at is how many words at the beginning of a text are what is looked for; 0 if they are not.
func (t term) at(written []token) int {
	if len(t.meant) > 0 {
		if slices.Contains(t.meant, written[0].word) {
			return 1
		}
		return 0
	}
	if len(written) < len(t.words) {
		return 0
	}
	for i, word := range t.words {
		is := written[i].word
		if is != word && (!t.begins || i < len(t.words)-1 || !strings.HasPrefix(is, word)) {
			return 0
		}
	}
	return len(t.words)
}

// in reports whether a text holds every term.
func in(text string, terms []term) bool {
	written := tokens(text)
	for _, t := range terms {
		found := false
		for i := range written {
			found = found || t.at(written[i:]) > 0
		}
		if !found {
			return false
		}
	}
	return true
}

// named is an expression that looks at names and titles only.
func named(expression string) string { return "{name title} : (" + expression + ")" }
