package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

const subscriberSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// toldByWebhook reads what a subscriber is sent, as a program would that has only the
// specifications of Standard Webhooks and of CloudEvents.
func toldByWebhook(r *http.Request, secret string) ([]eventlog.Record, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	if err := wh.Verify(body, r.Header); err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, err
	}
	records := make([]eventlog.Record, len(all))
	for i, one := range all {
		e, err := event.Parse(one)
		if err != nil {
			return nil, err
		}
		at, _ := strconv.ParseUint(e.Extensions["position"], 10, 64)
		recorded, _ := time.Parse(time.RFC3339Nano, e.Extensions["recordedat"])
		delete(e.Extensions, "position")
		delete(e.Extensions, "recordedat")
		records[i] = eventlog.Record{Position: eventlog.Position(at), Recorded: recorded, Event: e}
	}
	return records, nil
}

// Whoever is sent all events from the first on has the catalog.
func TestSubscriberHasTheCatalog(t *testing.T) {
	told := make(chan []eventlog.Record, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		records, err := toldByWebhook(r, subscriberSecret)
		if err != nil {
			t.Error(err)
		}
		told <- records
	}))
	t.Cleanup(s.Close)
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a", "team-b")
	r.ownedBy(t, "ledger", "team-a")
	conf := r.file
	conf.Subscribers = []config.Subscriber{{Name: "replica", URL: s.URL, Secret: subscriberSecret, From: "0"}}
	if err := r.reload(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	r.ownedBy(t, "stock", "team-c") // while it is sent
	var records []eventlog.Record
	for last := r.last(t); len(records) == 0 || records[len(records)-1].Position < last; {
		records = append(records, <-told...)
	}
	for i, rec := range records {
		if rec.Position != eventlog.Position(i+1) {
			t.Fatalf("event %d comes after event %d", rec.Position, i)
		}
		kept, err := r.events.At(t.Context(), rec.Position)
		if err != nil || kept.ID != rec.ID || !kept.Recorded.Equal(rec.Recorded) {
			t.Errorf("%+v was sent as %+v, %v", kept, rec, err)
		}
	}
	r.sameCatalog(t, records)
}

// program is a subscriber that does not take events about a subject, until it is mended.
type program struct {
	*httptest.Server
	bad string
	// alone is told when an event that it does not take came by itself, taken of every other.
	alone, taken chan eventlog.Record

	mu     sync.Mutex
	mended bool
}

func newProgram(t *testing.T, bad string) *program {
	t.Helper()
	p := &program{bad: bad, alone: make(chan eventlog.Record, 1000), taken: make(chan eventlog.Record, 1000)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		records, err := toldByWebhook(r, subscriberSecret)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		mended := p.mended
		p.mu.Unlock()
		for _, rec := range records {
			if rec.Subject == bad && !mended {
				w.WriteHeader(http.StatusUnprocessableEntity)
				io.WriteString(w, "owner is <b>not</b> a cost centre")
				if len(records) == 1 {
					p.alone <- rec
				}
				return
			}
		}
		for _, rec := range records {
			p.taken <- rec
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *program) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mended = true
}

// wait waits for an event about a subject.
func (p *program) wait(t *testing.T, from <-chan eventlog.Record, subject string) {
	t.Helper()
	p.until(t, from, "about "+subject, func(r eventlog.Record) bool { return r.Subject == subject })
}

func (p *program) until(t *testing.T, from <-chan eventlog.Record, what string, is func(eventlog.Record) bool) {
	t.Helper()
	deadline := time.After(storyWait)
	for {
		select {
		case got := <-from:
			if is(got) {
				return
			}
		case <-deadline:
			t.Fatalf("no event %s comes", what)
		}
	}
}

// subscribe has programs be sent everything.
func (r *running) subscribe(t *testing.T, programs map[string]*program) {
	t.Helper()
	conf := r.file
	for name, p := range programs {
		conf.Subscribers = append(conf.Subscribers, config.Subscriber{Name: name, URL: p.URL + "/hook/hunter2?key=hunter2", Secret: subscriberSecret, From: "0"})
	}
	if err := r.reload(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
}

// What a subscriber cannot take is seen on its page and in the API, put aside, and sent
// again once it can.
func TestSubscriberIsMended(t *testing.T) {
	r := startPortal(t)
	r.ownedBy(t, "payments", "team-a")
	r.ownedBy(t, "ledger", "team-a")
	r.ownedBy(t, "stock", "team-a")
	const ledger, stock = "component:default/ledger", "component:default/stock"
	p := newProgram(t, ledger)
	r.subscribe(t, map[string]*program{"cmdb": p})
	p.wait(t, p.alone, ledger)

	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	client := newPortalClient(r.base, token)
	client.by = "Corvid, on call"
	ask := func(path string, body any) (map[string]any, error) {
		answer := map[string]any{}
		err := client.ask(t.Context(), http.MethodPost, "/api/subscribers/cmdb/"+path, body, &answer)
		return answer, err
	}
	if err := newPortalClient(r.base, "wrong").ask(t.Context(), http.MethodPost, "/api/subscribers/cmdb/pause", nil, nil); fault.KindOf(err) != fault.Denied {
		t.Errorf("without the token: %v", err)
	}
	if got, err := ask("ping", nil); err != nil || got["verdict"] != "delivered" || got["status"] != 200.0 {
		t.Errorf("ping: %v, %v", got, err)
	}
	r.says(t, "/api/subscribers", `"name":"cmdb"`, `"status":"failing"`, `"error":"it answered 422 Unprocessable Entity"`, `"deadLetters":0`)
	r.says(t, "/subscribers", "Does not take it", "1 failing")
	r.says(t, "/metrics", `callboard_subscriber_failing{subscriber="cmdb"} 1`, `callboard_subscriber_attempts_total{subscriber="cmdb",verdict="refused"} `)
	if _, body := r.read(t, "/api/subscribers/cmdb"); strings.Contains(body, "hunter2") || strings.Contains(body, "whsec_") {
		t.Errorf("a secret shows: %s", body)
	}

	page := newVisitor(t).open(r.base+"/subscribers/cmdb").press("Keep", map[string]string{"by": "Häherling"}).isAt("/subscribers/cmdb").press("Put it aside and go on", nil).isAt("/subscribers/cmdb")
	p.wait(t, p.taken, stock)
	page.isTold(".toast", "is among the dead letters").isTold("[aria-labelledby=h-letters]", ledger[len("component:default/"):])
	if _, err := ask("skip", nil); fault.KindOf(err) != fault.Conflict {
		t.Errorf("putting aside what did not fail: %v", err)
	}
	r.says(t, "/api/subscribers/cmdb/dead-letters", `"subject":"component:default/ledger"`, `"status":422`, `"answer":"owner is \u003cb\u003enot\u003c/b\u003e a cost centre"`)
	page.press("Send all again", nil).isTold(".strip", "The dead letter was not taken: it answered 422")
	page.follow("See what was sent").isTold("[aria-labelledby=h-body]", ledger).isTold("[aria-labelledby=h-answer]", "owner is <b>not</b> a cost centre")

	p.mend()
	page.press("Send again", nil).isAt("/subscribers/cmdb").isTold(".toast", "1 dead letter was taken.")
	p.wait(t, p.taken, ledger)
	r.says(t, "/api/subscribers/cmdb/dead-letters", `{"items":[]}`)
	if got, err := ask("dead-letters/redeliver", nil); err != nil || got["delivered"] != 0.0 {
		t.Errorf("sending again what is not there: %v, %v", got, err)
	}
	if _, err := ask("dead-letters/2/redeliver", nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("sending again what is no dead letter: %v", err)
	}
	if _, err := ask("dead-letters/2/dismiss", nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("dismissing what is no dead letter: %v", err)
	}

	if got, err := ask("pause", nil); err != nil || got["status"] != "paused" {
		t.Errorf("pause: %v, %v", got, err)
	}
	r.says(t, "/subscribers/cmdb", "Corvid, on call paused it.")
	if _, err := ask("rewind", map[string]any{"position": 999}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("rewinding to beyond the end: %v", err)
	}
	if _, err := ask("rewind", map[string]any{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("rewinding to nowhere: %v", err)
	}
	if got, err := ask("rewind", map[string]any{"position": 0}); err != nil || got["status"] != "paused" || got["position"] != 0.0 {
		t.Errorf("rewind of what somebody paused: %v, %v", got, err)
	}
	if got, err := ask("resume", nil); err != nil || got["status"] == "paused" {
		t.Errorf("resume: %v, %v", got, err)
	}
	last := r.last(t)
	p.until(t, p.taken, "as new as the log", func(rec eventlog.Record) bool { return rec.Position >= last })
	if _, err := ask("ping", nil); err != nil { // it waits until what was taken has counted
		t.Error(err)
	}
	r.says(t, "/subscribers", "Up to date", "all there is")
	r.says(t, "/api/history/events?type=subscriber.work.requested&order=asc",
		`"summary":"put aside event `, `"actor":{"name":"Häherling"}`, `"summary":"sent again all dead letters"`, `"summary":"paused"`, `"summary":"sent everything again after event 0"`, `"actor":{"name":"Corvid, on call"}`)
	if status, _ := r.read(t, "/subscribers/nobody"); status != http.StatusNotFound {
		t.Errorf("the page of nobody: %d", status)
	}
	if status, _ := r.read(t, "/subscribers/cmdb/dead-letters/1"); status != http.StatusNotFound {
		t.Errorf("the page of no dead letter: %d", status)
	}
}

// The pages of subscribers hold in a browser, whatever the state.
func TestSubscriberPages(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	axe, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		skipOrFail(t, "axe-core is not there; run npm ci")
	}
	ctx := browser(t)
	r := startPortal(t)
	for _, name := range []string{"payments", "ledger", "stock"} {
		r.ownedBy(t, name, "team-a")
	}
	const ledger, stock = "component:default/ledger", "component:default/stock"
	good, bad, odd := newProgram(t, ""), newProgram(t, ledger), newProgram(t, ledger)
	r.subscribe(t, map[string]*program{"warehouse": good, "pager": bad, "cmdb": odd})
	good.wait(t, good.taken, stock)
	bad.wait(t, bad.alone, ledger)
	odd.wait(t, odd.alone, ledger)
	w, err := r.subscribers.Worker("cmdb")
	if err == nil {
		err = w.Skip(t.Context())
	}
	if err == nil {
		err = w.Pause(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	letters, err := w.Letters(t.Context(), 0, 1)
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d dead letters, %v", len(letters), err)
	}
	hold(t, ctx, r.base, string(axe), []shown{
		{name: "subscribers", path: "/subscribers"},
		{name: "subscriber-warehouse", path: "/subscribers/warehouse?told=ping"},
		{name: "subscriber-pager", path: "/subscribers/pager"},
		{name: "subscriber-cmdb", path: "/subscribers/cmdb"},
		{name: "dead-letter", path: fmt.Sprint("/subscribers/cmdb/dead-letters/", letters[0].Position)},
	})
}
