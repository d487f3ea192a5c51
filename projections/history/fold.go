package history

import (
	"context"
	"fmt"
	"hash/maphash"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// many is how many records are worth the work of all processors.
const many = 1000

// folding is records on their way to rows.
type folding struct {
	records []eventlog.Record
	data    []event.Data
	abouts  []string
	rows    []Row
}

// fold makes the rows of records. Each processor takes what is told of some things,
// in order: what is told of others does not bear on that.
func (h *History) fold(ctx context.Context, records []eventlog.Record) ([]Row, error) {
	f := folding{records, make([]event.Data, len(records)), make([]string, len(records)), make([]Row, len(records))}
	workers := 1
	if len(records) >= many {
		workers = runtime.GOMAXPROCS(0)
	}
	err := inParallel(workers, func(worker int) error { return f.decode(worker*len(records)/workers, (worker+1)*len(records)/workers) })
	if err != nil {
		return nil, err
	}
	newest, err := h.Newest(ctx, f.abouts)
	if err != nil {
		return nil, fmt.Errorf("read the versions before: %w", err)
	}
	seed := maphash.MakeSeed()
	err = inParallel(workers, func(worker int) error {
		return f.tell(newest, func(about string) bool {
			return workers == 1 || maphash.String(seed, about)%uint64(workers) == uint64(worker) //nolint:gosec // not negative
		})
	})
	return f.rows, err
}

func inParallel(workers int, do func(worker int) error) error {
	var g errgroup.Group
	for worker := range workers {
		g.Go(func() error { return do(worker) })
	}
	return g.Wait()
}

// decode decodes the records of a range.
func (f *folding) decode(from, to int) (err error) {
	for i := from; i < to; i++ {
		rec := f.records[i]
		if f.data[i], err = decode(rec); err != nil {
			return fmt.Errorf("position %d: %w", rec.Position, err)
		}
		f.abouts[i] = stateKey(rec, f.data[i])
	}
	return nil
}

// tell makes the rows about what is mine, beside the newest versions before.
func (f *folding) tell(before map[string]Version, mine func(about string) bool) (err error) {
	newest := map[string]Version{}
	for i, rec := range f.records {
		about := f.abouts[i]
		if !mine(about) {
			continue
		}
		version, ok := newest[about]
		if !ok {
			version = before[about]
		}
		r := &f.rows[i]
		if *r, err = rowOf(rec, f.data[i], about, version); err != nil {
			return fmt.Errorf("position %d: %w", rec.Position, err)
		}
		if r.About != "" {
			after := Version{r.Truth, r.State, r.Declares, version.Declared}
			if r.Declares == rec.Position {
				after.Declared = rec.Data
			}
			newest[r.About] = after
		}
	}
	return nil
}
