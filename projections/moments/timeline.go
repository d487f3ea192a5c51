package moments

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
)

// Log has all events.
type Log interface {
	Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error]
}

const (
	// near is how many events a timeline may be behind to be brought up to date
	// before an answer; if it is further behind, snapshots are folded meanwhile.
	near = 5000
	// inOneGo is how many events are taken in while nobody can look.
	inOneGo = 500
	// most is how many versions are kept in memory, a kilobyte each. Of a history
	// that is longer, snapshots are folded.
	most = 2_000_000
)

// timeline keeps up with the log when it is asked.
type timeline struct {
	log Log

	reading sync.Mutex // held by who reads the log
	mu      sync.Mutex
	of      *entities.Timeline // nil if there is too much of it
}

// Run takes in what is on record, until that is done or ctx ends. Before, the catalog
// of another moment takes longer.
func (m *Moments) Run(ctx context.Context) error {
	err := m.timeline.read(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the end of ctx is no error
	}
	return err
}

// readable reports whether there is a log, and not too much in it.
func (t *timeline) readable() bool { return t.log != nil && t.present() != nil }

func (t *timeline) present() *entities.Timeline {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of
}

// read takes in what has come.
func (t *timeline) read(ctx context.Context) error {
	t.reading.Lock()
	defer t.reading.Unlock()
	of := t.present()
	if of == nil || t.log == nil {
		return nil
	}
	var records []eventlog.Record
	apply := func() error {
		defer func() { records = records[:0] }()
		return of.Apply(records)
	}
	for rec, err := range t.log.Read(ctx, of.Position()) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if records = append(records, rec); len(records) < inOneGo {
			continue
		}
		if err := apply(); err != nil {
			return err
		}
		if of.Len() > most {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.of = nil
			return nil
		}
	}
	return apply()
}

// upTo returns the timeline once it has seen all up to a position; nil if there is
// none, or it is far behind.
func (t *timeline) upTo(ctx context.Context, p eventlog.Position) (*entities.Timeline, error) {
	of := t.present()
	if of == nil || of.Position() >= p {
		return of, nil
	}
	if t.log == nil || p-of.Position() > near {
		return nil, nil
	}
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	return t.present(), nil
}

// choose returns the catalog at a moment by choosing versions, or nil if that is not
// possible yet.
func (m *Moments) choose(ctx context.Context, to projections.Moment) (*entities.Snapshot, error) {
	of, err := m.timeline.upTo(ctx, to.Known)
	if err != nil || of == nil {
		return nil, err
	}
	entangled, err := m.past.Entangled(ctx)
	if err != nil {
		return nil, err
	}
	records, err := m.counting(ctx, to, entangled, true)
	if err != nil {
		return nil, err
	}
	return of.AsOf(to, entangled, records)
}
