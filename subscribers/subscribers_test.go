package subscribers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/projections/history/sqlitestore"
	"github.com/callboard/callboard/subscribers"
)

const (
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	newSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

// clock is a time that passes when somebody waits for it, and then at once.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.waits = append(c.waits, d)
	passed := make(chan time.Time, 1)
	passed <- c.now
	return passed
}

// request is one that a receiver got.
type request struct {
	header http.Header
	body   []byte
	ids    []string // of the events
}

// receiver is a subscriber that answers what it is told to.
type receiver struct {
	*httptest.Server
	t      *testing.T
	answer func(n int, r request) (status int, header map[string]string) // to the n-th request, from 1
	got    chan request

	mu       sync.Mutex
	requests int
	taken    []string // events, in the order in which they were answered with 200
}

func receive(t *testing.T, answer func(n int, r request) (int, map[string]string)) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer, got: make(chan request, 10_000)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender broke off
	}
	got := request{header: req.Header, body: body}
	var events []json.RawMessage
	if err := json.Unmarshal(body, &events); err != nil {
		r.t.Errorf("no list of events: %v", err)
	}
	for _, one := range events {
		e, err := event.Parse(one)
		if err != nil {
			r.t.Errorf("no event: %v", err)
		}
		got.ids = append(got.ids, e.ID)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	status, header := http.StatusOK, map[string]string(nil)
	if r.answer != nil {
		status, header = r.answer(r.requests, got)
	}
	for name, value := range header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "answer %d", r.requests)
	if status == http.StatusOK {
		r.taken = append(r.taken, got.ids...)
	}
	r.got <- got
}

// until waits for the request with an event.
func (r *receiver) until(id string) request {
	r.t.Helper()
	for {
		select {
		case got := <-r.got:
			if slices.Contains(got.ids, id) {
				return got
			}
		case <-r.t.Context().Done():
			r.t.Fatalf("event %s does not come", id)
		}
	}
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// world is a log with a history, and what sends it.
type world struct {
	t          testing.TB
	log        *sqlitelog.Log
	history    *history.History
	runner     *projections.Runner
	store      *subscribers.Store
	clock      *clock
	dispatcher *subscribers.Dispatcher
	stop       func() // sending
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)}, stop: func() {}}
	folder := t.TempDir()
	var err error
	if w.log, err = sqlitelog.Open(t.Context(), filepath.Join(folder, "events.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.log.Close() })
	rows, err := sqlitestore.Open(t.Context(), filepath.Join(folder, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	w.history = history.New(rows)
	w.runner = projections.NewRunner(w.log, slog.New(slog.DiscardHandler), w.history)
	if w.store, err = subscribers.Open(t.Context(), filepath.Join(folder, "subscribers.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.runner.Run(ctx)
	}()
	t.Cleanup(func() { w.stop(); stop(); <-ended })
	return w
}

// add appends events of a type with these ids.
func (w *world) add(typ event.Type, ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if _, err := w.log.Append(w.t.Context(), event.Event{ID: id, Type: typ, Source: "/sources/github", Subject: "about " + id, Data: []byte(`{"n":1}`)}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) addMany(n int) (ids []string) {
	w.t.Helper()
	var all []event.Event
	for i := range n {
		ids = append(ids, fmt.Sprint("e", i+1))
		all = append(all, event.Event{ID: ids[i], Type: "a.v1", Source: "/sources/github", Data: []byte(`{}`)})
	}
	if _, err := w.log.Append(w.t.Context(), all...); err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// serve sends to subscribers, as after a start of the portal.
func (w *world) serve(all ...subscribers.Subscriber) {
	w.t.Helper()
	w.stop()
	last, err := w.log.Last(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.runner.WaitAll(w.t.Context(), last); err != nil {
		w.t.Fatal(err)
	}
	w.dispatcher, err = subscribers.New(subscribers.Options{
		Store: w.store, History: w.history, Log: w.log, Wait: w.runner.WaitAll, Metrics: prometheus.NewRegistry(),
		Logger: slog.New(slog.DiscardHandler), Now: w.clock.Now, After: w.clock.After,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.dispatcher.Serve(w.t.Context(), all); err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.dispatcher.Run(ctx)
	}()
	w.stop = sync.OnceFunc(func() { stop(); <-ended })
}

func (w *world) worker(name string) *subscribers.Worker {
	w.t.Helper()
	one, err := w.dispatcher.Worker(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return one
}

func (w *world) state(name string) subscribers.State {
	w.t.Helper()
	one := w.worker(name)
	one.Settle()
	s, err := one.State(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) letters(name string) (all []string) {
	w.t.Helper()
	letters, err := w.worker(name).Letters(w.t.Context(), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range letters {
		all = append(all, fmt.Sprintf("%d %s: %s, %s", l.Position, l.Subject, l.Reason, l.Answer))
	}
	return all
}

func to(r *receiver) subscribers.Subscriber {
	return subscribers.Subscriber{Name: "replica", URL: r.URL, Secrets: []string{secret}}
}

func (w *world) waits() []time.Duration {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	return slices.Clone(w.clock.waits)
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// Everything comes, in order, what is there and what comes later.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	want := w.addMany(1234)
	s := to(r)
	s.Batch = 500
	w.serve(s)
	r.until("e1234")
	w.add("a.v1", "later 1", "later 2")
	r.until("later 2")
	same(t, "events", append(want, "later 1", "later 2"), r.all())
	got := w.state("replica")
	if got.Status != subscribers.Current || got.Position != 1236 || !got.Pending.IsZero() || !got.Delivered.Equal(w.clock.Now()) {
		t.Errorf("the state is %+v", got)
	}
	if n := r.requests; n > 5 {
		t.Errorf("%d requests", n)
	}
}

// A request is what Standard Webhooks and CloudEvents say; both secrets sign it.
func TestRequest(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	at := time.Date(2026, 3, 12, 8, 0, 0, 0, time.UTC)
	_, err := w.log.Append(t.Context(), event.Event{
		ID: "x", Type: "a.v1", Source: "/sources/github", Subject: "component:default/payments", Time: at,
		Actor: event.Actor{Login: "pebbledash"}, Cause: event.Cause{Commit: "9c1185a"}, Extensions: map[string]string{"backfill": "true"}, Data: []byte(`{"n": 1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := w.log.At(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s := to(r)
	s.Secrets = []string{newSecret, secret}
	w.clock.now = time.Now() // which the verifier compares with
	w.serve(s)
	got := r.until("x")
	same(t, "body", `[{"specversion":"1.0","actorlogin":"pebbledash","backfill":"true","causecommit":"9c1185a","datacontenttype":"application/json","id":"x","position":"1",`+
		`"recordedat":"`+rec.Recorded.UTC().Format(time.RFC3339Nano)+`","source":"/sources/github","subject":"component:default/payments","time":"2026-03-12T08:00:00Z","type":"a.v1","data":{"n":1}}]`, string(got.body))
	same(t, "content type", "application/cloudevents-batch+json; charset=utf-8", got.header.Get("Content-Type"))
	for _, one := range s.Secrets {
		wh, err := standardwebhooks.NewWebhook(one)
		if err != nil {
			t.Fatal(err)
		}
		if err := wh.Verify(got.body, got.header); err != nil {
			t.Errorf("the signature does not fit: %v", err)
		}
		if err := wh.Verify(append(got.body, ' '), got.header); err == nil {
			t.Error("the signature fits another body")
		}
	}
}

// A filter leaves events out, and who is passed over has everything all the same.
func TestFilter(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	w.add("a.v1", "1", "2")
	w.add("b.v1", "3")
	w.add("a.v1", "4")
	s := to(r)
	s.Filter = history.Filter{Type: "b"}
	w.serve(s)
	r.until("3")
	w.add("a.v1", "5")
	w.add("b.v1", "6")
	r.until("6")
	w.add("a.v1", "7")
	if err := w.runner.WaitAll(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	same(t, "events", []string{"3", "6"}, r.all())
	if got := w.state("replica"); got.Status != subscribers.Current || got.Position < 6 {
		t.Errorf("the state is %+v", got)
	}
}

func TestFrom(t *testing.T) {
	w := newWorld(t)
	now, third := receive(t, nil), receive(t, nil)
	w.addMany(5)
	w.serve(
		subscribers.Subscriber{Name: "now", URL: now.URL, Secrets: []string{secret}, FromNow: true},
		subscribers.Subscriber{Name: "third", URL: third.URL, Secrets: []string{secret}, From: 3},
	)
	w.add("a.v1", "later")
	now.until("later")
	third.until("later")
	same(t, "from now on", []string{"later"}, now.all())
	same(t, "from the third", []string{"e4", "e5", "later"}, third.all())
}

// Several who have one dead letter sent again at once have it sent once.
func TestRedeliverAtOnce(t *testing.T) {
	w := newWorld(t)
	var bad atomic.Bool
	bad.Store(true)
	r := receive(t, func(int, request) (int, map[string]string) {
		if bad.Load() {
			return http.StatusBadRequest, nil
		}
		return http.StatusOK, nil
	})
	w.addMany(1)
	w.serve(to(r))
	<-r.got
	worker := w.worker("replica")
	if err := worker.Skip(t.Context()); err != nil {
		t.Fatal(err)
	}
	bad.Store(false)
	var all sync.WaitGroup
	var delivered atomic.Int32
	for range 8 {
		all.Go(func() {
			done, err := worker.Redeliver(t.Context())
			if err != nil {
				t.Error(err)
			}
			delivered.Add(int32(done.Delivered))
		})
	}
	all.Wait()
	same(t, "taken", []string{"e1"}, r.all())
	if n := delivered.Load(); n != 1 {
		t.Errorf("%d say that they had it sent", n)
	}
}

// A subscriber that is not there is tried until it is, with growing waits, and then
// gets everything; what has a verdict of its own is honoured.
func TestUnavailable(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header map[string]string
		check  func(t *testing.T, waits []time.Duration)
	}{
		{"broken", 500, nil, grows},
		{"not allowed", 401, nil, grows},
		{"not found", 404, nil, grows},
		{"conflict", 409, nil, grows},
		{"too early", 425, nil, grows},
		{"redirect", 308, map[string]string{"Location": "/elsewhere"}, grows},
		{"busy", 429, map[string]string{"Retry-After": "600"}, func(t *testing.T, waits []time.Duration) {
			t.Helper()
			for _, wait := range waits {
				if wait < 600*time.Second-time.Second {
					t.Errorf("it waited %s, though it was asked for ten minutes", wait)
				}
			}
		}},
		{"busy for ever", 503, map[string]string{"Retry-After": "99999999"}, func(t *testing.T, waits []time.Duration) {
			t.Helper()
			for _, wait := range waits {
				if wait > time.Hour {
					t.Errorf("it waited %s", wait)
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := receive(t, func(n int, _ request) (int, map[string]string) {
				if n <= 40 {
					return c.status, c.header
				}
				return http.StatusOK, nil
			})
			want := w.addMany(20)
			w.serve(to(r))
			r.until("e20")
			for len(r.all()) < 20 {
				r.until("e20")
			}
			same(t, "events", want, r.all())
			got := w.state("replica")
			if got.Status != subscribers.Current || got.Letters != 0 || got.Reason != "" {
				t.Errorf("the state is %+v", got)
			}
			c.check(t, w.waits())
		})
	}
}

func grows(t *testing.T, waits []time.Duration) {
	t.Helper()
	if len(waits) < 40 {
		t.Fatalf("%d waits", len(waits))
	}
	if waits[0] > time.Second || waits[20] < 2*time.Minute || slices.Max(waits) > 5*time.Minute {
		t.Errorf("the waits are %v", waits)
	}
}

// What is refused is sent one by one, tried for a day, and then a dead letter; all
// else comes, in order. Sent again, it is none any more.
func TestDeadLetter(t *testing.T) {
	w := newWorld(t)
	mended := false
	r := receive(t, func(n int, r request) (int, map[string]string) {
		if slices.Contains(r.ids, "e7") && !mended {
			return http.StatusUnprocessableEntity, nil
		}
		return http.StatusOK, nil
	})
	want := w.addMany(20)
	began := w.clock.Now()
	w.serve(to(r))
	for len(r.all()) < 19 {
		<-r.got
	}
	same(t, "events", slices.DeleteFunc(slices.Clone(want), func(id string) bool { return id == "e7" }), r.all())
	if took := w.clock.Now().Sub(began); took < 24*time.Hour || took > 25*time.Hour {
		t.Errorf("it gave up after %s", took)
	}
	got := w.state("replica")
	if got.Status != subscribers.Current || got.Letters != 1 {
		t.Errorf("the state is %+v", got)
	}
	letters := w.letters("replica")
	if len(letters) != 1 || !strings.HasPrefix(letters[0], "7 : it answered 422 Unprocessable Entity, answer ") {
		t.Errorf("the dead letters are %q", letters)
	}
	l, body, err := w.worker("replica").Letter(t.Context(), 7)
	if err != nil || l.Attempts < 100 || !bytes.Contains(body, []byte(`"id":"e7"`)) {
		t.Errorf("%+v, %s, %v", l, body, err)
	}

	again, err := w.worker("replica").Redeliver(t.Context())
	if err != nil || again.Delivered != 0 || again.Failed == nil || again.Left != 1 {
		t.Errorf("sent again while it is refused: %+v, %v", again, err)
	}
	r.mu.Lock()
	mended = true
	r.mu.Unlock()
	if again, err = w.worker("replica").Redeliver(t.Context(), 7); err != nil || again.Delivered != 1 || again.Failed != nil || again.Left != 0 {
		t.Errorf("sent again once it is not: %+v, %v", again, err)
	}
	if _, err := w.worker("replica").Redeliver(t.Context(), 7); fault.KindOf(err) != fault.NotFound {
		t.Errorf("sent again what is no dead letter: %v", err)
	}
	if got := r.all(); got[len(got)-1] != "e7" {
		t.Errorf("the events are %v", got)
	}
}

func TestDismiss(t *testing.T) {
	w := newWorld(t)
	r := receive(t, func(_ int, r request) (int, map[string]string) {
		if slices.Contains(r.ids, "e1") {
			return http.StatusBadRequest, nil
		}
		return http.StatusOK, nil
	})
	w.addMany(2)
	w.serve(to(r))
	r.until("e2")
	for len(r.all()) < 1 {
		<-r.got
	}
	w.worker("replica").Settle()
	if err := w.worker("replica").Dismiss(t.Context(), 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("dismiss what is no dead letter: %v", err)
	}
	if err := w.worker("replica").Dismiss(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	same(t, "dead letters", []string(nil), w.letters("replica"))
}

// A receiver that fails over one event stops what comes later until somebody puts
// that event aside.
func TestSkip(t *testing.T) {
	w := newWorld(t)
	w.clock.now = time.Now()
	var mended atomic.Bool
	r := receive(t, func(_ int, r request) (int, map[string]string) {
		if slices.Contains(r.ids, "e2") && !mended.Load() {
			return http.StatusInternalServerError, nil
		}
		return http.StatusOK, nil
	})
	w.addMany(3)
	w.serve(to(r))
	r.until("e2") // with all others
	r.until("e2") // alone
	for w.state("replica").Failures < 100 {
		r.until("e2")
	}
	if got := w.state("replica"); got.Status != subscribers.Failing || got.Position != 1 || got.Letters != 0 || got.Reason != "it answered 500 Internal Server Error" {
		t.Errorf("the state is %+v", got)
	}
	if err := w.worker("replica").Skip(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.until("e3")
	w.worker("replica").Settle()
	same(t, "events", []string{"e1", "e3"}, r.all())
	if got := w.letters("replica"); len(got) != 1 || !strings.HasPrefix(got[0], "2 : it answered 500") {
		t.Errorf("the dead letters are %q", got)
	}
	if err := w.worker("replica").Skip(t.Context()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("skip what did not fail: %v", err)
	}
	mended.Store(true)
	if err := w.worker("replica").Rewind(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	r.until("e3")
	w.worker("replica").Settle()
	same(t, "dead letters after everything was sent again", []string(nil), w.letters("replica"))
}

// 410 pauses; so can anybody. Resumed, it goes on where it was.
func TestPause(t *testing.T) {
	w := newWorld(t)
	r := receive(t, func(n int, _ request) (int, map[string]string) {
		if n == 1 {
			return http.StatusGone, nil
		}
		return http.StatusOK, nil
	})
	w.addMany(2)
	w.serve(to(r))
	<-r.got
	if got := w.state("replica"); got.Status != subscribers.Paused || got.PausedFor != "It answered 410 Gone: it wants nothing any more." || got.Position != 0 {
		t.Errorf("after 410 the state is %+v", got)
	}
	if got, err := w.worker("replica").Trouble(t.Context()); err != nil || !got.Failing {
		t.Errorf("after 410 nothing is amiss: %+v, %v", got, err)
	}
	if err := w.worker("replica").Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := w.worker("replica").Trouble(t.Context()); err != nil || got.Failing {
		t.Errorf("what somebody paused is amiss although it paused by itself before: %+v, %v", got, err)
	}
	w.serve(to(r)) // a restart does not undo it
	if got := w.state("replica"); got.Status != subscribers.Paused {
		t.Errorf("after a restart the state is %+v", got)
	}
	if err := w.worker("replica").Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.until("e2")
	if err := w.worker("replica").Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.add("a.v1", "later")
	if err := w.runner.WaitAll(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	got := w.state("replica")
	if got.Status != subscribers.Paused || got.Position != 2 || got.Pending.IsZero() {
		t.Errorf("paused by hand the state is %+v", got)
	}
	if a, err := w.worker("replica").Ping(t.Context()); err != nil || a.Verdict != subscribers.Delivered || a.Kind != subscribers.KindPing {
		t.Errorf("ping: %+v, %v", a, err)
	}
	if err := w.worker("replica").Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.until("later")
}

func TestRewind(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	w.addMany(3)
	w.serve(to(r))
	r.until("e3")
	if err := w.worker("replica").Rewind(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	r.until("e3")
	same(t, "events", []string{"e1", "e2", "e3", "e2", "e3"}, r.all())
	if err := w.worker("replica").Rewind(t.Context(), 4); fault.KindOf(err) != fault.Invalid {
		t.Errorf("rewind to beyond the end: %v", err)
	}
	if err := w.worker("replica").Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.worker("replica").Rewind(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := w.state("replica"); got.Status != subscribers.Paused || got.Position != 0 {
		t.Errorf("what somebody paused goes on once it is rewound: %+v", got)
	}
	if got, err := w.worker("replica").Trouble(t.Context()); err != nil || got.Failing {
		t.Errorf("what somebody paused is amiss: %+v, %v", got, err)
	}
}

// What the portal did not get an answer to comes again, and nothing else does.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	w.addMany(3)
	w.serve(to(r))
	r.until("e3")
	w.worker("replica").Settle()
	w.stop()
	w.add("a.v1", "later")
	w.serve(to(r))
	r.until("later")
	same(t, "events", []string{"e1", "e2", "e3", "later"}, r.all())
}

// Another configuration of a subscriber goes on where the one before was.
func TestServeAnother(t *testing.T) {
	w := newWorld(t)
	before, after := receive(t, nil), receive(t, nil)
	w.addMany(3)
	w.serve(to(before))
	before.until("e3")
	w.worker("replica").Settle()
	if err := w.dispatcher.Serve(t.Context(), []subscribers.Subscriber{to(after)}); err != nil {
		t.Fatal(err)
	}
	w.add("a.v1", "later")
	after.until("later")
	same(t, "events before", []string{"e1", "e2", "e3"}, before.all())
	same(t, "events after", []string{"later"}, after.all())
	if err := w.dispatcher.Serve(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.dispatcher.Worker("replica"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the worker of nobody: %v", err)
	}
}

// An answer that does not come in time is none; one without end is cut off.
func TestSlowAndLong(t *testing.T) {
	w := newWorld(t)
	var requests atomic.Int32
	third := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		if n == 1 {
			io.Copy(io.Discard, r.Body) // so that the end of the request is seen
			<-r.Context().Done()
			return
		}
		if n == 3 { // then the second has counted
			close(third)
		}
		rw.WriteHeader(http.StatusBadRequest)
		for range 200 {
			rw.Write(bytes.Repeat([]byte("x\xff"), 1<<10))
		}
	}))
	t.Cleanup(s.Close)
	w.addMany(1)
	w.serve(subscribers.Subscriber{Name: "replica", URL: s.URL, Secrets: []string{secret}, Timeout: time.Second})
	<-third
	if err := w.worker("replica").Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := w.worker("replica").Attempts(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	late := slices.IndexFunc(all, func(a subscribers.Attempt) bool { return a.Status == 0 })
	if late < 0 || all[late].Reason != "no answer within 1s" || all[late].Verdict != subscribers.Unavailable {
		t.Errorf("no attempt had no answer in time: %+v", all)
	}
	long := slices.IndexFunc(all, func(a subscribers.Attempt) bool { return a.Status == http.StatusBadRequest })
	if long < 0 || all[long].Verdict != subscribers.Refused || !strings.HasPrefix(all[long].Answer, "x�x�") || len(all[long].Answer) > 2000 {
		t.Errorf("no attempt had a long answer: %+v", all)
	}
}

func TestLogPutBack(t *testing.T) {
	w := newWorld(t)
	r := receive(t, nil)
	w.addMany(3)
	s := to(r)
	s.From = 9
	w.serve(s)
	for w.state("replica").Status != subscribers.Paused {
		if w.t.Context().Err() != nil {
			t.Fatal("it is not paused")
		}
	}
	if got := w.state("replica").PausedFor; !strings.HasPrefix(got, "It has event 9, and the log ends at 3") {
		t.Errorf("paused for %q", got)
	}
	if err := w.worker("replica").Rewind(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	r.until("e3")
}

func TestSecrets(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"", "hunter2", "whsec_", "whsec_!", "whsec_AAAA"} {
		err := func() error {
			d, err := subscribers.New(subscribers.Options{Store: w.store, History: w.history, Log: w.log, Wait: w.runner.WaitAll, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: w.clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			return d.Serve(t.Context(), []subscribers.Subscriber{{Name: "a", URL: "http://127.0.0.1:1", Secrets: []string{bad}}})
		}()
		if fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	for _, seed := range []string{"120", "-1", "Thu, 12 Mar 2026 09:01:00 GMT", strconv.Itoa(1 << 40), "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := subscribers.RetryAfter(http.Header{"Retry-After": {text}}, now); d < 0 || d > time.Hour {
			t.Errorf("%q: %s", text, d)
		}
	})
}
