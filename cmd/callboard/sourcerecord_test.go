package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/projections/deliveries"
)

// What somebody does to sources is on record, with the request that did it, and shows
// nothing that is secret.
func TestSourcesAreOnRecord(t *testing.T) {
	r := startEmpty(t)
	repo := r.repository(t, demoforge.GitHub, "acme/pay")
	push(t, repo, map[string]string{"catalog-info.yaml": service("pay")})
	if code, text := r.connectByCommand(t, demoforge.GitHub, "--org", "acme"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, text)
	}
	r.settle(t)
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	ask := func(method, path string, body any) {
		t.Helper()
		if err := portal.ask(t.Context(), method, path, body, nil); err != nil {
			t.Fatal(err)
		}
	}
	secret := r.stored(t, "github").WebhookSecret.Reveal()
	ask(http.MethodPatch, "/api/sources/github", map[string]any{"webhookSecret": "another-secret", "organizations": []string{"acme"}, "repositories": []string{"acme/pay"}})
	ask(http.MethodPost, "/api/sources/github/survey", nil)
	ask(http.MethodPost, "/api/sources/github/backfill", nil)
	r.untilFilled(t, "github")
	newVisitor(t).open(r.base+"/sources/github").press("Look for changes now", nil)
	ask(http.MethodDelete, "/api/sources/github", nil)
	r.settle(t)

	var all struct {
		Items []struct {
			toldEvent
			Summary string `json:"summary"`
		} `json:"items"`
	}
	if err := portal.ask(t.Context(), http.MethodGet, "/api/history/events?order=asc&limit=500", nil, &all); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range all.Items {
		if e.Subject != "github" || !slices.Contains([]event.Type{event.TypeSourceConnected, event.TypeSourceChanged, event.TypeSourceDisconnected, event.TypeSourceWorkRequested}, e.Type) {
			continue
		}
		said = append(said, e.Summary)
		if e.Cause.Request == "" || e.Source != "github" {
			t.Errorf("%s of source %q has the cause %+v", e.Type, e.Source, e.Cause)
		}
		for _, s := range []string{secret, "another-secret", "forge-token"} {
			if strings.Contains(string(e.Data), s) {
				t.Errorf("%s shows a secret: %s", e.Type, e.Data)
			}
		}
	}
	want := []string{
		"connected: acme", "its webhook is to be made at the forge", "changed: webhookSecret, previousWebhookSecret, repositories",
		"to be looked through for what is new", "its past is to be read", "to be looked through for what is new", "disconnected; what came from it stays",
	}
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("on record (-want +got):\n%s", d)
	}
	newVisitor(t).open(r.base+"/audit?type=source.changed").isTold("main", "webhookSecret")
	newVisitor(t).open(r.base+"/audit?type=source.connected").isTold("main", "connected: acme")
}

// What cannot be put in use is on record, and so is that it came to nothing.
func TestAConnectionThatComesToNothing(t *testing.T) {
	r := startEmpty(t)
	err := r.add(t.Context(), addition{source: config.Source{Name: "broken", Type: "weather", URL: "https://weather.example"}})
	if err == nil {
		t.Fatal("a source of no type is connected")
	}
	r.settle(t)
	if connected, gone := len(r.eventsOf(t, event.TypeSourceConnected)), len(r.eventsOf(t, event.TypeSourceDisconnected)); connected != 1 || gone != 1 {
		t.Errorf("it is said to be connected %d times, and disconnected %d times", connected, gone)
	}
	if got := r.apiSources(); len(got) != 0 {
		t.Errorf("there are sources: %+v", got)
	}
}

// What somebody asks for about a delivery stands in the main log, by its id in the log
// of deliveries; what the portal does by itself does not.
func TestOrdersAreOnRecord(t *testing.T) {
	r := startPortal(t)
	repo := r.repository(t, demoforge.GitHub, "acme/till")
	r.forge.SetFaults(func(q *http.Request) demoforge.Fault {
		if strings.Contains(q.URL.Path, "/git/trees/") {
			return demoforge.Fault{Status: http.StatusForbidden}
		}
		return demoforge.Fault{}
	})
	r.send(t, push(t, repo, map[string]string{"catalog-info.yaml": service("till")}))
	r.settle(t)
	failed, err := r.deliveries.List(t.Context(), deliveries.Filter{Status: event.DeliveryFailed})
	if err != nil || failed.Total != 1 {
		t.Fatal(failed.Total, err)
	}
	id := failed.Deliveries[0].ID
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	portal := newPortalClient(r.base, token)
	for _, order := range []string{"replay", "dismiss"} {
		if err := portal.ask(t.Context(), http.MethodPost, "/api/deliveries/"+id+"/"+order, map[string]string{"reason": "a trial", "by": "saltmarsh"}, nil); err != nil {
			t.Fatal(err)
		}
		r.settle(t)
	}
	if err := r.intake().translator.Replay(t.Context(), id, "by the portal itself", event.Actor{}); err != nil {
		t.Fatal(err)
	}
	r.settle(t)
	var orders []event.Event
	for rec, err := range r.portal.inbox.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type == event.TypeDeliveryReplayed || rec.Type == event.TypeDeliveryDismissed {
			orders = append(orders, rec.Event)
		}
	}
	var noted []event.Event
	for rec, err := range r.events.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(rec.Type), "delivery.") {
			noted = append(noted, rec.Event)
		}
	}
	if len(orders) != 3 || len(noted) != 2 {
		t.Fatalf("%d orders, and %d of them on record", len(orders), len(noted))
	}
	if d := cmp.Diff(orders[:2], noted); d != "" {
		t.Errorf("among the deliveries (-) and on record (+):\n%s", d)
	}
	if noted[0].Cause.Request == "" || noted[0].Cause.Delivery != id || noted[1].Actor.Name != "saltmarsh" {
		t.Errorf("who and why: %+v", noted)
	}
	newVisitor(t).open(r.base+"/audit?type=delivery.dismissed").isTold("main", "not to be used: a trial", "saltmarsh")
}
