package event_test

import (
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
)

func TestWhatPeopleSay(t *testing.T) {
	for text, want := range map[string]struct{ name, reason bool }{
		"Häherling, on call":      {true, true},
		"two\nlines":              {false, true},
		"":                        {},
		"  \u00a0":                {},
		"\u200b":                  {},
		"live\u202e":              {},
		"a\x1b[31mRED":            {},
		"nul\x00":                 {},
		"\xff":                    {},
		strings.Repeat("ä", 200):  {true, true},
		strings.Repeat("ä", 201):  {false, true},
		strings.Repeat("ä", 1001): {},
	} {
		if got := event.IsName(text); got != want.name {
			t.Errorf("%q is a name: %v", text, got)
		}
		if got := event.IsReason(text); got != want.reason {
			t.Errorf("%q is a reason: %v", text, got)
		}
	}
}
