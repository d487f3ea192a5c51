package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func awaitPromise(p *runtime.EvaluateParams) { yes := true; p.AwaitPromise = &yes }

func css(selector string) chromedp.CSS { return chromedp.CSS(selector) }

// journeys does what people do on the pages.
func journeys(t *testing.T, ctx context.Context, base string, scripts bool) { //nolint:thelper // a failure is to name the line here
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		act(t, ctx, actions...)
	}
	ask := func(what chromedp.Action[string]) string {
		t.Helper()
		return read(t, ctx, what)
	}
	open := func(path string) {
		t.Helper()
		do(chromedp.Navigate(base+path), chromedp.WaitReady(css("main")))
	}

	// From the list to a service, to one of its changes, to its delivery.
	open("/")
	if got := ask(chromedp.Location()); got != base+"/catalog" {
		t.Errorf("the portal opens at %s, want the catalog", got)
	}
	open("/catalog?q=payments-api")
	do(chromedp.Click(css(`main a[href="/catalog/default/component/payments-api"]`)), chromedp.WaitReady(css(`h1`)))
	if got := ask(chromedp.Text(css("h1"))); !strings.Contains(strings.ToLower(got), "payments") {
		t.Errorf("the heading of the service is %q", got)
	}
	do(chromedp.Click(css(`main a.cue`)), chromedp.WaitReady(css("main")))
	if got := ask(chromedp.Location()); !strings.Contains(got, "/audit/") {
		t.Errorf("an event number leads to %s, want the audit page", got)
	}

	// To a date, where another team owned it; beside what it is now; to the commit that
	// changed it, and back.
	open("/catalog/default/component/payments-api")
	do(chromedp.Click(css(`.bar .when > summary`)), chromedp.SendKeys(css(`#when-at`), monthAgo()+"\r"), chromedp.WaitReady(css(`.past-bar`)))
	if got := ask(chromedp.Text(css(".facts"))); !strings.Contains(got, "platform") || !strings.Contains(got, "later: payments") {
		t.Errorf("a month ago it was owned as %q", got)
	}
	do(chromedp.Click(css(`.past-bar a[href*="/compare"]`)), chromedp.WaitReady(css(`#h-compare`)))
	if got := ask(chromedp.Text(css("[aria-labelledby=h-compare]"))); !strings.Contains(got, "spec.owner") || !strings.Contains(got, "platform") || !strings.Contains(got, "payments") {
		t.Errorf("beside now it says %q", got)
	}
	compared := ask(chromedp.Location())
	do(chromedp.Click(css(`[aria-labelledby=h-between] a.sha`)), becomes(`location.pathname.includes("/commit/")`))
	do(chromedp.NavigateBack(), chromedp.WaitReady(css(`#h-compare`)))
	if got := ask(chromedp.Location()); got != compared {
		t.Errorf("back from the commit one is at %s", got)
	}
	do(chromedp.Click(css(`#h-compare a:last-child`)), chromedp.WaitReady(css(`.facts`)), chromedp.WaitNotPresent(css(`.past-bar`)))
	if got := ask(chromedp.Text(css(".facts"))); strings.Contains(got, "platform") || strings.Contains(got, "later") {
		t.Errorf("now it is owned as %q", got)
	}

	// Documentation: found by a phrase, which opens its heading; by its contents; as of a day
	// before it was changed, and what that changed; as of a tag; and at an address that the page
	// had before it moved.
	open("/docs")
	do(chromedp.SendKeys(css(`main input[name="q"]`), `"charges nobody twice"`+"\r"), chromedp.WaitReady(css(`.hit`)))
	do(chromedp.Click(css(`.hit h2 a`)), becomes(`location.pathname + location.hash === "/docs/default/component/payments-api/#before-you-call-it"`))
	open("/docs/default/component/payments-api/")
	do(chromedp.Click(css(`.docs-toc a[href$="#before-you-call-it"]`)), becomes(`location.hash === "#before-you-call-it"`))
	if got := ask(chromedp.Text(css("article"))); !strings.Contains(got, "Use version 2.") {
		t.Errorf("the documentation says %q", got)
	}
	do(chromedp.Click(css(`.bar .when > summary`)), chromedp.SendKeys(css(`#when-at`), daysAgo(130)+"\r"), chromedp.WaitReady(css(`.past-bar`)))
	if got := ask(chromedp.Text(css("article"))); strings.Contains(got, "Use version 2.") || !strings.Contains(got, "Before you call it") {
		t.Errorf("before that was written it says %q", got)
	}
	do(chromedp.Click(css(`.past-bar a[href*="compare"]`)), chromedp.WaitReady(css(`.docs-diff`)))
	if got := ask(chromedp.Text(css(".docs-diff .come"))); !strings.Contains(got, "Use version 2.") {
		t.Errorf("beside now it says %q", got)
	}
	open("/docs/default/component/stock/counting/")
	if got := ask(chromedp.Location()); got != base+"/docs/default/component/stock/rules/counting/" {
		t.Errorf("an address of before leads to %s", got)
	}
	do(chromedp.Click(css(`.docs-version > summary`)), chromedp.Click(css(`.docs-version a[href*="v1.0.0"]`)), chromedp.WaitReady(css(`.past-bar`)))
	if got := ask(chromedp.Text(css("article"))); !strings.Contains(got, "Twice a year by hand") {
		t.Errorf("as of v1.0.0 it says %q", got)
	}

	// Searching the list.
	open("/catalog")
	search := `main input[name="q"]`
	if scripts {
		// As one types, without a click; the address follows.
		do(chromedp.SendKeys(css(search), "ledger"),
			becomes(`new URL(location).searchParams.get("q") === "ledger" && !document.querySelector("main").textContent.includes("storefront-web")`))
	} else {
		do(chromedp.SendKeys(css(search), "ledger\r"), becomes(`new URL(location).searchParams.get("q") === "ledger"`))
	}
	do(chromedp.WaitReady(css(`main a[href="/catalog/default/component/ledger"]`)))

	// A star in the list, to be found in the sidebar, taken back on the page.
	open("/catalog?q=ledger")
	star := `main button[aria-label="Star Ledger"]`
	do(chromedp.Click(css(star)), chromedp.WaitReady(css(star+`[aria-pressed="true"]`)), chromedp.WaitReady(css(`.side a[href="/catalog/default/component/ledger"]`)))
	if got := ask(chromedp.Location()); got != base+"/catalog?q=ledger" {
		t.Errorf("after a star one is at %s", got)
	}
	open("/catalog?starred=1")
	if got := ask(chromedp.Text(css(`main tbody`))); !strings.Contains(got, "Ledger") || strings.Contains(got, "ledger-db") {
		t.Errorf("what is starred is %q", got)
	}
	open("/catalog/default/component/ledger")
	do(chromedp.Click(css(star)), chromedp.WaitReady(css(star+`[aria-pressed="false"]`)), chromedp.WaitNotPresent(css(`.side a[href="/catalog/default/component/ledger"]`)))

	// A job that is moving is declared in two places, which both pages name.
	for path, words := range map[string]string{
		"/catalog/default/component/order-facts": "keeps the name", "/sources": "Declared in two places",
	} {
		open(path)
		got := ask(chromedp.Text(css("main")))
		for _, want := range []string{words, "acme/data/reports/jobs/order-facts/catalog-info.yaml:1", "lake/jobs/order-facts/job.yaml:1", "ive one of the two another name"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}

	// How far the graph goes is a link; where there is a script it is drawn anew.
	open("/catalog/default/component/ledger/graph?steps=1")
	do(chromedp.Click(css(`cb-graph .btn-group a:nth-child(2)`)), chromedp.WaitReady(css(`cb-graph .btn-group a:nth-child(2)[aria-current="true"]`)))
	if got := ask(chromedp.Location()); !strings.Contains(got, "steps=2") {
		t.Errorf("two steps are at %s", got)
	}

	// Replaying a delivery leads back to the sources page, which says so.
	open("/sources")
	do(chromedp.Click(css(`main form[method="post"] button`)), chromedp.WaitReady(css(`main [role="status"]`)))
	if got := ask(chromedp.Location()); !strings.Contains(got, "/sources?") {
		t.Errorf("after a replay one is at %s, want the sources page", got)
	}
}
