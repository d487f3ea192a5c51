package ledger_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/ledger"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Nobody whom the index selects is passed over for want of words.
func TestDeclaresWhatTheIndexSelects(t *testing.T) {
	values := []string{"true", "1", "1.50", "1e3", "null", "Grüße", "K", "<b>&", `a"b`, "a\\b", "gold", "Gold Tier", "team-a", "group:default/team-a", "\u212aelvin", "service", "x\u2028y"}
	keys := []string{"kind", "Metadata.Name", "metadata.tags", "metadata.tags.gold", "metadata.labels.tier", "spec.type", "spec.lifecycle", "spec.owner", "spec.system", "metadata.namespace", "relations.ownedBy", "spec.nothing"}
	anything := append([]any{true, 1, 1.5, 1000, nil, []any{"gold", 7}, map[string]any{"gold": true}}, each(values)...)
	selected := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := projectiontest.Component("payments", "team-a")
		for _, field := range []string{"type", "lifecycle", "owner", "system"} {
			d.Entity.Spec[field] = rapid.SampledFrom(anything).Draw(rt, field)
		}
		d.Entity.Metadata.Tags = []string{rapid.SampledFrom(values).Draw(rt, "tag")}
		d.Entity.Metadata.Labels = map[string]string{"tier": rapid.SampledFrom(values).Draw(rt, "label")}
		rec := projectiontest.NewStory(t).Add("component:default/payments", event.EntityRegistered{Declaration: d}).Records()[0]
		equals := rapid.Custom(func(rt *rapid.T) entities.Where {
			value := rapid.OneOf(rapid.SampledFrom(values), rapid.SampledFrom([]string{"Component", "Payments", "default", "1.5", "1000", "k", "kelvin", "SERVICE", "gold", "7"}))
			return entities.Equals{Key: rapid.SampledFrom(keys).Draw(rt, "key"), Values: []string{value.Draw(rt, "value")}}
		})
		w := equals.Draw(rt, "one")
		if rapid.Bool().Draw(rt, "several") {
			w = entities.Any{w, entities.All{equals.Draw(rt, "second"), entities.Not{Where: equals.Draw(rt, "third")}}}
		}
		whole := entities.NewOf(catalog.BuiltIn())
		if err := whole.Apply(t.Context(), []eventlog.Record{rec}); err != nil {
			rt.Fatal(err)
		}
		want := whole.Snapshot().Count(w) > 0
		if want {
			selected++
		}
		if is, err := ledger.Declares(t.Context(), catalog.BuiltIn(), rec, w); is != want || err != nil {
			rt.Errorf("%#v selects it: %v, %v; the index says %v", w, is, err, want)
		}
	})
	if selected == 0 {
		t.Error("nothing was selected at all")
	}
}

func each(texts []string) (all []any) {
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}
