package deliveries_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/projectiontest"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *deliveries.Deliveries {
	t.Helper()
	d, err := deliveries.Open(t.Context(), filepath.Join(t.TempDir(), "deliveries.db"), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// story: github sends three pushes and gitlab one. The first is done, the second
// failed, the third waits; gitlab's is not handled yet.
func story(t *testing.T) *projectiontest.Story {
	t.Helper()
	received := func(source, name string) event.DeliveryReceived {
		return event.DeliveryReceived{Source: source, Event: name, Body: []byte("zstd"), Encoding: "zstd", Size: 6100}
	}
	return projectiontest.NewStory(t).
		Add("github:1", received("github", "push")).
		Add("github:1", event.DeliveryHandled{Status: event.DeliveryDone, Repository: "acme/ledger", RepositoryID: "42", Commit: "c0ffee", Events: []uint64{7, 8}, Attempts: 1, Took: 31 * time.Millisecond}).
		Add("github:2", received("github", "push")).
		Add("github:2", event.DeliveryHandled{Status: event.DeliveryFailed, Error: "the subject names no repository", Attempts: 5}).
		Add("github:3", received("github", "push")).
		Add("github:3", event.DeliveryHandled{Status: event.DeliveryWaiting, Error: "GitHub answered 429", Attempts: 2, RetryAt: noon}).
		Add("gitlab:1", received("gitlab", "Push Hook"))
}

func folded(t *testing.T, s *projectiontest.Story) *deliveries.Deliveries {
	t.Helper()
	d := open(t)
	if err := d.Apply(t.Context(), s.Records()); err != nil {
		t.Fatal(err)
	}
	return d
}

func list(t *testing.T, d *deliveries.Deliveries, f deliveries.Filter) deliveries.Page {
	t.Helper()
	page, err := d.List(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestProjection(t *testing.T) {
	projectiontest.Run(t, open, story(t).Records(), func(t *testing.T, d *deliveries.Deliveries) any {
		t.Helper()
		return list(t, d, deliveries.Filter{})
	})
}

func TestList(t *testing.T) {
	d := folded(t, story(t))
	got := list(t, d, deliveries.Filter{Source: "github", Status: event.DeliveryDone})
	want := deliveries.Page{Total: 1, Deliveries: []deliveries.Delivery{{
		ID: "github:1", Position: 1, Source: "github", Event: "push", Repository: "acme/ledger", Size: 6100,
		Received: time.Date(2026, 3, 12, 9, 1, 1, 0, time.UTC), Status: event.DeliveryDone,
		Events: []eventlog.Position{7, 8}, Attempts: 1, Took: 31 * time.Millisecond,
	}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	first := list(t, d, deliveries.Filter{Limit: 3})
	second := list(t, d, deliveries.Filter{Limit: 3, Before: first.Next})
	var ids []string
	for _, page := range []deliveries.Page{first, second} {
		for _, d := range page.Deliveries {
			ids = append(ids, d.ID)
		}
	}
	if d := cmp.Diff([]string{"gitlab:1", "github:3", "github:2", "github:1"}, ids); d != "" || second.Next != 0 || second.Total != 4 {
		t.Errorf("pages: %v, next %d, total %d\n%s", ids, second.Next, second.Total, d)
	}
}

func TestReplay(t *testing.T) {
	s := story(t)
	d := folded(t, s)
	if failed, err := d.Failed(t.Context(), "github:2"); err != nil || !failed {
		t.Fatalf("failed: %v, %v", failed, err)
	}
	n := len(s.Records())
	s.Add("github:2", event.DeliveryReplayed{Reason: "asked"})
	if err := d.Apply(t.Context(), s.Records()[n:]); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(t.Context(), "github:2")
	if err != nil || got.Status != event.DeliveryReceivedStatus || got.Error != "" {
		t.Errorf("after the replay was asked for: %+v, %v", got, err)
	}
	if failed, _ := d.Failed(t.Context(), "github:2"); failed {
		t.Error("it still counts as failed")
	}
}

// A delivery that is handled again leads to nothing new, and what it led to
// before is still known.
func TestReplayKeepsWhatItLedTo(t *testing.T) {
	d := folded(t, story(t).
		Add("github:1", event.DeliveryReplayed{Reason: "asked"}).
		Add("github:1", event.DeliveryHandled{Status: event.DeliveryDone, Events: []uint64{9, 8}}))
	got, err := d.Get(t.Context(), "github:1")
	if diff := cmp.Diff([]eventlog.Position{7, 8, 9}, got.Events); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestSummaries(t *testing.T) {
	got, err := folded(t, story(t)).Summaries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].Last = &deliveries.Delivery{ID: got[i].Last.ID}
	}
	at := func(minute int) time.Time { return time.Date(2026, 3, 12, 9, minute, 1, 0, time.UTC) }
	want := []deliveries.Summary{
		{Source: "github", Total: 3, Last: &deliveries.Delivery{ID: "github:3"}, Pending: 1, Oldest: at(5), Failed: 1, Failed24: 1},
		{Source: "gitlab", Total: 1, Last: &deliveries.Delivery{ID: "gitlab:1"}, Pending: 1, Oldest: at(7)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBacklog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		story *projectiontest.Story
		want  deliveries.Backlog
	}{
		{"nothing came", projectiontest.NewStory(t), deliveries.Backlog{}},
		{"some of each", story(t), deliveries.Backlog{Pending: 2, Oldest: time.Date(2026, 3, 12, 9, 5, 1, 0, time.UTC), Failed: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := folded(t, tt.story).Backlog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReached(t *testing.T) {
	s := story(t)
	d := folded(t, s)
	reached := func(source, repository string) string {
		t.Helper()
		sha, err := d.Reached(t.Context(), source, repository)
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	if got := reached("github", "42"); got != "c0ffee" {
		t.Errorf("reached %q, want c0ffee", got)
	}
	if got := reached("gitlab", "42"); got != "" {
		t.Errorf("another source's repository of the same id has reached %q", got)
	}
	n := len(s.Records())
	s.Add("github:3", event.DeliveryHandled{Status: event.DeliveryDone, RepositoryID: "42", Commit: "decade"})
	if err := d.Apply(t.Context(), s.Records()[n:]); err != nil {
		t.Fatal(err)
	}
	if got := reached("github", "42"); got != "decade" {
		t.Errorf("reached %q, want decade", got)
	}
}

func TestForget(t *testing.T) {
	d := folded(t, story(t))
	for range 2 { // a repeat changes nothing
		if err := d.Forget(t.Context(), time.Date(2026, 3, 12, 9, 6, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range list(t, d, deliveries.Filter{}).Deliveries {
			ids = append(ids, d.ID)
		}
		if d := cmp.Diff([]string{"gitlab:1", "github:3"}, ids); d != "" {
			t.Errorf("left are the later one and the one that waits:\n%s", d)
		}
	}
	if _, err := d.Get(t.Context(), "github:1"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("github:1: %v, want an error of kind not found", err)
	}
}

// A crash between pruning the log and forgetting the rows leaves a row whose id
// is new to the log.
func TestTheSameIDAgain(t *testing.T) {
	s := story(t)
	d := folded(t, s)
	n := len(s.Records())
	s.Add("github:2", event.DeliveryReceived{Source: "github", Event: "ping", Size: 40})
	if err := d.Apply(t.Context(), s.Records()[n:]); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(t.Context(), "github:2")
	if err != nil {
		t.Fatal(err)
	}
	want := deliveries.Delivery{
		ID: "github:2", Position: 8, Source: "github", Event: "ping", Size: 40,
		Received: time.Date(2026, 3, 12, 9, 8, 1, 0, time.UTC), Status: event.DeliveryReceivedStatus,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
