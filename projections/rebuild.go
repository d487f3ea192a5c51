package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// Rebuild is how far a second copy of a projection is. The zero Rebuild: none was
// asked for.
type Rebuild struct {
	Began    time.Time
	Position eventlog.Position // that the copy has come to
	Last     eventlog.Position // of the log, when that was read last
	Ended    time.Time         // zero while it runs
	Err      error             // what went wrong; nil if the copy took the place of the other
}

// Running reports whether a copy is being built.
func (r Rebuild) Running() bool { return !r.Began.IsZero() && r.Ended.IsZero() }

// few is how many records have to be left for the projection to wait while the copy
// catches up with them.
const few = 1000

// Rebuild folds a second copy of the named projection from the log, beside the one that
// is read, and has it take the place of that once it is as far: nobody who reads is
// held up, nor sees less than before. Only the projection itself stands still while
// the last few records are folded. After an error, or when ctx ends, all is as it was.
//
// The error is of kind fault.NotFound for a name that no projection has, fault.Conflict
// for one that is being rebuilt or of which there can be no second copy. Now is the
// clock that [Status] tells the times by.
func (r *Runner) Rebuild(ctx context.Context, name string, now func() time.Time) error {
	f, p, err := r.rebuildable(name)
	if err != nil {
		return err
	}
	if !f.begin(now()) {
		return fault.New(fault.Conflict, "%s is being rebuilt", name)
	}
	err = f.replace(ctx, p)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rebuild.Ended, f.rebuild.Err = now(), err
	return err
}

func (r *Runner) rebuildable(name string) (*follower, Rebuildable, error) {
	for _, f := range r.followers {
		if f.projection.Name() != name {
			continue
		}
		if p, ok := f.projection.(Rebuildable); ok {
			return f, p, nil
		}
		return nil, nil, fault.New(fault.Conflict, "there can be no second copy of %s", name)
	}
	return nil, nil, fault.New(fault.NotFound, "there is no projection %q", name)
}

// begin is false if a rebuild runs.
func (f *follower) begin(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rebuild.Running() {
		return false
	}
	f.rebuild = Rebuild{Began: now}
	return true
}

func (f *follower) replace(ctx context.Context, p Rebuildable) (err error) {
	if err := f.start(ctx); err != nil {
		return err
	}
	c, err := p.Beside(ctx)
	if err != nil {
		return fmt.Errorf("make a second copy of %s: %w", p.Name(), err)
	}
	defer func() {
		if e := c.Discard(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("delete the other copy of %s: %w", p.Name(), e))
		}
	}()
	next := newFollower(told{c, f}, f.log)
	for {
		n, err := next.catchUp(ctx)
		if err != nil {
			return err
		}
		if n < few {
			break
		}
	}
	return f.giveWay(ctx, next, c)
}

// giveWay has the copy catch up with the projection, and take its place.
func (f *follower) giveWay(ctx context.Context, next *follower, c Copy) error {
	f.applying.Lock()
	defer f.applying.Unlock()
	if _, err := next.catchUp(ctx); err != nil {
		return err
	}
	if at, to := next.at(), f.at(); at < to {
		return fmt.Errorf("the copy of %s has come to position %d, and the log to %d: the log has lost something", c.Name(), at, to)
	}
	if err := c.TakeOver(ctx); err != nil {
		return fmt.Errorf("put the copy of %s in use: %w", c.Name(), err)
	}
	f.advance(next.at())
	return nil
}

// told is a copy of which the follower of the projection knows how far it is.
type told struct {
	Copy
	of *follower
}

// Apply folds records, and tells.
func (t told) Apply(ctx context.Context, records []eventlog.Record) error {
	last, err := t.of.log.Last(ctx)
	if err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	if err := t.Copy.Apply(ctx, records); err != nil {
		return err
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.rebuild.Position, t.of.rebuild.Last = records[len(records)-1].Position, last
	return nil
}

// Batch is that of the projection; none is the usual.
func (t told) Batch() (records, bytes int) {
	if p, ok := t.Projection.(batcher); ok {
		return p.Batch()
	}
	return batchSize, batchBytes
}
