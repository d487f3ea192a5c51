package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// deltaView is a change, as [ui.Delta] draws it.
type deltaView struct{ direction, arrow, says string }

// newDelta is a change of a number of which more is better, or of one of which it is worse.
func newDelta(by int, better bool, unit func(int) string) *deltaView {
	switch {
	case by == 0:
		return &deltaView{"same", "same", "even"}
	case by > 0 == better:
		return &deltaView{"up", arrowOf(by), unit(max(by, -by))}
	}
	return &deltaView{"down", arrowOf(by), unit(max(by, -by))}
}

func arrowOf(by int) string {
	if by > 0 {
		return "arrow-up"
	}
	return "arrow-down"
}

// groupsView is the table of groups.
type groupsView struct {
	by     []ui.Choice
	levels []ui.Choice
	head   string // of the first column
	rows   []groupRow
	more   int
	legend []ui.Share
	names  []string // of the legend
	note   string
}

// ladder reports whether groups stand on levels.
func (v groupsView) ladder() bool { return len(v.legend) > 0 }

// groupRow is a group of entities, and how these stand.
type groupRow struct {
	node   *maturity.Node
	depth  int
	icon   string
	label  string
	href   string
	owner  ui.Person
	total  bool
	gone   bool // it is named, and not in the catalog
	stand  standView
	higher int // stand higher than at the earlier moment
	lower  int
	unsure int
}

// standView is how some entities stand on a card, with how those stood that were judged
// before, and the change of these.
type standView struct {
	judged int
	added  string // "+2 new": not judged before; empty if none is
	says   string
	shares []ui.Share
	share  string
	was    string
	delta  *deltaView
}

// entitiesView is entities by cards.
type entitiesView struct {
	cards  []ui.Anchor
	owners bool // not all have the same
	rows   []entityStands
	more   int
}

type entityStands struct {
	entity ui.EntityLink
	href   string
	owner  ui.Person
	cells  []standCell
}

// standCell is how an entity stands on a card.
type standCell struct {
	judged bool
	ladder bool
	level  levelMark
	points string
	note   string // "was Gold", "new"
	unsure bool
	exempt bool
}

// share is in whole percent, so that what a page subtracts is what it shows.
func share(c maturity.Count) (int, bool) {
	s, ok := c.Share()
	return whole(s), ok
}

// whole is a percentage as all pages write it.
func whole(percent float64) int { return scorecards.Percent(percent, 100) }

func percentText(c maturity.Count) string {
	if n, ok := share(c); ok {
		return strconv.Itoa(n) + " %"
	}
	return "–"
}

func newStandView(card *scorecards.Card, now, same, was maturity.Count) standView {
	v := standView{judged: now.Entities, added: added(now, was), share: percentText(now), was: percentText(was)}
	v.delta = changeOf(same, was, func(n int) string { return strconv.Itoa(n) + " pt" })
	if len(card.Levels) == 0 {
		v.says = v.share + " of all points"
		return v
	}
	var parts []string
	for i := len(card.Levels); i >= 0 && len(now.Levels) > i; i-- {
		one := shareOf(card, i, now.Levels[i])
		parts = append(parts, fmt.Sprintf("%s %d", stepName(card, i), now.Levels[i]))
		if one.Count > 0 {
			v.shares = append(v.shares, one)
		}
	}
	v.says = strings.Join(parts, ", ")
	return v
}

// changeOf is how the share of the same entities changed; nil if there were none.
func changeOf(same, was maturity.Count, unit func(int) string) *deltaView {
	n, ok := share(same)
	before, there := share(was)
	if !ok || !there {
		return nil
	}
	return newDelta(n-before, true, unit)
}

// added says how many were not judged before. It matters where some were.
func added(now, was maturity.Count) string {
	if now.New > 0 && was.Entities > 0 {
		return "+" + ui.Number(now.New) + " new"
	}
	return ""
}

// stepName is a level of a card from the lowest, 1; 0 is none.
func stepName(card *scorecards.Card, step int) string {
	if step == 0 {
		return newLevelMark("").name
	}
	return card.Levels[step-1].Name
}

func shareOf(card *scorecards.Card, step, n int) ui.Share {
	if step == 0 {
		return newLevelMark("").share(n)
	}
	return levelOf(card, card.Levels[step-1].Name).share(n)
}

// groupLabel is what a group is called.
func groupLabel(c Catalog, n *maturity.Node, by maturity.Grouping) string {
	switch {
	case n.Ref != "":
		return named(c, n.Ref).Label
	case n.None && by == maturity.ByTeam:
		return "Nobody"
	case n.None:
		return "No domain"
	}
	return "All"
}

// pathTo leads from the whole organisation to a group.
func pathTo(r request, n *maturity.Node, by maturity.Grouping) []ui.Anchor {
	var back []ui.Anchor
	for at := n; at.Parent != nil && len(back) < 8; at = at.Parent {
		step := ui.Anchor{Label: groupLabel(r.catalog, at, by)}
		if at != n {
			step.Href = r.self.set(fieldWithin, cmp.Or(at.Ref, maturity.None)).String()
		}
		back = append(back, step)
	}
	back = append(back, ui.Anchor{Label: "Organisation", Href: r.self.drop(fieldWithin).String()})
	slices.Reverse(back)
	return back
}

// newGroupsView is the table with no groups in it yet.
func newGroupsView(r request, m *maturity.Report) groupsView {
	v := groupsView{head: "Domain and system", note: "Entities that were not judged on " + ui.Day(m.From).Text + " are left out of “was” and “change”" + lostNote(m) + "."}
	if m.By == maturity.ByTeam {
		v.head = "Team"
	}
	if m.Within == "" {
		at := r.self.drop(fieldGroup)
		v.by = []ui.Choice{{Label: "Domains", Href: at.String(), On: m.By == maturity.ByDomain}, {Label: "Teams", Href: at.set(fieldGroup, byTeam).String(), On: m.By == maturity.ByTeam}}
	}
	if len(m.Card.Levels) > 1 {
		for _, l := range m.Card.Levels {
			v.levels = append(v.levels, ui.Choice{Label: ui.Shorten(l.Name, 20), Href: r.self.set(fieldLevel, l.Name).String(), On: l.Name == m.Target})
		}
	}
	for i := len(m.Card.Levels); i >= 0 && len(m.Card.Levels) > 0; i-- {
		v.legend = append(v.legend, shareOf(m.Card, i, 1))
		v.names = append(v.names, stepName(m.Card, i))
	}
	return v
}

// lostNote says who else is not compared; nothing if all are who were judged.
func lostNote(m *maturity.Report) string {
	if m.Root.All.Entities == m.Root.AllWas.Entities+m.Root.All.New {
		return ""
	}
	return ", and so are those at a level that the card does not have any more"
}

// tree adds the groups themselves.
func (v *groupsView) tree(r request, m *maturity.Report, organisation string) {
	v.rows, v.more = groupRows(r, m, shownGroups)
	if m.Within == "" {
		v.rows[0].label = cmp.Or(organisation, v.rows[0].label)
	}
}

// groupRows are the groups as a tree. If all of it is too much, only the upper groups are
// there, and of these as many as may be.
func groupRows(r request, m *maturity.Report, most int) (rows []groupRow, more int) {
	count := 0
	var walk func(n *maturity.Node, depth int, show func(n *maturity.Node, depth int) bool)
	walk = func(n *maturity.Node, depth int, show func(n *maturity.Node, depth int) bool) {
		if show(n, depth) {
			for _, c := range n.Children {
				walk(c, depth+1, show)
			}
		}
	}
	walk(m.Root, 0, func(*maturity.Node, int) bool { count++; return true })
	deep := count <= most
	walk(m.Root, 0, func(n *maturity.Node, depth int) bool {
		if len(rows) >= most {
			more++
			return false
		}
		rows = append(rows, newGroupRow(r, m, n, depth))
		return deep || depth == 0
	})
	return rows, more
}

func newGroupRow(r request, m *maturity.Report, n *maturity.Node, depth int) groupRow {
	row := groupRow{
		node: n, depth: depth, total: depth == 0, icon: "domain", stand: newStandView(m.Card, n.All, n.AllSame, n.AllWas),
		higher: n.All.Higher, lower: n.All.Lower, unsure: n.All.Unsure,
	}
	switch {
	case m.By == maturity.ByTeam:
		row.icon = "team"
	case n.None:
		row.icon = "question"
	}
	within := r.self.set(fieldWithin, n.Name()).String()
	if n.Ref == "" {
		if row.label = groupLabel(r.catalog, n, m.By); n.None {
			row.href = within
		}
	} else if e, ok := r.catalog.Brief(n.Ref); ok { // one look: there may be hundreds of rows
		row.label, row.href, row.icon = e.Title, within, kindIcon(r.catalog, e.Kind, e.Type)
		if m.By == maturity.ByDomain && e.Owner != "" {
			row.owner = owner(r.catalog, e.Owner)
		}
	} else {
		row.label, row.gone = named(r.catalog, n.Ref).Label, true
	}
	if depth == 0 {
		row.href = ""
	}
	return row
}

func newEntitiesView(r request, m *maturity.Report, most int) (v entitiesView) {
	for _, card := range m.Cards {
		v.cards = append(v.cards, ui.Anchor{Label: card.Title, Href: scorecardLink(card.Ref)})
	}
	owners := map[string]ui.Person{} // many have the same, and a team may own thousands
	for _, e := range m.Entities[:min(len(m.Entities), most)] {
		row := entityStands{entity: ui.EntityLink{Label: e.Ref, Icon: "question", Title: e.Ref}}
		if found, ok := r.catalog.Brief(e.Ref); ok {
			row.entity = named(r.catalog, e.Ref)
			row.href = row.entity.Href + "/scorecards"
			if ref := found.Owner; ref != "" {
				if _, ok := owners[ref]; !ok {
					owners[ref] = owner(r.catalog, ref)
				}
				row.owner = owners[ref]
			}
		}
		for i, s := range e.Stands {
			row.cells = append(row.cells, newStandCell(m.Cards[i], s))
		}
		v.rows = append(v.rows, row)
	}
	v.more = len(m.Entities) - len(v.rows)
	v.owners = slices.ContainsFunc(v.rows, func(row entityStands) bool { return row.owner != v.rows[0].owner })
	return v
}

func newStandCell(card *scorecards.Card, s *maturity.Stand) standCell {
	if s == nil {
		return standCell{}
	}
	c := standCell{judged: true, ladder: len(card.Levels) > 0, level: levelOf(card, s.Level), unsure: len(s.Outcomes.Unsure) > 0, exempt: len(s.Outcomes.Exempt) > 0}
	c.points = fmt.Sprintf("%v of %v", s.Points, s.Of)
	switch {
	case s.New:
		c.note = "new"
	case c.ladder && s.Was != s.Level:
		c.note = "was " + newLevelMark(s.Was).name
	}
	return c
}

// maturityTrend draws the trend of a report.
func maturityTrend(r request, m *maturity.Report) trendView {
	v := trendView{title: "Over time", sub: m.Card.Title}
	points := make([]scorecards.Point, 0, len(m.Trend))
	for _, t := range m.Trend {
		p := scorecards.Point{At: t.At, Entities: t.Entities, Levels: map[string]int{}, Points: t.Points, Of: t.Of}
		for i, n := range t.Levels {
			if i == 0 {
				p.Levels[""] = n
			} else {
				p.Levels[m.Card.Levels[i-1].Name] = n
			}
		}
		points = append(points, p)
	}
	first := slices.IndexFunc(points, func(p scorecards.Point) bool { return p.Entities > 0 })
	if first < 0 || len(points)-first < 2 {
		v.nothing, v.empty = true, true
		return v
	}
	v.area, v.heads, v.rows = areaOf(r, m.Card, points[first:], time.Time{})
	v.area.Tall = 168
	return v
}

func worstRules(m *maturity.Report, most int) (all []ruleColumn) {
	rules := rulesOf(m)
	for _, rule := range rules[:min(len(rules), most)] {
		column := newRuleColumn(rule)
		column.href = heatOf(m, rule.Card, rule.Rule.ID)
		all = append(all, column)
	}
	return all
}

func newRuleColumn(r maturity.Rule) ruleColumn {
	return ruleColumn{id: r.Rule.ID, title: r.Rule.Title, level: levelOf(r.Card, r.Rule.Level), fails: r.Fails, asked: r.Fails + r.Passes, last: r.Lifts}
}
