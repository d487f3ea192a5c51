package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// Before the 6th of March another team owned payments-api.
func TestEntityThen(t *testing.T) {
	p := acme(t)
	p.ok(paymentsAPI).wants(".facts", "Owner PA Payments")
	then := p.ok(paymentsAPI + "?at=2026-03-05")
	then.wants(".facts", "Owner PL Platform")
	then.wants(".past-bar", "You are looking at 5 March 2026, 23:59:59, as known today.")
	if got := attr(then.one("html"), "data-when"); got != "past" {
		t.Errorf("the page says that it is of %q", got)
	}
	if got := then.follow(".past-bar a", "Back to now"); got != paymentsAPI {
		t.Errorf("back to now leads to %q", got)
	}
	if next := p.ok(then.follow(".past-bar a", "A day later")); !strings.Contains(next.text(".facts"), "Owner PA Payments") {
		t.Errorf("a day later: %s", next.text(".facts"))
	}
	if p.ok(paymentsAPI).all(".past-bar") != nil {
		t.Error("the page of now has a bar of the past")
	}
}

// Links to what has a past keep the moment, and links to what has none lead to now.
func TestLinksKeepTheMoment(t *testing.T) {
	p := acme(t)
	of := p.ok("/catalog?at=2026-03-05T10:00&known=then&kind=component")
	leads := map[string]string{}
	for _, a := range of.all("a[href]") {
		href := attr(a, "href")
		path, query, _ := strings.Cut(href, "?")
		switch {
		case !strings.HasPrefix(path, "/") || attr(a, "href") == "/catalog?kind=component":
		case path == "/catalog" || strings.HasPrefix(path, "/catalog/") || path == "/apis" || path == "/audit" || strings.HasPrefix(path, "/audit/") || path == "/changes" || path == "/scorecards":
			if path != "/catalog/register" && (strings.Count(query, "at=2026-") != 1) {
				t.Errorf("%s says no moment, or two", href)
			}
			leads[path] = href
		case strings.Contains(query, "at=2026-03-05"):
			t.Errorf("%s takes a moment to a page that is of now", href)
		}
	}
	if got := leads[paymentsAPI]; got != paymentsAPI+"?at=2026-03-05T10%3A00&known=then" {
		t.Errorf("the service is at %q", got)
	}
	for form, asks := range map[string]string{"form.omni": "/search", "#filters form, form.list-bar, form[data-live]": "/catalog"} {
		action, fields := of.submit(form, map[string]string{"q": "ledger"})
		if action != asks || fields.Get("at") != "2026-03-05T10:00" || len(fields["at"]) != 1 || fields.Get("known") != "then" {
			t.Errorf("%s asks %s for %v", form, action, fields)
		}
	}
}

func TestMomentsThatAreNone(t *testing.T) {
	p := acme(t)
	for address, want := range map[string]string{
		"/catalog?at=yesterday":                    "give a time as 2026-03-03T14:00:00Z",
		"/catalog?known=900000":                    "Position 900000 is not there yet",
		"/catalog?at=900000":                       "There is no such page",
		"/catalog?known=1990-01-01":                "nothing was on record",
		"/catalog?at=2026-03-05&known=1'%20or%201": "is no moment",
	} {
		if got := p.get(address); got.status != http.StatusBadRequest && got.status != http.StatusNotFound || !strings.Contains(got.text("main"), want) {
			t.Errorf("%s: %d %s", address, got.status, got.text("main"))
		}
	}
	if got := p.ok("/sources?at=2026-03-05"); len(got.all(".past-bar")) > 0 {
		t.Error("a page of now is of the past")
	}
	ahead := p.ok("/catalog?at=2126-01-01&kind=component")
	ahead.wants(".strip.info", "That moment is still to come. You are looking at now.")
	if to := ahead.follow(".strip.info a", "Stay at now"); to != "/catalog?kind=component" {
		t.Errorf("now is at %q", to)
	}
	if len(ahead.all("html[data-when]")) > 0 {
		t.Error("now looks like the past")
	}
	// Before the record begins there is nothing, which is not an empty portal.
	before := p.ok("/catalog?at=1999-01-01")
	before.wants("main", "Nothing was in the catalog then", "The first entity is on record since")
	before.wants(".when summary", "1 Jan 1999, 23:59")
	before.wants(".past-bar", "You are looking at 1 January 1999, 23:59:59, before the record begins: that is on ")
	before.wants(".side-foot", "Event 0 of ")
	if len(before.all(".past-bar .cue")) > 0 {
		t.Error("what was before the record has an event of it")
	}
	if begins := p.ok(attr(before.one(".past-bar p a"), "href")); len(begins.all(".past-bar .cue")) != 1 {
		t.Errorf("where the record begins there is no event: %s", begins.text(".past-bar"))
	}
	if strings.Contains(before.text("main"), "source") || strings.Contains(before.text("main"), "webhooks") {
		t.Errorf("the past has sources of now: %s", before.text("main"))
	}
	early := p.get(paymentsAPI + "?at=1999-01-01")
	if early.status != http.StatusNotFound {
		t.Errorf("an entity before it was there: %d", early.status)
	}
	early.wants("main", "Nothing was called payments-api then", "It may have come later.")
	p.ok(early.follow("main a", "Look at it now"))
	p.ok(before.follow("main a", "See it a day later"))
	p = acme(t, func(c *web.Config) { c.Moments = nil })
	if got := p.ok("/catalog?at=2026-03-05"); len(got.all(".past-bar, .when")) > 0 {
		t.Error("a portal without a past offers it")
	}
}

// The record as of a moment ends with it, and so do the changes and the files to take
// with one.
func TestTheRecordThen(t *testing.T) {
	p := acme(t)
	newest := p.ok("/audit").texts("tbody tr")[0]
	then := p.ok("/audit?at=2026-03-05T10:00")
	for _, row := range then.texts("tbody tr") {
		if row == newest {
			t.Errorf("the record as of 5 March begins with %s", row)
		}
	}
	then.wants(".past-bar", "You are looking at 5 March 2026, 10:00")
	then.wants("thead", "True since")
	if to := p.get("/audit?q=100&at=2026-03-05T10:00").header.Get("Location"); to != "/audit/100?at=2026-03-05T10%3A00" {
		t.Errorf("the number of an event leads to %q", to)
	}
	if href := then.follow(".menu a", "CSV"); !strings.Contains(href, "to=2026-03-05T10%3A00%3A00.000000001Z") {
		t.Errorf("the export leads to %s", href)
	}
	if chips := then.texts(".chips span.chip"); len(chips) > 0 {
		t.Errorf("what the page is of stands there as a filter: %s", chips)
	}
	if then.all("a[href*='live=']") != nil {
		t.Error("what is past can be followed")
	}
	first := p.ok("/audit?known=3")
	first.wants(".lede", "Every event up to that moment, newest first. 3 since")
	known := first.texts("tbody tr")
	if len(known) != 3 {
		t.Errorf("by what was on record at event 3 there were %d events: %s", len(known), known)
	}
	p.ok("/changes?at=2026-03-05T10:00").wants(".lede", "to 5 March 2026, 10:00")
}

// What is compared with now is what was seen.
func TestCompareKeepsWhatWasKnown(t *testing.T) {
	p := acme(t)
	to := p.ok(paymentsAPI+"?at=2026-03-05T10:00&known=then").follow(".past-bar a", "Compare with now")
	if want := paymentsAPI + "/compare?from=2026-03-05T10%3A00&fromKnown=then"; to != want {
		t.Fatalf("compare with now leads to %s, want %s", to, want)
	}
	p.ok(to)
	if got := p.get(paymentsAPI + "/compare?from=2026-03-05&fromKnown=maybe"); got.status != http.StatusBadRequest {
		t.Errorf("known at no moment: %d", got.status)
	}
}

// A team that is gone has its ledger still, where what it lost is told.
func TestLedgerOfATeamThatIsGone(t *testing.T) {
	p := acme(t)
	const text = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: strollers}\nspec: {type: team, children: []}\n"
	p.push(sample.Push{At: sample.Now.Add(-2 * time.Hour), Repository: "acme/strollers", Text: text})
	p.push(sample.Push{At: sample.Now.Add(-2 * time.Hour), Repository: "acme/walk", Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: walk}\nspec: {type: service, lifecycle: production, owner: strollers}\n"})
	p.push(sample.Push{At: sample.Now.Add(-time.Hour), Repository: "acme/strollers", Removes: "group:default/strollers"})
	p.settle()
	gone := p.get("/catalog/default/group/strollers")
	ledger := p.ok(gone.follow("main a", "See what it owned"))
	ledger.wants("h1", "strollers")
	p.ok(ledger.follow("[data-part=account] a", "See the 1 entity that still names it as owner")).wants("main table", "walk")
	if got := p.get("/catalog/default/group/nobody/ledger"); got.status != http.StatusNotFound {
		t.Errorf("the ledger of a team that never was: %d", got.status)
	}
}

// later are moments that are not there when they are first asked for.
type later struct {
	web.Moments
	asked *int
}

func (l later) Catalog(ctx context.Context, m projections.Moment) (web.Catalog, error) {
	if d := projections.PatienceIn(ctx, time.Hour); d != time.Second {
		return nil, fmt.Errorf("a page waits for %s", d)
	}
	if *l.asked++; *l.asked == 1 {
		return nil, fault.Later(time.Second, "the catalog of another moment: %w", projections.ErrBeingMade)
	}
	return l.Moments.Catalog(ctx, m)
}

// A moment that takes longer says so, and opens by itself.
func TestAMomentThatIsBeingMade(t *testing.T) {
	asked := 0
	p := acme(t, func(c *web.Config) { c.Moments = later{c.Moments, &asked} })
	const address = "/catalog?at=2026-03-03T14:00"
	first := p.get(address)
	if first.status != http.StatusServiceUnavailable || first.again() == "" || !strings.Contains(first.body, "On the way to 3 Mar 2026, 14:00") {
		t.Errorf("it answers %d, is asked for again after %q, and says\n%s", first.status, first.again(), first.body)
	}
	if then := p.get(address); then.status != http.StatusOK || then.again() != "" {
		t.Errorf("then it answers %d, and is asked for again after %q", then.status, then.again())
	}
}
