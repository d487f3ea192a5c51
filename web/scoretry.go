package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/trends"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web/ui"
)

// Trials judge the past by a card that somebody proposes.
type Trials interface {
	// Begin has it begin, or returns the one that did so for the same a while ago.
	Begin(e *catalog.Entity, text string, from, to time.Time, step scorecards.Step) (*scorer.Attempt, error)
	// Find returns one by its id; false if it is not kept any more.
	Find(id string) (*scorer.Attempt, bool)
}

const (
	fieldCard = "card"
	tryAgain  = 2 * time.Second // a page asks for what still runs
	// tryPatience is how long a page waits for a backtest.
	tryPatience = 500 * time.Millisecond
	shownMoved  = 200
)

// tryView is a card that is being tried.
type tryView struct {
	heading  string
	lede     string
	card     ui.Anchor
	action   string // that tries it; empty for a new card
	live     bool   // the card is no draft
	publish  publishForm
	text     string
	problems []tryProblem
	// meanwhile is that somebody changed the card since it was read; nil if nobody did.
	meanwhile *meanwhileView
	running   string
	result    *triedView
}

type tryProblem struct{ place, field, message string }

// triedView is what a change would have done.
type triedView struct {
	says    string
	unclear string // for whom the filter goes wrong
	draft   string // warns that a card that judges would judge nobody any more
	trend   trendView
	rules   []rateRow
	moved   []movedRow
	more    int
	event   ui.EventMark
	ladder  bool
}

// rateRow is how often a rule passes, as it is on record and by the change.
type rateRow struct {
	title   string
	level   levelMark
	now     string
	then    string
	change  string
	look    string // of the change: "up", "down" or "same"
	arrow   string
	unknown int
}

type movedRow struct {
	entity        ui.EntityLink
	before, after levelMark
	fresh, gone   bool
	points        string
	why           string
}

// tryCard handles "GET /scorecards/{name}/try".
func (s *Site) tryCard(ctx context.Context, r request) (answer, error) {
	e, card, err := s.tryable(r)
	if err != nil {
		return answer{}, err
	}
	text, err := s.cardText(ctx, e)
	return tryAnswer(card, tryView{text: text, publish: newPublishForm(r, e, "")}), err
}

// cardText is a card as it was written.
func (s *Site) cardText(ctx context.Context, e *entities.Entry) (string, error) {
	text, err := s.documentOf(ctx, e)
	if err == nil && text != "" {
		return text, nil
	}
	b, err := descriptor.Format(e.Entity) // it was made without a file
	return string(b), err
}

// tryChange handles "POST /scorecards/{name}/try".
func (s *Site) tryChange(_ context.Context, r request) (answer, error) {
	e, card, err := s.tryable(r)
	if err != nil {
		return answer{}, err
	}
	text := strings.ReplaceAll(r.form(fieldCard), "\r\n", "\n")
	seen, by := r.form(fieldPosition), strings.TrimSpace(r.form(fieldBy))
	v := tryView{text: text, publish: newPublishForm(r, e, seen)}
	v.publish.by.Value = by
	proposed, problems := readCard(text, card)
	if len(problems) > 0 {
		v.problems = tryProblems(problems)
		return tryAnswer(card, v), nil
	}
	span, err := spanOf(r)
	if err != nil {
		return answer{}, err
	}
	attempt, err := s.Trials.Begin(proposed, text, span.From, r.now, span.Step)
	if fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.Unavailable {
		v.problems = []tryProblem{{message: err.Error()}}
		return tryAnswer(card, v), nil
	}
	if err != nil {
		return answer{}, err
	}
	result := link{path: scorecardLink(card.Ref) + "/try/" + attempt.ID}
	if len(url.QueryEscape(by)) < maxQuery/2 { // a name that is longer is none that can publish
		result = result.set(fieldBy, by)
	}
	return answer{location: result.set(fieldPosition, seen).String()}, nil
}

func tryProblems(all []event.Problem) (shown []tryProblem) {
	for _, p := range all {
		shown = append(shown, tryProblem{fmt.Sprintf("Line %d, column %d", p.Line, p.Column), p.Path, p.Message})
	}
	return shown
}

// tried handles "GET /scorecards/{name}/try/{id}".
func (s *Site) tried(ctx context.Context, r request) (answer, error) {
	e, card, err := s.tryable(r)
	if err != nil {
		return answer{}, err
	}
	attempt, ok := s.Trials.Find(r.param("id"))
	if !ok || attempt.Card.Ref != card.Ref {
		return answer{}, fault.New(fault.NotFound, "this trial is not kept any more: go to %s/try and try again", scorecardLink(card.Ref))
	}
	v := tryView{text: attempt.Text, publish: newPublishForm(r, e, r.self.query.Get(fieldPosition))}
	v.publish.by.Value = cmp.Or(r.self.query.Get(fieldBy), v.publish.by.Value)
	if v.text == "" {
		text, err := descriptor.Format(attempt.Entity)
		if err != nil {
			return answer{}, err
		}
		v.text = string(text)
	}
	select {
	case <-attempt.Ended():
	case <-time.After(tryPatience):
	case <-ctx.Done():
	}
	select {
	case <-attempt.Ended():
		result, err := attempt.Result(ctx)
		if err != nil {
			return answer{}, err
		}
		v.result = newTriedView(r, card, attempt.Card, result)
		return tryAnswer(card, v), nil
	default:
		v.running = fmt.Sprintf("%d %% of the record is read.", int(100*attempt.Progress()))
		a := tryAnswer(card, v)
		a.again = tryAgain
		return a, nil
	}
}

func (s *Site) tryable(r request) (*entities.Entry, *scorecards.Card, error) {
	if s.Trials == nil {
		return nil, nil, fault.New(fault.NotFound, "this portal tries no changes of scorecards")
	}
	return cardOf(r)
}

func tryAnswer(card *scorecards.Card, v tryView) answer {
	v.card = ui.Anchor{Label: ui.Shorten(card.Title, 80), Href: scorecardLink(card.Ref)}
	v.action = v.card.Href + "/try"
	v.live = !card.Draft
	v.heading, v.lede = "Try a change", "What “"+v.card.Label+"” would say, and would have said, if it were another. Nothing is recorded."
	if v.publish.action != "" {
		v.lede = strings.TrimSuffix(v.lede, ".") + " before it is published."
	}
	return answer{title: "Try a change · " + card.Title, body: tryPage(v)}
}

// newTriedView compares a card that is tried with the one on record, which has the levels of before.
func newTriedView(r request, was, card *scorecards.Card, b *scorer.Backtest) *triedView {
	v := &triedView{trend: newTrendView(r, card, trends.Trend{Points: b.Trend}, time.Time{}), event: mark(b.Position), ladder: len(card.Levels) > 0}
	v.trend.title, v.trend.sub, v.trend.periods, v.trend.notes = "By the change", "Entities by level, each week", nil, []string{"Nothing of this is on record: it is what the card would have said."}
	last := scorecards.Point{}
	if len(b.Trend) > 0 {
		last = b.Trend[len(b.Trend)-1]
	}
	for _, rule := range card.Rules {
		v.rules = append(v.rules, newRateRow(card, rule, b.Before, last))
	}
	rise, fall, other, fresh, gone := 0, 0, 0, 0, 0
	for i, m := range b.Moves {
		row := movedRow{entity: named(r.catalog, m.Entity), fresh: m.Before == nil, gone: m.After == nil}
		switch {
		case row.fresh:
			fresh++
		case row.gone:
			gone++
		default:
			way, _ := card.Compare(m.After.Level, m.Before.Level)
			if !v.ladder {
				way = cmp.Compare(m.After.Points*m.Before.Of, m.Before.Points*m.After.Of)
			}
			switch {
			case way > 0:
				rise++
			case way < 0:
				fall++
			default: // its level is one that the card would not have, or it has the same share of other points
				other++
			}
		}
		if m.Before != nil {
			row.before = levelOf(was, m.Before.Level)
			row.points = fmt.Sprintf("%v of %v", m.Before.Points, m.Before.Of)
		}
		if m.After != nil {
			row.after = levelOf(card, m.After.Level)
			row.points += fmt.Sprintf(" → %v of %v", m.After.Points, m.After.Of)
		}
		switch {
		case row.fresh:
			row.why = cmp.Or(outcomesOf(m.Rules, func(o scorecards.Outcome) bool { return !o.Lets() }), "Every rule lets it pass")
		case !row.gone:
			row.why = cmp.Or(outcomesOf(m.Rules, func(scorecards.Outcome) bool { return true }), "What the levels ask for")
		}
		if i < shownMoved {
			v.moved = append(v.moved, row)
		}
	}
	v.more = len(b.Moves) - len(v.moved)
	v.unclear = unclearText(b.Unclear)
	v.says = triedSays(card.Draft, rise, fall, other, fresh, gone, last.Entities)
	if n := b.Before.Entities; card.Draft && !was.Draft && n > 0 {
		v.draft = ui.Plural(n, "entity that is", "entities that are") + " judged now would not be judged any more."
	}
	return v
}

// outcomesOf are rules with what they would say, those whose outcome counts.
func outcomesOf(rules []event.RuleChange, counts func(scorecards.Outcome) bool) string {
	var all []string
	for _, c := range rules {
		if counts(scorecards.Outcome(c.After)) {
			all = append(all, c.Title+": "+newCell(c.After, "").says)
		}
	}
	return strings.Join(all, "; ")
}

func triedSays(draft bool, rise, fall, other, fresh, gone, judged int) string {
	published := "If this were published now"
	if draft {
		published = "If this were no draft"
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{rise, "rise"}, {fall, "fall"}, {other, "stand otherwise but neither rise nor fall"}, {fresh, "be judged for the first time"}, {gone, "not be judged any more"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s would %s", ui.Number(p.n), p.what))
		}
	}
	if len(parts) == 0 && draft {
		return published + ", nobody would stand otherwise than is on record."
	}
	if len(parts) == 0 {
		return fmt.Sprintf("Nobody would stand otherwise. %s judged.", ui.Plural(judged, "entity is", "entities are"))
	}
	return fmt.Sprintf("%s, %s, of %s.", published, strings.Join(parts, ", "), ui.Plural(judged, "entity", "entities"))
}

func newRateRow(card *scorecards.Card, rule *scorecards.Rule, before, after scorecards.Point) rateRow {
	v := rateRow{title: rule.Title, level: levelOf(card, rule.Level), now: "–", then: "–", change: "no change", look: "same", arrow: "minus", unknown: after.Rules[rule.ID][scorecards.Unknown]}
	was, recorded := before.PassRate(rule.ID)
	is, found := after.PassRate(rule.ID)
	if recorded {
		v.now = fmt.Sprintf("%d %%", whole(100*was))
	}
	if found {
		v.then = fmt.Sprintf("%d %%", whole(100*is))
	}
	switch {
	case !recorded && found:
		v.change = "new"
	case recorded && !found:
		v.change = "nothing to count"
	case is > was:
		v.change, v.look, v.arrow = fmt.Sprintf("%d points", whole(100*is)-whole(100*was)), "up", "arrow-up"
	case is < was:
		v.change, v.look, v.arrow = fmt.Sprintf("%d points", whole(100*was)-whole(100*is)), "down", "arrow-down"
	}
	return v
}
