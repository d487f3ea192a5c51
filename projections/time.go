package projections

import "time"

// ParseTime reads a time as people and programs write it: RFC 3339, or without a zone,
// which is UTC, or without seconds, with a T or a space; or a date, of which the start in
// UTC is returned: whether its end is meant is for the caller to say. Times before 1900 and
// after 2200 are held to these years. It reports false for any other text.
func ParseTime(text string) (t time.Time, date, ok bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return within(t), true, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return within(t.UTC()), false, true
		}
	}
	return time.Time{}, false, false
}

// ParseUntil reads up to when something is told, as ParseTime reads a time, but that a date is its
// end: who names a day means all of it.
func ParseUntil(text string) (t time.Time, ok bool) {
	t, date, ok := ParseTime(text)
	if date {
		t = t.Add(24*time.Hour - time.Nanosecond)
	}
	return t, ok
}

// within holds a time to what can be kept as nanoseconds, which reach from 1678 to 2262.
func within(t time.Time) time.Time {
	switch year := t.Year(); {
	case year < 1900:
		return time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	case year >= 2200:
		return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// Date writes a day of a file, 2026-03-12, as pages do: 12 March 2026. Any other text stays.
func Date(text string) string {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Format("2 January 2006")
	}
	return text
}
