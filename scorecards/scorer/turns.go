package scorer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/scorecards"
)

// turns say what becomes of exemptions and initiatives, wherever these are declared: that
// one was asked for, decided, opened, changed or closed, with the actor and cause of the event that
// made it so; whom an initiative asks; and that its time is over, when it is. Ids derive from that event, so that
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

// tell says what an event that was folded, and declares an agreement, made of that.
func (t *turns) tell(ctx context.Context, rec eventlog.Record, before agreement) error {
	if t == nil || !isAgreement(rec.Subject) || rec.Backfilled() {
		return nil
	}
	switch rec.Type {
	case event.TypeEntityRegistered, event.TypeEntityChanged, event.TypeEntityRemoved:
	default: // what is said here is of agreements, too
		return nil
	}
	t.fresh = false
	if err := t.become(ctx, rec, before, t.named(rec.Subject)); err != nil {
		return err
	}
	var late []mark // what came before that is on record did; it is too late to remind
	t.marks(strings.ToLower(rec.Subject), func(m mark) {
		if !m.reminds && !m.at.After(t.since) {
			late = append(late, m)
		}
	})
	slices.SortFunc(late, func(a, b mark) int { return a.at.Compare(b.at) })
	for _, m := range late {
		if err := t.come(ctx, m); err != nil {
			return err
		}
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
	case isOpen(was, rec.Time) && is != nil && !is.Draft && !is.Target.After(rec.Time): // its last day was moved to before
		return t.over(ctx, is, rec.Time, w)
	case isOpen(was, rec.Time) && !isOpen(is, rec.Time):
		p, err := t.progress(was, rec.Time)
		if err != nil {
			return err
		}
		closed := event.InitiativeClosed{Initiative: initiativeOf(was), Outcome: event.InitiativeWithdrawn, Done: p.done, Asked: p.asked}
		if is != nil {
			closed.Note = is.Note
		}
		data = closed
	case isOpen(is, rec.Time) && !sameGoal(was, is):
		data = event.InitiativeChanged{Initiative: initiativeOf(is)}
	default:
		return nil
	}
	if err := t.append(ctx, rec.Subject, data, w); err != nil || !isOpen(is, rec.Time) || is.Begins().After(rec.Time) {
		return err
	}
	return t.ask(ctx, is, event.InitiativeAsked{}, w)
}

// ask says whom an initiative asks, if anybody can tell.
func (t *turns) ask(ctx context.Context, i *scorecards.Initiative, says event.InitiativeAsked, w why) error {
	if i.Unmeasured(t.judge.world.cards[i.Card]) != "" {
		return nil
	}
	p, err := t.progress(i, w.at)
	if err != nil {
		return err
	}
	says.Initiative, says.Owners, says.Done, says.Asked = initiativeOf(i), slices.Sorted(maps.Keys(p.owners)), p.done, p.asked
	if says.Owners == nil {
		says.Owners = []string{}
	}
	return t.append(ctx, i.Ref.String(), says, w)
}

// unmeasured lists the open initiatives, begun by now, on the card that an event is about and
// that cannot be measured. The event may tell of before they began.
func (t *turns) unmeasured(rec eventlog.Record) (all []*scorecards.Initiative) {
	if t == nil || !strings.HasPrefix(strings.ToLower(rec.Subject), "scorecard:") || rec.Backfilled() {
		return nil
	}
	now := t.judge.clock
	if rec.Time.After(now) {
		now = rec.Time
	}
	for _, i := range t.judge.world.initiatives {
		if strings.EqualFold(i.Card, rec.Subject) && isOpen(i, now) && !i.Begins().After(now) && i.Unmeasured(t.judge.world.cards[i.Card]) != "" {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b *scorecards.Initiative) int { return strings.Compare(a.Ref.String(), b.Ref.String()) })
	return all
}

// mended says whom initiatives ask that an event that was judged has made measurable.
func (t *turns) mended(ctx context.Context, rec eventlog.Record, before []*scorecards.Initiative) error {
	for _, i := range before {
		at := rec.Time
		if i.Begins().After(at) {
			at = i.Begins()
		}
		if err := t.ask(ctx, i, event.InitiativeAsked{Mended: true}, why{at, rec.Actor, rec.Cause, rec.ID}); err != nil {
			return err
		}
	}
	return nil
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
		x := exemptionOf(before)
		x.DecidedBy, x.Note = "", "" // who granted it, and why; whoever took it away is the actor
		return event.ExemptionRevoked{Exemption: x}
	}
	stands := now.Stands(at)
	if before != nil && before.Stands(at) == stands {
		switch stands {
		case scorecards.Granted:
			if sameTerms(before, now) {
				return nil
			}
		case scorecards.Requested:
			if sameTerms(before, now) && before.Reason == now.Reason {
				return nil
			}
		default:
			return nil
		}
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

// due says of those whose time is over by a moment that it is, at the time at which it was,
// and whom initiatives ask that begin or are to remind people by then.
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
		at := t.next
		for _, m := range t.dueAt(at) {
			if err := t.come(ctx, m); err != nil {
				return err
			}
		}
		t.since, t.fresh = at, false
	}
}

// mark is a moment of an agreement at which there is something to say.
type mark struct {
	ref     string
	at      time.Time
	asks    bool // an initiative begins or is to remind; otherwise its time is over
	reminds bool // it is to remind
	days    int  // to the last one, of a reminder
}

// look finds when the next one is due.
func (t *turns) look() {
	t.next, t.fresh = time.Time{}, true
	t.each(func(m mark) {
		if m.at.After(t.since) && (t.next.IsZero() || m.at.Before(t.next)) {
			t.next = m.at
		}
	})
}

func (t *turns) dueAt(at time.Time) (all []mark) {
	t.each(func(m mark) {
		if m.at.Equal(at) {
			all = append(all, m)
		}
	})
	slices.SortFunc(all, func(a, b mark) int { return cmp.Or(strings.Compare(a.ref, b.ref), cmp.Compare(a.days, b.days)) })
	return slices.Compact(all)
}

// each goes through the moments of all that are to come, or came after they were declared so.
func (t *turns) each(do func(mark)) {
	for ref := range t.judge.world.exemptions {
		t.marks(ref, do)
	}
	for ref := range t.judge.world.initiatives {
		t.marks(ref, do)
	}
}

// marks goes through those of one agreement, if there is one of that reference.
func (t *turns) marks(ref string, do func(mark)) {
	a := t.named(ref)
	if a == (agreement{}) {
		return
	}
	since := t.judge.world.entities[ref].since.At
	if x := a.exemption; x != nil && x.Status == scorecards.Granted && x.Until.After(since) {
		do(mark{ref: ref, at: x.Until})
	}
	i := a.initiative
	if i == nil {
		return
	}
	if end := i.End(); i.Open(end.Add(-1)) && end.After(since) {
		do(mark{ref: ref, at: end})
	}
	if at := i.Begins(); at.After(since) && i.Open(at) {
		do(mark{ref: ref, at: at, asks: true})
	}
	for _, days := range i.Remind {
		if at := i.RemindAt(days); at.After(since) && at.After(i.Begins()) && i.Open(at) {
			do(mark{ref: ref, at: at, asks: true, reminds: true, days: days})
		}
	}
}

// come says what is due at a moment.
func (t *turns) come(ctx context.Context, m mark) error {
	if m.asks {
		w := scheduled(m.at, fmt.Sprintf("asks %d %s", m.days, m.at.UTC().Format(time.RFC3339)))
		return t.ask(ctx, t.named(m.ref).initiative, event.InitiativeAsked{Days: m.days, Reminds: m.reminds}, w)
	}
	w := scheduled(m.at, "over "+m.at.UTC().Format(time.RFC3339))
	a := t.named(m.ref)
	if a.exemption != nil {
		return t.append(ctx, m.ref, event.ExemptionExpired{Exemption: exemptionOf(a.exemption)}, w)
	}
	return t.over(ctx, a.initiative, m.at.Add(-1), w)
}

// over says how an initiative ended, by what is so at a moment.
func (t *turns) over(ctx context.Context, i *scorecards.Initiative, at time.Time, w why) error {
	p, err := t.progress(i, at)
	if err != nil {
		return err
	}
	how, note := i.Ended(t.judge.world.cards[i.Card], p.asked, p.done)
	if how == scorecards.Unmeasured { // nobody can tell
		p = progress{}
	}
	return t.append(ctx, i.Ref.String(), event.InitiativeClosed{Initiative: initiativeOf(i), Outcome: string(how), Done: p.done, Asked: p.asked, Note: note}, w)
}

// progress is how many entities an initiative asks, how many of them have nothing left to do,
// and who owns the others.
type progress struct {
	asked, done int
	owners      map[string]bool
}

// progress tells how far an initiative is, by what is on record of the entities.
func (t *turns) progress(i *scorecards.Initiative, at time.Time) (progress, error) {
	p := progress{owners: map[string]bool{}}
	card := t.judge.world.cards[i.Card]
	if card == nil {
		return p, nil
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
				return p, err
			}
			if !i.Asks(s, at) {
				continue
			}
		}
		p.asked++
		outcome := func(rule string) scorecards.Outcome { return scorecards.Outcome(stands.outcomes[rule]) }
		if _, all := i.Left(card, stands.Level, outcome, at); all {
			p.done++
		} else if owner := t.judge.world.ownerOf(key.entity); owner != "" {
			p.owners[owner] = true
		}
	}
	return p, nil
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
