package web

import (
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/web/ui"
)

const componentsPath = "/settings/components"

// components handles "GET /settings/components": every component in every
// state, to be looked at. It is there in demo mode only.
func (s *Site) components(context.Context, request) (answer, error) {
	return answer{title: "Interface elements", body: componentsPage()}, nil
}

// tokens are the colours of the stylesheet.
func tokens() []string {
	return []string{
		"canvas", "surface", "surface-2", "surface-3", "line", "line-strong", "control-line", "ink-3",
		"ink-2", "ink", "accent", "accent-soft", "good", "good-soft", "warn", "warn-soft",
		"bad", "bad-soft", "gold-fill", "silver-fill", "bronze-fill", "none-fill", "paper", "inverse",
	}
}

// sampleDay is the afternoon at which the samples are looked at.
func sampleDay(hour, minute int) time.Time {
	return time.Date(2026, 3, 12, hour, minute, 10, 0, time.UTC)
}

func sampleEvent(n string, on bool) ui.EventMark {
	return ui.EventMark{Number: n, Href: auditPath, On: on}
}

func sampleLanes() []ui.Lane {
	at := func(p eventlog.Position) string { return eventLink(p) }
	return []ui.Lane{
		{Name: "Owner", Now: "Payments", Spans: []ui.LaneSpan{
			{From: 0, To: 38, Label: "Checkout", Note: "11 Jun 2024 – 14 Feb 2025", Says: "Owner: Checkout, 11 Jun 2024 – 14 Feb 2025", Href: at(1)},
			{From: 38, To: 42, Look: "gap", Says: "Owner: nobody, 14 Feb 2025 – 3 Mar 2025", Href: at(2)},
			{From: 42, To: 100, Look: "now", Label: "Payments", Note: "since 3 Mar 2025", Says: "Owner: Payments, since 3 Mar 2025", Href: at(3)},
		}},
		{Name: "Lifecycle", Thin: true, Now: "production", Spans: []ui.LaneSpan{
			{From: 0, To: 30, Label: "experimental", Says: "Lifecycle: experimental, 11 Jun 2024 – 30 Nov 2024", Href: at(1)},
			{From: 30, To: 60, Look: "none", Label: "not in the catalog", Says: "Lifecycle: not in the catalog, 30 Nov 2024 – 1 June 2025", Href: at(2)},
			{From: 60, To: 100, Look: "now", Label: "production", Says: "Lifecycle: production, since 1 June 2025", Href: at(3)},
		}},
	}
}

func sampleHappenings() []ui.Happening {
	now := sampleDay(14, 3)
	who := func(name string) ui.Person { return ui.Person{Name: name, Href: auditPath} }
	return []ui.Happening{
		{
			Event: sampleEvent("48,197", false), Look: "bad", Title: "Descriptor refused.", Text: "Line 23: must be a string",
			When: ui.Near(sampleDay(13, 52), now), Who: who("kestrel-7"), Commit: ui.CommitMark{SHA: "e09b7d1c"},
		},
		{
			Event: sampleEvent("48,020", true), Look: "here", Title: "Changed", Text: "tags, description",
			Changes: []ui.Change{
				{Path: "metadata.tags", After: "tier-1", HasAfter: true},
				{Path: "metadata.description", Before: "Takes and refunds card payments", After: "Takes, captures and refunds card and bank payments", HasBefore: true, HasAfter: true},
			},
			More: 3, MoreHref: auditPath,
			When: ui.Near(sampleDay(17, 20).AddDate(0, 0, -1), now), Who: who("mossbank"), Commit: ui.CommitMark{SHA: "77c0e1b2", Href: "https://git.example/c/77c0e1b2"},
		},
		{
			Event: sampleEvent("41,007", false), Look: "good", Title: "Registered", Text: "service, owned by payments",
			When: ui.Near(sampleDay(9, 0).AddDate(0, -6, 0), now),
		},
	}
}

func sampleLines() []ui.Line {
	return []ui.Line{
		{Number: 22, Before: "    - payments-v2"},
		{Number: 23, Before: "    - ", Marked: "refunds: v1", Hit: true},
		{Number: 24, Before: "  dependsOn:"},
	}
}

func sampleFacets() []ui.Facet {
	return []ui.Facet{
		{Name: "Kind", Single: true, Open: true, Items: []ui.FacetItem{
			{Label: "Components", Icon: "service", Href: catalogPath, Count: 96, On: true},
			{Label: "APIs", Icon: "api", Href: catalogPath, Count: 41},
		}},
		{Name: "Owner", Open: true, Items: []ui.FacetItem{
			{Label: "Payments", Href: catalogPath, Count: 14, On: true},
			{Label: "Checkout", Href: catalogPath, Count: 13},
		}, More: []ui.FacetItem{{Label: "Platform", Href: catalogPath, Count: 2}}, Unlisted: 40},
		{Name: "Tag", Open: true},
	}
}

func sampleChain() []ui.Link {
	return []ui.Link{
		{Icon: "commit", Text: commitStep(ui.CommitMark{SHA: "4f2a91c0"}), When: ui.Exact(sampleDay(9, 40)), Meta: []string{"acme/payments-api"}},
		{Icon: "delivery", Text: deliveryStep("github:8c41-77d2", "push", sourcesPath), When: ui.Exact(sampleDay(9, 41)), Meta: []string{"signature checked", "6.1 kB"}},
		{Icon: "edit", Here: true, Text: thisStep("entity.changed", sampleEvent("48,106", false)), When: ui.Exact(sampleDay(9, 41))},
	}
}
