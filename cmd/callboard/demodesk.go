package main

import (
	"context"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/scorecards/desk"
)

// askInDemo has some people of Acme ask for and decide something in the portal, once.
func askInDemo(ctx context.Context, p *portal) error {
	d := p.newDesk()
	if _, ok := d.Catalog().Entity("initiative:default/a-list-of-parts"); ok {
		return nil
	}
	as := func(name string) context.Context { return event.WithActor(ctx, event.Actor{Name: name}) }
	in := func(days int) string { return p.now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	if _, err := d.OpenInitiative(as("Quill Wort"), desk.Terms{
		Title: "A list of parts", Description: "Every build says what it is made of.", Owner: "group:default/platform", Scorecard: "security",
		Rules: []string{"sbom"}, Filter: `entity.spec.type == "service"`, Target: in(60), Remind: []int{30, 7, 1},
	}); err != nil {
		return err
	}
	if _, err := d.RequestExemption(as("Harbour Nine"), desk.Request{
		Entity: "component:default/stock", Scorecard: "production-readiness", Rules: []string{"on-call"}, Until: in(45),
		Reason: "Nobody counts at night. From next year on the warehouse does, and then somebody is called",
	}); err != nil {
		return err
	}
	asked, err := d.RequestExemption(as("Moss Bank"), desk.Request{
		Entity: "component:default/settlement-batch", Scorecard: "production-readiness", Rules: []string{"on-call", "runbook"}, Until: in(90),
		Reason: "It runs once a day and is started by hand when it fails",
	})
	if err != nil {
		return err
	}
	_, err = d.GrantExemption(as("Tamarisk Row"), asked.Ref, desk.Decision{Until: in(30), Note: "Until the runbook is written"})
	return err
}
