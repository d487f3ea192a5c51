package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web/ui"
)

const (
	scorecardsPath = "/scorecards"
	tabScores      = "Scorecards"
	shownScores    = 300 // rows of a scorecard's table
)

// Scores tells how entities stand on scorecards.
type Scores interface {
	// List returns scores by card and entity, the oldest first.
	List(ctx context.Context, q scores.Query) ([]scores.Score, error)
	maturity.Scores
}

// isScored reports whether an entity may be judged by a scorecard.
func isScored(c Catalog, e *entities.Entry) bool {
	switch e.Entity.Kind {
	case "Component", "API", "Resource", "System", "Group": // of a group what it owns is
		return c.Find(entities.Query{Kinds: []string{scorecards.KindScorecard}, Limit: 1}).Total > 0
	}
	return false
}

// cardsOf are the scorecards of a catalog, by title.
func cardsOf(c Catalog) (all []*scorecards.Card) {
	for _, e := range c.Find(entities.Query{Kinds: []string{scorecards.KindScorecard}}).Entries {
		if card, _ := scorecards.ParseCard(e.Entity); card != nil {
			all = append(all, card)
		}
	}
	return all
}

func scorecardLink(ref catalog.Ref) string {
	return namedLink(scorecardsPath, ref)
}

// scoreCard is a scorecard with how entities stand on it.
type scoreCard struct {
	anchor      ui.Anchor
	description string
	owner       ui.Person
	draft       bool
	levels      []levelCount // from the highest; none if the card counts points
	entities    int
	percent     string // of all points reached; "–" if it is known of none
}

type levelCount struct {
	level levelMark
	count int
	asks  []string // titles of the rules
}

// levelMark is a level; one of the usual names has a glyph of its own, others have the colour
// that their card gives them, or one by their place.
type levelMark struct {
	name, glyph, color string
	place              int // from the lowest of its card, 1; 0 if it is none of these
}

// share is how many stand at the level, in a mix.
func (l levelMark) share(n int) ui.Share {
	return ui.Share{Level: l.glyph, Count: n, Color: l.color, Place: l.place}
}

func newLevelMark(name string) levelMark {
	switch l := strings.ToLower(name); l {
	case "":
		return levelMark{name: "None", glyph: "none"}
	case "gold", "silver", "bronze":
		return levelMark{name: name, glyph: l}
	}
	return levelMark{name: name}
}

// levelOf is a level of a card, or one that it had.
func levelOf(card *scorecards.Card, name string) levelMark {
	mark := newLevelMark(name)
	for i, l := range card.Levels {
		if l.Name != name {
			continue
		}
		mark.place = i + 1
		if mark.glyph == "" {
			mark.color = cmp.Or(l.Color, ui.StepColor(i))
		}
	}
	return mark
}

func newScoreCard(c Catalog, card *scorecards.Card, all maturity.Standing) scoreCard {
	v := scoreCard{
		anchor:      ui.Anchor{Label: card.Title, Href: scorecardLink(card.Ref)},
		description: card.Description, draft: card.Draft, entities: all.Entities, percent: "–",
	}
	if card.Owner != "" {
		v.owner = owner(c, card.Owner)
	}
	if all.Of > 0 {
		v.percent = fmt.Sprintf("%d %%", whole(100*all.Points/all.Of))
	}
	if len(card.Levels) == 0 {
		return v
	}
	for _, l := range slices.Backward(card.Levels) {
		one := levelCount{level: levelOf(card, l.Name), count: all.Levels[l.Name]}
		for _, r := range card.Rules {
			if r.Level == l.Name {
				one.asks = append(one.asks, r.Title)
			}
		}
		v.levels = append(v.levels, one)
	}
	v.levels = append(v.levels, levelCount{level: newLevelMark(""), count: all.Levels[""]})
	return v
}

// says is the distribution in words.
func (v scoreCard) says() string {
	switch {
	case v.entities == 0 && v.draft:
		return "Not recorded: a draft"
	case v.entities == 0:
		return "Judges nothing"
	case len(v.levels) == 0:
		return v.percent + " of all points"
	}
	var parts []string
	for _, l := range v.levels {
		parts = append(parts, fmt.Sprintf("%s %d", l.level.name, l.count))
	}
	return strings.Join(parts, ", ")
}

func (v scoreCard) shares() (all []ui.Share) {
	for _, l := range v.levels {
		if l.count > 0 {
			all = append(all, l.level.share(l.count))
		}
	}
	return all
}

// scorecardList handles "GET /scorecards".
func (s *Site) scorecardList(ctx context.Context, r request) (answer, error) {
	var views []scoreCard
	for _, card := range cardsOf(r.catalog) {
		if s.Scores == nil {
			return answer{}, errNoScorecards()
		}
		all, err := maturity.StandingOn(ctx, s.Scores, card.Ref.String(), r.moment)
		if err != nil {
			return answer{}, err
		}
		views = append(views, newScoreCard(r.catalog, card, all))
	}
	start := ""
	if s.Desk != nil && r.moment.Now() {
		start = cardFormURL
	}
	return answer{title: "Scorecards", body: scorecardsPage(views, start)}, nil
}

func errNoScorecards() error { return fault.New(fault.NotFound, "this portal has no scorecards") }

// scoresOf asks for scores at the moment of the page.
func (s *Site) scoresOf(ctx context.Context, r request, q scores.Query) ([]scores.Score, error) {
	if s.Scores == nil {
		return nil, errNoScorecards()
	}
	q.Moment = r.moment
	return s.Scores.List(ctx, q)
}

type scorecardView struct {
	scoreCard
	published ui.EventMark // the event that made it what it is, if somebody comes from there
	rungs     []rungView
	trend     trendView
	heat      heatView
	rose      moversView
	fell      []moverView
	span      string       // of who rose and fell
	worst     []ruleColumn // failed most first
	try       string       // address; empty if no change can be tried
	// descriptor is the address of the card as it is written.
	descriptor string
	// exemptions is the address of those from the card; empty for a draft, which has none.
	exemptions string
	badge      string // of a README: Markdown
	when       string // heading of how they stand
	whole      string // the organisation by this card
}

// rungView is a level, what it asks for and who keeps that.
type rungView struct {
	level levelMark
	asks  []string
	soon  []string // asked for later
	count int      // at this level or above
}

type ruleColumn struct {
	id, title    string
	level        levelMark
	fails, asked int
	last         int    // who would be at the next level but for this rule
	was          string // share that passed at the beginning of the trend
	href         string // of the entities that do not pass it, or of all where only these are shown
	only         bool   // only these are shown
}

type scoreRow struct {
	entity ui.EntityLink
	href   string
	level  levelMark
	points string
	cells  []cell
	last   bool // has only the rule left that the table keeps to
}

// cell is what a rule came to.
type cell struct {
	class, icon, sign, says, title string
	href                           string // of the page that tells why, in a table of many
}

func newCell(outcome, title string) cell {
	c := cell{says: strings.ReplaceAll(outcome, "-", " "), title: title}
	switch scorecards.Outcome(outcome) {
	case scorecards.Pass:
		c.class, c.icon = "pass", "check"
	case scorecards.Fail:
		c.class, c.icon = "fail", "x"
	case scorecards.Exempt:
		c.class, c.icon = "exempt", "shield"
	case scorecards.NotApplicable:
		c.class, c.sign = "na", "–"
	case scorecards.Error:
		c.class, c.icon = "unknown", "alert"
	default:
		c.class, c.sign, c.says = "unknown", "?", "unknown"
	}
	return c
}

// scorecard handles "GET /scorecards/{name}".
func (s *Site) scorecard(ctx context.Context, r request) (answer, error) {
	e, card, err := cardOf(r)
	if fault.KindOf(err) == fault.NotFound {
		return s.notAgreed(ctx, r, scorecards.RefNamed(scorecards.KindScorecard, r.param("name")))
	}
	if err != nil {
		return answer{}, err
	}
	span, err := spanOf(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := choice(r.self.query, fieldGroup, "grouping", byTeam, byDomain); err != nil {
		return answer{}, err
	}
	only, err := heatFilterOf(r, card)
	if err != nil {
		return answer{}, err
	}
	list, err := s.scoresOf(ctx, r, scores.Query{Card: e.Ref})
	if err != nil {
		return answer{}, err
	}
	trend, err := s.Trends.Of(ctx, e.Entity, span, false)
	if err != nil && trend.Failed == nil {
		return answer{}, err
	}
	if trend.Running != nil { // most are done at once
		select {
		case <-trend.Running.Ended():
			trend, err = s.Trends.Of(ctx, e.Entity, span, false)
		case <-time.After(tryPatience):
		case <-ctx.Done():
		}
		if err != nil && trend.Failed == nil {
			return answer{}, err
		}
	}
	if trend.Failed != nil { // the page tells what is on record all the same
		s.Logger.ErrorContext(ctx, "a trend is shown without what stood before", "scorecard", e.Ref, "error", trend.Failed)
	}
	if card.Draft && trend.Computed != nil {
		list = wouldStand(trend.Computed)
	}
	moved, err := maturity.Ask(ctx, s.Scores, r.catalog, maturity.Question{
		Cards: []*scorecards.Card{card}, Card: card, From: span.From, To: r.moment, End: span.To, By: maturity.ByTeam, Movers: shownMovers,
	})
	if err != nil {
		return answer{}, err
	}
	var published ui.EventMark
	if r.self.query.Has(fieldPublished) {
		published, r.self = mark(e.Since.Position), r.self.drop(fieldPublished)
	}
	v := s.newScorecardView(r, e, card, list, trend, moved, only)
	switch {
	case card.Draft && trend.Computed != nil:
		v.heat.unclear = unclearText(trend.Computed.Unclear)
	case !card.Draft:
		if v.heat.unclear, err = s.unclear(ctx, r, card); err != nil {
			return answer{}, err
		}
	}
	v.published = published
	a := answer{title: card.Title, body: scorecardPage(v)}
	if trend.Running != nil {
		a.again = tryAgain
	}
	return a, nil
}

// cardOf is the scorecard that a page is about.
func cardOf(r request) (*entities.Entry, *scorecards.Card, error) { return cardAt(r, "name") }

// cardAt finds the card that a part of the address names.
func cardAt(r request, param string) (*entities.Entry, *scorecards.Card, error) {
	e, ok := r.catalog.Get(scorecards.RefNamed(scorecards.KindScorecard, r.param(param)).String())
	if !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no scorecard %s", r.param(param))
	}
	card, _ := scorecards.ParseCard(e.Entity)
	if card == nil {
		return nil, nil, fault.New(fault.NotFound, "the scorecard %s cannot be read", r.param(param))
	}
	return e, card, nil
}

// wouldStand is how entities stand by a backtest of a card that nothing is on record of.
func wouldStand(b *scorer.Backtest) (all []scores.Score) {
	for _, m := range b.Moves {
		if m.After == nil {
			continue
		}
		one := scores.Score{Card: b.Card, Entity: m.Entity, Level: m.After.Level, Points: m.After.Points, Of: m.After.Of, Since: b.To}
		for _, rule := range m.Rules {
			if rule.After != "" {
				one.Rules = append(one.Rules, scores.Rule{ID: rule.Rule, Outcome: rule.After, Message: rule.Message})
			}
		}
		all = append(all, one)
	}
	return all
}

func (s *Site) newScorecardView(r request, e *entities.Entry, card *scorecards.Card, list []scores.Score, trend trends.Trend, moved *maturity.Report, only heatFilter) scorecardView {
	slices.SortStableFunc(list, func(a, b scores.Score) int {
		return cmp.Or(cmp.Compare(card.Rank(a.Level), card.Rank(b.Level)), cmp.Compare(a.Points, b.Points), strings.Compare(a.Entity, b.Entity))
	})
	v := scorecardView{
		scoreCard: newScoreCard(r.catalog, card, maturity.StandingOf(list)), trend: newTrendView(r, card, trend, e.Registered), heat: newHeatView(r, card, list, only),
		span: ui.Plural(monthsOf(r), "month"), rungs: rungsOf(r, card, list), worst: worstOf(r, card, list, trend.Points),
	}
	v.descriptor = entityLink(card.Ref) + "/descriptor"
	if v.when = "Today"; !r.moment.Now() {
		v.when = "At that moment"
	}
	v.heat.running = card.Draft && trend.Running != nil
	v.rose, v.fell = risen(r, moved), moversOf(r, card, moved.LastFalls)
	if s.Trials != nil {
		v.try = v.anchor.Href + "/try"
	}
	if !card.Draft {
		v.exemptions = link{path: exemptionsPath}.set(fieldScorecard, card.Ref.String()).String()
		name := strings.TrimPrefix(v.anchor.Href, scorecardsPath+"/")
		v.whole = link{path: executivePath}.set(fieldCard, name).String()
		v.badge = fmt.Sprintf("![%s](%s/api/scorecards/%s/badge/component/default/NAME.svg)", card.Title, s.URL, name)
	}
	return v
}

func rungsOf(r request, card *scorecards.Card, list []scores.Score) (all []rungView) {
	for _, l := range slices.Backward(card.Levels) {
		v := rungView{level: levelOf(card, l.Name)}
		for _, rule := range card.Rules {
			switch {
			case rule.Level != l.Name:
			case !rule.Counts(r.pageTime()):
				v.soon = append(v.soon, rule.Title+" (from "+ui.Day(rule.From).Text+")")
			default:
				v.asks = append(v.asks, rule.Title)
			}
		}
		for _, one := range list {
			if card.Rank(one.Level) >= l.Rank {
				v.count++
			}
		}
		all = append(all, v)
	}
	return all
}

// worstOf lists the rules that count and fail, the one that fails most first.
func worstOf(r request, card *scorecards.Card, list []scores.Score, points []scorecards.Point) (all []ruleColumn) {
	for _, rule := range maturity.RulesOf(card, list, r.pageTime()) {
		v := newRuleColumn(rule)
		v.href = toHeat(r.self.set(fieldRule, v.id))
		for _, p := range points {
			if share, ok := p.PassRate(v.id); ok {
				v.was = fmt.Sprintf("%d %%", whole(100*share))
				break
			}
		}
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b ruleColumn) int { return b.fails - a.fails })
	return all
}

// headTitle says what the head of its column leads to.
func (c ruleColumn) headTitle() string {
	if c.only {
		return c.title + ": show all entities"
	}
	return c.title + ": show who does not pass"
}

// says is how many fail, how many it alone holds back, and how the share moved.
func (c ruleColumn) says() string {
	says := fmt.Sprintf("%d of %d fail", c.fails, c.asked)
	if c.fails == 1 {
		says += "s"
	}
	if c.last > 0 {
		says += "; " + ui.Plural(c.last, "has", "have") + " only this one left to the next level"
	}
	if c.was != "" {
		says += fmt.Sprintf("; %d %% pass, at first %s", whole(100*float64(c.asked-c.fails)/float64(max(c.asked, 1))), c.was)
	}
	return says
}
