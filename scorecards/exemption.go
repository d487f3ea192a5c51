package scorecards

import (
	"cmp"
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
	Note        string    // why it was decided so; empty if nobody said
	RequestedBy string    // full reference, or a name; empty if nobody is named
	DecidedBy   string    // likewise
	From        time.Time // zero = at once
	Until       time.Time // the first moment at which it holds no more; zero = it does not end
}

// Status is how an exemption stands.
type Status string

// The statuses.
const (
	Requested Status = "requested"
	Granted   Status = "granted"
	Denied    Status = "denied"
	Revoked   Status = "revoked"
	// Expired is a granted one whose last day is over. Nobody writes it: see [Exemption.Stands].
	Expired Status = "expired"
)

// Names of people who are no entities stand in annotations, as fields of the spec are
// references. The portal writes them.
const (
	AnnotationRequestedBy = "callboard.dev/requested-by"
	AnnotationDecidedBy   = "callboard.dev/decided-by"
)

// Stands is how the exemption stands at a moment: as it says or, if that is over, expired.
func (e *Exemption) Stands(now time.Time) Status {
	if e.Status == Granted && !e.Until.IsZero() && !now.Before(e.Until) {
		return Expired
	}
	return e.Status
}

// LastDay is the last day on which it holds, in UTC; zero = it does not end.
func (e *Exemption) LastDay() time.Time { return lastDay(e.Until) }

func lastDay(after time.Time) time.Time {
	if after.IsZero() {
		return after
	}
	return after.AddDate(0, 0, -1)
}

// DateOf is a day as files write it; "" for none.
func DateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// Holds reports whether the exemption is in force at a moment.
func (e *Exemption) Holds(now time.Time) bool {
	return e.Status == Granted && !now.Before(e.From) && (e.Until.IsZero() || now.Before(e.Until))
}

// Covers reports whether a rule of a card, by its full reference, need not be kept by it.
func (e *Exemption) Covers(card, rule string) bool {
	return e.Card == card && (len(e.Rules) == 0 || slices.Contains(e.Rules, rule))
}

// Longest is the exemption of an entity by which a rule of a card need not be kept at a
// moment: of those that hold the one that does so longest; nil if none does.
func Longest(all []*Exemption, card, rule string, now time.Time) (longest *Exemption) {
	for _, e := range all {
		if e.Covers(card, rule) && e.Holds(now) && (longest == nil || e.outlasts(longest)) {
			longest = e
		}
	}
	return longest
}

// Concerns reports whether it exempts from any rule that a card has.
func (e *Exemption) Concerns(c *Card) bool {
	return !c.Draft && slices.ContainsFunc(c.Rules, func(r *Rule) bool { return e.Covers(c.Ref.String(), r.ID) })
}

func (e *Exemption) outlasts(o *Exemption) bool {
	return !o.Until.IsZero() && (e.Until.IsZero() || e.Until.After(o.Until))
}

type writtenExemption struct {
	Rules  []string `json:"rules"`
	Reason string   `json:"reason"`
	Status Status   `json:"status"`
	Note   string   `json:"note"`
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
	named := e.Metadata.Annotations
	x.RequestedBy = cmp.Or(fullRef(e.SpecString("requestedBy"), "User", namespace), named[AnnotationRequestedBy])
	x.DecidedBy = cmp.Or(fullRef(e.SpecString("decidedBy"), "User", namespace), named[AnnotationDecidedBy])
	return x, nil
}

func parseExemption(spec map[string]any) (*Exemption, []catalog.Problem) {
	p := check(KindExemption, spec)
	var w writtenExemption
	p.read(spec, &w)
	x := &Exemption{Rules: w.Rules, Reason: w.Reason, Status: w.Status, Note: w.Note, From: p.date("spec.from", w.From)}
	if x.Status == "" {
		x.Status = Granted
	}
	if last := p.date("spec.until", w.Until); !last.IsZero() {
		x.Until = last.AddDate(0, 0, 1)
		if !x.From.Before(x.Until) {
			p.add("spec.until", "must not be before spec.from, %s", w.From)
		}
	}
	return x, p.all()
}
