package forgeapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/ingest/forgeapi"
	"github.com/callboard/callboard/internal/fault"
)

var now = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

func newClient(t *testing.T, reg prometheus.Registerer) *forgeapi.Client {
	t.Helper()
	c, err := forgeapi.New(forgeapi.Options{Source: "github", Now: func() time.Time { return now }, Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t *testing.T, c *forgeapi.Client, url, accept string) (string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := c.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp
}

func TestConditionalRequests(t *testing.T) {
	version, served, unchanged := 1, 0, 0
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "60")
		etag := fmt.Sprintf(`"%d-%s"`, version, r.Header.Get("Accept"))
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			unchanged++
			w.Header().Set("X-RateLimit-Remaining", "50")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		served++
		w.Header().Set("X-RateLimit-Remaining", "49")
		w.Header().Set("Link", `<next>; rel="next"`)
		fmt.Fprintf(w, "%s of version %d", r.Header.Get("Accept"), version)
	}))
	defer forge.Close()
	c := newClient(t, nil)

	for _, step := range []struct {
		accept            string
		version           int
		want              string
		served, unchanged int
	}{
		{"json", 1, "json of version 1", 1, 0},
		{"json", 1, "json of version 1", 1, 1},
		{"raw", 1, "raw of version 1", 2, 1}, // another representation
		{"json", 2, "json of version 2", 3, 1},
		{"json", 2, "json of version 2", 3, 2},
	} {
		version = step.version
		body, resp := get(t, c, forge.URL, step.accept)
		if body != step.want || resp.StatusCode != http.StatusOK || resp.Header.Get("Link") == "" {
			t.Errorf("got %d %q with Link %q, want 200 %q with one", resp.StatusCode, body, resp.Header.Get("Link"), step.want)
		}
		if served != step.served || unchanged != step.unchanged {
			t.Errorf("after %q: served %d, unchanged %d; want %d, %d", step.want, served, unchanged, step.served, step.unchanged)
		}
	}
	if got := c.Budget(); got.Remaining != 50 {
		t.Errorf("the budget is that of %+v, want the one of the last answer, a 304", got)
	}
}

func TestBudget(t *testing.T) {
	tests := []struct {
		name   string
		header map[string]string
		want   forgeapi.Budget
	}{
		{"GitHub", map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1772546400"}, forgeapi.Budget{Limit: 5000, Remaining: 4999, Reset: now}},
		{"GitLab", map[string]string{"RateLimit-Limit": "2000", "RateLimit-Remaining": "0", "RateLimit-Reset": "1772546400"}, forgeapi.Budget{Limit: 2000, Reset: now}},
		{"none said", nil, forgeapi.Budget{}},
		{"nonsense", map[string]string{"RateLimit-Limit": "many", "RateLimit-Remaining": "0"}, forgeapi.Budget{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
			}))
			defer forge.Close()
			reg := prometheus.NewRegistry()
			c := newClient(t, reg)
			get(t, c, forge.URL, "")
			if diff := cmp.Diff(tt.want, c.Budget()); diff != "" {
				t.Error(diff)
			}
			want := 0
			if tt.want.Limit > 0 {
				want = 3
			}
			if families, err := reg.Gather(); err != nil || len(families) != want {
				t.Errorf("%d gauges, %v; want %d", len(families), err, want)
			}
		})
	}
}

func TestNoTokenElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	defer elsewhere.Close()
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/renamed":
			http.Redirect(w, r, "/repositories/7", http.StatusMovedPermanently)
		case "/gone":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	}))
	defer forge.Close()
	c := newClient(t, nil)
	if _, resp := get(t, c, forge.URL+"/renamed", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("a redirect on the same host gives %d, want it followed", resp.StatusCode)
	}
	resp, err := c.HTTP.Get(forge.URL + "/gone")
	if err == nil {
		resp.Body.Close()
		t.Fatal("a redirect to another host was followed")
	}
	if got := c.Fail(t.Context(), "read acme/payments", nil, err); fault.KindOf(got) != fault.Denied {
		t.Errorf("got %v, want it denied", got)
	}
}

func TestFail(t *testing.T) {
	header := func(kv ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(kv); i += 2 {
			h.Set(kv[i], kv[i+1])
		}
		return h
	}
	tests := []struct {
		name   string
		status int
		header http.Header
		kind   fault.Kind
		wait   time.Duration
	}{
		{"no such thing", 404, nil, fault.NotFound, 0},
		{"empty repository", 409, nil, fault.NotFound, 0},
		{"bad token", 401, nil, fault.Unavailable, time.Minute},
		{"weak token", 403, nil, fault.Denied, 0},
		{"weak token, budget left", 403, header("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59", "X-RateLimit-Reset", "1772546460"), fault.Denied, 0},
		{"primary limit as 403", 403, header("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1772546460"), fault.Unavailable, time.Minute},
		{"primary limit as 429", 429, header("RateLimit-Limit", "60", "RateLimit-Remaining", "0", "RateLimit-Reset", "1772546430"), fault.Unavailable, 30 * time.Second},
		{"reset has passed", 429, header("RateLimit-Limit", "60", "RateLimit-Remaining", "0", "RateLimit-Reset", "1772546000"), fault.Unavailable, time.Second},
		{"secondary limit as 403", 403, header("Retry-After", "17"), fault.Unavailable, 17 * time.Second},
		{"Retry-After as a date", 429, header("Retry-After", "Tue, 03 Mar 2026 14:00:05 GMT"), fault.Unavailable, 5 * time.Second},
		{"429 without a word", 429, nil, fault.Unavailable, time.Minute},
		{"being prepared", 202, nil, fault.Unavailable, 0},
		{"trouble", 502, nil, fault.Unavailable, 0},
		{"maintenance", 503, header("Retry-After", "120"), fault.Unavailable, 2 * time.Minute},
		{"our mistake", 422, nil, fault.Invalid, 0},
		{"not what was expected", 200, nil, fault.Unavailable, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: tt.status, Header: tt.header}
			err := newClient(t, nil).Fail(t.Context(), "read acme/payments", resp, io.ErrUnexpectedEOF)
			if fault.KindOf(err) != tt.kind || fault.RetryAfter(err) != tt.wait {
				t.Errorf("got %s, to wait %s: %v; want %s, %s", fault.KindOf(err), fault.RetryAfter(err), err, tt.kind, tt.wait)
			}
			if !strings.HasPrefix(err.Error(), "github: read acme/payments: ") {
				t.Errorf("%q does not start with source and deed", err)
			}
		})
	}
}

func TestFailWithoutAnswer(t *testing.T) {
	c := newClient(t, nil)
	for name, err := range map[string]error{
		"no answer in time":     context.DeadlineExceeded,
		"cannot be resolved":    &net.DNSError{Name: "git.example.com"},
		"broke off":             io.ErrUnexpectedEOF,
		"connection is refused": dial(t),
	} {
		got := c.Fail(t.Context(), "read", nil, err)
		if fault.KindOf(got) != fault.Unavailable || !strings.Contains(got.Error(), name) {
			t.Errorf("%v gives %v, want it unavailable with %q", err, got, name)
		}
	}
	if got := c.Fail(t.Context(), "read", nil, nil); got != nil {
		t.Errorf("no error gives %v", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.Fail(ended, "read", nil, io.EOF); !errors.Is(got, context.Canceled) {
		t.Errorf("an ended context gives %v", got)
	}
}

// dial returns what connecting to a port that nobody listens on gives.
func dial(t *testing.T) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err == nil {
		t.Skipf("somebody took the port: %v", conn.Close())
	}
	return err
}

// What was remembered before a restart is remembered after it, unless the file is
// not what was written.
func TestAnswersOutlastTheProcess(t *testing.T) {
	served, unchanged := 0, 0
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			unchanged++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		served++
		fmt.Fprint(w, "the answer to ", r.URL.Path)
	}))
	defer forge.Close()
	path := filepath.Join(t.TempDir(), "answers")
	restart := func() *forgeapi.Client {
		t.Helper()
		c, err := forgeapi.New(forgeapi.Options{Source: "github", Cache: path})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for i := range 3 {
		c := restart()
		for _, p := range []string{"/a", "/b"} {
			if body, _ := get(t, c, forge.URL+p, "json"); body != "the answer to "+p {
				t.Errorf("%s gives %q", p, body)
			}
		}
		if served != 2 || unchanged != 2*i {
			t.Errorf("in run %d: served %d, unchanged %d", i, served, unchanged)
		}
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if get(t, restart(), forge.URL+"/a", "json"); served != 3 {
		t.Errorf("a damaged file was believed")
	}
}
