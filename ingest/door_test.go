package ingest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

const secret = "a secret for tests"

// failures is a set of deliveries that failed.
type failures map[string]bool

func (f failures) Failed(_ context.Context, id string) (bool, error) { return f[id], nil }

// fullLog is a log that cannot take anything now.
type fullLog struct{ eventlog.Log }

func (fullLog) Append(context.Context, ...event.Event) ([]eventlog.Appended, error) {
	return nil, fault.Later(90*time.Second, "the disk is full")
}

// brokenLog fails for a reason that no sender is to see.
type brokenLog struct{ eventlog.Log }

func (brokenLog) Append(context.Context, ...event.Event) ([]eventlog.Appended, error) {
	return nil, errors.New("secret detail")
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newSource(t *testing.T) ingest.Source {
	t.Helper()
	s, err := github.New(github.Options{Name: "github", WebhookSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newDoor serves a door for a GitHub source on a log.
func newDoor(t *testing.T, log eventlog.Appender, failed failures, reg prometheus.Registerer) http.Handler {
	t.Helper()
	d, err := ingest.NewDoor(ingest.DoorOptions{
		Sources: []ingest.Source{newSource(t)}, Deliveries: log, Failures: failed, Metrics: reg, Logger: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	d.Register(e)
	return e
}

func signed(body string) http.Header {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("X-GitHub-Event", "push")
	h.Set("X-GitHub-Delivery", "d-1")
	h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(m.Sum(nil)))
	return h
}

func with(h http.Header, name, value string) http.Header {
	h.Set(name, value)
	return h
}

func post(h http.Handler, path string, header http.Header, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, body)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func stored(t *testing.T, log eventlog.Reader) []eventlog.Record {
	t.Helper()
	var all []eventlog.Record
	for r, err := range log.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestDoorContract(t *testing.T) {
	const body = `{"ref":"refs/heads/main"}`
	tests := []struct {
		name    string
		path    string
		header  http.Header
		body    string
		status  int
		want    string // of a 202
		problem string // part of the detail otherwise
		stored  int
	}{
		{name: "a delivery", header: signed(body), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "of no interest", header: with(signed(body), "X-GitHub-Event", "star"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "not even JSON", header: signed("nonsense"), body: "nonsense", status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "content type with a charset", header: with(signed(body), "Content-Type", "application/json; charset=utf-8"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "a form", header: with(signed("payload=%7B%7D"), "Content-Type", "application/x-www-form-urlencoded"), body: "payload=%7B%7D", status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "no signature", header: with(signed(body), "X-Hub-Signature-256", ""), body: body, status: 401, problem: "not signed"},
		{name: "wrong signature", header: signed("another body"), body: body, status: 401, problem: "does not fit"},
		{name: "unknown source", path: "/hooks/nobody", header: signed(body), body: body, status: 404, problem: "no source"},
		{name: "wrong content type", header: with(signed(body), "Content-Type", "text/plain"), body: body, status: 415, problem: "application/json, or application/x-www-form-urlencoded"},
		{name: "compressed", header: with(signed(body), "Content-Encoding", "gzip"), body: body, status: 415, problem: "without a Content-Encoding"},
		{name: "said to be as it is", header: with(signed(body), "Content-Encoding", "identity"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "no content type", header: with(signed(body), "Content-Type", ""), body: body, status: 415, problem: "application/json"},
		{name: "a CloudEvent", header: with(signed(body), "Content-Type", "application/cloudevents+json; charset=utf-8"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "a batch of them", header: with(signed(body), "Content-Type", "application/cloudevents-batch+json"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "one in headers, with data of any type", header: with(with(signed(body), "Content-Type", "text/plain"), "Ce-Specversion", "1.0"), body: body, status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "just small enough", header: signed(strings.Repeat("x", ingest.MaxBody)), body: strings.Repeat("x", ingest.MaxBody), status: 202, want: `{"delivery":"github:d-1","position":1}`, stored: 1},
		{name: "too large", header: signed(body), body: strings.Repeat("x", ingest.MaxBody+1), status: 413, problem: "25 MB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "deliveries.db"))
			if err != nil {
				t.Fatal(err)
			}
			closing(t, log)
			path := tt.path
			if path == "" {
				path = "/hooks/github"
			}
			w := post(newDoor(t, log, nil, prometheus.NewRegistry()), path, tt.header, strings.NewReader(tt.body))
			if w.Code != tt.status {
				t.Fatalf("answered %d %s, want %d", w.Code, w.Body, tt.status)
			}
			if got := stored(t, log); len(got) != tt.stored {
				t.Errorf("%d events are stored, want %d", len(got), tt.stored)
			}
			if tt.status == http.StatusAccepted {
				if got := strings.TrimSpace(w.Body.String()); got != tt.want {
					t.Errorf("answered %s, want %s", got, tt.want)
				}
				return
			}
			var p struct {
				Type, Title, Detail string
				Status              int
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if p.Type != "about:blank" || p.Title != http.StatusText(tt.status) || p.Status != tt.status || !strings.Contains(p.Detail, tt.problem) {
				t.Errorf("the problem is %+v, want %q in its detail", p, tt.problem)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("the problem's content type is %s", got)
			}
		})
	}
}

// The same body twice may be two pushes: a branch that goes to and fro.
func TestDeliveriesWithoutAnID(t *testing.T) {
	const body = `{"ref":"refs/heads/main"}`
	for name, id := range map[string]string{"no id": "", "an id that is no id": "../../etc", "an id without end": strings.Repeat("x", 201)} {
		t.Run(name, func(t *testing.T) {
			log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "deliveries.db"))
			if err != nil {
				t.Fatal(err)
			}
			closing(t, log)
			h := newDoor(t, log, nil, prometheus.NewRegistry())
			for range 2 {
				if w := post(h, "/hooks/github", with(signed(body), "X-GitHub-Delivery", id), strings.NewReader(body)); w.Code != http.StatusAccepted {
					t.Fatalf("answered %d %s", w.Code, w.Body)
				}
			}
			all := stored(t, log)
			if len(all) != 2 {
				t.Fatalf("%d are stored, want both", len(all))
			}
			for _, rec := range all {
				if rec.ID != rec.Subject || !strings.HasPrefix(rec.ID, "github:") || strings.Contains(rec.ID, "/") || len(rec.ID) > 60 {
					t.Errorf("it is called %q", rec.ID)
				}
			}
		})
	}
}

// endless is a body that says nothing of its length.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestDoorReadsNoMoreThanItTakes(t *testing.T) {
	door := newDoor(t, eventlogtest.NewMemory(), nil, prometheus.NewRegistry())
	t.Run("length unknown", func(t *testing.T) {
		body := &endless{}
		if w := post(door, "/hooks/github", signed(""), body); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("answered %d", w.Code)
		}
		if body.read > 2*ingest.MaxBody {
			t.Errorf("read %d bytes", body.read)
		}
	})
	t.Run("length said", func(t *testing.T) {
		body := &endless{}
		r := httptest.NewRequest(http.MethodPost, "/hooks/github", body)
		r.Header, r.ContentLength = signed(""), ingest.MaxBody+1
		w := httptest.NewRecorder()
		if door.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge || body.read > 0 {
			t.Errorf("answered %d after %d bytes, want 413 after none", w.Code, body.read)
		}
	})
}

func TestDoorWhenTheLogFails(t *testing.T) {
	tests := []struct {
		name   string
		log    eventlog.Appender
		status int
		retry  string
	}{
		{"cannot take it now", fullLog{}, 503, "90"},
		{"our mistake", brokenLog{}, 500, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := post(newDoor(t, tt.log, nil, prometheus.NewRegistry()), "/hooks/github", signed("{}"), strings.NewReader("{}"))
			if w.Code != tt.status || w.Header().Get("Retry-After") != tt.retry {
				t.Errorf("answered %d, Retry-After %q; want %d, %q", w.Code, w.Header().Get("Retry-After"), tt.status, tt.retry)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("the answer tells too much: %s", w.Body)
			}
		})
	}
}

func TestDoorRepeats(t *testing.T) {
	log, failed := eventlogtest.NewMemory(), failures{}
	door := newDoor(t, log, failed, prometheus.NewRegistry())
	deliver := func() string {
		w := post(door, "/hooks/github", signed("{}"), strings.NewReader("{}"))
		if w.Code != http.StatusAccepted {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		return strings.TrimSpace(w.Body.String())
	}
	types := func() (ts []event.Type) {
		for _, r := range stored(t, log) {
			ts = append(ts, r.Type)
		}
		return ts
	}

	deliver()
	const again = `{"delivery":"github:d-1","position":1,"duplicate":true}`
	if got := deliver(); got != again {
		t.Errorf("a repeat is answered %s, want %s", got, again)
	}
	if diff := cmp.Diff([]event.Type{event.TypeDeliveryReceived}, types()); diff != "" {
		t.Errorf("a repeat stores something (-want +got):\n%s", diff)
	}

	failed["github:d-1"] = true
	if got := deliver(); got != again {
		t.Errorf("a repeat after a failure is answered %s, want %s", got, again)
	}
	if diff := cmp.Diff([]event.Type{event.TypeDeliveryReceived, event.TypeDeliveryReplayed}, types()); diff != "" {
		t.Errorf("a repeat after a failure (-want +got):\n%s", diff)
	}
	replay, err := event.DecodeAs[event.DeliveryReplayed](stored(t, log)[1].Event)
	if err != nil {
		t.Fatal(err)
	}
	if want := (event.DeliveryReplayed{Reason: "sent again by the source", Received: 1}); replay != want {
		t.Errorf("the replay is %+v, want %+v", replay, want)
	}
}

func TestDoorStoresWhatCame(t *testing.T) {
	log := eventlogtest.NewMemory()
	body := `{"ref": "refs/heads/main", "text": "` + strings.Repeat("words and words ", 5000) + `"}`
	h := signed(body)
	for name, value := range map[string]string{
		"User-Agent": "GitHub-Hookshot/1234567", "X-GitHub-Hook-ID": "7", "X-Gitlab-Token": "s3cret", "Authorization": "Bearer s3cret",
		"Cookie": "session=s3cret", "X-Acme-Password": "s3cret", "X-Hub-Signature": "sha1=00", "X-GitHub-Secret-Thing": "s3cret",
	} {
		h.Set(name, value)
	}
	h.Set("Ce-Type", "x.y")
	h.Set("Ce-Secret", "s3cret")
	if w := post(newDoor(t, log, nil, prometheus.NewRegistry()), "/hooks/github", h, strings.NewReader(body)); w.Code != http.StatusAccepted {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	rec := stored(t, log)[0]
	if rec.ID != "github:d-1" || rec.Subject != rec.ID || rec.Source != "/sources/github" {
		t.Errorf("the event is %s of %s about %s", rec.ID, rec.Source, rec.Subject)
	}
	if len(rec.Data) > len(body)/10 {
		t.Errorf("%d bytes are stored for a body of %d that repeats itself", len(rec.Data), len(body))
	}
	got, err := ingest.Open(rec.Event)
	if err != nil {
		t.Fatal(err)
	}
	want := ingest.Delivery{
		ID: "github:d-1", Event: "push", Body: []byte(body),
		Header: http.Header{
			"Content-Type": {"application/json"}, "User-Agent": {"GitHub-Hookshot/1234567"},
			"X-Github-Event": {"push"}, "X-Github-Delivery": {"d-1"}, "X-Github-Hook-Id": {"7"}, "Ce-Type": {"x.y"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if bytes.Contains(rec.Data, []byte("s3cret")) {
		t.Error("a secret is stored")
	}
}

func TestDoorMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	door := newDoor(t, eventlogtest.NewMemory(), nil, reg)
	for _, path := range []string{"/hooks/github", "/hooks/github", "/hooks/made-up-1", "/hooks/made-up-2"} {
		post(door, path, signed("{}"), strings.NewReader("{}"))
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetName() + "=" + l.GetValue()
			}
			got[key] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	want := map[string]float64{
		"callboard_hooks_deliveries_total answer=202 source=github":       1,
		"callboard_hooks_deliveries_total answer=duplicate source=github": 1,
		"callboard_hooks_deliveries_total answer=404 source=":             2,
		"callboard_hooks_bytes_total source=github":                       4,
		"callboard_hooks_bytes_total source=":                             0,
		"callboard_hooks_duration_seconds source=github":                  2,
		"callboard_hooks_duration_seconds source=":                        2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
