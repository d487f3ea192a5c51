package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many letters a word may have that slips are looked for in.
const maxWord = 40

// inWord reports whether the index takes a rune to be part of a word: see the tokenizer
// unicode61 of SQLite.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Mn, r)
}

// split returns the words of a text as they are written.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) })
}

// token is a word of a text as the index has it, and where it stands.
type token struct {
	word     string
	from, to int
}

// tokens are the words of a text in lower case and without accents.
func tokens(text string) (all []token) {
	from := -1
	for i, r := range text + " " {
		switch in := inWord(r); {
		case in && from < 0:
			from = i
		case !in && from >= 0:
			if word := bare(text[from:i]); word != "" {
				all = append(all, token{word, from, i})
			}
			from = -1
		}
	}
	return all
}

// bare is a word in lower case and without accents.
func bare(word string) string {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return strings.ToLower(strings.Map(func(r rune) rune {
				if unicode.Is(unicode.Mn, r) {
					return -1
				}
				return r
			}, norm.NFD.String(word)))
		}
	}
	return strings.ToLower(word)
}

// key is a text as people type it: payments-api and Payments API are "payments api".
func key(text string) string {
	var all []string
	for _, t := range tokens(text) {
		all = append(all, t.word)
	}
	return strings.Join(all, " ")
}

// nameKey is key for a name, in which a capital may begin a word: PaymentsAPI is
// "payments api", too.
func nameKey(name string) string { return key(strings.Join(humps(name), " ")) }

// words are the words of a text that can be meant by a slip, each once.
func words(text string) []string {
	var all []string
	for _, t := range tokens(text) {
		if n := utf8.RuneCountInString(t.word); n >= 3 && n <= maxWord && strings.ContainsFunc(t.word, unicode.IsLetter) {
			all = append(all, t.word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func backward(word string) string {
	letters := []rune(word)
	slices.Reverse(letters)
	return string(letters)
}

// spelled is a name with the other ways in which it is typed: PaymentsAPI is also
// payments api, and payments-api also paymentsapi.
func spelled(name string) string {
	all := []string{name}
	if apart := strings.Join(humps(name), " "); key(apart) != key(name) {
		all = append(all, apart)
	}
	parts := split(name)
	if joined := strings.Join(parts, ""); len(parts) > 1 && len(joined) <= maxWord {
		all = append(all, joined)
	}
	return strings.Join(all, " ")
}

// humps cuts a name where a capital letter begins a word.
func humps(name string) []string {
	var all []string
	letters := []rune(name)
	from := 0
	for i := 1; i < len(letters); i++ {
		begins := unicode.IsUpper(letters[i]) && (unicode.IsLower(letters[i-1]) || unicode.IsUpper(letters[i-1]) && i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			all = append(all, string(letters[from:i]))
			from = i
		}
	}
	return append(all, string(letters[from:]))
}

// plain is a text without what no text needs: control characters, of which two mark what
// was found (see excerpt.go).
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}
