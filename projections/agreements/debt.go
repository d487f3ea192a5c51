package agreements

import (
	"context"
	"slices"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/scorecards"
)

// spell is a time for which an exemption was granted.
type spell struct {
	from, to time.Time // to is exclusive; zero = it does not end
	x        event.Exemption
}

// Debt counts how many exemptions were in force at moments in order, of those that are wanted,
// by what was said of them and known at a moment: they held, and the card judged the entity by
// a rule that they exempt from.
func (r Reader) Debt(ctx context.Context, m projections.Moment, moments []time.Time, wanted func(event.Exemption) bool) ([]int, error) {
	open := map[string]spell{}
	var spells []spell
	end := func(ref string, at time.Time) {
		if s, ok := open[ref]; ok {
			if s.to.IsZero() || at.Before(s.to) {
				s.to = at
			}
			spells = append(spells, s)
			delete(open, ref)
		}
	}
	f := history.Filter{Kind: scorecards.KindExemption, Known: m.Known, Whole: true, Uncounted: true, Oldest: true, Limit: 500}
	if !m.At.IsZero() {
		f.To = m.At.Add(time.Nanosecond)
	}
	for {
		page, err := r.Events.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			x, granted, ok := exemptionIn(e)
			if !ok {
				continue
			}
			end(x.Ref, e.Time) // also if it is of another card or entity now, which is not wanted
			if granted && wanted(x) {
				open[x.Ref] = spellOf(x, e.Time)
			}
		}
		if page.Next == 0 {
			break
		}
		f.After = page.Next
	}
	for _, s := range open {
		spells = append(spells, s)
	}
	judged, err := r.judged(ctx, m, spells)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(moments))
	for i, at := range moments {
		for _, s := range spells {
			if at.Before(s.from) || !s.to.IsZero() && !at.Before(s.to) {
				continue
			}
			if slices.ContainsFunc(judged[subject{s.x.Card, s.x.Entity}], func(j judgement) bool { return j.by(s.x.Rules, at) }) {
				counts[i]++
			}
		}
	}
	return counts, nil
}

// subject is an entity on a scorecard, by their full refs.
type subject struct{ card, entity string }

// judgement is a time for which an entity was judged by the same rules.
type judgement struct {
	from, to time.Time // to is exclusive; zero = it still is
	rules    map[string]string
}

// by reports whether it was judged by any of some rules at a moment; none are all of the card.
func (j judgement) by(rules []string, at time.Time) bool {
	if at.Before(j.from) || !j.to.IsZero() && !at.Before(j.to) {
		return false
	}
	return len(rules) == 0 || slices.ContainsFunc(rules, func(id string) bool { _, ok := j.rules[id]; return ok })
}

// judged tells when the entities that are exempt were judged by the cards.
func (r Reader) judged(ctx context.Context, m projections.Moment, spells []spell) (map[subject][]judgement, error) {
	byCard := map[string][]string{}
	for _, s := range spells {
		if !slices.Contains(byCard[s.x.Card], s.x.Entity) {
			byCard[s.x.Card] = append(byCard[s.x.Card], s.x.Entity)
		}
	}
	all := map[subject][]judgement{}
	for card, entities := range byCard {
		for s, err := range r.Scores.SpellsOf(ctx, card, m.Known, entities) {
			if err != nil {
				return nil, err
			}
			rules, err := s.Outcomes()
			if err != nil {
				return nil, err
			}
			key := subject{card, s.Entity}
			all[key] = append(all[key], judgement{s.Since, s.Until, rules})
		}
	}
	return all, nil
}

// exemptionIn reads what an event says of an exemption, and whether it is granted then.
func exemptionIn(e history.Entry) (x event.Exemption, granted, ok bool) {
	data, err := event.Event{Type: e.Type, Data: e.Data}.Decode()
	if err != nil {
		return x, false, false
	}
	switch d := data.(type) {
	case event.ExemptionRequested:
		return d.Exemption, false, true
	case event.ExemptionGranted:
		return d.Exemption, true, true
	case event.ExemptionDenied:
		return d.Exemption, false, true
	case event.ExemptionRevoked:
		return d.Exemption, false, true
	case event.ExemptionExpired:
		return d.Exemption, false, true
	}
	return x, false, false
}

func spellOf(x event.Exemption, at time.Time) spell {
	s := spell{from: at, x: x}
	if from, err := time.Parse(time.DateOnly, x.From); err == nil && from.After(at) {
		s.from = from
	}
	if last, err := time.Parse(time.DateOnly, x.Until); err == nil {
		s.to = last.AddDate(0, 0, 1)
	}
	return s
}
