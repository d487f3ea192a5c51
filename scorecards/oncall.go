package scorecards

import (
	"maps"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
)

// onCallTools are the annotations by which Backstage's plugins find who is on call for an
// entity, and the tools that they belong to. A name that ends in / or - is how several begin.
// It is never written to.
var onCallTools = []struct{ annotation, tool string }{
	{"firehydrant.com/service-name", "firehydrant"},
	{"opsgenie.com/component-selector", "opsgenie"},
	{"opsgenie.com/team", "opsgenie"},
	{"pagerduty.com/integration-key", "pagerduty"},
	{"pagerduty.com/service-id", "pagerduty"},
	{"rootly.com/", "rootly"},
	{"splunk.com/on-call-", "splunk"},
}

// onCallTool is the tool that says who is on call for an entity; "" if no annotation leads to
// one. Of several it is the one whose annotation is the first by name.
func onCallTool(e *catalog.Entity) string {
	for _, name := range slices.Sorted(maps.Keys(e.Metadata.Annotations)) {
		if strings.TrimSpace(e.Metadata.Annotations[name]) == "" {
			continue
		}
		for _, t := range onCallTools {
			rest, begins := strings.CutPrefix(name, t.annotation)
			several := strings.HasSuffix(t.annotation, "/") || strings.HasSuffix(t.annotation, "-")
			if begins && several == (rest != "") {
				return t.tool
			}
		}
	}
	return ""
}
