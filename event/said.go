package event

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callboard/callboard/catalog"
)

// What people say of themselves, and why they do something, stays on record for ever.
const (
	// MaxName is how many characters the name of somebody who acts has at most.
	MaxName = 200
	// MaxReason is how many characters a reason has at most.
	MaxReason = 1000
)

// IsName reports whether a text can stand on record as the name of somebody: a line with
// something to see in it, and nothing that is not seen.
func IsName(name string) bool {
	return isSaid(name, MaxName) && !strings.ContainsAny(name, "\n\t")
}

// IsReason reports whether a text can stand on record as a reason: likewise, of several
// lines.
func IsReason(reason string) bool { return isSaid(reason, MaxReason) }

func isSaid(text string, longest int) bool {
	seen := false
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case catalog.IsHidden(r):
			return false
		case !unicode.IsSpace(r):
			seen = true
		}
	}
	return seen && utf8.ValidString(text) && utf8.RuneCountInString(text) <= longest
}
