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
	switch f.rec.Type {
	case event.TypeExemptionGranted:
		if err := f.leave(e.Ref); err != nil {
			return err
		}
		says, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = f.Exec(`INSERT INTO exemptions (ref, card, entity, ended, says) VALUES (?, ?, ?, 0, ?)`, e.Ref, e.Card, e.Entity, string(says))
		return err
	case event.TypeExemptionRevoked:
		if first, ok := day(e.From); ok && first.After(f.rec.Time) { // it never held
			_, err := f.Exec(`DELETE FROM exemptions WHERE ref = ?`, e.Ref)
			return err
		}
		x.How, x.By = Revoked, cmp.Or(e.DecidedBy, f.rec.Actor.String())
	case event.TypeExemptionExpired:
		x.How = Lapsed
	default: // it is none by now
		return f.leave(e.Ref)
	}
	says, err := json.Marshal(x)
	if err != nil {
		return err
	}
	// Of one that was not granted, or is over, nothing ends.
	_, err = f.Exec(`UPDATE exemptions SET ended = ?, says = ? WHERE ref = ? AND ended = 0`, f.rec.Position, string(says), e.Ref)
	return err
}

// leave keeps what an exemption was before it is another one, under a ref of its own. If it
// held, it ends without a word of how.
func (f folder) leave(ref string) error {
	_, err := f.Exec(`UPDATE exemptions SET ref = ref || '@' || ?,
		says = CASE ended WHEN 0 THEN json_remove(says, '$.exemption', '$.until') ELSE says END,
		ended = CASE ended WHEN 0 THEN ? ELSE ended END WHERE ref = ?`, f.rec.Position, f.rec.Position, ref)
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
		rules[i].Lapse = &Lapse{} // it is not known
		if at := slices.IndexFunc(ended, func(x exempted) bool { return len(x.Rules) == 0 || slices.Contains(x.Rules, c.Rule) }); at >= 0 {
			rules[i].Lapse = &ended[at].Lapse
		}
	}
	return nil
}

// ended lists the exemptions of the entity from a card that ended, the last first: that one held
// up to now.
func (f folder) ended(card string) (all []exempted, err error) {
	var says []byte
	if err := f.QueryRow(`SELECT json_group_array(json(says)) FROM (SELECT says FROM exemptions WHERE entity = ? AND card = ? AND ended > 0 ORDER BY ended DESC)`, f.rec.Subject, card).Scan(&says); err != nil {
		return nil, err
	}
	return all, json.Unmarshal(says, &all)
}
