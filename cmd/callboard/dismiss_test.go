package main

import (
	"net/http"
	"strings"
	"testing"

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
		isAt(at).isTold(".problem", "Say why")
	v := newVisitor(t).open(r.base+at).press("Dismiss it", map[string]string{"reason": "a payload from a test", "by": "mossbank"})
	r.settle(t)
	v.open(r.base+at).isTold(".strip", "Dismissed.", "a payload from a test").isTold("[aria-labelledby=h-attempts]", "by mossbank")
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
