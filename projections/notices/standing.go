package notices

import (
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// openRule is a rule that does not let an entity pass.
type openRule struct {
	Outcome scorecards.Outcome `json:"is"`
	Title   string             `json:"title,omitempty"`
	Message string             `json:"says,omitempty"`
	Counts  bool               `json:"counts,omitempty"` // its day has come
}

// stand keeps how an entity stands now. It returns the rules that did not let it pass
// before, and those that do not now, by their ids.
func (f folder) stand(d event.ScoreChanged, card *scorecards.Card) (before, after map[string]openRule, err error) {
	var is []byte
	err = f.QueryRow(`SELECT open FROM standing WHERE card = ? AND entity = ?`, d.Card, f.rec.Subject).Scan(&is)
	if err == nil {
		err = json.Unmarshal(is, &before)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	after = map[string]openRule{}
	maps.Copy(after, before)
	for _, r := range d.Rules {
		delete(after, r.Rule)
		if is := scorecards.Outcome(r.After); is != "" && !is.Lets() { // empty: the card has no such rule any more
			after[r.Rule] = openRule{Outcome: is, Title: r.Title, Message: r.Message}
		}
	}
	for id, r := range after {
		r.Counts = counts(card, id, f.rec.Time)
		after[id] = r
	}
	if is, err = json.Marshal(after); err != nil {
		return nil, nil, err
	}
	_, err = f.Exec(`INSERT INTO standing (card, entity, open) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET open = excluded.open`,
		d.Card, f.rec.Subject, string(is))
	return before, after, err
}

// reasons are the rules that let an entity fall, given those that did not let it pass
// before and do not now: what counts and fails, since now or because it counts only now.
// What is not known, or went wrong, lets nothing fall.
func reasons(d event.ScoreChanged, before, after map[string]openRule) (all []Rule) {
	add := func(id string, isNew bool) {
		if r := after[id]; r.Outcome == scorecards.Fail && r.Counts {
			all = append(all, Rule{ID: id, Title: r.Title, Message: r.Message, New: isNew})
		}
	}
	waited := func(id string) bool { r, open := before[id]; return open && !r.Counts }
	for _, r := range d.Rules { // in the order of the card
		add(r.Rule, r.Before == "" || waited(r.Rule))
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if waited(id) && !slices.ContainsFunc(d.Rules, func(r event.RuleChange) bool { return r.Rule == id }) {
			add(id, true)
		}
	}
	return all
}
