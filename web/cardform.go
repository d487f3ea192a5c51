package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
	"github.com/callboard/callboard/scorecards/scorer"
	"github.com/callboard/callboard/web/ui"
)

const cardFormURL = scorecardsPath + "/new"

// firstCard is what a new card begins as: a draft, so that its page shows first what it
// would say.
const firstCard = `apiVersion: callboard.dev/v1alpha1
kind: Scorecard
metadata:
  name: on-call
  title: On call
  description: Can somebody be reached when it breaks?
spec:
  draft: true # without this line it counts
  filter: entity.kind == "Component" && entity.spec.type == "service"
  levels:
    - {name: Bronze, rank: 1}
    - {name: Silver, rank: 2}
  rules:
    - id: owner
      level: Bronze
      title: Has an owner
      expr: owner.exists
      message: Nobody owns it
    - id: runbook
      level: Silver
      title: Runbook linked
      expr: links.exists(l, l.title == "Runbook")
      message: No link is called Runbook
`

// publishForm is what a card that is kept in the portal is published with.
type publishForm struct {
	action   string // empty: a file declares it
	place    string // that file, or what else keeps it
	position string // of the event that made it what it was when it was read first; empty for a new one
	by       ui.Field
	remove   *decisionView // nil where action is empty, and for a new card
}

// newPublishForm is the form of a card. Seen is the position that a page before had; empty if
// the card is read now: who tries a change first still publishes over what they began with.
func newPublishForm(r request, e *entities.Entry, seen string) publishForm {
	if !e.Origin.FromPortal() {
		return publishForm{place: e.Origin.Place()}
	}
	by := byField(r, "card-by")
	by.Required = false // who tries the card need not say so
	position := cmp.Or(seen, ui.Plain(e.Since.Position))
	return publishForm{action: scorecardLink(e.Entity.Ref()) + "/publish", position: position, by: by, remove: &decisionView{
		id: "h-delete", says: "Nothing is judged by it any more. What it said stays on record.", action: scorecardLink(e.Entity.Ref()) + "/delete",
		button: "Delete", look: "danger", icon: "x", position: position, by: byField(r, "delete-by"),
	}}
}

// newCard handles "GET /scorecards/new".
func (s *Site) newCard(_ context.Context, r request) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "no scorecard is published here")
	}
	return newCardAnswer(r, tryView{text: firstCard}), nil
}

func newCardAnswer(r request, v tryView) answer {
	v.heading, v.lede = "New scorecard", "Rules that entities are judged by. A draft shows what it would say, and nothing of that is recorded."
	v.card = ui.Anchor{Label: v.heading, Href: cardFormURL}
	if v.publish.action == "" {
		v.publish = publishForm{action: cardFormURL, by: byField(r, "card-by")}
	}
	return answer{title: v.heading, body: tryPage(v)}
}

// openCard handles "POST /scorecards/new".
func (s *Site) openCard(ctx context.Context, r request) (answer, error) {
	form := publishForm{action: cardFormURL, by: byField(r, "card-by")}
	return s.publishCard(ctx, r, nil, tryView{publish: form}, func(v tryView) answer { return newCardAnswer(r, v) },
		func(ctx context.Context, card *catalog.Entity) (desk.Made, error) { return s.Desk.OpenCard(ctx, card) })
}

// changeCard handles "POST /scorecards/{name}/publish".
func (s *Site) changeCard(ctx context.Context, r request) (answer, error) {
	e, card, err := cardOf(r)
	if err != nil {
		return answer{}, err
	}
	seen, err := position(fieldPosition, r.form(fieldPosition))
	if err != nil {
		return answer{}, err
	}
	form := newPublishForm(r, e, r.form(fieldPosition))
	return s.publishCard(ctx, r, card, tryView{publish: form}, func(v tryView) answer { return tryAnswer(card, v) },
		func(ctx context.Context, proposed *catalog.Entity) (desk.Made, error) {
			return s.Desk.ChangeCard(ctx, proposed, seen)
		})
}

// removeCard handles "POST /scorecards/{name}/delete".
func (s *Site) removeCard(ctx context.Context, r request) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "no scorecard is deleted here")
	}
	e, card, err := cardOf(r)
	if err != nil {
		return answer{}, err
	}
	seen, err := position(fieldPosition, r.form(fieldPosition))
	if err != nil {
		return answer{}, err
	}
	_, refusal := s.Desk.RemoveCard(acting(ctx, r), card.Ref.String(), seen)
	if !refused(refusal) {
		return answer{location: scorecardsPath}, refusal
	}
	text, err := s.cardText(ctx, e)
	if err != nil {
		return answer{}, err
	}
	v := tryView{text: text, publish: newPublishForm(r, e, "")}
	status, wrong := http.StatusConflict, []ui.Anchor(nil)
	if v.publish.remove != nil {
		status, wrong = v.publish.remove.fails(r, refusal)
	} else {
		v.problems = []tryProblem{{message: sentenceOf(refusal)}}
	}
	a := tryAnswer(card, v)
	a.status, a.wrong = status, wrong
	return a, nil
}

// publishCard has a card be as it is written, or shows what is wrong with it. It is one that
// is there, or a new one.
func (s *Site) publishCard(ctx context.Context, r request, of *scorecards.Card, v tryView, show func(tryView) answer, do func(context.Context, *catalog.Entity) (desk.Made, error)) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "no scorecard is published here")
	}
	v.text = strings.ReplaceAll(r.form(fieldCard), "\r\n", "\n")
	v.publish.by.Value = strings.TrimSpace(r.form(fieldBy))
	fails := func(status int) (answer, error) {
		wrong := ui.Wrong(&v.publish.by)
		a := show(v)
		a.status, a.wrong = status, wrong
		return a, nil
	}
	proposed, problems := readCard(v.text, of)
	if len(problems) > 0 {
		v.problems = tryProblems(problems)
		return fails(http.StatusUnprocessableEntity)
	}
	made, err := do(acting(ctx, r), proposed)
	if changed, ok := errors.AsType[desk.Changed](err); ok {
		v.publish.position = ui.Plain(changed.Now)
		v.meanwhile = newMeanwhile(r, changed)
		return fails(http.StatusConflict)
	}
	if refused(err) {
		if rest := blame(err, &v.publish.by); rest != "" {
			v.problems = []tryProblem{{message: rest}}
		}
		return fails(http.StatusUnprocessableEntity)
	}
	if err != nil {
		return answer{}, err
	}
	ref, err := catalog.ParseRef(made.Ref, catalog.Ref{Kind: strings.ToLower(scorecards.KindScorecard)})
	return answer{location: parseLocal(scorecardLink(ref)).set(fieldPublished, "1").String()}, err
}

// fieldPublished is in the address of a card after somebody published it.
const fieldPublished = "published"

// meanwhileView is who changed a card that somebody else is about to publish, or what somebody
// else is about to decide.
type meanwhileView struct {
	now   string // the page of what is on record of it now
	when  ui.Moment
	who   ui.Person
	event ui.EventMark
}

func newMeanwhile(r request, changed desk.Changed) *meanwhileView {
	v := &meanwhileView{event: mark(changed.Now)}
	if e, ok := r.catalog.Get(changed.Ref); ok {
		v.now = named(r.catalog, changed.Ref).Href + "/descriptor"
		if e.Since.Position == changed.Now { // it has not changed once more
			v.when, v.who = ui.Near(e.Since.Time, r.now).Within(), actor(e.Since.Actor)
		}
	}
	return v
}

// readCard reads a card as somebody wrote it: what a card that is there is to be, or a new one.
func readCard(text string, of *scorecards.Card) (*catalog.Entity, []event.Problem) {
	proposed, problems := scorer.ReadCard([]byte(text))
	if len(problems) == 0 && of != nil && proposed.Ref() != of.Ref {
		other := catalog.Problem{Path: "metadata.name", Message: fmt.Sprintf("must be that of this card, %s, found %s", of.Ref.Name, proposed.Metadata.Name)}
		problems = []event.Problem{event.Problem(descriptor.Locate(text, 1, other))}
	}
	return proposed, problems
}
