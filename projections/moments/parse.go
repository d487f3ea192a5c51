package moments

import (
	"context"
	"strconv"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
)

// Parse reads a moment as people and programs write it: for each clock a time (RFC
// 3339, or without seconds or zone, which is UTC), a date, which is its end in UTC,
// or the position of an event, which is when that became true or was recorded.
// Nothing is now, and so is what lies ahead. A known of [Then] is what was on record at
// the other, and what the catalog said to those who looked at it then: At is not set.
// Errors are of kind fault.Invalid.
func (m *Moments) Parse(ctx context.Context, at, known string) (projections.Moment, error) {
	var moment projections.Moment
	var err error
	if known == Then {
		if at == "" {
			return moment, fault.New(fault.Invalid, "known: %s is what was on record at the moment that at names: give that, too", Then)
		}
		at, known = "", at
	}
	if moment.At, err = m.Time(ctx, "at", at); err != nil {
		return moment, err
	}
	t, p, err := parse("known", known)
	moment.Known = p
	if err != nil || t.IsZero() || !t.Before(m.now()) {
		return moment, err
	}
	if moment.Known, err = m.past.PositionAt(ctx, t); err == nil && moment.Known == 0 {
		err = m.before(ctx, t)
	}
	return moment, err
}

// before says that nothing was on record yet at a time, and from when on something was.
func (m *Moments) before(ctx context.Context, t time.Time) error {
	const leave = "or leave known out to see what is known of that moment now"
	if m.timeline.log != nil {
		for first, err := range m.timeline.log.Read(ctx, 0) {
			if err != nil {
				return err
			}
			return fault.New(fault.Invalid, "known: nothing was on record by %s: the record begins at %s; name a moment from then on, %s",
				t.UTC().Format(time.RFC3339), first.Recorded.UTC().Format(time.RFC3339), leave)
		}
	}
	return fault.New(fault.Invalid, "known: nothing was on record by %s: the record begins later; name a later moment, %s", t.UTC().Format(time.RFC3339), leave)
}

// Then stands for what was on record at the moment that is asked for.
const Then = "then"

// Bound reads where a period begins or ends, as Time reads a point, but that a date is
// its beginning, in UTC: a period has what is true from one bound on and before the
// other. Of a date that is the instant before it.
func (m *Moments) Bound(ctx context.Context, name, text string) (time.Time, error) {
	if t, date, ok := projections.ParseTime(text); ok && date {
		if t = t.Add(-time.Nanosecond); !t.Before(m.now()) {
			return time.Time{}, nil
		}
		return t, nil
	}
	return m.Time(ctx, name, text)
}

// Time reads a point on the clock of what was true, as Parse does, of a parameter
// that has a name; now is the zero time.
func (m *Moments) Time(ctx context.Context, name, text string) (time.Time, error) {
	t, p, err := parse(name, text)
	if err != nil {
		return time.Time{}, err
	}
	if p > 0 {
		if t, err = m.past.TruthAt(ctx, p); err != nil {
			return time.Time{}, err
		}
	}
	if !t.Before(m.now()) {
		return time.Time{}, nil
	}
	return t, nil
}

// parse reads a time or a position; nothing is neither.
func parse(name, text string) (time.Time, eventlog.Position, error) {
	if text == "" {
		return time.Time{}, 0, nil
	}
	if n, err := strconv.ParseUint(text, 10, 63); err == nil && n > 0 {
		return time.Time{}, eventlog.Position(n), nil
	}
	if t, ok := projections.ParseUntil(text); ok {
		return t, 0, nil
	}
	return time.Time{}, 0, fault.New(fault.Invalid, "%s: %q is no moment: give a time as 2026-03-03T14:00:00Z, a date as 2026-03-03, or the position of an event as 1234", name, text)
}
