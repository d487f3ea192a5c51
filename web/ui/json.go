package ui

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Token is a part of a JSON text: a key ("k"), a string ("s"), a number or a
// word ("n"), or what is between them.
type Token struct{ Class, Text string }

// maxTokens bounds what [JSON] colours, so that a page stays a page.
const maxTokens = 2000

// JSON cuts a JSON value into tokens, indented by two spaces. What is no JSON
// becomes a single token. Strings are cut to at most limit characters.
func JSON(value []byte, limit int) []Token {
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, value, "", "  "); err != nil {
		return []Token{{Text: Shorten(string(value), limit)}}
	}
	var all []Token
	rest := pretty.String()
	for rest != "" {
		if len(all) == maxTokens {
			return append(all, Token{Text: "\n…"})
		}
		n, class := nextToken(rest)
		text := rest[:n]
		rest = rest[n:]
		if class == "s" && strings.HasPrefix(rest, ":") {
			class = "k"
		}
		if class == "s" {
			text = shortenString(text, limit)
		}
		all = append(all, Token{class, text})
	}
	return all
}

// nextToken says how long the next token is, and what.
func nextToken(s string) (int, string) {
	if s[0] == '"' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1, "s"
			}
		}
		return len(s), "s"
	}
	const between = " \n:,[]{}"
	if n := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(between, r) }); n > 0 {
		return n, ""
	} else if n < 0 {
		return len(s), ""
	}
	if n := strings.IndexAny(s, between); n > 0 {
		return n, "n"
	}
	return len(s), "n"
}

func shortenString(quoted string, limit int) string {
	short := Shorten(quoted, limit)
	if short == quoted {
		return quoted
	}
	// The cut may have left half an escape.
	short = strings.TrimSuffix(short, "…")
	if i := strings.LastIndexByte(short, '\\'); i >= 0 && len(short)-i < 6 {
		short = short[:i]
	}
	return short + `…"`
}
