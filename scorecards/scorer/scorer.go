// Package scorer follows the log, judges what an event may have changed, and
// appends an [event.ScoreChanged] where a score did change. It folds the log for
// itself, record by record, so that each change is put down to the very event that
// led to it, however far behind the scorer is.
package scorer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
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
	lookBack = 24 * time.Hour
	// mostPast is how many may have the log read for an answer of the past at once: each
	// has all that was known then in memory.
	mostPast   = 2
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Log is what a scorer reads and appends to.
type Log interface {
	eventlog.Log
	eventlog.Cursors
}

// Options are what a scorer is made of. All must be set but Versions.
type Options struct {
	Log    Log
	Kinds  catalog.Kinds    // from which relations follow
	Now    func() time.Time // zero: it is not to be judged by the clock yet
	Logger *slog.Logger
	// Versions tells what an entity was, up to a moment, in the order in which it counts. From that
	// explanations know which event made a field what it is; nil: they name the newest.
	Versions func(ctx context.Context, ref string, at time.Time, known eventlog.Position) ([]Version, error)
}

// Scorer judges. Make one with [New].
type Scorer struct {
	Options
	asked chan func(*judge) // what others want to know, between two events
	past  chan struct{}     // holds one thing for each who reads the log for an answer

	mu    sync.Mutex
	at    eventlog.Position
	moved chan struct{} // closed and replaced whenever at grows
}

// New returns a scorer that has not begun.
func New(o Options) *Scorer {
	return &Scorer{Options: o, asked: make(chan func(*judge)), past: make(chan struct{}, mostPast), moved: make(chan struct{})}
}

// Run judges until ctx ends, which is no error. What goes wrong is tried again.
func (s *Scorer) Run(ctx context.Context) error {
	pause, came := firstRetry, eventlog.Position(0)
	for ctx.Err() == nil {
		err := s.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if at := s.position(); at > came { // it went on for a while
			pause, came = firstRetry, at
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

// position is how far it has come.
func (s *Scorer) position() eventlog.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
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
		asked := s.asked
		if j.at < last { // half of what is known gives wrong answers
			asked = nil
		}
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
		case ask := <-asked:
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
