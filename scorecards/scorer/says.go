package scorer

import (
	"cmp"
	"context"
	"time"

	"github.com/callboard/callboard/scorecards"
)

// Says is what rules of a card say now where they fail, by entity and rule. On record is what
// they said when they came to fail. The scorer stands still meanwhile.
//
// That it does not answer by the end of ctx is an error of kind fault.Unavailable.
func (s *Scorer) Says(ctx context.Context, card string, entities []string) (says map[string]map[string]string, err error) {
	failed := s.between(ctx, func(j *judge) { says, err = j.says(card, entities, s.clock(j)) })
	return says, cmp.Or(failed, err)
}

// clock is the moment as of which something is told now.
func (s *Scorer) clock(j *judge) time.Time {
	if now := s.Now(); now.After(j.clock) {
		return now
	}
	return j.clock
}

func (j *judge) says(ref string, entities []string, now time.Time) (map[string]map[string]string, error) {
	card, says := j.world.cards[ref], map[string]map[string]string{}
	if card == nil {
		return says, nil
	}
	for _, entity := range entities {
		outcomes := j.standing[pair{ref, entity}].outcomes
		subject, err := j.world.Subject(entity, now)
		if err != nil {
			return nil, err
		}
		if subject == nil {
			continue
		}
		says[entity] = map[string]string{}
		for _, rule := range card.Rules {
			if outcomes[rule.ID] == string(scorecards.Fail) {
				says[entity][rule.ID] = rule.Says(subject, now)
			}
		}
	}
	return says, nil
}

// Unclear are the entities of which nobody can tell whether a card judges them.
type Unclear struct {
	Entities int    `json:"entities"` // for which its filter goes wrong
	Of       int    `json:"of"`       // the catalog
	Why      string `json:"why"`      // how it goes wrong, for the first of them
}

// Unclear tells for whom the filter of a card goes wrong; nil if for nobody.
//
// That it does not answer by the end of ctx is an error of kind fault.Unavailable.
func (s *Scorer) Unclear(ctx context.Context, card string) (u *Unclear, err error) {
	err = s.between(ctx, func(j *judge) { u = j.unclearOf(card) })
	return u, err
}

func (j *judge) unclearOf(card string) *Unclear {
	u, first := Unclear{Of: len(j.world.entities)}, ""
	for key, why := range j.unclear {
		if key.card != card {
			continue
		}
		u.Entities++
		if first == "" || key.entity < first {
			first, u.Why = key.entity, why
		}
	}
	if u.Entities == 0 {
		return nil
	}
	return &u
}
