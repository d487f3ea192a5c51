package traffic_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, tt := range []struct {
		name   string
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{"of nothing", nil, 50, 0},
		{"of one", []time.Duration{7}, 99, 7},
		{"median of an odd number", []time.Duration{1, 2, 9}, 50, 2},
		{"median of an even number", []time.Duration{1, 2, 9, 10}, 50, 2},
		{"p95 of a hundred", hundred, 95, 95},
		{"p99 of a hundred", hundred, 99, 99},
		{"p99 of ten", hundred[:10], 99, 10},
		{"the least", hundred, 0, 1},
		{"the most", hundred, 100, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := traffic.Percentile(tt.sorted, tt.p); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	run := func(p50, p95, p99 time.Duration, perSecond, bytes float64, failures int) traffic.Result {
		return traffic.Result{P50: p50, P95: p95, P99: p99, PerSec: perSecond, Bytes: bytes, Requests: 10, Failures: failures}
	}
	got := traffic.Median([]traffic.Result{run(3, 1, 9, 50, 7, 0), run(1, 2, 8, 70, 7, 2), run(2, 3, 7, 60, 9, 1)})
	want := traffic.Result{P50: 2, P95: 2, P99: 8, PerSec: 60, Bytes: 7, Requests: 30, Failures: 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := traffic.Median(nil); got != (traffic.Result{}) {
		t.Errorf("the median of no runs is %+v", got)
	}
}

// server answers pages of what is asked for, and remembers what that was.
type server struct {
	mu    sync.Mutex
	asked []string
	pages int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path+" "+string(body))
	s.pages++
	switch {
	case r.URL.Path == "/api/catalog/entities" && s.pages < 3:
		w.Header().Set("Link", fmt.Sprintf(`</entities?after=%d>; rel="next"`, s.pages))
	case r.URL.Path == "/api/catalog/entities/by-query" && s.pages < 3:
		inside := []string{"", `{"filter":1}`, `{"query":1}`}[s.pages]
		fmt.Fprintf(w, `{"pageInfo":{"nextCursor":%q}}`, base64.StdEncoding.EncodeToString([]byte(inside)))
	case strings.HasPrefix(r.URL.Path, "/api/catalog/entities/by-name/"):
		http.Error(w, "no such entity", http.StatusNotFound)
	}
}

func find(t *testing.T, name string) traffic.Case {
	t.Helper()
	p, err := population.New(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range traffic.Cases(p, 1) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return traffic.Case{}
}

func dial(t *testing.T, handler http.Handler) *traffic.Conn {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	target, err := traffic.NewTarget(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := traffic.Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// A walk goes on from page to page, by the verb that catalog-client would take,
// and ends with the last.
func TestWalks(t *testing.T) {
	cursor := base64.StdEncoding.EncodeToString([]byte(`{"query":1}`))
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"pages by after", []string{"GET /api/catalog/entities ", "GET /api/catalog/entities ", "GET /api/catalog/entities "}},
		{"pages by cursor", []string{"GET /api/catalog/entities/by-query ", "GET /api/catalog/entities/by-query ",
			`POST /api/catalog/entities/by-query {"cursor":"` + cursor + `","limit":50}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{}
			conn := dial(t, s)
			c := find(t, tt.name)
			for r, more := c.Requests[0], true; more; {
				a, err := conn.Do(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				r, more = c.Next(r, a)
			}
			if d := cmp.Diff(tt.want, s.asked); d != "" {
				t.Error(d)
			}
		})
	}
}

// Each request of a case is another one, and what is no 2xx is a failure.
func TestFailuresAreCounted(t *testing.T) {
	s := &server{}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	target, err := traffic.NewTarget(h.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := traffic.Run(t.Context(), target, find(t, "by name"), 4, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 0 || r.Failures == 0 || !strings.Contains(r.Failure, "no such entity") {
		t.Errorf("%d answers, %d failures, such as %q; want failures only", r.Requests, r.Failures, r.Failure)
	}
	if r.Failures != len(s.asked) {
		t.Errorf("%d failures of %d requests", r.Failures, len(s.asked))
	}
}

func TestConnectionsThatTheServerCloses(t *testing.T) {
	conn := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	for range 3 {
		if _, err := conn.Do(t.Context(), traffic.Request{Path: "/"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:8080", "https://127.0.0.1:8080", "http://127.0.0.1:8080/api", "http://"} {
		if _, err := traffic.NewTarget(base, ""); err == nil {
			t.Errorf("%q is accepted", base)
		}
	}
}
