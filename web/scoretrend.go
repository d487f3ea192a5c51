package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// Trends tells how entities stood on a scorecard over time.
type Trends interface {
	// Of returns the trend of a card. Without wait it does not wait for a backtest.
	Of(ctx context.Context, e *catalog.Entity, span trends.Span, wait bool) (trends.Trend, error)
}

const fieldMonths = "months"

// trendView is how entities stood on a card over time.
type trendView struct {
	title   string
	sub     string
	periods []ui.Choice
	area    ui.Area
	heads   []ui.Column
	rows    [][]string // the numbers, a step each
	notes   []string
	running string // of a backtest: how far it is
	nothing bool
	none    string // what to say then; empty: that nothing was judged
	empty   bool   // there is nothing to draw
}

// superseded reports whether a row is not the last of its day: now follows the midnight before.
func (v trendView) superseded(row int) bool {
	return row+1 < len(v.rows) && v.rows[row][0] == v.rows[row+1][0]
}

// monthsOf is the period that a page is to show.
func monthsOf(r request) int {
	if n, err := strconv.Atoi(r.self.query.Get(fieldMonths)); err == nil && slices.Contains(periods(), n) {
		return n
	}
	return 6
}

func periods() []int { return []int{3, 6, 12} }

// spanOf is the period before the moment of the page; an error if the address asks for one
// that is none to choose from.
func spanOf(r request) (trends.Span, error) {
	var allowed []string
	for _, n := range periods() {
		allowed = append(allowed, strconv.Itoa(n))
	}
	_, err := choice(r.self.query, fieldMonths, "period", allowed...)
	if err != nil {
		return trends.Span{}, err
	}
	to := r.pageTime()
	return trends.Span{From: to.UTC().AddDate(0, -monthsOf(r), 0).Truncate(24 * time.Hour), To: to, Step: scorecards.Week, Known: r.moment.Known}, nil
}

// periodsOf are the periods to choose from.
func periodsOf(r request) (all []ui.Choice) {
	for _, n := range periods() {
		label := strconv.Itoa(n)
		if n == periods()[0] {
			label += " months"
		}
		all = append(all, ui.Choice{Label: label, Href: r.self.set(fieldMonths, strconv.Itoa(n)).String(), On: n == monthsOf(r)})
	}
	return all
}

// singleColor is that of a chart with one series.
const singleColor = "color-mix(in srgb, var(--accent) 45%, var(--surface))"

// timeAxis places moments along a chart.
type timeAxis struct {
	from time.Time
	end  time.Time // the last that is named below the chart
	span time.Duration
}

// newTimeAxis is one from the first of some moments to an end. What was so at the last of
// them needs a width to be seen, too, where the chart ends with it.
func newTimeAxis(moments []time.Time, end time.Time) timeAxis {
	x := timeAxis{moments[0].UTC(), end, end.Sub(moments[0])}
	if !moments[len(moments)-1].Before(end) {
		x.span += x.span / (100/ui.LastWidth - 1) // no product, which decades would overflow
	}
	return x
}

// at is where a moment is, of 100.
func (x timeAxis) at(m time.Time) float64 {
	return 100 * float64(m.Sub(x.from)) / float64(x.span)
}

// places are those of moments, with days, months or years below them.
func (x timeAxis) places(moments []time.Time) (at []float64, ticks []ui.AxisTick) {
	for _, m := range moments {
		at = append(at, x.at(m))
	}
	return at, x.ticks()
}

// How wide words below a chart are, of 100: a letter, and what parts one from the next; and how
// many there is always room for.
const (
	axisLetter = 1.5
	axisGap    = 1
	fewTicks   = 4 // have room on a phone, too
)

// ticks name the periods of the axis, each at its beginning. What the axis begins with is named
// unless that ends below the name: then the next is. A name that has no room yet stands aside.
func (x timeAxis) ticks() []ui.AxisTick {
	p := x.period()
	ticks := []ui.AxisTick{{Label: p.name(x.from), First: true}}
	for m := p.next(x.from); !m.After(x.end); m = p.next(m) {
		tick := ui.AxisTick{At: x.at(m), Label: p.name(m)}
		if first := axisLetter * float64(len(ticks[0].Label)); len(ticks) == 1 {
			if tick.At < first {
				ticks[0].Label = tick.Label
				continue
			}
			tick.At = max(tick.At, first+axisLetter/2*float64(len(tick.Label))+axisGap)
		}
		ticks = append(ticks, tick)
	}
	for i := range ticks {
		ticks[i].Alt = i%2 == 1 && len(ticks) > fewTicks
	}
	return ticks
}

// axisPeriod is what is named below a chart: some days, months or years.
type axisPeriod struct {
	days, months int
	layout       string
	january      string // another layout for that month, which says the year
}

// axisPeriods are those to choose from, the shortest first.
var axisPeriods = []axisPeriod{
	{days: 1, layout: "2 Jan"}, {days: 2, layout: "2 Jan"}, {days: 7, layout: "2 Jan"},
	{months: 1, layout: "Jan", january: "Jan 2006"}, {months: 1, layout: "Jan", january: "2006"}, {months: 3, layout: "Jan 2006"}, {months: 6, layout: "Jan 2006"},
	{months: 12, layout: "2006"}, {months: 24, layout: "2006"}, {months: 60, layout: "2006"}, {months: 120, layout: "2006"}, {months: 300, layout: "2006"}, {months: 1200, layout: "2006"},
}

// period is the shortest that there is room to name, also where the first name stands, which
// begins at its place and has no half of it before that.
func (x timeAxis) period() axisPeriod {
	const month = 365.25 / 12
	days := x.span.Hours() / 24
	for _, p := range axisPeriods {
		long := time.Date(2000, time.January, 30, 0, 0, 0, 0, time.UTC)
		name := float64(len(long.Format(p.layout)))
		wide := max(1.5*name, (name+float64(len(p.january)))/2)
		if 100*(float64(p.days)+month*float64(p.months)) >= days*(axisLetter*wide+axisGap) {
			return p
		}
	}
	return axisPeriods[len(axisPeriods)-1]
}

// name is how the period is called that begins at a moment.
func (p axisPeriod) name(m time.Time) string {
	if p.january != "" && m.Month() == time.January {
		return m.Format(p.january)
	}
	return m.Format(p.layout)
}

// next is when the period after the one of a moment begins.
func (p axisPeriod) next(m time.Time) time.Time {
	if p.days > 0 {
		return m.Truncate(24*time.Hour).AddDate(0, 0, p.days)
	}
	months := 12*m.Year() + int(m.Month()) - 1
	months += p.months - months%p.months
	return time.Date(0, time.Month(months+1), 1, 0, 0, 0, 0, time.UTC)
}

// newTrendView draws a trend on a page that is there since a moment. What comes before anybody was
// judged is left out.
func newTrendView(r request, card *scorecards.Card, t trends.Trend, since time.Time) trendView {
	months := monthsOf(r)
	v := trendView{title: ui.Plural(months, "month"), sub: "Entities by level, each week"}
	if len(card.Levels) == 0 {
		v.sub = "Share of all points, each week"
	}
	v.periods = periodsOf(r)
	if t.Running != nil {
		v.running = fmt.Sprintf("What stood before is being computed: %d %% of the record is read. This page looks again by itself.", int(100*t.Running.Progress()))
	}
	if t.Failed != nil {
		v.running = notComputed(t.Failed)
	}
	points := t.Points
	if first := slices.IndexFunc(points, func(p scorecards.Point) bool { return p.Entities > 0 }); first > 0 {
		points = points[first-1:]
	} else if first < 0 {
		points = nil
	}
	if len(points) < 2 {
		v.nothing = t.Running == nil && t.Failed == nil
		v.empty = true
		return v
	}
	v.area, v.heads, v.rows = areaOf(r, card, points, since)
	if r.moment.Known > 0 && points[0].Computed { // a backtest reads all of the log
		v.notes = append(v.notes, "What was not on record then is what the card would have said by what is known today.")
	}
	switch computed := slices.IndexFunc(points, func(p scorecards.Point) bool { return !p.Computed }); {
	case computed < 0:
		v.notes = append(v.notes, "Nothing of this is on record: it is what the card would have said.")
	case computed > 0:
		v.area.Pins = append(v.area.Pins, ui.Pin{At: v.area.At[computed], Text: ui.Day(t.Began).Text + ": from here on it is on record. Before, it is what the card would have said, as it is now."})
	}
	return v
}

// notComputed says that a backtest failed, and why if that is not our mistake.
func notComputed(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Unavailable {
		return "What stood before cannot be computed now: " + f.Message + "."
	}
	return "What stood before could not be computed. It is tried again after a minute."
}

// areaOf draws points, from the highest level at the base; a card that counts points has
// their share instead. Each opens the page as of its moment, if it was there.
func areaOf(r request, card *scorecards.Card, points []scorecards.Point, since time.Time) (a ui.Area, heads []ui.Column, rows [][]string) {
	first, last := points[0], points[len(points)-1]
	moments := make([]time.Time, len(points))
	for i, p := range points {
		moments[i] = p.At
	}
	a.At, a.Ticks = newTimeAxis(moments, last.At).places(moments)
	heads = []ui.Column{{Label: "Day"}}
	rows = make([][]string, len(points))
	for i, p := range points {
		rows[i] = []string{ui.Day(p.At).Text}
	}
	a.Steps = stepsOf(r, moments, since)
	for i, p := range points {
		if p.Computed && len(a.Steps) > 0 { // there was no such card
			a.Steps[i] = ui.Instant{}
		}
	}
	add := func(b ui.Band, value func(scorecards.Point) int) {
		for i, p := range points {
			b.Values = append(b.Values, value(p))
			rows[i] = append(rows[i], ui.Number(b.Values[i]))
		}
		a.Bands = append(a.Bands, b)
		heads = append(heads, ui.Column{Label: b.Label, Number: true})
		a.Says += fmt.Sprintf("%s from %d to %d. ", b.Label, b.Values[0], b.Values[len(points)-1])
	}
	a.Says = fmt.Sprintf("From %s to %s: ", ui.Day(first.At).Text, ui.Day(last.At).Text)
	if len(card.Levels) == 0 {
		a.Whole = 100
		add(ui.Band{Label: "percent", Color: singleColor}, func(p scorecards.Point) int { return percentOf(p) })
		return a, heads, rows
	}
	for _, l := range slices.Backward(card.Levels) {
		mark := levelOf(card, l.Name)
		add(ui.Band{Label: l.Name, Class: mark.glyph, Color: mark.color}, func(p scorecards.Point) int { return p.Levels[l.Name] })
	}
	add(ui.Band{Label: "None", Class: "none"}, func(p scorecards.Point) int { return p.Levels[""] })
	return a, heads, rows
}

// stepsOf open a page as of moments of a chart, but for the one that it is of, the midnight before
// that, and those at which the page was not there yet. Zero, it always was.
func stepsOf(r request, moments []time.Time, since time.Time) []ui.Instant {
	if !travels(r.self.path) {
		return nil
	}
	all := make([]ui.Instant, len(moments))
	here := r.self.drop(fieldFrom, fieldTo, fieldFromKnown, fieldAfter)
	for i, m := range moments {
		if !m.Before(since) && m.Before(r.pageTime()) && (i+1 == len(moments) || ui.Day(m).Text != ui.Day(moments[i+1]).Text) {
			all[i] = ui.Instant{Href: here.set(fieldMoment, m.UTC().Format(time.RFC3339)).String(), Says: "Open the page as of " + ui.Day(m).Text}
		}
	}
	return all
}

func percentOf(p scorecards.Point) int {
	if p.Of == 0 {
		return 0
	}
	return whole(100 * p.Points / p.Of)
}

// moverView is an entity that stands otherwise than at the beginning of a period, and the
// newest change in that direction; or one fall.
type moverView struct {
	entity        ui.EntityLink
	before, after levelMark
	points        string // instead, of a card that counts points: "60 → 70 of 100"
	why           string
	when          ui.Moment
	who           ui.Person
	commit        ui.CommitMark
	event         ui.EventMark
}

const shownMovers = 5
