package evidence

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// control tells how entities stood, by ref.
func (r *Reporter) control(ctx context.Context, q Question, p period, refs []string, log record) (map[string][]Stretch, error) {
	all := map[string][]Stretch{}
	if q.Scorecard == "" {
		return all, nil
	}
	list, err := r.Scores.List(ctx, scores.Query{Card: q.Scorecard, Moment: projections.Moment{Known: q.Known}, Past: true})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "nothing is on record of how anything stood on %s by then", q.Scorecard)
	}
	if q.Rule != "" && !slices.ContainsFunc(list, func(s scores.Score) bool {
		return slices.ContainsFunc(s.Rules, func(rule scores.Rule) bool { return rule.ID == q.Rule })
	}) {
		return nil, fault.New(fault.NotFound, "%s has no rule %s on record", q.Scorecard, q.Rule)
	}
	folded := map[string][]scores.Score{}
	for _, s := range list {
		folded[s.Entity] = append(folded[s.Entity], s)
	}
	for _, ref := range refs {
		told, err := log.scores(q, ref, folded[ref])
		if err != nil {
			return nil, err
		}
		if stood := p.stood(q, told); len(stood) > 0 {
			all[ref] = stood
		}
	}
	return all, nil
}

// stood is how an entity stood in the period. The event that a stretch goes back to may
// be long before it; what came in between and changed nothing of it is not cited.
func (p period) stood(q Question, told []scores.Score) (all []Stretch) {
	for _, s := range told {
		one := Stretch{Value: s.Level, By: &Event{s.Position, s.Since.UTC(), s.Actor, s.Cause.Commit, s.Cause.CommitURL}}
		if q.Rule != "" {
			i := slices.IndexFunc(s.Rules, func(rule scores.Rule) bool { return rule.ID == q.Rule })
			if i < 0 {
				continue
			}
			rule := s.Rules[i]
			one = Stretch{Value: rule.Outcome, Says: rule.Message, By: &Event{rule.Position, rule.Since.UTC(), rule.Actor, rule.Cause.Commit, rule.Cause.CommitURL}}
		}
		if one.From, one.To = s.Since, s.Until; !one.lasts() {
			continue
		}
		if n := len(all); n > 0 && all[n-1].To.Equal(one.From) && all[n-1].Value == one.Value && all[n-1].Says == one.Says {
			all[n-1].To = one.To // another rule changed
			continue
		}
		all = append(all, one)
	}
	found := all[:0]
	for _, s := range all {
		if p.clips(&s) {
			found = append(found, s)
		}
	}
	return found
}

// exemptions tells which ones from the control were on record, by the entity that is
// exempt.
func (r record) exemptions(q Question, p period) map[string][]Exemption {
	all := map[string][]Exemption{}
	if q.Scorecard == "" {
		return all
	}
	for _, ref := range slices.Sorted(maps.Keys(r.told)) {
		if !strings.HasPrefix(ref, exemptionPrefix) {
			continue
		}
		told := r.told[ref]
		for i, t := range told {
			var until time.Time
			if i+1 < len(told) {
				until = told[i+1].Since
			}
			x, of, ok := exemptionOf(t, q)
			if x.Ref, x.From, x.To = ref, t.Since, until; !ok || !x.lasts() {
				continue
			}
			had := all[of]
			if n := len(had); n > 0 && had[n-1].Ref == ref && had[n-1].same(x) && had[n-1].To.Equal(x.From) {
				had[n-1].To = x.To // something else about it changed
				continue
			}
			all[of] = append(had, x)
		}
	}
	for of, had := range all {
		all[of] = p.exempt(had)
	}
	return all
}

func (p period) exempt(all []Exemption) (found []Exemption) {
	for _, x := range all {
		if p.clips(&x.Stretch) {
			found = append(found, x)
		}
	}
	return found
}

// exemptionOf reads an exemption from the control, and whom it exempts.
func exemptionOf(t history.Told, q Question) (x Exemption, entity string, ok bool) {
	var obj map[string]any
	if json.Unmarshal([]byte(t.Entity), &obj) != nil {
		return x, "", false
	}
	e, err := catalog.Read(obj)
	if err != nil {
		return x, "", false
	}
	read, problems := scorecards.ParseExemption(e)
	if len(problems) > 0 || read.Card != q.Scorecard || q.Rule != "" && len(read.Rules) > 0 && !slices.Contains(read.Rules, q.Rule) {
		return x, "", false
	}
	x = Exemption{
		Stretch: Stretch{Value: string(read.Status), By: &Event{t.Position, t.Time.UTC(), t.Actor, t.Cause.Commit, t.Cause.CommitURL}},
		Rules:   read.Rules, Reason: read.Reason, RequestedBy: read.RequestedBy, DecidedBy: read.DecidedBy,
		Begins: e.SpecString("from"), Ends: e.SpecString("until"),
	}
	return x, read.Entity, true
}

func (x Exemption) same(o Exemption) bool {
	return x.Value == o.Value && x.Reason == o.Reason && x.RequestedBy == o.RequestedBy && x.DecidedBy == o.DecidedBy &&
		x.Begins == o.Begins && x.Ends == o.Ends && slices.Equal(x.Rules, o.Rules)
}

// missed tells of gaps in what sources told that reach into the period.
func (r record) missed(p period) ([]Missed, error) {
	var all []Missed
	open := map[[2]string]int{}
	for _, rec := range r.gaps {
		data, err := rec.Decode()
		if err != nil {
			return nil, err
		}
		switch d := data.(type) {
		case event.SourceGapFound:
			from := d.Since
			if from.IsZero() {
				from = rec.Time
			}
			open[[2]string{d.Source, d.Gap}] = len(all)
			all = append(all, Missed{d.Source, d.Kind, d.Repository.FullName, d.Detail, from.UTC(), time.Time{}, false, rec.Position})
		case event.SourceGapClosed:
			if i, ok := open[[2]string{d.Source, d.Gap}]; ok {
				all[i].To, all[i].Lost = rec.Time.UTC(), d.Lost
			}
		}
	}
	return slices.DeleteFunc(all, func(m Missed) bool {
		return !m.From.Before(p.to) || !m.To.IsZero() && !m.To.After(p.from)
	}), nil
}
