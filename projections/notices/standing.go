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

// still is what of a fall still is so, given the rules that let the entity not pass now.
func (w Why) still(now map[string]openRule) Why {
	is := Why{Actor: w.Actor, Cause: w.Cause}
	for _, r := range w.Rules {
		if n := now[r.ID]; n.Outcome == scorecards.Fail && n.Counts {
			r.Message = n.Message
			is.Rules = append(is.Rules, r)
		}
	}
	if len(is.Rules) == 0 {
		return is
	}
	first := is.Rules[0].Earlier
	if first == nil || slices.ContainsFunc(is.Rules, func(r Rule) bool { return r.Earlier == nil || *r.Earlier != *first }) {
		return is
	}
	is.Actor, is.Cause = first.Actor, first.Cause // all that is left is due to what was first
	for i := range is.Rules {
		is.Rules[i].Earlier = nil
	}
	return is
}

// further is a fall with one that came after it, as one: due to the rules of both.
func (w Why) further(next Why) Why {
	one := Why{Actor: next.Actor, Cause: next.Cause}
	for _, r := range w.Rules {
		if slices.ContainsFunc(next.Rules, func(n Rule) bool { return n.ID == r.ID }) {
			continue
		}
		sameCommit := w.Cause.Commit != "" && w.Cause.Commit == next.Cause.Commit // by another delivery
		if r.Earlier == nil && (w.Actor != next.Actor || w.Cause != next.Cause && !sameCommit) {
			r.Earlier = &Earlier{w.Actor, w.Cause}
		}
		one.Rules = append(one.Rules, r)
	}
	one.Rules = append(one.Rules, next.Rules...)
	return one
}
