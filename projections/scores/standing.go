package scores

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/sqlstore"
	"github.com/callboard/callboard/scorecards"
)

// Stand is how an entity stood on a card, in short.
type Stand struct {
	Level string
	// Code stands for Level: a small number, the same for the same level of a card; never 0,
	// which is that of a Stand of nobody.
	Code       int
	Points, Of float64
	Outcomes   *Outcomes
	Since      time.Time
	Position   eventlog.Position // of the event that began it
}

// Outcomes are the rules that apply to an entity, by their ids. Many entities have the same:
// equal ones are one value, which nobody changes.
type Outcomes struct {
	Passes []string
	Fails  []string
	Unsure []string // unknown, or gone wrong
	Exempt []string
}

// OutcomesOf sorts rules by what they came to.
func OutcomesOf(rules []Rule) *Outcomes {
	o := &Outcomes{}
	for _, r := range rules {
		o.add(r.ID, scorecards.Outcome(r.Outcome))
	}
	return o
}

func (o *Outcomes) add(rule string, outcome scorecards.Outcome) {
	switch outcome {
	case scorecards.NotApplicable:
	case scorecards.Pass:
		o.Passes = append(o.Passes, rule)
	case scorecards.Fail:
		o.Fails = append(o.Fails, rule)
	case scorecards.Exempt:
		o.Exempt = append(o.Exempt, rule)
	default:
		o.Unsure = append(o.Unsure, rule)
	}
}

// Line is how one entity stood on one card, from the first event to the newest.
type Line struct {
	names []string // of all entities, by their numbers
	card  *cardLines
	at    int // of the card's entities
}

// Number is the entity's: a small one, the same on all cards as long as [Scores.Each] goes
// through them.
func (l Line) Number() int { return l.card.entities[l.at] }

// Entity is its full ref.
func (l Line) Entity() string { return l.names[l.Number()] }

// turn is a change. Positions and times go up, times not always.
type turn struct {
	position   eventlog.Position
	since      int64
	points, of float64
	outcomes   uint32 // of the card's
	level      uint16 // likewise; gone: it is not judged from then on
}

const gone = math.MaxUint16

// At returns how the entity stood at a moment; false if it was not judged.
func (l Line) At(m projections.Moment) (Stand, bool) {
	i := l.upTo(m)
	if i == 0 || l.turn(i-1).level == gone {
		return Stand{}, false
	}
	return l.card.stand(l.turn(i - 1)), true
}

// Steady reports whether nothing came after a moment, so that the entity stands as it
// stood then.
func (l Line) Steady(since time.Time) bool { return l.card.newest[l.at].since <= since.UnixNano() }

func (l Line) turn(i int) *turn {
	if before := l.card.before[l.at]; i < len(before) {
		return &before[i]
	}
	return &l.card.newest[l.at]
}

// upTo is how many turns were true and on record at a moment.
func (l Line) upTo(m projections.Moment) int {
	known, at := m.Known, int64(math.MaxInt64)
	if known == 0 {
		known = math.MaxUint64
	}
	if !m.At.IsZero() {
		at = m.At.UnixNano()
	}
	newest, before := &l.card.newest[l.at], l.card.before[l.at]
	if newest.position <= known && newest.since <= at {
		return len(before) + 1
	}
	return sort.Search(len(before), func(i int) bool { return before[i].position > known || before[i].since > at })
}

func (c *cardLines) stand(t *turn) Stand {
	return Stand{c.levels[t.level], int(t.level) + 1, t.points, t.of, c.outcomes[t.outcomes], time.Unix(0, t.since).UTC(), t.position}
}

// Change is that an entity came to stand otherwise.
type Change struct {
	At            time.Time
	Position      eventlog.Position // of the event
	Before, After Stand
	Was, Is       bool // judged, before and after it
}

// After yields the changes after a time, up to a moment, the newest first.
func (l Line) After(from time.Time, to projections.Moment) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		after := int64(math.MinInt64)
		if !from.IsZero() {
			after = from.UnixNano()
		}
		if l.card.newest[l.at].since <= after {
			return
		}
		for i := l.upTo(to) - 1; i >= 0 && l.turn(i).since > after; i-- {
			t := l.turn(i)
			c := Change{At: time.Unix(0, t.since).UTC(), Position: t.position}
			if c.Is = t.level != gone; c.Is {
				c.After = l.card.stand(t)
			}
			if c.Was = i > 0 && l.turn(i-1).level != gone; c.Was {
				c.Before = l.card.stand(l.turn(i - 1))
			}
			if !yield(c) {
				return
			}
		}
	}
}

// lines are the table standing in memory: what is added up over thousands of entities is
// not read from rows. It is read on each time somebody asks.
type lines struct {
	mu sync.RWMutex
	*readLines
}

// readLines are the rows of one file that were read up to now.
type readLines struct {
	position eventlog.Position // of the newest row
	cards    map[string]*cardLines
	entities []string       // in the order in which any card judged them first
	numberOf map[string]int // where each is
}

// cardLines are those of one card. What is said often is kept once.
type cardLines struct {
	levels   []string
	outcomes []*Outcomes
	entities []int    // by their numbers, in the order in which they were judged first
	newest   []turn   // of each of them
	before   [][]turn // likewise

	levelOf    map[string]uint16
	outcomesOf map[string]uint32
	lineOf     map[int]int // of the number of an entity
}

func (c *cardLines) add(entity int, level, outcomes string, t turn) error {
	i, ok := c.lineOf[entity]
	if !ok {
		i = len(c.entities)
		c.lineOf[entity] = i
		c.entities, c.newest, c.before = append(c.entities, entity), append(c.newest, turn{}), append(c.before, nil)
	}
	if t.level != gone {
		n, ok := c.levelOf[level]
		if !ok {
			if len(c.levels) == gone {
				return fmt.Errorf("more than %d names of levels", gone)
			}
			n = uint16(len(c.levels)) //nolint:gosec // bounded above
			c.levelOf[level], c.levels = n, append(c.levels, level)
		}
		t.level = n
		o, ok := c.outcomesOf[outcomes]
		if !ok {
			o = uint32(len(c.outcomes)) //nolint:gosec // no more than rows
			c.outcomesOf[outcomes], c.outcomes = o, append(c.outcomes, readOutcomes(outcomes))
		}
		t.outcomes = o
	}
	if ok {
		c.before[i] = append(c.before[i], c.newest[i])
	}
	c.newest[i] = t
	return nil
}

func readOutcomes(text string) *Outcomes {
	o := &Outcomes{}
	for one := range strings.FieldsSeq(text) {
		rule, outcome, _ := strings.Cut(one, "=")
		o.add(rule, scorecards.Outcome(outcome))
	}
	return o
}

func writeOutcomes(rules []Rule) string {
	var b strings.Builder
	for _, r := range rules {
		if r.Outcome == string(scorecards.NotApplicable) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(r.ID + "=" + r.Outcome)
	}
	return b.String()
}

// writeStanding adds the row of an event. Rules are those of the entity after it.
func writeStanding(tx *sqlstore.Tx, rec eventlog.Record, d event.ScoreChanged, since int64, rules []Rule) error {
	var after event.Score
	if d.After != nil {
		after = *d.After
	}
	_, err := tx.Exec(`INSERT INTO standing (position, card, entity, since, gone, level, points, of, outcomes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		rec.Position, d.Card, rec.Subject, since, d.After == nil, after.Level, after.Points, after.Of, writeOutcomes(rules))
	return err
}

// Each calls visit for every entity that was ever judged by one of some cards, with which of
// them it is and how it stood: one card after the other, all of them as of one position. A
// Line, but not a [Stand] of it, is only good until visit returns.
func (s *Scores) Each(ctx context.Context, cards []string, visit func(card int, l Line)) error {
	all, err := s.readOn(ctx)
	if err != nil {
		return fmt.Errorf("read how entities stand: %w", err)
	}
	// Others may have read on since, into the same lines: the cards and the names are those of now.
	// What a rebuild forgets meanwhile stays as it is.
	s.lines.mu.RLock()
	defer s.lines.mu.RUnlock()
	for i, card := range cards {
		c := all.cards[card]
		if c == nil {
			continue
		}
		for at := range c.entities {
			visit(i, Line{all.entities, c, at})
		}
	}
	return nil
}

// readOn reads the rows that were written since the last time, and returns all that were read. They
// are good as long as nobody reads on: for as long as the lock is held.
func (s *Scores) readOn(ctx context.Context) (*readLines, error) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	if s.lines.readLines == nil {
		s.lines.readLines = &readLines{cards: map[string]*cardLines{}, numberOf: map[string]int{}}
	}
	all := s.lines.readLines
	rows, err := s.db.QueryContext(ctx, `SELECT position, card, entity, since, gone, level, points, of, outcomes FROM standing WHERE position > ? ORDER BY position`, all.position)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t turn
		var card, entity, level, outcomes string
		var ended bool
		if err := rows.Scan(&t.position, &card, &entity, &t.since, &ended, &level, &t.points, &t.of, &outcomes); err != nil {
			return nil, err
		}
		if ended {
			t.level = gone
		}
		c := all.cards[card]
		if c == nil {
			c = &cardLines{levelOf: map[string]uint16{}, outcomesOf: map[string]uint32{}, lineOf: map[int]int{}}
			all.cards[card] = c
		}
		if err := c.add(all.number(entity), level, outcomes, t); err != nil {
			return nil, err
		}
		all.position = t.position
	}
	return all, rows.Err()
}

func (l *readLines) number(entity string) int {
	n, ok := l.numberOf[entity]
	if !ok {
		n = len(l.entities)
		l.numberOf[entity], l.entities = n, append(l.entities, entity)
	}
	return n
}

// replacement is the copy that a rebuild made. What is in memory is of the file before.
type replacement struct {
	*sqlstore.Copy
	of *Scores
}

// TakeOver makes the copy the file in use. Nobody reads on meanwhile: what is in memory would
// be of both files.
func (r replacement) TakeOver(ctx context.Context) error {
	all := &r.of.lines
	all.mu.Lock()
	defer all.mu.Unlock()
	if err := r.Copy.TakeOver(ctx); err != nil {
		return err
	}
	all.readLines = nil
	return nil
}

// Beginning names a score by the event that began it.
type Beginning struct {
	Card, Entity string
	Position     eventlog.Position
}

// Begun returns the scores that events began, in the order of all. One that is not there is
// left out.
func (s *Scores) Begun(ctx context.Context, all ...Beginning) ([]Score, error) {
	asked, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, `SELECT s.card, s.entity, s.position, s.since, s.until, s.level, s.before, s.points, s.of, s.rules, s.actor, s.cause
		FROM json_each(?) a CROSS JOIN scores s ON s.card = a.value ->> 'Card' AND s.entity = a.value ->> 'Entity' AND s.position = a.value ->> 'Position'
		ORDER BY a.key`, string(asked))
}
