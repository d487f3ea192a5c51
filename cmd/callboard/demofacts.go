package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callboard/callboard/event"
)

// demoReports are what Acme's pipelines told lately: how long before the end of the
// history, of which component, and what.
func demoReports(end time.Time) []event.Report {
	var all []event.Report
	tell := func(component, name string, value any, before time.Duration) {
		b, err := json.Marshal(value)
		if err != nil { // these can be written
			return
		}
		all = append(all, event.Report{
			Entity: "component:default/" + component, Name: name, Value: b, Time: end.Add(-before), Until: end.AddDate(0, 0, 60),
			ID: fmt.Sprintf("acme-%d", end.Add(-before).Unix()),
		})
	}
	const day = 24 * time.Hour
	for i, c := range []string{"payments-api", "ledger", "identity-gateway", "feature-flags", "checkout-web", "cart"} {
		tell(c, "sbom", map[string]any{"format": "cyclonedx", "components": 41 + 13*i}, time.Duration(i+1)*day)
		tell(c, "coverage", 88.5-float64(i)*4, time.Duration(i+1)*day)
	}
	tell("edge-proxy", "sbom", map[string]any{"format": "cyclonedx", "components": 19}, 44*day) // it has stopped to
	return all
}

// tellDemoFacts reports what the pipelines and some owners of Acme say, once.
func tellDemoFacts(ctx context.Context, p *portal, end time.Time) error {
	reports := demoReports(end)
	known := reports[:0]
	for _, r := range reports {
		if _, ok := p.catalog.Snapshot().Get(r.Entity); ok {
			known = append(known, r)
		}
	}
	if len(known) == 0 {
		return nil
	}
	appended, err := reporter{p}.Report(ctx, known, "ci", "")
	if err != nil || appended[0].Duplicate {
		return err
	}
	_, err = reporter{p}.Verify(ctx, "component:default/ledger", "Moss Bank", "Checked with the team", "")
	return err
}
