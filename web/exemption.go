package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/scorecards/desk"
	"github.com/callboard/callboard/web/ui"
)

const (
	fieldUntil = "until"
	// fieldRuleOf begins the name of a rule's box; its id follows.
	fieldRuleOf    = "rule."
	fieldAllRules  = "allRules"
	shownAgreement = 20 // events of one exemption or initiative
)

// exemptionView is one exemption, with what can be decided about it.
type exemptionView struct {
	exemptionRow
	title   string
	forms   []decisionView
	records string // address of its own record in the catalog
	history []ui.Happening
}

// decisionView is a form that decides about an exemption.
type decisionView struct {
	id, title, says string
	action, button  string
	look, icon      string
	open            bool // it is seen at once
	until, note, by ui.Field
	hasUntil        bool
	problem         string
	meanwhile       *meanwhileView // who made it what cannot be decided about any more; nil if nobody did
	position        string         // of the event that made it what is decided about
}

// fails shows what was filled in with what is wrong with it, and returns where that leads. If
// somebody changed it meanwhile, whoever presses again does it all the same.
func (v *decisionView) fails(r request, err error) (status int, wrong []ui.Anchor) {
	read := func(field string) string { return strings.TrimSpace(r.form(field)) }
	v.open = true
	v.until.Value, v.note.Value, v.by.Value = read(fieldUntil), read(fieldNote), read(fieldBy)
	if changed, ok := errors.AsType[desk.Changed](err); ok {
		v.position = ui.Plain(changed.Now)
		v.problem = "Somebody changed it meanwhile: look at what it says now. Press again to do it all the same."
		return http.StatusConflict, nil
	}
	v.problem = blame(err, v.fields()...)
	return http.StatusUnprocessableEntity, ui.Wrong(v.fields()...)
}

// undone says why nothing is decided where there is no form for it any more; what is decided about
// is called so, and is so now.
func undone(r request, id, what, now string, err error) (v decisionView, status int) {
	if changed, ok := errors.AsType[desk.Changed](err); ok {
		says := fmt.Sprintf("Somebody changed this %s while you wrote: it is %s now.", what, now)
		return decisionView{id: id, problem: says, meanwhile: newMeanwhile(r, changed)}, http.StatusConflict
	}
	return decisionView{id: id, problem: sentenceOf(err)}, http.StatusUnprocessableEntity
}

func (v *decisionView) fields() []*ui.Field { return []*ui.Field{&v.until, &v.note, &v.by} }

// exemption handles "GET /exemptions/{name}".
func (s *Site) exemption(ctx context.Context, r request) (answer, error) {
	return s.exemptionWith(ctx, r, func(*exemptionView) {})
}

func (s *Site) exemptionWith(ctx context.Context, r request, change func(*exemptionView)) (answer, error) {
	ref := r.namedRef(scorecards.KindExemption)
	all := agreements.Exemptions(r.catalog, r.pageTime())
	i := slices.IndexFunc(all, func(x agreements.Exemption) bool { return x.Entry.Ref == ref.String() })
	if i < 0 {
		return s.notAgreed(ctx, r, ref)
	}
	x := all[i]
	page, err := s.History.Events(ctx, r.then(history.Filter{Entity: x.Entry.Ref, Limit: shownAgreement}))
	if err != nil {
		return answer{}, err
	}
	v := exemptionView{exemptionRow: newExemptionRow(r, x), records: entityLink(x.Ref), history: agreed(r.catalog, page.Entries, r.now)}
	v.title = v.entity.Label + ": " + v.rules
	if s.Desk != nil && r.moment.Now() && x.Entry.Origin.FromPortal() {
		v.forms = decisionsOn(r, x)
	}
	change(&v)
	return answer{title: "Exemption of " + v.entity.Label, body: exemptionPage(v)}, nil
}

// notAgreed is the page of a scorecard, exemption or initiative that is not there: what became
// of it, if it ever was.
func (s *Site) notAgreed(ctx context.Context, r request, ref catalog.Ref) (answer, error) {
	if _, there := r.catalog.Get(ref.String()); there {
		return answer{}, fault.New(fault.NotFound, "the %s %s cannot be read", strings.ToLower(ref.Kind), ref.Name)
	}
	recent, err := s.newest(ctx, r, ref, recentChanges)
	if err != nil {
		return answer{}, err
	}
	if len(recent.Entries) == 0 {
		return answer{}, fault.New(fault.NotFound, "there is no %s %s", strings.ToLower(ref.Kind), ref.Name)
	}
	return notThere(r, ref, recent.Page), nil
}

// decisionsOn are the forms by what can be decided now.
func decisionsOn(r request, x agreements.Exemption) (all []decisionView) {
	form := func(verb, title, says, button, look, icon string, required bool) decisionView {
		v := decisionView{
			id: "h-" + verb, title: title, says: says, action: namedLink(exemptionsPath, x.Ref) + "/" + verb, button: button, look: look, icon: icon,
			until: ui.Field{ID: verb + "-until", Name: fieldUntil, Label: "Until", Type: "date", Hint: "The last day, in UTC. As asked for, or sooner."},
			note:  ui.Field{ID: verb + "-note", Name: fieldNote, Label: "Why", Required: required, MaxLength: event.MaxReason},
			by:    byField(r, verb+"-by"), position: ui.Plain(x.Entry.Since.Position),
		}
		if last := x.LastDay(); !last.IsZero() {
			v.until.Value = last.Format("2006-01-02")
		}
		return v
	}
	switch x.Stands {
	case scorecards.Requested:
		grant := form("grant", "Grant it", "The rules count as exempt from now on.", "Grant", "primary", "check", false)
		grant.hasUntil, grant.open = true, true
		return []decisionView{grant, form("deny", "Deny it", "The rules have to be kept.", "Deny", "danger", "x", true)}
	case scorecards.Granted:
		return []decisionView{form("revoke", "Revoke it", "The rules have to be kept from now on.", "Revoke", "danger", "x", true)}
	}
	return nil
}

func byField(r request, id string) ui.Field {
	return ui.Field{ID: id, Name: fieldBy, Label: "Who you are", Value: r.name, Required: true, MaxLength: event.MaxName}
}

// decide handles "POST /exemptions/{name}/grant", "…/deny" and "…/revoke".
func (s *Site) decide(verb string, do func(Desk, context.Context, string, desk.Decision) (desk.Made, error)) func(context.Context, request) (answer, error) {
	return func(ctx context.Context, r request) (answer, error) {
		if s.Desk == nil {
			return answer{}, fault.New(fault.NotFound, "nothing is decided here")
		}
		ref := r.namedRef(scorecards.KindExemption)
		seen, err := position(fieldPosition, r.form(fieldPosition))
		if err != nil {
			return answer{}, err
		}
		d := desk.Decision{Until: r.form(fieldUntil), Note: r.form(fieldNote), Position: seen}
		_, err = do(s.Desk, acting(ctx, r), ref.String(), d)
		if !refused(err) {
			return answer{location: namedLink(exemptionsPath, ref)}, err
		}
		status, wrong := http.StatusUnprocessableEntity, []ui.Anchor(nil)
		a, failed := s.exemptionWith(ctx, r, func(v *exemptionView) {
			i := slices.IndexFunc(v.forms, func(f decisionView) bool { return f.id == "h-"+verb })
			if i < 0 {
				var not decisionView
				not, status = undone(r, "h-"+verb, "exemption", string(v.status), err)
				if not.meanwhile != nil && len(v.forms) > 0 { // why it was to be denied may be why it is to be revoked
					v.forms[0].note.Value, v.forms[0].by.Value = strings.TrimSpace(r.form(fieldNote)), strings.TrimSpace(r.form(fieldBy))
				}
				v.forms = append([]decisionView{not}, v.forms...)
				return
			}
			status, wrong = v.forms[i].fails(r, err)
		})
		a.status, a.wrong = status, wrong
		return a, failed
	}
}

// acting is the context of a form in which somebody says who they are.
func acting(ctx context.Context, r request) context.Context {
	if by := strings.TrimSpace(r.form(fieldBy)); by != "" {
		ctx = event.WithActor(ctx, event.Actor{Name: by})
	} else {
		ctx = event.WithActor(ctx, event.Actor{})
	}
	return event.WithCause(ctx, event.Cause{Request: r.id})
}

// writtenDay is a day as files and the API write it.
var writtenDay = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// daysShown is a message with its days as pages write them, unless it tells how one is written.
func daysShown(message string) string {
	if strings.Contains(message, "such as") {
		return message
	}
	return writtenDay.ReplaceAllStringFunc(message, func(text string) string {
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return ui.Day(day).Text
		}
		return text
	})
}

// blame writes what is wrong at the fields that it is about, and returns the rest.
func blame(err error, fields ...*ui.Field) (rest string) {
	problems, ok := errors.AsType[desk.Problems](err)
	if !ok {
		return sentenceOf(err)
	}
	for _, p := range problems {
		p.Message = daysShown(p.Message)
		says := ui.Sentence(p.Message) + "."
		i := slices.IndexFunc(fields, func(f *ui.Field) bool { return f.Name == p.Field })
		if i < 0 {
			rest = strings.TrimSpace(rest + " " + ui.Sentence(strings.TrimPrefix(p.Field+": "+p.Message, ": ")) + ".")
		} else if fields[i].Problem == "" {
			fields[i].Problem = says
		}
	}
	return rest
}

// askView is the form that asks for an exemption.
type askView struct {
	entity, card      ui.Field
	reason, until, by ui.Field
	rules             []ruleBox // of the card; none as long as it is not known
	all               bool      // all of them are chosen
	rulesProblem      string
	waiting           ui.Anchor // what was asked for already
	waits             string    // which of the rules
	cardTitle         string
	decides           ui.Person
	cards             []ui.Option
	problem           string
}

// ruleBox is a rule that can be chosen.
type ruleBox struct {
	name, title, id string
	level           levelMark
	on              bool
}

func (v *askView) fields() []*ui.Field {
	return []*ui.Field{&v.entity, &v.card, &v.reason, &v.until, &v.by}
}

// askExemption handles "GET /exemptions/new".
func (s *Site) askExemption(_ context.Context, r request) (answer, error) {
	if s.Desk == nil || !r.moment.Now() {
		return answer{}, fault.New(fault.NotFound, "nothing is asked for here")
	}
	q := r.self.query
	v := newAskView(r, q.Get(fieldEntity), q.Get(fieldScorecard), func(id string) bool { return slices.Contains(q[fieldRule], id) })
	if v.misses(r) {
		return answer{status: http.StatusNotFound, title: "Ask for an exemption", body: askPage(v)}, nil
	}
	return answer{title: "Ask for an exemption", body: askPage(v)}, nil
}

// misses says at the fields what the address names and is not there, and reports whether
// anything is.
func (v *askView) misses(r request) bool {
	if text := v.entity.Value; text != "" {
		ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "Component"})
		if err != nil {
			v.entity.Problem = "This is no reference of an entity; write component:payments."
		} else if _, there := r.catalog.Get(ref.String()); !there {
			v.entity.Problem = "There is no " + ref.String() + " in the catalog."
		}
	}
	if v.card.Value != "" && v.cardTitle == "" {
		v.card.Problem = "There is no scorecard " + ui.Shorten(v.card.Value, 80) + " that judges anybody."
	}
	return v.entity.Problem != "" || v.card.Problem != ""
}

func newAskView(r request, entity, card string, chosen func(rule string) bool) askView {
	v := askView{
		entity: ui.Field{ID: "x-entity", Name: fieldEntity, Label: "Entity", Value: entity, Required: true, Placeholder: "component:payments-api"},
		card:   ui.Field{ID: "x-card", Name: fieldScorecard, Label: "Scorecard", Value: card, Required: true, List: "x-cards"},
		reason: ui.Field{ID: "x-reason", Name: fieldReason, Label: "Reason", Required: true, MaxLength: event.MaxReason, Placeholder: "The books move to another system in summer"},
		until:  ui.Field{ID: "x-until", Name: fieldUntil, Label: "Until", Type: "date", Hint: "The last day, in UTC. Without one it does not end."},
		by:     byField(r, "x-by"),
	}
	for _, c := range cardsOf(r.catalog) {
		if c.Draft {
			continue
		}
		v.cards = append(v.cards, ui.Option{Value: scorecards.NameOf(c.Ref), Label: c.Title})
		if scorecards.RefNamed(scorecards.KindScorecard, card).String() != c.Ref.String() {
			continue
		}
		v.card.Value, v.cardTitle = scorecards.NameOf(c.Ref), c.Title
		if c.Owner != "" {
			v.decides = owner(r.catalog, c.Owner)
		}
		for _, rule := range c.Rules {
			v.rules = append(v.rules, ruleBox{fieldRuleOf + rule.ID, rule.Title, rule.ID, levelOf(c, rule.Level), chosen(rule.ID)})
		}
	}
	return v
}

// titles names rules of the card.
func (v *askView) titles(ids []string) string {
	if len(ids) == 0 {
		return "An exemption from all rules"
	}
	all := slices.Clone(ids)
	for i, id := range ids {
		if n := slices.IndexFunc(v.rules, func(b ruleBox) bool { return b.id == id }); n >= 0 {
			all[i] = v.rules[n].title
		}
	}
	return strings.Join(all, ", ")
}

// asked handles "POST /exemptions/new".
func (s *Site) asked(ctx context.Context, r request) (answer, error) {
	if s.Desk == nil {
		return answer{}, fault.New(fault.NotFound, "nothing is asked for here")
	}
	v := newAskView(r, strings.TrimSpace(r.form(fieldEntity)), strings.TrimSpace(r.form(fieldScorecard)), func(id string) bool { return r.form(fieldRuleOf+id) != "" })
	v.all = r.form(fieldAllRules) != ""
	ask := desk.Request{Entity: r.form(fieldEntity), Scorecard: r.form(fieldScorecard), Reason: r.form(fieldReason), Until: r.form(fieldUntil)}
	for name := range r.posted() { // not by the rules of the card: one that it lost is to be refused
		if id, ok := strings.CutPrefix(name, fieldRuleOf); ok && r.form(name) != "" {
			ask.Rules = append(ask.Rules, id)
		}
	}
	slices.Sort(ask.Rules)
	made, err := s.askFor(acting(ctx, r), ask, v.all)
	if !refused(err) {
		ref, _ := catalog.ParseRef(made.Ref, catalog.Ref{})
		return answer{location: namedLink(exemptionsPath, ref)}, err
	}
	if twice, ok := errors.AsType[desk.AskedFor](err); ok {
		ref, _ := catalog.ParseRef(twice.Ref, catalog.Ref{})
		v.waiting = ui.Anchor{Label: ref.Name, Href: namedLink(exemptionsPath, ref)}
		v.waits = v.titles(twice.Rules)
	}
	v.reason.Value, v.until.Value, v.by.Value = strings.TrimSpace(ask.Reason), ask.Until, strings.TrimSpace(r.form(fieldBy))
	rules := ui.Field{ID: "x-rules", Name: fieldRules, Label: "Rules"}
	fields := append(v.fields(), &rules)
	v.problem = blame(err, fields...)
	v.rulesProblem = rules.Problem
	wrong := ui.Wrong(fields...)
	return answer{status: http.StatusUnprocessableEntity, title: "Ask for an exemption", body: askPage(v), wrong: wrong}, nil
}

// askFor asks for an exemption from rules that were chosen, or from all of them.
func (s *Site) askFor(ctx context.Context, ask desk.Request, all bool) (desk.Made, error) {
	switch {
	case all && len(ask.Rules) > 0:
		return desk.Made{}, fault.New(fault.Invalid, "%w", desk.Problems{{Field: fieldRules, Message: "choose rules, or all of them, not both"}})
	case !all && len(ask.Rules) == 0:
		return desk.Made{}, fault.New(fault.Invalid, "%w", desk.Problems{{Field: fieldRules, Message: "choose at least one rule, or all of them"}})
	}
	return s.Desk.RequestExemption(ctx, ask)
}

// exemptionBy is the exemption because of which a rule is exempt for an entity: of those
// that hold, the one that does so longest; nil if none does.
func exemptionBy(all []agreements.Exemption, card, entity, rule string, r request) *agreements.Exemption {
	var of []*scorecards.Exemption
	for i := range all {
		if all[i].Entity == entity {
			of = append(of, all[i].Exemption)
		}
	}
	longest := scorecards.Longest(of, card, rule, r.pageTime())
	if i := slices.IndexFunc(all, func(x agreements.Exemption) bool { return x.Exemption == longest }); i >= 0 {
		return &all[i]
	}
	return nil
}

// waitsNote says that an exemption from a rule is asked for already, and who is to decide.
type waitsNote struct {
	href    string
	asked   ui.Person
	decides ui.Person
}

// waitingFor is the exemption from a rule that waits for a decision; nil if none does.
func waitingFor(c Catalog, all []agreements.Exemption, card, entity, rule string) *waitsNote {
	for i := range all {
		x := &all[i]
		if x.Stands != scorecards.Requested || x.Exemption.Card != card || x.Entity != entity || !x.Covers(x.Exemption.Card, rule) {
			continue
		}
		n := &waitsNote{href: namedLink(exemptionsPath, x.Ref), asked: actor(x.Entry.Since.Actor)}
		if x.RequestedBy != "" {
			n.asked = person(c, x.RequestedBy)
		}
		if o := x.Decides(); o != "" {
			n.decides = owner(c, o)
		}
		return n
	}
	return nil
}

// exemptNote says until when a rule need not be kept, and who granted that.
type exemptNote struct {
	says string
	href string
	who  ui.Person
}

func newExemptNote(c Catalog, x *agreements.Exemption) *exemptNote {
	n := &exemptNote{says: "Exempt, without an end", href: namedLink(exemptionsPath, x.Ref)}
	if last := x.LastDay(); !last.IsZero() {
		n.says = "Exempt until " + ui.Day(last).Text
	}
	if x.DecidedBy != "" {
		n.who = person(c, x.DecidedBy)
	} else {
		n.who = actor(x.Entry.Since.Actor)
	}
	return n
}

// askLink is the address of the form that asks for an exemption from a rule.
func askLink(e *entities.Entry, card *scorecards.Card, rule string) string {
	return link{path: exemptionFormURL}.set(fieldEntity, e.Ref).set(fieldScorecard, scorecards.NameOf(card.Ref)).set(fieldRule, rule).String()
}
