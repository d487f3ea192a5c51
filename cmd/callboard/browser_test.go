package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// startDemo runs `callboard demo` inside the test and returns its address once
// the whole history was played.
func startDemo(t *testing.T) string {
	t.Helper()
	return startDemoIn(t, filepath.Join(t.TempDir(), "demo"))
}

func startDemoIn(t *testing.T, data string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, outWriter := io.Pipe()
	var stderr lockedBuffer
	played := make(chan struct{})
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, process{
			Args: []string{"demo", "--data", data, "--listen", "127.0.0.1:0"},
			Env:  os.LookupEnv, Stdout: outWriter, Stderr: io.MultiWriter(&stderr, &notice{text: "Stop with Ctrl-C", seen: played}),
		})
		outWriter.Close()
	}()
	t.Cleanup(func() {
		stop()
		if c := <-code; c != exitFine {
			t.Errorf("the demo ended with %d:\n%s", c, stderr.String())
		}
	})
	var line [256]byte
	n, err := out.Read(line[:])
	if err != nil {
		t.Fatalf("the demo did not start: %v\n%s", err, stderr.String())
	}
	go io.Copy(io.Discard, out) // ends with the demo
	select {
	case <-played:
	case <-time.After(5 * time.Minute):
		t.Fatalf("the demo did not play its history:\n%s", stderr.String())
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "callboard: listening on "))
}

// notice closes seen when text was written.
type notice struct {
	text string
	seen chan struct{}
	all  bytes.Buffer
	done bool
}

func (s *notice) Write(b []byte) (int, error) {
	s.all.Write(b)
	if !s.done && strings.Contains(s.all.String(), s.text) {
		s.done = true
		close(s.seen)
	}
	return len(b), nil
}

// browser starts a headless Chromium. Without one the test is skipped, unless
// CALLBOARD_TEST_REQUIRE_BROWSER says that this must not be.
func browser(t *testing.T) context.Context {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
			// A page that one comes back to is loaded again: chromedp waits for that.
			chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,BackForwardCache"),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		t.Cleanup(cancel)
		ctx, cancel = chromedp.NewContext(ctx)
		t.Cleanup(cancel)
		ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
		t.Cleanup(cancel)
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("start %s: %v", path, err)
		}
		return ctx
	}
	skipOrFail(t, "there is no Chromium or Chrome on this machine; install one to run the browser tests")
	return nil
}

// act does what somebody does at a browser, for as long as a person would wait for it.
func act(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	soon, cancel := context.WithTimeout(ctx, storyWait)
	defer cancel()
	for _, one := range actions {
		if _, err := looking(func() (chromedp.Void, error) { return chromedp.Void{}, chromedp.Do(soon, one) }); err != nil {
			at, _ := chromedp.Run(ctx, chromedp.Location())
			t.Fatalf("at %s: %v", at, err)
		}
	}
}

// read is what a page says.
func read(t *testing.T, ctx context.Context, what chromedp.Action[string]) string {
	t.Helper()
	says, err := looking(func() (string, error) { return chromedp.Run(ctx, what) })
	if err != nil {
		t.Fatal(err)
	}
	return says
}

// looking does something to an element, and looks for it once more if the one that was found was
// of the page before: of that nothing was done to it.
func looking[T any](do func() (T, error)) (is T, err error) {
	for {
		if is, err = do(); err == nil || !strings.Contains(err.Error(), "No node with given id found") {
			return is, err
		}
	}
}

func skipOrFail(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CALLBOARD_TEST_REQUIRE_BROWSER") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

// look is how a page is looked at, and the rules of accessibility that it is held to.
type look struct {
	name   string
	width  int64
	height int64
	scheme string
	rules  string
}

func looks() []look {
	return []look{
		{"1440-light", 1440, 1300, "light", allRules}, {"1440-dark", 1440, 1300, "dark", colours}, {"390-light", 390, 844, "light", allRules},
	}
}

// What axe-core is told to run.
const (
	allRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	colours  = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}` // nothing else differs in another scheme
)

func (l look) set() chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.EmulateViewport(l.width, l.height),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}))
}

// command sends a command of the DevTools protocol.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// shown is a page to look at.
type shown struct {
	name, path string
	// Of a page that answers to a form: what is written into a field, the button that
	// is pressed, and what is there then.
	field, text, button, then string
}

// open leads there.
func (p shown) open(base string) chromedp.Action[chromedp.Void] {
	at := chromedp.Steps(chromedp.Navigate(base+p.path), chromedp.WaitReady(css("main")))
	if p.button == "" {
		return at
	}
	return chromedp.Steps(at, chromedp.SendKeys(css(p.field), p.text), chromedp.Click(css(p.button)), chromedp.WaitReady(css(p.then)))
}

// monthAgo is when the team platform still owned the payments API of the demo, whose
// history is of the last half year.
func monthAgo() string { return time.Now().UTC().AddDate(0, -1, 0).Format(time.DateOnly) }

func daysAgo(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }

func pages() []shown {
	return []shown{
		{name: "catalog", path: "/catalog"},
		{name: "catalog-filtered", path: "/catalog?kind=component&lifecycle=production"},
		{name: "catalog-no-match", path: "/catalog?q=paymnts"},
		{name: "entity", path: "/catalog/default/component/payments-api"},
		{name: "entity-graph", path: "/catalog/default/component/payments-api/graph"},
		{name: "entity-history", path: "/catalog/default/component/payments-api/history"},
		{name: "entity-descriptor", path: "/catalog/default/component/payments-api/descriptor"},
		{name: "entity-team", path: "/catalog/default/group/payments"},
		{name: "entity-owns", path: "/catalog/default/group/payments/owns"},
		{name: "entity-system", path: "/catalog/default/system/payments"},
		{name: "entity-user", path: "/catalog/default/user/pebbledash"},
		{name: "entity-conflict", path: "/catalog/default/component/order-facts"},
		{name: "entity-own-kind", path: "/catalog/default/dataset/visits"},
		{name: "api", path: "/catalog/default/api/payments-v2"},
		{name: "api-definition", path: "/catalog/default/api/payments-v2/definition"},
		{name: "api-source", path: "/catalog/default/api/payments-v2/definition?view=source"},
		{name: "api-events", path: "/catalog/default/api/stock-events/definition"},
		{name: "apis", path: "/apis"},
		{name: "search", path: "/search?q=paymnt"},
		{name: "register", path: "/catalog/register"},
		{name: "entity-missing", path: "/catalog/default/component/nothing"},
		{name: "entity-past", path: "/catalog/default/component/payments-api?at=" + monthAgo()},
		{name: "entity-history-past", path: "/catalog/default/component/payments-api/history?at=" + monthAgo()},
		{name: "entity-compare", path: "/catalog/default/component/payments-api/compare?from=" + monthAgo()},
		{name: "entity-ledger", path: "/catalog/default/group/payments/ledger"},
		{name: "entity-why", path: "/catalog/default/component/stock/scorecards/production-readiness/on-call"},
		{name: "entity-team-scores", path: "/catalog/default/group/payments/scorecards"},
		{name: "executive", path: "/executive"},
		{name: "executive-domain", path: "/executive?within=domain:default/money"},
		{name: "executive-teams", path: "/executive?group=team&card=ownership&at=" + monthAgo()},
		{name: "teams", path: "/teams"},
		{name: "teams-board", path: "/teams?view=board&order=change"},
		{name: "changes", path: "/changes?from=" + monthAgo()},
		{name: "audit", path: "/audit"},
		{name: "audit-event", path: "/audit/20"},
		{name: "sources", path: "/sources"},
		{name: "source", path: "/sources/github"},
		{name: "source-repositories", path: "/sources/github/repositories"},
		{name: "source-repository", path: "/sources/github/repositories/acme/data/lake"},
		{name: "source-deliveries", path: "/sources/gitlab/deliveries"},
		{name: "source-connecting", path: "/sources/github/connect"},
		{name: "source-change", path: "/sources/github/change"},
		{name: "connect", path: "/sources/connect"},
		{name: "connect-form", path: "/sources/connect?forge=github"},
		{name: "connect-gitlab", path: "/sources/connect?forge=gitlab"},
		{name: "connect-git", path: "/sources/connect?forge=git"},
		{name: "connect-app-refused", path: "/sources/connect/app?state=old&code=1"},
		{name: "connect-problem", path: "/sources/connect?forge=gitlab", field: "#c-owner", text: "acme", button: `button[value="token"]`, then: ".problem"},
		{name: "connect-app", path: "/sources/connect?forge=github", field: "#c-owner", text: "acme", button: `button[value="app"]`, then: `input[name="manifest"]`},
		{name: "subscribers", path: "/subscribers"},
		{name: "subscriber", path: "/subscribers/cmdb"},
		{name: "components", path: "/settings/components"},
		{name: "docs", path: "/docs"},
		{name: "docs-page", path: "/docs/default/component/payments-api/"},
		{name: "docs-table", path: "/docs/default/component/payments-api/states/"},
		{name: "docs-manual", path: demoManual + "api/"},
		{name: "docs-decisions", path: "/docs/default/component/payments-api/-/decisions"},
		{name: "docs-health", path: "/docs/default/component/payments-api/-/health"},
		{name: "docs-missing", path: "/docs/default/component/payments-api/nothing/"},
		{name: "docs-none", path: "/docs/default/component/pricing/"},
		{name: "docs-removed", path: "/docs/default/component/finance-reports/"},
		{name: "docs-history", path: "/docs/default/component/stock/rules/counting/?view=history"},
		{name: "docs-compare", path: "/docs/default/component/stock/rules/counting/?view=compare"},
	}
}

// TestPages walks the pages of the demo in a browser: no violation of the
// accessibility rules in any look, no error in the console's sense, and the
// journeys work with and without scripts.
//
// With CALLBOARD_SCREENSHOTS=folder it also keeps a picture of each page.
func TestPages(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	axe, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		skipOrFail(t, "axe-core is not there; run npm ci")
	}
	ctx := browser(t)
	base := startDemo(t)

	hold(t, ctx, base, string(axe), pages())
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("journeys, scripts %v", scripts), func(t *testing.T) {
			disable := emulation.SetScriptExecutionDisabledParams{Value: !scripts}
			act(t, ctx, looks()[0].set(), command(emulation.SetScriptExecutionDisabled, disable))
			journeys(t, ctx, base, scripts)
			if scripts {
				widgets(t, ctx, base, string(axe))
			}
		})
		t.Run(fmt.Sprintf("maturity, scripts %v", scripts), func(t *testing.T) {
			disable := emulation.SetScriptExecutionDisabledParams{Value: !scripts}
			act(t, ctx, looks()[0].set(), command(emulation.SetScriptExecutionDisabled, disable))
			maturityJourney(t, ctx, base)
		})
	}
}

// hold opens pages and checks each.
func hold(t *testing.T, ctx context.Context, base, axe string, pages []shown) {
	t.Helper()
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			act(t, ctx, looks()[0].set(), p.open(base))
			holds(t, ctx, axe, p.name)
		})
	}
}

// holds checks the page that is open in all looks, and keeps pictures of it. It is shown
// in the first look then.
func holds(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	for _, l := range looks() {
		act(t, ctx, l.set())
		picture(t, ctx, name+"-"+l.name, chromedp.FullScreenshot(100))
		for _, v := range violations(t, ctx, axe, l.rules) {
			t.Errorf("%s, %s: %s", name, l.name, v)
		}
		wider, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
		if err != nil || wider {
			t.Errorf("%s, %s: the page is wider than the window, %v", name, l.name, err)
		}
	}
	act(t, ctx, looks()[0].set())
}

// picture keeps a picture of what is shown, if CALLBOARD_SCREENSHOTS names a folder.
func picture(t *testing.T, ctx context.Context, name string, take chromedp.Action[[]byte]) {
	t.Helper()
	folder := os.Getenv("CALLBOARD_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(ctx, take)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// violations runs axe-core on the page, once its scripts have seen what its size is, and
// returns one line for each violation.
func violations(t *testing.T, ctx context.Context, axe, rules string) []string {
	t.Helper()
	if there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof axe === "object"`)); err != nil {
		t.Fatal(err)
	} else if !there { // it is half a megabyte, and a page is looked at more than once
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+`; true`)); err != nil {
			t.Fatal(err)
		}
	}
	// Only violations are written down, which says nothing of which rules run.
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))
		.then(() => axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"], selectors: false}))
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help,
			nodes: v.nodes.slice(0, 5).map(n => n.html.slice(0, 200) + "\n      " + n.failureSummary.replaceAll("\n", " "))}))))`, awaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(result), &found); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, v := range found {
		lines = append(lines, v.ID+": "+v.Help+"\n    "+strings.Join(v.Nodes, "\n    "))
	}
	return lines
}
