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
)

// Move is an entity that stands otherwise than at the earlier moment, and the newest
// change in that direction; or, of the last falls, one change.
type Move struct {
	Entity        string
	Before, After string
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
	before, after string
	by            float64
	since         time.Time
	position      eventlog.Position
}

// move notes an entity that stands otherwise, and how often it fell.
func (a *asker) move(l scores.Line, was, now scores.Stand, before bool, group *Count) {
	type turn struct {
		at       time.Time
		was, now float64
	}
	m := mover{entity: l.Entity(), before: was.Level, after: now.Level}
	if before {
		m.by = a.of.valueOf(now) - a.of.valueOf(was)
	}
	switch {
	case m.by > 0:
		group.Rose++
	case m.by < 0:
		group.Fell++
	}
	length := a.End.Sub(a.From)
	var later []turn        // the newest first
	var again scores.Change // it was not judged for a while, and then otherwise
	for c := range l.After(a.From.Add(-length), a.To) {
		t := turn{c.At, a.of.valueOf(c.Before), a.of.valueOf(c.After)}
		inTime := t.at.After(a.From)
		if c.Is && !c.Was && inTime && again.Position == 0 {
			again = c
		}
		if !c.Was || !c.Is || t.was == t.now {
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
			a.keepLast(mover{m.entity, c.Before.Level, c.After.Level, t.now - t.was, t.at, c.Position})
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
	last := &a.last[0]
	if m.by > 0 {
		last = &a.last[1]
	}
	at, _ := slices.BinarySearchFunc(*last, m, func(x, y mover) int {
		return cmp.Or(y.since.Compare(x.since), cmp.Compare(y.position, x.position))
	})
	if at < a.Movers {
		*last = slices.Insert(*last, at, m)
		*last = (*last)[:min(len(*last), a.Movers)]
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
		t.Levels[a.of.stepOf(s)] += n
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

// opened are rules that are open for an entity at a step of a card.
type opened struct {
	card, step int
	rules      *scores.Unmet
}

// rules tells which rules fail, and which of them alone are in the way.
func (a *asker) rules() {
	counts := make([]map[string]*Rule, len(a.Cards)) // those that count
	for i, card := range a.Cards {
		counts[i] = map[string]*Rule{}
		for _, r := range card.Rules {
			if r.Counts(a.End) {
				counts[i][r.ID] = &Rule{Card: card, Rule: r}
			}
		}
	}
	for o, n := range a.open {
		for _, id := range o.rules.Fails {
			if r := counts[o.card][id]; r != nil {
				r.Fails += n
				if alone(o, r, counts[o.card]) {
					r.Lifts += n
				}
			}
		}
	}
	for i, card := range a.Cards {
		for _, r := range card.Rules {
			if c := counts[i][r.ID]; c != nil && c.Fails > 0 {
				a.Rules = append(a.Rules, *c)
			}
		}
	}
	slices.SortStableFunc(a.Rules, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(y.Lifts, x.Lifts), cmp.Compare(y.Fails, x.Fails))
	})
}

// alone reports whether a rule is all that is in the way of the next level.
func alone(o opened, rule *Rule, counts map[string]*Rule) bool {
	if o.step >= len(rule.Card.Levels) {
		return false
	}
	next := rule.Card.Levels[o.step].Rank
	asked := func(id string) bool { return counts[id] != nil && rule.Card.Rank(counts[id].Rule.Level) <= next }
	if !asked(rule.Rule.ID) || slices.ContainsFunc(o.rules.Unsure, asked) {
		return false
	}
	return !slices.ContainsFunc(o.rules.Fails, func(id string) bool { return id != rule.Rule.ID && asked(id) })
}

// first is the index of the first moment that is not before a time.
func first(moments []time.Time, at time.Time) int {
	return sort.Search(len(moments), func(i int) bool { return !moments[i].Before(at) })
}
