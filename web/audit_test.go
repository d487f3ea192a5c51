package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// events are the numbers that the record shows, in its order.
func (p *page) events() []string { return p.texts("main .stream td:first-child .cue") }

func TestAuditShowsTheNewest(t *testing.T) {
	got := acme(t).ok("/audit")
	got.wants(".lede", "Every event, newest first. 133 since 8 September 2025.")
	rows := got.texts(".stream tbody tr")
	if len(rows) != 30 {
		t.Fatalf("%d rows, want 30", len(rows))
	}
	for i, want := range []string{
		"133 13:52:40 entity.rejected Payments API line 29: spec.providesApis[1] must be a string, found a mapping. Did a colon slip in? KE kestrel-7",
		"132 09:41:08 entity.changed Payments API links PE pebbledash",
		"131 08:15:21 entity.changed feature-flags tags TA tamarisk",
		"130 Wed 18:32 entity.changed identity-gateway description QU quillwort",
	} {
		if !strings.HasPrefix(rows[i], want) {
			t.Errorf("row %d: %q, want %q", i, rows[i], want)
		}
	}
	got.wants(".card-foot", "30 events of 133")
}

func TestAuditFilters(t *testing.T) {
	p := acme(t)
	for _, tt := range []struct {
		name, query string
		want        []string // the newest of them
		total       string
		chips       []string
	}{
		{"entity", "entity=component:default/payments-api", []string{"133", "132", "129"}, "7 events", []string{"Entity component:default/payments-api"}},
		{"entity by its name alone", "entity=payments-api", []string{"133", "132", "129"}, "7 events", []string{"Entity component:default/payments-api"}},
		{"type", "type=entity.removed", []string{"124"}, "1 event", []string{"Type entity.removed"}},
		{"source", "source=gitlab&type=entity.registered", []string{"48", "45", "42"}, "16 events", []string{"Type entity.registered", "Source gitlab"}},
		{"who, by login", "actor=quillwort&type=entity.changed", []string{"130"}, "1 event", []string{"Type entity.changed", "Who quillwort"}},
		{"who, by e-mail", "actor=quillwort@acme.example&type=entity.changed", []string{"130"}, "1 event", []string{"Type entity.changed", "Who quillwort@acme.example"}},
		{"text", "q=owner+platform", []string{"125"}, "1 event", nil},
		{"period", "from=2026-03-10&to=2026-03-11", []string{"130", "129", "128", "127"}, "4 events", []string{"Period 10–11 March 2026"}},
		{"one day", "from=2026-03-12&to=2026-03-12", []string{"133", "132", "131"}, "3 events", []string{"Period 12 March 2026"}},
		{"since an instant", "from=2026-03-12T09:00:00Z", []string{"133", "132"}, "2 events", []string{"Period since 12 March 2026"}},
		{"until, over two years", "from=2025-09-08&to=2026-01-01&type=entity.removed", nil, "0 events", []string{"Period 8 September 2025 – 1 January 2026", "Type entity.removed"}},
		{"nothing matches", "q=xylophone", nil, "0 events", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := p.ok("/audit?" + tt.query)
			events := got.events()
			if diff := cmp.Diff(tt.want, events[:min(len(events), len(tt.want))], cmp.Transformer("", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Error(diff)
			}
			if total := got.text(".chips .push"); total != tt.total {
				t.Errorf("%q, want %q", total, tt.total)
			}
			if diff := cmp.Diff(tt.chips, got.texts(".chips > .chip")); diff != "" {
				t.Error(diff)
			}
			if len(tt.want) == 0 {
				got.wants(".empty", "No event matches")
			}
		})
	}
}

func TestAuditFindsCommitsAndNumbers(t *testing.T) {
	p := acme(t)
	sha := attr(p.ok("/audit").all(".stream .sha")[1], "title")
	for _, q := range []string{sha, sha[:7], strings.ToUpper(sha[:9])} {
		if diff := cmp.Diff([]string{"132"}, p.ok("/audit?q="+q).events()); diff != "" {
			t.Errorf("%s: %s", q, diff)
		}
	}
	if diff := cmp.Diff([]string{"132"}, p.ok("/audit?commit="+sha[:5]).events()); diff != "" {
		t.Error(diff)
	}
	for q, want := range map[string]string{"131": "/audit/131", "1,31": "/audit/131"} {
		got := p.get("/audit?q=" + url.QueryEscape(q))
		if to := got.header.Get("Location"); got.status != http.StatusSeeOther || to != want {
			t.Errorf("%s: %d to %q, want %q", q, got.status, to, want)
		}
	}
	p.ok("/audit?q=4100").wants("main", "No event matches") // a number that no event has is text
	p.ok("/audit?q=feature")                                // six hexadecimal letters are no commit
}

func TestAuditFilterForms(t *testing.T) {
	p := acme(t)
	got := p.ok("/audit?type=entity.changed&after=100")
	for label, fill := range map[string]map[string]string{
		"Period": {"from": "2026-03-11", "to": "2026-03-12"},
		"Entity": {"entity": "payments-api"},
		"Who":    {"actor": "mossbank"},
		"Commit": {"commit": "0"},
	} {
		action, values := got.submit("details[data-name="+label+"] form", fill)
		if values.Get("type") != "entity.changed" || values.Has("after") {
			t.Errorf("%s: the form sends %v; it is to keep the filters and start from the newest", label, values)
		}
		to := p.ok(action + "?" + values.Encode())
		for name, value := range fill {
			if filled := attr(to.one("#f-"+name), "value"); filled != value {
				t.Errorf("%s: the field then says %q", name, filled)
			}
		}
	}
	removed := got.follow("details[data-name=Type] a", "entity.removed")
	if diff := cmp.Diff([]string{"124"}, p.ok(removed).events()); diff != "" {
		t.Error(diff)
	}
	if names := got.text("details[data-name=Type] a"); strings.Contains(names, "delivery.received") || strings.Contains(names, "delivery.handled") {
		t.Errorf("types that the record cannot hold: %s", names)
	}
	if drop := got.follow(".chip a", "Remove filter Type"); drop != "/audit" {
		t.Errorf("without the type: %q", drop)
	}
}

func TestAuditInParts(t *testing.T) {
	p := acme(t)
	at, n := "/audit?source=github", 0
	for range 9 {
		got := p.ok(at)
		n += len(got.events())
		foot := map[string]string{}
		for _, a := range got.all(".card-foot a") {
			foot[textOf(a)] = attr(a, "href")
		}
		if newest, paged := foot["Newest"], strings.Contains(at, "after="); paged && newest != "/audit?source=github" || !paged && newest != "" {
			t.Errorf("%s: newest is %q", at, newest)
		}
		if at = foot["Older"]; at == "" {
			break
		}
	}
	if n != 117 {
		t.Errorf("%d events on all pages, want 117", n)
	}
}

func TestEventBesideTheRecord(t *testing.T) {
	p := acme(t)
	at := p.ok("/audit?type=entity.changed").follow(".stream a.cue", "Event 131")
	got := p.ok(at)
	if q := got.url.Query(); q.Get("type") != "entity.changed" || q.Get("event") != "131" {
		t.Errorf("looking at an event loses the list: %s", got.url)
	}
	if diff := cmp.Diff([]string{"132", "131", "130"}, got.events()[:3]); diff != "" {
		t.Error(diff)
	}
	if on := got.text(".stream tr[aria-current=true] .cue.on"); on != "131" {
		t.Errorf("marked: %q", on)
	}
	if closed := got.follow(".detail a", "Close"); closed != "/audit?type=entity.changed" {
		t.Errorf("close leads to %q", closed)
	}
	if own := got.follow(".detail a", "Address of this event"); own != "/audit/131" {
		t.Errorf("its own address is %q", own)
	}
}

func TestEventDetail(t *testing.T) {
	p := acme(t)
	got := p.ok("/audit/132")
	got.wants("#h-event", "Event 132")
	got.wants(".detail", "entity.changed.v1", "Subject Payments API", "True since 12 March 2026, 09:40:51", "Recorded 09:41:08 17 seconds later", "Who PE pebbledash",
		"metadata.links[2] Runbook · https://run.acme.example/pay")
	chain := got.texts(".chain > li")
	if len(chain) != 3 || !strings.HasPrefix(chain[0], "Commit ") || !strings.Contains(chain[0], "09:40:51 acme/payments-api") ||
		!strings.Contains(chain[1], ", push 09:41:07 signature checked 7.") || !strings.HasPrefix(chain[2], "entity.changed, this event 132 09:41:08") {
		t.Errorf("from cause to effect: %q", chain)
	}
	delivery := p.ok(attr(got.all(".chain a.link")[0], "href"))
	delivery.wants("main", "Delivery: push", "acme/payments-api", "132 entity.changed Payments API")
	if around := got.events(); around[0] != "133" || len(around) != 30 {
		t.Errorf("its neighbours: %v", around)
	}
	old := p.ok("/audit/50")
	if around := old.events(); around[0] != "60" || around[10] != "50" {
		t.Errorf("the neighbours of 50: %v", around[:12])
	}
	if to := old.follow(".detail a", "Event before"); to != "/audit/49" {
		t.Errorf("before 50 is %q", to)
	}
	if to := old.follow(".detail a", "Event after"); to != "/audit/51" {
		t.Errorf("after 50 is %q", to)
	}
	if got := p.get("/audit/134"); got.status != http.StatusNotFound {
		t.Errorf("an event to come: %d", got.status)
	}
}

// The raw event is the whole event: what one copies from the page is JSON.
func TestRawEvent(t *testing.T) {
	got := acme(t).ok("/audit/125")
	var raw map[string]any
	if err := json.Unmarshal([]byte(textOf(got.one(".detail pre.json"))), &raw); err != nil {
		t.Fatalf("it is no JSON: %v", err)
	}
	if raw["specversion"] != "1.0" || raw["type"] != "entity.changed.v1" || raw["position"] != 125.0 || raw["subject"] != sample.PaymentsAPI || raw["time"] != "2026-03-06T09:00:51Z" {
		t.Errorf("the envelope: %v", raw)
	}
	entity := raw["data"].(map[string]any)["entity"].(map[string]any)
	if owner := entity["spec"].(map[string]any)["owner"]; owner != "payments" {
		t.Errorf("the owner that it says is %v", owner)
	}
}

// A delivery may lead to several events; each names the others.
func TestEventsOfTheSameDelivery(t *testing.T) {
	p := empty(t)
	p.push(sample.Push{At: sample.Now.Add(-time.Hour), Repository: "acme/two",
		Text: "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: a}\nspec: {owner: x}\n---\napiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: b}\nspec: {owner: x}\n"})
	p.settle()
	p.ok("/audit/1").wants(".chain", "Of the same delivery 2")
	p.ok("/audit/2").wants(".chain", "Of the same delivery 1")
}

func TestOtherCauses(t *testing.T) {
	p := empty(t)
	for i, cause := range []event.Cause{{Delivery: "github:gone"}, {Request: "req-7"}, {Schedule: "reconcile 14:00"}, {}} {
		if _, err := p.world.Add(sample.Now.Add(time.Duration(i)*time.Second), "github", "component:default/x", event.Actor{}, cause, event.EntityRemoved{Ref: "component:default/x"}); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	for number, want := range map[string]string{"1": "Delivery github:gone no longer kept", "2": "Request req-7", "3": "Schedule reconcile 14:00", "4": "entity.removed, this event"} {
		p.ok("/audit/"+number).wants(".chain", want)
	}
	rows := p.ok("/audit").texts(".stream tbody tr")
	for i, want := range []string{"Callboard –", "Callboard schedule", "Callboard portal", "Callboard delivery"} {
		if !strings.HasSuffix(rows[i], want) {
			t.Errorf("row %d: %q, want it to end with %q", i, rows[i], want)
		}
	}
}

// The history may be a moment behind the log; the log has the event already.
func TestEventThatIsNotToldYet(t *testing.T) {
	p := acme(t)
	if _, err := p.world.Add(sample.Now, "github", "component:default/new", event.Actor{}, event.Cause{}, event.EntityRemoved{Ref: "component:default/new"}); err != nil {
		t.Fatal(err)
	}
	p.ok("/audit/134").wants("#h-event", "Event 134")
}

func TestAuditBeforeTheFirstEvent(t *testing.T) {
	empty(t).ok("/audit").wants("main", "The record is still empty.", "Nothing is on record yet", "The first push to a connected forge is event 1.")
}

func TestAuditRefusesWhatItDoesNotUnderstand(t *testing.T) {
	p := acme(t)
	for query, says := range map[string]string{
		"from=yesterday": "from=yesterday is no date; write from=2026-03-12",
		"to=2026-13-01":  "to=2026-13-01 is no date",
		"after=x":        "after=x is no event number",
		"event=-1":       "event=-1 is no event number",
		"entity=a:":      "entity=a: names no entity; write entity=component:payments-api.",
	} {
		got := p.get("/audit?" + query)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", query, got.status)
		}
		got.wants(".error-card", says)
	}
}

// countless is a history that holds more than is counted.
type countless struct{ web.History }

func (c countless) Events(ctx context.Context, f history.Filter) (history.Page, error) {
	page, err := c.History.Events(ctx, f)
	page.Total, page.More = history.MaxTotal, true
	return page, err
}

func TestMoreEventsThanAreCounted(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.History = countless{c.History} })
	for _, tt := range []struct{ address, want string }{
		{"/audit", "10,000+ events"},
		{"/catalog/default/component/payments-api", "All 10,000+ events"},
		{"/catalog/default/component/payments-api/history", "10,000+ events, newest first"},
	} {
		if got := p.ok(tt.address).text("main"); !strings.Contains(got, tt.want) {
			t.Errorf("%s does not say %q", tt.address, tt.want)
		}
	}
}

// Every type that the record holds can be asked for; those of the other log cannot.
func TestAuditListsItsTypes(t *testing.T) {
	links := acme(t).ok("/audit").texts("a")
	for _, info := range event.Types() {
		name := string(info.Type[:strings.LastIndex(string(info.Type), ".v")])
		inbox := info.Type == event.TypeDeliveryReceived || info.Type == event.TypeDeliveryHandled || info.Type == event.TypeRepositoryDue
		if slices.Contains(links, name) == inbox {
			t.Errorf("%s is offered: %v", name, !inbox)
		}
	}
}

// What is wrong with a refused descriptor does not look like something good.
// That nothing more is put under seal is said where one looks for it.
func TestNotUnderSeal(t *testing.T) {
	why := fault.New(fault.Conflict, "the first 5 events are not those that the seal covers")
	p := acme(t, func(c *web.Config) { c.Unsealed = func() error { return why } })
	p.ok("/audit").wants(".strip.bad", "not put under seal now", "The first 5 events are not those that the seal covers")
	why = errors.New("disk at 10.1.2.3 is full")
	if got := p.ok("/audit"); strings.Contains(got.body, "10.1.2.3") {
		t.Error("the page tells of the inside")
	}
}

func TestRefusedEvent(t *testing.T) {
	acme(t).ok("/audit/133").wants("ins.wrong", "spec.providesApis[1] must be a string")
}
