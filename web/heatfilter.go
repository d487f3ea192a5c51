package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/callboard/callboard/projections/maturity"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web/ui"
)

// heatFilter is what the table of entities and rules keeps to: the entities that do not pass a
// rule, and those in a part of the organisation.
type heatFilter struct {
	rule   *scorecards.Rule // nil: whatever they pass
	within string           // empty: all
}

// heatFilterOf reads what an address asks for.
func heatFilterOf(r request, card *scorecards.Card) (f heatFilter, err error) {
	ids := make([]string, len(card.Rules))
	for i, rule := range card.Rules {
		ids[i] = rule.ID
	}
	id, err := choice(r.self.query, fieldRule, "rule of "+card.Title, ids...)
	if err != nil {
		return f, err
	}
	if i := slices.Index(ids, id); i >= 0 {
		f.rule = card.Rules[i]
	}
	if within := r.self.query.Get(fieldWithin); within != "" {
		f.within, err = maturity.WithinOf(r.catalog, within)
	}
	return f, err
}

// toHeat leads to the table of a page.
func toHeat(page link) string { return page.String() + "#h-heat" }

// heatOf leads from a report to those in its part of the organisation that do not pass a rule, at
// the moment that it tells of.
func heatOf(m *maturity.Report, card *scorecards.Card, rule string) string {
	at := link{path: scorecardLink(card.Ref)}.set(fieldRule, rule).set(fieldWithin, m.Within)
	if m.By == maturity.ByDomain {
		at = at.set(fieldGroup, byDomain)
	}
	return toHeat(at.moment(m.To))
}

// keep leaves out of a list what the table does not keep to, and has the table say so. Those that
// have only the rule left to the next level come first.
func (f heatFilter) keep(r request, card *scorecards.Card, list []scores.Score, v *heatView) []scores.Score {
	if f.within != "" {
		by := cmp.Or(maturity.GroupingOf(f.within), maturity.Grouping(r.self.query.Get(fieldGroup)), maturity.ByTeam)
		inside := maturity.Inside(r.catalog, by, f.within)
		list = slices.DeleteFunc(slices.Clone(list), func(s scores.Score) bool { return !inside(s.Entity) })
		label := groupLabel(r.catalog, &maturity.Node{Ref: strings.TrimPrefix(f.within, maturity.None), None: f.within == maturity.None}, by)
		v.chips = append(v.chips, ui.Chip{Field: "Within", Value: ui.Shorten(label, 60), Drop: toHeat(r.self.drop(fieldWithin))})
	}
	if f.rule == nil {
		return list
	}
	v.chips = append(v.chips, ui.Chip{Field: "Do not pass", Value: ui.Shorten(f.rule.Title, 80), Drop: toHeat(r.self.drop(fieldRule))})
	alone, counts := maturity.Alone(card, r.pageTime()), map[scorecards.Outcome]int{}
	v.last = map[string]bool{}
	var first, others []scores.Score
	for _, s := range list {
		outcome := scorecards.Outcome(outcomeOf(s, f.rule.ID))
		switch outcome {
		case scorecards.Pass, scorecards.NotApplicable:
			continue
		case scorecards.Fail, scorecards.Exempt:
		default: // also what is in error, and what the card did not ask for when it judged
			outcome = scorecards.Unknown
		}
		counts[outcome]++
		if alone(s, f.rule.ID) {
			v.last[s.Entity] = true
			first = append(first, s)
		} else {
			others = append(others, s)
		}
	}
	v.says = notPassing(counts, len(first))
	return slices.Concat(first, others)
}

// notPassing says why some do not pass a rule, and how many have only it left to the next level.
func notPassing(counts map[scorecards.Outcome]int, last int) string {
	var parts []string
	if n := counts[scorecards.Fail]; n > 0 || len(counts) == 0 {
		says := ui.Plural(n, "fails", "fail")
		if last > 0 {
			says += fmt.Sprintf(", %s only this one left to the next level", ui.Plural(last, "has", "have"))
		}
		parts = append(parts, says)
	}
	if n := counts[scorecards.Exempt]; n > 0 {
		parts = append(parts, ui.Plural(n, "is exempt", "are exempt"))
	}
	if n := counts[scorecards.Unknown]; n > 0 {
		parts = append(parts, "of "+ui.Number(n)+" it is not known")
	}
	return ui.Sentence(strings.Join(parts, "; ")) + "."
}
