package history

import (
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections"
)

// exempts says what an exemption exempts from, and how long.
func exempts(x event.Exemption) string {
	what := "all rules"
	if len(x.Rules) > 0 {
		what = strings.Join(x.Rules, ", ")
	}
	text := x.Entity + " from " + what + " of " + x.Card
	if x.Until != "" {
		text += " until " + projections.Date(x.Until)
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
