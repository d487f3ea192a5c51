package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const (
	fieldGroup = "group"
	fieldOpen  = "open"
	byDomain   = "domain"
	// shownOfGroup is how many rows a group has that nobody opened.
	shownOfGroup = 4
	// openGroups is how many groups show rows at first.
	openGroups = 3
)

// heatView is entities by rules, the rules by level, the entities by team or domain.
type heatView struct {
	by      []ui.Choice
	tiers   []heatTier
	rules   []ruleColumn // in the order of the tiers
	groups  []heatGroup
	soon    []string        // rules that do not count yet, with the day
	chips   []ui.Chip       // what it keeps to
	says    string          // how those stand that do not pass the rule that it keeps to
	last    map[string]bool // of these, those that have only that one left to the next level
	csv     string
	ladder  bool
	entity  bool   // there is any
	running bool   // it is not known yet whether there is
	unclear string // for whom the filter of the card goes wrong
	wrong   string // which rules go wrong
}

type heatTier struct {
	level levelMark
	rules int
}

// heatGroup is what a team or a domain has.
type heatGroup struct {
	label   string
	href    string // opens or closes it
	open    bool
	gone    bool // its team is not in the catalog
	count   int
	says    string
	percent string // of a card that counts points
	shares  []ui.Share
	cells   []groupCell
	rows    []scoreRow
	more    int
}

// groupCell is the share of a group that a rule passes for.
type groupCell struct {
	text string
	low  bool
}

// low is the share of passes that is worth a second look, in percent.
const low = 60

// heatGroups returns what names the group of an entity: its owner, or its domain.
func heatGroups(c Catalog, domain bool) func(ref string) string {
	if domain {
		return maturity.Domains(c)
	}
	return func(ref string) string {
		if e, ok := c.Get(ref); ok {
			return e.Owner()
		}
		return ""
	}
}

// newHeatView groups scores. The list is in the order in which rows are shown.
func newHeatView(r request, card *scorecards.Card, list []scores.Score, only heatFilter) heatView {
	domain := r.self.query.Get(fieldGroup) == byDomain
	v := heatView{
		by: []ui.Choice{
			{Label: "Team", Href: r.self.drop(fieldGroup, fieldOpen).String(), On: !domain},
			{Label: "Domain", Href: r.self.set(fieldGroup, byDomain).drop(fieldOpen).String(), On: domain},
		},
		ladder: len(card.Levels) > 0, entity: len(list) > 0, wrong: wrongText(card, list), csv: csvLink(r, "/api"+scorecardLink(card.Ref)+"/results").String(),
	}
	soon := map[string]bool{}
	rules := slices.SortedStableFunc(slices.Values(card.Rules), func(a, b *scorecards.Rule) int {
		return cmp.Compare(card.Rank(a.Level), card.Rank(b.Level))
	})
	for _, rule := range rules {
		if !rule.Counts(r.pageTime()) {
			soon[rule.ID] = true
			v.soon = append(v.soon, fmt.Sprintf("“%s” is shown and does not count until %s.", rule.Title, ui.Day(rule.From).Text))
		}
		v.rules = append(v.rules, ruleColumn{id: rule.ID, title: rule.Title, level: levelOf(card, rule.Level), href: toHeat(r.self.toggle(fieldRule, rule.ID)), only: only.rule == rule})
		if n := len(v.tiers); n > 0 && v.tiers[n-1].level == levelOf(card, rule.Level) {
			v.tiers[n-1].rules++
		} else {
			v.tiers = append(v.tiers, heatTier{levelOf(card, rule.Level), 1})
		}
	}
	list = only.keep(r, card, list, &v)
	byGroup, groupOf := map[string][]scores.Score{}, heatGroups(r.catalog, domain)
	for _, one := range list {
		group := groupOf(one.Entity)
		byGroup[group] = append(byGroup[group], one)
	}
	var names []string
	for name := range byGroup {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byGroup[b]), len(byGroup[a])), strings.Compare(a, b))
	})
	open := r.self.query[fieldOpen]
	room := shownScores
	for i, name := range names {
		early := 0
		switch {
		case only.rule != nil: // who keeps to a rule asks for these
			early = room
		case i < openGroups:
			early = shownOfGroup
		}
		g := v.group(r, card, name, byGroup[name], soon, open, early)
		room = max(0, room-len(g.rows))
		v.groups = append(v.groups, g)
	}
	return v
}

// pageTime is the moment that a page is about.
func (r request) pageTime() time.Time {
	if r.moment.At.IsZero() {
		return r.now
	}
	return r.moment.At
}

func (v *heatView) group(r request, card *scorecards.Card, name string, list []scores.Score, soon map[string]bool, open []string, early int) heatGroup {
	key := cmp.Or(name, "none")
	g := heatGroup{label: "Nobody", count: len(list), open: slices.Contains(open, key), href: toHeat(r.self.toggle(fieldOpen, key))}
	if r.self.query.Get(fieldGroup) == byDomain {
		g.label = "No domain"
	}
	if name != "" {
		l := named(r.catalog, name)
		g.label, g.gone = l.Label, l.Href == ""
	}
	view := newScoreCard(r.catalog, card, maturity.StandingOf(list))
	g.says, g.shares, g.percent = view.says(), view.shares(), view.percent
	for _, column := range v.rules {
		pass, asked := 0, 0
		for _, one := range list {
			switch scorecards.Outcome(outcomeOf(one, column.id)) {
			case scorecards.Pass:
				pass++
				asked++
			case scorecards.Fail:
				asked++
			}
		}
		c := groupCell{text: "–"}
		if asked > 0 && !soon[column.id] {
			share := whole(100 * float64(pass) / float64(asked))
			c = groupCell{fmt.Sprintf("%d %%", share), share < low}
		}
		g.cells = append(g.cells, c)
	}
	shown := min(len(list), early)
	if g.open {
		shown = min(len(list), shownScores)
	}
	g.more = len(list) - shown
	for _, one := range list[:shown] {
		row := scoreRow{entity: named(r.catalog, one.Entity), level: levelOf(card, one.Level), points: fmt.Sprintf("%v of %v", one.Points, one.Of), last: v.last[one.Entity]}
		if row.entity.Href != "" {
			row.href = row.entity.Href + "/scorecards"
		}
		for _, column := range v.rules {
			c := newCell(outcomeOf(one, column.id), column.title)
			if soon[column.id] {
				c = cell{class: "soon", sign: "·", says: c.says + ", does not count yet", title: column.title}
			}
			c.href = whyLink(row.entity.Href, card.Ref, column.id)
			row.cells = append(row.cells, c)
		}
		g.rows = append(g.rows, row)
	}
	return g
}

func outcomeOf(s scores.Score, rule string) string {
	for _, r := range s.Rules {
		if r.ID == rule {
			return r.Outcome
		}
	}
	return ""
}
