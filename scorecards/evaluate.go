package scorecards

import (
	"fmt"
	"iter"
	"slices"
	"strings"
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

	filterDue time.Time // as of the filter of the card alone
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
}

// Next is the step that lies ahead.
type Next struct {
	Level string   // nearest above; empty if there is none, and on a card of points
	Rules []string // ids of what is in the way: rules that count and let nothing pass
}

// Percent is the share of points reached, from 0 to 100. What is unknown, exempt
// or not applicable is in neither part; it is 100 if nothing else is there.
func (r *Result) Percent() float64 {
	if r.Of == 0 {
		return 100
	}
	return 100 * r.Points / r.Of
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
		r.filterDue = before.filterDue
	default:
		j := judge(c.filter, v)
		r.filterDue = earlier(j.due, staleAt(c.filter.reads, v))
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

// Postpone has the rules looked at later that are to be evaluated again after CheckAgain.
func (r *Result) Postpone(now, until time.Time) {
	r.Due = r.filterDue
	for i := range r.Rules {
		if r.Rules[i].Due.Sub(now) == CheckAgain {
			r.Rules[i].Due = until
		}
		r.Due = earlier(r.Due, r.Rules[i].Due)
	}
}

// EvaluateRule judges a subject by one rule, as [Card.Evaluate] does. Whether the
// card applies is not asked.
func (r *Rule) EvaluateRule(s *Subject, now time.Time) RuleResult { return r.evaluate(newView(s, now)) }

func (r *Rule) evaluate(v *view) RuleResult {
	result := r.judge(v)
	result.Rule = r.ID
	result.Counts = !v.now.Before(r.From)
	if !result.Counts {
		result.Due = earlier(result.Due, r.From)
	}
	result.Due = earlier(result.Due, staleAt(r.inputs, v))
	r.exempt(&result, v)
	return result
}

func (r *Rule) judge(v *view) RuleResult {
	var due time.Time
	if r.filter != nil {
		f := judge(r.filter, v)
		due = f.due
		switch f.Outcome {
		case Fail:
			return RuleResult{Outcome: NotApplicable, Due: due}
		case Unknown, Error:
			f.RuleResult.Due = due
			return f.RuleResult
		}
	}
	result := judge(r.expr, v)
	result.RuleResult.Due = earlier(due, result.due)
	if result.Outcome == Fail {
		result.Message = r.message.fill(v)
	}
	return result.RuleResult
}

// judgement is the outcome of an expression that yields true or false.
type judgement struct {
	RuleResult
	due time.Time
}

func judge(e *expression, v *view) judgement {
	j := judgement{due: e.times.next(v)}
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
		j.Message = "not known: " + strings.Join(j.Missing, ", ")
	default:
		j.Outcome, j.Message = Error, fmt.Sprintf("must yield true or false, found %s", show(value))
	}
	return j
}

// exempt applies the exemption that holds longest, unless there is no need of one.
func (r *Rule) exempt(result *RuleResult, v *view) {
	for i := range v.Exemptions {
		e := &v.Exemptions[i]
		if !e.Covers(r.ID) || e.Status != Granted {
			continue
		}
		if v.now.Before(e.From) {
			result.Due = earlier(result.Due, e.From)
			continue
		}
		if !e.holds(v.now) {
			continue
		}
		result.Due = earlier(result.Due, e.Until)
		if result.Outcome == NotApplicable || result.Outcome == Pass {
			continue
		}
		if result.Exemption == nil || e.outlasts(result.Exemption) {
			result.Exemption = e
		}
	}
	if result.Exemption != nil {
		result.Outcome, result.Message, result.Missing = Exempt, result.Exemption.Reason, nil
	}
}

// staleAt is when the next fact of those goes stale, or may have another value.
func staleAt(inputs []string, v *view) time.Time {
	var due time.Time
	for _, f := range factsOf(inputs, v.Subject) {
		for _, at := range []time.Time{f.Stale, f.Until} {
			if at.After(v.now) {
				due = earlier(due, at)
			}
		}
	}
	return due
}

// Sources tells where the facts are from that a rule reads of a subject, by their
// names. Facts without a source, and what comes from the entity, are not in it.
func (r *Rule) Sources(s *Subject) map[string]*Source {
	all := map[string]*Source{}
	for name, f := range factsOf(r.inputs, s) {
		if f.Source != nil {
			all[name] = f.Source
		}
	}
	return all
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
func (r *RuleResult) lets() bool {
	return !r.Counts || r.Outcome == Pass || r.Outcome == Exempt || r.Outcome == NotApplicable
}

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
