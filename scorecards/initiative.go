package scorecards

import (
	"slices"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/callboard/callboard/catalog"
)

// Initiative is a goal that entities are to reach on a scorecard by a day.
type Initiative struct {
	Ref    catalog.Ref
	Title  string
	Owner  string // full reference; empty if none is named
	Draft  bool
	Card   string    // full reference of the scorecard
	Level  string    // to be reached; empty if it is rules
	Rules  []string  // ids, to be kept
	Start  time.Time // zero = at once
	Target time.Time // the first moment after the last day
	Remind []int     // days before the target, the most first

	filter *expression
}

type writtenInitiative struct {
	Draft  bool     `json:"draft"`
	Level  string   `json:"level"`
	Rules  []string `json:"rules"`
	Filter string   `json:"filter"`
	Start  string   `json:"start"`
	Target string   `json:"target"`
	Remind []int    `json:"remind"`
}

// ParseInitiative makes an initiative from an entity of kind Initiative. Whether
// the card, and level or rules of it, are there is for the caller to ask.
func ParseInitiative(e *catalog.Entity) (*Initiative, []catalog.Problem) {
	if problems := ofKind(e, KindInitiative); len(problems) > 0 {
		return nil, problems
	}
	i, problems := parseInitiative(e.Spec)
	if len(problems) > 0 {
		return nil, problems
	}
	i.Ref, i.Title = e.Ref(), e.Title()
	i.Owner = fullRef(e.SpecString("owner"), "Group", e.Metadata.Namespace)
	i.Card = fullRef(e.SpecString("scorecard"), KindScorecard, e.Metadata.Namespace)
	return i, nil
}

func initiativeProblems(spec map[string]any) []catalog.Problem {
	_, problems := parseInitiative(spec)
	return problems
}

func parseInitiative(spec map[string]any) (*Initiative, []catalog.Problem) {
	var w writtenInitiative
	read(spec, &w)
	var p problems
	i := &Initiative{Draft: w.Draft, Level: w.Level, Rules: w.Rules, Remind: w.Remind, Start: p.date("spec.start", w.Start)}
	switch {
	case w.Level == "" && len(w.Rules) == 0:
		p.add("spec.level", "is missing; write the level that is to be reached, or the ids of rules under spec.rules")
	case w.Level != "" && len(w.Rules) > 0:
		p.add("spec.rules", "must not be there beside spec.level; keep one of the two")
	}
	i.filter = p.compile("spec.filter", w.Filter, cel.BoolType)
	if last := p.date("spec.target", w.Target); !last.IsZero() {
		i.Target = last.AddDate(0, 0, 1)
		if !i.Start.Before(i.Target) {
			p.add("spec.target", "must not be before spec.start, %s", w.Start)
		}
	}
	slices.Sort(i.Remind)
	slices.Reverse(i.Remind)
	return i, p
}

// Left reports what an entity has left to do, as ids of rules; applies is false
// if it is not asked. Rules that let it pass are done, exempt ones too.
func (i *Initiative) Left(c *Card, s *Subject, r *Result, now time.Time) (left []string, applies bool) {
	if r.Applies != Pass || i.filter != nil && judge(i.filter, newView(s, now)).Outcome != Pass {
		return nil, false
	}
	rank := c.Rank(i.Level)
	for n, rule := range c.Rules {
		asked := slices.Contains(i.Rules, rule.ID) || i.Level != "" && rule.rank <= rank
		if asked && !r.Rules[n].lets() {
			left = append(left, rule.ID)
		}
	}
	return left, true
}
