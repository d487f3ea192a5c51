package scorecards

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"cel.dev/cel-go/common/types"
)

// Outcome is what a rule comes to for an entity.
type Outcome string

// The outcomes.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Exempt        Outcome = "exempt"         // it does not pass, and need not for now
	NotApplicable Outcome = "not-applicable" // the filter of the rule leaves the entity out
	Unknown       Outcome = "unknown"        // a fact that it depends on is missing or stale
	Error         Outcome = "error"          // the expression went wrong; the card has to be mended
)

// Lets reports whether a rule that came to it lets an entity pass: it is kept, or need not be.
func (o Outcome) Lets() bool { return o == Pass || o == Exempt || o == NotApplicable }

// Result is what a card comes to for an entity.
type Result struct {
	// Applies is Pass if the card judges the entity, or NotApplicable, Unknown or
	// Error, as its filter says: then there is nothing else but the reason.
	Applies Outcome
	Reason  string
	Rules   []RuleResult // in the order of the card

	// Level is the highest whose rules, and those of the levels below, all let it
	// pass: they pass, are exempt or do not apply. Empty: not even the lowest.
	Level string
	// Possible is the level if all that is unknown, or went wrong, were to pass.
	// Where it stands above Level, the level is not certain: see Settle.
	Possible string
	// Points are the weights of rules that pass, Of those of rules that pass or fail.
	Points, Of float64
	Next       Next
	// Due is when to evaluate again if nothing else changes; zero = never.
	Due time.Time

	filter    Wake // of the filter of the card
	filterDue time.Time
}

// Wake tells when something may come to another outcome though nothing else changes.
type Wake struct {
	Turns time.Time // when that is; zero = never
	// Polled is when it was evaluated, if nobody can tell when it turns: then it is to be
	// looked at again and again. Else zero.
	Polled time.Time
}

// due is when to evaluate again what is to be looked at each so often.
func (w Wake) due(every time.Duration) time.Time {
	if w.Polled.IsZero() {
		return w.Turns
	}
	return earlier(w.Turns, w.Polled.Add(every))
}

// or is the earlier one, and polls if one does.
func (w Wake) or(o Wake) Wake {
	return Wake{earlier(w.Turns, o.Turns), earlier(w.Polled, o.Polled)}
}

// RuleResult is what one rule comes to.
type RuleResult struct {
	Rule    string // its id
	Outcome Outcome
	// Message says what is wrong: the rule's own where it fails, what is missing
	// where it is unknown, what went wrong where that is an error.
	Message string
	Counts  bool     // false until the day from which the rule counts
	Missing []string // the variables that are missing or stale, where it is unknown
	// Exemption is the one by which it is exempt.
	Exemption *Exemption
	Due       time.Time // as of [Result]
	Wake      Wake      // what Due follows from
}

// Next is the step that lies ahead.
type Next struct {
	Level string   // nearest above; empty if there is none, and on a card of points
	Rules []string // ids of what is in the way: rules that count and let nothing pass
}

// Settle returns the level to show, given the one that was shown before. What is
// unknown neither lifts an entity nor lets it fall: the former level stays, within
// what is certain. Without a former one it is what is certain.
func (c *Card) Settle(former string, r *Result) string {
	switch rank := c.Rank(former); {
	case r.Applies == Unknown || r.Applies == Error:
		return former
	case rank <= c.Rank(r.Level):
		return r.Level
	case rank >= c.Rank(r.Possible):
		return r.Possible
	default:
		return former
	}
}

// Evaluate judges a subject at a moment. It is a pure function of what it is given.
func (c *Card) Evaluate(s *Subject, now time.Time) Result { return c.Reevaluate(nil, s, now, nil) }

// Reevaluate judges a subject that was judged before, at a moment. Only facts with the
// given names, as [Touches] has them, are others since; nil if anything may be. What does
// not read them and is not due stays as it was.
func (c *Card) Reevaluate(before *Result, s *Subject, now time.Time, changed []string) Result {
	v := newView(s, now)
	stays := func(due time.Time, inputs []string) bool {
		return before != nil && changed != nil && before.Applies == Pass && (due.IsZero() || now.Before(due)) && !touchesAny(inputs, changed)
	}
	r := Result{Applies: Pass}
	switch {
	case c.filter == nil:
	case stays(before.dueOfFilter(), c.filter.reads):
		r.filter, r.filterDue = before.filter, before.filterDue
	default:
		j := judge(c.filter, v)
		r.filter = j.Wake.or(staleAt(c.filter.reads, v))
		r.filterDue = r.filter.due(CheckAgain)
		if r.Applies, r.Reason = j.Outcome, j.Message; r.Applies == Fail {
			r.Applies = NotApplicable
		}
	}
	r.Due = r.filterDue
	if r.Applies != Pass {
		return r
	}
	r.Rules = make([]RuleResult, len(c.Rules))
	for i, rule := range c.Rules {
		if before != nil && i < len(before.Rules) && stays(before.Rules[i].Due, rule.inputs) {
			r.Rules[i] = before.Rules[i]
		} else {
			r.Rules[i] = rule.evaluate(v)
		}
		r.Due = earlier(r.Due, r.Rules[i].Due)
	}
	c.sum(&r)
	return r
}

// Says is what a rule says at a moment of a subject for which it fails.
func (r *Rule) Says(s *Subject, now time.Time) string { return r.message.fill(newView(s, now)) }

func (r *Result) dueOfFilter() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.filterDue
}

func touchesAny(inputs, changed []string) bool {
	return slices.ContainsFunc(inputs, func(input string) bool {
		return slices.ContainsFunc(changed, func(c string) bool { return Touches(input, c) })
	})
}

// Postpone has what would be looked at again after [CheckAgain], because nobody can tell when
// it turns, be looked at that much later: rules, and the filter of the card.
func (r *Result) Postpone(every time.Duration) {
	r.filterDue = r.filter.due(every)
	r.Due = r.filterDue
	for i := range r.Rules {
		r.Rules[i].Due = r.Rules[i].Wake.due(every)
		r.Due = earlier(r.Due, r.Rules[i].Due)
	}
}

func (r *Rule) evaluate(v *view) RuleResult {
	result := r.judge(v)
	result.Rule = r.ID
	result.Counts = !v.now.Before(r.From)
	result.Wake = result.Wake.or(staleAt(r.inputs, v))
	if !result.Counts {
		result.Wake.Turns = earlier(result.Wake.Turns, r.From)
	}
	r.exempt(&result, v)
	result.Due = result.Wake.due(CheckAgain)
	return result
}

func (r *Rule) judge(v *view) RuleResult {
	var filter Wake
	if r.filter != nil {
		f := judge(r.filter, v)
		filter = f.Wake
		switch f.Outcome {
		case Fail:
			return RuleResult{Outcome: NotApplicable, Wake: filter}
		case Unknown, Error:
			return f
		}
	}
	result := judge(r.expr, v)
	result.Wake = filter.or(result.Wake)
	if result.Outcome == Fail {
		result.Message = r.message.fill(v)
	}
	return result
}

// judge is what an expression comes to that yields true or false.
func judge(e *expression, v *view) RuleResult {
	j := RuleResult{Wake: e.times.next(v)}
	value, err := e.eval(v)
	if err != nil {
		j.Outcome, j.Message = Error, err.Error()
		return j
	}
	switch value := value.(type) {
	case types.Bool:
		j.Outcome = Fail
		if value {
			j.Outcome = Pass
		}
	case *types.Unknown:
		j.Outcome, j.Missing = Unknown, unknownNames(value)
		j.Message = notKnown(j.Missing)
	default:
		j.Outcome, j.Message = Error, fmt.Sprintf("must yield true or false, found %s", show(value))
	}
	return j
}

// exempt applies the exemption that holds longest, unless there is no need of one.
func (r *Rule) exempt(result *RuleResult, v *view) {
	for _, e := range v.Exemptions {
		if e.Covers(r.card, r.ID) && e.Status == Granted {
			for _, at := range []time.Time{e.From, e.Until} {
				if at.After(v.now) {
					result.Wake.Turns = earlier(result.Wake.Turns, at)
				}
			}
		}
	}
	if result.Outcome == NotApplicable || result.Outcome == Pass {
		return
	}
	if e := Longest(v.Exemptions, r.card, r.ID, v.now); e != nil {
		result.Outcome, result.Message, result.Missing, result.Exemption = Exempt, e.Reason, nil, e
	}
}

// staleAt is when the next fact of those goes stale, or may have another value.
func staleAt(inputs []string, v *view) Wake {
	var w Wake
	for _, f := range factsOf(inputs, v.Subject) {
		for _, at := range []time.Time{f.Stale, f.Until} {
			if at.After(v.now) {
				w.Turns = earlier(w.Turns, at)
			}
		}
	}
	return w
}

// factsOf goes through the facts behind inputs.
func factsOf(inputs []string, s *Subject) iter.Seq2[string, Fact] {
	return func(yield func(string, Fact) bool) {
		for _, input := range inputs {
			if input != "facts" && input != "reported" {
				if f, ok := s.fact(input); ok && !yield(input, f) {
					return
				}
				continue
			}
			for name, f := range s.pushed() {
				if !yield(factsPrefix+name, f) {
					return
				}
			}
		}
	}
}

// lets reports whether a rule lets an entity pass.
func (r *RuleResult) lets() bool { return !r.Counts || r.Outcome.Lets() }

// sum makes level, points and the next step of the results of the rules.
func (c *Card) sum(r *Result) {
	// The lowest ranks at which something is in the way, and at which it fails.
	const none = 1 << 30
	blocked, failed := none, none
	for i, rule := range c.Rules {
		result := &r.Rules[i]
		if !result.Counts {
			continue
		}
		switch result.Outcome {
		case Pass:
			r.Points += rule.Weight
			r.Of += rule.Weight
		case Fail:
			r.Of += rule.Weight
			failed = min(failed, rule.rank)
		}
		if !result.lets() {
			blocked = min(blocked, rule.rank)
		}
	}
	next := 0
	for _, l := range slices.Backward(c.Levels) {
		switch {
		case l.Rank >= blocked:
			r.Next.Level, next = l.Name, l.Rank
		case r.Level == "":
			r.Level = l.Name
		}
		if l.Rank < failed && r.Possible == "" {
			r.Possible = l.Name
		}
	}
	for i, rule := range c.Rules {
		if !r.Rules[i].lets() && rule.rank <= next {
			r.Next.Rules = append(r.Next.Rules, rule.ID)
		}
	}
}
