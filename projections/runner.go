package projections

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// batchSize and batchBytes, of Data, bound what one Apply gets, and so the
	// memory and the length of a transaction.
	batchSize  = 5000
	batchBytes = 16 << 20
	// firstRetry and lastRetry bound the pause after a failed Apply. A
	// projection never skips a record: it stands still, says so, and tries again.
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Runner keeps projections in step with one log. Each runs at its own pace: a
// slow one holds up nobody.
type Runner struct {
	log       eventlog.Reader
	logger    *slog.Logger
	followers []*follower
}

// NewRunner returns a Runner of ps over log.
func NewRunner(log eventlog.Reader, logger *slog.Logger, ps ...Projection) *Runner {
	r := &Runner{log: log, logger: logger}
	for _, p := range ps {
		r.followers = append(r.followers, newFollower(p, log))
	}
	return r
}

// Check returns an error of kind fault.Conflict if a projection was not folded
// from this log: its position lies beyond the log's end, so that it would leave
// out what comes next. Call it before Run, which waits for that to be mended.
// Of one that cannot be reached nothing is known; Run will tell.
func (r *Runner) Check(ctx context.Context) error {
	for _, f := range r.followers {
		if err := f.start(ctx); err != nil && !f.unreachable() {
			return err
		}
	}
	return nil
}

// CatchUp folds every projection to the end of the log and returns; the first
// error ends it. It is for tests and for work without [Runner.Run].
func (r *Runner) CatchUp(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range r.followers {
		g.Go(func() error {
			_, err := f.catchUp(ctx)
			return err
		})
	}
	return g.Wait()
}

// Run keeps every projection in step until ctx ends, which is no error. A
// projection that cannot read or apply a record is tried again with growing
// pauses; [Runner.Status] tells.
func (r *Runner) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range r.followers {
		g.Go(func() error {
			r.follow(ctx, f)
			return nil
		})
	}
	return g.Wait()
}

// Ready returns once every projection has been at the end of the log, or cannot be
// reached, while Run runs: the gate before serving. It returns an error of kind
// fault.Unavailable when ctx ends before.
func (r *Runner) Ready(ctx context.Context) error {
	for _, f := range r.followers {
		select {
		case <-f.settled:
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "%s has not caught up with the log yet: %w", f.projection.Name(), ctx.Err())
		}
	}
	return nil
}

func (r *Runner) follow(ctx context.Context, f *follower) {
	pause := firstRetry
	for ctx.Err() == nil {
		err := f.step(ctx)
		if err == nil {
			pause = firstRetry
			continue
		}
		if ctx.Err() != nil {
			return
		}
		f.failed(err)
		r.logger.ErrorContext(ctx, "projection stands still", "projection", f.projection.Name(), "position", f.at(), "error", err, "retry", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastRetry)
	}
}

// Wait returns once the named projection has applied the record at p: read your
// own write. It returns an error of kind fault.Unavailable when ctx ends before, or
// when the projection cannot be reached.
func (r *Runner) Wait(ctx context.Context, name string, p eventlog.Position) error {
	for _, f := range r.followers {
		if f.projection.Name() == name {
			return f.wait(ctx, p)
		}
	}
	return fmt.Errorf("wait for projection %q: there is none of this name", name)
}

// WaitAll is Wait for every projection of the Runner.
func (r *Runner) WaitAll(ctx context.Context, p eventlog.Position) error {
	for _, f := range r.followers {
		if err := f.wait(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Status is how one projection stands.
type Status struct {
	Name     string
	Position eventlog.Position
	Last     eventlog.Position // newest record of the log
	Err      error             // why it stands still; nil when it does not
	Ready    bool              // it has been at the end of the log once
	// Unreachable: where it keeps its state does not answer. The others go on.
	Unreachable bool
	Rebuild     Rebuild // the last that was asked for
}

// Lag is how many records the projection has yet to apply.
func (s Status) Lag() uint64 { return uint64(s.Last - min(s.Last, s.Position)) }

// Status tells how each projection stands.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	last, err := r.log.Last(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the end of the log: %w", err)
	}
	all := make([]Status, len(r.followers))
	for i, f := range r.followers {
		f.mu.Lock()
		all[i] = Status{Name: f.projection.Name(), Position: f.position, Last: last, Err: f.err, Ready: f.ready, Unreachable: f.away != nil, Rebuild: f.rebuild}
		f.mu.Unlock()
	}
	return all, nil
}

// batcher is a Projection for which batches of another size may be better; 0 is none.
type batcher interface {
	Batch() (records, bytes int)
}

// settler is a Projection that has work to do once it has come to the end of the log.
type settler interface {
	CaughtUp(ctx context.Context) error
}

// follower is one projection on its way along the log.
type follower struct {
	projection Projection
	log        eventlog.Reader
	settled    chan struct{} // closed once the projection has been at the end of the log, or could not be reached
	settle     func()        // closes it

	mu       sync.Mutex
	started  bool // position was read from the projection
	ready    bool // it has been at the end of the log
	position eventlog.Position
	err      error
	away     error         // what the projection says while it cannot be reached, of kind fault.Unavailable
	moved    chan struct{} // closed and replaced whenever position grows, or the projection is away
	rebuild  Rebuild

	applying sync.Mutex // held while the projection is applied to, or another copy takes its place
}

func newFollower(p Projection, log eventlog.Reader) *follower {
	settled := make(chan struct{})
	return &follower{projection: p, log: log, settled: settled, settle: sync.OnceFunc(func() { close(settled) }), moved: make(chan struct{})}
}

// start asks the projection how far it has come, once.
func (f *follower) start(ctx context.Context) error {
	f.mu.Lock()
	started := f.started
	f.mu.Unlock()
	if started {
		return nil
	}
	name := f.projection.Name()
	p, err := f.projection.Position(ctx)
	f.answered(err)
	if err != nil {
		return fmt.Errorf("read position of projection %s: %w", name, err)
	}
	last, err := f.log.Last(ctx)
	if err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	if p > last {
		return fault.New(fault.Conflict, "the read model %s stands at position %d, but its log ends at %d: it was folded from another log, or the log was put back to an earlier copy; "+
			"stop the portal and run callboard rebuild --data with its data folder", name, p, last)
	}
	if err := f.sameLog(ctx, p); err != nil {
		return err
	}
	f.advance(p)
	f.mu.Lock()
	f.started = true
	f.mu.Unlock()
	return nil
}

// identifier is a Projection that knows which event it has at a position.
type identifier interface {
	EventID(ctx context.Context, p eventlog.Position) (string, error)
}

// sameLog checks that the event that the projection has seen last is that of the log.
func (f *follower) sameLog(ctx context.Context, p eventlog.Position) error {
	knows, ok := f.projection.(identifier)
	if !ok || p == 0 {
		return nil
	}
	name := f.projection.Name()
	seen, err := knows.EventID(ctx, p)
	f.answered(err)
	if err != nil {
		return fmt.Errorf("read the last event of projection %s: %w", name, err)
	}
	for rec, err := range f.log.Read(ctx, p-1) {
		if err != nil {
			return fmt.Errorf("read position %d of the log: %w", p, err)
		}
		if rec.ID != seen {
			return fault.New(fault.Conflict, "the read model %s was folded from another log: its event %d is %s, and that of this log is %s; "+
				"give it a place of its own, or stop the portal and run callboard rebuild", name, p, seen, rec.ID)
		}
		break
	}
	return nil
}

// step catches up, then waits for one more record to be there.
func (f *follower) step(ctx context.Context) error {
	n, err := f.catchUp(ctx)
	if err != nil || n > 0 {
		return err
	}
	for _, err := range f.log.Follow(ctx, f.at()) {
		return err // one more record is there: the next step applies it with all that came with it
	}
	return nil
}

// catchUp applies what the log holds now, and returns how many records that were.
func (f *follower) catchUp(ctx context.Context) (n int, err error) {
	if err := f.start(ctx); err != nil {
		return 0, err
	}
	records, bytes := batchSize, batchBytes
	if p, ok := f.projection.(batcher); ok {
		if n, size := p.Batch(); n > 0 {
			records, bytes = n, size
		}
	}
	var batch []eventlog.Record
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		f.applying.Lock()
		err := f.projection.Apply(ctx, batch)
		f.applying.Unlock()
		f.answered(err)
		if err != nil {
			return fmt.Errorf("apply positions %d to %d to projection %s: %w",
				batch[0].Position, batch[len(batch)-1].Position, f.projection.Name(), err)
		}
		f.advance(batch[len(batch)-1].Position)
		n += len(batch)
		clear(batch)
		batch, size = batch[:0], 0
		return nil
	}
	for rec, err := range f.log.Read(ctx, f.at()) {
		if err != nil {
			return n, err
		}
		batch, size = append(batch, rec), size+len(rec.Data)
		if len(batch) == records || size >= bytes {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := flush(); err != nil {
		return n, err
	}
	if p, ok := f.projection.(settler); ok {
		f.applying.Lock()
		err := p.CaughtUp(ctx)
		f.applying.Unlock()
		if err != nil {
			f.answered(err)
			return n, fmt.Errorf("settle projection %s at the end of the log: %w", f.projection.Name(), err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.ready = nil, true
	f.settle()
	return n, nil
}

// answered notes what the projection said last: whether it can be reached.
func (f *follower) answered(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.KindOf(err) != fault.Unavailable {
		f.away = nil
		return
	}
	f.away = err
	f.settle()
	close(f.moved)
	f.moved = make(chan struct{})
}

func (f *follower) unreachable() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away != nil
}

func (f *follower) at() eventlog.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position
}

func (f *follower) advance(p eventlog.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p <= f.position {
		return
	}
	f.position = p
	close(f.moved)
	f.moved = make(chan struct{})
}

func (f *follower) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *follower) wait(ctx context.Context, p eventlog.Position) error {
	for {
		f.mu.Lock()
		at, away, moved := f.position, f.away, f.moved
		f.mu.Unlock()
		if at >= p {
			return nil
		}
		if away != nil {
			return away
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "%s has reached position %d, not yet %d: %w", f.projection.Name(), at, p, ctx.Err())
		}
	}
}
