package web

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// span is the time between two moments of which a page tells.
type span struct {
	from     time.Time
	known    eventlog.Position // by what was on record at from; 0: as at to
	to       projections.Moment
	end      time.Time // of to
	last     time.Time // that the page can show: its moment
	fromText string    // as they were asked for
	toText   string
}

// span reads the moments of a page's address: from, or some days before the other
// if there is none, and to, which is the moment of the page otherwise.
func (s *Site) span(ctx context.Context, r request, days int) (p span, err error) {
	if s.Ledger == nil || s.Moments == nil {
		return p, fault.New(fault.NotFound, "this portal keeps no history to look into")
	}
	get := func(field string) string { return strings.TrimSpace(r.self.query.Get(field)) }
	p.fromText, p.toText, p.to = get(fieldFrom), get(fieldTo), r.moment
	if p.toText != "" {
		if p.to.At, err = s.Moments.Time(ctx, fieldTo, p.toText); err != nil {
			return p, err
		}
	}
	p.end, p.last = s.Ledger.Until(p.to), s.Ledger.Until(r.moment)
	if p.fromText == "" {
		p.from = p.end.AddDate(0, 0, -days).Truncate(time.Minute) // who looks again looks at the same
		return p, nil
	}
	if p.from, err = s.Moments.Time(ctx, fieldFrom, p.fromText); err != nil {
		return p, err
	}
	if p.from.IsZero() || p.from.After(p.end) {
		end := cmp.Or(p.toText, "now")
		if !p.end.Before(p.last) { // what was asked for lies ahead of it
			end = "now"
		}
		return p, fault.New(fault.Invalid, "from=%s is not before %s", p.fromText, end)
	}
	known := get(fieldFromKnown)
	if known == knownThen {
		known = p.fromText
	}
	m, err := s.Moments.Parse(ctx, "", known)
	p.known = m.Known
	return p, err
}

// fieldFromKnown says by what was on record the catalog is meant at the beginning of a
// period, as fieldKnown does of a page.
const fieldFromKnown = "fromKnown"

// begin is the moment at which the period begins, by the same knowledge as its end if
// no other is asked for.
func (p span) begin() projections.Moment {
	return projections.Moment{At: p.from, Known: cmp.Or(p.known, p.to.Known)}
}

// says is the period in words.
func (p span) says() string {
	end := "now"
	if !p.to.At.IsZero() {
		end = ui.Minute(p.to.At).Text
	}
	from := ui.Minute(p.from).Text
	if p.known > 0 {
		from += ", by what was on record at event " + ui.Number(p.known) + ","
	}
	return from + " to " + end
}

// fields are those of a form that asks for another period.
func (p span) fields() []ui.Field {
	from := p.fromText
	if from == "" {
		from = p.from.UTC().Format(minutes)
	}
	return []ui.Field{
		{ID: "p-from", Name: fieldFrom, Label: "From", Value: from, Placeholder: "2026-03-03T14:00"},
		{ID: "p-to", Name: fieldTo, Label: "To", Value: p.toText, Placeholder: "now"},
	}
}

// jumps lead to usual periods that end with the moment of the page.
func (p span) jumps(base link) []ui.View {
	now := p.last.UTC()
	base = base.drop(fieldTo, fieldFromKnown, fieldPage)
	var all []ui.View
	for _, jump := range []struct {
		label string
		at    time.Time
	}{
		{"Since yesterday", now.AddDate(0, 0, -1)}, {"Last week", now.AddDate(0, 0, -7)}, {"Last month", now.AddDate(0, -1, 0)}, {"This quarter", scorecards.QuarterOf(now)},
	} {
		from := jump.at.Format(minutes)
		all = append(all, ui.View{Label: jump.label, Href: base.set(fieldFrom, from).String(), On: p.toText == "" && p.from.UTC().Format(time.DateOnly) == jump.at.Format(time.DateOnly)})
	}
	return all
}
