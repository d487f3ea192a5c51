package history

import (
	"strings"
	"time"

	"github.com/callboard/callboard/event"
)

// exempts says what an exemption exempts from, and how long.
func exempts(x event.Exemption) string {
	what := "all rules"
	if len(x.Rules) > 0 {
		what = strings.Join(x.Rules, ", ")
	}
	text := x.Entity + " from " + what + " of " + x.Card
	if x.Until != "" {
		text += " until " + day(x.Until)
	}
	return text
}

// asks says what an initiative asks for.
func asks(i event.Initiative) string {
	if i.Level != "" {
		return i.Level + " on " + i.Card
	}
	return strings.Join(i.Rules, ", ") + " of " + i.Card
}

// day writes the date of an event as pages write dates: 30 June 2026.
func day(text string) string {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return t.Format("2 January 2006")
}
