package web

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// cardPath is a card as the query of an address has it.
func cardPath(card *scorecards.Card) string { return strings.ToLower(scorecards.NameOf(card.Ref)) }

// quarterSpan is the period of a page about maturity: this quarter, if nobody says. A day that begins
// it is all in it, as the API has it.
func (s *Site) quarterSpan(ctx context.Context, r request) (span, error) {
	asked := r.self.query.Get(fieldFrom)
	if day, date, _ := projections.ParseTime(strings.TrimSpace(asked)); date {
		r.self = r.self.set(fieldFrom, day.Format(minutes))
	}
	p, err := s.span(ctx, r, 1)
	p.fromText = asked
	if err == nil && asked == "" {
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
		return q, p, errNoScorecards()
	}
	if p, err = s.quarterSpan(ctx, r); err != nil {
		return q, p, err
	}
	q = maturity.Question{Cards: maturity.Published(r.catalog), From: p.from, To: p.to, End: p.end, By: by, Movers: shownRisen, ListFalls: shownFalls}
	if len(q.Cards) == 0 {
		return q, p, nil
	}
	if q.Card, err = maturity.CardOf(q.Cards, ui.Shorten(r.self.query.Get(fieldCard), 200)); err != nil {
		return q, p, err
	}
	q.Target, err = maturity.LevelOf(q.Card, ui.Shorten(r.self.query.Get(fieldLevel), 100))
	return q, p, err
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
