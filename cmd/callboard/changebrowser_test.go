package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
)

// A connected source is changed and taken away in a browser, where nothing of its pages
// breaks a rule in any look. A delivery that failed is dismissed.
func TestChangeInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	axe, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		skipOrFail(t, "axe-core is not there; run npm ci")
	}
	ctx := browser(t)
	r := startEmpty(t)
	repo := r.repository(t, demoforge.GitHub, "acme/pay")
	act(t, ctx, chromedp.Navigate(r.base+"/sources"), chromedp.WaitReady(css(".empty")))
	picture(t, ctx, "no-source", chromedp.FullScreenshot(100))
	hub := config.Source{Name: "github", Type: config.GitHub, URL: r.forge.APIURL(demoforge.GitHub), Token: "forge-token", Organizations: []string{"acme"}}
	if err := r.connect(t.Context(), hub); err != nil {
		t.Fatal(err)
	}
	if err := r.makeHook(t.Context(), "github"); err != nil {
		t.Fatal(err)
	}
	r.untilHooked(t, "github")
	r.pushed(t, repo, "pay")
	failing := r.failing(t, repo)
	shows := func(name string) {
		t.Helper()
		holds(t, ctx, string(axe), name)
	}
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		act(t, ctx, actions...)
	}
	says := func(want string) {
		t.Helper()
		if got, err := chromedp.Run(ctx, chromedp.Text(css("main"))); err != nil || !strings.Contains(got, want) {
			t.Errorf("it does not say %q, %v:\n%s", want, err, got)
		}
	}
	open := func(path string) chromedp.Action[chromedp.Void] {
		return chromedp.Steps(chromedp.Navigate(r.base+path), chromedp.WaitReady(css("main")))
	}

	do(open("/sources/github"))
	shows("connected")
	do(chromedp.Click(css(`main a[href="/sources/github/change"]`)), chromedp.WaitReady(css(`#c-token`)))
	shows("change")
	do(chromedp.SendKeys(css(`#c-token`), "wrong-token"), chromedp.Click(css(`button[value="save"]`)), chromedp.WaitReady(css(`.problem`)))
	says("does not accept the token")
	shows("change-problem")
	do(chromedp.SendKeys(css(`#c-token`), "forge-token"), chromedp.Click(css(`button[value="save"]`)), chromedp.WaitReady(css(`.toast`)))
	do(chromedp.Click(css(`input[name="hook"]`)), chromedp.Click(css(`button[value="rotate"]`)), chromedp.WaitReady(css(`[aria-labelledby=h-webhook]`)))
	shows("change-secret")
	do(chromedp.Click(css(`main .card-foot a`)), chromedp.WaitReady(css(`button[value="forget"]`)))
	shows("change-two-secrets")
	do(chromedp.Click(css(`button[value="forget"]`)), chromedp.WaitReady(css(`.toast`)))

	do(open(failing))
	do(chromedp.Click(css(`[aria-labelledby=h-dismiss] summary`)), chromedp.WaitReady(css(`#dismiss-reason`)))
	shows("dismiss")
	do(chromedp.SendKeys(css(`#dismiss-reason`), "a trial"), chromedp.SendKeys(css(`#dismiss-by`), "mossbank"), chromedp.Click(css(`form[action="/sources/dismiss"] button`)), chromedp.WaitNotPresent(css(`#dismiss-reason`)))
	says("a trial")
	says("by mossbank")
	shows("dismissed")

	do(open("/sources/github"), chromedp.Click(css(`main a[href="/sources/github/disconnect"]`)), chromedp.WaitReady(css(`form[action="/sources/github/disconnect"]`)))
	shows("disconnect")
	do(chromedp.Click(css(`form[action="/sources/github/disconnect"] button`)), chromedp.WaitReady(css(`.strip.good`)))
	says("The webhook is deleted at the forge.")
	shows("disconnected")
	do(open("/sources"))
	says("Not read any more")
}

// failing is the page of a delivery that failed.
func (r *running) failing(t *testing.T, repo *demoforge.Repository) string {
	t.Helper()
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/git/trees/") {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	push(t, repo, map[string]string{"catalog-info.yaml": service("till")})
	if err := r.forge.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
	r.forge.SetFaults(nil)
	last, heard, err := r.deliveries.Heard(context.Background(), "github")
	if err != nil || !heard {
		t.Fatal(err)
	}
	return "/sources/github/deliveries/" + last.ID
}
