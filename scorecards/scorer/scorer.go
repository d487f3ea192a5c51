// Package scorer follows the log, judges what an event may have changed, and
// appends an [event.ScoreChanged] where a score did change. It folds the log for
// itself, record by record, so that each change is put down to the very event that
// led to it, however far behind the scorer is.
package scorer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

// Name is the scorer's, under which its cursor is kept.
const Name = "scorer"

// Source is the CloudEvents source of what it appends.
const Source = "/scorecards"

const (
	// settle is how much is looked at between two cursors.
	settle = 500
	// lookAround is how often it is asked whether time alone has changed a score.
	lookAround = time.Minute
	// lookBack is how often a rule is looked at that is to be each hour, while the
	// past is caught up with.
	lookBack   = 24 * time.Hour
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Log is what a scorer reads and appends to.
type Log interface {
	eventlog.Log
	eventlog.Cursors
}

// Options are what a scorer is made of. All must be set.
type Options struct {
	Log    Log
	Kinds  catalog.Kinds    // from which relations follow
	Now    func() time.Time // zero: it is not to be judged by the clock yet
	Logger *slog.Logger
}

// Scorer judges. Make one with [New].
type Scorer struct {
	Options
	asked chan func(*judge) // what others want to know, between two events

	mu    sync.Mutex
	at    eventlog.Position
	moved chan struct{} // closed and replaced whenever at grows
}

// New returns a scorer that has not begun.
func New(o Options) *Scorer {
	return &Scorer{Options: o, asked: make(chan func(*judge)), moved: make(chan struct{})}
}

// Run judges until ctx ends, which is no error. What goes wrong is tried again.
func (s *Scorer) Run(ctx context.Context) error {
	pause := firstRetry
	for ctx.Err() == nil {
		err := s.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.Logger.ErrorContext(ctx, "scores stand still", "error", err, "retry", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastRetry)
	}
	return nil
}

// Wait returns once the event at a position was looked at.
func (s *Scorer) Wait(ctx context.Context, p eventlog.Position) error {
	for {
		s.mu.Lock()
		at, moved := s.at, s.moved
		s.mu.Unlock()
		if at >= p {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "scores have come to position %d, not yet to %d: %w", at, p, ctx.Err())
		}
	}
}

func (s *Scorer) advance(p eventlog.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = max(s.at, p)
	close(s.moved)
	s.moved = make(chan struct{})
}

// CatchUp judges all that is in the log and returns.
func (s *Scorer) CatchUp(ctx context.Context) error {
	j, err := s.begin(ctx)
	if err != nil {
		return err
	}
	for rec, err := range s.Log.Read(ctx, 0) {
		if err != nil {
			return err
		}
		if err := j.take(ctx, rec); err != nil {
			return err
		}
	}
	return s.settle(ctx, j)
}

func (s *Scorer) follow(ctx context.Context) error {
	j, err := s.begin(ctx)
	if err != nil {
		return err
	}
	last, err := s.Log.Last(ctx)
	if err != nil {
		return err
	}
	records, failed := make(chan eventlog.Record, settle), make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(records)
		for rec, err := range s.Log.Follow(ctx, 0) {
			if err != nil {
				failed <- err
				return
			}
			select {
			case records <- rec:
			case <-ctx.Done():
				return
			}
		}
	}()
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	for {
		select {
		case rec, ok := <-records:
			if !ok {
				select {
				case err := <-failed:
					return err
				default:
					return ctx.Err()
				}
			}
			if err := j.take(ctx, rec); err != nil {
				return err
			}
			if j.at >= last && len(records) == 0 || j.at%settle == 0 {
				if err := s.settle(ctx, j); err != nil {
					return err
				}
			}
		case ask := <-s.asked:
			ask(j)
		case <-tick.C:
			if j.at < last {
				continue // what is due is judged on what is known then
			}
			if err := j.due(ctx, s.Now()); err != nil {
				return err
			}
		}
	}
}

// pair is a scorecard and an entity that it judges, by their refs.
type pair struct{ card, entity string }

// standing is what was said last of a pair.
type standing struct {
	event.Score
	outcomes map[string]string // by rule
	// result is how it came about; nil if that is not known any more, or the card is
	// another one. It is of the card in by.
	result *scorecards.Result
	by     *scorecards.Card
}

// change is that an entity stands otherwise than before, and why.
type change struct {
	entity string
	event.ScoreChanged
	why
}

// judge is one run along the log.
type judge struct {
	say      func(context.Context, []change) error // what one event led to
	world    *World
	standing map[pair]standing
	dues     *dues
	turns    *turns            // of exemptions and initiatives; nil: nobody is to know
	until    eventlog.Position // up to which all is judged already
	at       eventlog.Position
	clock    time.Time // of the newest that was looked at; time does not go back
	started  bool      // pairs that are due were found
	catching bool      // up with the past

	changed   []string            // facts that are others than before; nil: anything may be
	subject   *scorecards.Subject // that is being judged; nil if it is not there
	subjectOf string              // its ref
}

func newJudge(w *World, say func(context.Context, []change) error) *judge {
	return &judge{say: say, world: w, standing: map[pair]standing{}, dues: newDues()}
}

// begin reads what the scorer itself said before. The events that one position led
// to are appended together, so that all up to the newest such position is judged,
// even if a crash lost the cursor.
func (s *Scorer) begin(ctx context.Context) (*judge, error) {
	j := newJudge(NewWorld(s.Kinds), s.append)
	j.turns = &turns{judge: j, say: func(ctx context.Context, e event.Event) error {
		_, err := s.Log.Append(ctx, e)
		return err
	}}
	cursor, err := s.Log.Cursor(ctx, Name)
	if err != nil {
		return nil, fmt.Errorf("read the scorer's position: %w", err)
	}
	j.until = cursor
	for rec, err := range s.Log.Read(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if rec.Type != event.TypeScoreChanged {
			continue
		}
		d, err := event.DecodeAs[event.ScoreChanged](rec.Event)
		if err != nil {
			return nil, err
		}
		j.note(rec.Subject, d)
		j.tick(rec.Time)
		j.until = max(j.until, eventlog.Position(d.By))
	}
	return j, nil
}

// note keeps what an event said of a pair.
func (j *judge) note(entity string, d event.ScoreChanged) {
	key := pair{d.Card, entity}
	if d.After == nil {
		delete(j.standing, key)
		j.dues.set(key, time.Time{})
		return
	}
	was := j.standing[key]
	now := standing{Score: *d.After, outcomes: maps.Clone(was.outcomes), result: was.result, by: was.by} // a copy of the judge has the same map
	if now.outcomes == nil {
		now.outcomes = map[string]string{}
	}
	for _, r := range d.Rules {
		if r.After == "" {
			delete(now.outcomes, r.Rule)
		} else {
			now.outcomes[r.Rule] = r.After
		}
	}
	j.standing[key] = now
}

// take folds a record, and judges what it may have changed unless that was done.
func (j *judge) take(ctx context.Context, rec eventlog.Record) error {
	if rec.Position <= j.until {
		if matters(rec) {
			j.tick(rec.Time)
		}
		j.at = rec.Position
		j.turns.passed()
		return j.world.Apply(rec)
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	if matters(rec) {
		if err := j.pass(ctx, rec.Time); err != nil {
			return err
		}
	}
	before := j.turns.of(rec)
	t, err := j.world.apply(rec)
	if err != nil {
		return fmt.Errorf("position %d: %w", rec.Position, err)
	}
	j.at = rec.Position
	if err := j.turns.tell(ctx, rec, before); err != nil {
		return err
	}
	var pairs []pair
	for card := range t.cards {
		for ref := range j.world.entities {
			pairs = append(pairs, pair{card, ref})
		}
		for key := range j.standing {
			if key.card == card && j.world.entities[key.entity] == nil {
				pairs = append(pairs, key)
			}
		}
	}
	for ref := range t.entities {
		for card, c := range j.world.cards {
			if !t.cards[card] && t.bears(c) {
				pairs = append(pairs, pair{card, ref})
			}
		}
	}
	j.changed = t.facts
	return j.judge(ctx, pairs, why{rec.Time, rec.Actor, rec.Cause, rec.ID})
}

// start finds, once, which pairs time alone may change, and judges them by what is
// known of them by now: a newer version may know more than the one that judged them.
func (j *judge) start(ctx context.Context) error {
	if j.started {
		return nil
	}
	j.started, j.changed = true, nil
	return j.judge(ctx, slices.Collect(maps.Keys(j.standing)), scheduled(j.clock, fmt.Sprintf("start %d", j.at)))
}

// tick moves the clock on.
func (j *judge) tick(to time.Time) {
	if to.After(j.clock) {
		j.clock = to
	}
}

// pass judges what time alone changes until a moment, each pair at the time at which
// it is due: so what comes in late, or after a pause, is judged as it was.
func (j *judge) pass(ctx context.Context, to time.Time) error {
	for at, ok := j.dues.next(); ok && !at.After(to); at, ok = j.dues.next() {
		if err := j.turns.due(ctx, at); err != nil {
			return err
		}
		j.tick(at)
		j.catching = to.Sub(j.clock) > lookBack
		// After an event that came late, the clock is ahead: what is due by then waits, so
		// that each card is judged as if there were no other, and the same moment is judged
		// once more.
		j.changed = []string{}
		id := fmt.Sprintf("schedule %s %d", j.clock.UTC().Format(time.RFC3339Nano), j.at)
		if err := j.judge(ctx, j.dues.take(at), scheduled(j.clock, id)); err != nil {
			return err
		}
	}
	j.catching = false
	if err := j.turns.due(ctx, to); err != nil {
		return err
	}
	j.tick(to)
	return nil
}

// scheduled is that nothing but time led to it.
func scheduled(at time.Time, id string) why {
	tick := at.UTC().Truncate(lookAround).Format(time.RFC3339)
	return why{at, event.Actor{}, event.Cause{Schedule: "scorecards " + tick}, id}
}

// settle remembers how far it has come.
func (s *Scorer) settle(ctx context.Context, j *judge) error {
	if j.at > j.until {
		if err := s.Log.SetCursor(ctx, Name, j.at); err != nil {
			return err
		}
	}
	s.advance(j.at)
	return nil
}

// due judges the pairs whose time has come. Zero is that nobody knows the time.
func (j *judge) due(ctx context.Context, now time.Time) error {
	if now.IsZero() {
		return nil
	}
	if err := j.start(ctx); err != nil {
		return err
	}
	return j.pass(ctx, now)
}

// why is what pairs are judged for.
type why struct {
	at    time.Time
	actor event.Actor
	cause event.Cause
	id    string
}

// judge evaluates pairs and says, all at once, what changed.
func (j *judge) judge(ctx context.Context, pairs []pair, w why) error {
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.entity, b.entity), strings.Compare(a.card, b.card))
	})
	j.subject, j.subjectOf = nil, ""
	var all []change
	for _, key := range pairs {
		d, changed, err := j.evaluate(key, w.at)
		if err != nil {
			return err
		}
		if changed {
			all = append(all, change{key.entity, d, w})
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := j.say(ctx, all); err != nil {
		return err
	}
	for _, c := range all {
		j.note(c.entity, c.ScoreChanged)
	}
	return nil
}

// append appends changes in one piece.
func (s *Scorer) append(ctx context.Context, all []change) error {
	events := make([]event.Event, len(all))
	for i, c := range all {
		e, err := event.New(Source, c.entity, c.ScoreChanged)
		if err != nil {
			return err
		}
		e.ID, e.Time, e.Actor, e.Cause = event.DeriveID(0, "score", c.id, c.Card, c.entity), c.at, c.actor, c.cause
		events[i] = e
	}
	if _, err := s.Log.Append(ctx, events...); err != nil {
		return fmt.Errorf("append scores: %w", err)
	}
	return nil
}

// evaluate judges a pair at a moment and compares with what was said last.
func (j *judge) evaluate(key pair, now time.Time) (d event.ScoreChanged, changed bool, err error) {
	was, judged := j.standing[key]
	d = event.ScoreChanged{Card: key.card, Title: key.card, By: uint64(j.at)}
	if judged {
		d.Before = &was.Score
	}
	j.dues.set(key, time.Time{})
	card := j.world.cards[key.card]
	if j.subjectOf != key.entity { // the pairs of an entity come one after the other
		if j.subject, err = j.world.Subject(key.entity, now); err != nil {
			return d, false, err
		}
		j.subjectOf = key.entity
	}
	subject := j.subject
	if card != nil {
		d.Title = card.Title
	}
	if card == nil || subject == nil {
		return d, judged, nil
	}
	if was.by != card {
		was.result = nil
	}
	result := card.Reevaluate(was.result, subject, now, j.changed)
	if j.catching {
		result.Postpone(now, now.Add(lookBack))
	}
	j.dues.set(key, result.Due)
	if judged {
		was.result, was.by = &result, card
		j.standing[key] = was
	}
	switch result.Applies {
	case scorecards.Pass:
	case scorecards.NotApplicable:
		return d, judged, nil
	default: // it is not known whether the card judges it: what was said stays
		return d, false, nil
	}
	d.After = &event.Score{Level: card.Settle(was.Level, &result), Points: result.Points, Of: result.Of}
	stay := 0
	for _, r := range result.Rules {
		before, had := was.outcomes[r.Rule]
		if had {
			stay++
		}
		if before != string(r.Outcome) {
			d.Rules = append(d.Rules, event.RuleChange{Rule: r.Rule, Title: card.Rule(r.Rule).Title, Before: before, After: string(r.Outcome), Message: r.Message})
		}
	}
	if stay == len(was.outcomes) {
		return d, !judged || len(d.Rules) > 0 || *d.After != was.Score, nil
	}
	for _, id := range slices.Sorted(maps.Keys(was.outcomes)) {
		if card.Rule(id) == nil {
			d.Rules = append(d.Rules, event.RuleChange{Rule: id, Title: id, Before: was.outcomes[id]})
		}
	}
	return d, !judged || len(d.Rules) > 0 || *d.After != was.Score, nil
}
