package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/demoforge"
)

// BenchmarkHooks is signed webhooks from 64 senders, each answered once it is on
// disk, beside bare appends of as many bytes to the same kind of log by as many
// writers. The deliveries are of no interest to the catalog, so that the door is
// measured and not what follows.
func BenchmarkHooks(b *testing.B) {
	const senders = 64
	b.Run("signed deliveries", func(b *testing.B) {
		r := startPortal(b)
		repo, err := r.forge.Create(demoforge.GitHub, "acme/bench", demoforge.Settings{})
		if err != nil {
			b.Fatal(err)
		}
		change := demoforge.Change{Author: demoforge.Person{Name: "Bench", Email: "bench@acme.example"}, Time: time.Unix(1_770_000_000, 0), Message: "x", Files: map[string]string{"a": "b"}}
		if _, err := repo.Push("main", change); err != nil {
			b.Fatal(err)
		}
		d, err := repo.Tag("v1", repo.Head("main"), change.Author) // a tag is nothing to a catalog
		if err != nil {
			b.Fatal(err)
		}
		measure(b, senders, func(ctx context.Context, n int64) error {
			one := d
			one.Header = d.Header.Clone()
			one.Header.Set("X-GitHub-Delivery", fmt.Sprintf("bench-%d", n))
			status, err := one.Send(ctx, r.client, r.base+"/hooks/github")
			if err == nil && status != http.StatusAccepted {
				err = fmt.Errorf("answered %d", status)
			}
			return err
		})
		b.ReportMetric(float64(len(d.Body)), "bytes/delivery")
	})
	b.Run("bare appends", func(b *testing.B) {
		log, err := sqlitelog.Open(b.Context(), b.TempDir()+"/bare.db", sqlitelog.WithRetention())
		if err != nil {
			b.Fatal(err)
		}
		defer log.Close()
		data := []byte(strings.Repeat("x", 3000)) // a compressed delivery in base64
		measure(b, senders, func(ctx context.Context, n int64) error {
			_, err := log.Append(ctx, event.Event{ID: fmt.Sprint(n), Type: "bench.happened.v1", Source: "/bench", Subject: "x", Data: data})
			return err
		})
	})
}

// measure calls do from many goroutines and reports calls a second and the
// median and 99th percentile of their durations.
func measure(b *testing.B, workers int, do func(context.Context, int64) error) {
	b.Helper()
	var (
		next  atomic.Int64
		mu    sync.Mutex
		took  []time.Duration
		group sync.WaitGroup
	)
	total := int64(b.N)
	b.ResetTimer()
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			var own []time.Duration
			for n := next.Add(1); n <= total; n = next.Add(1) {
				start := time.Now()
				if err := do(b.Context(), n); err != nil {
					b.Error(err)
					return
				}
				own = append(own, time.Since(start))
			}
			mu.Lock()
			took = append(took, own...)
			mu.Unlock()
		}()
	}
	group.Wait()
	b.StopTimer()
	report(b, took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
}

func report(b *testing.B, took []time.Duration) {
	b.Helper()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	ms := func(q float64) float64 {
		return float64(took[min(int(q*float64(len(took))), len(took)-1)].Microseconds()) / 1000
	}
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.95), "p95-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
}

// BenchmarkPushToVisible is the time from sending a push's delivery until both
// API and page show what it changed. The forge is on loopback; the repository has
// a few hundred files.
func BenchmarkPushToVisible(b *testing.B) {
	r := startPortal(b)
	repo, err := r.forge.Create(demoforge.GitHub, "acme/bench", demoforge.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	files := map[string]string{"catalog-info.yaml": burstDescriptor(0)}
	for i := range 300 {
		files[fmt.Sprintf("src/pkg%02d/file%03d.go", i%20, i)] = fmt.Sprintf("package p // %d\n", i)
	}
	clock := time.Unix(1_770_000_000, 0)
	push := func(files map[string]string) demoforge.Delivery {
		clock = clock.Add(time.Second)
		d, err := repo.Push("main", demoforge.Change{Author: demoforge.Person{Name: "Bench", Email: "bench@acme.example"}, Time: clock, Message: "x", Files: files})
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	r.send(b, push(files))
	r.settle(b)
	var took []time.Duration
	b.ResetTimer()
	for i := 1; i <= b.N; i++ {
		b.StopTimer()
		d := push(map[string]string{"catalog-info.yaml": burstDescriptor(i)})
		owner := fmt.Sprintf("group:default/team-%03d", i)
		b.StartTimer()
		start := time.Now()
		r.send(b, d)
		// The first push was event 1, so that this one is event i+1.
		if body := r.get(b, "/api/catalog/entities/by-name/component/default/burst", i+1); !strings.Contains(body, owner) {
			b.Fatalf("the API does not show %s: %s", owner, body)
		}
		if body := r.get(b, "/catalog/default/component/burst", 0); !strings.Contains(body, strings.TrimPrefix(owner, "group:default/")) {
			b.Fatalf("the page does not show %s", owner)
		}
		took = append(took, time.Since(start))
	}
	b.StopTimer()
	report(b, took)
}

// BenchmarkPushToReadable is the time from sending a push's delivery until the page of
// documentation that it changed is read over HTTP, of a site of 100 pages.
func BenchmarkPushToReadable(b *testing.B) {
	r := startPortal(b)
	push := docsRepository(b, r, 100)
	var took []time.Duration
	b.ResetTimer()
	for i := 1; i <= b.N; i++ {
		b.StopTimer()
		text := fmt.Sprintf("Edition %d", i)
		d := push(map[string]string{"docs/page-050.md": "# Page 50\n\n" + text + "\n"})
		b.StartTimer()
		start := time.Now()
		r.send(b, d)
		r.settle(b)
		if body := r.get(b, "/docs/default/component/bench/page-050/", 0); !strings.Contains(body, text) {
			b.Fatalf("the page does not show %s: %s", text, body)
		}
		took = append(took, time.Since(start))
	}
	b.StopTimer()
	report(b, took)
}

// BenchmarkDocsPage is pages of documentation over HTTP, of a site of 100 pages: as the
// portal shows them, and as Backstage's reader asks for them.
func BenchmarkDocsPage(b *testing.B) {
	r := startPortal(b)
	r.send(b, docsRepository(b, r, 100)(map[string]string{"docs/index.md": "# Home\n"}))
	r.settle(b)
	for name, at := range map[string]string{"page": "/docs/default/component/bench/page-%03d/", "file": "/api/techdocs/static/docs/default/component/bench/page-%03d/index.html"} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			size := 0
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				size = len(r.get(b, fmt.Sprintf(at, i%100), 0))
				took = append(took, time.Since(start))
			}
			report(b, took)
			b.ReportMetric(float64(size), "B/page")
		})
	}
}

// docsRepository makes a repository with a site of so many pages, and returns what pushes to it.
func docsRepository(b *testing.B, r *running, pages int) func(files map[string]string) demoforge.Delivery {
	b.Helper()
	repo, err := r.forge.Create(demoforge.GitHub, "acme/bench", demoforge.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	clock := time.Unix(1_770_000_000, 0)
	push := func(files map[string]string) demoforge.Delivery {
		clock = clock.Add(time.Second)
		d, err := repo.Push("main", demoforge.Change{Author: demoforge.Person{Name: "Bench", Email: "bench@acme.example"}, Time: clock, Message: "x", Files: files})
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	files := map[string]string{
		"catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: bench, annotations: {backstage.io/techdocs-ref: 'dir:.'}}\nspec: {type: service, lifecycle: production, owner: team-a}\n",
		"mkdocs.yml":        "site_name: Bench\n",
	}
	for i := range pages {
		files[fmt.Sprintf("docs/page-%03d.md", i)] = fmt.Sprintf("# Page %d\n\n%s\n\n```go\npackage main\n```\n\n## More\n\n[next](page-%03d.md)\n", i, strings.Repeat("Some words about payments. ", 100), (i+1)%pages)
	}
	r.send(b, push(files))
	r.settle(b)
	return push
}

// get returns the body of a path, once event n has been seen.
func (r *running) get(tb testing.TB, path string, n int) string {
	tb.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.base+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if n > 0 {
		req.Header.Set("Callboard-Wait-Position", fmt.Sprint(n))
	}
	resp, err := r.client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		tb.Fatalf("GET %s answered %d: %s", path, resp.StatusCode, b)
	}
	return string(b)
}

// BenchmarkRestart is the time from opening the data folder of a portal with
// many events to being ready.
func BenchmarkRestart(b *testing.B) {
	r := startPortal(b)
	story := make([]event.Event, 0, 1000)
	for i := range 100_000 {
		story = append(story, benchEvent(b, i))
		if len(story) == cap(story) {
			if _, err := r.events.Append(b.Context(), story...); err != nil {
				b.Fatal(err)
			}
			story = story[:0]
		}
	}
	r.settle(b)
	b.ResetTimer()
	for b.Loop() {
		again := newCatalogOf(b, r)
		if n := again.Snapshot().Len(); n != 100_000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
