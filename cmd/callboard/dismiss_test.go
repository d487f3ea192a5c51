package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
)

// A delivery that can never be used is dismissed, on its page or through the API, and
// waits for nobody: no comparison asks for it again. There is nothing of it to allow.
func TestDismiss(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	till, pay := r.repository(t, demoforge.GitHub, "acme/till"), r.repository(t, demoforge.GitHub, "acme/pay")
	for _, repo := range []*demoforge.Repository{till, pay} {
		r.send(t, push(t, repo, map[string]string{"README.md": "hello"}))
	}
	r.settle(t)
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/git/trees/") {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	for _, repo := range []*demoforge.Repository{till, pay} {
		r.send(t, push(t, repo, map[string]string{"catalog-info.yaml": service("pay")}))
	}
	r.settle(t)
	failed, err := r.deliveries.List(t.Context(), deliveries.Filter{Status: event.DeliveryFailed})
	if err != nil || failed.Total != 2 {
		t.Fatalf("%d failed, %v", failed.Total, err)
	}
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	byPage, byAPI := failed.Deliveries[0].ID, failed.Deliveries[1].ID
	ask := func(act string, body any) error {
		return portal.ask(t.Context(), http.MethodPost, "/api/deliveries/"+byAPI+"/"+act, body, nil)
	}
	if err := ask("allow", nil); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "it is not held") {
		t.Errorf("allowing what failed: %v", err)
	}
	if err := ask("dismiss", map[string]string{"reason": ""}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("dismissing without a reason: %v", err)
	}
	if err := ask("dismiss", map[string]string{"reason": "the repository was a trial", "by": "saltmarsh"}); err != nil {
		t.Fatal(err)
	}
	at := "/sources/github/deliveries/" + byPage
	newVisitor(t).open(r.base+at).press("Dismiss it", map[string]string{"reason": " ", "by": "mossbank"}).
		isAt(at).isTold(".problem", "Say why").isTold("#main .strip a[href='#dismiss-reason']", "Why")
	newVisitor(t).open(r.base+at).press("Dismiss it", map[string]string{"reason": strings.Repeat("ü", 1001)}).
		isAt(at).isTold(".problem", "in at most 1,000 characters")
	newVisitor(t).open(r.base+at).press("Dismiss it", map[string]string{"reason": "a payload from a test", "by": "mossbank"}).
		isAt(at).isTold(".strip", "Dismissed.", "a payload from a test").isTold("[aria-labelledby=h-attempts]", "by mossbank", "a payload from a test")
	r.says(t, "/api/deliveries/"+byAPI, `"status":"dismissed"`, `"reason":"the repository was a trial"`, `"by":"saltmarsh"`)
	if err := ask("dismiss", map[string]string{"reason": "again"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("dismissing what is dismissed: %v", err)
	}
	r.says(t, "/api/sources/github", `"failed":0`)

	r.mustSurvey(t, demoforge.GitHub)
	if again, err := r.deliveries.List(t.Context(), deliveries.Filter{Status: event.DeliveryFailed}); err != nil || again.Total > 0 {
		t.Errorf("after a comparison %d failed, %v", again.Total, err)
	}
	if gaps := r.eventsOf(t, event.TypeSourceGapFound); len(gaps) > 0 {
		t.Errorf("gaps were found: %q", gaps)
	}
	r.forge.SetFaults(nil)
	if err := ask("replay", nil); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
	if !r.has("component:default/pay") {
		t.Error("replayed after all, it brings nothing")
	}
}

// What failed of a source that is configured no longer has its page still: there it can be
// dismissed, and nobody is asked to handle what nobody reads.
func TestDismissOfASourceThatIsGone(t *testing.T) {
	r := startSurveyed(t, "@every 24h")
	till := r.repository(t, demoforge.GitHub, "acme/till")
	r.send(t, push(t, till, map[string]string{"README.md": "hello"}))
	r.settle(t)
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/git/trees/") {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	r.send(t, push(t, till, map[string]string{"catalog-info.yaml": service("till")}))
	r.settle(t)
	failed, heard, err := r.deliveries.Heard(t.Context(), "github")
	if err != nil || !heard {
		t.Fatal(err)
	}
	at := "/sources/github/deliveries/" + failed.ID
	alone := r.file
	alone.Sources = alone.Sources[1:]
	if err := r.reload(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t).open(r.base+"/sources").isTold(".strip", "1 delivery of github waits for a person", "nobody reads github any more")
	v.open(r.base+"/sources?source=github&status=failed").isTold(".deliveries", "Failed")
	lacksReplay := func() {
		t.Helper()
		for _, n := range cascadia.QueryAll(v.page, cascadia.MustCompile("main button")) {
			if strings.Contains(textOf(n), "Replay") && !strings.Contains(textOf(n), "ticked") {
				t.Errorf("%s has a button %q", v.at, textOf(n))
			}
		}
	}
	lacksReplay()
	v.open(r.base+at).isTold(".strip", "Nobody reads source github any more.", "Connect it again to have this handled, or dismiss it.")
	lacksReplay()
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	replay := strings.Replace(at, "/sources/github", "/api", 1) + "/replay"
	err = newPortalClient(r.base, token).ask(t.Context(), http.MethodPost, replay, nil, nil)
	if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "nobody reads source github any more: connect it again, or dismiss the delivery") {
		t.Errorf("replaying it: %v", err)
	}
	v.press("Dismiss it", map[string]string{"reason": "it was a trial"}).isAt(at)
	r.settle(t)
	v.open(r.base+at).isTold(".strip", "Dismissed.", "it was a trial")
	if v.open(r.base + "/sources"); strings.Contains(v.body, "waits for a person") {
		t.Error("the page of the sources says that it waits still")
	}
}
