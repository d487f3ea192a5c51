package web

import (
	"time"

	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/web/ui"
)

// NoticeFilter is a filter of a list of notices at an address, of owners; bell is that the
// bell counts for some only.
func NoticeFilter(address, field string, owners []string, bell bool, on []string, counts ...notices.Facet) (ui.Facet, []ui.Chip) {
	f := noticeFilter{"Filter", field, counts, on, func(value string) string { return "<" + value + ">" }}
	at := newNoticeAddress(parseLocal(address), owners, bell)
	return f.facet(at), f.chips(at)
}

// BellInstead is what the bell can count for instead.
var BellInstead = bellInstead

// AxisTicks are what stands below a chart from one moment to another, which is now.
func AxisTicks(from, to time.Time) []ui.AxisTick {
	return newTimeAxis([]time.Time{from, to}, to).ticks()
}

// RuleMessage is what is wrong by a rule, as pages say it.
var RuleMessage = ruleMessage
