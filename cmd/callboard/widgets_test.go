package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// widgets does what only the custom elements can do.
func widgets(t *testing.T, ctx context.Context, base, axe string) { //nolint:thelper // a failure is to name the line there
	w := widgetTest{t, ctx, base, axe}
	for _, l := range looks() {
		w.do(l.set())
		w.palette(l.name)
		w.graph(l.name, l.width < 600)
		w.docs(l.name)
	}
}

type widgetTest struct {
	t         *testing.T
	ctx       context.Context
	base, axe string
}

func (w widgetTest) do(actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	act(w.t, w.ctx, actions...)
}

func (w widgetTest) open(path string) {
	w.t.Helper()
	w.do(chromedp.Navigate(w.base+path), chromedp.WaitReady(css("main")))
}

// arrives waits for the page at an address, which its forms come back to.
func (w widgetTest) arrives(path string) {
	w.t.Helper()
	w.loaded(`#star-form input[value="` + path + `"]`)
}

// loaded waits for the page that has an element, and for its scripts: a key that is
// pressed before they run does nothing.
func (w widgetTest) loaded(element string) {
	w.t.Helper()
	selector, err := json.Marshal(element)
	if err != nil {
		w.t.Fatal(err)
	}
	w.until(fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%s) !== null`, selector))
}

// until waits for an expression to be true.
func (w widgetTest) until(expression string) {
	w.t.Helper()
	act(w.t, w.ctx, becomes(expression))
}

// becomes waits for an expression to be true on whatever page is open by then.
func becomes(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, storyWait)
		defer cancel()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			// An error is that of a page that is just being left.
			if is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && is {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				at, _ := chromedp.Run(context.WithoutCancel(ctx), chromedp.Location())
				return fmt.Errorf("at %s it never was true that %s", at, expression)
			}
		}
	})
}

func (w widgetTest) ask(expression string) string {
	w.t.Helper()
	s, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w widgetTest) press(keys string, with ...chromedp.Modifier) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(with...)))
}

// accessible looks at a state of the page, and keeps a picture of it.
func (w widgetTest) accessible(state string) {
	w.t.Helper()
	picture(w.t, w.ctx, state, chromedp.CaptureScreenshot())
	for _, v := range violations(w.t, w.ctx, w.axe, allRules) {
		w.t.Errorf("%s: %s", state, v)
	}
}

// palette finds, chooses and closes by keys alone.
func (w widgetTest) palette(look string) {
	chosen := `document.querySelector("cb-palette [role=option][aria-selected=true]")`
	active := `document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))`
	w.open("/catalog/default/component/cart")
	w.press("k", chromedp.ModifierCtrl)
	w.until(`document.querySelector("cb-palette dialog[open]") && ` + chosen)
	for _, want := range []string{"Recent", "Go to", "Do", "What happened to"} {
		if got := w.ask(`document.getElementById("palette-list").textContent`); !strings.Contains(got, want) {
			w.t.Errorf("before anything is typed the palette has no %q", want)
		}
	}
	w.accessible("palette-empty-" + look)

	w.press("paym")
	w.until(chosen + `?.id.startsWith("palette-found")`) // not one of the recent ones, which were there before
	w.accessible("palette-" + look)
	first := w.ask(active + ".id")
	w.press(kb.ArrowDown)
	if second := w.ask(active + ".id"); second == first || second != w.ask(chosen+".id") {
		w.t.Errorf("from %s the arrow leads to %s, and %s is marked", first, second, w.ask(chosen+".id"))
	}
	w.press(kb.ArrowUp + kb.ArrowUp) // around the end
	if last := w.ask(active + ".textContent"); !strings.Contains(last, "All that holds") {
		w.t.Errorf("the last option is %q", last)
	}
	w.press(kb.Tab)
	if got := w.ask(`document.activeElement.closest("dialog") ? "in" : "out"`); got != "in" {
		w.t.Error("Tab leaves the palette for the page behind it")
	}
	w.press(kb.Escape)
	w.until(`!document.querySelector("cb-palette dialog[open]")`)

	// Typing at once and Enter open what was typed, not what was listed before.
	w.press("k", chromedp.ModifierCtrl)
	w.until(`document.querySelector("cb-palette dialog[open]")`)
	w.press("ledger-db\r")
	w.arrives("/catalog/default/resource/ledger-db")

	w.press("/")
	w.until(`document.querySelector("cb-palette dialog[open]")`)
	w.press("#131\r")
	w.arrives("/audit/131")
	w.do(chromedp.Click(css(".omni input")))
	w.until(`document.querySelector("cb-palette dialog[open]")`)
	w.press(">dark\r")
	w.loaded(`html[data-theme="dark"]`)
	w.press("k", chromedp.ModifierCtrl)
	w.until(`document.querySelector("cb-palette dialog[open]")`)
	w.press(">as the system\r")
	w.loaded(`html:not([data-theme])`)

	// What only a page of the docs holds opens that page.
	w.press("k", chromedp.ModifierCtrl)
	w.until(`document.querySelector("cb-palette dialog[open]")`)
	w.press("order of their fees\r")
	w.arrives("/docs/default/component/payments-api/acquirers/")
}

// graph moves, enlarges, narrows and reads the graph.
func (w widgetTest) graph(look string, narrow bool) {
	place := `document.querySelector("cb-graph .canvas > svg > g").getAttribute("transform")`
	scale := `Number(/scale\((.*)\)/.exec(` + place + `)[1])`
	w.open("/catalog/default/component/payments-api/graph?steps=2")
	w.until(`document.querySelectorAll("cb-graph .node").length > 5`)
	moves := func(what string, do ...chromedp.Action[chromedp.Void]) {
		w.t.Helper()
		before := w.ask(place)
		w.do(do...)
		if w.ask(place) == before {
			w.t.Errorf("%s: the graph stays where it is", what)
		}
	}
	moves("the button", chromedp.Click(css(`cb-graph [aria-label="Larger"]`)))
	moves("a key", chromedp.Focus(css("cb-graph .canvas")), chromedp.KeyEvent("+"))
	moves("an arrow", chromedp.KeyEvent(kb.ArrowLeft))
	moves("0", chromedp.KeyEvent("0"))
	at := w.ask(`(() => { const r = document.querySelector("cb-graph .canvas").getBoundingClientRect(); return JSON.stringify([r.x + 14, r.y + 14]); })()`)
	x, y := coordinates(w.t, at)
	moves("dragging",
		chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x+60, y+40, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x+60, y+40, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	before := w.ask("String(" + scale + ")")
	wheel := input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: x, Y: y, DeltaX: 0.1, DeltaY: -120, Modifiers: int64(chromedp.ModifierCtrl)}
	w.do(command(input.DispatchMouseEvent, wheel))
	w.until(scale + " > " + before)

	// A node that is reached by keys says what it is; Escape leads back.
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("cb-graph .node.self").focus()`), chromedp.KeyEvent(kb.ArrowRight))
	w.until(`document.activeElement.matches("cb-graph .node:not(.self)") && !document.querySelector("cb-graph .graph-about").hidden`)
	w.accessible("graph-node-" + look)
	w.press(kb.Escape)
	w.until(`document.activeElement.matches("cb-graph .canvas") && document.querySelector("cb-graph .graph-about").hidden`)

	// What is drawn is what the list says, before and after a choice.
	same := `document.querySelectorAll("cb-graph .node").length === document.querySelectorAll("cb-graph tr[data-ref]").length`
	w.until(same)
	w.do(chromedp.Click(css(`cb-graph .toggle:nth-of-type(1)`)))
	w.until(`location.search.includes("show=apis") && !location.search.includes("show=depends") && ` + same)
	if strings.Contains(w.ask(`document.querySelector("cb-graph tbody").textContent`), "depends on") {
		w.t.Error("what is left out is still there")
	}
	if got := w.ask("document.activeElement.textContent.trim()"); got != "depends on" {
		w.t.Errorf("after a choice %q has the focus", got)
	}

	// A kind can be left out.
	w.do(chromedp.Click(css(`cb-graph .graph-tools summary`)), chromedp.Click(css(`cb-graph .kinds .toggle:nth-of-type(1)`)))
	w.until(`location.search.includes("hide=api") && ` + same)
	w.do(chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`)) // from below the bar
	w.accessible("graph-kinds-" + look)

	// A click says what a node is, a key opens it, and one may go on from it.
	w.open("/catalog/default/component/payments-api/graph?steps=2")
	w.until(same)
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("cb-graph .node[href='/catalog/default/component/ledger']").focus()`), chromedp.KeyEvent(" "))
	w.do(chromedp.WaitReady(css(`cb-graph[data-root="component:default/ledger"][data-whole] .node.self`)))
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("cb-graph .node.self").focus()`), chromedp.KeyEvent("\r"))
	w.arrives("/catalog/default/component/ledger")

	// Many that hang on one are put together.
	w.open("/catalog/default/group/payments/graph?steps=1&show=owners")
	w.until(same + ` && document.querySelectorAll("cb-graph .frame").length === 1`)
	w.accessible("graph-block-" + look)

	if narrow { // there is no room for it on the overview
		w.open("/catalog/default/component/ledger")
		w.until(`getComputedStyle(document.querySelector("cb-graph .graph")).display === "none"`)
	}
}

// docs draws a diagram, sets a formula, copies code and takes a selection into an issue; the page's
// policy has nothing against any of it.
func (w widgetTest) docs(look string) {
	drawn := `document.querySelector("cb-diagram")?.shadowRoot`
	w.open("/docs/default/component/payments-api/states/")
	w.until(drawn + `?.querySelector(".drawing > svg")`)
	if got := w.ask(drawn + `.querySelector("svg").textContent`); !strings.Contains(got, "the shop takes back") {
		w.t.Errorf("the diagram says %q", got)
	}
	w.until(drawn + `.querySelector("slot").hidden`)
	w.do(chromedp.Evaluate[chromedp.Void](drawn + `.querySelector("button").click()`))
	w.until(`document.querySelector("cb-diagram pre").checkVisibility()`)
	w.accessible("docs-diagram-" + look)
	if got := w.ask(violated); got != "" {
		w.t.Errorf("the policy stops %s", got)
	}

	w.open("/docs/default/component/payments-api/acquirers/")
	w.until(`document.querySelector(".arithmatex math mfrac")`)
	if got := w.ask(violated); got != "" {
		w.t.Errorf("the policy stops %s", got)
	}

	w.open("/docs/default/component/payments-api/")
	w.until(`document.querySelector(".highlight > [data-copy]")`)
	w.do(chromedp.Focus(css(".highlight > [data-copy]")), chromedp.KeyEvent("\r"))
	w.until(`document.querySelector(".highlight > [data-copy]").textContent === "Copied"`)
	paste := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{"paste"}}
	w.press("k", chromedp.ModifierCtrl)
	w.until(`document.activeElement.matches("cb-palette dialog[open] input")`)
	w.do(command(input.DispatchKeyEvent, paste))
	if got := w.ask(`document.activeElement.value`); !strings.HasPrefix(got, "curl https://pay.acme.example/v2/payments") || !strings.Contains(got, `"order": "1042"`) {
		w.t.Errorf("what is copied is %q", got)
	}
	w.press(kb.Escape)
	w.until(`!document.querySelector("cb-palette dialog[open]")`)
	w.do(chromedp.Evaluate[chromedp.Void](`getSelection().selectAllChildren(document.querySelector("article .admonition > p:last-child"))`), chromedp.Focus(css("[data-issue]")))
	if got := w.ask(`new URL(document.querySelector("[data-issue]").href).searchParams.get("body")`); !strings.HasPrefix(got, "> Amounts are whole numbers") || !strings.Contains(got, "docs/index.md") {
		w.t.Errorf("the issue says %q", got)
	}
	if got := w.ask(violated); got != "" {
		w.t.Errorf("the policy stops %s", got)
	}
}

// violated is what the policy of the page has stopped so far, in the page and in the frame
// that diagrams are measured in.
const violated = `[window, document.querySelector(".docs-measure")?.contentWindow].filter(Boolean).flatMap((w) => {
	const observer = new w.ReportingObserver(() => {}, {types: ["csp-violation"], buffered: true});
	observer.observe();
	return observer.takeRecords().map((r) => r.body.blockedURL + " by " + r.body.effectiveDirective);
}).join(", ")`

func coordinates(t *testing.T, pair string) (x, y float64) {
	t.Helper()
	var at [2]float64
	if err := json.Unmarshal([]byte(pair), &at); err != nil {
		t.Fatal(err)
	}
	return at[0], at[1]
}
