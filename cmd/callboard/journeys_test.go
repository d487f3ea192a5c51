package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// journeys does what people do on the pages.
func journeys(t *testing.T, ctx context.Context, base string, scripts bool) { //nolint:revive // the browser's context comes after t
	t.Helper()
	do := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		var s string
		do(chromedp.Text(selector, &s, chromedp.ByQuery))
		return s
	}
	location := func() string {
		t.Helper()
		var s string
		do(chromedp.Location(&s))
		return s
	}

	// From the list to a service, to one of its changes, to its delivery.
	do(chromedp.Navigate(base+"/"), chromedp.WaitReady("main"))
	if got := location(); got != base+"/catalog" {
		t.Errorf("the portal opens at %s, want the catalog", got)
	}
	do(chromedp.Navigate(base+"/catalog?q=payments-api"), chromedp.WaitReady("main"))
	do(chromedp.Click(`main a[href="/catalog/default/component/payments-api"]`, chromedp.ByQuery), chromedp.WaitReady(`h1`))
	if got := text("h1"); !strings.Contains(strings.ToLower(got), "payments") {
		t.Errorf("the heading of the service is %q", got)
	}
	do(chromedp.Click(`main a.cue`, chromedp.ByQuery), chromedp.WaitReady("main"))
	if got := location(); !strings.Contains(got, "/audit/") {
		t.Errorf("an event number leads to %s, want the audit page", got)
	}

	// Searching the list.
	do(chromedp.Navigate(base+"/catalog"), chromedp.WaitReady("main"))
	search := `main input[name="q"]`
	if scripts {
		// As one types, without a click; the address follows.
		do(chromedp.SendKeys(search, "ledger", chromedp.ByQuery),
			chromedp.Poll(`new URL(location).searchParams.get("q") === "ledger" && !document.querySelector("main").textContent.includes("storefront-web")`, nil))
	} else {
		do(chromedp.SendKeys(search, "ledger\r", chromedp.ByQuery), chromedp.WaitReady("main"))
	}
	do(chromedp.WaitReady(`main a[href="/catalog/default/component/ledger"]`, chromedp.ByQuery))

	// Replaying a delivery leads back to the sources page.
	do(chromedp.Navigate(base+"/sources"), chromedp.WaitReady("main"))
	do(chromedp.Click(`main form[method="post"] button`, chromedp.ByQuery), chromedp.WaitReady("main"))
	if got := location(); !strings.Contains(got, "/sources") {
		t.Errorf("after a replay one is at %s, want the sources page", got)
	}
}
