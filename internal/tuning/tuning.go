// Package tuning fits Go's runtime to what a portal is: memory that is read all
// the time, and a few writers that wait for the disk.
package tuning

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// writers is how many goroutines sit in file system calls at once when much comes
	// in: the event log's most of the time, the history's now and then. While one does,
	// its processor stands still until the scheduler takes it away, which can last up to
	// 10 ms: a fifth of a small machine's time, and all of it at the slow end of reads.
	// Of more than one the garbage collector takes its quarter, too, and reads get less.
	writers = 1

	// spare is how much garbage may lie about in a small heap, whose collector
	// would run many times a second otherwise.
	spare = 256 << 20

	leastPercent = 100 // Go's own default
	mostPercent  = 400

	interval = 2 * time.Second
)

// Run gives the process a processor more for a writer, and lets the garbage
// collector follow the size of the heap until ctx ends. What the environment
// chooses with GOMAXPROCS or GOGC stays as it is.
func Run(ctx context.Context) {
	if os.Getenv("GOMAXPROCS") == "" {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + writers))
	}
	if os.Getenv("GOGC") != "" {
		<-ctx.Done()
		return
	}
	percent := Percent(live())
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// To set it stops the world for a moment: not for a trifle.
		if now := Percent(live()); now < percent*9/10 || now > percent*11/10 {
			debug.SetGCPercent(now)
			percent = now
		}
	}
}

// Percent is how much a heap may grow, in percent of what of it is live, before
// the collector runs: see [debug.SetGCPercent].
func Percent(live uint64) int {
	return int(min(max(100*spare/max(live, 1), leastPercent), mostPercent))
}

// live is how many bytes the last collection found in use.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
