package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

// A moment at which platform owned the payments API: 6 March 2026, 9:00, it went to payments.
const february = "2026-02-20T12:00"

func TestOwnersOverTime(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI + "/history")
	spans := got.all("[aria-labelledby=h-lanes] .lane .span")
	var says []string
	for _, s := range spans {
		says = append(says, attr(s, "aria-label"))
	}
	for _, want := range []string{"Owner: Platform, 16 Sep 2025 – 6 Mar 2026", "Owner: Payments, since 6 Mar 2026", "Lifecycle: production, since"} {
		if !strings.Contains(strings.Join(says, "; "), want) {
			t.Errorf("the lanes say %q, not %q", says, want)
		}
	}
	got.wants("[aria-labelledby=h-lanes] tbody tr:first-child", "Payments", "goes on", "tamarisk", "owner platform → payments")
	// Who owned it at the time of an incident is the page as of then.
	to, fields := got.submit("[aria-labelledby=h-lanes] form", map[string]string{"at": february})
	then := p.ok(to + "?" + fields.Encode())
	then.wants(".facts", "Platform", "later: Payments")
	if at := attr(then.all(".facts .later-note a")[0], "href"); !strings.HasPrefix(at, "/audit/") {
		t.Errorf("what came later leads to %s", at)
	}
}

func TestWhoWroteEachField(t *testing.T) {
	p := acme(t)
	address, _, _ := strings.Cut(p.ok(paymentsAPI+"/history").follow("[aria-labelledby=blame] .card-foot a", "Show all"), "#")
	all := p.ok(address)
	rows := map[string]string{}
	for _, row := range all.texts("[aria-labelledby=blame] tbody tr") {
		name, rest, _ := strings.Cut(row, " ")
		rows[name] += rest + "|"
	}
	for field, want := range map[string]string{"owner": "payments 6 Mar 2026 new", "on-call": "payments-primary-eu 6 Mar 2026", "lifecycle": "production 16 Sep 2025"} {
		if !strings.Contains(rows[field], want) {
			t.Errorf("%s is blamed %q, not %q", field, rows[field], want)
		}
	}
	if !strings.Contains(rows["owner"], "tamarisk") || !strings.Contains(rows["tags"], "tier-1 11 Mar 2026 new MO mossbank") {
		t.Errorf("owner: %q, tags: %q", rows["owner"], rows["tags"])
	}
}

func TestRelationsOverTime(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI + "/history")
	got.wants("[data-part=turns]", "Gained Owned by Payments", "Lost Owned by Platform")
	if strings.Contains(got.text("[data-part=turns]"), "Part of") {
		t.Error("the last 90 days have what is older")
	}
	ever, _, _ := strings.Cut(got.follow("[aria-labelledby=relations-past] .btn-group a", "Ever"), "#")
	p.ok(ever).wants("[data-part=turns]", "Gained Part of")
	if got := p.get(paymentsAPI + "/history?days=soon"); got.status != http.StatusBadRequest {
		t.Errorf("days=soon: %d", got.status)
	}
}

// The history as of a moment ends there.
func TestHistoryInThePast(t *testing.T) {
	p := acme(t)
	got := p.ok(paymentsAPI + "/history?at=" + february)
	if text := got.text(".timeline") + got.text("[aria-labelledby=blame]"); strings.Contains(text, "tier-1") || !strings.Contains(text, "Registered") {
		t.Errorf("the history in February says %q", text)
	}
	if got := got.text("[aria-labelledby=h-lanes] .lane-now"); !strings.Contains(got, "Platform") {
		t.Errorf("its owner was %q", got)
	}
	got.wants(".side-foot", "As of 20 Feb 2026, 12:00", "Event ", " of ")
	// A page of what was on record says so, too.
	p.ok("/catalog?known=3&at=3").wants(".side-foot", "As of event 3", "Event 3 of")
}

func TestCompareWithNow(t *testing.T) {
	p := acme(t)
	then := p.ok(paymentsAPI + "?at=" + february)
	got := p.ok(then.follow(".past-bar a", "Compare with now"))
	got.wants("[aria-labelledby=h-compare]", "20 February 2026, 12:00", "now", "spec.owner", "platform", "payments", "metadata.tags", "tier-1", "Changed")
	got.wants("[aria-labelledby=h-between]", "owner platform → payments", "tamarisk")
	if back := got.follow("[aria-labelledby=h-compare] h2 a", "20 February"); !strings.Contains(p.ok(back).text(".past-bar"), "20 February 2026, 12:00") {
		t.Errorf("%s is not the page as of then", back)
	}
	if got := p.ok(paymentsAPI + "/compare?from=2026-03-01&to=2026-03-02").text("[aria-labelledby=h-compare]"); !strings.Contains(got, "It is the same") {
		t.Errorf("on a quiet day it says %q", got)
	}
	p.ok(paymentsAPI+"/compare?from=2025-01-01").wants("[aria-labelledby=h-compare]", "Added")
	gone := "/catalog/default/component/returns-desk/compare?from=2026-02-10"
	p.ok(gone).wants("[aria-labelledby=h-compare]", "Removed")
	for address, status := range map[string]int{
		paymentsAPI + "/compare?from=soon": 400, paymentsAPI + "/compare?from=2026-03-02&to=2026-03-01": 400, "/catalog/default/component/nothing/compare": 404,
	} {
		if got := p.get(address); got.status != status {
			t.Errorf("%s: %d, want %d", address, got.status, status)
		}
	}
}

func TestWhatChanged(t *testing.T) {
	p := acme(t)
	week := p.ok("/changes")
	week.wants("[data-part=lede]", "5 March 2026, 14:03 to now")
	week.wants(".views a[aria-current]", "Last week")
	payments := week.text("[aria-labelledby='team-group:default/payments']")
	for _, want := range []string{"Payments API", "Changed", "spec.owner", "Compare", "pebbledash"} {
		if !strings.Contains(payments, want) {
			t.Errorf("of the team payments it does not say %q: %s", want, payments)
		}
	}
	p.ok(week.follow("[aria-labelledby='team-group:default/payments'] a", "Compare Payments API")).wants("[aria-labelledby=h-compare]", "spec.owner")
	// What was removed is told of the team that owned it.
	removed := p.ok("/changes?from=2026-02-10&to=2026-02-28")
	removed.wants("main", "returns-desk", "Removed")
	// All of one team, and nothing.
	one := p.ok("/changes?from=2025-09-01&owner=group:default/payments")
	if n := len(one.all("main section.card")); n != 1 {
		t.Errorf("%d teams are shown, want one", n)
	}
	one.wants("[data-part=counts]", "added")
	p.ok("/changes?from=2025-01-01&to=2025-01-02").wants("main", "Nothing changed")
	if got := p.get("/changes?from=never"); got.status != http.StatusBadRequest {
		t.Errorf("from=never: %d", got.status)
	}
}

// What has text run from right to left, or is not seen, is written out where it is told
// what changed.
func TestDeceptiveText(t *testing.T) {
	p := acme(t)
	push := func(description string) {
		p.push(sample.Push{At: sample.Now.Add(-time.Hour), Repository: "acme/lure", Text: "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: lure, description: \"" + description + "\"}\nspec: {type: service, lifecycle: production, owner: payments}\n"})
	}
	push("plain")
	push("pay \\u202Egpj.exe\\u2069 \\u200B")
	p.settle()
	p.ok("/catalog/default/component/lure/history").wants(".timeline", `pay \u202Egpj.exe\u2069 \u200B`)
}

func TestLedgerOfATeam(t *testing.T) {
	w, err := sample.Acme(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// Two services go back to platform in the same hour.
	at := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	for _, name := range []string{"one", "two"} {
		text := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + "}\nspec: {type: service, lifecycle: production, owner: "
		for i, team := range []string{"payments", "platform"} {
			if err := w.Push(t.Context(), sample.Push{At: at.Add(time.Duration(i) * time.Hour), Repository: "acme/" + name, SHA: strings.Repeat(string(rune('a'+i)), 40), Text: text + team + "}\n"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := open(t, w)
	team := p.ok("/catalog/default/group/payments")
	got := p.ok(team.follow(".tabs a", "Ledger"))
	got.wants("[data-part=account]", "gained 3", "lost 2")
	p.ok(got.follow("[data-part=account] a", "that it owns")).wants("main table", "Payments API")
	got.wants("[aria-labelledby=h-gained]", "Payments API", "Platform", "tamarisk")
	got.wants("[aria-labelledby=h-lost] tbody", "one PL Platform", "two PL Platform", "reorganisation")
	got.wants(".strip", "2 entities went from", "Payments", "Platform", "on 12 March 2026", "all by commit")
	p.ok("/catalog/default/group/payments/ledger?from=2025-01-01&to=2025-06-01").wants("main", "It gained nothing", "It lost nothing")
	if got := p.get(paymentsAPI + "/ledger"); got.status != http.StatusNotFound {
		t.Errorf("a service has a ledger: %d", got.status)
	}
}

// A portal that keeps no history has its pages all the same.
func TestWithoutALedger(t *testing.T) {
	p := acme(t, func(c *web.Config) { c.Ledger, c.Moments = nil, nil })
	p.ok(paymentsAPI+"/history").wants(".timeline", "Registered")
	if got := p.get("/changes"); got.status != http.StatusNotFound {
		t.Errorf("/changes: %d, want 404", got.status)
	}
}
