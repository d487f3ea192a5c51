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
	Filter string    // as it is written; empty: all that the card judges
	Closed time.Time // when it was closed before the target; zero = it was not
	Note   string    // why

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
	Closed string   `json:"closed"`
	Note   string   `json:"note"`
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

func parseInitiative(spec map[string]any) (*Initiative, []catalog.Problem) {
	p := check(KindInitiative, spec)
	var w writtenInitiative
	p.read(spec, &w)
	i := &Initiative{Draft: w.Draft, Level: w.Level, Rules: w.Rules, Remind: w.Remind, Filter: w.Filter, Note: w.Note, Start: p.date("spec.start", w.Start), Closed: p.date("spec.closed", w.Closed)}
	switch {
	case p.malformed("spec.level") || p.malformed("spec.rules"):
	case w.Level == "" && len(w.Rules) == 0:
		p.add("spec.level", "is missing; write the level that is to be reached, or the ids of rules under spec.rules")
	case w.Level != "" && len(w.Rules) > 0:
		p.add("spec.rules", "must not be there beside spec.level; keep one of the two")
	}
	if i.filter = p.compile("spec.filter", w.Filter, cel.BoolType); i.filter != nil {
		for _, input := range i.filter.reads {
			if !slices.ContainsFunc([]string{"entity", "owner", "relations", "links", "now"}, func(root string) bool { return within(input, root) }) {
				p.add("spec.filter", "reads %s; who is asked must follow from entity, owner, relations and links, which are on record for each day", input)
			}
		}
	}
	if last := p.date("spec.target", w.Target); !last.IsZero() {
		i.Target = last.AddDate(0, 0, 1)
		if !i.Start.Before(i.Target) {
			p.add("spec.target", "must not be before spec.start, %s", w.Start)
		}
	}
	slices.Sort(i.Remind)
	slices.Reverse(i.Remind)
	return i, p.all()
}

// AtHour is the hour of a day, in UTC, at which people are told what it brings.
const AtHour = 8 * time.Hour

// Begins is when people are told that they are asked: at 08:00 UTC of its start. Zero is at once.
func (i *Initiative) Begins() time.Time {
	if i.Start.IsZero() {
		return i.Start
	}
	return i.Start.Add(AtHour)
}

// RemindAt is when people are reminded some days before the last one.
func (i *Initiative) RemindAt(days int) time.Time {
	return i.LastDay().AddDate(0, 0, -days).Add(AtHour)
}

// LastDay is the day by which it is to be done, in UTC.
func (i *Initiative) LastDay() time.Time { return lastDay(i.Target) }

// Open reports whether entities are asked at a moment, or are to be from its start on.
func (i *Initiative) Open(now time.Time) bool {
	return !i.Draft && (i.Closed.IsZero() || now.Before(i.Closed)) && now.Before(i.Target)
}

// End is the first moment at which it is over: that of its target or, if it was closed
// before, of that.
func (i *Initiative) End() time.Time {
	if !i.Closed.IsZero() && i.Closed.Before(i.Target) {
		return i.Closed
	}
	return i.Target
}

// Ending is how an initiative ended.
type Ending string

// The endings.
const (
	Reached    Ending = "reached"    // the target is over, and all are done
	Missed     Ending = "missed"     // the target is over, and some are not
	Unasked    Ending = "unasked"    // the target is over, and nobody was asked
	Unmeasured Ending = "unmeasured" // the target is over, and nobody can tell: see [Initiative.Unmeasured]
	Withdrawn  Ending = "withdrawn"  // somebody closed it before
)

// Ended is how it ended on a card, nil if there is none, where so many were asked and so many
// of them done at its end; and why, if there is something to say.
func (i *Initiative) Ended(c *Card, asked, done int) (how Ending, why string) {
	why = i.Unmeasured(c)
	switch {
	case i.End().Before(i.Target):
		return Withdrawn, i.Note
	case why != "":
		return Unmeasured, why
	case asked == 0:
		return Unasked, ""
	case done < asked:
		return Missed, ""
	}
	return Reached, ""
}

// AsksAll reports whether all that the card judges are asked, whatever they are.
func (i *Initiative) AsksAll() bool { return i.filter == nil }

// Asks reports whether an entity that the card judges is asked. Of what is known of it
// nothing is read but entity, owner, relations and links.
func (i *Initiative) Asks(s *Subject, now time.Time) bool {
	asked, _ := i.Selects(s, now)
	return asked
}

// Selects is [Initiative.Asks], with what goes wrong where the filter does; that asks nobody.
func (i *Initiative) Selects(s *Subject, now time.Time) (asked bool, wrong string) {
	if i.filter == nil {
		return true, ""
	}
	j := judge(i.filter, newView(s, now))
	if j.Outcome == Error {
		wrong = j.Message
	}
	return j.Outcome == Pass, wrong
}

// Left lists what an entity has left to do, as ids of rules, and reports whether it is done:
// it stands at a level of the card, and its rules came to outcomes. Rules that let it pass
// are done, exempt ones too; so is all of a level that it has. Rules that the card does not
// have are left; at a level that it does not have nobody is done, though no rule is left.
func (i *Initiative) Left(c *Card, level string, outcome func(rule string) Outcome, now time.Time) (left []string, done bool) {
	rank := c.Rank(i.Level)
	if i.Level != "" && rank == 0 {
		return nil, false
	}
	if i.Level != "" && c.Rank(level) >= rank {
		return nil, true
	}
	for _, rule := range c.Rules {
		asked := slices.Contains(i.Rules, rule.ID) || i.Level != "" && rule.rank <= rank
		one := RuleResult{Outcome: outcome(rule.ID), Counts: !now.Before(rule.From)}
		if asked && !one.lets() {
			left = append(left, rule.ID)
		}
	}
	for _, id := range i.Rules {
		if c.Rule(id) == nil {
			left = append(left, id)
		}
	}
	return left, len(left) == 0
}
