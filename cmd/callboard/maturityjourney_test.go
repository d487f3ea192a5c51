package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// maturityJourney goes from how the organisation stands to the commit that broke a rule.
func maturityJourney(t *testing.T, ctx context.Context, base string) { //nolint:thelper // a failure is to name the line here
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // what is not there is not waited for until all is over
	defer cancel()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		act(t, ctx, actions...)
	}
	ask := func(what chromedp.Action[string]) string {
		t.Helper()
		return read(t, ctx, what)
	}
	// The organisation, and a domain of it.
	do(chromedp.Navigate(base+"/scorecards"), chromedp.WaitReady(css("main")))
	do(chromedp.Click(css(`main .actions a[href="/executive"]`)), becomes(`document.readyState === "complete" && document.querySelector("[data-part=groups]") !== null`))
	if got := ask(chromedp.Text(css(`.summary .headline`))); !strings.Contains(got, "Silver or better on Production readiness") {
		t.Errorf("in short the organisation stands as %q", got)
	}
	do(chromedp.Click(css(`[data-part=groups] a[href*="domain%3Adefault%2Fcommerce"]`)), becomes(`document.querySelector("h1")?.textContent === "Maturity of Commerce"`),
		becomes(`document.readyState === "complete" && document.querySelector("[data-part=entities]")?.textContent.includes("cart")`))
	// The card, and a service that fails a rule of it.
	do(chromedp.Click(css(`[data-part=groups] .sub a`)), becomes(`location.pathname === "/scorecards/production-readiness" && document.readyState === "complete"`), chromedp.WaitReady(css(`.heat`)))
	do(chromedp.Click(css(`.heat td.c.fail a`)), chromedp.WaitReady(css(`[data-part=why]`)))
	// Why it fails, part by part, and the commit that broke it.
	if got := ask(chromedp.Text(css(`[data-part=why]`))); !strings.Contains(got, "What the rule asks") || !strings.Contains(got, "false") || !strings.Contains(got, "entity.kind") {
		t.Errorf("a rule that fails is explained as %q", got)
	}
	do(chromedp.Click(css(`[data-part=rule] a.sha`)), becomes(`location.pathname.includes("/commit/")`))

	// A team, and what it has to do next.
	do(chromedp.Navigate(base+"/teams"), chromedp.WaitReady(css(`[data-part=teams]`)))
	do(chromedp.Click(css(`main .views a[href*="view=board"]`)), becomes(`document.querySelector("#h-teams")?.textContent === "Leaderboard" && document.readyState === "complete"`))
	do(chromedp.Click(css(`[data-part=teams] a[href="/catalog/default/group/payments/scorecards"]`)), chromedp.WaitReady(css(`[data-part=next]`)), becomes(`document.readyState === "complete"`))
	if got := ask(chromedp.Text(css(`[data-part=members]`))); !strings.Contains(got, "saltmarsh") {
		t.Errorf("the members of the team are %q", got)
	}

	// On paper it is one page.
	do(chromedp.Navigate(base+"/executive"), chromedp.WaitReady(css(`[data-part=made-from]`)))
	yes := true
	var printed []byte
	do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		answer, err := cdp.Call(ctx, t, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
		printed = answer.Data
		return err
	}))
	if n := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(printed, -1)); n != 1 || !bytes.HasPrefix(printed, []byte("%PDF")) {
		t.Errorf("printed it has %d pages of %d bytes, want 1", n, len(printed))
	}
}
