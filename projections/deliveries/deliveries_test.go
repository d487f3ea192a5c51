package deliveries_test

import (
	"path/filepath"
	"slices"
	"strings"
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

// What somebody dismissed waits for nobody; what became of a delivery meanwhile counts.
func TestDismiss(t *testing.T) {
	s := story(t)
	s.Add("github:2", event.DeliveryDismissed{Reason: "the repository was a trial"})
	s.Add("github:1", event.DeliveryDismissed{Reason: "too late"})
	d := folded(t, s)
	got, err := d.Get(t.Context(), "github:2")
	if err != nil || got.Status != event.DeliveryDismissedStatus || got.Reason() != "the repository was a trial" {
		t.Errorf("it is %+v, %v", got, err)
	}
	if got, err := d.Get(t.Context(), "github:1"); err != nil || got.Status != event.DeliveryDone || got.Reason() != "" {
		t.Errorf("one that is done is %+v, %v", got, err)
	}
	attempts, err := d.Attempts(t.Context(), "github:2")
	if err != nil || len(attempts) != 2 || attempts[1].Status != event.DeliveryDismissedStatus {
		t.Errorf("what became of it: %+v, %v", attempts, err)
	}
	if backlogs, err := d.Backlogs(t.Context()); err != nil || backlogs["github"].Failed != 0 {
		t.Errorf("the backlog is %+v, %v", backlogs, err)
	}
	if failed, err := d.Failed(t.Context(), "github:2"); failed || err != nil {
		t.Errorf("it counts as failed: %v", err)
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

func TestBacklogs(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 12, 9, minute, 1, 0, time.UTC) }
	held := story(t).Add("gitlab:1", event.DeliveryHandled{Status: event.DeliveryHeld, Error: "would remove 41", Removes: 41, Attempts: 1})
	due := func(id string) event.RepositoryDue {
		return event.RepositoryDue{Repository: event.Repository{Source: "github", ID: id, FullName: "acme/" + id}, Reason: "found at the forge"}
	}
	readOnce := func() *projectiontest.Story {
		return projectiontest.NewStory(t).Add("github:look-1", due("7")).
			Add("github:look-1", event.DeliveryHandled{Status: event.DeliveryDone, RepositoryID: "7", Commit: "4f2a91c", Attempts: 1})
	}
	read, unread := readOnce(), readOnce().Add("github:look-2", due("7")).Add("github:look-3", due("8"))
	for _, tt := range []struct {
		name  string
		story *projectiontest.Story
		want  map[string]deliveries.Backlog
	}{
		{"nothing came", projectiontest.NewStory(t), map[string]deliveries.Backlog{}},
		{"some of each", story(t), map[string]deliveries.Backlog{"github": {Pending: 1, Oldest: at(5), Failed: 1}, "gitlab": {Pending: 1, Oldest: at(7)}}},
		{"repositories wait to be read again", read.Add("github:look-2", due("7")), map[string]deliveries.Backlog{"github": {Pending: 1, Oldest: at(3)}}},
		{"one was never read", unread, map[string]deliveries.Backlog{"github": {Pending: 2, Oldest: at(3), Unread: true}}},
		{"one is held", held, map[string]deliveries.Backlog{"github": {Pending: 1, Oldest: at(5), Failed: 1}, "gitlab": {Held: 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := folded(t, tt.story).Backlogs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	d := folded(t, story(t).Add("github:look-1", event.RepositoryDue{Repository: event.Repository{Source: "github", ID: "42", FullName: "acme/ledger"}, Reason: "hourly comparison"}))
	for _, tt := range []struct {
		name   string
		filter deliveries.Filter
		want   []string
	}{
		{"event", deliveries.Filter{Event: "Push Hook"}, []string{"gitlab:1"}},
		{"repository, in any case", deliveries.Filter{Repository: "LEDGER"}, []string{"github:1"}},
		{"text of the error", deliveries.Filter{Text: "names no"}, []string{"github:2"}},
		{"text of the id", deliveries.Filter{Text: "look-"}, []string{"github:look-1"}},
		{"text is no pattern", deliveries.Filter{Text: "%"}, nil},
		{"since", deliveries.Filter{From: time.Date(2026, 3, 12, 9, 7, 0, 0, time.UTC)}, []string{"github:look-1", "gitlab:1"}},
		{"until", deliveries.Filter{To: time.Date(2026, 3, 12, 9, 3, 1, 0, time.UTC)}, []string{"github:1"}},
		{"all together", deliveries.Filter{Source: "github", Status: event.DeliveryFailed, Event: "push", Text: "subject"}, []string{"github:2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := list(t, d, tt.filter)
			var got []string
			for _, one := range page.Deliveries {
				got = append(got, one.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || page.Total != len(tt.want) {
				t.Errorf("%d in all: %s", page.Total, diff)
			}
		})
	}
	events, err := d.Events(t.Context(), "github")
	if diff := cmp.Diff([]string{"look", "push"}, events); diff != "" || err != nil {
		t.Error(diff, err)
	}
	unnamed := folded(t, story(t).Add("github:10", event.DeliveryReceived{Source: "github"}))
	if events, err := unnamed.Events(t.Context(), "github"); err != nil || slices.Contains(events, "") {
		t.Errorf("one that names no event makes %q, %v", events, err)
	}
	last, heard, err := d.Heard(t.Context(), "github")
	if err != nil || !heard || last.ID != "github:3" {
		t.Errorf("the newest that it sent is %q, %v, %v; a look is nothing that it sent", last.ID, heard, err)
	}
	if _, heard, err := d.Heard(t.Context(), "none"); heard || err != nil {
		t.Errorf("a source that sent nothing: %v, %v", heard, err)
	}
}

func TestAttempts(t *testing.T) {
	d := folded(t, story(t).
		Add("github:2", event.DeliveryReplayed{Reason: "asked on the sources page", Received: 3}).
		Add("github:2", event.DeliveryHandled{Status: event.DeliveryHeld, Error: "would remove 41", Removes: 41, Attempts: 1}).
		Add("github:gone", event.DeliveryReplayed{Reason: "of what is no longer kept"}).
		Add("github:2", event.DeliveryReplayed{Reason: "it is meant", Received: 3, Allowed: true}).
		Add("github:2", event.DeliveryHandled{Status: event.DeliveryDone, Events: []uint64{9}, Attempts: 1, Took: time.Second}))
	at := func(minute int) time.Time { return time.Date(2026, 3, 12, 9, minute, 1, 0, time.UTC) }
	got, err := d.Attempts(t.Context(), "github:2")
	want := []deliveries.Attempt{
		{At: at(4), Status: event.DeliveryFailed, Reason: "the subject names no repository", Tries: 5},
		{At: at(8), Reason: "asked on the sources page"},
		{At: at(9), Status: event.DeliveryHeld, Reason: "would remove 41", Tries: 1},
		{At: at(11), Reason: "it is meant", Allowed: true},
		{At: at(12), Status: event.DeliveryDone, Tries: 1, Took: time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if one, err := d.Get(t.Context(), "github:2"); err != nil || one.Removes != 0 || one.Status != event.DeliveryDone {
		t.Errorf("in the end it is %+v, %v", one, err)
	}
	if err := d.Forget(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Attempts(t.Context(), "github:2"); len(got) > 0 || err != nil {
		t.Errorf("of what was forgotten there is %v, %v", got, err)
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

// What would bring the catalog to a commit, and has not.
// Of a repository one delivery is held at a time: what read the repository as it is later
// takes its place, whether that is held, too, or was used.
func TestHeldIsReplaced(t *testing.T) {
	push := event.DeliveryReceived{Source: "github", Event: "push"}
	held := func(repo string, current bool) event.DeliveryHandled {
		return event.DeliveryHandled{Status: event.DeliveryHeld, RepositoryID: repo, Head: "fade", Error: "would remove 41", Removes: 41, Current: current}
	}
	three := func() *projectiontest.Story {
		return story(t).Add("github:7", push).Add("github:7", held("41", true)).Add("github:8", push).Add("github:8", held("42", true)).Add("github:9", push)
	}
	for _, tt := range []struct {
		name  string
		story *projectiontest.Story
		want  []event.DeliveryStatus // of 7, which is another repository's, 8 and 9
	}{
		{"by one that is held", three().Add("github:9", held("42", true)), []event.DeliveryStatus{event.DeliveryHeld, event.DeliveryNotNeeded, event.DeliveryHeld}},
		{"by one that is done", three().Add("github:9", event.DeliveryHandled{Status: event.DeliveryDone, RepositoryID: "42", Commit: "beef", Current: true}), []event.DeliveryStatus{event.DeliveryHeld, event.DeliveryNotNeeded, event.DeliveryDone}},
		{"not by one on the way to the head", three().Add("github:9", held("42", false)), []event.DeliveryStatus{event.DeliveryHeld, event.DeliveryHeld, event.DeliveryHeld}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := folded(t, tt.story)
			var got []event.DeliveryStatus
			for _, id := range []string{"github:7", "github:8", "github:9"} {
				one, err := d.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if one.Status == event.DeliveryNotNeeded && (one.Removes > 0 || !strings.Contains(one.Reason(), "a newer look")) {
					t.Errorf("%s: %+v", id, one)
				}
				got = append(got, one.Status)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if attempts, err := d.Attempts(t.Context(), "github:8"); err != nil || attempts[len(attempts)-1].Status != tt.want[1] {
				t.Errorf("its attempts are %+v, %v", attempts, err)
			}
		})
	}
}

func TestUnfinished(t *testing.T) {
	due := func(head string) event.RepositoryDue {
		return event.RepositoryDue{Repository: event.Repository{Source: "github", ID: "42", FullName: "acme/ledger"}, Head: head, Reason: "hourly comparison"}
	}
	handled := func(status event.DeliveryStatus, head string) event.DeliveryHandled {
		h := event.DeliveryHandled{Status: status, Repository: "acme/ledger", RepositoryID: "42", Head: head}
		if status == event.DeliveryDone {
			h.Head, h.Commit = "", head
		}
		return h
	}
	push := event.DeliveryReceived{Source: "github", Event: "push"}
	held := func() *projectiontest.Story {
		return story(t).Add("github:9", push).Add("github:9", handled(event.DeliveryHeld, "fade"))
	}
	for _, tt := range []struct {
		name  string
		story *projectiontest.Story
		want  map[string]event.DeliveryStatus // by head
	}{
		{"all is done", story(t), nil},
		{"a push is held", held(), map[string]event.DeliveryStatus{"fade": event.DeliveryHeld}},
		{"it failed", story(t).Add("github:9", push).Add("github:9", handled(event.DeliveryFailed, "fade")), map[string]event.DeliveryStatus{"fade": event.DeliveryFailed}},
		{"it was dismissed", held().Add("github:9", event.DeliveryDismissed{Reason: "no"}), map[string]event.DeliveryStatus{"fade": event.DeliveryDismissedStatus}},
		{"one that told of no head was", story(t).Add("github:9", push).Add("github:9", handled(event.DeliveryFailed, "")).Add("github:9", event.DeliveryDismissed{Reason: "no"}), nil},
		{"it is to be handled again", held().Add("github:9", event.DeliveryReplayed{Reason: "asked"}), map[string]event.DeliveryStatus{"": event.DeliveryReceivedStatus, "fade": event.DeliveryReceivedStatus}},
		{"it was allowed", held().Add("github:9", event.DeliveryReplayed{Allowed: true}).Add("github:9", handled(event.DeliveryDone, "fade")), nil},
		{"something of no interest came since", held().Add("github:10", event.DeliveryReceived{Source: "github", Event: "star"}).Add("github:10", handled(event.DeliveryNotNeeded, "")), map[string]event.DeliveryStatus{"fade": event.DeliveryHeld}},
		{"the catalog has gone on since", held().Add("github:10", push).Add("github:10", handled(event.DeliveryDone, "beef")), nil},
		{"what came before it was allowed", story(t).Add("github:8", push).Add("github:8", handled(event.DeliveryHeld, "beef")).
			Add("github:9", push).Add("github:9", handled(event.DeliveryHeld, "fade")).Add("github:8", handled(event.DeliveryDone, "beef")), map[string]event.DeliveryStatus{"fade": event.DeliveryHeld}},
		{"a look is asked for", story(t).Add("github:look-1", due("fade")), map[string]event.DeliveryStatus{"": event.DeliveryReceivedStatus, "fade": event.DeliveryReceivedStatus}},
		{"one at whatever head", story(t).Add("github:look-1", due("")), map[string]event.DeliveryStatus{"fade": event.DeliveryReceivedStatus, "beef": event.DeliveryReceivedStatus, "": event.DeliveryReceivedStatus}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := folded(t, tt.story)
			for _, head := range []string{"", "fade", "beef"} {
				if got, err := d.Unfinished(t.Context(), "github", "42", head); err != nil || got != tt.want[head] {
					t.Errorf("at %q it is %q, %v; want %q", head, got, err, tt.want[head])
				}
			}
			if got, err := d.Unfinished(t.Context(), "gitlab", "42", "fade"); err != nil || got != "" {
				t.Errorf("another source's repository of the same id is %q, %v", got, err)
			}
		})
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
