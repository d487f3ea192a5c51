package entities_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// versions are events that declare some entities again and again, a minute apart.
func versions(t *testing.T, events, of int) []eventlog.Record {
	t.Helper()
	all := make([]eventlog.Record, events)
	for i := range all {
		name := fmt.Sprintf("service-%02d", i%of)
		d := projectiontest.Component(name, fmt.Sprintf("team-%d", i%3))
		d.Entity.Metadata.Title = fmt.Sprintf("Version %d", i)
		e, err := event.New(event.SourcePrefix+"github", "component:default/"+name, event.EntityChanged{Declaration: d})
		if err != nil {
			t.Fatal(err)
		}
		e.Time = time.Date(2026, 3, 12, 9, i, 0, 0, time.UTC)
		all[i] = eventlog.Record{Position: eventlog.Position(i + 1), Recorded: e.Time, Event: e} //nolint:gosec // not negative
	}
	return all
}

// Who looks at a moment sees it unchanged while versions come, whatever is first
// asked for meanwhile.
func TestMomentsStayWhileVersionsCome(t *testing.T) {
	const of, seen = 20, 200
	records := versions(t, 2*seen, of)
	line := entities.NewTimeline(catalog.BuiltIn())
	if err := line.Apply(records[:seen]); err != nil {
		t.Fatal(err)
	}
	if line.Len() != seen || line.Position() != seen {
		t.Fatalf("there are %d versions up to position %d", line.Len(), line.Position())
	}
	m := projections.Moment{At: records[seen-1].Time, Known: seen}
	s, err := line.AsOf(m, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := seen; i < len(records); i++ {
			if err := line.Apply(records[i : i+1]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			titles := s.Facets(nil, "metadata.title")[0]
			if len(titles) != of || titles[0].Value != fmt.Sprintf("Version %d", seen-of) {
				t.Errorf("there are %d titles: %v", len(titles), titles)
			}
			for _, row := range s.List(entities.Listing{Limit: -1, Order: entities.Order{Fields: []entities.Field{{Key: "spec.owner"}}}}).Rows {
				if e, ok := s.Get(row.Ref); !ok || e.Since.Position > seen || e.JSON.String() != row.JSON.String() {
					t.Errorf("%s is of event %d", row.Ref, e.Since.Position)
				}
			}
		})
	}
	wg.Wait()
}

// A moment of which the timeline has not seen everything is refused.
func TestAMomentBeyondTheTimeline(t *testing.T) {
	line := entities.NewTimeline(catalog.BuiltIn())
	if err := line.Apply(versions(t, 3, 1)); err != nil {
		t.Fatal(err)
	}
	if s, err := line.AsOf(projections.Moment{Known: 4}, nil, nil); err == nil {
		t.Errorf("there are %d entities at a position that is not there", s.Len())
	}
}
