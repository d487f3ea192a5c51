package web

import (
	"fmt"
	"strings"

	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// moversView are entities that rose, or that fell.
type moversView struct {
	title string
	all   []moverView
	falls []moverView // of who fell: the last falls, the newest first, if there are more
	more  string      // what these are
}

// Where a page lists who fell, and the last falls.
const (
	fellID  = "h-down"
	fallsID = "falls"
)

// risen are those who rose the most or, where none stands higher than at first, the last who
// rose: of who was not judged at first nobody can say that.
func risen(r request, m *maturity.Report) moversView {
	if len(m.Rose) == 0 {
		return moversView{title: "Rose last", all: moversOf(r, m.Card, m.LastRises)}
	}
	return moversView{title: "Rose the most", all: moversOf(r, m.Card, m.Rose)}
}

// fallen are those who fell the most or, where none stands lower than at first, the last
// who fell; and the last falls, if there were more.
func fallen(r request, m *maturity.Report) moversView {
	v := moversView{title: "Fell the most", all: moversOf(r, m.Card, m.Fell), falls: moversOf(r, m.Card, m.LastFalls)}
	if len(m.Fell) == 0 {
		v.title, v.all = "Fell last", v.falls[:min(len(v.falls), m.Movers)]
	}
	switch n := len(v.falls); {
	case !hasMoreFalls(m):
		v.falls = nil
	case n < m.Falls.Fell:
		v.more = fmt.Sprintf("The last %d of %d falls", n, m.Falls.Fell)
	default:
		v.more = fmt.Sprintf("All %d falls", n)
	}
	return v
}

// hasMoreFalls reports whether there were more falls than those who fell tell of.
func hasMoreFalls(m *maturity.Report) bool {
	shown := len(m.Fell)
	if shown == 0 {
		shown = min(len(m.LastFalls), m.Movers)
	}
	return m.Falls.Fell > shown
}

// moversOf are those who moved, each with the change that did it.
func moversOf(r request, card *scorecards.Card, all []maturity.Move) (views []moverView) {
	for _, m := range all {
		v := moverView{
			entity: named(r.catalog, m.Entity), before: levelOf(card, m.Before.Level), after: levelOf(card, m.After.Level),
			when: ui.Near(m.At, r.now), who: actor(m.Actor), commit: commit(m.Cause), event: mark(m.Position), why: whyMoved(card, m),
		}
		if v.entity.Href != "" {
			v.entity.Href += "/scorecards"
		}
		if len(card.Levels) == 0 {
			v.points = pointsMoved(m.Before, m.After)
			v.why = strings.TrimPrefix(v.why+fmt.Sprintf("; %+.0f points in a hundred", m.By), "; ")
		}
		views = append(views, v)
	}
	return views
}

// pointsMoved is how many points there were and are, of as many as there could be.
func pointsMoved(before, after scores.Stand) string {
	if before.Of == after.Of {
		return fmt.Sprintf("%v → %v of %v", before.Points, after.Points, after.Of)
	}
	return fmt.Sprintf("%v of %v → %v of %v", before.Points, before.Of, after.Points, after.Of)
}

// whyMoved names a rule that a change turned the way in which the entity went: one that
// fails now for a fall, one that passes now for a rise; else one that is no hindrance any
// more, or is none that is certain to be kept.
func whyMoved(card *scorecards.Card, m maturity.Move) string {
	best := scorecards.Pass
	if m.By < 0 {
		best = scorecards.Fail
	}
	why := ""
	for _, o := range m.Rules {
		rule, outcome := card.Rule(o.ID), scorecards.Outcome(o.Outcome)
		if rule == nil || !outcome.Lets() != (m.By < 0) || why != "" && outcome != best {
			continue
		}
		why = rule.Title + ": " + newCell(o.Outcome, "").says
		if outcome == best {
			break
		}
	}
	return why
}
