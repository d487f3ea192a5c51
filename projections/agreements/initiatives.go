package agreements

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// State is how an initiative stands.
type State string

// The states.
const (
	Draft   State = "draft"   // it asks nobody
	Planned State = "planned" // its start is still to come
	Open    State = "open"
	Closed  State = "closed" // somebody closed it before its target was over

	// The others are as [scorecards.Ending] has them.
	Reached    = State(scorecards.Reached)
	Missed     = State(scorecards.Missed)
	Unasked    = State(scorecards.Unasked)
	Unmeasured = State(scorecards.Unmeasured)
)

// Over reports whether nobody is asked any more.
func (s State) Over() bool { return !slices.Contains(unfinished(), s) }

// unfinished are the states of what is not over, in order.
func unfinished() []State { return []State{Open, Planned, Draft} }

func (s State) order() int {
	if s.Over() {
		return 3
	}
	return slices.Index(unfinished(), s)
}

// Initiative is an initiative with how it stands.
type Initiative struct {
	*scorecards.Initiative
	Entry *entities.Entry
	Card  *scorecards.Card // nil if it is not there: then nobody is asked. Where Items are of its end it is, too
	State State
	// Items are who is asked, at the moment or, if it is over, at its end, by the catalog and the
	// scores of then; by ref. In a list there are none of what is over and on record: its numbers
	// are those that were said. What never ended on record is told of there by the catalog of the list.
	Items []Item
	Asked int    // how many these are or, if it is over, were on record as it ended
	Done  int    // of these
	Why   string // it cannot be measured, and has no items; empty if it can
	// Lost is why nobody can tell any more who was not done by its end, though that was
	// measured; empty if one can.
	Lost string
	// Unclear are how many of those that the card judges the filter goes wrong for, so that
	// they are not asked; Problem is with what message, for the first of them.
	Unclear, Judged int
	Problem         string
}

// Item is an entity that is asked, with what it has left to do.
type Item struct {
	Entity string   // full ref
	Owner  string   // full ref; empty if nobody is
	Left   []string // ids of rules
	Done   bool
	Score  scores.Score
}

// Percent is the share that is done, from 0 to 100; 0 if nobody is asked.
func (i *Initiative) Percent() int { return scorecards.Percent(float64(i.Done), float64(i.Asked)) }

// DaysLeft is how many days there are to the target, today included; false if there is none.
func (i *Initiative) DaysLeft(now time.Time) (int, bool) { return daysLeft(i.Target, now) }

// Initiatives lists all: those that are open, the one whose target is next first; then what
// is to come, and what is over, the newest first.
func (r Reader) Initiatives(ctx context.Context, c Catalog, m projections.Moment, now time.Time) ([]Initiative, error) {
	return newBoard(r, c, m, now).initiatives(ctx)
}

// Asking lists the initiatives with what they ask of one entity, by its full ref, and of no
// other: those that do not ask it have no items. Cards are those that somebody has read
// already, which takes a while.
func (r Reader) Asking(ctx context.Context, c Catalog, m projections.Moment, now time.Time, entity string, cards []*scorecards.Card) ([]Initiative, error) {
	b := newBoard(r, c, m, now)
	b.only = entity
	for _, card := range cards {
		b.cards[card.Ref.String()] = card
	}
	return b.initiatives(ctx)
}

func (b *board) initiatives(ctx context.Context) ([]Initiative, error) {
	var all []Initiative
	for _, e := range b.catalog.Find(entities.Query{Kinds: []string{scorecards.KindInitiative}}).Entries {
		one, err := b.initiative(ctx, e)
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, *one)
		}
	}
	slices.SortStableFunc(all, func(a, b Initiative) int {
		sooner := a.Target.Compare(b.Target)
		if a.State.Over() {
			sooner = -sooner
		}
		return cmp.Or(a.State.order()-b.State.order(), sooner, strings.Compare(a.Entry.Ref, b.Entry.Ref))
	})
	return all, nil
}

// Initiative returns one; nil if the entity is none that can be read.
func (r Reader) Initiative(ctx context.Context, c Catalog, m projections.Moment, now time.Time, e *entities.Entry) (*Initiative, error) {
	b := newBoard(r, c, m, now)
	b.alone = e.Ref
	return b.initiative(ctx, e)
}

// board is what is looked up for several initiatives once.
type board struct {
	Reader
	catalog  Catalog
	moment   projections.Moment
	now      time.Time
	only     string // the one entity that matters; empty: all do
	alone    string // the one initiative that matters; empty: all do
	cards    map[string]*scorecards.Card
	scores   map[scores.Query][]scores.Score
	subjects map[string]*scorecards.Subject
	endings  map[string][]ending // by initiative, the one that was said last first; nil: not read yet
}

func newBoard(r Reader, c Catalog, m projections.Moment, now time.Time) *board {
	return &board{
		Reader: r, catalog: c, moment: m, now: now,
		cards: map[string]*scorecards.Card{}, scores: map[scores.Query][]scores.Score{}, subjects: map[string]*scorecards.Subject{},
	}
}

func (b *board) initiative(ctx context.Context, e *entities.Entry) (*Initiative, error) {
	read, _ := scorecards.ParseInitiative(e.Entity)
	if read == nil {
		return nil, nil //nolint:nilnil // there is none, as promised
	}
	one := &Initiative{Initiative: read, Entry: e, Card: cardOf(b.catalog, b.cards, read.Card)}
	one.Why = read.Unmeasured(one.Card)
	m, then := b.moment, b
	var ended *ending
	if end := read.End(); !end.After(b.now) { // as it ended
		m.At = end.Add(-1)
		if b.only == "" && !read.Draft {
			var err error
			if ended, err = b.ending(ctx, e.Ref, end); err != nil {
				return nil, err
			}
			if ended != nil && ended.at.After(end) {
				m.At = ended.at
			}
		}
		if b.alone != "" && b.Then != nil {
			c, err := b.Then(ctx, m)
			if err != nil {
				return nil, err
			}
			then = newBoard(b.Reader, c, m, b.now)
			one.Card = cardOf(c, then.cards, read.Card)
			one.Why = read.Unmeasured(one.Card)
		}
	}
	if one.Why == "" && (ended == nil || b.alone != "") {
		list, err := b.list(ctx, scores.Query{Card: read.Card, Entity: b.only, Moment: m})
		if err != nil {
			return nil, err
		}
		at := m.At
		if at.IsZero() {
			at = b.now
		}
		for _, s := range list {
			then.add(one, s, at)
		}
		one.Asked = len(one.Items)
	}
	one.State = b.stateOf(one)
	if ended != nil {
		one.State, one.Done, one.Asked, one.Why, one.Lost = ended.state(), ended.Done, ended.Asked, "", one.Why
		if one.State == Unmeasured {
			one.Items, one.Done, one.Asked, one.Why, one.Lost = nil, 0, 0, ended.Note, ""
		}
	}
	return one, nil
}

func (b *board) list(ctx context.Context, q scores.Query) ([]scores.Score, error) {
	if list, ok := b.scores[q]; ok {
		return list, nil
	}
	list, err := b.Scores.List(ctx, q)
	b.scores[q] = list
	return list, err
}

// add adds what an entity that the card judges has left to do at a moment, if it is asked.
func (b *board) add(i *Initiative, s scores.Score, at time.Time) {
	subject := b.subject(s.Entity)
	if subject == nil {
		return
	}
	i.Judged++
	asked, wrong := i.Selects(subject, at)
	if wrong != "" {
		i.Unclear++
		i.Problem = cmp.Or(i.Problem, wrong)
	}
	if !asked {
		return
	}
	left, done := leftOf(i.Initiative, i.Card, s, at)
	i.Items = append(i.Items, Item{Entity: s.Entity, Owner: subject.Owner.Ref, Left: left, Done: done, Score: s})
	if done {
		i.Done++
	}
}

func leftOf(i *scorecards.Initiative, card *scorecards.Card, s scores.Score, at time.Time) (left []string, done bool) {
	return i.Left(card, s.Level, func(rule string) scorecards.Outcome {
		for _, r := range s.Rules {
			if r.ID == rule {
				return scorecards.Outcome(r.Outcome)
			}
		}
		return scorecards.Unknown
	}, at)
}

// subject is what a filter of an initiative may read of an entity; nil if it is not there.
func (b *board) subject(ref string) *scorecards.Subject {
	s, ok := b.subjects[ref]
	if ok {
		return s
	}
	if e, ok := b.catalog.Get(ref); ok {
		s = &scorecards.Subject{Entity: e.Entity, Relations: func() []catalog.Relation { return e.Relations }}
		if s.Owner.Ref = e.Owner(); s.Owner.Ref != "" {
			s.Owner = b.owner(s.Owner.Ref)
		}
	}
	b.subjects[ref] = s
	return s
}

func (b *board) owner(ref string) scorecards.Owner {
	exists := func(ref string) bool { _, ok := b.catalog.Get(ref); return ok }
	return scorecards.OwnerOf(ref, b.members(ref), exists)
}

// members are those that the catalog says a group has, there or not.
func (b *board) members(group string) iter.Seq[string] {
	return func(yield func(string) bool) {
		e, ok := b.catalog.Get(group)
		if !ok {
			return
		}
		for _, r := range e.Relations {
			if r.Type == "hasMember" && !yield(r.TargetRef) {
				return
			}
		}
	}
}

// stateOf is how one stands of which nothing is on record.
func (b *board) stateOf(i *Initiative) State {
	if !b.now.Before(i.End()) {
		if how, _ := i.Ended(i.Card, i.Asked, i.Done); !i.Draft || how == scorecards.Withdrawn {
			return endedAs(how)
		}
	}
	switch {
	case i.Draft:
		return Draft
	case b.now.Before(i.Start):
		return Planned
	}
	return Open
}

// endedAs is the state of what ended so.
func endedAs(how scorecards.Ending) State {
	if how == scorecards.Withdrawn {
		return Closed
	}
	return State(how)
}
