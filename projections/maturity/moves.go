package maturity

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Move is an entity that stands otherwise than at the earlier moment, and the newest
// change in that direction; or, of the last falls, one change.
type Move struct {
	Entity        string
	Before, After scores.Stand
	By            float64 // steps of the ladder, or percent of points
	At            time.Time
	Position      eventlog.Position
	Actor         event.Actor
	Cause         event.Cause
	Rules         []scores.Rule // that this change turned
}

// mover is what is noted of one first.
type mover struct {
	entity        string
	before, after scores.Stand
	by            float64
	since         time.Time
	position      eventlog.Position
}

// move notes an entity that stands otherwise, and how often it fell.
func (a *asker) move(l scores.Line, was, now scores.Stand, before bool) {
	type turn struct {
		at       time.Time
		was, now float64
	}
	m := mover{entity: l.Entity(), before: was, after: now}
	if before {
		m.by, _ = a.of.by(was, now)
	}
	length := a.End.Sub(a.From)
	var later []turn        // the newest first
	var again scores.Change // it was not judged for a while, or at a level that is no more, and then otherwise
	for c := range l.After(a.From.Add(-length), a.To) {
		t := turn{c.At, a.of.valueOf(c.Before), a.of.valueOf(c.After)}
		inTime := t.at.After(a.From)
		by, known := a.of.by(c.Before, c.After)
		if c.Is && (!c.Was || !known) && inTime && again.Position == 0 {
			again = c
		}
		if !c.Was || !c.Is || by == 0 {
			continue
		}
		if inTime && m.position == 0 && m.by != 0 && m.by > 0 == (t.now > t.was) {
			m.since, m.position = t.at, c.Position
		}
		falls := &a.Falls
		if !inTime {
			falls = &a.Before
		}
		if t.now > t.was {
			falls.Rose++
		} else {
			falls.Fell++
			if slices.ContainsFunc(later, func(o turn) bool { return o.now >= t.was && o.at.Sub(t.at) <= Week }) {
				falls.Back++
			}
		}
		if inTime {
			a.keepLast(mover{m.entity, c.Before, c.After, by, t.at, c.Position})
		}
		later = append(later, t)
	}
	if m.position == 0 && m.by != 0 {
		m.since, m.position = again.At, again.Position
	}
	if m.position > 0 {
		a.keep(m)
	}
}

// keep keeps the best of those who moved.
func (a *asker) keep(m mover) {
	sign, best := -1.0, &a.best[0]
	if m.by > 0 {
		sign, best = 1, &a.best[1]
	}
	at, _ := slices.BinarySearchFunc(*best, m, func(x, y mover) int {
		return cmp.Or(cmp.Compare(y.by*sign, x.by*sign), y.since.Compare(x.since), compareRefs(x.entity, y.entity))
	})
	if at < a.Movers {
		*best = slices.Insert(*best, at, m)
		*best = (*best)[:min(len(*best), a.Movers)]
	}
}

// keepLast keeps the newest falls and rises.
func (a *asker) keepLast(m mover) {
	last, most := &a.last[0], max(a.Movers, a.ListFalls)
	if m.by > 0 {
		last, most = &a.last[1], a.Movers
	}
	at, _ := slices.BinarySearchFunc(*last, m, func(x, y mover) int {
		return cmp.Or(y.since.Compare(x.since), cmp.Compare(y.position, x.position))
	})
	if at < most {
		*last = slices.Insert(*last, at, m)
		*last = (*last)[:min(len(*last), most)]
	}
}

// movers tells of those who moved the most and of the last who did, with what did it.
func (a *asker) movers(ctx context.Context, from Scores) error {
	lists := [][]mover{a.best[0], a.best[1], a.last[0], a.last[1]}
	var began []scores.Beginning
	for _, m := range slices.Concat(lists...) {
		began = append(began, scores.Beginning{Card: a.Card.Ref.String(), Entity: m.entity, Position: m.position})
	}
	if len(began) == 0 {
		return nil
	}
	found, err := from.Begun(ctx, began...)
	if err != nil {
		return err
	}
	begun := map[eventlog.Position]scores.Score{}
	for _, s := range found {
		begun[s.Position] = s
	}
	for i, to := range []*[]Move{&a.Fell, &a.Rose, &a.LastFalls, &a.LastRises} {
		for _, m := range lists[i] {
			move := Move{Entity: m.entity, Before: m.before, After: m.after, By: m.by, At: m.since, Position: m.position}
			s := begun[m.position]
			move.Actor, move.Cause = s.Actor, s.Cause
			for _, rule := range s.Rules {
				if rule.Position == m.position {
					move.Rules = append(move.Rules, rule)
				}
			}
			*to = append(*to, move)
		}
	}
	return nil
}

// step adds an entity to the trend.
func (a *asker) step(l scores.Line, was scores.Stand, before bool) {
	add := func(i, n int, s scores.Stand) {
		t := &a.trend[i]
		t.Entities += n
		if step := a.of.stepOf(s); step != lost {
			t.Levels[step] += n
		}
		t.Points, t.Of = t.Points+float64(n)*s.Points, t.Of+float64(n)*s.Of
	}
	if before {
		add(0, 1, was)
	}
	for c := range l.After(a.From, a.To) {
		i := min(first(a.moments, c.At), len(a.moments)-1)
		if c.Was {
			add(i, -1, c.Before)
		}
		if c.Is {
			add(i, 1, c.After)
		}
	}
}

// addUp makes of what each step has more than the one before what it has.
func addUp(all []Step) []Step {
	for i := 1; i < len(all); i++ {
		before := all[i-1]
		all[i].Entities += before.Entities
		for n, count := range before.Levels {
			all[i].Levels[n] += count
		}
		all[i].Points, all[i].Of = all[i].Points+before.Points, all[i].Of+before.Of
	}
	return all
}

// rung is a step of a card with the outcomes of rules there.
type rung struct {
	card, step int
	outcomes   *scores.Outcomes
}

// rules tells which rules fail, and which of them alone are in the way.
func (a *asker) rules() {
	counts := make([]*ruleCounts, len(a.Cards))
	for i, card := range a.Cards {
		counts[i] = newRuleCounts(card, a.End)
	}
	for r, n := range a.rungs {
		counts[r.card].add(r.step, r.outcomes, n)
	}
	for _, c := range counts {
		a.Rules = append(a.Rules, c.failing()...)
	}
	sortRules(a.Rules)
}

// RulesOf tells how the rules of a card are kept by scores at a time: those that fail and count, in
// the order of [Report].
func RulesOf(card *scorecards.Card, list []scores.Score, at time.Time) []Rule {
	counts, of := newRuleCounts(card, at), newCounter(card, "")
	for _, s := range list {
		counts.add(of.step(s.Level), scores.OutcomesOf(s.Rules), 1)
	}
	all := counts.failing()
	sortRules(all)
	return all
}

// Alone returns what tells whether a rule fails for an entity and is all that is in the way of
// its next level on a card, at a time: what the Lifts of a [Rule] count.
func Alone(card *scorecards.Card, at time.Time) func(s scores.Score, rule string) bool {
	counts, of := newRuleCounts(card, at), newCounter(card, "")
	return func(s scores.Score, rule string) bool {
		outcomes := scores.OutcomesOf(s.Rules)
		return slices.Contains(outcomes.Fails, rule) && counts.alone(of.step(s.Level), outcomes, rule)
	}
}

func sortRules(all []Rule) {
	slices.SortStableFunc(all, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(y.Lifts, x.Lifts), cmp.Compare(y.Fails, x.Fails))
	})
}

// ruleCounts counts how the rules of a card are kept that count at a time.
type ruleCounts struct {
	card *scorecards.Card
	of   map[string]*Rule
}

func newRuleCounts(card *scorecards.Card, at time.Time) *ruleCounts {
	c := &ruleCounts{card, map[string]*Rule{}}
	for _, r := range card.Rules {
		if r.Counts(at) {
			c.of[r.ID] = &Rule{Card: card, Rule: r}
		}
	}
	return c
}

// add counts so many entities that stand at a step.
func (c *ruleCounts) add(step int, outcomes *scores.Outcomes, n int) {
	for _, id := range outcomes.Passes {
		if r := c.of[id]; r != nil {
			r.Passes += n
		}
	}
	for _, id := range outcomes.Fails {
		if r := c.of[id]; r != nil {
			r.Fails += n
			if c.alone(step, outcomes, id) {
				r.Lifts += n
			}
		}
	}
}

// failing are those that fail, in the order of the card.
func (c *ruleCounts) failing() (all []Rule) {
	for _, r := range c.card.Rules {
		if one := c.of[r.ID]; one != nil && one.Fails > 0 {
			all = append(all, *one)
		}
	}
	return all
}

// alone reports whether a rule that fails is all that is in the way of the next level.
func (c *ruleCounts) alone(step int, outcomes *scores.Outcomes, rule string) bool {
	if step == lost || step >= len(c.card.Levels) {
		return false
	}
	next := c.card.Levels[step].Rank
	asked := func(id string) bool { return c.of[id] != nil && c.card.Rank(c.of[id].Rule.Level) <= next }
	if !asked(rule) || slices.ContainsFunc(outcomes.Unsure, asked) {
		return false
	}
	return !slices.ContainsFunc(outcomes.Fails, func(id string) bool { return id != rule && asked(id) })
}

// first is the index of the first moment that is not before a time.
func first(moments []time.Time, at time.Time) int {
	return sort.Search(len(moments), func(i int) bool { return !moments[i].Before(at) })
}
