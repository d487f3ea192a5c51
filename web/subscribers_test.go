package web_test

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// subscribed is a portal of the sample organisation that sends to some programs.
func subscribed(t *testing.T) *portal {
	t.Helper()
	w, err := sample.Acme(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Subscribe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return open(t, w, func(c *web.Config) { c.Subscribers = d })
}

func TestSubscribers(t *testing.T) {
	got := subscribed(t).ok("/subscribers")
	want := []string{
		"warehouse https://warehouse.acme.example Up to date 133 all there is none every event 13:43:17 0",
		"pager https://pager.acme.example Does not take it nothing yet 162 days type entity.changed never 0",
		"cmdb https://cmdb.acme.example Up to date 133 all there is none every event 13:52:44 1",
		"sandbox https://sandbox.acme.example Paused nothing yet 177 days kind component never 0",
	}
	if diff := cmp.Diff(want, got.texts("table.subscribers tbody tr")); diff != "" {
		t.Error(diff)
	}
	got.wants(".strip.bad", "pager does not take what it is sent.", "It answered 502 Bad Gateway", "nothing is lost")
	got.wants(".strip.warn", "cmdb did not take 1 event.")
	got.wants(".nav a[aria-current=page]", "Subscribers", "1 failing")
	if to := got.follow(".strip.warn a", "See them"); !strings.HasPrefix(to, "/subscribers/cmdb") {
		t.Errorf("they are at %q", to)
	}
}

func TestNoSubscribers(t *testing.T) {
	p := empty(t)
	p.ok("/subscribers").wants(".empty", "No subscriber is configured yet", "callboard.yaml")
	if got := p.get("/subscribers/nobody"); got.status != http.StatusNotFound {
		t.Errorf("the page of nobody: %d", got.status)
	}
}

func TestSubscriberOrders(t *testing.T) {
	p := subscribed(t)
	do := func(order string, form url.Values) *page {
		t.Helper()
		got := p.post("/subscribers/"+order, form)
		if got.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", order, got.status, got.text("main"))
		}
		return p.ok(got.header.Get("Location"))
	}
	cmdb, pager := url.Values{"subscriber": {"cmdb"}}, url.Values{"subscriber": {"pager"}}
	do("pause", cmdb).wants(".strip.warn", "Paused since today 14:03.", "Somebody paused it.")
	do("resume", cmdb).wants(".toast", "It is sent to again.")
	do("ping", cmdb).wants(".toast", "The ping was answered 200")
	do("ping", pager).wants(".strip.bad", "The ping was not taken: it answered 502 Bad Gateway.")
	do("rewind", url.Values{"subscriber": {"cmdb"}, "position": {" 7 "}}).wants(".toast", "What comes after that event is sent")
	do("skip", pager).wants("#h-letters", "Dead letters")
	do("redeliver", cmdb).wants(".strip.bad", "The dead letter was not taken: it answered 422 Unprocessable Entity.")
	do("dismiss", url.Values{"subscriber": {"cmdb"}, "position": {"41"}}).wants(".toast", "The dead letter is dropped.")
	do("redeliver", cmdb).wants(".toast", "There was no dead letter to send.")
	for order, form := range map[string]url.Values{
		"pause":  {"subscriber": {"nobody"}},
		"rewind": {"subscriber": {"cmdb"}, "position": {"soon"}},
	} {
		if got := p.post("/subscribers/"+order, form); got.status != http.StatusNotFound && got.status != http.StatusBadRequest {
			t.Errorf("%s %v: %d", order, form, got.status)
		}
	}
}

func TestDeadLetter(t *testing.T) {
	p := subscribed(t)
	p.ok("/subscribers/cmdb").wants("[aria-labelledby=h-letters]", "entity.registered.v1", "It answered 422 Unprocessable Entity", "attempts, the last today 13:5")
	got := p.ok("/subscribers/cmdb/dead-letters/41")
	got.wants("[aria-labelledby=h-body]", `"position" : "41"`, `"type" : "entity.registered.v1"`)
	got.wants("[aria-labelledby=h-answer]", "owner is not a known cost centre")
	for address, want := range map[string]int{"/subscribers/cmdb/dead-letters/40": http.StatusNotFound, "/subscribers/cmdb/dead-letters/x": http.StatusBadRequest} {
		if got := p.get(address); got.status != want {
			t.Errorf("%s: %d, want %d", address, got.status, want)
		}
	}
}

// holding is a channel that holds something back.
type holding struct{ held []subscribers.Held }

func (holding) Ends(context.Context) (eventlog.Position, error)              { return 0, nil }
func (holding) Newest(context.Context, time.Time) (eventlog.Position, error) { return 0, nil }
func (holding) Entries(context.Context, time.Time, eventlog.Position, eventlog.Position, int) ([]eventlog.Record, error) {
	return nil, nil
}
func (holding) At(context.Context, time.Time, eventlog.Position) (eventlog.Record, error) {
	return eventlog.Record{}, fault.New(fault.NotFound, "there is none")
}
func (holding) Wait(context.Context, eventlog.Position) error { return nil }
func (holding) Shown() subscribers.Shown {
	return subscribers.Shown{Type: "slack", Sends: "all notices", Host: "https://chat.example"}
}
func (holding) Ping(time.Time) (eventlog.Record, error)                       { return eventlog.Record{}, nil }
func (holding) Courier() subscribers.Courier                                  { return deaf{} }
func (h holding) Held(context.Context, time.Time) ([]subscribers.Held, error) { return h.held, nil }

// deaf takes nothing.
type deaf struct{}

func (deaf) Send(context.Context, subscribers.Message) subscribers.Answer {
	return subscribers.Answer{Verdict: subscribers.Refused}
}

// What a channel is not sent yet is on its page, with why and until when.
func TestHeldBack(t *testing.T) {
	w, err := sample.Acme(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Subscribe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	until := sample.Now.Add(5 * time.Minute)
	err = d.Serve(context.Background(), []subscribers.Subscriber{
		{Name: "chat", Channel: holding{[]subscribers.Held{{Why: "grace", Says: "Within the grace", Count: 1, Until: until}, {Why: "hour", Says: "It is gathered", Count: 2, Until: until.Add(time.Hour)}}}},
		{Name: "quiet", Channel: holding{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, w, func(c *web.Config) { c.Subscribers = d })
	chat := p.ok("/subscribers/chat")
	chat.wants("section:has(#h-held) .rows", "1 notice until "+until.Format("15:04:05"), "Within the grace.", "2 notices until "+until.Add(time.Hour).Format("15:04:05"))
	chat.wants(".facts-rail", "Held back 3 notices")
	p.ok("/subscribers/quiet").wants(".facts-rail", "Held back none")
	p.ok("/subscribers").wants("table.subscribers", "3 notices held back")
}

// messenger is a channel with one notice.
type messenger struct {
	holding
	notice eventlog.Record
}

func (c messenger) Ends(context.Context) (eventlog.Position, error) { return math.MaxInt64, nil }
func (c messenger) Newest(context.Context, time.Time) (eventlog.Position, error) {
	return c.notice.Position, nil
}

func (c messenger) Entries(_ context.Context, _ time.Time, after, newest eventlog.Position, _ int) ([]eventlog.Record, error) {
	if after < c.notice.Position && c.notice.Position <= newest {
		return []eventlog.Record{c.notice}, nil
	}
	return nil, nil
}

func (c messenger) Courier() subscribers.Courier { return c }

func (c messenger) Send(context.Context, subscribers.Message) subscribers.Answer {
	return subscribers.Answer{Verdict: subscribers.Delivered, Status: http.StatusOK}
}

// The page of a channel says which notices it was sent, and leads to them.
func TestSentNotices(t *testing.T) {
	w, err := sample.Acme(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Subscribe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	chat := messenger{notice: eventlog.Record{Position: 40, Recorded: sample.Now, Event: event.Event{
		ID: "n", Type: "notice.v1", Source: "/notices", Subject: "chat", Data: []byte(`{"words": {"headline": "charge fell to Bronze", "href": "https://callboard.acme.example/notices/40"}}`),
	}}}
	if err := d.Serve(context.Background(), []subscribers.Subscriber{{Name: "chat", Channel: chat}}); err != nil {
		t.Fatal(err)
	}
	worker, err := d.Worker("chat")
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := open(t, w, func(c *web.Config) { c.Subscribers, c.URL = d, "https://callboard.acme.example" })
	got := p.ok("/subscribers/chat")
	if href := got.follow("table.sent a", "charge fell to Bronze"); href != "/notices/40" {
		t.Errorf("the notice is at %s", href)
	}
	if text := got.text("table.sent"); strings.Contains(text, "1 notice") {
		t.Errorf("it says how many where it says which: %s", text)
	}
}
