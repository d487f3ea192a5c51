package evidence

import (
	"slices"
	"time"

	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// cards are the scorecard of a question as it was, by time.
type cards []cardFrom

// cardFrom is a scorecard as it was from a time on.
type cardFrom struct {
	from time.Time
	card *scorecards.Card
}

// cards reads those that are on record. One that cannot be read any more is left out.
func (r record) cards(q Question) (all cards) {
	last := ""
	for _, t := range r.told[q.Scorecard] {
		if t.Entity == last {
			continue
		}
		last = t.Entity
		e := entityOf(t)
		if e == nil {
			continue
		}
		if card, _ := scorecards.ParseCard(e); card != nil {
			all = append(all, cardFrom{t.Since, card})
		}
	}
	return all
}

// at is the card of a moment; nil if none is on record.
func (c cards) at(t time.Time) (card *scorecards.Card) {
	for _, one := range c {
		if one.from.After(t) {
			break
		}
		card = one.card
	}
	return card
}

// turn is when another card, or another rule of this one, counts after a moment; zero if none
// does.
func (c cards) turn(after time.Time) (next time.Time) {
	sooner := func(t time.Time) {
		if t.After(after) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, one := range c {
		sooner(one.from)
	}
	if card := c.at(after); card != nil {
		for _, rule := range card.Rules {
			sooner(rule.From)
		}
	}
	return next
}

// levels is at which level an entity was while it stood so. Where it has reached none, it is told
// apart whether a rule fails or nobody can tell, which may turn while the score stays as it is.
func (c cards) levels(s scores.Score) (all []Stretch) {
	one := Stretch{From: s.Since, To: s.Until, Value: s.Level, By: &Event{s.Position, s.Since.UTC(), s.Actor, s.Cause.Commit, s.Cause.CommitURL}}
	if s.Level != "" {
		return []Stretch{one}
	}
	for {
		one.Gap, one.To = below(c.at(one.From), s.Rules, one.From), c.turn(one.From)
		if one.To.IsZero() || !s.Until.IsZero() && !one.To.Before(s.Until) {
			one.To = s.Until
			return append(all, one)
		}
		all = append(all, one)
		one.From = one.To
	}
}

// below is the gap of an entity that has not even reached the lowest level. Of a card that
// is not on record, or has no levels, any rule counts.
func below(card *scorecards.Card, rules []scores.Rule, at time.Time) string {
	counts := func(id string) bool {
		if card == nil || len(card.Levels) == 0 {
			return true
		}
		rule := card.Rule(id)
		return rule != nil && rule.Level == card.Levels[0].Name && rule.Counts(at)
	}
	if slices.ContainsFunc(rules, func(r scores.Rule) bool { return scorecards.Outcome(r.Outcome) == scorecards.Fail && counts(r.ID) }) {
		return GapFailing
	}
	return GapUnknown
}

// outcome is what a rule came to while an entity stood so; nothing if there was no such rule.
func outcome(s scores.Score, rule string) []Stretch {
	i := slices.IndexFunc(s.Rules, func(one scores.Rule) bool { return one.ID == rule })
	if i < 0 {
		return nil
	}
	r := s.Rules[i]
	one := Stretch{From: s.Since, To: s.Until, Value: r.Outcome, Says: r.Message, By: &Event{r.Position, r.Since.UTC(), r.Actor, r.Cause.Commit, r.Cause.CommitURL}}
	switch scorecards.Outcome(r.Outcome) {
	case scorecards.Fail:
		one.Gap = GapFailing
	case scorecards.Unknown, scorecards.Error:
		one.Gap = GapUnknown
	}
	return []Stretch{one}
}
