package scorer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// turns say what becomes of exemptions and initiatives, wherever these are declared: that
// one was asked for, decided, opened, changed or closed, with the actor and cause of the event that
// made it so; and that its time is over, when it is. Ids derive from that event, so that
// nothing is said twice. A nil value says nothing.
type turns struct {
	judge *judge
	say   func(context.Context, event.Event) error
	next  time.Time // when the next one is over; zero: none, or nobody has looked
	fresh bool      // next is right
	since time.Time // what was over by then is on record
}

// agreement is an exemption or an initiative; neither, where there is none.
type agreement struct {
	exemption  *scorecards.Exemption
	initiative *scorecards.Initiative
}

func (t *turns) named(ref string) agreement {
	ref = strings.ToLower(ref)
	return agreement{t.judge.world.exemptions[ref], t.judge.world.initiatives[ref]}
}

// of is the agreement that an event is about, as it is by now.
func (t *turns) of(rec eventlog.Record) agreement {
	if t == nil || !isAgreement(rec.Subject) {
		return agreement{}
	}
	return t.named(rec.Subject)
}

func isAgreement(ref string) bool {
	ref = strings.ToLower(ref)
	return strings.HasPrefix(ref, "exemption:") || strings.HasPrefix(ref, "initiative:")
}

// passed takes note of that all is said that was over by now.
func (t *turns) passed() {
	if t != nil {
		t.since, t.fresh = t.judge.clock, false
	}
}

// tell says what an event that was folded made of the agreement that it is about.
func (t *turns) tell(ctx context.Context, rec eventlog.Record, before agreement) error {
	if t == nil || !isAgreement(rec.Subject) || rec.Backfilled() {
		return nil
	}
	t.fresh = false
	if err := t.become(ctx, rec, before, t.named(rec.Subject)); err != nil {
		return err
	}
	// What comes late may have been over before what is on record was.
	ref := strings.ToLower(rec.Subject)
	if over := t.over(ref); !over.IsZero() && !over.After(t.since) {
		return t.end(ctx, ref, over)
	}
	return nil
}

// become says what an event made of one agreement that was another, or none, before.
func (t *turns) become(ctx context.Context, rec eventlog.Record, before, now agreement) error {
	w := why{rec.Time, rec.Actor, rec.Cause, rec.ID}
	if data := exemptionTurn(before.exemption, now.exemption, rec.Time); data != nil {
		return t.append(ctx, rec.Subject, data, w)
	}
	var data event.Data
	was, is := before.initiative, now.initiative
	switch {
	case !isOpen(was, rec.Time) && isOpen(is, rec.Time):
		data = event.InitiativeOpened{Initiative: initiativeOf(is)}
	case isOpen(was, rec.Time) && !isOpen(is, rec.Time):
		asked, done, err := t.progress(was, rec.Time)
		if err != nil {
			return err
		}
		closed := event.InitiativeClosed{Initiative: initiativeOf(was), Outcome: event.InitiativeWithdrawn, Done: done, Asked: asked}
		if is != nil {
			closed.Note = is.Note
		}
		data = closed
	case isOpen(is, rec.Time) && !sameGoal(was, is):
		data = event.InitiativeChanged{Initiative: initiativeOf(is)}
	default:
		return nil
	}
	return t.append(ctx, rec.Subject, data, w)
}

// exemptionTurn is what became of an exemption; nil if nothing did that anybody need know.
func exemptionTurn(before, now *scorecards.Exemption, at time.Time) event.Data {
	switch {
	case now == nil && before == nil:
		return nil
	case now == nil:
		if s := before.Stands(at); s != scorecards.Granted && s != scorecards.Requested {
			return nil
		}
		return event.ExemptionRevoked{Exemption: exemptionOf(before)}
	}
	stands := now.Stands(at)
	if before != nil && before.Stands(at) == stands && (stands != scorecards.Granted || sameTerms(before, now)) {
		return nil
	}
	x := exemptionOf(now)
	switch stands {
	case scorecards.Requested:
		return event.ExemptionRequested{Exemption: x}
	case scorecards.Granted:
		return event.ExemptionGranted{Exemption: x}
	case scorecards.Denied:
		return event.ExemptionDenied{Exemption: x}
	case scorecards.Revoked:
		return event.ExemptionRevoked{Exemption: x}
	case scorecards.Expired:
		if before != nil && before.Stands(at) == scorecards.Granted { // its last day was moved to before
			return event.ExemptionExpired{Exemption: x}
		}
	}
	return nil // it was over before anybody knew of it
}

// sameTerms reports whether two exemptions exempt the same from the same for as long.
func sameTerms(a, b *scorecards.Exemption) bool {
	return a.Card == b.Card && a.Entity == b.Entity && slices.Equal(a.Rules, b.Rules) && a.From.Equal(b.From) && a.Until.Equal(b.Until)
}

// sameGoal reports whether two initiatives say the same to those who are asked, when they
// are asked and reminded.
func sameGoal(a, b *scorecards.Initiative) bool {
	return a.Title == b.Title && a.Owner == b.Owner && a.Card == b.Card && a.Level == b.Level && slices.Equal(a.Rules, b.Rules) && a.Filter == b.Filter &&
		a.Start.Equal(b.Start) && a.Target.Equal(b.Target) && slices.Equal(a.Remind, b.Remind)
}

func isOpen(i *scorecards.Initiative, at time.Time) bool { return i != nil && i.Open(at) }

// due says of those whose time is over by a moment that it is, at the time at which it was.
func (t *turns) due(ctx context.Context, to time.Time) error {
	if t == nil {
		return nil
	}
	for {
		if !t.fresh {
			t.look()
		}
		if t.next.IsZero() || t.next.After(to) {
			return nil
		}
		over := t.next
		for _, ref := range t.overAt(over) {
			if err := t.end(ctx, ref, over); err != nil {
				return err
			}
		}
		t.since, t.fresh = over, false
	}
}

// look finds when the next one is over.
func (t *turns) look() {
	t.next, t.fresh = time.Time{}, true
	t.each(func(_ string, over time.Time) {
		if over.After(t.since) && (t.next.IsZero() || over.Before(t.next)) {
			t.next = over
		}
	})
}

func (t *turns) overAt(at time.Time) (refs []string) {
	t.each(func(ref string, over time.Time) {
		if over.Equal(at) {
			refs = append(refs, ref)
		}
	})
	slices.Sort(refs)
	return refs
}

// each goes through those that have an end.
func (t *turns) each(do func(ref string, over time.Time)) {
	tell := func(ref string) {
		if over := t.over(ref); !over.IsZero() {
			do(ref, over)
		}
	}
	for ref := range t.judge.world.exemptions {
		tell(ref)
	}
	for ref := range t.judge.world.initiatives {
		tell(ref)
	}
}

// over is when the time of an exemption that is granted, or of an initiative, is over; zero
// if it was so already when that was declared, or there is no such thing.
func (t *turns) over(ref string) (over time.Time) {
	switch a := t.named(ref); {
	case a.exemption != nil && a.exemption.Status == scorecards.Granted:
		over = a.exemption.Until
	case a.initiative != nil && a.initiative.Open(a.initiative.End().Add(-1)):
		over = a.initiative.End()
	default:
		return over
	}
	if !over.After(t.judge.world.entities[ref].since.At) {
		return time.Time{}
	}
	return over
}

func (t *turns) end(ctx context.Context, ref string, at time.Time) error {
	w := scheduled(at, "over "+at.UTC().Format(time.RFC3339))
	a := t.named(ref)
	if a.exemption != nil {
		return t.append(ctx, ref, event.ExemptionExpired{Exemption: exemptionOf(a.exemption)}, w)
	}
	asked, done, err := t.progress(a.initiative, at.Add(-1))
	if err != nil {
		return err
	}
	how, note := a.initiative.Ended(t.judge.world.cards[a.initiative.Card], asked, done)
	if how == scorecards.Unmeasured { // nobody can tell
		asked, done = 0, 0
	}
	return t.append(ctx, ref, event.InitiativeClosed{Initiative: initiativeOf(a.initiative), Outcome: string(how), Done: done, Asked: asked, Note: note}, w)
}

// progress counts how many entities an initiative asks, and how many have nothing left to
// do, by what is on record of them.
func (t *turns) progress(i *scorecards.Initiative, at time.Time) (asked, done int, err error) {
	card := t.judge.world.cards[i.Card]
	if card == nil {
		return 0, 0, nil
	}
	for key, stands := range t.judge.standing {
		if key.card != i.Card {
			continue
		}
		if t.judge.world.entities[key.entity] == nil {
			continue
		}
		if !i.AsksAll() { // what is known of an entity takes a while to gather
			s, err := t.judge.world.Subject(key.entity, at)
			if err != nil {
				return 0, 0, err
			}
			if !i.Asks(s, at) {
				continue
			}
		}
		asked++
		outcome := func(rule string) scorecards.Outcome { return scorecards.Outcome(stands.outcomes[rule]) }
		if _, all := i.Left(card, stands.Level, outcome, at); all {
			done++
		}
	}
	return asked, done, nil
}

func (t *turns) append(ctx context.Context, ref string, data event.Data, w why) error {
	e, err := event.New(Source, ref, data)
	if err != nil {
		return err
	}
	e.ID, e.Time, e.Actor, e.Cause = event.DeriveID(0, "turn", w.id, ref, string(e.Type)), w.at, w.actor, w.cause
	if err := t.say(ctx, e); err != nil {
		return fmt.Errorf("append what became of %s: %w", ref, err)
	}
	return nil
}

func exemptionOf(x *scorecards.Exemption) event.Exemption {
	return event.Exemption{
		Ref: x.Ref.String(), Card: x.Card, Entity: x.Entity, Rules: x.Rules, Reason: x.Reason, From: scorecards.DateOf(x.From), Until: scorecards.DateOf(x.LastDay()),
		RequestedBy: x.RequestedBy, DecidedBy: x.DecidedBy, Note: x.Note,
	}
}

func initiativeOf(i *scorecards.Initiative) event.Initiative {
	return event.Initiative{
		Ref: i.Ref.String(), Title: cmp.Or(i.Title, i.Ref.Name), Card: i.Card, Owner: i.Owner, Level: i.Level, Rules: i.Rules,
		Start: scorecards.DateOf(i.Start), Target: scorecards.DateOf(i.LastDay()),
	}
}
