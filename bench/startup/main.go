// Command startup measures how long a Callboard takes from its start until
// /readyz says that it is ready, with the catalog's snapshot file and without it,
// and the memory that it has then.
//
//	go run ./bench/startup -callboard bin/callboard -data out/data -entities 100000
//
// The first start, which folds what the read models have not seen yet and leaves
// a snapshot file behind, is told but is not part of the medians.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "startup:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var m measurement
	flag.StringVar(&m.callboard, "callboard", "bin/callboard", "the program")
	flag.StringVar(&m.data, "data", "", "its data folder")
	flag.StringVar(&m.snapshot, "snapshot", "*.snapshot", "pattern of the snapshot file in the data folder")
	flag.DurationVar(&m.settle, "settle", 2*time.Second, "how long to wait before the memory is looked at")
	entities := flag.Int("entities", 1000, "how many entities the data folder has")
	runs := flag.Int("runs", 3, "starts of each kind, of which the median is taken")
	flag.Parse()
	if m.data == "" || *runs < 1 || *entities < 1 {
		return errors.New("-data must name a data folder, and -runs and -entities must be 1 or more")
	}
	first, err := m.start(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("The first start, with all read models to fold: %.2f s.\n\n", first.ready.Seconds())
	fmt.Println("| start | ready after s | resident MB | at most MB | live heap MB | resident bytes/entity | live heap bytes/entity |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|")
	for _, kind := range []struct {
		name   string
		forget bool
	}{{"from the log", true}, {"from the snapshot file", false}} {
		all := make([]started, *runs)
		for i := range all {
			files, err := m.snapshots(kind.forget)
			if err != nil {
				return err
			}
			if files == 0 && !kind.forget {
				fmt.Printf("\nCallboard has left no file that matches %s when it stopped.\n", m.snapshot)
				return nil
			}
			if all[i], err = m.start(ctx); err != nil {
				return err
			}
		}
		row(kind.name, all, float64(*entities))
	}
	return nil
}

func row(name string, all []started, entities float64) {
	const mb = 1 << 20
	of := func(value func(started) float64) float64 {
		values := make([]float64, len(all))
		for i, s := range all {
			values[i] = value(s)
		}
		slices.Sort(values)
		n := len(values)
		return (values[(n-1)/2] + values[n/2]) / 2
	}
	resident := of(func(s started) float64 { return s.resident })
	live := of(func(s started) float64 { return s.live })
	fmt.Printf("| %s | %.2f | %.0f | %.0f | %.0f | %.0f | %.0f |\n", name, of(func(s started) float64 { return s.ready.Seconds() }),
		resident/mb, of(func(s started) float64 { return s.peak })/mb, live/mb, resident/entities, live/entities)
}

// measurement is what is started and how.
type measurement struct {
	callboard, data, snapshot string
	settle                    time.Duration
}

// started is what one start has shown. Sizes are in bytes.
type started struct {
	ready                time.Duration
	resident, peak, live float64
}

// snapshots counts the snapshot files in the data folder, and removes them first
// if they are to be forgotten.
func (m *measurement) snapshots(forget bool) (int, error) {
	files, err := filepath.Glob(filepath.Join(m.data, m.snapshot))
	if err != nil || !forget {
		return len(files), err
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// start starts Callboard, waits until it is ready, looks at its memory and stops it.
func (m *measurement) start(ctx context.Context) (s started, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return s, err
	}
	c := exec.CommandContext(ctx, m.callboard, "serve", "--data", m.data, "--listen", address)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	var said bytes.Buffer
	c.Stderr = &said
	begun := time.Now()
	if err := c.Start(); err != nil {
		return s, fmt.Errorf("start Callboard: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for ready := false; !ready; {
		select {
		case err := <-ended:
			return s, fmt.Errorf("it ended before it was ready: %w\n%s", errors.Join(err, ctx.Err()), said.String())
		case <-poll.C:
			_, err := get(ctx, "http://"+address+"/readyz")
			ready = err == nil
		}
	}
	s.ready = time.Since(begun)
	select {
	case <-time.After(m.settle):
	case <-ctx.Done():
	}
	err = s.look(ctx, "http://"+address, c.Process.Pid)
	return s, errors.Join(err, c.Process.Signal(syscall.SIGTERM), <-ended)
}
