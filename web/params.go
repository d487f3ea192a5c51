package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/web/ui"
)

// intParam reads a number within bounds.
func intParam(q url.Values, field string, otherwise, least, most int) (int, error) {
	v := q.Get(field)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fault.New(fault.Invalid, "%s=%s is no number from %d to %d", field, v, least, most)
	}
	return n, nil
}

// choice reads a field that has one of some values; "" if the address has none.
func choice(q url.Values, field, what string, values ...string) (string, error) {
	v := q.Get(field)
	if v == "" || slices.Contains(values, v) {
		return v, nil
	}
	write := make([]string, len(values))
	for i, value := range values {
		write[i] = field + "=" + value
	}
	last := len(write) - 1
	says := strings.Join(write[:last], ", ")
	if says != "" {
		says += " or "
	}
	return "", fault.New(fault.Invalid, "%s=%s is no %s; write %s", field, ui.Shorten(v, 100), what, says+write[last])
}

// position reads the number of an event, with or without its commas; "" is 0.
func position(field, s string) (eventlog.Position, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(strings.ReplaceAll(s, ",", ""), 10, 63)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%s=%s is no event number; write %s=48106", field, s, field)
	}
	return eventlog.Position(n), nil
}

// moment reads a date, which stands for its first moment plus days, or an instant.
func moment(field, s string, days int) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, date, ok := projections.ParseTime(s)
	if !ok {
		return time.Time{}, fault.New(fault.Invalid, "%s=%s is no date; write %s=2026-03-12 or %s=2026-03-12T09:41:00Z", field, s, field, field)
	}
	if date {
		t = t.AddDate(0, 0, days)
	}
	return t, nil
}
