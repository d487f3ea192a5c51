package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/scorecards"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// telling is a log of what is told.
type telling struct {
	t   *testing.T
	all []eventlog.Record
}

// toldOn is the scorecard on which something fell.
const toldOn = "scorecard:default/readiness"

// add adds what became so some time ago, and was known then.
func (s *telling) add(ago time.Duration, subject string, data event.Data) {
	s.t.Helper()
	b, err := json.Marshal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	at := sample.Now.Add(-ago)
	s.all = append(s.all, eventlog.Record{Position: eventlog.Position(len(s.all) + 1), Recorded: at, Event: event.Event{
		ID: fmt.Sprint(len(s.all)), Type: data.EventType(), Source: "/sources/github", Subject: subject, Time: at, Data: b,
		Actor: event.Actor{Login: "saltmarsh"}, Cause: event.Cause{Commit: "4f2a91c7e0", CommitURL: "https://git.acme.example/commit/4f2a91c7e0"},
	}})
}

func (s *telling) own(name, team string) {
	s.t.Helper()
	s.add(49*time.Hour, "component:default/"+name, event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{Kind: "Component", Metadata: catalog.Metadata{Name: name}, Spec: map[string]any{"owner": team}}}})
}

func (s *telling) fall(ago time.Duration, name string) {
	s.t.Helper()
	s.add(ago, "component:default/"+name, event.ScoreChanged{Card: toldOn, Title: "Readiness", Before: &event.Score{Level: "Gold"}, After: &event.Score{Level: "Silver"},
		Rules: []event.RuleChange{{Rule: "runbook", Title: "Has a runbook", Before: "pass", After: "fail", Message: "No link <b>to one</b>"}}})
}

// tells is a portal with the notices that a story leads to.
func tells(t *testing.T, story func(*telling)) *portal {
	t.Helper()
	n, err := notices.Open(context.Background(), filepath.Join(t.TempDir(), "notices.db"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	s := &telling{t: t}
	ladder := []any{map[string]any{"name": "Silver", "rank": 1}, map[string]any{"name": "Gold", "rank": 2}}
	s.add(50*time.Hour, toldOn, event.EntityRegistered{Declaration: event.Declaration{Entity: catalog.Entity{APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: "readiness"}, Spec: map[string]any{"levels": ladder, "rules": []any{map[string]any{"id": "owner", "title": "Has an owner", "level": "Silver", "expr": "true"}}}}}})
	story(s)
	if err := n.Apply(context.Background(), s.all); err != nil {
		t.Fatal(err)
	}
	return acme(t, func(c *web.Config) { c.Notices = n })
}

// told is a portal with notices: an hour ago two of a team fell by one commit, and one of
// another yesterday.
func told(t *testing.T) *portal {
	t.Helper()
	return tells(t, func(s *telling) {
		long := strings.Repeat("very-long-name-", 9)
		s.own("payments-api", "payments")
		s.own("refunds", "payments")
		s.own(long, "checkout")
		s.fall(30*time.Hour, long)
		s.fall(time.Hour, "payments-api")
		s.fall(time.Hour, "refunds")
	})
}

// with asks as a browser that keeps cookies.
func (p *portal) with(address string, cookies ...*http.Cookie) *page {
	p.t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return p.do(r)
}

func cookie(t *testing.T, p *page, name string) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no cookie %s in %v", name, p.header)
	return nil
}

func TestNotices(t *testing.T) {
	p := told(t)
	got := p.ok("/notices")
	got.wants(".notice:first-child h3", "2 components fell to Silver on Readiness", "new")
	got.wants(".notice:first-child .todo-text", "“Has a runbook” fails (No link <b>to one</b>).", "Payments API", "Gold → Silver", "saltmarsh", "4f2a91c", "Payments")
	if n := len(got.all(".notice")); n != 2 {
		t.Errorf("%d notices", n)
	}
	if to := got.follow(".notice:first-child h3 a", "2 components fell to Silver on Readiness"); to != "/scorecards/readiness" {
		t.Errorf("it leads to %s", to)
	}
	if page := p.ok("/notices").body; !strings.Contains(page, "The bell counts all teams.") {
		t.Error("what the bell counts is not one sentence")
	}
	one := p.ok("/notices?owner=group:default/checkout&kind=drop")
	one.wants(".lede", "1 notice for")
	one.wants(".notice h3", "very-long-name-")
	p.ok("/notices?owner=group:default/nobody").wants(".empty", "No notice is like that")
	if got := p.get("/notices?kind=drops"); got.status != http.StatusBadRequest {
		t.Errorf("a kind that is none: %d", got.status)
	}
	then := p.ok("/notices?at=" + url.QueryEscape(sample.Now.Add(-20*time.Hour).Format(time.RFC3339)))
	if n := len(then.all(".notice")); n != 1 {
		t.Errorf("%d notices twenty hours ago", n)
	}
}

// The bell counts what was not looked at, of the teams that it is to count.
func TestBell(t *testing.T) {
	p := told(t)
	bell := func(p *page) string { return attr(p.one(".bar a[href^='/notices']"), "aria-label") }
	first := p.ok("/catalog")
	if got := bell(first); got != "Notices: 2 unread" {
		t.Errorf("at first: %s", got)
	}
	read := cookie(t, p.ok("/notices"), "callboard_read")
	if got := bell(p.with("/catalog", read)); got != "Notices" {
		t.Errorf("once read: %s", got)
	}
	if got := bell(p.with("/catalog", &http.Cookie{Name: "callboard_read", Value: "nonsense"})); got != "Notices: 2 unread" {
		t.Errorf("with a mark that is none: %s", got)
	}
	page := p.ok("/notices?owner=group:default/checkout")
	to, form := page.submit(".bell-choice", nil)
	if d := cmp.Diff([]string{"group:default/checkout"}, form["owner"]); to != "/settings/bell" || d != "" {
		t.Errorf("%s, %s", to, d)
	}
	kept := p.post(to, form)
	if kept.status != http.StatusSeeOther {
		t.Fatalf("it answers %d", kept.status)
	}
	teams := cookie(t, kept, "callboard_bell")
	if got := bell(p.with("/catalog", teams)); got != "Notices: 1 unread" {
		t.Errorf("of one team: %s", got)
	}
	if n := len(p.with("/notices", teams).all(".notice")); n != 1 {
		t.Errorf("the page has %d", n)
	}
	if n := len(p.with("/notices?owner=all", teams).all(".notice")); n != 2 {
		t.Errorf("the page of all has %d", n)
	}
	if got := p.post("/settings/bell", url.Values{"owner": {"group:"}}); got.status != http.StatusBadRequest {
		t.Errorf("a team that is none: %d", got.status)
	}
}

// What is on another page is not read by looking at the first, however late it came.
func TestReadIsWhatWasShown(t *testing.T) {
	p := tells(t, func(s *telling) {
		for i := range 31 {
			s.own(fmt.Sprint("c", i), fmt.Sprint("team-", i))
		}
		s.fall(time.Hour, "c30")
		s.all[len(s.all)-1].Time = sample.Now.Add(-20 * time.Hour) // told late: it comes last in the list
		for i := range 30 {
			s.fall(time.Duration(30-i)*time.Minute, fmt.Sprint("c", i))
		}
	})
	bell := func(cookies ...*http.Cookie) string {
		return attr(p.with("/catalog", cookies...).one(".bar a[href^='/notices']"), "aria-label")
	}
	first := p.ok("/notices")
	if got := (&http.Response{Header: first.header}).Cookies(); len(got) > 0 {
		t.Errorf("it counts as read: %v", got)
	}
	first.wants("[data-part=unread]", "1 notice that is new is on other pages.")
	p.ok("/notices?page=2").wants("[data-part=unread]", "30 notices that are new are on other pages.")
	if got := len(p.ok("/notices?kind=drop").all("[data-part=unread]")); got > 0 {
		t.Error("a list of some kinds says what is new on other pages")
	}
	to, form := first.submit("[data-part=unread]", nil)
	read := cookie(t, p.post(to, form), "callboard_read")
	if got := bell(read); got != "Notices" {
		t.Errorf("once all are marked: %s", got)
	}
	if got := len(p.with("/notices", read).all("[data-part=unread]")); got > 0 {
		t.Error("there is something new, once all are marked")
	}
	for _, upTo := range []string{"", "soon", "-1", fmt.Sprint(sample.Now.Add(time.Hour).UnixNano())} {
		if got := p.post(to, url.Values{"upto": {upTo}}); got.status != http.StatusBadRequest {
			t.Errorf("up to %q: %d", upTo, got.status)
		}
	}
}

// Each of several requests is a line that leads to it, with who asks.
func TestNoticeOfRequests(t *testing.T) {
	p := tells(t, func(s *telling) {
		s.own("payments", "bank")
		for _, name := range []string{"a", "b"} {
			s.add(time.Hour, "exemption:default/"+name, event.ExemptionRequested{Exemption: event.Exemption{
				Ref: "exemption:default/" + name, Card: toldOn, Entity: "component:default/payments", Reason: "It <i>moves</i>", RequestedBy: "Kestrel",
			}})
		}
	})
	body := p.ok("/notices").body
	for _, want := range []string{
		"2 exemptions from rules of readiness wait for a decision", `<a class="ref strong" href="/exemptions/a">payments</a>`, `href="/exemptions/b"`,
		"from all rules: It &lt;i&gt;moves&lt;/i&gt;", "Kestrel",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s:\n%s", want, body)
		}
	}
}

// A notice of many names some of them, in the words that other ways out have.
func TestNoticeOfMany(t *testing.T) {
	p := tells(t, func(s *telling) {
		for i := range 15 {
			s.own(fmt.Sprintf("c%02d", i), "payments")
			s.fall(time.Hour, fmt.Sprintf("c%02d", i))
		}
	}).ok("/notices")
	p.wants(".notice", "15 components fell to Silver", "“Has a runbook” fails (No link <b>to one</b>).", "c00", "c11", "and 3 more")
	if lines := p.all(".notice-lines li"); len(lines) != 13 {
		t.Errorf("%d lines", len(lines))
	}
	if n := len(p.all(".notice a[href^='/audit/']")); n != 12 {
		t.Errorf("%d events are named", n)
	}
	if n := strings.Count(p.body, "Has a runbook"); n != 1 {
		t.Errorf("the reason is told %d times", n)
	}
}

func TestNoNotices(t *testing.T) {
	n, err := notices.Open(context.Background(), filepath.Join(t.TempDir(), "notices.db"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	acme(t, func(c *web.Config) { c.Notices = n }).ok("/notices").wants(".empty", "Nothing to tell", "callboard.yaml")
	if got := acme(t).get("/notices"); got.status != http.StatusNotFound {
		t.Errorf("without notices: %d", got.status)
	}
}
