package story_test

import (
	"testing"

	"github.com/callboard/callboard/bench/story"
	"github.com/callboard/callboard/event"
)

// A year has every entity once, before it changes, and all its changes, in the order
// of their times.
func TestYear(t *testing.T) {
	y := story.Year{Population: made(t, 300), Changes: 900}
	there, ids, changes := map[string]bool{}, map[string]bool{}, 0
	last := story.Begin.AddDate(-1, 0, 0)
	for k := range y.Len() + y.Changes {
		e, err := y.Event(k)
		if err != nil {
			t.Fatal(err)
		}
		if e.Time.Before(last) || !e.Time.Before(story.End) || ids[e.ID] {
			t.Fatalf("event %d, %s, is of %v, after one of %v", k, e.ID, e.Time, last)
		}
		last, ids[e.ID] = e.Time, true
		switch {
		case e.Type == event.TypeEntityRegistered && !there[e.Subject]:
			there[e.Subject] = true
		case e.Type == event.TypeEntityChanged && there[e.Subject]:
			changes++
		default:
			t.Fatalf("event %d: %s of %s, which is there: %v", k, e.Type, e.Subject, there[e.Subject])
		}
	}
	if len(there) != y.Len() || changes != y.Changes {
		t.Errorf("%d entities and %d changes", len(there), changes)
	}
}
