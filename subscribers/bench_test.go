package subscribers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/subscribers"
)

// BenchmarkReplica sends events of 2 KB each to a program that takes them at once. One
// event a request is what others do; how far apart the two are grows with the distance.
func BenchmarkReplica(b *testing.B) {
	for _, batch := range []int{1, 100, 500} {
		b.Run(fmt.Sprint("batch ", batch), func(b *testing.B) {
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
			b.Cleanup(s.Close)
			w := newWorld(b)
			data := []byte(`{"text":"` + strings.Repeat("x", 2000) + `"}`)
			const n = 5000
			all := make([]event.Event, n)
			for i := range all {
				all[i] = event.Event{ID: fmt.Sprint("e", i), Type: "a.v1", Source: "/sources/github", Data: data}
			}
			if _, err := w.log.Append(b.Context(), all...); err != nil {
				b.Fatal(err)
			}
			w.serve(subscribers.Subscriber{Name: "replica", URL: s.URL, Secrets: []string{secret}, Batch: batch})
			w.stop()
			one := w.worker("replica")
			for b.Loop() {
				if err := one.Rewind(b.Context(), 0); err != nil {
					b.Fatal(err)
				}
				for state := w.state("replica"); state.Status != subscribers.Current; state = w.state("replica") {
					for range n / batch {
						if err := one.Send(b.Context()); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
