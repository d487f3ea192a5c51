package scorecards

import (
	"fmt"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
)

// Names looks up what scorecards, exemptions and initiatives name.
type Names struct {
	// Get returns an entity by its full ref; nil if it is not there.
	Get func(ref string) *catalog.Entity
	// Partial says that more may be there than Get knows: only of a card that it knows is
	// told what that lacks.
	Partial bool

	cards map[string]*Card // that were read, by ref
}

// Missing lists what an entity names and is not there, with what to do: of an exemption its
// card, rules and entity, of an initiative its card, level, rules and owner, of a scorecard
// its owner; of an exemption also an entity that the card does not judge. Of what is over at the moment, and of entities of other kinds, there is nothing
// to say.
func (n *Names) Missing(e *catalog.Entity, now time.Time) []catalog.Problem {
	var all []catalog.Problem
	entity := func(path, ref string) {
		if ref != "" && !n.Partial && n.Get(ref) == nil {
			all = append(all, catalog.Problem{Path: path, Message: fmt.Sprintf("there is no %s in the catalog; mend the name, or add it", ref)})
		}
	}
	misses := func(card string, of func(*Card) []miss) {
		c := n.card(card)
		if c == nil && n.Partial {
			return
		}
		for _, m := range of(c) {
			all = append(all, catalog.Problem{Path: m.path, Message: m.what + "; " + m.mend})
		}
	}
	switch e.Kind {
	case KindScorecard:
		if c, _ := ParseCard(e); c != nil {
			entity("spec.owner", c.Owner)
		}
	case KindInitiative:
		if i, _ := ParseInitiative(e); i != nil && now.Before(i.End()) {
			entity("spec.owner", i.Owner)
			misses(i.Card, i.misses)
		}
	case KindExemption:
		x, _ := ParseExemption(e)
		if x == nil {
			return nil
		}
		if s := x.Stands(now); s == Requested || s == Granted {
			entity("spec.entity", x.Entity)
			if e, c := n.Get(x.Entity), n.card(x.Card); e != nil && c != nil && c.PassesBy(e, now) {
				all = append(all, catalog.Problem{Path: "spec.entity", Message: fmt.Sprintf("the scorecard does not judge %s; name one that its filter takes", x.Entity)})
			}
			misses(x.Card, x.misses)
		}
	}
	return all
}

// card reads a scorecard once; nil if it is not there.
func (n *Names) card(ref string) *Card {
	c, known := n.cards[ref]
	if known {
		return c
	}
	if e := n.Get(ref); e != nil {
		c, _ = ParseCard(e)
	}
	if n.cards == nil {
		n.cards = map[string]*Card{}
	}
	n.cards[ref] = c
	return c
}

// miss is something that is named and not there.
type miss struct {
	path string
	what string // is wrong, for people
	mend string // what to do
}

// misses lists what the initiative names and is not there: of a card, nil where that is not
// there itself.
func (i *Initiative) misses(c *Card) []miss {
	if c == nil {
		return []miss{noCard()}
	}
	all := c.asDraft()
	if i.Level != "" && c.Rank(i.Level) == 0 {
		mend := "write one of " + c.levelNames()
		if len(c.Levels) == 0 {
			mend = "it has none: name rules under spec.rules"
		}
		all = append(all, miss{"spec.level", "the scorecard has no level " + i.Level, mend})
	}
	return append(all, c.lacks(i.Rules)...)
}

// misses lists what the exemption names and is not there, of a card.
func (e *Exemption) misses(c *Card) []miss {
	if c == nil {
		return []miss{noCard()}
	}
	return append(c.asDraft(), c.lacks(e.Rules)...)
}

// asDraft is that the card is a draft, if it is.
func (c *Card) asDraft() []miss {
	if c.Draft {
		return []miss{{"spec.scorecard", "the scorecard is a draft, which asks nobody for anything", "publish it first"}}
	}
	return nil
}

func noCard() miss {
	return miss{"spec.scorecard", "there is no such scorecard", "mend the name, or add it"}
}

// maxNamed is how many rules are offered in place of one that is not there.
const maxNamed = 10

// lacks lists which rules the card does not have.
func (c *Card) lacks(rules []string) []miss {
	var all []miss
	for n, id := range rules {
		if c.Rule(id) == nil {
			all = append(all, miss{catalog.IndexPath("spec.rules", n), "the scorecard has no rule " + id, "write one of " + c.ruleNames()})
		}
	}
	return all
}

func (c *Card) ruleNames() string {
	var ids []string
	for _, r := range c.Rules[:min(len(c.Rules), maxNamed)] {
		ids = append(ids, r.ID)
	}
	text := strings.Join(ids, ", ")
	if more := len(c.Rules) - maxNamed; more > 0 {
		text += fmt.Sprintf(" or %d more", more)
	}
	return text
}

// Unmeasured says why nobody can tell who is done: there is no card, or it has no such
// level or rule any more. Empty: everybody can.
func (i *Initiative) Unmeasured(c *Card) string {
	for _, m := range i.misses(c) {
		return m.what
	}
	return ""
}
