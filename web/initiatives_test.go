package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/web/internal/sample"
)

// A portal without scorecards has no initiatives and exemptions either, and says so.
func TestNoAgreementsWithoutScorecards(t *testing.T) {
	p := acme(t)
	for _, path := range []string{"/exemptions", "/exemptions/new", "/exemptions/x", "/initiatives", "/initiatives/new", "/initiatives/x", "/initiatives/x/edit"} {
		if got := p.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	for _, path := range []string{"/exemptions/new", "/exemptions/x/grant", "/initiatives/new", "/initiatives/x/close", "/scorecards/x/delete"} {
		if got := p.post(path, nil); got.status != http.StatusNotFound {
			t.Errorf("POST %s answers %d", path, got.status)
		}
	}
}

// Where nobody is asked there is no share to tell.
func TestAnInitiativeThatAsksNobody(t *testing.T) {
	o := staffed(t)
	made := o.post("/initiatives/new", url.Values{
		"title": {"Docs for towers"}, "scorecard": {"production-readiness"}, "rules": {"docs"}, "filter": {`entity.spec.type == "tower"`}, "target": {"2099-06-30"},
		"remind": {"30, 7, 1"}, "by": {"Moss Bank"},
	})
	if made.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", made.status, made.text("main"))
	}
	if page := o.ok("/initiatives").text("main"); !strings.Contains(page, "Nobody is asked") || strings.Contains(page, "0 %") {
		t.Errorf("the list is %s", page)
	}
	o.ok(made.header.Get("Location")).wants("[data-part=reminders]", "30 days before, on")
}

// What cannot be measured asks nobody, and its page says in one way what is missing.
func TestWhatCannotBeMeasured(t *testing.T) {
	for _, asks := range []string{"level: Platinum", "rules: [docs, gone]"} {
		o := staffed(t)
		o.stand(daysAgo(100), "production-readiness", "component:default/payments", "Bronze", 1, "owner=pass docs=fail", "mossbank", "c0ffee")
		o.file(daysAgo(20), "i.yaml", "apiVersion: callboard.dev/v1alpha1\nkind: Initiative\nmetadata: {name: up}\nspec: {scorecard: production-readiness, "+asks+", target: 2999-06-30, remind: [7]}\n")
		o.ready()
		page := o.ok("/initiatives/up")
		page.wants("main", "It cannot be measured: the scorecard has no ", "Nobody can tell.")
		page.wants("[data-part=reminders]", "not as long as this cannot be measured")
		if text := page.text("main"); strings.Contains(text, "Burn-up") || strings.Contains(text, "0 %") || strings.Contains(text, "payments") {
			t.Errorf("%s: the page says %s", asks, text)
		}
	}
}

// The form sent twice makes one initiative; one with a filter that goes wrong says for how many.
func TestOpeningAnInitiative(t *testing.T) {
	o := staffed(t)
	o.stand(daysAgo(100), "production-readiness", "component:default/payments", "Bronze", 1, "owner=pass docs=fail", "mossbank", "c0ffee")
	o.ready()
	form := url.Values{"title": {"Gold for all"}, "scorecard": {"production-readiness"}, "level": {"Gold"}, "target": {sample.Now.AddDate(0, 0, 24).Format(time.DateOnly)},
		"remind": {"30, 7, 0"}, "filter": {`entity.spec.nofield == "x"`}, "by": {"Moss Bank"}}
	made := o.post("/initiatives/new", form)
	if made.header.Get("Location") != "/initiatives/gold-for-all" {
		t.Fatalf("%d: %s", made.status, made.text("main"))
	}
	twice := o.post("/initiatives/new", form)
	if href := twice.follow("main a", "Gold for all"); twice.status != http.StatusConflict || href != "/initiatives/gold-for-all" {
		t.Errorf("sent twice: %d, leads to %s", twice.status, href)
	}
	page := o.ok("/initiatives/gold-for-all")
	page.wants("main", "The filter goes wrong for 1 of 1 entity: there is no field nofield;", "Nobody is asked")
	page.wants("[data-part=reminders]", "30 days before, on", ": it never comes, since that was over when this was opened", "7 days before, on", ": the next, to the owners of all it asks that has not reached Gold by then", "On the last day, ")
}
