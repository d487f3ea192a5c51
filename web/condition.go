package web

import (
	"time"

	"github.com/callboard/callboard/projections/repositories"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

const (
	lineSpan   = 24 * time.Hour // that a truth line shows
	gapsOnLine = 20
)

// condition is how a source stands, in words and as a line through the last day.
type condition struct {
	look, icon, word string
	late             bool
	unknown          bool    // up to which moment it is known
	through          float64 // percent of the line
	says             string  // what throughAt stands for
	throughAt        ui.Moment
}

func newCondition(s standing.State, now time.Time) condition {
	c := condition{says: "complete through ", late: s.Late(), unknown: s.Through.IsZero(), throughAt: ui.Stamp(s.Through, now)}
	if s.Backlog.Failed > 0 {
		c.says = "all but " + ui.Number(s.Backlog.Failed) + ", through "
	}
	if !c.unknown {
		c.through = onLine(s.Through, now)
	}
	switch {
	case s.Is == standing.Silent && s.Unhooked() == "":
		c.look, c.icon, c.word = "", "clock", "Nothing yet"
	case s.Is == standing.Unreachable:
		c.look, c.icon, c.word = "bad", "x-circle", "Cannot be asked"
	case s.Is == standing.Losing:
		c.look, c.icon, c.word = "bad", "x-circle", "Cannot be stored"
	case s.Is == standing.Gap:
		c.look, c.icon, c.word = "warn", "alert", "Has a gap"
	case s.Is == standing.Partial:
		c.look, c.icon, c.word = "warn", "alert", "In part"
	case s.Is == standing.Late:
		c.look, c.icon, c.word = "warn", "alert", "Late"
	case s.Backlog.Failed > 0:
		c.look, c.icon, c.word = "bad", "x-circle", ui.Number(s.Backlog.Failed)+" failed"
	case s.Backlog.Held > 0:
		c.look, c.icon, c.word = "warn", "alert", ui.Number(s.Backlog.Held)+" held"
	case s.Is == standing.Unheard, s.Unhooked() != "":
		c.look, c.icon, c.word = "warn", "alert", "No webhook"
	case s.Is == standing.Reading:
		c.look, c.icon, c.word = "info", "clock", "Reading"
	default:
		c.look, c.icon, c.word = "good", "check", "Complete"
	}
	return c
}

// onLine is where a moment is on a truth line, in percent.
func onLine(t, now time.Time) float64 {
	return min(100, max(0, 100*(1-float64(now.Sub(t))/float64(lineSpan))))
}

// truthParts are what is known, and what was missed and made up for meanwhile.
func truthParts(now time.Time, through float64, gaps []repositories.Gap) []ui.Interval {
	const least = 1.5 // percent that a gap takes to be seen
	parts := []ui.Interval{{From: 0, To: through}}
	for _, g := range gaps {
		if g.Closed.IsZero() || now.Sub(g.Closed) > lineSpan {
			continue // an open one ends the line
		}
		to := onLine(g.Closed, now)
		from := max(0, min(onLine(g.Start(), now), to-least))
		parts = append(parts, ui.Interval{From: from, To: to, Gap: true})
	}
	return parts
}

func lagOf(t standing.Truth) string {
	switch {
	case t.Through.IsZero() && t.Is == standing.Silent:
		return "none"
	case t.Through.IsZero():
		return "not known"
	case t.Lag == 0:
		return "none"
	default:
		return ui.Span(t.Lag)
	}
}

// budgetView is what a forge still answers in the present window.
type budgetView struct {
	known   bool
	percent int // that is left
	says    string
	resets  ui.Moment
	low     bool // so little that surveys wait
}

func newBudget(s *standing.Survey, now time.Time) budgetView {
	if s == nil || s.Budget.Limit <= 0 {
		return budgetView{}
	}
	b := s.Budget
	v := budgetView{
		known: true, percent: 100 * b.Remaining / b.Limit, resets: ui.Clock(b.Reset),
		says: ui.Number(b.Remaining) + " of " + ui.Number(b.Limit), low: b.Remaining <= b.Limit/5,
	}
	if !b.Reset.After(now) {
		v.resets = ui.Moment{}
	}
	return v
}
