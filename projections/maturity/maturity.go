// Package maturity is how a whole organisation stands on its scorecards: by domain and
// system or by team, now and at an earlier moment, who moved meanwhile and because of
// which change, and which rule is most in the way.
//
// Start with [Ask]. It puts two read models together: projections/scores, which has in
// memory how every entity stood, and the catalog, which says where each belongs.
package maturity

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Scores has how entities stood. projections/scores implements it.
type Scores interface {
	// Each calls visit for every entity that was ever judged by one of some cards, one card
	// after the other.
	Each(ctx context.Context, cards []string, visit func(card int, l scores.Line)) error
	// Begun returns the scores that events began, in the order of all.
	Begun(ctx context.Context, all ...scores.Beginning) ([]scores.Score, error)
}

// Catalog says where entities belong, and who owns them.
type Catalog interface {
	List(entities.Listing) entities.Rows
	Facets(w entities.Where, keys ...string) [][]entities.Count
	Brief(ref string) (entities.Brief, bool)
}

// Grouping is what a report is divided by.
type Grouping string

// None names what belongs to no group.
const None = "none"

// The groupings.
const (
	ByDomain Grouping = "domain" // domains, and the systems in them
	ByTeam   Grouping = "team"   // owners, and the groups that they are children of
)

// Question is what a report is to tell.
type Question struct {
	// Cards are those that the whole is told by. None of them is a draft.
	Cards []*scorecards.Card
	// Card is that of them which the groups are told by.
	Card *scorecards.Card
	// Target is the level of Card that is to be reached; not looked at where it has none.
	Target string
	// From is what is compared with, by the same knowledge as To.
	From time.Time
	// To is the moment that is told of, and End when that is.
	To  projections.Moment
	End time.Time
	By  Grouping
	// Within is the full reference of a group to which the report keeps, or [None];
	// empty: all.
	Within string
	// Detail asks for the entities themselves, and Members for which components belong to
	// which group, judged or not.
	Detail, Members bool
	// Movers is how many of those who rose, of those who fell, and of the last falls and rises
	// are told of, and ListFalls of how many of the last falls at least.
	Movers, ListFalls int
}

// Report is how an organisation, or a part of it, stands.
type Report struct {
	Question
	Whole []CardStand // by Cards, in their order
	Root  *Node       // of all groups; of the group that it keeps to, if it does
	Trend []Step
	Rose  []Move
	Fell  []Move
	// LastFalls and LastRises are those of the time, the newest first, also of who has risen or
	// fallen since, or was not judged at the earlier moment. There are as many as the question
	// says.
	LastFalls, LastRises []Move
	Falls                Falls // in the time
	Before               Falls // in the time of the same length before
	// Rules are those that fail and count: of Card, and of all cards if Detail was asked
	// for. The one that lifts most comes first, then the one that fails most.
	Rules []Rule
	// Unowned is how many of those that Card judges have no owner, or one that is not in the
	// catalog.
	Unowned int
	// Exempt is how many entities are exempt from a rule of any card.
	Exempt   int
	Entities []Entity // if asked for: by level, the lowest first, then by reference
	// Members are the full refs of components, if asked for, by the names of the root and of
	// the groups right below it; by team also of those up to three steps below.
	Members map[string][]string
}

// CardStand is how all stand on one card.
type CardStand struct {
	Card   *scorecards.Card
	Target string // the level that its share is told by
	// Was is how those of Now stood that were judged at the earlier moment, too, and Same
	// how these stand now: the change is between the two. Whoever stood at a level that the card
	// does not have any more is left out.
	Now, Same, Was Count
}

// Step is a moment of a trend.
type Step struct {
	At       time.Time
	Entities int
	Levels   []int // as those of a [Count]
	Points   float64
	Of       float64
}

// Rule is how a rule is kept: of entities that it is neither known of nor applies to, or that
// are exempt, nothing is said.
type Rule struct {
	Card          *scorecards.Card
	Rule          *scorecards.Rule
	Passes, Fails int
	// Lifts is how many would be at the next level but for this rule.
	Lifts int
}

// Falls counts how often entities fell and rose, and how often one that fell was back
// within a week.
type Falls struct {
	Fell int `json:"fell"`
	Back int `json:"back"`
	Rose int `json:"rose"`
}

// Week is how soon it has to be.
const Week = 7 * 24 * time.Hour

// Entity is how one entity stands on all cards.
type Entity struct {
	Ref    string
	Group  string   // where it belongs: the reference of a [Node]
	Stands []*Stand // on Cards, in their order; nil where it is not judged
}

// Stand is how an entity stands on one card.
type Stand struct {
	Level, Was string
	New        bool // it was not judged at the earlier moment
	Points, Of float64
	Since      time.Time
	Outcomes   *scores.Outcomes
}

// mainCard is the name of the card that an organisation is told by if it has one.
const mainCard = "production-readiness"

// CardOf finds a card by its name, which is that in the namespace default, or
// namespace:name. Without a name it is the card production-readiness, or the first that
// has levels, or the first. Errors are of kind fault.NotFound.
func CardOf(cards []*scorecards.Card, name string) (*scorecards.Card, error) {
	if len(cards) == 0 {
		return nil, fault.New(fault.NotFound, "no scorecard is published")
	}
	find := func(is func(*scorecards.Card) bool) *scorecards.Card {
		if i := slices.IndexFunc(cards, is); i >= 0 {
			return cards[i]
		}
		return nil
	}
	if name != "" {
		ref := scorecards.RefNamed(scorecards.KindScorecard, name).String()
		if card := find(func(c *scorecards.Card) bool { return c.Ref.String() == ref }); card != nil {
			return card, nil
		}
		return nil, fault.New(fault.NotFound, "no scorecard %s is published", name)
	}
	return cmp.Or(
		find(func(c *scorecards.Card) bool { return c.Ref.Name == mainCard }),
		find(func(c *scorecards.Card) bool { return len(c.Levels) > 0 }),
		cards[0],
	), nil
}

// LevelOf finds a level of a card by its name, in whatever letters. Without one it is the
// second highest, or the only one: what organisations mean to reach everywhere. A card
// that counts points has none. Errors are of kind fault.Invalid.
func LevelOf(card *scorecards.Card, name string) (string, error) {
	if name == "" {
		if len(card.Levels) == 0 {
			return "", nil
		}
		return card.Levels[max(0, len(card.Levels)-2)].Name, nil
	}
	for _, l := range card.Levels {
		if strings.EqualFold(l.Name, name) {
			return l.Name, nil
		}
	}
	return "", fault.New(fault.Invalid, "level=%s is no level of %s", name, card.Title)
}

// Quarter is when the quarter of a moment began, in UTC; the one before where it began
// less than a day ago, so that there is something to compare.
func Quarter(end time.Time) time.Time {
	return scorecards.QuarterOf(end.Add(-24 * time.Hour))
}

// longest is how many years a report may go back.
const longest = 60

// Ask makes a report. An error of kind fault.Invalid says that its time is too long, or
// ends before it begins.
func Ask(ctx context.Context, from Scores, c Catalog, q Question) (*Report, error) {
	if q.From.AddDate(longest, 0, 0).Before(q.End) {
		return nil, fault.New(fault.Invalid, "%s is more than %d years before %s: begin with a later day", q.From.Format(time.DateOnly), longest, q.End.Format(time.DateOnly))
	}
	r := &Report{Question: q}
	a := &asker{Report: r, places: placesOf(c, q.By), rungs: map[rung]int{}, of: newCounter(q.Card, q.Target), was: projections.Moment{At: q.From, Known: q.To.Known}}
	a.scope = a.places.scope(q.Within)
	var err error
	if a.moments, err = scorecards.Moments(q.From, q.End, stepOf(q.From, q.End)); err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	a.trend = make([]Step, len(a.moments))
	for i := range a.trend {
		a.trend[i] = Step{At: a.moments[i], Levels: make([]int, len(a.of.levels)+1)}
	}
	a.unowned = unowned(c)
	names, visit := make([]string, len(q.Cards)), make([]func(scores.Line), len(q.Cards))
	r.Whole = make([]CardStand, len(q.Cards))
	for i, card := range q.Cards {
		names[i], visit[i] = card.Ref.String(), a.visitor(i)
	}
	if err := from.Each(ctx, names, func(card int, l scores.Line) { visit[card](l) }); err != nil {
		return nil, err
	}
	r.Root = a.scope
	r.Root.own(a.of)
	r.Root.ownSame(a.of)
	r.Root.ownWas(a.of)
	r.Root.sum()
	r.Root.tidy()
	if q.Members {
		deep := deepDomains
		if q.By == ByTeam {
			deep = deepTeams
		}
		r.Members = a.places.members(c, a.scope, deep)
	}
	r.Exempt = len(a.exempt)
	r.Trend = addUp(a.trend)
	a.rules()
	a.detail()
	return r, a.movers(ctx, from)
}

// stepOf is how far apart the points of a trend are, so that it has about a dozen.
func stepOf(from, to time.Time) scorecards.Step {
	switch days := to.Sub(from) / (24 * time.Hour); {
	case days > 200:
		return scorecards.Month
	case days > 21:
		return scorecards.Week
	}
	return scorecards.Day
}

// asker gathers a report.
type asker struct {
	*Report
	places  *places
	of      *counter
	scope   *Node
	was     projections.Moment
	moments []time.Time
	trend   []Step       // what each has more than the one before
	best    [2][]mover   // who fell, and who rose; the first is the best
	last    [2][]mover   // falls, and rises, of the time, the newest first
	rungs   map[rung]int // how many have the same outcomes, and stand as high
	exempt  map[int]bool // by their numbers
	unowned map[string]bool
	outside Node        // where all is that is not in scope
	told    map[int]int // by the number of an entity, where it is in Entities
	at      []*Node     // likewise, its group; outside, if that is not in scope; nil: not looked up yet
}

// group is where an entity belongs, if that is in scope. The same entities are on all cards, and
// each is looked up once.
func (a *asker) group(l scores.Line) (*Node, bool) {
	n := l.Number()
	if n >= len(a.at) {
		a.at = append(a.at, make([]*Node, n+1-len(a.at))...)
	}
	if a.at[n] == nil {
		if a.at[n] = a.places.of(l.Entity()); !a.at[n].within(a.scope) {
			a.at[n] = &a.outside
		}
	}
	return a.at[n], a.at[n] != &a.outside
}

// visitor counts on the card with an index.
func (a *asker) visitor(card int) func(scores.Line) {
	target, _ := LevelOf(a.Cards[card], "")
	of, main, stand := newCounter(a.Cards[card], target), a.Cards[card] == a.Card, &a.Whole[card]
	if main {
		of = a.of
	}
	*stand = CardStand{Card: of.card, Target: of.target, Now: of.count(), Same: of.count(), Was: of.count()}
	return func(l scores.Line) {
		at := a.scope
		if main || a.Within != "" || a.Detail {
			var in bool
			if at, in = a.group(l); !in {
				return
			}
		}
		now, judged := l.At(a.To)
		was, before := now, judged
		if !l.Steady(a.From) {
			was, before = l.At(a.was)
		}
		if judged {
			of.add(&stand.Now, now)
			switch _, known := of.by(was, now); {
			case !before:
				stand.Now.New++
			case known:
				of.add(&stand.Same, now)
				of.add(&stand.Was, was)
				of.compare(&stand.Now, was, now)
			}
			if len(now.Outcomes.Exempt) > 0 {
				if a.exempt == nil {
					a.exempt = map[int]bool{}
				}
				a.exempt[l.Number()] = true
			}
			if a.Detail {
				a.tell(card, l, at, now, was, before)
			}
			if main || a.Detail {
				a.rungs[rung{card, of.stepOf(now), now.Outcomes}]++
			}
		}
		if !main {
			return
		}
		a.step(l, was, before)
		if !judged {
			return
		}
		own := at.own(of)
		of.add(own, now)
		switch _, known := of.by(was, now); {
		case !before:
			own.New++
		case known:
			of.add(at.ownSame(of), now)
			of.add(at.ownWas(of), was)
			of.compare(own, was, now)
		}
		if len(a.unowned) > 0 && a.unowned[l.Entity()] {
			a.Unowned++
		}
		a.move(l, was, now, before)
	}
}

// tell notes how an entity stands on a card.
func (a *asker) tell(card int, l scores.Line, at *Node, now, was scores.Stand, before bool) {
	i, ok := a.told[l.Number()]
	if !ok {
		if a.told == nil {
			a.told = map[int]int{}
		}
		i = len(a.Entities)
		a.told[l.Number()] = i
		a.Entities = append(a.Entities, Entity{Ref: l.Entity(), Group: at.Ref, Stands: make([]*Stand, len(a.Cards))})
	}
	a.Entities[i].Stands[card] = &Stand{now.Level, was.Level, !before, now.Points, now.Of, now.Since, now.Outcomes}
}

// detail sorts the entities.
func (a *asker) detail() {
	main := slices.Index(a.Cards, a.Card)
	value := func(e Entity) float64 {
		if s := e.Stands[main]; s != nil {
			return a.of.value(s.Level, s.Points, s.Of)
		}
		return float64(len(a.of.levels) + 101) // not judged: last
	}
	slices.SortFunc(a.Entities, func(x, y Entity) int {
		if v, w := value(x), value(y); v != w {
			if v < w {
				return -1
			}
			return 1
		}
		return compareRefs(x.Ref, y.Ref)
	})
}
