package web

import (
	"context"
	"fmt"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

type entityScoresView struct {
	head  entityHead
	cards []entityScore
}

// entityScore is how the entity stands on one card, and what is next.
type entityScore struct {
	card   ui.Anchor
	level  levelMark
	ladder bool
	points string
	next   string // the level that is nearest above, or ""
	before levelMark
	moved  bool // there was another level before
	when   ui.Moment
	who    ui.Person
	commit ui.CommitMark
	event  ui.EventMark
	asked  []askedNote // by initiatives
	todo   []ruleState // what is in the way of the next level
	exempt []ruleState // what need not be kept for now
	rules  []ruleState // the others
}

type ruleState struct {
	id      string
	cell    cell
	title   string
	level   levelMark
	message string
	fix     templ.SafeURL
	why     string      // address of the page that tells how it comes to this
	soon    string      // from when on it counts; empty if it does
	exempt  *exemptNote // nil if it is not exempt
	waits   *waitsNote  // an exemption that is asked for already; nil if none is
	ask     string      // address of the form that asks for an exemption; empty if none can be asked for
	when    ui.Moment
	who     ui.Person
	commit  ui.CommitMark
	event   ui.EventMark
}

// entityScores handles "GET /catalog/{namespace}/{kind}/{name}/scorecards".
func (s *Site) entityScores(ctx context.Context, r request) (answer, error) {
	recent, err := s.newest(ctx, r, r.ref(), 1)
	if err != nil {
		return answer{}, err
	}
	e, ok := r.catalog.Get(r.ref().String())
	if !ok {
		return notThere(r, r.ref(), recent.Page), nil
	}
	if isGroup(e) {
		return s.team(ctx, r, e, recent.total())
	}
	list, err := s.scoresOf(ctx, r, scores.Query{Entity: e.Ref})
	if err != nil {
		return answer{}, err
	}
	if err := s.sayNow(ctx, r, pointers(list)...); err != nil {
		return answer{}, err
	}
	cards := cardsOf(r.catalog)
	initiatives, err := s.Agreements.Asking(ctx, r.catalog, r.moment, r.pageTime(), e.Ref, cards)
	if err != nil {
		return answer{}, err
	}
	exemptions := agreements.Exemptions(r.catalog, r.pageTime())
	v := entityScoresView{head: newEntityHead(r, e, tabScores, recent.total())}
	for _, card := range cards {
		for _, one := range list {
			if one.Card != card.Ref.String() {
				continue
			}
			score := newEntityScore(r, card, one, exemptions)
			score.asked = askedOf(r, initiatives, one.Card, e.Ref)
			if s.Desk != nil && r.moment.Now() {
				score.asks(e, card)
			}
			v.cards = append(v.cards, score)
		}
	}
	return answer{title: v.head.title + " · " + tabScores, body: entityScoresPage(v)}, nil
}

// asks has what fails and counts lead to the form that asks for an exemption.
func (v *entityScore) asks(e *entities.Entry, card *scorecards.Card) {
	for _, states := range [][]ruleState{v.todo, v.rules} {
		for i := range states {
			if states[i].cell.class == "fail" && states[i].soon == "" && states[i].waits == nil {
				states[i].ask = askLink(e, card, states[i].id)
			}
		}
	}
}

func newEntityScore(r request, card *scorecards.Card, s scores.Score, exemptions []agreements.Exemption) entityScore {
	v := entityScore{
		card:  ui.Anchor{Label: card.Title, Href: scorecardLink(card.Ref)},
		level: levelOf(card, s.Level), before: levelOf(card, s.Before), moved: s.Before != s.Level, ladder: len(card.Levels) > 0,
		points: fmt.Sprintf("%v of %v points", s.Points, s.Of),
		when:   ui.Near(s.Since, r.now), who: actor(s.Actor), commit: commit(s.Cause), event: mark(s.Position),
	}
	for _, l := range card.Levels {
		if l.Rank > card.Rank(s.Level) {
			v.next = l.Name
			break
		}
	}
	outcomes := map[string]scores.Rule{}
	for _, one := range s.Rules {
		outcomes[one.ID] = one
	}
	for _, rule := range card.Rules {
		one, ok := outcomes[rule.ID]
		if !ok {
			continue
		}
		state := ruleState{
			id: rule.ID, cell: newCell(one.Outcome, rule.Title), title: rule.Title, why: whyLink(entityLink(r.ref()), card.Ref, rule.ID), level: levelOf(card, rule.Level), message: ruleMessage(one), fix: ui.Outside(rule.Fix),
			when: ui.Near(one.Since, r.now), who: actor(one.Actor), commit: commit(one.Cause), event: mark(one.Position),
		}
		if one.Outcome == string(scorecards.Exempt) {
			if x := exemptionBy(exemptions, s.Card, s.Entity, rule.ID, r); x != nil {
				state.exempt, state.message = newExemptNote(r.catalog, x), x.Reason // what is on record may be of another exemption
			}
		}
		if state.cell.class == "fail" {
			state.waits = waitingFor(r.catalog, exemptions, s.Card, s.Entity, rule.ID)
		}
		if !rule.Counts(r.pageTime()) {
			state.soon = "Counts from " + ui.Day(rule.From).Text + "."
		}
		open := state.soon == "" && !scorecards.Outcome(one.Outcome).Lets()
		if state.exempt != nil {
			v.exempt = append(v.exempt, state)
			continue
		}
		if open && (rule.Level == "" || card.Rank(rule.Level) <= card.Rank(v.next)) {
			v.todo = append(v.todo, state)
		} else {
			v.rules = append(v.rules, state)
		}
	}
	return v
}

// ruleMessage is what is wrong by a rule. What the portal says itself of what is not known, or
// goes wrong, is a sentence; what authors of rules write is as they write it.
func ruleMessage(r scores.Rule) string {
	switch scorecards.Outcome(r.Outcome) {
	case scorecards.Unknown, scorecards.Error:
		return ui.Sentence(r.Message)
	default:
		return r.Message
	}
}
