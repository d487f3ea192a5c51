package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
	"github.com/callboard/callboard/web/ui"
)

const (
	fieldTitle       = "title"
	fieldDescription = "description"
	fieldRules       = "rules"
	fieldStart       = "start"
	fieldRemind      = "remind"
	fieldDraft       = "draft"
	shownOwners      = 200 // groups to choose from
)

// termsView is the form of an initiative.
type termsView struct {
	heading, lede, button string
	action, back          string
	title, description    ui.Field
	card, level, rules    ui.Field
	owner, filter         ui.Field
	start, target, remind ui.Field
	by                    ui.Field
	draft                 bool
	cards, levels, owners []ui.Option
	known                 []cardRules
	problem               string
	same                  ui.Anchor // one like it that is open already
	position              string    // of the event that made it what is filled in; empty for a new one
}

// cardRules are the ids of the rules of a card.
type cardRules struct {
	card string
	all  []ui.Option
}

func (v *termsView) fields() []*ui.Field {
	return []*ui.Field{&v.title, &v.description, &v.card, &v.level, &v.rules, &v.owner, &v.filter, &v.start, &v.target, &v.remind, &v.by}
}

func newTermsView(r request, t desk.Terms) termsView {
	days := make([]string, len(t.Remind))
	for i, n := range t.Remind {
		days[i] = ui.Plain(n)
	}
	v := termsView{
		heading: "New initiative", lede: "A goal that entities are to reach on a scorecard by a day.", button: "Open it", action: initiativeFormURL, back: initiativesPath,
		title:       ui.Field{ID: "i-title", Name: fieldTitle, Label: "Title", Value: t.Title, Required: true, MaxLength: 200, Placeholder: "Silver by summer"},
		description: ui.Field{ID: "i-description", Name: fieldDescription, Label: "Description", Value: t.Description, MaxLength: 1000},
		card:        ui.Field{ID: "i-card", Name: fieldScorecard, Label: "Scorecard", Value: t.Scorecard, Required: true, List: "i-cards"},
		level:       ui.Field{ID: "i-level", Name: fieldLevel, Label: "Level to reach", Value: t.Level, List: "i-levels", Hint: "A level of the scorecard, or else rules."},
		rules:       ui.Field{ID: "i-rules", Name: fieldRules, Label: "Rules to keep", Value: strings.Join(t.Rules, ", "), Hint: "Ids of rules with commas between, in place of a level."},
		owner:       ui.Field{ID: "i-owner", Name: fieldOwner, Label: "Owner", Value: t.Owner, List: "i-owners", Hint: "The group or user that leads it."},
		filter: ui.Field{ID: "i-filter", Name: fieldFilter, Label: "Who is asked", Value: t.Filter, Placeholder: `entity.spec.lifecycle == "production"`,
			Hint: "A CEL expression over entity, owner, relations and links. All that the scorecard judges if there is none."},
		start:  ui.Field{ID: "i-start", Name: fieldStart, Label: "Start", Type: "date", Value: t.Start, Hint: "At once if there is none."},
		target: ui.Field{ID: "i-target", Name: fieldTarget, Label: "Target", Type: "date", Value: t.Target, Required: true, Hint: "The last day, in UTC."},
		remind: ui.Field{ID: "i-remind", Name: fieldRemind, Label: "Reminders", Value: strings.Join(days, ", "), Placeholder: "30, 7, 1", Hint: "Days before the target; 0 is that day."},
		by:     byField(r, "i-by"), draft: t.Draft,
	}
	for _, c := range cardsOf(r.catalog) {
		if c.Draft {
			continue
		}
		v.cards = append(v.cards, ui.Option{Value: scorecards.NameOf(c.Ref), Label: c.Title})
		rules := cardRules{card: c.Title}
		for _, rule := range c.Rules {
			rules.all = append(rules.all, ui.Option{Value: rule.ID, Label: rule.Title})
		}
		v.known = append(v.known, rules)
		for _, l := range c.Levels {
			if !slices.ContainsFunc(v.levels, func(o ui.Option) bool { return o.Value == l.Name }) {
				v.levels = append(v.levels, ui.Option{Value: l.Name})
			}
		}
	}
	if len(v.cards) == 0 {
		v.card.Hint = "There is none yet: write one under Scorecards first."
	}
	for _, e := range r.catalog.Find(entities.Query{Kinds: []string{"Group"}, Order: entities.ByName, Limit: shownOwners}).Entries {
		v.owners = append(v.owners, ui.Option{Value: e.Ref, Label: e.Entity.Title()})
	}
	return v
}

// termsIn reads what was filled in; what cannot be read is at its field.
func termsIn(r request) (t desk.Terms, v termsView) {
	read := func(field string) string { return strings.TrimSpace(r.form(field)) }
	t = desk.Terms{
		Title: read(fieldTitle), Description: read(fieldDescription), Owner: read(fieldOwner), Scorecard: read(fieldScorecard), Level: read(fieldLevel),
		Filter: read(fieldFilter), Start: read(fieldStart), Target: read(fieldTarget), Draft: r.form(fieldDraft) != "",
	}
	t.Rules = strings.FieldsFunc(read(fieldRules), func(r rune) bool { return r == ',' || r == ' ' })
	days, err := desk.ParseDays(read(fieldRemind))
	t.Remind = days
	v = newTermsView(r, t)
	v.by.Value = read(fieldBy)
	if err != nil {
		v.remind.Value = read(fieldRemind)
		blame(err, &v.remind)
		t.Remind = []int{-1} // refused by the desk, with all else that is wrong
	}
	return t, v
}

// termsOf are those of an initiative that is there.
func termsOf(i *agreements.Initiative) desk.Terms {
	t := desk.Terms{
		Title: i.Title, Description: i.Entry.Entity.Metadata.Description, Owner: i.Owner, Scorecard: i.Initiative.Card, Level: i.Level, Rules: i.Rules,
		Filter: i.Filter, Target: i.LastDay().Format(time.DateOnly), Remind: i.Remind, Draft: i.Draft,
	}
	if ref, err := catalog.ParseRef(t.Scorecard, catalog.Ref{}); err == nil {
		t.Scorecard = scorecards.NameOf(ref)
	}
	if !i.Start.IsZero() {
		t.Start = i.Start.Format(time.DateOnly)
	}
	return t
}

// newInitiative handles "GET /initiatives/new".
func (s *Site) newInitiative(_ context.Context, r request) (answer, error) {
	if s.Desk == nil || !r.moment.Now() {
		return answer{}, fault.New(fault.NotFound, "no initiative is opened here")
	}
	v := newTermsView(r, desk.Terms{Scorecard: r.self.query.Get(fieldScorecard)})
	return answer{title: v.heading, body: termsPage(v)}, nil
}

// openInitiative handles "POST /initiatives/new".
func (s *Site) openInitiative(ctx context.Context, r request) (answer, error) {
	return s.fillIn(ctx, r, nil, func(ctx context.Context, t desk.Terms) (desk.Made, error) { return s.Desk.OpenInitiative(ctx, t) })
}

// editInitiative handles "GET /initiatives/{name}/edit".
func (s *Site) editInitiative(ctx context.Context, r request) (answer, error) {
	if s.Desk == nil || !r.moment.Now() {
		return answer{}, fault.New(fault.NotFound, "no initiative is changed here")
	}
	i, err := s.initiativeOf(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if !i.Entry.Origin.FromPortal() {
		return answer{}, fault.New(fault.Conflict, "%s is declared in %s: change it there", i.Title, i.Entry.Origin.Place())
	}
	v := newTermsView(r, termsOf(i))
	v.edits(i)
	return answer{title: v.heading, body: termsPage(v)}, nil
}

// edits has the form change an initiative.
func (v *termsView) edits(i *agreements.Initiative) {
	v.back = namedLink(initiativesPath, i.Ref)
	v.position = ui.Plain(i.Entry.Since.Position)
	v.heading, v.lede, v.button, v.action = "Change "+ui.Shorten(i.Title, 120), "", "Change it", v.back+"/edit"
}

// changeInitiative handles "POST /initiatives/{name}/edit".
func (s *Site) changeInitiative(ctx context.Context, r request) (answer, error) {
	i, err := s.initiativeOf(ctx, r)
	if err != nil {
		return answer{}, err
	}
	seen, err := position(fieldPosition, r.form(fieldPosition))
	if err != nil {
		return answer{}, err
	}
	if seen == 0 { // all of it is written anew: what somebody else wrote meanwhile would be lost
		return answer{}, fault.New(fault.Invalid, "position is missing: open %s/edit and fill in that form", namedLink(initiativesPath, i.Ref))
	}
	return s.fillIn(ctx, r, i, func(ctx context.Context, t desk.Terms) (desk.Made, error) {
		return s.Desk.ChangeInitiative(ctx, i.Entry.Ref, seen, t)
	})
}

func (s *Site) fillIn(ctx context.Context, r request, was *agreements.Initiative, do func(context.Context, desk.Terms) (desk.Made, error)) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "no initiative is opened or changed here")
	}
	t, v := termsIn(r)
	if was != nil {
		v.edits(was)
		v.position = r.form(fieldPosition) // what was looked at, also if something is wrong
	}
	made, err := do(acting(ctx, r), t)
	if changed, ok := errors.AsType[desk.Changed](err); ok {
		v.position = ui.Plain(changed.Now)
		v.problem = "Somebody changed the initiative meanwhile: look at its page. Press again to have it as it is here."
		return answer{status: http.StatusConflict, title: v.heading, body: termsPage(v)}, nil
	}
	if same, ok := errors.AsType[desk.SameOpen](err); ok {
		ref, _ := catalog.ParseRef(same.Ref, catalog.Ref{})
		v.same = ui.Anchor{Label: named(r.catalog, same.Ref).Label, Href: namedLink(initiativesPath, ref)}
		return answer{status: http.StatusConflict, title: v.heading, body: termsPage(v)}, nil
	}
	if !refused(err) {
		ref, _ := catalog.ParseRef(made.Ref, catalog.Ref{})
		return answer{location: namedLink(initiativesPath, ref)}, err
	}
	v.problem = blame(err, v.fields()...)
	wrong := ui.Wrong(v.fields()...)
	return answer{status: http.StatusUnprocessableEntity, title: v.heading, body: termsPage(v), wrong: wrong}, nil
}

func closeForm(r request, i *agreements.Initiative) *decisionView {
	at := namedLink(initiativesPath, i.Ref)
	return &decisionView{
		position: ui.Plain(i.Entry.Since.Position),
		id:       "h-close", title: "Close it", says: "It asks nobody any more, from today on.", action: at + "/close", button: "Close", look: "danger", icon: "x",
		note: ui.Field{ID: "close-note", Name: fieldNote, Label: "Why", Required: true, MaxLength: event.MaxReason}, by: byField(r, "close-by"),
	}
}

// closeInitiative handles "POST /initiatives/{name}/close".
func (s *Site) closeInitiative(ctx context.Context, r request) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "no initiative is closed here")
	}
	ref := r.namedRef(scorecards.KindInitiative)
	seen, err := position(fieldPosition, r.form(fieldPosition))
	if err != nil {
		return answer{}, err
	}
	_, err = s.Desk.CloseInitiative(acting(ctx, r), ref.String(), seen, r.form(fieldNote))
	if !refused(err) {
		return answer{location: namedLink(initiativesPath, ref)}, err
	}
	status, wrong := http.StatusUnprocessableEntity, []ui.Anchor(nil)
	a, failed := s.initiativeWith(ctx, r, func(v *initiativeView) {
		if v.close == nil {
			var not decisionView
			not, status = undone(r, "h-close", "initiative", strings.ToLower(v.word), err)
			v.close = &not
			return
		}
		status, wrong = v.close.fails(r, err)
	})
	a.status, a.wrong = status, wrong
	return a, failed
}
