package ui

import (
	"fmt"
	"strings"
	"time"
)

// Moment is an instant as a page writes it. All are in UTC, and the pages say so.
type Moment struct {
	Text string // as it stands in the text
	Full string // to the second, with its zone
	ISO  string // for machines
}

// IsZero reports whether the moment is unknown.
func (m Moment) IsZero() bool { return m.ISO == "" }

// Within is the moment as it stands within a sentence: today 09:41.
func (m Moment) Within() Moment {
	for _, word := range []string{"Today", "Yesterday"} {
		if rest, ok := strings.CutPrefix(m.Text, word); ok {
			m.Text = strings.ToLower(word) + rest
		}
	}
	return m
}

func moment(t time.Time, layout string) Moment {
	if t.IsZero() {
		return Moment{Text: "–"}
	}
	t = t.UTC()
	return Moment{
		Text: t.Format(layout),
		Full: t.Format("2 January 2006, 15:04:05 UTC"),
		ISO:  t.Format(time.RFC3339),
	}
}

// Exact is to the second: 12 March 2026, 09:40:51.
func Exact(t time.Time) Moment { return moment(t, "2 January 2006, 15:04:05") }

// Minute is to the minute: 12 March 2026, 09:40.
func Minute(t time.Time) Moment { return moment(t, "2 January 2006, 15:04") }

// Day is a date: 12 March 2026.
func Day(t time.Time) Moment { return moment(t, "2 January 2006") }

// ShortDay is a date for a narrow column: 12 Mar 2026.
func ShortDay(t time.Time) Moment { return moment(t, "2 Jan 2006") }

// Clock is the time of day to the second: 09:40:51.
func Clock(t time.Time) Moment { return moment(t, "15:04:05") }

// Near says when in relation to now: Today 09:41, Yesterday 18:31, 6 March
// 09:00, 24 September 2025, 15:33.
func Near(t, now time.Time) Moment {
	switch days := daysBefore(t, now); {
	case days == 0:
		return moment(t, "Today 15:04")
	case days == 1:
		return moment(t, "Yesterday 15:04")
	case t.UTC().Year() == now.UTC().Year():
		return moment(t, "2 January 15:04")
	default:
		return moment(t, "2 January 2006, 15:04")
	}
}

// Brief is Near for a narrow column: Today 09:41, Yesterday 18:31, 6 Mar 09:00,
// 24 Sep 2025.
func Brief(t, now time.Time) Moment {
	switch days := daysBefore(t, now); {
	case days <= 1:
		return Near(t, now)
	case t.UTC().Year() == now.UTC().Year():
		return moment(t, "2 Jan 15:04")
	default:
		return moment(t, "2 Jan 2006")
	}
}

// Stamp is for a column of one moment after another: 14:03:04 today, Wed 18:31
// in the last week, 6 Mar 09:00, 24 Sep 2025.
func Stamp(t, now time.Time) Moment {
	switch days := daysBefore(t, now); {
	case days == 0:
		return Clock(t)
	case days > 0 && days < 7:
		return moment(t, "Mon 15:04")
	default:
		return Brief(t, now)
	}
}

// daysBefore counts midnights between t and now; a moment still to come counts as today.
func daysBefore(t, now time.Time) int {
	day := func(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
	return max(0, int(day(now).Sub(day(t)).Hours()/24))
}

// Span is a length of time, short: 0.4 s, 17 s, 21 min 48 s, 3 h 5 min, 3 h, 2 days.
func Span(d time.Duration) string {
	both := func(whole int, unit string, rest int, small string) string {
		if rest == 0 {
			return fmt.Sprintf("%d %s", whole, unit)
		}
		return fmt.Sprintf("%d %s %d %s", whole, unit, rest, small)
	}
	switch {
	case d < 0:
		return "0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return both(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return both(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// Late is a length of time in its largest unit: 17 s, 21 min, 3 h, 2 days.
func Late(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return Span(d)
	}
}

// SpanInWords is a length of time in a sentence: 21 minutes 48 seconds.
func SpanInWords(d time.Duration) string {
	d = max(0, d).Round(time.Second)
	switch {
	case d < time.Minute:
		return Plural(int(d.Seconds()), "second")
	case d < time.Hour:
		return Plural(int(d.Minutes()), "minute") + " " + Plural(int(d.Seconds())%60, "second")
	case d < 48*time.Hour:
		return Plural(int(d.Hours()), "hour") + " " + Plural(int(d.Minutes())%60, "minute")
	default:
		return Plural(int(d.Hours()/24), "day")
	}
}

// Size is an amount of data: 812 B, 6.1 kB, 2.4 MB.
func Size(bytes int) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	default:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
}
