// Package moments is the catalog as of any moment, on both clocks, behind the same
// indexes as the catalog of now. [Moments] gives it.
//
// Every version of every entity is kept in memory, and the snapshot of another moment
// is a choice of them: see [entities.Timeline]. Until they are read, or if they are too
// many, it is made of a snapshot that there is: the history tells of which entities
// other events count, and these alone are folded anew.
package moments

import (
	"context"
	"fmt"
	"iter"
	"maps"
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
	// far is how many entities are folded anew while the versions are being read; for
	// more it is faster to wait for these.
	far = 2000
	// patience is how long an answer is waited for at most, less than a connection is
	// kept for it.
	patience = 30 * time.Second
	// atOnce is how many snapshots are made at a time, and waiting how many there
	// are to be made.
	atOnce, waiting = 2, 64
)

// Moments makes snapshots of the catalog as it was.
type Moments struct {
	present *entities.Catalog
	past    Past
	wait    func(context.Context, eventlog.Position) error // until past has seen it
	now     func() time.Time
	turns   chan struct{} // has a token for each snapshot that is being made

	timeline *timeline

	mu     sync.Mutex
	recent []*view // the last used first
	making map[projections.Moment]*making
}

// view is the catalog at a moment.
type view struct {
	moment   projections.Moment
	snapshot *entities.Snapshot
	catalog  *entities.Catalog // that has it and stays as it is; others begin as forks of it. Nil if it was chosen
	known    eventlog.Position // what was on record when it was made
}

// stands is the moment with what was on record.
func (v *view) stands() projections.Moment {
	return projections.Moment{At: v.moment.At, Known: v.known}
}

// making is a snapshot that is being made, whoever still waits for it.
type making struct {
	done chan struct{} // closed once there is one of the two
	view *view
	err  error
}

// New returns the moments of a catalog, whose past is told by past and the log. Wait
// returns once past has seen an event. Without a log snapshots are always folded.
func New(present *entities.Catalog, past Past, log Log, wait func(context.Context, eventlog.Position) error, now func() time.Time) *Moments {
	return &Moments{
		present: present, past: past, wait: wait, now: now, turns: make(chan struct{}, atOnce), making: map[projections.Moment]*making{},
		timeline: &timeline{log: log, of: present.Timeline()},
	}
}

// Catalog returns the catalog at a moment. Errors are of kind fault.Invalid for a
// position that is not there yet, and fault.Unavailable, with
// [projections.ErrBeingMade], when ctx or half a minute ends before the catalog is
// made: that goes on, and whoever asks again finds it.
func (m *Moments) Catalog(ctx context.Context, at projections.Moment) (*entities.Snapshot, error) {
	if at.Now() {
		return m.present.Snapshot(), nil
	}
	s, err := m.catalog(ctx, at)
	if err != nil && ctx.Err() != nil { // wherever it was by then
		err = fault.Later(time.Second, "the catalog of another moment: %w", projections.ErrBeingMade)
	}
	return s, err
}

func (m *Moments) catalog(ctx context.Context, at projections.Moment) (*entities.Snapshot, error) {
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
	for {
		v, err := m.find(ctx, at, newest)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return v.snapshot, nil
		}
		// One that is being made may have been begun before what is newest was on record:
		// then it is looked at as one that was made before.
		if v, err = m.made(ctx, at, newest); err != nil {
			return nil, err
		}
		if at.Known > 0 || v.known >= newest {
			return v.snapshot, nil
		}
	}
}

// find returns a snapshot that was made before, if it holds still: what came since
// may tell of the moment.
func (m *Moments) find(ctx context.Context, at projections.Moment, newest eventlog.Position) (*view, error) {
	m.mu.Lock()
	i := slices.IndexFunc(m.recent, func(v *view) bool { return v.moment == at })
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
		v = &view{v.moment, v.snapshot, v.catalog, newest}
	}
	m.keep(v)
	return v, nil
}

func (m *Moments) keep(v *view) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recent = slices.DeleteFunc(m.recent, func(one *view) bool { return one.moment == v.moment })
	m.recent = slices.Insert(m.recent, 0, v)
	if len(m.recent) > kept {
		clear(m.recent[kept:])
		m.recent = m.recent[:kept]
	}
}

// made waits for a snapshot that somebody makes, or has it made.
func (m *Moments) made(ctx context.Context, at projections.Moment, newest eventlog.Position) (*view, error) {
	m.mu.Lock()
	one := m.making[at]
	if one == nil {
		if len(m.making) >= waiting {
			m.mu.Unlock()
			return nil, fault.Later(patience, "the catalog of %d other moments is being made: ask again later", waiting)
		}
		one = &making{done: make(chan struct{})}
		m.making[at] = one
		go m.make(context.WithoutCancel(ctx), one, at, newest)
	}
	m.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, projections.PatienceIn(ctx, patience))
	defer cancel()
	select {
	case <-one.done:
		return one.view, one.err
	case <-bounded.Done():
		return nil, fault.Later(time.Second, "the catalog of another moment: %w", projections.ErrBeingMade)
	}
}

func (m *Moments) make(ctx context.Context, one *making, at projections.Moment, newest eventlog.Position) {
	m.turns <- struct{}{}
	v := &view{moment: at, known: newest}
	if at.Known > 0 {
		v.known = at.Known
	}
	if one.err = m.fill(ctx, v); one.err != nil {
		one.err = fmt.Errorf("make the catalog of another moment: %w", one.err)
	} else {
		one.view = v
		m.keep(v)
	}
	m.mu.Lock()
	delete(m.making, at)
	m.mu.Unlock()
	<-m.turns
	close(one.done)
}

// fill makes the snapshot of a view.
func (m *Moments) fill(ctx context.Context, v *view) (err error) {
	to := v.stands()
	if v.snapshot, err = m.choose(ctx, to); v.snapshot != nil || err != nil {
		return err
	}
	v.catalog, err = m.travel(ctx, to, m.timeline.readable())
	if err == nil && v.catalog == nil { // too far
		if err = m.timeline.read(ctx); err == nil {
			v.snapshot, err = m.choose(ctx, to)
		}
		if v.snapshot == nil && err == nil { // there is too much of it
			v.catalog, err = m.travel(ctx, to, false)
		}
	}
	if v.catalog != nil {
		v.snapshot = v.catalog.Snapshot()
	}
	return err
}

// start returns a catalog to go to a moment from, and where it stands: of those that
// are kept and the present the one nearest in time.
func (m *Moments) start(ctx context.Context, to projections.Moment) (*entities.Catalog, projections.Moment, error) {
	goal, err := m.when(ctx, to)
	if err != nil {
		return nil, to, err
	}
	m.mu.Lock()
	views := slices.Clone(m.recent)
	m.mu.Unlock()
	var nearest *view
	least := m.present.Snapshot().Recorded().Sub(goal).Abs()
	for _, v := range views {
		if v.catalog == nil {
			continue
		}
		at, err := m.when(ctx, v.stands())
		if err != nil {
			return nil, to, err
		}
		if by := at.Sub(goal).Abs(); by < least {
			nearest, least = v, by
		}
	}
	if nearest != nil {
		return nearest.catalog.Fork(), nearest.stands(), nil
	}
	fork := m.present.Fork()
	stands := projections.Moment{Known: fork.Snapshot().Position()}
	return fork, stands, m.wait(ctx, stands.Known)
}

// when is a moment on the clock of what was true.
func (m *Moments) when(ctx context.Context, one projections.Moment) (time.Time, error) {
	if !one.At.IsZero() {
		return one.At, nil
	}
	return m.past.TruthAt(ctx, one.Known)
}

// travel returns the catalog at a moment, or nil if it is far and that is too much.
func (m *Moments) travel(ctx context.Context, to projections.Moment, nearOnly bool) (*entities.Catalog, error) {
	machine, stands, err := m.start(ctx, to)
	if err != nil {
		return nil, err
	}
	differing, err := m.past.Differing(ctx, stands, to)
	if err != nil || nearOnly && len(differing) > far {
		return nil, err
	}
	entangled, err := m.past.Entangled(ctx)
	if err != nil {
		return nil, err
	}
	alone := map[string]bool{}
	for _, subject := range differing {
		alone[subject] = true
	}
	// By the clock of what was true, events that bear on each other may be in another
	// order than they were recorded in.
	touched := stands.At.IsZero() != to.At.IsZero()
	for _, subject := range entangled {
		touched = touched || alone[subject]
		delete(alone, subject)
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(alone)), together) {
		if err := m.refold(ctx, machine, to, chunk, false); err != nil {
			return nil, err
		}
	}
	if touched {
		if err := m.refold(ctx, machine, to, entangled, true); err != nil {
			return nil, err
		}
	}
	if len(alone) == 0 && !touched {
		return machine, machine.Refold(to.Known, nil, false, nil)
	}
	return machine, nil
}

func (m *Moments) refold(ctx context.Context, machine *entities.Catalog, to projections.Moment, subjects []string, entangled bool) error {
	records, err := m.counting(ctx, to, subjects, entangled)
	if err != nil {
		return err
	}
	return machine.Refold(to.Known, subjects, entangled, records)
}

func (m *Moments) counting(ctx context.Context, to projections.Moment, subjects []string, all bool) (records []eventlog.Record, err error) {
	for rec, err := range m.past.Counting(ctx, to, subjects, all) {
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}
