package main

import (
	"fmt"
	"testing"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/scores"
	"github.com/callboard/callboard/scorecards"
)

// Who publishes a card reads at once how all stand whom it judges.
func TestScoresFollowAtOnce(t *testing.T) {
	u := startUndoing(t)
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf("c%03d of a", i))
	}
	u.declare("catalog-info.yaml", all...)
	const ref = "scorecard:default/named"
	if _, err := u.make(event.WithActor(t.Context(), event.Actor{Name: "Moss Bank"}), ref, func(*catalog.Entity) (*catalog.Entity, error) {
		return &catalog.Entity{
			APIVersion: scorecards.APIVersion, Kind: scorecards.KindScorecard, Metadata: catalog.Metadata{Name: "named"},
			Spec: map[string]any{"filter": `entity.kind == "Component"`, "rules": []any{map[string]any{"id": "owner", "title": "Names an owner", "expr": `owner.ref != ""`}}},
		}, nil
	}); err != nil {
		t.Fatal(err)
	}
	list, err := u.scores.List(t.Context(), scores.Query{Card: ref})
	if err != nil || len(list) != len(all) {
		t.Errorf("%d of %d stand on the card, %v", len(list), len(all), err)
	}
}
