package channels_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/projections/projectiontest"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/subscribers/channels"
)

const (
	card   = "scorecard:default/readiness"
	grace  = 5 * time.Minute
	portal = "https://callboard.example.com"
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// world is a log with notices, and what sends them: nothing happens by itself.
type world struct {
	t       *testing.T
	folder  string
	log     *sqlitelog.Log
	notices *notices.Notices
	store   *subscribers.Store
	now     time.Time
	ago     time.Duration // how long it was so when it becomes known
	all     *subscribers.Dispatcher
	moves   int
	options *channels.Options
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir(), now: time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)}
	var err error
	if w.log, err = sqlitelog.Open(t.Context(), filepath.Join(w.folder, "events.db"), sqlitelog.WithClock(func() time.Time { return w.now })); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.log.Close() })
	w.start()
	t.Cleanup(func() { w.stop() })
	w.options = &channels.Options{Notices: w.notices, Log: w.log, URL: portal, Now: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)}
	ladder := []any{map[string]any{"name": "Bronze", "rank": 1}, map[string]any{"name": "Silver", "rank": 2}}
	w.add(card, event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: "readiness", Title: "Readiness"}, Spec: map[string]any{"levels": ladder, "rules": []any{map[string]any{"id": "owner", "title": "Has an owner", "level": "Silver", "expr": "true"}}}}}})
	return w
}

func (w *world) start() {
	w.t.Helper()
	var err error
	if w.notices, err = notices.Open(w.t.Context(), filepath.Join(w.folder, "notices.db"), grace); err != nil {
		w.t.Fatal(err)
	}
	if w.store, err = subscribers.Open(w.t.Context(), filepath.Join(w.folder, "subscribers.db")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) stop() {
	w.notices.Close()
	w.store.Close()
}

func (w *world) add(subject string, data event.Data) {
	w.t.Helper()
	e, err := event.New("/sources/github", subject, data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.moves++
	e.ID, e.Time = fmt.Sprint(w.moves), w.now.Add(-w.ago)
	if _, ok := data.(event.ScoreChanged); ok {
		e.Actor, e.Cause = event.Actor{Login: "saltmarsh"}, event.Cause{Commit: "4f2a91c7e0", CommitURL: "https://git.example.com/commit/4f2a91c7e0"}
	}
	if _, err := w.log.Append(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
	w.fold()
}

// fold folds what is in the log.
func (w *world) fold() {
	w.t.Helper()
	var all []eventlog.Record
	for rec, err := range w.log.Read(w.t.Context(), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, rec)
	}
	if err := w.notices.Apply(w.t.Context(), all); err != nil {
		w.t.Fatal(err)
	}
}

// own registers a component of a team.
func (w *world) own(name, team string) {
	w.t.Helper()
	w.add("component:default/"+name, event.EntityRegistered{Declaration: projectiontest.Component(name, team)})
}

// fall has components fall.
func (w *world) fall(names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.add("component:default/"+name, event.ScoreChanged{
			Card: card, Title: "Readiness", Before: &event.Score{Level: "Silver"}, After: &event.Score{Level: "Bronze"},
			Rules: []event.RuleChange{{Rule: "codeowners", Title: "Has CODEOWNERS", Before: "pass", After: "fail", Message: "No CODEOWNERS on <main>"}},
		})
	}
}

// serve makes these the channels.
func (w *world) serve(all ...*channels.Channel) {
	w.t.Helper()
	var err error
	w.all, err = subscribers.New(subscribers.Options{
		Store: w.store, Log: w.log, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var served []subscribers.Subscriber
	for _, c := range all {
		c.Options = w.options
		if c.Daily == 0 {
			c.Daily = channels.DefaultDaily
		}
		s := subscribers.Subscriber{Name: c.Name, Channel: c, Batch: 1}
		if c.Way == channels.Webhook {
			s.URL, s.Secrets = c.Address, []string{secret}
		}
		served = append(served, s)
	}
	if err := w.all.Serve(w.t.Context(), served); err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time go by, and sends what there is then.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	for _, one := range w.all.Workers() {
		for range 100 {
			if err := one.Send(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *world) worker(name string) *subscribers.Worker {
	w.t.Helper()
	one, err := w.all.Worker(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return one
}

func (w *world) state(name string) subscribers.State {
	w.t.Helper()
	s, err := w.worker(name).State(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// chat is a server that answers as Slack's incoming webhooks do.
type chat struct {
	*httptest.Server
	mu       sync.Mutex
	texts    []string // that it took
	requests int
	answer   func(n int, w http.ResponseWriter) bool // false: it has answered otherwise
}

func newChat(t *testing.T) *chat {
	t.Helper()
	c := &chat{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.requests++
		if c.answer != nil && !c.answer(c.requests, w) {
			return
		}
		var body struct {
			Text string `json:"text"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Text == "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			http.Error(w, "invalid_payload", http.StatusBadRequest)
			return
		}
		c.texts = append(c.texts, body.Text)
		io.WriteString(w, "ok")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.texts...)
}

// heads are the first lines of what was said, without their markup.
func (c *chat) heads() []string {
	var all []string
	for _, text := range c.said() {
		head, _, _ := strings.Cut(text, "\n")
		_, head, _ = strings.Cut(head, "|")
		all = append(all, strings.TrimSuffix(head, ">*"))
	}
	return all
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// One message says what fell, why, who did it and in which commit; ten are one message.
func TestSlack(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	w.serve(&channels.Channel{Name: "bank-chat", Way: channels.Slack, Address: c.URL + "/services/T0/B0/key"})
	w.fall("payments")
	w.pass(time.Minute)
	same(t, "before the grace is over", []string{}, c.said())
	w.pass(grace)
	same(t, "said", []string{
		"*<https://callboard.example.com/catalog/default/component/payments/scorecards|payments fell from Silver to Bronze on Readiness>*\n" +
			"• “Has CODEOWNERS” fails (No CODEOWNERS on &lt;main&gt;) by saltmarsh in commit <https://git.example.com/commit/4f2a91c7e0|4f2a91c>",
	}, c.said())
	w.pass(2 * time.Hour)
	names := make([]string, 10)
	for i := range names {
		names[i] = fmt.Sprint("s", i)
		w.own(names[i], "bank")
	}
	w.fall(names...)
	w.pass(grace + time.Second)
	same(t, "heads", []string{"payments fell from Silver to Bronze on Readiness", "10 components fell to Bronze on Readiness"}, c.heads())
	s := w.state("bank-chat")
	if s.Status != subscribers.Current || s.Type != channels.Slack || strings.Contains(fmt.Sprintf("%+v", s), "key") {
		t.Errorf("the state is %+v", s)
	}
}

// What is told of the past says when it was, alone and in a digest, and what happens now is
// told at once all the same.
func TestPast(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	w.own("cart", "shop")
	w.own("ledger", "bank")
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL, Daily: 2})
	w.ago = 60 * 24 * time.Hour
	w.fall("payments")
	w.now, w.ago = w.now.Add(time.Second), 0
	w.fall("ledger")
	w.now, w.ago = w.now.Add(time.Second), 60*24*time.Hour
	w.fall("cart")
	w.pass(grace + time.Second)
	same(t, "heads", []string{"payments fell from Silver to Bronze on Readiness", "ledger fell from Silver to Bronze on Readiness"}, c.heads())
	if all := c.said(); !strings.Contains(all[0], "\n• This was on 11 January 2026\n") || strings.Contains(all[1], "This was on") {
		t.Errorf("said %q", all)
	}
	w.pass(24 * time.Hour)
	if all := c.said(); len(all) != 3 || !strings.Contains(all[2], "|cart fell from Silver to Bronze on Readiness> on 11 January 2026") {
		t.Errorf("said %q", all)
	}
}

// What a rule says mentions nobody and leads nowhere, in a chat that reads Markdown too.
func TestSlackMentionsNobody(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	w.add("component:default/payments", event.ScoreChanged{
		Card: card, Title: "Readiness", Before: &event.Score{Level: "Silver"}, After: &event.Score{Level: "Bronze"},
		Rules: []event.RuleChange{{Rule: "x", Title: "[x](http://evil.example)", Before: "pass", After: "fail", Message: "@channel <!here> ![y][z] [z]: http://evil.example"}},
	})
	w.pass(grace + time.Second)
	if len(c.said()) != 1 {
		t.Fatalf("said %q", c.said())
	}
	if says := c.said()[0]; strings.Contains(says, "@channel") || strings.Contains(says, "<!here") || strings.Contains(says, "](") || strings.Contains(says, "][") || strings.Contains(says, "]:") ||
		!strings.Contains(says, "@\u200bchannel &lt;!here&gt;") || !strings.Contains(says, "[x]\u200b(http") {
		t.Errorf("said %q", says)
	}
}

// A channel has only what concerns its teams, of the kinds that it wants.
func TestChoice(t *testing.T) {
	w, bank, shop, goals := newWorld(t), newChat(t), newChat(t), newChat(t)
	w.own("payments", "bank")
	w.own("cart", "shop")
	w.serve(
		&channels.Channel{Name: "bank", Way: channels.Slack, Address: bank.URL, Owners: []string{"group:default/bank"}},
		&channels.Channel{Name: "shop", Way: channels.Slack, Address: shop.URL, Owners: []string{"group:default/shop"}, Kinds: []string{notices.Drop}},
		&channels.Channel{Name: "goals", Way: channels.Slack, Address: goals.URL, Kinds: []string{notices.Opened}},
	)
	w.fall("payments", "cart")
	w.pass(grace + 2*time.Second)
	same(t, "bank", []string{"payments fell from Silver to Bronze on Readiness"}, bank.heads())
	same(t, "shop", []string{"cart fell from Silver to Bronze on Readiness"}, shop.heads())
	same(t, "goals", []string(nil), goals.heads())
}

// What is too much for a day is one message at its end.
func TestDaily(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	for i := range 6 {
		w.own(fmt.Sprint("s", i), fmt.Sprint("team-", i))
	}
	w.serve(&channels.Channel{Name: "all", Way: channels.Slack, Address: c.URL, Daily: 2})
	w.fall("s0", "s1", "s2", "s3", "s4", "s5")
	w.pass(time.Hour)
	same(t, "during the day", []string{"s0 fell from Silver to Bronze on Readiness", "s1 fell from Silver to Bronze on Readiness"}, c.heads())
	w.pass(24 * time.Hour)
	same(t, "after it", "and 4 more notices of 12 March 2026", c.heads()[len(c.heads())-1])
	w.pass(24 * time.Hour)
	if n := len(c.heads()); n != 3 {
		t.Errorf("%d messages: %q", n, c.heads())
	}
	if all := c.said()[2]; !strings.Contains(all, "s5 fell from") || strings.Contains(all, "s1 fell from") {
		t.Errorf("the digest says %s", all)
	}
}

// What is held back is told, with why and until when.
func TestHeld(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	for i := range 4 {
		w.own(fmt.Sprint("s", i), fmt.Sprint("team-", i%2))
	}
	w.serve(
		&channels.Channel{Name: "all", Way: channels.Slack, Address: c.URL, Daily: 2},
		&channels.Channel{Name: "one", Way: channels.Slack, Address: c.URL, Owners: []string{"group:default/team-1"}},
	)
	held := func(name string) (all []string) {
		t.Helper()
		for _, h := range w.state(name).Held {
			if h.Says == "" {
				t.Errorf("nothing says why: %+v", h)
			}
			all = append(all, fmt.Sprintf("%d %s %s", h.Count, h.Why, h.Until.Format("15:04:05")))
		}
		return all
	}
	same(t, "nothing", []string(nil), held("all"))
	w.fall("s0")
	same(t, "the grace", []string{"1 grace 09:05:00"}, held("all"))
	same(t, "of another team", []string(nil), held("one"))
	w.pass(10 * time.Minute)
	same(t, "sent", []string(nil), held("all"))
	w.fall("s2") // of the team of s0
	same(t, "gathered", []string{"1 hour 10:05:00"}, held("all"))
	w.fall("s1", "s3")
	same(t, "both", []string{"1 grace 09:15:00", "1 day 23:59:59"}, held("all"))
	w.pass(2 * time.Hour)
	same(t, "over the number of the day", []string{"1 day 23:59:59"}, held("all"))
	same(t, "said", 2+1, len(c.said()))
	w.pass(24 * time.Hour)
	same(t, "the next day", []string(nil), held("all"))
}

// reader counts the notices that channels read.
type reader struct {
	channels.Notices
	read int
}

func (r *reader) Ripe(ctx context.Context, q notices.Ripening) ([]notices.Notice, error) {
	all, err := r.Notices.Ripe(ctx, q)
	r.read += len(all)
	return all, err
}

// Who was away reads each notice a few times at most until all are sent, and a glance at
// how a channel stands reads next to none.
func TestCatchingUpReadsLittle(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	c.answer = func(_ int, rw http.ResponseWriter) bool { rw.WriteHeader(http.StatusServiceUnavailable); return false }
	counter := &reader{Notices: w.notices}
	w.options.Notices = counter
	for i := range 20 {
		w.own(fmt.Sprint("s", i), fmt.Sprint("team-", i))
	}
	w.serve(&channels.Channel{Name: "all", Way: channels.Slack, Address: c.URL, Daily: 15})
	const days = 6
	for range days {
		for i := range 20 {
			w.fall(fmt.Sprint("s", i))
		}
		w.now = w.now.Add(24 * time.Hour)
	}
	w.state("all")
	if counter.read > 2 {
		t.Errorf("%d notices are read to tell how it stands", counter.read)
	}
	c.answer, counter.read = nil, 0
	w.pass(time.Second)
	if n := len(c.said()); n != 16*days {
		t.Errorf("%d messages", n)
	}
	if counter.read > 3*20*days {
		t.Errorf("%d notices are read to send %d", counter.read, 20*days)
	}
}

// What a channel is sent is the same in pieces of whatever size, also around midnight, and
// each is found at its position.
func TestEntriesInPieces(t *testing.T) {
	w := newWorld(t)
	began := w.now
	for i := range 4 {
		w.own(fmt.Sprint("s", i), fmt.Sprint("team-", i))
	}
	c := &channels.Channel{Name: "all", Way: channels.Slack, Address: portal, Daily: 2}
	w.serve(c)
	w.now = began.Add(15*time.Hour - grace - time.Nanosecond) // the last nanosecond of the day
	w.fall("s0")
	w.now = w.now.Add(time.Nanosecond) // midnight
	w.fall("s1", "s2", "s3")
	w.now = w.now.Add(72 * time.Hour)
	w.fall("s1")
	w.now = w.now.Add(72 * time.Hour)
	newest, err := c.Newest(t.Context(), began)
	if err != nil {
		t.Fatal(err)
	}
	read := func(limit int) (at []string) {
		for after := eventlog.Position(0); ; {
			some, err := c.Entries(t.Context(), began, after, newest, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				return at
			}
			for _, rec := range some {
				var d channels.Data
				if err := json.Unmarshal(rec.Data, &d); err != nil {
					t.Fatal(err)
				}
				at, after = append(at, rec.Recorded.Format("2 15:04:05.999999999 ")+d.Words.Headline), rec.Position
				if one, err := c.At(t.Context(), began, rec.Position); err != nil || one.ID != rec.ID {
					t.Errorf("at %d is %s, want %s, %v", rec.Position, one.ID, rec.ID, err)
				}
			}
		}
	}
	want := []string{
		"12 23:59:59.999999999 s0 fell from Silver to Bronze on Readiness",
		"13 00:00:00 s1 fell from Silver to Bronze on Readiness", "13 00:00:00.000000001 s2 fell from Silver to Bronze on Readiness",
		"13 23:59:59.999999999 and 1 more notice of 13 March 2026",
		"16 00:00:00 s1 fell from Silver to Bronze on Readiness",
	}
	for _, limit := range []int{1, 2, 3, 100} {
		same(t, fmt.Sprint("by ", limit), want, read(limit))
	}
}

// A digest of long lines stays below what Slack takes, and says that it leaves some out.
func TestSlackLength(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	names := make([]string, 40)
	for i := range names {
		names[i] = strings.Repeat("a-very-long-name-", 3) + fmt.Sprint(i)
		w.own(names[i], fmt.Sprint("team-", i))
	}
	w.serve(&channels.Channel{Name: "all", Way: channels.Slack, Address: c.URL, Daily: 1})
	w.fall(names...)
	w.pass(time.Hour)
	w.pass(24 * time.Hour)
	all := c.said()
	if len(all) != 2 {
		t.Fatalf("%d messages", len(all))
	}
	if says := all[1]; utf8.RuneCountInString(says) > 4000 || !strings.HasSuffix(says, "\n• and more, which the portal has") {
		t.Errorf("%d characters: %s", utf8.RuneCountInString(says), says)
	}
}

// Slack's 429 is waited for as long as it says; nothing is lost and nothing comes twice.
func TestBusy(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	c.answer = func(n int, rw http.ResponseWriter) bool {
		if n == 1 {
			rw.Header().Set("Retry-After", "600")
			http.Error(rw, "rate_limited", http.StatusTooManyRequests)
		}
		return n > 1
	}
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	w.fall("payments")
	w.pass(grace + time.Second)
	if s := w.state("chat"); s.Status != subscribers.Failing || s.RetryAt.Sub(w.now) < 10*time.Minute || c.requests != 1 {
		t.Errorf("after 429 it is %+v, %d requests", s, c.requests)
	}
	w.pass(9 * time.Minute)
	same(t, "too early", 1, c.requests)
	w.pass(2 * time.Minute)
	same(t, "later", []string{"payments fell from Silver to Bronze on Readiness"}, c.heads())
	same(t, "requests", 2, c.requests)
}

// What a chat refuses for a day is a dead letter, and can be sent again.
func TestRefused(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	refuses := true
	c.answer = func(_ int, rw http.ResponseWriter) bool {
		if refuses {
			http.Error(rw, "invalid_payload", http.StatusBadRequest)
		}
		return !refuses
	}
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	w.fall("payments")
	w.pass(grace + time.Second)
	for range 8 {
		w.pass(5 * time.Hour)
	}
	letters, err := w.worker("chat").Letters(t.Context(), 0, 10)
	if err != nil || len(letters) != 1 || letters[0].Type != string(channels.TypeNotice) || letters[0].Subject != "component:default/payments" {
		t.Fatalf("dead letters: %+v, %v", letters, err)
	}
	refuses = false
	done, err := w.worker("chat").Redeliver(t.Context(), letters[0].Position)
	if err != nil || done.Delivered != 1 {
		t.Errorf("sent again: %+v, %v", done, err)
	}
	same(t, "said", []string{"payments fell from Silver to Bronze on Readiness"}, c.heads())
}

// A channel that is gone is paused, as any subscriber.
func TestGone(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	c.answer = func(_ int, rw http.ResponseWriter) bool {
		http.Error(rw, "channel_is_archived", http.StatusGone)
		return false
	}
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	w.fall("payments")
	w.pass(grace + time.Second)
	if s := w.state("chat"); s.Status != subscribers.Paused {
		t.Errorf("it is %+v", s)
	}
}

// After a start nothing comes twice, also if the notices were folded anew; a channel
// that is new has what is not older than a day.
func TestRestart(t *testing.T) {
	w, c, late := newWorld(t), newChat(t), newChat(t)
	w.own("payments", "bank")
	w.own("ledger", "bank")
	w.own("refunds", "bank")
	chat := &channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL}
	w.serve(chat)
	w.fall("payments")
	w.pass(grace + time.Second)
	w.pass(47 * time.Hour)
	w.fall("ledger")
	w.stop()
	if err := removeAll(filepath.Join(w.folder, "notices.db")); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.fold()
	w.options.Notices = w.notices
	w.now = w.now.Add(time.Hour)
	w.serve(chat, &channels.Channel{Name: "late", Way: channels.Slack, Address: late.URL})
	w.pass(time.Second)
	same(t, "the one before", []string{"payments fell from Silver to Bronze on Readiness", "ledger fell from Silver to Bronze on Readiness"}, c.heads())
	same(t, "the new one", []string{"ledger fell from Silver to Bronze on Readiness"}, late.heads())
}

// What is not folded yet keeps back what could come before it.
func TestBehind(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.own("payments", "bank")
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	w.fall("payments")
	at := w.now
	w.now = w.now.Add(time.Minute)
	e := event.Event{ID: "later", Type: "a.v1", Source: "/sources/github", Time: w.now, Data: []byte("{}")}
	if _, err := w.log.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	same(t, "while "+at.String()+" is the newest that is folded", []string(nil), c.heads())
	w.fold()
	w.pass(time.Second)
	same(t, "after it", []string{"payments fell from Silver to Bronze on Readiness"}, c.heads())
}

// A webhook is signed as those of other subscribers, and says the notice itself.
func TestWebhook(t *testing.T) {
	w := newWorld(t)
	w.own("payments", "bank")
	var body []byte
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
	}))
	t.Cleanup(s.Close)
	w.now = time.Now() // which the verifier compares with
	w.serve(&channels.Channel{Name: "program", Way: channels.Webhook, Address: s.URL})
	w.fall("payments")
	w.pass(grace + 2*time.Second)
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := wh.VerifyIgnoringTimestamp(body, header); err != nil {
		t.Errorf("the signature does not fit: %v", err)
	}
	var events []struct {
		Type    string
		Subject string
		Data    channels.Data
	}
	if err := json.Unmarshal(body, &events); err != nil || len(events) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	if e := events[0]; e.Type != "notice.v1" || e.Subject != "component:default/payments" || e.Data.Notice == nil || e.Data.Notice.Falls[0].To != "Bronze" ||
		e.Data.Words.Href != portal+"/catalog/default/component/payments/scorecards" {
		t.Errorf("the event is %+v", e)
	}
}

// A test notice moves nothing.
func TestPing(t *testing.T) {
	w, c := newWorld(t), newChat(t)
	w.serve(&channels.Channel{Name: "chat", Way: channels.Slack, Address: c.URL})
	before := w.state("chat").Position
	a, err := w.worker("chat").Ping(t.Context())
	if err != nil || a.Verdict != subscribers.Delivered {
		t.Errorf("%+v, %v", a, err)
	}
	same(t, "said", []string{"A test of the channel chat"}, c.heads())
	same(t, "position", before, w.state("chat").Position)
}
