package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/web/ui"
)

const (
	executivePath = "/executive"
	fieldLevel    = "level"
	fieldWithin   = "within"
	byTeam        = "team"

	shownGroups   = 16  // rows of the tree; with more it is no page to be printed
	shownEntities = 100 // of a part of the organisation
	shownGoals    = 5
	shownRisen    = 3
	shownFalls    = 10 // falls that are listed in a fold
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
	delivery *performanceView // nil: there is none
	// goals are the open initiatives, of the whole organisation only: those of which the
	// last day is next, and how many more there are.
	goals      []initiativeRow
	moreGoals  int
	goal       string // "Silver or better"
	entities   entitiesView
	trend      trendView
	rose, fell moversView
	worst      []ruleColumn
	card       ui.Anchor
	foot       []string
}

// headline is the page in two sentences.
type headline struct{ share, says, was, rest, rule string }

// figureView is one number, and how it moved.
type figureView struct {
	what, value, small string
	href               string // of what it counts, on the page
	delta              *deltaView
	note               string
}

// cardRow is one scorecard with how all stand on it.
type cardRow struct {
	card  ui.Anchor
	goal  string
	show  string // address of the page by this card; "" if it is by it
	stand standView
}

// executive handles "GET /executive".
func (s *Site) executive(ctx context.Context, r request) (answer, error) {
	group, err := choice(r.self.query, fieldGroup, "grouping", byDomain, byTeam)
	if err != nil {
		return answer{}, err
	}
	q, p, err := s.question(ctx, r, cmp.Or(maturity.Grouping(group), maturity.ByDomain))
	if err != nil {
		return answer{}, err
	}
	title := "Maturity of the organisation"
	if len(q.Cards) == 0 {
		return answer{title: title, body: noMaturityPage(title)}, nil
	}
	if within := r.self.query.Get(fieldWithin); within != "" {
		ref, err := maturity.WithinOf(r.catalog, within)
		if err != nil {
			return answer{}, err
		}
		q.Within, q.Detail = ref, true
		q.By = cmp.Or(maturity.GroupingOf(ref), q.By)
		r.self = r.self.set(fieldGroup, string(q.By)) // what it links to is told alike
	}
	q.Members = s.Performance != nil
	report, err := maturity.Ask(ctx, s.Scores, r.catalog, q)
	if err != nil {
		return answer{}, err
	}
	v := newExecutiveView(s.Organisation, r, report, p)
	if v.delivery, err = s.performed(ctx, r, report, v.groups); err != nil {
		return answer{}, err
	}
	if err := s.addGoals(ctx, r, report, &v); err != nil {
		return answer{}, err
	}
	if v.foot, err = s.madeFrom(ctx, r); err != nil {
		return answer{}, err
	}
	return answer{title: v.title, body: executivePage(v)}, nil
}

// addGoals lists the initiatives that are open when the report ends.
func (s *Site) addGoals(ctx context.Context, r request, m *maturity.Report, v *executiveView) error {
	if s.Agreements == nil || m.Within != "" {
		return nil
	}
	all, err := s.Agreements.Initiatives(ctx, r.catalog, m.To, m.End)
	if err != nil {
		return err
	}
	for i := range all {
		switch {
		case all[i].State != agreements.Open:
		case len(v.goals) < shownGoals:
			v.goals = append(v.goals, newInitiativeRow(r, &all[i]))
		default:
			v.moreGoals++
		}
	}
	return nil
}

func newExecutiveView(organisation string, r request, m *maturity.Report, p span) executiveView {
	v := executiveView{
		title: "Maturity of the organisation", fields: p.fields(), jumps: maturityJumps(p, r.self), carry: r.self.drop(fieldFrom, fieldTo).carry(),
		goal: goalOf(m.Card, m.Target), card: ui.Anchor{Label: m.Card.Title, Href: scorecardLink(m.Card.Ref)},
	}
	if m.Within != "" {
		v.crumbs = pathTo(r, m.Root, m.By)
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
	v.groups = newGroupsView(r, m)
	v.groups.tree(r, m, organisation)
	for i, one := range m.Whole {
		row := cardRow{card: ui.Anchor{Label: one.Card.Title, Href: scorecardLink(one.Card.Ref)}, goal: goalOf(one.Card, one.Target), stand: newStandView(one.Card, one.Now, one.Same, one.Was)}
		if m.Cards[i] != m.Card {
			row.show = r.self.set(fieldCard, cardPath(one.Card)).drop(fieldLevel).String()
		}
		v.cards = append(v.cards, row)
	}
	if m.Detail {
		v.entities = newEntitiesView(r, m, shownEntities)
	}
	v.trend = maturityTrend(r, m)
	v.rose, v.fell = risen(r, m), fallen(r, m)
	v.worst = worstRules(m, shownWorst)
	return v
}

func newHeadline(c Catalog, m *maturity.Report) headline {
	all, same, was := m.Root.All, m.Root.AllSame, m.Root.AllWas
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
		if was.Entities < all.Entities { // it compares the same ones
			n, _ = share(same)
			at := ""
			if was.Entities+all.New < all.Entities {
				at = ", at a level that the card still has,"
			}
			h.was = fmt.Sprintf("; of the %s that were judged%s%s it is %d %%", ui.Number(was.Entities), since, at, n)
			since = " then"
		}
		switch {
		case before < n:
			h.was += fmt.Sprintf(", up from %d %%%s", before, since)
		case before > n:
			h.was += fmt.Sprintf(", down from %d %%%s", before, since)
		default:
			h.was += ", as" + since
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
	all, same, was := m.Root.All, m.Root.AllSame, m.Root.AllWas
	plain := func(n int) string { return ui.Number(n) }
	first := figureView{what: goalOf(m.Card, m.Target), value: percentText(all)}
	first.delta, first.note = changeOf(same, was, func(n int) string { return ui.Plural(n, "point") }), added(all, was)
	figures := []figureView{first}
	if top := len(m.Card.Levels); top > 0 {
		figures[0].small = fmt.Sprintf("%s of %s", ui.Number(all.Reached), ui.Number(all.Entities))
		best := figureView{what: "At " + m.Card.Levels[top-1].Name, value: ui.Number(all.Levels[top])}
		if all.Entities > 0 {
			best.small = fmt.Sprintf("%d %%", whole(100*float64(all.Levels[top])/float64(all.Entities)))
		}
		if was.Entities > 0 {
			best.delta = newDelta(same.Levels[top]-was.Levels[top], true, plain)
		}
		figures = append(figures, best)
	} else {
		figures = append(figures, figureView{what: "Judged", value: ui.Number(all.Entities)})
	}
	exempt := figureView{what: "Exempt from a rule", value: ui.Number(m.Exempt), small: "of any card"}
	if m.By == maturity.ByDomain {
		exempt = figureView{what: "Without an owner in the catalog", value: ui.Number(m.Unowned), small: "of " + ui.Number(all.Entities), note: ui.Plural(m.Exempt, "entity is", "entities are") + " exempt from a rule"}
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
	if hasMoreFalls(m) {
		fell.href = "#" + fallsID
	} else if m.Falls.Fell > 0 {
		fell.href = "#" + fellID
	}
	if m.Falls.Back > 0 {
		fell.note = ui.Number(m.Falls.Back) + " back within a week"
	}
	return append(figures, exempt, fell)
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
