// Command history measures a store of the history: how fast rows are written, and
// how long questions take that pages and the API ask.
//
//	go run ./bench/history -store sqlite -events 1000000
//	go run ./bench/history -store clickhouse -events 10000000
//	go run ./bench/history -store native -events 10000000
//	go run ./bench/history -store http://user:password@host:8123/bench -events 10000000
//
// "clickhouse" is the engine that tests run, over HTTP; "native" the same over the
// native protocol. What is asked of the catalog's past is
// the work of the store alone: folding comes on top, see docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/clickhousetest"
	"github.com/callboard/callboard/internal/tuning"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/clickhousestore"
	"github.com/callboard/callboard/projections/history/sqlitestore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

type options struct {
	store  string
	plan   plan
	folded int
	folder string
	runs   int
	reuse  bool
}

func run(ctx context.Context) (err error) {
	var o options
	flag.StringVar(&o.store, "store", "sqlite", "sqlite, clickhouse, native, or the URL of a database")
	flag.IntVar(&o.plan.events, "events", 100_000, "how many events, over a year")
	flag.IntVar(&o.plan.entities, "entities", 0, "how many entities they are about; 0 is a hundredth of the events, 1000 at least")
	flag.IntVar(&o.folded, "folded", 100_000, "how many of the events are also folded by the projection, into a store of their own; 0 for none")
	flag.StringVar(&o.folder, "folder", "", "where the store is; empty is a folder that is deleted")
	flag.IntVar(&o.runs, "runs", 50, "how often each question is asked")
	flag.BoolVar(&o.reuse, "reuse", false, "the folder has been filled by an earlier run with the same figures")
	flag.Parse()
	if o.plan.entities == 0 {
		o.plan.entities = max(1000, o.plan.events/100)
	}
	if o.folder == "" {
		if o.folder, err = os.MkdirTemp("", "callboard-history-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.folder)) }()
	}
	if err := os.MkdirAll(o.folder, 0o700); err != nil {
		return err
	}
	go tuning.Run(ctx) // as serve does
	return measure(ctx, o)
}

func measure(ctx context.Context, o options) (err error) {
	o.folded = min(o.folded, o.plan.events)
	open, stop, err := places(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	fmt.Printf("%s, %d events about %d entities, %d processors\n\n", o.store, o.plan.events, o.plan.entities, runtime.NumCPU())
	if o.folded > 0 && !o.reuse {
		if err := fold(ctx, o, open); err != nil {
			return err
		}
	}
	s, err := open("rows")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if !o.reuse {
		if err := fill(ctx, o, s); err != nil {
			return err
		}
	}
	return ask(ctx, o, s)
}

// places returns what opens a store by its name, and what stops all that runs.
func places(ctx context.Context, o options) (open func(string) (history.Store, error), stop func() error, err error) {
	stop = func() error { return nil }
	switch o.store {
	case "sqlite":
		return func(name string) (history.Store, error) {
			return sqlitestore.Open(ctx, filepath.Join(o.folder, name+".db"))
		}, stop, nil
	case "clickhouse", "native":
		protocol := "http"
		if o.store == "native" {
			protocol = "clickhouse"
		}
		server, stop, err := clickhousetest.Run(context.WithoutCancel(ctx), filepath.Join(o.folder, "clickhouse"))
		if err != nil {
			return nil, nil, err
		}
		return func(name string) (history.Store, error) { return clickhousestore.Open(server.URL(protocol, name)) }, stop, nil
	default:
		return func(string) (history.Store, error) { return clickhousestore.Open(o.store) }, stop, nil
	}
}

// batch is how many rows are written at once, as the runner of the projections does.
func batch(s history.Store) int {
	if n, _ := history.New(s).Batch(); n > 0 {
		return n
	}
	return 5000
}

// fold measures the projection: from events of a log to rows.
func fold(ctx context.Context, o options, open func(string) (history.Store, error)) (err error) {
	if strings.Contains(o.store, "://") {
		return nil // there is one database
	}
	s, err := open("folded")
	if err != nil {
		return err
	}
	h := history.New(s)
	defer func() { err = errors.Join(err, h.Close()) }()
	took, err := inBatches(o.folded, batch(s), o.plan.record, func(rows []record) error { return h.Apply(ctx, rows) })
	if err != nil {
		return err
	}
	fmt.Printf("log → history: %d events in %v, %.0f events/s\n", o.folded, took.Round(time.Millisecond), float64(o.folded)/took.Seconds())
	return nil
}

// fill measures the store alone.
func fill(ctx context.Context, o options, s history.Store) error {
	took, err := inBatches(o.plan.events, batch(s), o.plan.row, func(rows []history.Row) error { return s.Append(ctx, rows) })
	if err != nil {
		return err
	}
	fmt.Printf("rows: %d in %v, %.0f rows/s\n", o.plan.events, took.Round(time.Millisecond), float64(o.plan.events)/took.Seconds())
	size, err := sizeOf(o.folder)
	if err == nil && size > 0 {
		fmt.Printf("on disk, with what was folded: %d MB, %d bytes a row\n", size>>20, size/int64(o.plan.events+o.folded))
	}
	return err
}

// inBatches makes n things and hands them over; the time is that of the latter alone.
func inBatches[T any](n, size int, of func(int) T, do func([]T) error) (took time.Duration, err error) {
	made := make([]T, 0, size)
	for i := range n {
		if made = append(made, of(i)); len(made) == size || i == n-1 {
			began := time.Now()
			if err := do(made); err != nil {
				return 0, err
			}
			took += time.Since(began)
			made = made[:0]
		}
	}
	return took, nil
}

func sizeOf(folder string) (size int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreMissing(err)
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return ignoreMissing(err)
	})
	return size, err
}

// ignoreMissing: files come and go while it is looked at them.
func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
