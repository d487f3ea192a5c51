package sqlitelog_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

// BenchmarkFsync is the baseline for BenchmarkAppend: what the same disk does
// when one writer appends 1 KB to a file and syncs it, over and over.
func BenchmarkFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1024)
	for b.Loop() {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fsyncs/s")
}

// BenchmarkAppend appends events of 1 KB from several writers, each waiting for
// the answer before the next, and in part with followers that see every event.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ writers, followers int }{{1, 0}, {16, 0}, {64, 0}, {64, 8}} {
		b.Run(fmt.Sprintf("writers=%d,followers=%d", c.writers, c.followers), func(b *testing.B) {
			log := open(b, newPath(b))
			var next atomic.Int64
			var g errgroup.Group
			b.ResetTimer()
			for range c.writers {
				g.Go(func() error {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if _, err := log.Append(context.Background(), sized(i, 1024)); err != nil {
							return err
						}
					}
					return nil
				})
			}
			for range c.followers {
				g.Go(func() error {
					for r, err := range log.Follow(context.Background(), 0) {
						if err != nil || r.Position == eventlog.Position(b.N) {
							return err
						}
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkImport appends 500 events of 1 KB at a time.
func BenchmarkImport(b *testing.B) {
	log := open(b, newPath(b))
	b.ResetTimer()
	fill(b, log, b.N, 1024)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRead replays a log of 100,000 events.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{1024, 2048} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			const events = 100_000
			log := open(b, newPath(b))
			fill(b, log, events, size)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range log.Read(b.Context(), 0) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
			}
			if n != b.N*events {
				b.Fatalf("read %d events, want %d", n, b.N*events)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkFollow measures the time from the call of Append until a follower
// has the event, fsync included.
func BenchmarkFollow(b *testing.B) {
	log := open(b, newPath(b))
	ctx, cancel := context.WithCancel(context.Background())
	seen := make(chan eventlog.Position)
	var g errgroup.Group
	g.Go(func() error {
		defer close(seen)
		for r, err := range log.Follow(ctx, 0) {
			if err != nil {
				return err
			}
			seen <- r.Position
		}
		return nil
	})
	i := int64(0)
	var append time.Duration
	for b.Loop() {
		i++
		start := time.Now()
		if _, err := log.Append(ctx, sized(i, 1024)); err != nil {
			b.Fatal(err)
		}
		append += time.Since(start)
		<-seen
	}
	cancel()
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(append.Nanoseconds())/float64(b.N), "append-ns/op")
}

// BenchmarkSetCursor saves the position of one follower.
func BenchmarkSetCursor(b *testing.B) {
	log := open(b, newPath(b))
	for b.Loop() {
		if err := log.SetCursor(b.Context(), "docs", 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a log of 100,000 events, which checks that none is missing.
func BenchmarkOpen(b *testing.B) {
	path := newPath(b)
	log := open(b, path)
	fill(b, log, 100_000, 1024)
	closeLog(b, log)
	for b.Loop() {
		log, err := sqlitelog.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		closeLog(b, log)
	}
}

func fill(b *testing.B, log eventlog.Log, events, size int) {
	b.Helper()
	var batch []event.Event
	for i := range events {
		if batch = append(batch, sized(int64(i), size)); len(batch) == 500 || i == events-1 {
			if _, err := log.Append(b.Context(), batch...); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}

// sized returns an event as the catalog's are: with an actor, a cause and so
// many bytes of data.
func sized(n int64, size int) event.Event {
	return event.Event{
		ID: event.DeriveID(int(n), "bench"), Type: event.TypeEntityChanged, Source: "/sources/github", Subject: "component:default/service-" + strconv.FormatInt(n%1000, 10),
		Time:  time.Unix(1_750_000_000+n, 0),
		Actor: event.Actor{Name: "Pebble Dash", Email: "pebbledash@acme.example", Login: "pebbledash"},
		Cause: event.Cause{Delivery: "github:72d3162e-cc78-11e3-81ab-4c9367dc0958", Commit: "9c1185a5c5e9fc54612808977ee8f548b2258d31", CommitURL: "https://forge.example/acme/payments/commit/9c1185a5c5e9fc54612808977ee8f548b2258d31"},
		Data:  bytes.Repeat([]byte("x"), size),
	}
}
