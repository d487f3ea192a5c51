package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const (
	teamsPath   = "/teams"
	viewTree    = "tree"
	viewBoard   = "board"
	shownBoard  = 100
	fewEntities = 4 // of a team with so many or fewer, one moves the share by a lot
)

// teamsView is all teams with how what they own stands.
type teamsView struct {
	lede   string
	csv    string
	card   ui.Anchor
	goal   string
	fields []ui.Field
	jumps  []ui.View
	carry  []ui.Hidden
	views  []ui.View
	orders []ui.Choice // of the leaderboard
	board  bool
	cards  []ui.Choice
	levels []ui.Choice
	rows   []teamRow
	more   int
	idle   []ui.Anchor // teams that own nothing that is judged
	others int         // more of these
	groups groupsView  // for its legend
}

// teamRow is a team in the tree, or in the leaderboard.
type teamRow struct {
	groupRow
	rank    string
	members string
	owns    string
	few     string // says how much one entity moves the share, of a small team
	unknown string
}

const shownIdle = 40

// teams handles "GET /teams".
func (s *Site) teams(ctx context.Context, r request) (answer, error) {
	q, p, err := s.question(ctx, r, maturity.ByTeam)
	if err != nil {
		return answer{}, err
	}
	if len(q.Cards) == 0 {
		return answer{title: "Teams", body: noMaturityPage("Teams")}, nil
	}
	if _, err := choice(r.self.query, fieldOrder, "order", "share", "change", "size", "name"); err != nil {
		return answer{}, err
	}
	if _, err := choice(r.self.query, fieldView, "view", viewTree, viewBoard); err != nil {
		return answer{}, err
	}
	all := q.Cards
	q.Cards, q.Movers, q.ListFalls = []*scorecards.Card{q.Card}, 0, 0 // it tells of nothing else
	report, err := maturity.Ask(ctx, s.Scores, r.catalog, q)
	if err != nil {
		return answer{}, err
	}
	return answer{title: "Teams", body: teamsPage(newTeamsView(r, report, all, p))}, nil
}

func newTeamsView(r request, m *maturity.Report, cards []*scorecards.Card, p span) teamsView {
	v := teamsView{
		card: ui.Anchor{Label: m.Card.Title, Href: scorecardLink(m.Card.Ref)}, goal: goalOf(m.Card, m.Target),
		fields: p.fields(), jumps: maturityJumps(p, r.self), carry: r.self.drop(fieldFrom, fieldTo).carry(), groups: newGroupsView(r, m),
		board: r.self.query.Get(fieldView) == viewBoard,
	}
	v.lede = "What each team owns, and how it stands on " + m.Card.Title + " against " + ui.Day(m.From).Text
	csv := r.self.set(fieldGroup, byTeam).drop(fieldView, fieldOrder)
	csv.path = "/api/maturity"
	v.csv = csv.set("format", "csv").String()
	tree := r.self.drop(fieldView, fieldOrder)
	v.views = []ui.View{{Label: "Tree", Href: tree.String(), On: !v.board}, {Label: "Leaderboard", Href: tree.set(fieldView, viewBoard).String(), On: v.board}}
	for _, card := range cards {
		v.cards = append(v.cards, ui.Choice{Label: ui.Shorten(card.Title, 40), Href: r.self.set(fieldCard, cardPath(card)).drop(fieldLevel).String(), On: card == m.Card})
	}
	v.levels = v.groups.levels
	counts := newTeamCounts(r.catalog)
	if v.board {
		v.rows, v.more = boardRows(r, m, counts)
		order := cmp.Or(r.self.query.Get(fieldOrder), "share")
		for _, one := range [][2]string{{"share", "Share"}, {"change", "Improvement"}, {"size", "Size"}, {"name", "Name"}} {
			v.orders = append(v.orders, ui.Choice{Label: one[1], Href: r.self.set(fieldOrder, one[0]).String(), On: one[0] == order})
		}
	} else {
		var rows []groupRow
		rows, v.more = groupRows(r, m, shownBoard+1)
		for _, row := range rows[1:] { // all of them together are on another page
			row.depth--
			v.rows = append(v.rows, newTeamRow(m, row, row.node, row.node.All, counts))
		}
	}
	v.idle, v.others = idleTeams(r.catalog, m.Root)
	return v
}

// boardRows are the teams that own something themselves, in an order.
func boardRows(r request, m *maturity.Report, counts teamCounts) (rows []teamRow, more int) {
	var nodes []*maturity.Node
	for n := range m.Root.Groups() {
		if n.Ref != "" && n.Own.Entities > 0 {
			nodes = append(nodes, n)
		}
	}
	shareOf := func(n *maturity.Node) float64 { s, _ := n.Own.Share(); return s }
	change := func(n *maturity.Node) float64 {
		was, ok := n.OwnWas.Share()
		if !ok {
			return 0
		}
		same, _ := n.OwnSame.Share()
		return same - was
	}
	order := r.self.query.Get(fieldOrder)
	slices.SortStableFunc(nodes, func(a, b *maturity.Node) int {
		names := strings.Compare(a.Ref[strings.LastIndexByte(a.Ref, '/')+1:], b.Ref[strings.LastIndexByte(b.Ref, '/')+1:])
		switch order {
		case "change":
			return cmp.Or(cmp.Compare(change(b), change(a)), cmp.Compare(shareOf(b), shareOf(a)), names)
		case "size":
			return cmp.Or(cmp.Compare(b.Own.Entities, a.Own.Entities), names)
		case "name":
			return names
		}
		return cmp.Or(cmp.Compare(shareOf(b), shareOf(a)), cmp.Compare(b.Own.Entities, a.Own.Entities), names)
	})
	for i, n := range nodes[:min(len(nodes), shownBoard)] {
		own := *n
		own.All, own.AllSame, own.AllWas, own.Children = n.Own, n.OwnSame, n.OwnWas, nil
		row := newTeamRow(m, newGroupRow(r, m, &own, 1), n, n.Own, counts)
		row.depth = 0
		value := shareOf
		if order == "change" {
			value = change
		}
		if order == "" || order == "share" || order == "change" {
			row.rank = ui.Plain(i + 1)
			if i > 0 && value(n) == value(nodes[i-1]) { // equal ones share a place
				row.rank = rows[i-1].rank
			}
		}
		rows = append(rows, row)
	}
	return rows, len(nodes) - len(rows)
}

func newTeamRow(m *maturity.Report, row groupRow, n *maturity.Node, count maturity.Count, counts teamCounts) teamRow {
	declared := row.href != ""
	row.total, row.href = false, ""
	t := teamRow{groupRow: row}
	if n.Ref == "" {
		t.href = link{path: executivePath}.set(fieldGroup, byTeam).set(fieldWithin, maturity.None).String()
		return t
	}
	if ref, err := catalog.ParseRef(n.Ref, catalog.Ref{}); err == nil && declared {
		t.href = teamLink(ref)
	}
	if strings.HasPrefix(n.Ref, "user:") {
		t.icon = "user"
	}
	t.members, t.owns = counts.of(counts.members, n.Ref), counts.of(counts.owned, n.Ref)
	if count.Entities > 0 && count.Entities <= fewEntities && len(m.Card.Levels) > 0 {
		t.few = "Few: one entity is " + ui.Plural(100/count.Entities, "point")
	}
	if count.Unsure > 0 {
		t.unknown = ui.Plain(count.Unsure) + " not fully known"
	}
	return t
}

// teamLink is the page of a team.
func teamLink(ref catalog.Ref) string {
	if strings.EqualFold(ref.Kind, "group") {
		return entityLink(ref) + "/scorecards"
	}
	return entityLink(ref)
}

// teamCounts are how many belong to each team, and how many it owns, by lower-case refs.
type teamCounts struct{ members, owned map[string]int }

func newTeamCounts(c Catalog) teamCounts {
	counts := c.Facets(nil, "relations.memberof", "relations.ownedby")
	byRef := func(all []entities.Count) map[string]int {
		m := make(map[string]int, len(all))
		for _, one := range all {
			m[strings.ToLower(one.Value)] = one.Count
		}
		return m
	}
	return teamCounts{byRef(counts[0]), byRef(counts[1])}
}

func (teamCounts) of(m map[string]int, ref string) string {
	if n := m[ref]; n > 0 {
		return ui.Number(n)
	}
	return "–"
}

// idleTeams are the groups of which nothing is judged, neither of theirs nor of those below.
func idleTeams(c Catalog, all *maturity.Node) (idle []ui.Anchor, more int) {
	judged := map[string]bool{}
	for n := range all.Groups() {
		judged[n.Ref] = true
	}
	order := entities.Order{Fields: []entities.Field{{Key: "metadata.name"}}, ByRef: true}
	for _, row := range c.List(entities.Listing{Where: entities.Equals{Key: "kind", Values: []string{"group"}}, Order: order, Limit: -1}).Rows {
		switch {
		case judged[row.Ref]:
		case len(idle) == shownIdle:
			more++
		default:
			l := named(c, row.Ref)
			idle = append(idle, ui.Anchor{Label: ui.Shorten(l.Label, 40), Href: l.Href})
		}
	}
	return idle, more
}

// teamView is one team: what it owns and how that stands, what to do next, and who moved.
type teamView struct {
	head       entityHead
	lede       string
	fields     []ui.Field
	jumps      []ui.View
	carry      []ui.Hidden
	headline   headline
	figures    []figureView
	cards      []cardRow
	entities   entitiesView
	next       []nextRule
	rose, fell moversView
	members    []ui.Person
	more       int // members
	all        string
	ledger     string
	board      string
	empty      bool
}

// nextRule is a rule that fails for what a team owns.
type nextRule struct {
	rule  ruleColumn
	card  ui.Anchor
	fix   string
	where []ui.EntityLink
	more  int
}

const (
	shownNext    = 8
	shownWhere   = 4
	shownMembers = 24
)

// team answers the tab of scorecards of a group.
func (s *Site) team(ctx context.Context, r request, e *entities.Entry, events string) (answer, error) {
	q, p, err := s.question(ctx, r, maturity.ByTeam)
	if err != nil {
		return answer{}, err
	}
	v := teamView{head: newEntityHead(r, e, tabScores, events), empty: len(q.Cards) == 0}
	here := entityLink(e.Entity.Ref())
	v.ledger, v.all = here+"/ledger", here+"/members"
	v.board = link{path: teamsPath}.set(fieldView, viewBoard).String()
	v.members, v.more = membersOf(r.catalog, e)
	if !v.empty {
		q.Within, q.Detail, q.Movers = e.Ref, true, shownMovers
		report, err := maturity.Ask(ctx, s.Scores, r.catalog, q)
		if err != nil {
			return answer{}, err
		}
		v.tell(r, report, p)
	}
	return answer{title: v.head.title + " · " + tabScores, body: teamPage(v)}, nil
}

func (v *teamView) tell(r request, m *maturity.Report, p span) {
	v.fields, v.jumps, v.carry = p.fields(), maturityJumps(p, r.self), r.self.drop(fieldFrom, fieldTo).carry()
	v.lede = "From " + ui.Day(m.From).Text + " to " + ui.Day(m.End).Text
	v.headline, v.figures = newHeadline(r.catalog, m), figuresOf(m)
	v.entities = newEntitiesView(r, m, shownEntities)
	v.empty = len(m.Entities) == 0
	v.rose, v.fell = risen(r, m), fallen(r, m)
	for i, one := range m.Whole {
		if one.Now.Entities == 0 {
			continue
		}
		row := cardRow{card: ui.Anchor{Label: one.Card.Title, Href: scorecardLink(one.Card.Ref)}, goal: goalOf(one.Card, one.Target), stand: newStandView(one.Card, one.Now, one.Same, one.Was)}
		if m.Cards[i] != m.Card {
			row.show = r.self.set(fieldCard, cardPath(one.Card)).drop(fieldLevel).String()
		}
		v.cards = append(v.cards, row)
	}
	for _, rule := range m.Rules[:min(len(m.Rules), shownNext)] {
		v.next = append(v.next, newNextRule(r, m, rule))
	}
}

func newNextRule(r request, m *maturity.Report, rule maturity.Rule) nextRule {
	card := slices.Index(m.Cards, rule.Card)
	v := nextRule{
		card: ui.Anchor{Label: rule.Card.Title, Href: scorecardLink(rule.Card.Ref)}, fix: rule.Rule.Fix,
		rule: newRuleColumn(rule),
	}
	v.rule.href = heatOf(m, rule.Card, rule.Rule.ID)
	for _, e := range m.Entities {
		if s := e.Stands[card]; s == nil || !slices.Contains(s.Outcomes.Fails, rule.Rule.ID) {
			continue
		}
		if len(v.where) == shownWhere {
			v.more++
			continue
		}
		l := named(r.catalog, e.Ref)
		if l.Href != "" {
			l.Href += "/scorecards"
		}
		v.where = append(v.where, l)
	}
	return v
}

// membersOf are the people of a team.
func membersOf(c Catalog, e *entities.Entry) (members []ui.Person, more int) {
	for _, ref := range targets(e, "hasMember") {
		if len(members) == shownMembers {
			more++
			continue
		}
		members = append(members, owner(c, ref))
	}
	return members, more
}
