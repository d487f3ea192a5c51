package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const (
	exemptionsPath   = "/exemptions"
	fieldTeam        = "team"
	shownExemptions  = 300
	endsSoon         = 7 // days
	noEnd            = "without an end"
	exemptionFormURL = exemptionsPath + "/new"
)

// namedLink is the address of a scorecard, exemption or initiative below a page: its name or, of
// another namespace, namespace:name: see [scorecards.NameOf]. One that is named as a page has its namespace, too.
func namedLink(path string, ref catalog.Ref) string {
	name := scorecards.NameOf(ref)
	if strings.EqualFold(name, "new") {
		name = catalog.DefaultNamespace + ":" + name
	}
	return path + "/" + url.PathEscape(strings.ToLower(name))
}

// namedRef reads what follows in the address.
func (r request) namedRef(kind string) catalog.Ref {
	return scorecards.RefNamed(kind, r.param("name"))
}

// person is somebody by their reference, or by the name that they gave.
func person(c Catalog, who string) ui.Person {
	if strings.Contains(who, ":") {
		return owner(c, who)
	}
	return ui.Person{Name: who}
}

// exemptionsView is the list of exemptions and how many there were.
type exemptionsView struct {
	views  []ui.View
	cards  []ui.Option
	teams  []ui.Option
	carry  []ui.Hidden
	open   []exemptionRow
	rows   []exemptionRow
	more   int
	debt   trendView
	csv    string
	ask    string // address of the form; empty if nobody can ask here
	status string // heading of the rows
	any    bool   // there is any exemption at all
}

// exemptionRow is an exemption in a list.
type exemptionRow struct {
	name     ui.Anchor
	entity   ui.EntityLink
	card     ui.Anchor
	rules    string
	reason   string
	look     string
	icon     string
	word     string
	until    string
	left     string
	soon     bool // it ends soon
	asked    ui.Person
	decided  ui.Person
	decides  ui.Person // who is to
	note     string
	since    ui.Moment
	event    ui.EventMark
	status   scorecards.Status
	declared outsideLink // the file; empty if it was made in the portal
	astray   string      // what it names that is not there; empty if nothing is astray
	nothing  bool        // nothing comes of it because of that
}

// exemptionStatuses are the views of the list, in their order.
func exemptionStatuses() []scorecards.Status {
	return []scorecards.Status{scorecards.Requested, scorecards.Granted, toNothing, scorecards.Expired, scorecards.Denied, scorecards.Revoked}
}

// toNothing is how pages list what was granted and is not in force, since what it names is not
// there. To scorecards that is granted.
const toNothing scorecards.Status = "nothing"

func listedAs(x agreements.Exemption) scorecards.Status {
	if x.Stands == scorecards.Granted && x.Nothing {
		return toNothing
	}
	return x.Stands
}

// exemptionList handles "GET /exemptions".
func (s *Site) exemptionList(ctx context.Context, r request) (answer, error) {
	if s.Agreements == nil {
		return answer{}, errNoScorecards()
	}
	all := agreements.Exemptions(r.catalog, r.pageTime())
	q := r.self.query
	chosen, err := agreements.ParseChoice(r.catalog, all, q.Get(fieldScorecard), "", q.Get(fieldTeam))
	if err != nil {
		return answer{}, err
	}
	span, err := spanOf(r)
	if err != nil {
		return answer{}, err
	}
	words := make([]string, 0, len(exemptionStatuses()))
	for _, one := range exemptionStatuses() {
		words = append(words, string(one))
	}
	word, err := choice(q, fieldStatus, "status", words...)
	if err != nil {
		return answer{}, err
	}
	chosen.Status, chosen.As = scorecards.Status(word), listedAs
	v := newExemptionsView(r, all, chosen)
	if s.Desk != nil && r.moment.Now() {
		v.ask = exemptionFormURL
	}
	moments, err := scorecards.Moments(span.From, span.To, span.Step)
	if err != nil {
		return answer{}, err
	}
	held, err := s.Agreements.Debt(ctx, r.moment, moments, func(x event.Exemption) bool { return chosen.Has(r.catalog, x.Card, x.Entity) })
	if err != nil {
		return answer{}, err
	}
	v.debt = newDebtView(r, moments, held)
	return answer{title: "Exemptions", body: exemptionsPage(v)}, nil
}

// newExemptionsView is the list of those that are chosen of all.
func newExemptionsView(r request, all []agreements.Exemption, choice agreements.Choice) exemptionsView {
	v := exemptionsView{
		any: len(all) > 0, carry: r.self.drop(fieldScorecard, fieldTeam).carry(), status: "All",
		cards: []ui.Option{{Label: "All scorecards"}}, teams: []ui.Option{{Label: "All teams"}},
	}
	csvStatus := choice.Status
	if csvStatus == toNothing {
		csvStatus = scorecards.Granted // the table has a column that tells
	}
	v.csv = csvLink(r, "/api/exemptions").set(fieldScorecard, choice.Card).set(fieldOwner, choice.Owner).set(fieldStatus, string(csvStatus)).String()
	v.cards, v.teams = exemptionChoices(r.catalog, all, v.cards, v.teams, choice)
	chosen, counts := choice.From(r.catalog, all)
	for _, x := range chosen {
		switch {
		case listedAs(x) == scorecards.Requested:
			v.open = append(v.open, newExemptionRow(r, x))
		case len(v.rows) == shownExemptions:
			v.more++
		default:
			v.rows = append(v.rows, newExemptionRow(r, x))
		}
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	v.views = append(v.views, ui.View{Label: "All", Href: r.self.drop(fieldStatus).String(), Count: ui.Number(total), On: choice.Status == ""})
	for _, one := range exemptionStatuses() {
		if one == toNothing && counts[one] == 0 && choice.Status != one {
			continue
		}
		v.views = append(v.views, ui.View{Label: exemptionWord(one), Href: r.self.set(fieldStatus, string(one)).String(), Count: ui.Number(counts[one]), On: choice.Status == one})
		if choice.Status == one {
			v.status = exemptionWord(one)
		}
	}
	return v
}

// csvLink is the address of a table of the API, as of the moment of the page.
func csvLink(r request, path string) link {
	return link{path: path}.set("format", "csv").moment(r.moment)
}

// exemptionChoices are the cards and teams that have any exemption.
func exemptionChoices(c Catalog, all []agreements.Exemption, cards, teams []ui.Option, choice agreements.Choice) (ofCards, ofTeams []ui.Option) {
	add := func(options []ui.Option, value, label, chosen string) []ui.Option {
		if value == "" || slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == value }) {
			return options
		}
		return append(options, ui.Option{Value: value, Label: ui.Shorten(label, 40), On: value == chosen})
	}
	for _, x := range all {
		cards = add(cards, x.Exemption.Card, named(c, x.Exemption.Card).Label, choice.Card)
		if o := agreements.OwnerOf(c, x.Entity); o != "" {
			teams = add(teams, o, named(c, o).Label, choice.Owner)
		}
	}
	for _, options := range [][]ui.Option{cards[1:], teams[1:]} {
		slices.SortFunc(options, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	}
	return cards, teams
}

func exemptionWord(s scorecards.Status) string {
	switch s {
	case scorecards.Requested:
		return "Asked for"
	case scorecards.Granted:
		return "In force"
	case toNothing:
		return "Comes to nothing yet"
	}
	return ui.Sentence(string(s))
}

func newExemptionRow(r request, x agreements.Exemption) exemptionRow {
	row := exemptionRow{
		name: ui.Anchor{Label: x.Entry.Entity.Metadata.Name, Href: namedLink(exemptionsPath, x.Ref)}, entity: named(r.catalog, x.Entity),
		card: ui.Anchor{Label: named(r.catalog, x.Exemption.Card).Label}, rules: "all rules", reason: x.Reason, word: exemptionWord(listedAs(x)), note: x.Note,
		until: noEnd, since: ui.Near(x.Entry.Since.Time, r.now), event: mark(x.Entry.Since.Position), status: x.Stands, astray: ui.Sentence(x.Why()), nothing: x.Nothing,
	}
	if x.Card != nil {
		row.card = ui.Anchor{Label: x.Card.Title, Href: scorecardLink(x.Card.Ref)}
	}
	if row.entity.Href != "" {
		row.entity.Href += "/scorecards"
	}
	if len(x.Rules) > 0 {
		row.rules = strings.Join(ruleTitles(x.Card, x.Rules), ", ")
	}
	if last := x.LastDay(); !last.IsZero() {
		row.until = ui.Day(last).Text
	}
	if x.RequestedBy != "" {
		row.asked = person(r.catalog, x.RequestedBy)
	}
	if x.DecidedBy != "" {
		row.decided = person(r.catalog, x.DecidedBy)
	}
	if o := x.Decides(); o != "" {
		row.decides = owner(r.catalog, o)
	}
	if !x.Entry.Origin.FromPortal() {
		row.declared = outsideLink{label: x.Entry.Origin.Place(), href: ui.Outside(x.Entry.Origin.URL)}
	}
	switch x.Stands {
	case scorecards.Requested:
		row.look, row.icon = "info", "question"
	case scorecards.Granted:
		row.look, row.icon = "good", "shield"
		row.left, row.soon = timeLeft(x.DaysLeft(r.pageTime()))
		switch {
		case x.Nothing:
			row.look, row.icon, row.left, row.soon = "warn", "alert", "", false
		case r.pageTime().Before(x.From):
			row.word, row.look, row.left, row.soon = "From "+ui.Day(x.From).Text, "info", "", false
		}
	case scorecards.Denied, scorecards.Revoked:
		row.look, row.icon = "bad", "x-circle"
	default: // by itself, at the end of its last day
		row.icon = "clock"
		row.since, row.event = ui.Near(x.Until, r.now), ui.EventMark{}
	}
	return row
}

// timeLeft says how long something lasts still, and whether that is short: in years where days
// say little.
func timeLeft(days int, ends bool) (says string, soon bool) {
	const year = 365
	switch {
	case !ends:
		return "", false
	case days >= 3*year:
		return ui.Plural(days/year, "year") + " left", false
	case days == 1:
		return "ends today", true
	}
	return ui.Plural(days, "day") + " left", days <= endsSoon
}

// newDebtView draws how many exemptions were in force.
func newDebtView(r request, moments []time.Time, held []int) trendView {
	v := trendView{title: "Debt over time", sub: "Exemptions in force, each week", periods: periodsOf(r), heads: []ui.Column{{Label: "Day"}, {Label: "In force", Number: true}}}
	if slices.Max(held) == 0 {
		v.nothing, v.empty = true, true
		v.none = "None was in force in this time."
		return v
	}
	most := 0
	for i, n := range held {
		v.rows = append(v.rows, []string{ui.Day(moments[i]).Text, ui.Number(n)})
		if n > held[most] {
			most = i
		}
	}
	last := len(moments) - 1
	v.area.At, v.area.Ticks = newTimeAxis(moments, moments[last]).places(moments)
	v.area.Steps = stepsOf(r, moments, time.Time{})
	v.area.Bands = []ui.Band{{Label: "in force", Color: singleColor, Values: held}}
	v.area.Tall = 160
	if most != last {
		v.area.Says = fmt.Sprintf("In force: %d on %s, the most, %d, on %s, and %d at the end.", held[0], ui.Day(moments[0]).Text, held[most], ui.Day(moments[most]).Text, held[last])
	} else {
		v.area.Says = fmt.Sprintf("In force: %d on %s, and %d at the end.", held[0], ui.Day(moments[0]).Text, held[last])
	}
	return v
}
