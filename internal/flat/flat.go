// Package flat looks through JSON that encoding/json wrote without decoding it,
// which takes most of the time where there are many documents of which little is
// wanted. See [Leaves], [Members] and [Differing].
package flat

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Leaf is one value of a JSON document, with the keys that lead to it joined by
// dots. Indexes of lists are left out, as in Backstage's search keys.
type Leaf struct {
	Path string
	Text string // of a string; of a number or a boolean as it is written in JSON
	Kind Kind
	Item bool // of a list
}

// Kind is what kind of value a leaf is.
type Kind int

// The kinds.
const (
	Null  Kind = iota
	Text       // a string
	Plain      // a number or a boolean
)

// Leaves calls f with every leaf of a JSON document, in order. It does not go
// below a path for which enter is false. The text must be valid JSON, as what
// encoding/json wrote is, but for the last brace; of other text it makes something,
// and ends.
//
// It is encoding/json without the values: what takes most of the time of reading
// a catalog in. Texts without escapes share the document's memory.
func Leaves(doc string, enter func(path string) bool, f func(Leaf)) {
	s := scanner{rest: doc, enter: enter, emit: f}
	s.value("", false)
}

// Rest is [Leaves] of the end of an object, which begins with a comma.
func Rest(doc string, enter func(path string) bool, f func(Leaf)) {
	s := scanner{rest: doc, enter: enter, emit: f}
	s.object("") // the comma stands for the brace
}

type scanner struct {
	rest  string
	depth int
	enter func(string) bool
	emit  func(Leaf)
}

// maxDepth is how deep a document may be nested; encoding/json allows as much.
const maxDepth = 10000

func (s *scanner) space() {
	for s.rest != "" && s.rest[0] <= ' ' {
		s.rest = s.rest[1:]
	}
}

// take cuts a character off, if it is the next one.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) value(path string, item bool) {
	if s.depth++; s.depth > maxDepth {
		s.rest = ""
	}
	defer func() { s.depth-- }()
	s.space()
	switch {
	case s.rest == "":
	case s.rest[0] == '{':
		s.object(path)
	case s.rest[0] == '[':
		s.rest = s.rest[1:]
		for !s.take(']') && s.rest != "" {
			s.value(path, true)
			s.take(',')
		}
	case s.rest[0] == '"':
		s.emit(Leaf{path, s.text(), Text, item})
	default:
		n := 1
		for n < len(s.rest) && s.rest[n] > ' ' && s.rest[n] != ',' && s.rest[n] != ']' && s.rest[n] != '}' {
			n++
		}
		word := s.rest[:n]
		s.rest = s.rest[n:]
		if word == "null" {
			s.emit(Leaf{Path: path, Item: item})
		} else {
			s.emit(Leaf{path, word, Plain, item})
		}
	}
}

func (s *scanner) object(path string) {
	s.rest = s.rest[1:]
	for !s.take('}') && s.rest != "" {
		if s.rest[0] != '"' {
			s.rest = ""
			return
		}
		key := s.text()
		if path != "" {
			key = path + "." + key
		}
		s.take(':')
		if s.enter(key) {
			s.value(key, false)
		} else {
			s.skip()
		}
		s.take(',')
	}
}

// skip passes over a value.
func (s *scanner) skip() {
	depth := 0
	for s.rest != "" {
		switch s.rest[0] {
		case '"':
			if s.skipText(); depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what the value stands in
			}
			if depth--; depth == 0 {
				s.rest = s.rest[1:]
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		s.rest = s.rest[1:]
	}
}

// skipText passes over a string, of which the quote is the next character.
func (s *scanner) skipText() {
	for escaped := true; escaped; {
		s.rest = s.rest[1:]
		n := strings.IndexByte(s.rest, '"')
		if n < 0 {
			s.rest = ""
			return
		}
		backslashes := n - len(strings.TrimRight(s.rest[:n], `\`))
		s.rest = s.rest[n:]
		escaped = backslashes%2 == 1
	}
	s.rest = s.rest[1:]
}

// text reads a string, of which the quote is the next character.
func (s *scanner) text() string {
	s.rest = s.rest[1:]
	n := strings.IndexByte(s.rest, '"')
	if n < 0 {
		s.rest = ""
		return ""
	}
	if strings.IndexByte(s.rest[:n], '\\') < 0 { // most often
		text := s.rest[:n]
		s.rest = s.rest[n+1:]
		return text
	}
	var b strings.Builder
	for s.rest != "" {
		n := strings.IndexAny(s.rest, `"\`)
		if n < 0 {
			s.rest = ""
			break
		}
		b.WriteString(s.rest[:n])
		c := s.rest[n]
		s.rest = s.rest[n+1:]
		if c == '"' {
			break
		}
		s.escape(&b)
	}
	return b.String()
}

// escape reads what comes after a backslash.
func (s *scanner) escape(b *strings.Builder) {
	if s.rest == "" {
		return
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		b.WriteByte("\b\f\n\r\t"[i])
		return
	}
	if c != 'u' {
		b.WriteByte(c)
		return
	}
	r := s.unit()
	if 0xd800 <= r && r < 0xdc00 { // the first half of a pair
		if low, ok := strings.CutPrefix(s.rest, `\u`); ok {
			before := s.rest
			s.rest = low
			if second := s.unit(); 0xdc00 <= second && second < 0xe000 {
				b.WriteRune((r-0xd800)<<10 + (second - 0xdc00) + 0x10000)
				return
			}
			s.rest = before
		}
	}
	if !utf8.ValidRune(r) {
		r = utf8.RuneError
	}
	b.WriteRune(r)
}

// unit reads four hexadecimal digits.
func (s *scanner) unit() rune {
	if len(s.rest) < 4 {
		s.rest = ""
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(s.rest[:4], 16, 32)
	s.rest = s.rest[4:]
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
