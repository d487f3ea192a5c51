package scorecards

import (
	"slices"
	"time"

	"github.com/callboard/callboard/catalog"
)

// Exemption says that an entity need not keep rules of a card for a while.
type Exemption struct {
	Ref         catalog.Ref // of the exemption itself
	Card        string      // full reference of the scorecard
	Entity      string      // full reference of who is exempt
	Rules       []string    // ids; none: all of the card
	Reason      string
	Status      Status
	RequestedBy string    // full references; empty if nobody is named
	DecidedBy   string    //
	From        time.Time // zero = at once
	Until       time.Time // the first moment at which it holds no more; zero = it does not end
}

// Status is how an exemption stands.
type Status string

// The statuses. That a granted one is over is no status: its time tells.
const (
	Requested Status = "requested"
	Granted   Status = "granted"
	Denied    Status = "denied"
	Revoked   Status = "revoked"
)

// Holds reports whether the exemption is in force at a moment.
func (e *Exemption) Holds(now time.Time) bool { return e.Status == Granted && e.holds(now) }

func (e *Exemption) holds(now time.Time) bool {
	return !now.Before(e.From) && (e.Until.IsZero() || now.Before(e.Until))
}

func (e *Exemption) covers(rule string) bool {
	return len(e.Rules) == 0 || slices.Contains(e.Rules, rule)
}

func (e *Exemption) outlasts(o *Exemption) bool {
	return !o.Until.IsZero() && (e.Until.IsZero() || e.Until.After(o.Until))
}

type writtenExemption struct {
	Rules  []string `json:"rules"`
	Reason string   `json:"reason"`
	Status Status   `json:"status"`
	From   string   `json:"from"`
	Until  string   `json:"until"`
}

// ParseExemption makes an exemption from an entity of kind Exemption. Whether card,
// rules and entity are there is for the caller to ask.
func ParseExemption(e *catalog.Entity) (*Exemption, []catalog.Problem) {
	if problems := ofKind(e, KindExemption); len(problems) > 0 {
		return nil, problems
	}
	x, problems := parseExemption(e.Spec)
	if len(problems) > 0 {
		return nil, problems
	}
	namespace := e.Metadata.Namespace
	x.Ref = e.Ref()
	x.Card = fullRef(e.SpecString("scorecard"), KindScorecard, namespace)
	x.Entity = fullRef(e.SpecString("entity"), "Component", namespace)
	x.RequestedBy = fullRef(e.SpecString("requestedBy"), "User", namespace)
	x.DecidedBy = fullRef(e.SpecString("decidedBy"), "User", namespace)
	return x, nil
}

func exemptionProblems(spec map[string]any) []catalog.Problem {
	_, problems := parseExemption(spec)
	return problems
}

func parseExemption(spec map[string]any) (*Exemption, []catalog.Problem) {
	var w writtenExemption
	read(spec, &w)
	var p problems
	x := &Exemption{Rules: w.Rules, Reason: w.Reason, Status: w.Status, From: p.date("spec.from", w.From)}
	if x.Status == "" {
		x.Status = Granted
	}
	if last := p.date("spec.until", w.Until); !last.IsZero() {
		x.Until = last.AddDate(0, 0, 1)
		if !x.From.Before(x.Until) {
			p.add("spec.until", "must not be before spec.from, %s", w.From)
		}
	}
	return x, p
}
