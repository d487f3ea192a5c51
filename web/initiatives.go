package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const (
	initiativesPath   = "/initiatives"
	initiativeFormURL = initiativesPath + "/new"
	shownItems        = 25 // of an owner
)

// initiativesView is the list of initiatives.
type initiativesView struct {
	rows  []initiativeRow
	start string // address of the form; empty if none can be opened here
}

// initiativeRow is an initiative in a list.
type initiativeRow struct {
	name             ui.Anchor
	description      string
	card             ui.Anchor
	asks             string
	owner            ui.Person
	target           string
	left             string
	soon             bool
	look, icon, word string
	percent          int
	done, asked      int
	why              string // it cannot be measured
}

// says is how far it is.
func (i initiativeRow) says() string {
	if i.why != "" {
		return "cannot be measured: " + i.why
	}
	if i.asked == 0 {
		return "nobody is asked"
	}
	return fmt.Sprintf("%d of %d", i.done, i.asked)
}

// initiativeList handles "GET /initiatives".
func (s *Site) initiativeList(ctx context.Context, r request) (answer, error) {
	if s.Agreements == nil {
		return answer{}, errNoScorecards()
	}
	all, err := s.Agreements.Initiatives(ctx, r.catalog, r.moment, r.pageTime())
	if err != nil {
		return answer{}, err
	}
	var v initiativesView
	for i := range all {
		v.rows = append(v.rows, newInitiativeRow(r, &all[i]))
	}
	if s.Desk != nil && r.moment.Now() {
		v.start = initiativeFormURL
	}
	return answer{title: "Initiatives", body: initiativesPage(v)}, nil
}

func newInitiativeRow(r request, i *agreements.Initiative) initiativeRow {
	row := initiativeRow{
		name: ui.Anchor{Label: i.Title, Href: namedLink(initiativesPath, i.Ref)}, description: i.Entry.Entity.Metadata.Description,
		card: ui.Anchor{Label: named(r.catalog, i.Initiative.Card).Label}, target: ui.Day(i.LastDay()).Text,
		percent: i.Percent(), done: i.Done, asked: i.Asked, asks: i.Level, why: i.Why,
	}
	if i.Card != nil {
		row.card = ui.Anchor{Label: i.Card.Title, Href: scorecardLink(i.Card.Ref)}
	}
	if i.Level == "" {
		row.asks = strings.Join(ruleTitles(i.Card, i.Rules), ", ")
	}
	if i.Owner != "" {
		row.owner = owner(r.catalog, i.Owner)
	}
	switch i.State {
	case agreements.Draft:
		row.look, row.icon, row.word = "info", "edit", "Draft"
	case agreements.Planned:
		row.look, row.icon, row.word = "info", "calendar", "From "+ui.Day(i.Start).Text
	case agreements.Reached:
		row.look, row.icon, row.word = "good", "check-circle", "Reached"
	case agreements.Missed:
		row.look, row.icon, row.word = "bad", "x-circle", "Missed"
	case agreements.Closed:
		row.icon, row.word = "minus", "Closed"
	case agreements.Unasked:
		row.icon, row.word = "minus", "Nobody was asked"
	case agreements.Unmeasured:
		row.look, row.icon, row.word = "bad", "question", "Cannot be measured"
	default:
		row.look, row.icon, row.word = "", "flag", "Open"
		row.left, row.soon = timeLeft(i.DaysLeft(r.pageTime()))
		switch {
		case row.why != "":
			row.look, row.icon, row.word = "bad", "question", "Cannot be measured"
		case row.asked > 0 && row.done == row.asked:
			row.look, row.icon, row.word = "good", "check", "All done"
		}
	}
	return row
}

func ruleTitles(card *scorecards.Card, ids []string) []string {
	titles := make([]string, len(ids))
	for i, id := range ids {
		titles[i] = id
		if card == nil {
			continue
		}
		if rule := card.Rule(id); rule != nil {
			titles[i] = rule.Title
		}
	}
	return titles
}

// initiativeView is one initiative with what is left to do.
type initiativeView struct {
	initiativeRow
	burn     trendView
	groups   []itemGroup
	all      int // entities that have something left
	over     bool
	filter   string
	start    string
	remind   []string // what becomes of each reminder
	lost     string   // why nobody can tell any more who was not done
	unclear  string   // for how many the filter goes wrong, and how; empty if for none
	note     string
	closed   string
	declared outsideLink
	records  string
	edit     string
	csv      string
	close    *decisionView
	history  []ui.Happening
}

// itemGroup is what an owner has left to do.
type itemGroup struct {
	id    string
	owner ui.Person
	items []itemView
	more  int
	count int
}

// itemView is an entity with what it has left to do.
type itemView struct {
	entity ui.EntityLink
	level  levelMark
	ladder bool
	rules  []ruleState
}

// initiative handles "GET /initiatives/{name}".
func (s *Site) initiative(ctx context.Context, r request) (answer, error) {
	return s.initiativeWith(ctx, r, func(*initiativeView) {})
}

// initiativeOf is the initiative that a page is about.
func (s *Site) initiativeOf(ctx context.Context, r request) (*agreements.Initiative, error) {
	if s.Agreements == nil {
		return nil, errNoScorecards()
	}
	ref := r.namedRef(scorecards.KindInitiative)
	e, ok := r.catalog.Get(ref.String())
	if !ok { // see Site.notAgreed
		return nil, fault.New(fault.NotFound, "there is no initiative %s", ref.Name)
	}
	i, err := s.Agreements.Initiative(ctx, r.catalog, r.moment, r.pageTime(), e)
	if err == nil && i == nil {
		err = fault.New(fault.NotFound, "the initiative %s cannot be read", ref.Name)
	}
	return i, err
}

func (s *Site) initiativeWith(ctx context.Context, r request, change func(*initiativeView)) (answer, error) {
	i, err := s.initiativeOf(ctx, r)
	if fault.KindOf(err) == fault.NotFound && s.Agreements != nil {
		return s.notAgreed(ctx, r, r.namedRef(scorecards.KindInitiative))
	}
	if err != nil {
		return answer{}, err
	}
	page, err := s.History.Events(ctx, r.then(history.Filter{Entity: i.Entry.Ref, Limit: shownAgreement}))
	if err != nil {
		return answer{}, err
	}
	moments := i.Weeks(r.pageTime())
	points, err := s.Agreements.BurnUp(ctx, r.moment, i, moments)
	if err != nil {
		return answer{}, err
	}
	var todo []*scores.Score
	for n := range i.Items {
		if len(i.Items[n].Left) > 0 {
			todo = append(todo, &i.Items[n].Score)
		}
	}
	if err := s.sayNow(ctx, r, todo...); err != nil {
		return answer{}, err
	}
	v := newInitiativeView(r, i)
	v.burn = newBurnView(r, i, points)
	v.history = agreed(r.catalog, page.Entries, r.now)
	if s.Desk != nil && r.moment.Now() && i.Entry.Origin.FromPortal() {
		v.edit = v.name.Href + "/edit"
		if !i.State.Over() {
			v.close = closeForm(r, i)
		}
	}
	change(&v)
	return answer{title: i.Title, body: initiativePage(v)}, nil
}

func newInitiativeView(r request, i *agreements.Initiative) initiativeView {
	v := initiativeView{
		initiativeRow: newInitiativeRow(r, i), over: i.State.Over(), filter: i.Filter, note: i.Note, records: entityLink(i.Ref), start: "at once",
	}
	if !i.Start.IsZero() {
		v.start = ui.Day(i.Start).Text
	}
	if !i.Closed.IsZero() {
		v.closed = ui.Day(i.Closed).Text
	}
	v.remind = remindersOf(r, i)
	v.lost = i.Lost
	if i.Unclear > 0 {
		v.unclear = fmt.Sprintf("%s of %s: %s.", ui.Number(i.Unclear), ui.Plural(i.Judged, "entity", "entities"), i.Problem)
	}
	if !i.Entry.Origin.FromPortal() {
		v.declared = outsideLink{label: i.Entry.Origin.Place(), href: ui.Outside(i.Entry.Origin.URL)}
	}
	v.groups, v.all = newItemGroups(r, i)
	v.csv = csvLink(r, "/api"+v.name.Href).String()
	return v
}

// remindersOf says what becomes of each reminder, the earliest first: the next one with whom it
// is for.
func remindersOf(r request, i *agreements.Initiative) (all []string) {
	next := true
	for n, days := range i.Remind {
		if n > 0 && days == i.Remind[n-1] {
			continue
		}
		at := i.RemindAt(days)
		says := ui.Plural(days, "day") + " before, on " + ui.Day(at).Text
		if days == 0 {
			says = "On the last day, " + ui.Day(at).Text
		}
		switch {
		case i.State == agreements.Draft:
			says += ": none while this is a draft"
		case at.After(r.pageTime()) && i.State.Over():
			says += ": it did not come, since this is over"
		case at.After(r.pageTime()) && i.Why != "":
			says += ": not as long as this cannot be measured"
		case at.After(r.pageTime()) && next:
			next = false
			lacks := "does not keep these rules"
			if i.Level != "" {
				lacks = "has not reached " + i.Level
			}
			says += ": the next, to the owners of all it asks that " + lacks + " by then"
			if i.Owner != "" {
				says += ", and of the initiative"
			}
		case !at.After(i.Entry.Registered):
			says += ": it never comes, since that was over when this was opened"
		}
		all = append(all, says)
	}
	return all
}

// newItemGroups lists what is left to do by owner, who has most to do first.
func newItemGroups(r request, i *agreements.Initiative) (all []itemGroup, left int) {
	byOwner := map[string][]agreements.Item{}
	for _, item := range i.Items {
		if len(item.Left) > 0 {
			byOwner[item.Owner] = append(byOwner[item.Owner], item)
			left++
		}
	}
	for ref, items := range byOwner {
		g := itemGroup{id: "h-" + cmp.Or(strings.NewReplacer(":", "-", "/", "-").Replace(ref), "nobody"), owner: ui.Person{Name: "Nobody"}, count: len(items)}
		if ref != "" {
			g.owner = owner(r.catalog, ref)
		}
		for _, item := range items {
			if len(g.items) == shownItems {
				g.more++
				continue
			}
			g.items = append(g.items, newItemView(r, i, item))
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b itemGroup) int { return cmp.Or(b.count-a.count, strings.Compare(a.owner.Name, b.owner.Name)) })
	return all, left
}

func newItemView(r request, i *agreements.Initiative, item agreements.Item) itemView {
	v := itemView{entity: named(r.catalog, item.Entity), level: levelOf(i.Card, item.Score.Level), ladder: len(i.Card.Levels) > 0}
	if v.entity.Href != "" {
		v.entity.Href += "/scorecards"
	}
	for _, id := range item.Left {
		rule := i.Card.Rule(id) // it is there: what cannot be measured has no items
		state := ruleState{title: rule.Title, level: levelOf(i.Card, rule.Level), fix: ui.Outside(rule.Fix), cell: newCell(string(scorecards.Unknown), rule.Title)}
		for _, one := range item.Score.Rules {
			if one.ID == id {
				state.cell, state.message = newCell(one.Outcome, rule.Title), ruleMessage(one)
			}
		}
		v.rules = append(v.rules, state)
	}
	return v
}

// newBurnView draws how many are done of those that are asked, with the target ahead.
func newBurnView(r request, i *agreements.Initiative, points []agreements.Point) trendView {
	v := trendView{title: "Burn-up", sub: "Entities that are done, of those asked, each week", heads: []ui.Column{{Label: "Day"}, {Label: "Done", Number: true}, {Label: "Asked", Number: true}}}
	if i.Why != "" {
		v.nothing, v.empty, v.none = true, true, "Nothing to draw: nobody can tell how far it is."
		return v
	}
	first := slices.IndexFunc(points, func(p agreements.Point) bool { return p.Asked > 0 })
	if first < 0 || points[len(points)-1].At.Sub(points[first].At) < 24*time.Hour {
		v.nothing, v.empty, v.none = true, true, "Nothing to draw yet: this begins a day after somebody is asked."
		return v
	}
	points = points[first:]
	moments := make([]time.Time, len(points))
	done, rest := ui.Band{Label: "done", Class: "", Color: singleColor}, ui.Band{Label: "left", Class: "none"}
	for n, p := range points {
		moments[n] = p.At
		done.Values = append(done.Values, p.Done)
		rest.Values = append(rest.Values, p.Asked-p.Done)
		v.rows = append(v.rows, []string{ui.Day(p.At).Text, ui.Number(p.Done), ui.Number(p.Asked)})
	}
	last := len(points) - 1
	end := moments[last]
	if i.Target.After(end) {
		end = i.Target
	}
	axis := newTimeAxis(moments, end)
	v.area.At, v.area.Ticks = axis.places(moments)
	v.area.Steps = stepsOf(r, moments, i.Entry.Registered)
	v.area.Bands, v.area.Tall = []ui.Band{done, rest}, 200
	v.area.Pins = []ui.Pin{{At: min(axis.at(i.Target), 100), Text: ui.Day(i.LastDay()).Text + ": the target, all " + ui.Number(points[last].Asked) + "."}}
	v.area.Says = fmt.Sprintf("Done: %d of %d on %s, %d of %d on %s; the target is all by %s.", points[0].Done, points[0].Asked, ui.Day(moments[0]).Text,
		points[last].Done, points[last].Asked, ui.Day(moments[last]).Text, ui.Day(i.LastDay()).Text)
	v.notes = append(v.notes, "By the rules of today, and what these came to then. Who is asked is who is asked today.")
	return v
}

// askedNote says on the page of an entity what an initiative asks of it.
type askedNote struct {
	name ui.Anchor
	by   string
	says string // what is left
	done bool
	soon bool
}

// askedOf lists what open initiatives on a card ask of an entity.
func askedOf(r request, all []agreements.Initiative, card, entity string) (notes []askedNote) {
	for n := range all {
		i := &all[n]
		if i.Initiative.Card != card || i.State != agreements.Open {
			continue
		}
		for _, item := range i.Items {
			if item.Entity != entity {
				continue
			}
			row := newInitiativeRow(r, i)
			note := askedNote{name: row.name, by: row.target, done: item.Done, soon: row.soon, says: "done"}
			if !note.done {
				note.says = ui.Plural(len(item.Left), "rule") + " left: " + strings.Join(ruleTitles(i.Card, item.Left), ", ")
			}
			notes = append(notes, note)
		}
	}
	return notes
}
