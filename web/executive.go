package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const (
	executivePath = "/executive"
	fieldLevel    = "level"
	fieldWithin   = "within"
	byTeam        = "team"

	shownGroups   = 16  // rows of the tree; with more it is no page to be printed
	shownEntities = 100 // of a part of the organisation
	shownRisen    = 3
	shownWorst    = 3
)

// executiveView is how the organisation, or a part of it, stands.
type executiveView struct {
	crumbs   []ui.Anchor
	title    string
	lede     string
	csv      string
	fields   []ui.Field
	jumps    []ui.View
	carry    []ui.Hidden
	headline headline
	figures  []figureView
	groups   groupsView
	cards    []cardRow
	goal     string // "Silver or better"
	entities entitiesView
	trend    trendView
	rose     []moverView
	fell     []moverView
	worst    []ruleColumn
	judged   int
	card     ui.Anchor
	foot     []string
}

// headline is the page in two sentences.
type headline struct{ share, says, was, rest, rule string }

// figureView is one number, and how it moved.
type figureView struct {
	what, value, small string
	delta              *deltaView
	note               string
}

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

// groupRow is a group of entities, and how these stand.
type groupRow struct {
	node   *maturity.Node
	depth  int
	icon   string
	label  string
	href   string
	owner  ui.Person
	total  bool
	stand  standView
	rose   int
	fell   int
	unsure int
}

// standView is how some entities stand on a card, with how the same stood before.
type standView struct {
	judged int
	says   string
	shares []ui.Share
	share  string
	was    string
	delta  *deltaView
}

// cardRow is one scorecard with how all stand on it.
type cardRow struct {
	card  ui.Anchor
	goal  string
	show  string // address of the page by this card; "" if it is by it
	stand standView
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

// published are the cards of a catalog that are no drafts.
func published(c Catalog) []*scorecards.Card {
	return slices.DeleteFunc(cardsOf(c), func(card *scorecards.Card) bool { return card.Draft })
}

// cardPath is a card as an address has it.
func cardPath(card *scorecards.Card) string {
	return strings.TrimPrefix(scorecardLink(card.Ref), scorecardsPath+"/")
}

// quarterSpan is the period of a page about maturity: this quarter, if nobody says.
func (s *Site) quarterSpan(ctx context.Context, r request) (span, error) {
	p, err := s.span(ctx, r, 1)
	if err == nil && r.self.query.Get(fieldFrom) == "" {
		p.from = maturity.Quarter(p.end)
		p.fromText = p.from.Format(time.DateOnly)
	}
	return p, err
}

// maturityJumps lead to the usual periods of a page about maturity.
func maturityJumps(p span, base link) (all []ui.View) {
	end := p.last.UTC()
	base = base.drop(fieldTo, fieldFromKnown)
	on := func(from time.Time) bool {
		return p.toText == "" && p.from.UTC().Format(time.DateOnly) == from.Format(time.DateOnly)
	}
	all = append(all, ui.View{Label: "This quarter", Href: base.drop(fieldFrom).String(), On: on(maturity.Quarter(end))})
	for _, days := range []int{30, 90, 365} {
		from := end.AddDate(0, 0, -days)
		all = append(all, ui.View{Label: strconv.Itoa(days) + " days", Href: base.set(fieldFrom, from.Format(time.DateOnly)).String(), On: on(from) && !all[0].On})
	}
	return all
}

// question is what a page about maturity asks for.
func (s *Site) question(ctx context.Context, r request, by maturity.Grouping) (q maturity.Question, p span, err error) {
	if s.Scores == nil {
		return q, p, fault.New(fault.NotFound, "this portal has no scorecards")
	}
	if p, err = s.quarterSpan(ctx, r); err != nil {
		return q, p, err
	}
	q = maturity.Question{Cards: published(r.catalog), From: p.from, To: p.to, End: p.end, By: by, Movers: shownRisen}
	if len(q.Cards) == 0 {
		return q, p, nil
	}
	if q.Card, err = maturity.CardOf(q.Cards, ui.Shorten(r.self.query.Get(fieldCard), 200)); err != nil {
		return q, p, err
	}
	q.Target, err = maturity.LevelOf(q.Card, ui.Shorten(r.self.query.Get(fieldLevel), 100))
	return q, p, err
}

// executive handles "GET /executive".
func (s *Site) executive(ctx context.Context, r request) (answer, error) {
	by := maturity.ByDomain
	switch group := r.self.query.Get(fieldGroup); group {
	case "", byDomain:
	case byTeam:
		by = maturity.ByTeam
	default:
		return answer{}, fault.New(fault.Invalid, "group=%s is none; write group=domain or group=team", ui.Shorten(group, 100))
	}
	q, p, err := s.question(ctx, r, by)
	if err != nil {
		return answer{}, err
	}
	title := "Maturity of the organisation"
	if len(q.Cards) == 0 {
		return answer{title: title, body: noMaturityPage(title)}, nil
	}
	if within := r.self.query.Get(fieldWithin); within != "" {
		ref, err := withinOf(r.catalog, within)
		if err != nil {
			return answer{}, err
		}
		q.Within, q.Detail = ref, true
	}
	report, err := maturity.Ask(ctx, s.Scores, r.catalog, q)
	if err != nil {
		return answer{}, err
	}
	v := newExecutiveView(s.Organisation, r, report, p)
	if v.foot, err = s.madeFrom(ctx, r); err != nil {
		return answer{}, err
	}
	return answer{title: v.title, body: executivePage(v)}, nil
}

// withinOf reads the part of the organisation that a page is about.
func withinOf(c Catalog, text string) (string, error) {
	if text == maturity.None {
		return text, nil
	}
	ref, err := catalog.ParseRef(text, catalog.Ref{})
	if err != nil {
		return "", fault.New(fault.Invalid, "within: %v", err)
	}
	if _, ok := c.Get(ref.String()); !ok {
		return "", fault.New(fault.NotFound, "there is no %s in the catalog", ref)
	}
	return ref.String(), nil
}

func newExecutiveView(organisation string, r request, m *maturity.Report, p span) executiveView {
	v := executiveView{
		title: "Maturity of the organisation", fields: p.fields(), jumps: maturityJumps(p, r.self), carry: r.self.drop(fieldFrom, fieldTo).carry(),
		goal: goalOf(m.Card, m.Target), judged: m.Root.All.Entities, card: ui.Anchor{Label: m.Card.Title, Href: scorecardLink(m.Card.Ref)},
	}
	if m.Within != "" {
		v.crumbs = pathTo(r, m.Root)
		v.title = "Maturity of " + groupLabel(r.catalog, m.Root, m.By)
	}
	v.lede = periodWords(m)
	if organisation != "" && m.Within == "" {
		v.lede = organisation + ", " + v.lede
	}
	csv := r.self
	csv.path = "/api/maturity"
	v.csv = csv.set("format", "csv").String()
	v.headline = newHeadline(r.catalog, m)
	v.figures = figuresOf(m)
	v.groups = newGroupsView(r, m, organisation)
	for i, one := range m.Whole {
		row := cardRow{card: ui.Anchor{Label: one.Card.Title, Href: scorecardLink(one.Card.Ref)}, goal: goalOf(one.Card, one.Target), stand: newStandView(one.Card, one.Now, one.Was)}
		if m.Cards[i] != m.Card {
			row.show = r.self.set(fieldCard, cardPath(one.Card)).drop(fieldLevel).String()
		}
		v.cards = append(v.cards, row)
	}
	if m.Detail {
		v.entities = newEntitiesView(r, m, shownEntities)
	}
	v.trend = maturityTrend(m)
	v.rose, v.fell = moversOf(r, m.Card, m.Rose), moversOf(r, m.Card, m.Fell)
	v.worst = worstRules(rulesOf(m), m.Root.All.Entities, shownWorst)
	return v
}

// goalOf names what is to be reached.
func goalOf(card *scorecards.Card, target string) string {
	switch {
	case len(card.Levels) == 0:
		return "Points reached"
	case card.Levels[len(card.Levels)-1].Name == target:
		return target
	}
	return target + " or better"
}

// periodWords are the two moments of a report.
func periodWords(m *maturity.Report) string {
	return ui.Day(m.From).Text + " to " + ui.Day(m.End).Text + ", against " + ui.Day(m.From).Text
}

// share is in whole percent, so that what a page subtracts is what it shows.
func share(c maturity.Count) (int, bool) {
	s, ok := c.Share()
	return int(math.Round(s)), ok
}

func percentText(c maturity.Count) string {
	if n, ok := share(c); ok {
		return strconv.Itoa(n) + " %"
	}
	return "–"
}

func newStandView(card *scorecards.Card, now, was maturity.Count) standView {
	v := standView{judged: now.Entities, share: percentText(now), was: percentText(was)}
	n, ok := share(now)
	if before, there := share(was); ok && there {
		v.delta = newDelta(n-before, true, func(n int) string { return strconv.Itoa(n) + " pt" })
	}
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

// stepName is a level of a card from the lowest, 1; 0 is none.
func stepName(card *scorecards.Card, step int) string {
	if step == 0 {
		return newLevelMark("").name
	}
	return card.Levels[step-1].Name
}

func shareOf(card *scorecards.Card, step, n int) ui.Share {
	if step == 0 {
		return ui.Share{Level: "none", Count: n}
	}
	l := card.Levels[step-1]
	mark := newLevelMark(l.Name)
	if mark.glyph == "" {
		return ui.Share{Level: "none", Count: n, Color: l.Color}
	}
	return ui.Share{Level: mark.glyph, Count: n}
}

func newHeadline(c Catalog, m *maturity.Report) headline {
	all, was := m.Root.All, m.Root.AllWas
	n, ok := share(all)
	if !ok {
		return headline{says: "Nothing is judged by " + m.Card.Title + " here."}
	}
	h := headline{share: strconv.Itoa(n) + " %", says: " of all points of " + ui.Plural(all.Entities, "entity", "entities") + " are reached"}
	if len(m.Card.Levels) > 0 {
		h.says = fmt.Sprintf(" of %s stand at %s on %s", ui.Plural(all.Entities, "entity", "entities"), goalOf(m.Card, m.Target), m.Card.Title)
	}
	if before, ok := share(was); ok {
		since := " on " + ui.Day(m.From).Text
		switch {
		case before < n:
			h.was = fmt.Sprintf(", up from %d %%%s", before, since)
		case before > n:
			h.was = fmt.Sprintf(", down from %d %%%s", before, since)
		default:
			h.was = ", as" + since
		}
	}
	h.says += "."
	if h.was != "" {
		h.says = strings.TrimSuffix(h.says, ".") + h.was + "."
	}
	h.rest = restOf(c, m)
	if best := rulesOf(m); len(best) > 0 && best[0].Lifts > 0 {
		h.rule = fmt.Sprintf("One rule, “%s”, would lift %s.", ui.Shorten(best[0].Rule.Title, 60), ui.Plural(best[0].Lifts, "entity", "entities"))
	}
	return h
}

// rulesOf are the rules that fail of the card that a report is by.
func rulesOf(m *maturity.Report) []maturity.Rule {
	return slices.DeleteFunc(slices.Clone(m.Rules), func(rule maturity.Rule) bool { return rule.Card != m.Card })
}

// restOf says which groups hold most of what has not reached the target.
func restOf(c Catalog, m *maturity.Report) string {
	rest := m.Root.All.Entities - m.Root.All.Reached
	if len(m.Card.Levels) == 0 || rest < 2 || len(m.Root.Children) < 3 {
		return ""
	}
	groups := slices.SortedStableFunc(slices.Values(m.Root.Children), func(a, b *maturity.Node) int {
		return cmp.Compare(b.All.Entities-b.All.Reached, a.All.Entities-a.All.Reached)
	})
	var names []string
	held := 0
	for _, g := range groups[:2] {
		if n := g.All.Entities - g.All.Reached; n > 0 {
			held += n
			names = append(names, ui.Shorten(groupLabel(c, g, m.By), 40))
		}
	}
	verb := " holds "
	if len(names) > 1 {
		verb = " hold "
	}
	if 2*held < rest || len(names) == 0 {
		return ""
	}
	return strings.Join(names, " and ") + verb + fmt.Sprintf("%d of the other %d.", held, rest)
}

func figuresOf(m *maturity.Report) []figureView {
	all, was := m.Root.All, m.Root.AllWas
	plain := func(n int) string { return ui.Number(n) }
	first := figureView{what: goalOf(m.Card, m.Target), value: percentText(all)}
	n, ok := share(all)
	if before, there := share(was); ok && there {
		first.delta = newDelta(n-before, true, func(n int) string { return ui.Plural(n, "point") })
	}
	figures := []figureView{first}
	if top := len(m.Card.Levels); top > 0 {
		figures[0].small = fmt.Sprintf("%s of %s", ui.Number(all.Reached), ui.Number(all.Entities))
		best := figureView{what: "At " + m.Card.Levels[top-1].Name, value: ui.Number(all.Levels[top])}
		if all.Entities > 0 {
			best.small = fmt.Sprintf("%d %%", int(math.Round(100*float64(all.Levels[top])/float64(all.Entities))))
		}
		if was.Entities > 0 {
			best.delta = newDelta(all.Levels[top]-was.Levels[top], true, plain)
		}
		figures = append(figures, best)
	} else {
		figures = append(figures, figureView{what: "Judged", value: ui.Number(all.Entities)})
	}
	exempt := figureView{what: "Exempt from a rule", value: ui.Number(m.Exempt), small: "of any card"}
	if m.By == maturity.ByDomain {
		exempt = figureView{what: "Without an owner", value: ui.Number(m.Unowned), small: "of " + ui.Number(all.Entities), note: ui.Plural(m.Exempt, "entity is", "entities are") + " exempt from a rule"}
	}
	fell := figureView{what: "Fell a level", value: ui.Number(m.Falls.Fell)}
	if len(m.Card.Levels) == 0 {
		fell.what = "Lost points"
	}
	fell.delta = newDelta(m.Falls.Fell-m.Before.Fell, false, func(n int) string {
		if m.Falls.Fell < m.Before.Fell {
			return ui.Number(n) + " fewer"
		}
		return ui.Number(n) + " more"
	})
	if m.Falls.Back > 0 {
		fell.note = ui.Number(m.Falls.Back) + " back within a week"
	}
	return append(figures, exempt, fell)
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
func pathTo(r request, n *maturity.Node) []ui.Anchor {
	var back []ui.Anchor
	by := maturity.ByDomain
	if r.self.query.Get(fieldGroup) == byTeam {
		by = maturity.ByTeam
	}
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

func newGroupsView(r request, m *maturity.Report, organisation string) groupsView {
	v := groupsView{head: "Domain and system", note: "Entities that were not judged on " + ui.Day(m.From).Text + " are left out of “was”."}
	if m.By == maturity.ByTeam {
		v.head = "Team"
	}
	if m.Within == "" {
		at := r.self.drop(fieldGroup)
		v.by = []ui.Choice{{Label: "Domains", Href: at.String(), On: m.By == maturity.ByDomain}, {Label: "Teams", Href: at.set(fieldGroup, byTeam).String(), On: m.By == maturity.ByTeam}}
	}
	if len(m.Card.Levels) > 1 && len(m.Card.Levels) < 6 {
		for _, l := range m.Card.Levels {
			v.levels = append(v.levels, ui.Choice{Label: ui.Shorten(l.Name, 20), Href: r.self.set(fieldLevel, l.Name).String(), On: l.Name == m.Target})
		}
	}
	for i := len(m.Card.Levels); i >= 0 && len(m.Card.Levels) > 0; i-- {
		v.legend = append(v.legend, shareOf(m.Card, i, 1))
		v.names = append(v.names, stepName(m.Card, i))
	}
	v.rows, v.more = groupRows(r, m, shownGroups)
	if m.Within == "" {
		v.rows[0].label = cmp.Or(organisation, v.rows[0].label)
	}
	return v
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
		node: n, depth: depth, total: depth == 0, icon: "domain", stand: newStandView(m.Card, n.All, n.AllWas),
		rose: n.All.Rose, fell: n.All.Fell, unsure: n.All.Unsure,
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
	} else if e, ok := r.catalog.Get(n.Ref); ok { // one look: there may be hundreds of rows
		row.label, row.href, row.icon = e.Entity.Title(), within, kindIcon(r.catalog, e.Entity.Kind, e.Type())
		if m.By == maturity.ByDomain && e.Owner() != "" {
			row.owner = owner(r.catalog, e.Owner())
		}
	} else {
		row.label = named(r.catalog, n.Ref).Label
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
		if found, ok := r.catalog.Get(e.Ref); ok {
			row.entity = ui.EntityLink{Label: found.Entity.Title(), Icon: kindIcon(r.catalog, found.Entity.Kind, found.Type()), Href: entityLink(found.Entity.Ref()), Title: e.Ref}
			row.href = row.entity.Href + "/scorecards"
			if ref := found.Owner(); ref != "" {
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
	c := standCell{judged: true, ladder: len(card.Levels) > 0, level: newLevelMark(s.Level), unsure: len(s.Unmet.Unsure) > 0, exempt: len(s.Unmet.Exempt) > 0}
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
func maturityTrend(m *maturity.Report) trendView {
	v := trendView{title: "Over the time", sub: m.Card.Title}
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
	v.area, v.heads, v.rows = areaOf(m.Card, points[first:])
	v.area.Tall = 168
	return v
}

// moversOf are those who moved, each with the change that did it.
func moversOf(r request, card *scorecards.Card, all []maturity.Move) (views []moverView) {
	for _, m := range all {
		v := moverView{
			entity: named(r.catalog, m.Entity), before: newLevelMark(m.Before), after: newLevelMark(m.After), by: int(m.By),
			when: ui.Near(m.At, r.now), who: actor(m.Actor), commit: commit(m.Cause), event: mark(m.Position), why: whyMoved(card, m.Rules),
		}
		if v.entity.Href != "" {
			v.entity.Href += "/scorecards"
		}
		if len(card.Levels) == 0 {
			v.why = strings.TrimPrefix(v.why+fmt.Sprintf("; %+.0f points in a hundred", m.By), "; ")
		}
		views = append(views, v)
	}
	return views
}

// whyMoved names the rule that a change turned; one that fails is worth more than others.
func whyMoved(card *scorecards.Card, rules []scores.Rule) (why string) {
	for _, o := range rules {
		if rule := card.Rule(o.ID); rule != nil {
			why = rule.Title + ": " + newCell(o.Outcome, "").says
			if scorecards.Outcome(o.Outcome) == scorecards.Fail {
				break
			}
		}
	}
	return why
}

func worstRules(rules []maturity.Rule, judged, most int) (all []ruleColumn) {
	for _, rule := range rules[:min(len(rules), most)] {
		all = append(all, ruleColumn{id: rule.Rule.ID, title: rule.Rule.Title, level: newLevelMark(rule.Rule.Level), fails: rule.Fails, asked: judged, last: rule.Lifts})
	}
	return all
}

// madeFrom is what a printed page was made from.
func (s *Site) madeFrom(ctx context.Context, r request) ([]string, error) {
	t, err := s.truth(ctx, r.catalog, r.now)
	if err != nil {
		return nil, err
	}
	var says []string
	switch {
	case !r.moment.Now():
		says = append(says, "As of "+momentWords(r.moment)+".")
	case t.through.IsZero():
		says = append(says, fmt.Sprintf("Event %s.", ui.Number(t.position)))
	default:
		says = append(says, fmt.Sprintf("Complete through %s (event %s).", ui.Exact(t.through).Text, ui.Number(t.position)))
	}
	if s.Proofs == nil {
		return says, nil
	}
	seal, err := s.Proofs.Newest(ctx)
	if err != nil || seal.Position == 0 {
		return says, err
	}
	return append(says, fmt.Sprintf("Tree head %s, signed %s.", ui.Number(seal.Size), ui.Exact(seal.Recorded).Text)), nil
}
