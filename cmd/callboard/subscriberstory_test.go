package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
)

// toldStory is what the subscriber of a story was sent.
type toldStory struct {
	killAt  int           // the request that the portal is killed during
	reached chan struct{} // closed when it has come
	killed  chan struct{} // closed when the portal is
	moved   chan struct{} // has one after each request

	mu       sync.Mutex
	requests int
	records  []eventlog.Record
	wrong    error
}

// subscribe starts a subscriber, and sets $SUBSCRIBER_URL and $SUBSCRIBER_SECRET. The portal
// gets no answer to its N-th request before it is killed.
func (s *story) subscribe(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "subscribe N")
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	told := &toldStory{killAt: n, reached: make(chan struct{}), killed: make(chan struct{}), moved: make(chan struct{}, 1)}
	s.told = told
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		records, err := toldByWebhook(r, subscriberSecret)
		if told.take(records, err) {
			close(told.reached)
			<-told.killed
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("SUBSCRIBER_URL", server.URL)
	ts.Setenv("SUBSCRIBER_SECRET", subscriberSecret)
}

// take keeps what came, and reports whether the portal is to be killed now.
func (t *toldStory) take(records []eventlog.Record, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.wrong = err
	}
	t.records = append(t.records, records...)
	t.requests++
	select {
	case t.moved <- struct{}{}:
	default:
	}
	return t.requests == t.killAt
}

// killed kills the portal while it waits for an answer of the subscriber.
func (s *story) killed(ts *testscript.TestScript, args []string) {
	select {
	case <-s.told.reached:
	case <-time.After(storyWait):
		ts.Fatalf("the subscriber was not sent %d requests", s.told.killAt)
	}
	s.crash(ts, args)
	close(s.told.killed)
}

// replicated waits until the subscriber has the newest event, and checks that it has
// all of them in their order, some of them twice, and the catalog with them.
func (s *story) replicated(ts *testscript.TestScript, _ []string) {
	var history struct {
		Items []struct{ Position eventlog.Position }
	}
	s.getJSON(ts, "/api/history/events?order=asc&limit=500", &history)
	var want []eventlog.Position
	for _, i := range history.Items {
		want = append(want, i.Position)
	}
	deadline := time.After(storyWait)
	for !s.told.has(want[len(want)-1]) {
		select {
		case <-s.told.moved:
		case <-deadline:
			ts.Fatalf("the subscriber does not get event %d", want[len(want)-1])
		}
	}
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	ts.Check(s.told.wrong)
	replica := entities.New()
	var got []eventlog.Position
	repeated := 0
	for _, rec := range s.told.records {
		if len(got) > 0 && rec.Position <= got[len(got)-1] {
			repeated++
			continue
		}
		got = append(got, rec.Position)
		ts.Check(replica.Apply(context.Background(), []eventlog.Record{rec}))
	}
	if repeated == 0 {
		ts.Fatalf("nothing came twice, though the portal was killed before it knew the answer")
	}
	if d := cmp.Diff(want, got); d != "" {
		ts.Fatalf("the events of the portal (-) and of the subscriber (+) differ:\n%s", d)
	}
	var catalog []json.RawMessage
	s.getJSON(ts, "/api/catalog/entities", &catalog)
	var here []string
	for _, e := range catalog {
		here = append(here, string(e))
	}
	there := jsonOf(replica.Snapshot())
	slices.Sort(here)
	slices.Sort(there)
	if d := cmp.Diff(here, there); d != "" {
		ts.Fatalf("the catalog of the portal (-) and of the subscriber (+) differ:\n%s", d)
	}
	ts.Logf("%d events in %d requests, %d of them twice; %d entities", len(got), s.told.requests, repeated, len(there))
}

func (t *toldStory) has(p eventlog.Position) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.records, func(r eventlog.Record) bool { return r.Position == p })
}
