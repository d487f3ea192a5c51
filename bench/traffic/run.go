package traffic

import (
	"context"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Result is what one run, or the median of several, has measured. Times are of
// answers with a status of 2xx, in JSON in nanoseconds; all others are failures.
type Result struct {
	P50      time.Duration `json:"p50"`
	P95      time.Duration `json:"p95"`
	P99      time.Duration `json:"p99"`
	PerSec   float64       `json:"perSecond"`
	Bytes    float64       `json:"bytesPerAnswer"`
	Requests int           `json:"requests"`
	Failures int           `json:"failures"`
	Failure  string        `json:"failure,omitempty"` // one of them
}

// Run sends requests of one case on some connections at once, each as soon as
// the one before is answered, until the time is over. An answer under way then
// is waited for.
func Run(ctx context.Context, t Target, c Case, connections int, lasting time.Duration) (Result, error) {
	workers := make([]worker, connections)
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for i := range workers {
		g.Go(func() error {
			return workers[i].run(ctx, t, c, i*len(c.Requests)/connections, start.Add(lasting))
		})
	}
	if err := g.Wait(); err != nil {
		return Result{}, err
	}
	return sum(workers, time.Since(start)), nil
}

// worker is one connection and what it has seen.
type worker struct {
	took     []time.Duration
	bytes    int
	failures int
	failure  string
}

func (w *worker) run(ctx context.Context, t Target, c Case, from int, until time.Time) error {
	conn, err := Dial(ctx, t)
	if err != nil {
		return err
	}
	defer conn.Close()
	next, more := Request{}, false
	for {
		if !more {
			next = c.Requests[from%len(c.Requests)]
			from++
		}
		sent := time.Now()
		if !sent.Before(until) {
			return nil
		}
		a, err := conn.Do(ctx, next)
		if err != nil {
			return err
		}
		took := time.Since(sent)
		if a.Status/100 != 2 {
			w.failures++
			w.failure = next.Path + ": " + string(a.Body[:min(300, len(a.Body))])
			more = false
			continue
		}
		w.took = append(w.took, took)
		w.bytes += len(a.Body)
		if c.Next != nil {
			next, more = c.Next(next, a)
		}
	}
}

func sum(workers []worker, took time.Duration) Result {
	var all []time.Duration
	var r Result
	for _, w := range workers {
		all = append(all, w.took...)
		r.Bytes += float64(w.bytes)
		r.Failures += w.failures
		if w.failure != "" {
			r.Failure = w.failure
		}
	}
	slices.Sort(all)
	r.P50, r.P95, r.P99 = Percentile(all, 50), Percentile(all, 95), Percentile(all, 99)
	r.Requests = len(all)
	if r.Requests > 0 {
		r.Bytes /= float64(r.Requests)
	}
	r.PerSec = float64(r.Requests) / took.Seconds()
	return r
}

// Percentile returns the smallest of some sorted values that p percent of them
// do not exceed; 0 if there are none.
func Percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Median returns the median of each figure of several runs, and the failures of
// all of them.
func Median(runs []Result) Result {
	var m Result
	for _, r := range runs {
		m.Requests += r.Requests
		m.Failures += r.Failures
		if r.Failure != "" {
			m.Failure = r.Failure
		}
	}
	m.P50 = median(runs, func(r Result) time.Duration { return r.P50 })
	m.P95 = median(runs, func(r Result) time.Duration { return r.P95 })
	m.P99 = median(runs, func(r Result) time.Duration { return r.P99 })
	m.PerSec = median(runs, func(r Result) float64 { return r.PerSec })
	m.Bytes = median(runs, func(r Result) float64 { return r.Bytes })
	return m
}

// median of an even number of runs is the mean of the middle two.
func median[T time.Duration | float64](runs []Result, of func(Result) T) T {
	values := make([]T, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
