//nolint:thelper // the functions here are tests: a failure belongs to its own line
package eventlogtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

func testFollow(t *testing.T, log eventlog.Log) {
	mustAppend(t, log, Event("1"), Event("2"), Event("3"))
	var got []string
	for r, err := range log.Follow(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
		if r.Position >= 3 && r.Position < 6 { // it has caught up: only what follows can wake it
			mustAppend(t, log, Event(fmt.Sprint(r.Position+1)))
		}
		if r.Position == 6 {
			break
		}
	}
	if diff := cmp.Diff([]string{"2", "3", "4", "5", "6"}, got); diff != "" {
		t.Errorf("Follow (-want +got):\n%s", diff)
	}
}

func testFollowCancelled(t *testing.T, log eventlog.Log) {
	mustAppend(t, log, Event("1"), Event("2"))
	for _, c := range []struct {
		name     string
		cancelAt eventlog.Position
		after    eventlog.Position // follow from here
		want     []string
	}{
		{"in the loop's body", 1, 0, []string{"1"}},
		{"at the end of the log", 2, 0, []string{"1", "2"}},
		{"ahead of the log", 0, 100, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancelAt == 0 {
				var cancelled sync.WaitGroup
				cancelled.Go(cancel)
				defer cancelled.Wait()
			}
			var got []string
			for r, err := range log.Follow(ctx, c.after) {
				if err != nil {
					t.Errorf("Follow yields the error %v", err)
				}
				got = append(got, r.ID)
				if r.Position == c.cancelAt {
					cancel()
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Follow (-want +got):\n%s", diff)
			}
		})
	}
}

// testManyAppenders has many append at once, in Appends of several sizes, each
// id twice from different places.
func testManyAppenders(t *testing.T, log eventlog.Log) {
	const appenders, each = 32, 40
	id := func(appender, n int) string { return fmt.Sprintf("%d/%d", appender%(appenders/2), n) }

	var mu sync.Mutex
	positions := map[string]eventlog.Position{}
	fresh := map[string]int{}
	var g errgroup.Group
	for a := range appenders {
		g.Go(func() error {
			for n := 0; n < each; {
				var batch []event.Event
				for range min(1+(a+n)%5, each-n) {
					batch = append(batch, Event(id(a, n)))
					n++
				}
				appended, err := log.Append(t.Context(), batch...)
				if err != nil {
					return err
				}
				mu.Lock()
				for i, e := range batch {
					if p, ok := positions[e.ID]; ok && p != appended[i].Position {
						t.Errorf("%s was said to be at %d and at %d", e.ID, p, appended[i].Position)
					}
					positions[e.ID] = appended[i].Position
					if !appended[i].Duplicate {
						fresh[e.ID]++
					}
				}
				mu.Unlock()
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}

	records := ReadAll(t, log, 0)
	if want := appenders / 2 * each; len(records) != want {
		t.Errorf("the log has %d records, want %d", len(records), want)
	}
	newest := map[int]int{} // appender → its newest event so far
	for i, r := range records {
		if r.Position != eventlog.Position(i+1) || positions[r.ID] != r.Position || fresh[r.ID] != 1 {
			t.Errorf("record %d: %s is at %d, was said to be at %d, and to be new %d times", i+1, r.ID, r.Position, positions[r.ID], fresh[r.ID])
		}
		var a, n int
		if _, err := fmt.Sscanf(r.ID, "%d/%d", &a, &n); err != nil {
			t.Fatal(err)
		}
		if n != newest[a] {
			t.Errorf("position %d: %s comes when event %d of its appender was due", r.Position, r.ID, newest[a])
		}
		newest[a] = n + 1
	}
}

// testFollowManyAppenders has followers from several positions beside
// appenders: each sees every record once, in order.
func testFollowManyAppenders(t *testing.T, log eventlog.Log) {
	const appenders, each, total = 8, 60, 8 * 60
	var g errgroup.Group
	for a := range appenders {
		g.Go(func() error {
			for n := range each {
				if _, err := log.Append(t.Context(), Event(fmt.Sprintf("%d/%d", a, n))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	seen := make([][]string, 6)
	for f := range seen {
		g.Go(func() error {
			after := eventlog.Position(f * 50)
			next := after + 1
			for r, err := range log.Follow(t.Context(), after) {
				if err != nil {
					return err
				}
				if r.Position != next {
					return fmt.Errorf("the follower from %d sees %d, want %d", after, r.Position, next)
				}
				seen[f] = append(seen[f], r.ID)
				if next++; r.Position == total {
					return nil
				}
			}
			return fmt.Errorf("the follower from %d ends at %d", after, next-1)
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for f := range seen {
		if diff := cmp.Diff(IDs(ReadAll(t, log, eventlog.Position(f*50))), seen[f]); diff != "" {
			t.Errorf("follower %d (-Read +Follow):\n%s", f, diff)
		}
	}
}
