package notices

import (
	"encoding/json"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards"
)

// keptCard is what is kept of a scorecard: its ladder, and what its rules are called and count
// from. Expressions are not: nothing is judged here, and to compile them whenever an event
// names the card would take longer than the fold.
type keptCard struct {
	Draft  bool               `json:"draft,omitempty"`
	Levels []scorecards.Level `json:"levels,omitempty"`
	Rules  []keptRule         `json:"rules,omitempty"`
}

type keptRule struct {
	ID    string    `json:"id"`
	Title string    `json:"title,omitempty"`
	From  time.Time `json:"from,omitzero"`
}

// cardSays is what is kept of an entity, if it is a card that entities are judged by: null of all
// else, and of a card that cannot be read.
func cardSays(e *catalog.Entity) (string, error) {
	var kept *keptCard
	if e.Kind == scorecards.KindScorecard && e.APIVersion == scorecards.APIVersion {
		if c, _ := scorecards.ParseCard(e); c != nil {
			kept = &keptCard{Draft: c.Draft, Levels: c.Levels}
			for _, r := range c.Rules {
				kept.Rules = append(kept.Rules, keptRule{r.ID, r.Title, r.From})
			}
		}
	}
	b, err := json.Marshal(kept)
	return string(b), err
}

// readCard returns the card of which something was kept; nil if there is none. It judges nothing.
func readCard(says []byte) (*scorecards.Card, error) {
	var kept *keptCard
	if err := json.Unmarshal(says, &kept); err != nil || kept == nil {
		return nil, err
	}
	c := &scorecards.Card{Draft: kept.Draft, Levels: kept.Levels}
	for _, r := range kept.Rules {
		c.Rules = append(c.Rules, &scorecards.Rule{ID: r.ID, Title: r.Title, From: r.From})
	}
	return c, nil
}

// ruleOf is a rule of a card; nil if there is none.
func ruleOf(c *scorecards.Card, id string) *scorecards.Rule {
	if c == nil {
		return nil
	}
	return c.Rule(id)
}

// titles are what rules of a card are called: by their ids, where they are not known.
func titles(c *scorecards.Card, ids []string) (all []string) {
	for _, id := range ids {
		title := id
		if r := ruleOf(c, id); r != nil {
			title = r.Title
		}
		all = append(all, title)
	}
	return all
}

// counts reports whether a rule counts at a time. One that is not known does.
func counts(c *scorecards.Card, id string, at time.Time) bool {
	r := ruleOf(c, id)
	return r == nil || r.Counts(at)
}

// measures reports whether a card can tell who has done what an initiative asks for.
func measures(c *scorecards.Card, i event.Initiative) bool {
	return (&scorecards.Initiative{Level: i.Level, Rules: i.Rules}).Unmeasured(c) == ""
}
