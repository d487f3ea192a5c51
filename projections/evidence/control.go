package evidence

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

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
	judged, err := r.Scores.OnRecord(ctx, q.Scorecard, "", q.Known)
	if err != nil {
		return nil, err
	}
	if !judged {
		return nil, fault.New(fault.NotFound, "nothing is on record of how anything stood on %s by then", q.Scorecard)
	}
	if judged, err = r.Scores.OnRecord(ctx, q.Scorecard, q.Rule, q.Known); err != nil {
		return nil, err
	}
	if !judged {
		return nil, fault.New(fault.NotFound, "%s has no rule %s on record", q.Scorecard, q.Rule)
	}
	cards := log.cards(q)
	for _, ref := range refs { // one by one: those of all entities may be more than fits in memory
		folded, err := r.Scores.List(ctx, scores.Query{Card: q.Scorecard, Entity: ref, Moment: projections.Moment{Known: q.Known}, Past: true})
		if err != nil {
			return nil, err
		}
		told, err := log.scores(q, ref, folded)
		if err != nil {
			return nil, err
		}
		if stood := p.stood(q, told, cards); len(stood) > 0 {
			all[ref] = stood
		}
	}
	return all, nil
}

// stood is how an entity stood in the period. The event that a stretch goes back to may
// be long before it; what came in between and changed nothing of it is not cited.
func (p period) stood(q Question, told []scores.Score, cards cards) (all []Stretch) {
	for _, s := range told {
		spells := cards.levels(s)
		if q.Rule != "" {
			spells = outcome(s, q.Rule)
		}
		for _, one := range spells {
			if !one.lasts() {
				continue
			}
			if n := len(all); n > 0 && all[n-1].To.Equal(one.From) && all[n-1].Value == one.Value && all[n-1].Says == one.Says && all[n-1].Gap == one.Gap {
				all[n-1].To = one.To // another rule changed
				continue
			}
			all = append(all, one)
		}
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
			read, ok := exemptionOf(t, q)
			if !ok {
				continue
			}
			for _, x := range spellsOf(read, t, until) {
				had := all[read.Entity]
				if n := len(had); n > 0 && had[n-1].Ref == x.Ref && had[n-1].same(x) && had[n-1].To.Equal(x.From) {
					had[n-1].To = x.To // something else about it changed
					continue
				}
				all[read.Entity] = append(had, x)
			}
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

// exemptionOf reads an exemption from the control.
func exemptionOf(t history.Told, q Question) (*scorecards.Exemption, bool) {
	e := entityOf(t)
	if e == nil {
		return nil, false
	}
	x, problems := scorecards.ParseExemption(e)
	return x, len(problems) == 0 && x.Card == q.Scorecard && (q.Rule == "" || x.Covers(q.Scorecard, q.Rule))
}

// spellsOf is how an exemption stood from when it was declared so until the next
// declaration; zero is without an end. Granted is what it is from its first day to its
// last, whatever the file says before and after.
func spellsOf(read *scorecards.Exemption, t history.Told, until time.Time) (all []Exemption) {
	add := func(status scorecards.Status, from, to time.Time) {
		x := Exemption{
			Stretch: Stretch{From: from, To: to, Value: string(status), By: &Event{t.Position, t.Time.UTC(), t.Actor, t.Cause.Commit, t.Cause.CommitURL}},
			Ref:     read.Ref.String(), Rules: read.Rules, Reason: read.Reason, RequestedBy: read.RequestedBy, DecidedBy: read.DecidedBy,
			Begins: scorecards.DateOf(read.From), Ends: scorecards.DateOf(read.LastDay()),
		}
		if x.lasts() {
			all = append(all, x)
		}
	}
	switch {
	case read.Status != scorecards.Granted:
		add(read.Status, t.Since, until)
	case read.Until.IsZero():
		add(read.Status, later(t.Since, read.From), until)
	default:
		end := read.Until
		if !until.IsZero() && until.Before(end) {
			end = until
		}
		add(read.Status, later(t.Since, read.From), end)
		add(scorecards.Expired, later(t.Since, read.Until), until)
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
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
