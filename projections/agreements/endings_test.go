package agreements_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/agreements"
	"github.com/callboard/callboard/projections/history"
)

// asked counts how often the history is asked.
type asked struct {
	of    agreements.Events
	times int
}

func (a *asked) Events(ctx context.Context, f history.Filter) (history.Page, error) {
	a.times++
	return a.of.Events(ctx, f)
}

// The list tells of each initiative what its own page does, and asks the history once,
// however many are over.
func TestTheListOfWhatIsOver(t *testing.T) {
	w := newWorld(t).scored(t)
	w.say(1, "scorecard:default/ready", event.EntityRegistered{Declaration: scorecard()})
	w.say(2, "component:default/payments", event.EntityRegistered{Declaration: component("payments", "bank", "money")})
	for name, spec := range map[string]map[string]any{
		"reached":   {"level": "Silver", "target": "2026-03-06"},
		"missed":    {"level": "Silver", "target": "2026-03-04"},
		"withdrawn": {"level": "Silver", "target": "2026-03-20", "closed": "2026-03-08"},
		"gone":      {"level": "Gold", "target": "2026-03-07"},
		"open":      {"level": "Silver", "target": "2026-03-31"},
		"long over": {"level": "Silver", "target": "2026-02-01"},
	} {
		spec["scorecard"] = "ready"
		name := "i-" + name[:4]
		w.say(2, "initiative:default/"+name, event.EntityRegistered{Declaration: declared("Initiative", name, spec)})
	}
	w.say(3, "component:default/shop", event.EntityRegistered{Declaration: component("shop", "web", "")})
	w.say(5, "component:default/shop", event.EntityChanged{Declaration: component("shop", "web", "shop")})
	w.say(12, "component:default/other", event.EntityRegistered{Declaration: component("other", "web", "")})
	w.judge()
	count := &asked{of: w.reader.Events}
	r := agreements.Reader{Scores: w.reader.Scores, Events: count}
	says := func(i *agreements.Initiative) string {
		return fmt.Sprintf("%s %s %d of %d %s", i.Ref.Name, i.State, i.Done, i.Asked, i.Why)
	}
	all, err := r.Initiatives(t.Context(), w.now.Snapshot(), projections.Moment{}, day(13))
	if err != nil {
		t.Fatal(err)
	}
	if count.times != 1 {
		t.Errorf("the history is asked %d times", count.times)
	}
	var list, pages []string
	for n := range all {
		list = append(list, says(&all[n]))
		one, err := r.Initiative(t.Context(), w.now.Snapshot(), projections.Moment{}, day(13), all[n].Entry)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, says(one))
		if len(one.Items) == 0 && one.Asked > 0 {
			t.Errorf("the page of %s does not say who was asked", one.Ref)
		}
	}
	if diff := cmp.Diff(pages, list); diff != "" {
		t.Errorf("the list differs from the pages (-pages +list):\n%s", diff)
	}
	want := []string{
		"i-open open 2 of 3 ", "i-with closed 2 of 2 ", "i-gone unmeasured 0 of 0 the scorecard has no level Gold", "i-reac reached 2 of 2 ", "i-miss missed 1 of 2 ",
		"i-long unasked 0 of 0 ",
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}
