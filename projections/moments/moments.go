// Package moments is the catalog as of any moment, on both clocks, behind the same
// indexes as the catalog of now. [Moments] gives it.
//
// A snapshot of another moment is made of one that there is: the history tells of
// which entities other events count, and these alone are folded anew. So a moment
// near another one costs little, and shares with it what is the same.
package moments

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// Past tells which events count at a moment; a history does.
type Past interface {
	Clocks
	Differing(ctx context.Context, one, other projections.Moment) ([]string, error)
	Entangled(ctx context.Context) ([]string, error)
	Counting(ctx context.Context, m projections.Moment, subjects []string, all bool) iter.Seq2[eventlog.Record, error]
}

// Clocks tell when events were recorded, and from when on they count.
type Clocks interface {
	Position(ctx context.Context) (eventlog.Position, error)
	PositionAt(ctx context.Context, t time.Time) (eventlog.Position, error)
	TruthAt(ctx context.Context, p eventlog.Position) (time.Time, error)
}

const (
	// kept is how many snapshots are kept: a few people who look around at a few
	// moments. What they have in common takes memory once.
	kept = 16
	// together is how many entities are folded anew in one go.
	together = 20_000
)

// Moments makes snapshots of the catalog as it was.
type Moments struct {
	present *entities.Catalog
	past    Past
	wait    func(context.Context, eventlog.Position) error // until past has seen it
	now     func() time.Time

	turn    chan struct{}     // has one token: who holds it may use the machine
	machine *entities.Catalog // goes from moment to moment; nil before the first
	stands  projections.Moment

	mu     sync.Mutex
	recent []view // the last used first
}

// view is the catalog at a moment.
type view struct {
	moment   projections.Moment
	snapshot *entities.Snapshot
	known    eventlog.Position // what was on record when it was made
}

// New returns the moments of a catalog, whose past is told by past. Wait returns
// once that has seen an event.
func New(present *entities.Catalog, past Past, wait func(context.Context, eventlog.Position) error, now func() time.Time) *Moments {
	return &Moments{present: present, past: past, wait: wait, now: now, turn: make(chan struct{}, 1)}
}

// Catalog returns the catalog at a moment. Errors are of kind fault.Invalid for a
// position that is not there yet, and fault.Unavailable when ctx ends before the
// catalog is made.
func (m *Moments) Catalog(ctx context.Context, at projections.Moment) (*entities.Snapshot, error) {
	if at.Now() {
		return m.present.Snapshot(), nil
	}
	newest, err := m.past.Position(ctx)
	if err != nil {
		return nil, err
	}
	if newest == 0 {
		return m.present.Snapshot(), nil // an empty log has no past
	}
	if at.Known > newest {
		return nil, fault.New(fault.Invalid, "position %d is not there yet: the newest is %d", at.Known, newest)
	}
	if found, err := m.find(ctx, at, newest); found != nil || err != nil {
		return found, err
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "the catalog of another moment is being made: %w", ctx.Err())
	}
	if found, err := m.find(ctx, at, newest); found != nil || err != nil {
		return found, err // somebody has made it meanwhile
	}
	to := at
	if to.Known == 0 {
		to.Known = newest
	}
	if err := m.travel(ctx, to); err != nil {
		m.machine = nil // nobody knows where it stands
		return nil, fmt.Errorf("fold the catalog as of another moment: %w", err)
	}
	v := view{at, m.machine.Snapshot(), to.Known}
	m.keep(v)
	return v.snapshot, nil
}

// find returns a snapshot that was made before, if it holds still: what came since
// may tell of the moment.
func (m *Moments) find(ctx context.Context, at projections.Moment, newest eventlog.Position) (*entities.Snapshot, error) {
	m.mu.Lock()
	i := slices.IndexFunc(m.recent, func(v view) bool { return v.moment == at })
	if i < 0 {
		m.mu.Unlock()
		return nil, nil
	}
	v := m.recent[i]
	m.mu.Unlock()
	if at.Known == 0 && v.known < newest {
		was, is := at, at
		was.Known, is.Known = v.known, newest
		differing, err := m.past.Differing(ctx, was, is)
		if err != nil || len(differing) > 0 {
			return nil, err
		}
		v.known = newest
	}
	m.keep(v)
	return v.snapshot, nil
}

func (m *Moments) keep(v view) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recent = slices.DeleteFunc(m.recent, func(one view) bool { return one.moment == v.moment })
	m.recent = slices.Insert(m.recent, 0, v)
	if len(m.recent) > kept {
		clear(m.recent[kept:])
		m.recent = m.recent[:kept]
	}
}

// travel takes the machine to a moment.
func (m *Moments) travel(ctx context.Context, to projections.Moment) error {
	if m.machine == nil {
		machine := m.present.Fork()
		m.stands = projections.Moment{Known: machine.Snapshot().Position()}
		if err := m.wait(ctx, m.stands.Known); err != nil {
			return err
		}
		m.machine = machine
	}
	differing, err := m.past.Differing(ctx, m.stands, to)
	if err != nil {
		return err
	}
	entangled, err := m.past.Entangled(ctx)
	if err != nil {
		return err
	}
	alone := map[string]bool{}
	for _, subject := range differing {
		alone[subject] = true
	}
	// By the clock of what was true, events that bear on each other may be in another
	// order than they were recorded in.
	touched := m.stands.At.IsZero() != to.At.IsZero()
	for _, subject := range entangled {
		touched = touched || alone[subject]
		delete(alone, subject)
	}
	subjects := make([]string, 0, len(alone))
	for subject := range alone {
		subjects = append(subjects, subject)
	}
	slices.Sort(subjects)
	for chunk := range slices.Chunk(subjects, together) {
		if err := m.refold(ctx, to, chunk, false); err != nil {
			return err
		}
	}
	if touched {
		if err := m.refold(ctx, to, entangled, true); err != nil {
			return err
		}
	}
	if len(subjects) == 0 && !touched {
		if err := m.machine.Refold(to.Known, nil, false, nil); err != nil {
			return err
		}
	}
	m.stands = to
	return nil
}

func (m *Moments) refold(ctx context.Context, to projections.Moment, subjects []string, entangled bool) error {
	var records []eventlog.Record
	for rec, err := range m.past.Counting(ctx, to, subjects, entangled) {
		if err != nil {
			return err
		}
		records = append(records, rec)
	}
	return m.machine.Refold(to.Known, subjects, entangled, records)
}
