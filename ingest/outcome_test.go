package ingest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name string
		play func(w *world) eventlog.Record
		want event.DeliveryHandled
		text string // part of the error
	}{
		{"done", func(w *world) eventlog.Record {
			return w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
		}, event.DeliveryHandled{Status: event.DeliveryDone, Repository: "acme/payments", RepositoryID: "payments", Commit: "the head", Events: []uint64{1}, Current: true}, ""},
		{"done, with nothing to do", func(w *world) eventlog.Record {
			return w.delivery("payments", w.forge.push("payments", "mossbank", files{}))
		}, event.DeliveryHandled{Status: event.DeliveryDone, Repository: "acme/payments", RepositoryID: "payments", Commit: "the head", Current: true}, ""},
		{"not needed", func(w *world) eventlog.Record { return w.store("star", "{}") },
			event.DeliveryHandled{Status: event.DeliveryNotNeeded}, ""},
		{"not needed: another branch", func(w *world) eventlog.Record {
			return w.store("push", `{"Repository": {"ID": "1", "FullName": "acme/x"}}`)
		},
			event.DeliveryHandled{Status: event.DeliveryNotNeeded, Repository: "acme/x", RepositoryID: "1"}, ""},
		{"not what it promised to be", func(w *world) eventlog.Record { return w.store("push", "?") },
			event.DeliveryHandled{Status: event.DeliveryFailed, Attempts: 1}, "no push"},
		{"the branch is gone", func(w *world) eventlog.Record {
			w.push("payments", "mossbank", files{yaml: component("x", "a")})
			w.forge.repo("payments").head = ""
			return w.delivery("payments", digest("x"))
		}, event.DeliveryHandled{Status: event.DeliveryFailed, Repository: "acme/payments", RepositoryID: "payments", Head: digest("x"), Attempts: 1}, "stays"},
		{"the token may not", func(w *world) eventlog.Record {
			w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
			return w.delivery("payments", digest("x"))
		}, event.DeliveryHandled{Status: event.DeliveryFailed, Repository: "acme/payments", RepositoryID: "payments", Head: digest("x"), Attempts: 1}, "may not"},
		{"the token may not, after something was said", func(w *world) eventlog.Record {
			w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
			return w.pushed("payments", digest("x"), said(w.t, event.ActivityPush{Ref: "refs/heads/main", After: digest("x"), Commits: 1}))
		}, event.DeliveryHandled{Status: event.DeliveryFailed, Repository: "acme/payments", RepositoryID: "payments", Head: digest("x"), Events: []uint64{1}, Attempts: 1}, "may not"},
		{"our mistake", func(w *world) eventlog.Record {
			w.forge.fail = func(string) error { return errors.New("a secret detail") }
			return w.delivery("payments", digest("x"))
		}, event.DeliveryHandled{Status: event.DeliveryFailed, Repository: "acme/payments", RepositoryID: "payments", Head: digest("x"), Attempts: 1}, "internal error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.handle(tt.play(w))
			got := w.outcome()
			if !strings.Contains(got.Error, tt.text) || (tt.text == "") != (got.Error == "") || strings.Contains(got.Error, "secret") {
				t.Errorf("the error is %q, want %q in it", got.Error, tt.text)
			}
			if tt.want.Commit != "" {
				tt.want.Commit = w.forge.repo("payments").head
			}
			got.Error, got.Took = "", 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := w.catchUp(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if w.forge.repos["payments"] != nil && w.forge.repo("payments").head == "" && tt.name == "the branch is gone" && w.catalog.Snapshot().Len() != 1 {
				t.Error("something was removed without evidence")
			}
		})
	}
}

// said is an event that a delivery brings along.
func said(t tester, data event.Data) event.Event {
	t.Helper()
	e, err := event.New(event.SourcePrefix+"github", "acme/payments", data)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return e
}

func TestWaiting(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	reason := fault.Later(time.Minute, "the forge's rate limit is used up")
	w.forge.fail = func(string) error { return reason }
	try := func() {
		t.Helper()
		if err := w.try(d); fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) != fault.RetryAfter(reason) {
			t.Fatalf("got %v, want that to be tried again", err)
		}
	}
	outcomes := func() (hs []event.DeliveryHandled) {
		for _, rec := range stored(t, w.deliveries) {
			if rec.Type == event.TypeDeliveryHandled {
				h, err := event.DecodeAs[event.DeliveryHandled](rec.Event)
				if err != nil {
					t.Fatal(err)
				}
				hs = append(hs, h)
			}
		}
		return hs
	}
	try()
	try()
	w.restart()
	try()
	reason = fault.New(fault.Unavailable, "no answer in time")
	try()
	try()
	w.forge.fail = nil
	w.handle(d)
	const name, id = "acme/payments", "payments"
	head := w.forge.repo(id).head
	want := []event.DeliveryHandled{
		{Status: event.DeliveryWaiting, Repository: name, RepositoryID: id, Head: head, Error: "the forge's rate limit is used up", Attempts: 1, Took: time.Millisecond, RetryAt: w.now.Add(time.Minute)},
		{Status: event.DeliveryWaiting, Repository: name, RepositoryID: id, Head: head, Error: "no answer in time", Attempts: 1, Took: time.Millisecond, RetryAt: w.now},
		{Status: event.DeliveryDone, Repository: name, RepositoryID: id, Commit: head, Events: []uint64{1}, Current: true},
	}
	if diff := cmp.Diff(want, outcomes()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestForgeFailsHalfway(t *testing.T) {
	// Whatever question fails, nothing is appended, and trying again does all of it.
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.forge.push("payments", "tamarisk", files{yaml: component("x", "b")})
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "b"), "a/" + yaml: component("y", "a")}))
	for _, question := range []string{"head", "tree", "blob " + yaml, "blob a/" + yaml, "between", "last change of a/" + yaml, "last change of " + yaml} {
		w.restart() // what has been read is not read again
		failed := false
		w.forge.fail = func(asked string) error {
			if asked == question {
				failed = true
				return fault.New(fault.Unavailable, "no answer to %s", question)
			}
			return nil
		}
		before := len(stored(t, w.log))
		if err := w.try(d); fault.KindOf(err) != fault.Unavailable || !failed {
			t.Errorf("when %s fails (%v): %v", question, failed, err)
		}
		if n := len(stored(t, w.log)); n != before {
			t.Errorf("when %s fails, %d events are appended", question, n-before)
		}
	}
	w.forge.fail = nil
	if got := w.handle(d); len(got) != 2 {
		t.Errorf("in the end it adds %v", tell(t, got))
	}
}

func TestDoneAfterFailed(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
	w.handle(d)
	w.forge.fail = nil
	w.handle(d) // the crash came before it was remembered that d failed
	if got := w.outcome(); got.Status != event.DeliveryDone || got.Error != "" {
		t.Errorf("the newest outcome is %+v", got)
	}
}

// The forge's answers may come from a replica that has not heard of the push.
func TestHeadThatLagsBehind(t *testing.T) {
	for _, catchesUp := range []bool{true, false} {
		w := newWorld(t)
		w.push("payments", "mossbank", files{yaml: component("x", "a")})
		before := w.forge.repo("payments").head
		pushed := w.forge.push("payments", "mossbank", files{yaml: component("x", "b")})
		d := w.delivery("payments", pushed)
		w.forge.repo("payments").head = before
		w.now = d.Recorded
		for range 30 {
			if err := w.try(d); fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) != 2*time.Second {
				t.Fatalf("after %s: %v, want it to be tried again", w.now.Sub(d.Recorded), err)
			}
			w.now = w.now.Add(2 * time.Second)
		}
		if catchesUp {
			w.now = d.Recorded.Add(58 * time.Second)
			w.forge.repo("payments").head = pushed
		}
		w.handle(d)
		if got, want := w.outcome(), w.forge.repo("payments").head; got.Status != event.DeliveryDone || got.Commit != want {
			t.Errorf("catches up %v: %+v, want it at %.7s", catchesUp, got, want)
		}
	}
}

// A crash came after a delivery had brought the catalog to the head, and before that was on
// record. One of an earlier push, handled first then, takes nothing away that is there.
func TestReachedIsNotOnRecord(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	between := w.forge.push("payments", "mossbank", files{yaml: component("x", "a"), "README.md": "more"})
	late := w.delivery("payments", between)
	last := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a"), "README.md": "more", "y/" + yaml: component("y", "a")}))
	w.handle(last)
	crashed := eventlogtest.NewMemory()
	for rec, err := range w.deliveries.Read(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type == event.TypeDeliveryHandled && rec.Subject == last.Subject {
			continue
		}
		if _, err := crashed.Append(t.Context(), rec.Event); err != nil {
			t.Fatal(err)
		}
	}
	w.deliveries = crashed
	w.restart()
	if got := tell(t, w.handle(late)); len(got) > 0 {
		t.Errorf("it goes back: %v", got)
	}
	if got := tell(t, w.handle(last)); len(got) > 0 {
		t.Errorf("tried again it says %v", got)
	}
}

// A delivery that comes late does not take the catalog back when those that
// brought it on are no longer on record.
func TestReachedIsForgotten(t *testing.T) {
	w := newWorld(t)
	tree := files{yaml: component("x", "a")}
	first := w.forge.push("payments", "mossbank", tree)
	w.push("payments", "mossbank", files{yaml: component("x", "b")})
	w.forge.push("payments", "mossbank", files{yaml: component("x", "b"), "README.md": "more"})
	deliveries := eventlogtest.NewMemory()
	deliveries.Now = func() time.Time { return w.now.Add(-time.Hour) }
	w.deliveries = deliveries // the old ones are pruned
	w.restart()
	if got := tell(t, w.handle(w.delivery("payments", first))); len(got) > 0 {
		t.Errorf("it goes back: %v", got)
	}
	if got, head := w.outcome(), w.forge.repo("payments").head; got.Commit != head {
		t.Errorf("it reaches %.7s, want the head %.7s", got.Commit, head)
	}
}

func TestLateDeliveryTellsAnOldName(t *testing.T) {
	w := newWorld(t)
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	w.forge.repo("payments").name = "acme/bank"
	for _, rec := range w.handle(d) {
		got, err := event.DecodeAs[event.EntityRegistered](rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		if got.Origin.Repository != "acme/bank" {
			t.Errorf("it is of %s", got.Origin.Repository)
		}
	}
	if n := len(stored(t, w.log)); n != 1 {
		t.Errorf("there are %d events, want 1", n)
	}
}

// lossy is a log that takes the first events and says that it did not.
type lossy struct {
	ingest.MainLog
	lost bool
}

func (l *lossy) Append(ctx context.Context, events ...event.Event) ([]eventlog.Appended, error) {
	done, err := l.MainLog.Append(ctx, events...)
	if !l.lost && err == nil {
		l.lost = true
		return nil, fault.New(fault.Unavailable, "the disk does not answer")
	}
	return done, err
}

func TestAppendedButNotAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.main = &lossy{MainLog: w.log}
	w.restart()
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	if err := w.try(d); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("got %v", err)
	}
	w.forge.push("payments", "mossbank", files{yaml: component("x", "b")}) // so that other ids would follow
	w.handle(d)
	if w.after != 1 {
		t.Errorf("the second try knows the log up to %d, want the event that was written", w.after)
	}
	want := []string{"registered component:default/x in catalog-info.yaml owner a"}
	if diff := cmp.Diff(want, tell(t, stored(t, w.log))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReplay(t *testing.T) {
	w := newWorld(t)
	if err := w.translator.Replay(t.Context(), "github:nobody", "asked", event.Actor{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a delivery that never came: %v", err)
	}
	w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
	d := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	w.handle(d)
	w.forge.fail = nil

	if err := w.translator.Replay(t.Context(), d.ID, "the token was changed", event.Actor{Login: "saltmarsh"}); err != nil {
		t.Fatal(err)
	}
	all := stored(t, w.deliveries)
	replay := all[len(all)-1]
	if replay.Type != event.TypeDeliveryReplayed || replay.Subject != d.ID || replay.Source != d.Source || replay.Actor.Login != "saltmarsh" {
		t.Errorf("the replay is %+v", replay)
	}
	if got := tell(t, w.handle(replay)); len(got) != 1 {
		t.Errorf("the replay adds %v", got)
	}
	if got := w.outcome(); got.Status != event.DeliveryDone {
		t.Errorf("its outcome is %+v", got)
	}
}

// Only what waits for a person can be dismissed, by one who says why; only what is held
// can be allowed.
func TestDismiss(t *testing.T) {
	w := newWorld(t)
	done := w.delivery("till", w.forge.push("till", "mossbank", files{yaml: component("till", "a")}))
	w.handle(done)
	w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
	failed := w.delivery("payments", w.forge.push("payments", "mossbank", files{yaml: component("x", "a")}))
	w.handle(failed)
	saltmarsh := event.Actor{Name: "saltmarsh"}
	for _, tt := range []struct {
		id, reason string
		want       fault.Kind
	}{
		{"github:nobody", "a trial", fault.NotFound},
		{done.ID, "a trial", fault.Conflict},
		{failed.ID, " ", fault.Invalid},
		{failed.ID, strings.Repeat("x", 1001), fault.Invalid},
	} {
		if err := w.translator.Dismiss(t.Context(), tt.id, tt.reason, saltmarsh); fault.KindOf(err) != tt.want {
			t.Errorf("%s for %q: %v", tt.id, tt.reason, err)
		}
	}
	if err := w.translator.Allow(t.Context(), failed.ID, "meant", saltmarsh); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "failed: there is nothing to allow") {
		t.Errorf("allowing one that failed: %v", err)
	}
	before := len(stored(t, w.deliveries))
	if err := w.translator.Dismiss(t.Context(), failed.ID, "a trial", saltmarsh); err != nil {
		t.Fatal(err)
	}
	added := stored(t, w.deliveries)[before:]
	if len(added) != 1 || added[0].Type != event.TypeDeliveryDismissed || added[0].Subject != failed.ID || added[0].Source != failed.Source || added[0].Actor != saltmarsh {
		t.Errorf("on record is %+v", added)
	}
	if got := w.handle(added[0]); len(got) > 0 {
		t.Errorf("it leads to %v", tell(t, got))
	}
}

// A look that makes up for a gap closes it when it is dismissed: else it would be asked
// for again.
func TestDismissClosesTheGap(t *testing.T) {
	w := newWorld(t)
	w.forge.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.forge.fail = func(string) error { return fault.New(fault.Denied, "the token may not") }
	due := event.RepositoryDue{Repository: event.Repository{Source: "github", ID: "payments", FullName: "acme/payments"}, Reason: "a delivery was missed", Gap: "gap-1"}
	if err := w.translator.Due(t.Context(), due, event.Cause{Schedule: "compare"}); err != nil {
		t.Fatal(err)
	}
	all := stored(t, w.deliveries)
	look := all[len(all)-1]
	w.handle(look)
	if err := w.translator.Dismiss(t.Context(), look.Subject, "a trial", event.Actor{}); err != nil {
		t.Fatal(err)
	}
	all = stored(t, w.log)
	closed, err := event.DecodeAs[event.SourceGapClosed](all[len(all)-1].Event)
	if err != nil || closed.Gap != "gap-1" || !closed.Lost || closed.Detail != "dismissed: a trial" {
		t.Errorf("the gap: %+v, %v", closed, err)
	}
}

func TestOtherRecordsAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	d := w.store("push", "{}")
	d.Source = "/sources/elsewhere"
	w.handle(d)
	d.Source, d.Type = "/sources/github", event.TypeDeliveryHandled
	w.handle(d)
	if n := len(stored(t, w.deliveries)); n != 1 {
		t.Errorf("%d records are added", n-1)
	}
}
