package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/callboard/callboard/projections/ledger"
)

// period is the time that a report is about; to is exclusive.
type period struct{ from, to time.Time }

// clip returns what of a time is within the period. A zero to is without end.
func (p period) clip(from, to time.Time) (period, bool) {
	if from.Before(p.from) {
		from = p.from
	}
	if to.IsZero() || to.After(p.to) {
		to = p.to
	}
	return period{from, to}, from.Before(to)
}

// clips leaves of a stretch, whose To may be zero, what is within the period, and reports
// whether there is any.
func (p period) clips(s *Stretch) bool {
	c, ok := p.clip(s.From, s.To)
	s.From, s.To = c.from.UTC(), c.to.UTC()
	return ok
}

// lasts reports whether a stretch has a length; without an end it has.
func (s Stretch) lasts() bool { return s.To.IsZero() || s.From.Before(s.To) }

func (p period) stretches(all []ledger.Interval) []Stretch {
	found := []Stretch{}
	for _, i := range all {
		if c, ok := p.clip(i.From, i.To); ok {
			by := &Event{i.Began.Position, i.Began.Time.UTC(), i.Began.Actor, i.Began.Cause.Commit, i.Began.Cause.CommitURL}
			found = append(found, Stretch{From: c.from.UTC(), To: c.to.UTC(), Value: i.Value, By: by})
		}
	}
	return found
}

// within returns what of the second is in the time of the first.
func within(times, all []Stretch) []Stretch {
	found := []Stretch{}
	for _, t := range times {
		p := period{t.From, t.To}
		for _, s := range all {
			if c, ok := p.clip(s.From, s.To); ok {
				s.From, s.To = c.from, c.to
				found = append(found, s)
			}
		}
	}
	return found
}

// gaps finds what is amiss with an entity, in the order of time.
func gaps(q Question, e Entity) []Gap {
	found := []Gap{}
	for _, s := range e.Owners {
		if s.Value == "" {
			found = append(found, Gap{GapUnowned, s.From, s.To})
		}
	}
	if q.Scorecard != "" {
		for _, s := range e.Control {
			if s.Gap != "" {
				found = append(found, Gap{s.Gap, s.From, s.To})
			}
		}
		for _, t := range e.InCatalog {
			at := t.From
			for _, s := range within([]Stretch{t}, e.Control) {
				if at.Before(s.From) {
					found = append(found, Gap{GapNoScore, at, s.From})
				}
				at = s.To
			}
			if at.Before(t.To) {
				found = append(found, Gap{GapNoScore, at, t.To})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Gap) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind)) })
	joined := found[:0]
	for _, g := range found {
		if i := slices.IndexFunc(joined, func(one Gap) bool { return one.Kind == g.Kind && one.To.Equal(g.From) }); i >= 0 {
			joined[i].To = g.To
			continue
		}
		joined = append(joined, g)
	}
	return joined
}
