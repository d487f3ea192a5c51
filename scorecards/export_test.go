package scorecards

import "time"

// Inputs lists what the result of the rule depends on, apart from the filter of the card.
func (r *Rule) Inputs() []string { return r.inputs }

// EvaluateRule judges a subject by one rule. Whether the card applies is not asked.
func (r *Rule) EvaluateRule(s *Subject, now time.Time) RuleResult { return r.evaluate(newView(s, now)) }

// Explain explains one rule. Whether the card applies is not asked.
func (r *Rule) Explain(s *Subject, now time.Time) *Explanation { return r.explain(newView(s, now)) }
