package scorer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/catalog/descriptor"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/scorecards"
)

const (
	// keptAttempts is how many results are kept, the newest.
	keptAttempts = 12
	// keptMoves is how many entities that stand otherwise these name together: some 170 MB of
	// cards of 20 rules.
	keptMoves = 50_000
	// waitingAttempts is how many may wait for the one that runs.
	waitingAttempts = 8
	// countsFor is how long a result counts: who asks the same again gets it.
	countsFor = 10 * time.Minute
	// failsFor is how long one that failed is not begun again: each reads all of the log.
	failsFor = time.Minute
	// runsFor is how long one may take, since others wait for it.
	runsFor = 10 * time.Minute
	// keptTransitions of each backtest.
	keptTransitions = 200
)

// Trials run backtests for people, one at a time and in the background, and keep the
// results for a while. The scorer goes on meanwhile: they share the log with it and
// nothing else. Make them with [NewTrials].
type Trials struct {
	ctx   context.Context // ends those that run
	log   eventlog.Reader
	kinds catalog.Kinds
	now   func() time.Time
	turn  chan struct{} // holds one thing while one runs
	// longest is how long one may take.
	longest time.Duration
	// moves is how many entities all that are kept may name; the newest is kept, whatever it names.
	moves int

	mu   sync.Mutex
	kept []*Attempt // those that ended in the order in which they did
}

// NewTrials returns none yet. The end of ctx ends what runs.
func NewTrials(ctx context.Context, log eventlog.Reader, kinds catalog.Kinds, now func() time.Time) *Trials {
	return &Trials{ctx: ctx, log: log, kinds: kinds, now: now, turn: make(chan struct{}, 1), longest: runsFor, moves: keptMoves}
}

// Attempt is a backtest that runs, or ran.
type Attempt struct {
	ID     string // by which it is found
	Text   string // the card as somebody wrote it; empty if nobody did
	Entity *catalog.Entity
	Card   *scorecards.Card
	begun  time.Time
	over   time.Time     // when it failed; good once ended is closed
	share  atomic.Uint64 // of 1000
	ended  chan struct{}
	result *Backtest
	err    error
}

// Progress is how far it has come, from 0 to 1.
func (a *Attempt) Progress() float64 { return float64(a.share.Load()) / 1000 }

// Ended is closed once there is a result or an error.
func (a *Attempt) Ended() <-chan struct{} { return a.ended }

// Result waits for the result.
func (a *Attempt) Result(ctx context.Context) (*Backtest, error) {
	select {
	case <-a.ended:
		return a.result, a.err
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "the backtest has come to %d %%: %w", a.share.Load()/10, ctx.Err())
	}
}

// Begin has the past judged by a card, whose text is kept to be shown. What is wrong with the card, or makes no sense, is
// an error of kind fault.Invalid; that too many wait already one of fault.Unavailable. Who asks the same again gets the same
// attempt for ten minutes or, if it failed, for one.
func (t *Trials) Begin(e *catalog.Entity, text string, from, to time.Time, step scorecards.Step) (*Attempt, error) {
	card, problems := scorecards.ParseCard(e)
	if len(problems) > 0 {
		return nil, fault.New(fault.Invalid, "%s: %s", problems[0].Path, problems[0].Message)
	}
	if !from.IsZero() {
		if _, err := scorecards.Moments(from, to, step); err != nil {
			return nil, fault.New(fault.Invalid, "%w", err)
		}
	}
	upTo := to
	if t.now().Sub(to) < time.Minute { // who asks for now asks for another moment each time
		upTo = time.Time{}
	}
	id, err := idOf(e, text, from, upTo, step)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	open := 0
	for _, a := range t.kept {
		select {
		case <-a.ended:
		default:
			open++
		}
		if a.ID == id && a.counts(t.now()) {
			return a, nil
		}
	}
	if waiting := open - 1; waiting >= waitingAttempts { // one of them runs
		return nil, fault.Later(time.Minute, "%d backtests wait already: try again in a minute", waiting)
	}
	a := &Attempt{ID: id, Text: text, Entity: e, Card: card, begun: t.now(), ended: make(chan struct{})}
	t.kept = append(slices.DeleteFunc(t.kept, func(k *Attempt) bool { return k.ID == id }), a)
	t.trim()
	trial := Trial{Card: card, From: from, To: to, Step: step, Keep: keptTransitions, Progress: func(at, of eventlog.Position) {
		a.share.Store(uint64(1000 * at / max(of, 1)))
	}}
	go t.run(a, trial)
	return a, nil
}

// counts reports whether who asks the same gets this one, whatever came of it.
func (a *Attempt) counts(now time.Time) bool {
	select {
	case <-a.ended:
	default: // it may have to wait longer than its result counts
		return true
	}
	if a.err != nil {
		return now.Sub(a.over) < failsFor
	}
	return now.Sub(a.begun) < countsFor
}

func (t *Trials) run(a *Attempt, trial Trial) {
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		a.over = t.now()
		close(a.ended)
		t.kept = append(slices.DeleteFunc(t.kept, func(k *Attempt) bool { return k == a }), a)
		t.trim()
	}()
	select {
	case t.turn <- struct{}{}:
	case <-t.ctx.Done():
		a.err = fault.New(fault.Unavailable, "the portal stops")
		return
	}
	defer func() { <-t.turn }()
	ctx, cancel := context.WithTimeout(t.ctx, t.longest)
	defer cancel()
	a.result, a.err = trial.Run(ctx, t.log, t.kinds)
	if a.err != nil && ctx.Err() != nil && t.ctx.Err() == nil {
		a.err = fault.New(fault.Unavailable, "the backtest came to %d %% in %v and was given up, since others wait: ask for a shorter time, or have the rules go through less", a.share.Load()/10, t.longest)
	}
}

// trim drops what is too much to keep: of those that ended, the ones that did so first.
// The lock is held.
func (t *Trials) trim() {
	var ended []*Attempt
	for _, a := range t.kept {
		select {
		case <-a.ended:
			ended = append(ended, a)
		default:
		}
	}
	over, moves := len(t.kept)-keptAttempts, 0
	for i, a := range slices.Backward(ended) {
		if a.result != nil {
			moves += len(a.result.Moves)
		}
		if i < over || moves > t.moves && i < len(ended)-1 {
			t.kept = slices.DeleteFunc(t.kept, func(k *Attempt) bool { return k == a })
		}
	}
}

// Find returns an attempt by its id; false if it is not kept any more.
func (t *Trials) Find(id string) (*Attempt, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.kept {
		if a.ID == id {
			return a, true
		}
	}
	return nil, false
}

// Beginning is when the first event of the log became true; now if there is none.
func (t *Trials) Beginning(ctx context.Context) (time.Time, error) {
	first, err := t.log.At(ctx, 1)
	if fault.KindOf(err) == fault.NotFound {
		return t.now(), nil
	}
	return first.Time, err
}

func idOf(e *catalog.Entity, written string, from, to time.Time, step scorecards.Step) (string, error) {
	text, err := json.Marshal(e.Object())
	if err != nil {
		return "", fmt.Errorf("write %s: %w", e.Ref(), err)
	}
	sum := sha256.Sum256(fmt.Appendf(text, "%q %s %s %s", written, from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano), step))
	return hex.EncodeToString(sum[:8]), nil
}

// ReadCard reads a card that somebody proposes, in YAML or JSON: one document of kind
// Scorecard. There is an entity if and only if there are no problems.
func ReadCard(text []byte) (*catalog.Entity, []event.Problem) {
	file := descriptor.ResolveOf(scorecards.Kinds(), text, nil)
	problems := file.Problems
	for _, d := range file.Documents {
		problems = append(problems, d.Problems...)
	}
	var all []event.Problem
	for _, p := range problems {
		one := event.Problem{Path: p.Path, Line: p.Line, Column: p.Column, Message: p.Message}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	if len(all) > 0 {
		return nil, all
	}
	if len(file.Documents) != 1 {
		return nil, []event.Problem{{Line: 1, Column: 1, Message: fmt.Sprintf("must be one scorecard, found %d documents", len(file.Documents))}}
	}
	e := file.Documents[0].Entity
	if e.Kind != scorecards.KindScorecard {
		return nil, []event.Problem{{Line: file.Documents[0].Line, Column: 1, Path: "kind", Message: fmt.Sprintf("must be Scorecard, found %s", e.Kind)}}
	}
	return e, nil
}
