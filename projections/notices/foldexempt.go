package notices

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// exempted is an exemption that is granted, or was until it ended.
type exempted struct {
	Lapse
	Rules []string `json:"rules,omitempty"` // ids; none: all of the card
}

// exempts keeps what is granted, and how it ends: if a level falls due to that, it is said.
func (f folder) exempts(e event.Exemption) error {
	x := exempted{Lapse{Exemption: e.Ref, Until: e.Until}, e.Rules}
	ended := f.rec.Position
	switch f.rec.Type {
	case event.TypeExemptionGranted:
		ended = 0
	case event.TypeExemptionRevoked:
		x.How, x.By = Revoked, cmp.Or(e.DecidedBy, f.rec.Actor.String())
	case event.TypeExemptionExpired:
		x.How = Lapsed
	default: // it is none by now
		_, err := f.Exec(`DELETE FROM exemptions WHERE ref = ?`, e.Ref)
		return err
	}
	says, err := json.Marshal(x)
	if err != nil {
		return err
	}
	if ended > 0 { // of one that never was granted nothing ends
		_, err = f.Exec(`UPDATE exemptions SET ended = ?, says = ? WHERE ref = ?`, ended, string(says), e.Ref)
		return err
	}
	_, err = f.Exec(`INSERT OR REPLACE INTO exemptions (ref, card, entity, ended, says) VALUES (?, ?, ?, ?, ?)`, e.Ref, e.Card, e.Entity, ended, string(says))
	return err
}

// lapses has rules that an entity was exempt from until now say what became of that.
func (f folder) lapses(d event.ScoreChanged, rules []Rule) error {
	ended, err := f.ended(d.Card)
	if err != nil {
		return err
	}
	for _, c := range d.Rules {
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == c.Rule })
		if i < 0 || scorecards.Outcome(c.Before) != scorecards.Exempt {
			continue
		}
		rules[i].Lapse = &Lapse{} // of another that was changed is not known what it was
		if at := slices.IndexFunc(ended, func(x exempted) bool { return len(x.Rules) == 0 || slices.Contains(x.Rules, c.Rule) }); at >= 0 {
			rules[i].Lapse = &ended[at].Lapse
		}
	}
	return nil
}

// ended lists the exemptions of the entity from a card that ended, the last first.
func (f folder) ended(card string) (all []exempted, err error) {
	var says []byte
	if err := f.QueryRow(`SELECT json_group_array(json(says)) FROM (SELECT says FROM exemptions WHERE entity = ? AND card = ? AND ended > 0 ORDER BY ended DESC)`, f.rec.Subject, card).Scan(&says); err != nil {
		return nil, err
	}
	return all, json.Unmarshal(says, &all)
}
