package scorer

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Trial is what a backtest is to find out.
type Trial struct {
	// Card is what to judge by, all of the time, whatever the log says of the card of
	// that name.
	Card *scorecards.Card
	// AsRecorded judges by the card as the log has it from event to event, instead: that
	// repeats what was said then. Of Card, the name and the levels are looked at.
	AsRecorded bool
	From       time.Time // when to begin; zero = with the log
	To         time.Time // what came true later is left out; not zero
	Step       scorecards.Step
	// Keep is how many of the transitions to return, the newest; 0 = none.
	Keep int
	// Progress is told how far it has come, now and then; may be nil.
	Progress func(at, of eventlog.Position)
}

// Backtest is what a card would have said.
type Backtest struct {
	Card     string             `json:"card"` // full ref
	Title    string             `json:"title"`
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	Position eventlog.Position  `json:"position"` // up to which the log was read
	Trend    []scorecards.Point `json:"trend"`
	// Moves are who stands otherwise at the end than is on record, by their refs. If
	// nothing is on record, that is everybody whom the card judges.
	Moves []Move `json:"moves"`
	// Before is how all stand at the end as it is on record, to compare with the last
	// point of the trend.
	Before scorecards.Point `json:"before"`
	// Unclear tells for whom the filter of the card goes wrong at the end; nil: for nobody.
	Unclear *Unclear `json:"unclear,omitempty"`
	// Transitions are the newest, the oldest of them first; Total is how many there were.
	Transitions []Transition `json:"transitions"`
	Total       int          `json:"total"`
}

// Move is an entity that stands otherwise than is on record.
type Move struct {
	Entity string             `json:"entity"`
	Before *event.Score       `json:"before,omitempty"` // nil: it is not judged
	After  *event.Score       `json:"after,omitempty"`
	Rules  []event.RuleChange `json:"rules,omitempty"`
}

// Transition is what [event.ScoreChanged] would have said, when and why.
type Transition struct {
	Entity string      `json:"entity"`
	At     time.Time   `json:"at"`
	Actor  event.Actor `json:"actor"`
	Cause  event.Cause `json:"cause"`
	event.ScoreChanged
}

// progressEach is how many records are read between two reports of progress.
const progressEach = 1000

// Run judges the past by a card, as the scorer judges the present: by the same code,
// event by event. It reads the log, and appends nothing. It takes memory for what is known
// of all entities, and for nothing by the length of the log.
//
// Errors are of kind fault.Invalid for a trial that makes no sense.
func (t Trial) Run(ctx context.Context, log eventlog.Reader, kinds catalog.Kinds) (*Backtest, error) {
	last, err := log.Last(ctx)
	if err != nil {
		return nil, err
	}
	b := &backtest{Trial: t, ref: t.Card.Ref.String(), recorded: newJudge(nil, nil), since: map[string]time.Time{}}
	world := NewWorld(kinds)
	world.only = b.ref
	if !t.AsRecorded {
		world.fixed, world.cards[b.ref] = true, t.Card
	}
	b.judge = newJudge(world, b.say)
	b.judge.started = true // nothing was said
	if b.From.IsZero() {
		if b.From, err = beginning(ctx, log, t.To); err != nil {
			return nil, err
		}
		b.begun = true
	}
	moments, err := scorecards.Moments(b.From, t.To, t.Step)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	b.tally = scorecards.NewTally(moments)
	if err := readAhead(ctx, log, last, b.read, func(rec reading) error {
		if err := b.take(ctx, rec); err != nil {
			return err
		}
		if t.Progress != nil && (rec.Position%progressEach == 0 || rec.Position == last) {
			t.Progress(rec.Position, last)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := b.begin(ctx); err != nil {
		return nil, err
	}
	if err := b.judge.pass(ctx, t.To); err != nil {
		return nil, err
	}
	return b.result(last), nil
}

// beginning is when the first event became true; a day before the end in an empty log.
func beginning(ctx context.Context, log eventlog.Reader, to time.Time) (time.Time, error) {
	first, err := log.At(ctx, 1)
	switch {
	case fault.KindOf(err) == fault.NotFound || err == nil && !first.Time.Before(to):
		return to.AddDate(0, 0, -1), nil
	case err != nil:
		return time.Time{}, err
	}
	return first.Time, nil
}

type backtest struct {
	Trial
	ref      string
	judge    *judge
	recorded *judge // what was said of the card, to compare with
	begun    bool
	tally    *scorecards.Tally
	since    map[string]time.Time // by entity, of what was said last
	kept     []Transition         // a ring once there are as many as to be kept
	total    int
}

// read reads an event, and of what was said what the world is not told. It looks at nothing
// that taking events changes.
func (b *backtest) read(rec eventlog.Record) (r reading, err error) {
	if rec.Type != event.TypeScoreChanged {
		return readingOf(rec, b.judge.world.kinds)
	}
	r.Record = rec
	r.says, err = event.DecodeAs[event.ScoreChanged](rec.Event)
	return r, err
}

// take judges an event, as the scorer does.
func (b *backtest) take(ctx context.Context, rec reading) error {
	if said, ok := rec.says.(event.ScoreChanged); ok {
		return b.compare(ctx, rec.Record, said)
	}
	if rec.Time.After(b.To) {
		return nil
	}
	if !rec.Time.Before(b.From) && matters(rec.Record) {
		if err := b.begin(ctx); err != nil {
			return err
		}
	}
	if b.begun {
		return b.judge.takeRead(ctx, rec)
	}
	_, err := b.judge.world.fold(rec)
	b.judge.at = rec.Position
	return err
}

// begin judges everything as it stands, once.
func (b *backtest) begin(ctx context.Context) error {
	if b.begun {
		return nil
	}
	b.begun = true
	b.judge.tick(b.From)
	var pairs []pair
	for card := range b.judge.world.cards {
		for ref := range b.judge.world.entities {
			pairs = append(pairs, pair{card, ref})
		}
	}
	return b.judge.judge(ctx, pairs, scheduled(b.From, "begin"))
}

// compare takes note of what was said. What only time led to was said before what
// follows in the log, though that may have become true earlier: so it is here, unless the
// scorer had not come as far as the log when it said so.
func (b *backtest) compare(ctx context.Context, rec eventlog.Record, d event.ScoreChanged) error {
	upToDate := eventlog.Position(d.By) == b.judge.at
	defer func() { b.judge.at = rec.Position }()
	if rec.Time.After(b.To) {
		return nil
	}
	if d.Card == b.ref {
		b.recorded.note(rec.Subject, d)
	}
	if b.begun && upToDate && rec.Cause.Schedule != "" {
		return b.judge.pass(ctx, rec.Time)
	}
	return nil
}

// say counts what would have been appended.
func (b *backtest) say(_ context.Context, all []change) error {
	for _, c := range all {
		at := c.at
		if was := b.since[c.entity]; was.After(at) {
			at = was // clocks of commits go backward
		}
		b.since[c.entity] = at
		b.count(c, at)
		b.total++
		if b.Keep == 0 {
			continue
		}
		t := Transition{Entity: c.entity, At: c.at, Actor: c.actor, Cause: c.cause, ScoreChanged: c.ScoreChanged}
		if len(b.kept) < b.Keep {
			b.kept = append(b.kept, t)
		} else {
			b.kept[(b.total-1)%b.Keep] = t
		}
	}
	return nil
}

func (b *backtest) count(c change, at time.Time) {
	if s := c.Before; s != nil {
		b.tally.Level(at, s.Level, -1, -s.Points, -s.Of)
	}
	if s := c.After; s != nil {
		b.tally.Level(at, s.Level, 1, s.Points, s.Of)
	} else { // it does not say so of each rule
		for rule, outcome := range b.judge.standing[pair{c.Card, c.entity}].outcomes {
			b.tally.Rule(at, rule, scorecards.Outcome(outcome), -1)
		}
		return
	}
	for _, r := range c.Rules {
		if r.Before != "" {
			b.tally.Rule(at, r.Rule, scorecards.Outcome(r.Before), -1)
		}
		if r.After != "" {
			b.tally.Rule(at, r.Rule, scorecards.Outcome(r.After), 1)
		}
	}
}

func (b *backtest) result(last eventlog.Position) *Backtest {
	r := &Backtest{Card: b.ref, Title: b.Card.Title, From: b.From, To: b.To, Position: last, Trend: b.tally.Points(), Total: b.total, Moves: []Move{}, Transitions: []Transition{}}
	for i := range b.kept {
		r.Transitions = append(r.Transitions, b.kept[(b.total+i)%len(b.kept)])
	}
	if b.total <= len(b.kept) {
		r.Transitions = append(r.Transitions[:0], b.kept...)
	}
	before := scorecards.NewTally([]time.Time{b.To})
	keys := map[pair]bool{}
	for key, s := range b.recorded.standing {
		keys[key] = true
		before.Level(b.To, s.Level, 1, s.Points, s.Of)
		for rule, outcome := range s.outcomes {
			before.Rule(b.To, rule, scorecards.Outcome(outcome), 1)
		}
	}
	r.Before, r.Unclear = before.Points()[0], b.judge.unclearOf(b.ref)
	for key := range b.judge.standing {
		keys[key] = true
	}
	for _, key := range slices.SortedFunc(maps.Keys(keys), func(x, y pair) int { return strings.Compare(x.entity, y.entity) }) {
		if m, moved := b.move(key); moved {
			r.Moves = append(r.Moves, m)
		}
	}
	return r
}

// move compares how an entity stands with what is on record.
func (b *backtest) move(key pair) (Move, bool) {
	was, judged := b.recorded.standing[key]
	is, judges := b.judge.standing[key]
	m := Move{Entity: key.entity}
	if judged { // copied, so that what is kept of a backtest is not all that it knew
		before := was.Score
		m.Before = &before
	}
	if judges {
		after := is.Score
		m.After = &after
	}
	ids := maps.Clone(is.outcomes)
	if ids == nil {
		ids = map[string]string{}
	}
	maps.Copy(ids, was.outcomes)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if was.outcomes[id] != is.outcomes[id] {
			change := event.RuleChange{Rule: id, Title: id, Before: was.outcomes[id], After: is.outcomes[id], Message: is.message(id)}
			if rule := b.Card.Rule(id); rule != nil {
				change.Title = rule.Title
			}
			m.Rules = append(m.Rules, change)
		}
	}
	if judged && judges {
		return m, was.Level != is.Level || len(b.Card.Levels) == 0 && was.Score != is.Score
	}
	return m, judged || judges
}
