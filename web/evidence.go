package web

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/evidence"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

const evidencePath = auditPath + "/evidence"

// The fields of a question besides from and to; they are those of the API.
const (
	fieldFilter    = "filter"
	fieldScorecard = "scorecard"
	fieldRule      = "rule"
)

// shownEvidence is how many entities a page of evidence shows; the file has them all.
const shownEvidence = 100

// Evidence answers a question that is asked with the parameters of the API; the seal
// covers what it follows from.
type Evidence func(context.Context, url.Values) (evidence.Report, proof.Seal, error)

// evidenceView is what is asked, and the answer.
type evidenceView struct {
	fields []ui.Field
	cards  []ui.Option
	rules  []ui.Option     // of all of them, to choose from while typing
	more   []ui.Hidden     // filters besides the first
	answer *evidenceAnswer // nil before anything was asked
}

type evidenceAnswer struct {
	says    string // what it is, or why there is none
	missed  []string
	rows    []evidenceRow
	more    int
	control string // what is judged; "" if nothing is
	file    string
	seal    ui.EventMark
}

func (a *evidenceAnswer) columns() []ui.Column {
	all := []ui.Column{{Label: "Entity"}, {Label: "Owner"}}
	if a.control != "" {
		all = append(all, ui.Column{Label: a.control}, ui.Column{Label: "Exemptions"})
	}
	return append(all, ui.Column{Label: "Gaps"})
}

type evidenceRow struct {
	entity     ui.Anchor
	owners     []evidenceStretch
	control    []evidenceStretch
	exemptions []evidenceStretch
	gaps       []evidenceStretch
}

// evidenceStretch is what was so for a time.
type evidenceStretch struct {
	value string
	look  string // of the badge; "" for none
	when  string
	says  string       // the message of a rule
	event ui.EventMark // that it goes back to
}

// evidence handles "GET /audit/evidence".
func (s *Site) evidence(ctx context.Context, r request) (answer, error) {
	if s.Evidence == nil {
		return answer{}, fault.New(fault.NotFound, "this portal has no history to take evidence from")
	}
	q := r.self.query
	v := newEvidenceView(cardsOf(r.catalog), q, r.now)
	title := "Evidence"
	if !q.Has(fieldFrom) {
		return answer{title: title, body: evidencePage(v)}, nil
	}
	asked := evidenceAsked(q)
	report, seal, err := s.Evidence(ctx, asked)
	if err != nil {
		kind := fault.KindOf(err)
		if kind != fault.Invalid && kind != fault.NotFound && kind != fault.Conflict {
			return answer{}, err
		}
		v.answer = &evidenceAnswer{says: sentenceOf(err)}
		return answer{title: title, body: evidencePage(v)}, nil
	}
	v.answer = newEvidenceAnswer(r, report, seal)
	asked.Set(fieldKnown, decimal(report.Known))
	v.answer.file = "/api/history/evidence?" + asked.Encode()
	return answer{title: title, body: evidencePage(v)}, nil
}

// evidenceAsked is what the API is asked for a question of the page.
func evidenceAsked(q url.Values) url.Values {
	asked := url.Values{}
	for _, name := range []string{fieldFilter, fieldFrom, fieldTo, fieldScorecard, fieldRule, fieldKnown} {
		for _, value := range q[name] {
			if value != "" {
				asked.Add(name, value)
			}
		}
	}
	return asked
}

// newEvidenceView is the form, as it was filled in; at first it is about the last quarter.
func newEvidenceView(cards []*scorecards.Card, q url.Values, now time.Time) evidenceView {
	this := scorecards.QuarterOf(now)
	v := evidenceView{fields: []ui.Field{
		{ID: "e-filter", Name: fieldFilter, Label: "Entities", Value: q.Get(fieldFilter), Placeholder: "kind=component,metadata.tags=tier-1", Hint: "As in the catalog's API: conditions joined with commas. All entities if it is empty."},
		{ID: "e-from", Name: fieldFrom, Label: "From", Value: cmp.Or(q.Get(fieldFrom), scorecards.DateOf(this.AddDate(0, -3, 0))), Required: true, Hint: "A date, or a time such as 2026-07-01T00:00:00Z."},
		{ID: "e-to", Name: fieldTo, Label: "To", Value: cmp.Or(q.Get(fieldTo), scorecards.DateOf(this)), Required: true, Hint: "The first moment that does not count any more."},
		{ID: "e-rule", Name: fieldRule, Label: "Rule", Value: q.Get(fieldRule), Placeholder: "its id", List: "e-rules", Hint: "The control is that rule; without one it is the level."},
	}}
	if all := q[fieldFilter]; len(all) > 1 {
		for _, filter := range all[1:] {
			v.more = append(v.more, ui.Hidden{Name: fieldFilter, Value: filter})
		}
		v.fields[0].Hint = "Or: " + strings.Join(all[1:], "; or: ")
	}
	chosen := ""
	if ref := scorecards.RefNamed(scorecards.KindScorecard, q.Get(fieldScorecard)); ref.Name != "" {
		chosen = ref.String()
	}
	v.cards = []ui.Option{{Label: "None"}}
	there := chosen == ""
	for _, card := range cards {
		ref := card.Ref.String()
		there = there || ref == chosen
		v.cards = append(v.cards, ui.Option{Value: ref, Label: card.Title, On: ref == chosen})
		for _, rule := range card.Rules {
			v.rules = append(v.rules, ui.Option{Value: rule.ID, Label: card.Title + ": " + rule.Title})
		}
	}
	if !there {
		v.cards = append(v.cards, ui.Option{Value: chosen, Label: chosen, On: true})
	}
	return v
}

func newEvidenceAnswer(r request, report evidence.Report, seal proof.Seal) *evidenceAnswer {
	a := &evidenceAnswer{
		says: ui.Plural(len(report.Entities), "entity", "entities") + ", from " + stamp(report.From) + " to " + stamp(report.Until) + ", by the events up to " + ui.Number(report.Known) + ".",
		seal: mark(seal.Position),
	}
	if report.Scorecard != "" {
		a.control = cmp.Or(report.Rule, "Level")
	}
	for _, m := range report.Missed {
		until := ", and was not made up for since."
		switch {
		case m.Lost:
			until = ", lost for good at " + stamp(m.To) + "."
		case !m.To.IsZero():
			until = ", made up for at " + stamp(m.To) + "."
		}
		a.missed = append(a.missed, m.Source+": "+m.Detail+", "+stamp(m.From)+until)
	}
	all := report.Entities
	if len(all) > shownEvidence {
		all, a.more = all[:shownEvidence], len(all)-shownEvidence
	}
	for _, e := range all {
		row := evidenceRow{entity: ui.Anchor{Label: e.Title}}
		if ref, err := catalog.ParseRef(e.Ref, catalog.Ref{}); err == nil {
			row.entity.Href = entityLink(ref) + "/history"
		}
		for _, o := range e.Owners {
			row.owners = append(row.owners, newStretch(o, cmp.Or(named(r.catalog, o.Value).Label, "Nobody"), ""))
		}
		for _, c := range e.Control {
			row.control = append(row.control, newStretch(c, cmp.Or(c.Value, "None"), controlLook(c)))
		}
		for _, x := range e.Exemptions {
			one := newStretch(x.Stretch, x.Value, "")
			one.when += ": " + x.Reason
			row.exemptions = append(row.exemptions, one)
		}
		for _, g := range e.Gaps {
			row.gaps = append(row.gaps, evidenceStretch{value: g.Kind, look: "warn", when: between(g.From, g.To)})
		}
		a.rows = append(a.rows, row)
	}
	return a
}

func newStretch(s evidence.Stretch, value, look string) evidenceStretch {
	one := evidenceStretch{value: value, look: look, when: between(s.From, s.To), says: s.Says}
	if s.By != nil {
		one.event = mark(s.By.Position)
	}
	return one
}

// between says when something was so.
func between(from, to time.Time) string { return stamp(from) + " – " + stamp(to) }

// stamp is a day, with the time unless the day begins with it.
func stamp(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan 2006 15:04")
}

// controlLook is the look of a badge for an outcome or a level.
func controlLook(s evidence.Stretch) string {
	switch {
	case s.Gap == evidence.GapFailing:
		return "bad"
	case s.Gap != "":
		return "warn"
	case s.Value == string(scorecards.Pass):
		return "good"
	}
	return "info"
}
