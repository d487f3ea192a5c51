package desk

import (
	"context"
	"maps"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Request is what somebody asks for: that an entity need not keep rules of a card.
type Request struct {
	Entity    string   `json:"entity"`          // reference; component and default are left out
	Scorecard string   `json:"scorecard"`       // reference, or name
	Rules     []string `json:"rules,omitempty"` // ids; none: all of the card
	Reason    string   `json:"reason"`
	Until     string   `json:"until,omitempty"` // last day; empty: it does not end
}

// Decision is what the owner of the card says to a request.
type Decision struct {
	Until string `json:"until,omitempty"` // last day, if it is to be an earlier one than was asked for
	Note  string `json:"note,omitempty"`  // why
	// Position is of the event that made the exemption what they looked at: if it is not that
	// any more, nothing is decided. Zero: whatever it is.
	Position eventlog.Position `json:"position,omitempty"`
}

// RequestExemption puts on record that somebody asks for an exemption.
func (d *Desk) RequestExemption(ctx context.Context, r Request) (Made, error) {
	var p Problems
	by := p.by(ctx)
	subject, err := catalog.ParseRef(strings.TrimSpace(r.Entity), catalog.Ref{Kind: "Component"})
	e, there := d.Catalog().Entity(subject.String())
	if err != nil {
		p.add("entity", "must name an entity such as component:payments, found %q", r.Entity)
	} else if !there {
		p.add("entity", "there is no %s in the catalog", subject)
	}
	card := d.card(&p, r.Scorecard)
	if there && card != nil && card.PassesBy(e, d.Now()) {
		p.add("entity", "%s does not judge %s: there is nothing to be exempt from", card.Title, subject)
	}
	rules := p.rules(card, r.Rules)
	reason := p.reason("reason", r.Reason)
	until := p.day("until", r.Until)
	if !until.IsZero() && until.Before(d.today()) {
		p.add("until", "must not be over already, found %s", r.Until)
	}
	if err := p.err(); err != nil {
		return Made{}, err
	}
	about := card.Ref.Name
	if len(rules) == 1 {
		about = rules[0].(string)
	}
	name, ref := d.free(scorecards.KindExemption, subject.Name, about)
	e = &catalog.Entity{
		APIVersion: scorecards.APIVersion, Kind: scorecards.KindExemption, Metadata: catalog.Metadata{Name: name},
		Spec: map[string]any{"scorecard": card.Ref.String(), "entity": subject.String(), "reason": reason, "status": string(scorecards.Requested)},
	}
	set(e.Spec, "rules", rules)
	set(e.Spec, "until", scorecards.DateOf(until))
	d.named(e, "requestedBy", scorecards.AnnotationRequestedBy, by)
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) {
		if waits := d.waiting(card, subject.String(), rules); waits != nil { // asked here, while nobody else makes one
			return nil, fault.New(fault.Conflict, "%w", *waits)
		}
		if now != nil {
			return nil, fault.New(fault.Conflict, "%s was made just now: ask again", ref)
		}
		return e, nil
	})
	return Made{ref, at}, err
}

// AskedFor is that some of what somebody asks for waits for a decision already.
type AskedFor struct {
	Ref   string   // of the exemption
	Rules []string // ids of those that wait; none: all of the card
}

// Error says so.
func (a AskedFor) Error() string {
	what := strings.Join(a.Rules, ", ")
	if what == "" {
		what = "an exemption from all rules"
	}
	return what + " is asked for already, and waits for a decision: " + a.Ref
}

// waiting is the exemption that waits for a decision and has any of these rules; nil if none does.
func (d *Desk) waiting(card *scorecards.Card, entity string, rules []any) *AskedFor {
	for _, e := range d.Catalog().Kind(scorecards.KindExemption) {
		x, _ := scorecards.ParseExemption(e)
		if x == nil || x.Stands(d.Now()) != scorecards.Requested || x.Card != card.Ref.String() || x.Entity != entity {
			continue
		}
		waits := AskedFor{Ref: e.Ref().String()}
		for _, id := range rules {
			if x.Covers(x.Card, id.(string)) {
				waits.Rules = append(waits.Rules, id.(string))
			}
		}
		if len(rules) == 0 {
			waits.Rules = x.Rules
		}
		if len(rules) == 0 || len(waits.Rules) > 0 {
			return &waits
		}
	}
	return nil
}

// GrantExemption has an exemption that was asked for hold from now on.
func (d *Desk) GrantExemption(ctx context.Context, ref string, x Decision) (Made, error) {
	var p Problems
	until := p.day("until", x.Until)
	if !until.IsZero() && until.Before(d.today()) {
		p.add("until", "must not be over already, found %s", x.Until)
	}
	note := p.note("note", x.Note)
	return d.decide(ctx, ref, &p, x.Position, scorecards.Granted, note, func(was *scorecards.Exemption, e *catalog.Entity) error {
		if was.Status != scorecards.Requested {
			return fault.New(fault.Conflict, "the exemption is %s: only what is asked for can be granted", was.Stands(d.Now()))
		}
		switch last := was.LastDay(); {
		case until.IsZero() && !last.IsZero() && last.Before(d.today()):
			return Problems{{"until", "the day that was asked for is over: name another one"}}.err()
		case until.IsZero():
		case !last.IsZero() && until.After(last) && !last.Before(d.today()):
			return Problems{{"until", "must not be after the day that was asked for, " + scorecards.DateOf(last)}}.err()
		default:
			e.Spec["until"] = scorecards.DateOf(until)
		}
		return nil
	})
}

// DenyExemption has an exemption that was asked for not hold, for a reason.
func (d *Desk) DenyExemption(ctx context.Context, ref string, x Decision) (Made, error) {
	var p Problems
	note := p.reason("note", x.Note)
	return d.decide(ctx, ref, &p, x.Position, scorecards.Denied, note, func(was *scorecards.Exemption, _ *catalog.Entity) error {
		if was.Status != scorecards.Requested {
			return fault.New(fault.Conflict, "the exemption is %s: only what is asked for can be denied", was.Stands(d.Now()))
		}
		return nil
	})
}

// RevokeExemption has an exemption that was granted hold no more, for a reason.
func (d *Desk) RevokeExemption(ctx context.Context, ref string, x Decision) (Made, error) {
	var p Problems
	note := p.reason("note", x.Note)
	return d.decide(ctx, ref, &p, x.Position, scorecards.Revoked, note, func(was *scorecards.Exemption, _ *catalog.Entity) error {
		if s := was.Stands(d.Now()); s != scorecards.Granted {
			return fault.New(fault.Conflict, "the exemption is %s: only what is granted can be revoked", s)
		}
		return nil
	})
}

func (d *Desk) decide(ctx context.Context, ref string, p *Problems, seen eventlog.Position, status scorecards.Status, note string, change func(*scorecards.Exemption, *catalog.Entity) error) (Made, error) {
	if err := d.there(ref); err != nil { // who takes another name is not to say why first
		return Made{}, err
	}
	by := p.by(ctx)
	if err := p.err(); err != nil {
		return Made{}, err
	}
	at, err := d.Make(ctx, ref, func(now *catalog.Entity) (*catalog.Entity, error) {
		if now == nil {
			return nil, fault.New(fault.NotFound, "there is no %s", ref)
		}
		was, problems := scorecards.ParseExemption(now)
		if was == nil {
			return nil, fault.New(fault.Conflict, "%s cannot be read: %v", ref, problems)
		}
		if err := d.seen(ref, seen); err != nil {
			return nil, err
		}
		e := *now
		e.Spec = maps.Clone(now.Spec)
		if err := change(was, &e); err != nil {
			return nil, err
		}
		e.Spec["status"] = string(status)
		set(e.Spec, "note", note)
		d.named(&e, "decidedBy", scorecards.AnnotationDecidedBy, by)
		return &e, nil
	})
	return Made{ref, at}, err
}
