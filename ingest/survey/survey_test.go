package survey_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/ingest/survey"
	"github.com/callboard/callboard/internal/fault"
)

// Each of the three schedules keeps its job, also when two have the same text.
func TestSchedule(t *testing.T) {
	for schedule, listings := range map[string]int{
		"":            1 + 25 + 1,    // at the start, hourly, and the daily reading
		"@every 5m":   1 + 25*12 + 1, // as often as deliveries are checked
		"@daily":      1 + 1 + 1,     // when all is read anew
		"0 */6 * * *": 1 + 4 + 1,
	} {
		t.Run(schedule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // starts at midnight
				w := newWorld("payments")
				w.run(t, schedule)
				time.Sleep(25*time.Hour + time.Second)
				synctest.Wait()
				w.is(func() {
					if w.listings != listings || w.checks != 1+25*12 {
						t.Errorf("in 25 hours there were %d listings and %d checks of deliveries, want %d and %d", w.listings, w.checks, listings, 1+25*12)
					}
				})
			})
		})
	}
}

func TestNoSchedule(t *testing.T) {
	if _, err := survey.New(survey.Options{Sources: []survey.Source{{Name: "github", Compare: "hourly"}}}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "github") {
		t.Errorf("got %v", err)
	}
}

// Most of the forge's budget is left to deliveries: the survey goes on when the
// next window starts, by itself.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments", "ledger")
		w.budget = survey.Budget{Limit: 5000, Remaining: 1000, Reset: time.Now().Add(20 * time.Minute)}
		s := w.run(t, "")
		time.Sleep(19 * time.Minute)
		synctest.Wait()
		if status := s.Status()[0]; w.asked > 0 || !strings.Contains(status.Err, "budget") || !status.Compared.IsZero() {
			t.Errorf("in the first window %d heads were asked for; the status is %+v", w.asked, status)
		}
		w.is(func() { w.budget = survey.Budget{Limit: 5000, Remaining: 5000, Reset: time.Now().Add(time.Hour)} })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if status := s.Status()[0]; w.asked != 2 || status.Err != "" || status.Found != 2 || status.Compared.IsZero() {
			t.Errorf("in the next window %d heads were asked for; the status is %+v", w.asked, status)
		}
	})
}

// However many ask while a survey runs, one more follows it, and none runs beside it.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		entered, leave := make(chan struct{}), make(chan struct{})
		w.is(func() { w.entered, w.leave = entered, leave })
		s.Survey("github")
		<-entered
		var waiting sync.WaitGroup
		for range 5 {
			s.Survey("github")
			waiting.Go(func() {
				if err := s.Surveyed(t.Context(), "github"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if running := s.Status()[0].Running; !strings.Contains(running, "compare") {
			t.Errorf("what runs is %q", running)
		}
		leave <- struct{}{}
		<-entered       // the one for all who asked to look
		synctest.Wait() // those who wait ask for another: what they ask about may have come since this one began
		w.is(func() { w.entered = nil })
		leave <- struct{}{}
		waiting.Wait()
		synctest.Wait()
		w.is(func() {
			if w.listings != 1+3 || w.most != 1 {
				t.Errorf("after the first there were %d listings, at most %d at once; want 3, one at a time", w.listings-1, w.most)
			}
		})
	})
}

// A list that breaks off, and one that is shorter than before, take nothing away
// and ask for nothing; what is missing is told.
func TestListBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("ledger", "payments")
		s := w.run(t, "")
		w.is(func() { w.breaks = fault.New(fault.Invalid, "page 2 makes no sense") })
		if err := s.Surveyed(t.Context(), "github"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the survey ended with %v", err)
		}
		status := s.Status()[0]
		if len(w.due)+len(w.recorded) > 0 || len(status.Missing) > 0 || status.Found != 2 || !strings.Contains(status.Err, "page 2") {
			t.Errorf("it asked for %v and recorded %v; the status is %+v", w.due, w.recorded, status)
		}

		w.is(func() { w.breaks = nil; delete(w.heads, "payments") })
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Error(err)
		}
		status = s.Status()[0]
		if len(w.due)+len(w.recorded) > 0 || len(status.Missing) != 1 || status.Missing[0].ID != "payments" || status.Err != "" {
			t.Errorf("it asked for %v and recorded %v; the status is %+v", w.due, w.recorded, status)
		}

		moved := repository("payments")
		moved.FullName = "elsewhere/payments"
		w.is(func() { w.elsewhere["payments"] = moved })
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Error(err)
		}
		if len(w.due) != 1 || w.due[0].FullName != "elsewhere/payments" || len(s.Status()[0].Missing) > 0 {
			t.Errorf("one that is found elsewhere: it asked for %v", w.due)
		}
	})
}

// Who asks for a survey does not wait until one that failed is tried again by itself.
func TestSurveyNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		w.breaks = fault.Later(time.Hour, "the token has expired")
		s := w.run(t, "")
		synctest.Wait()
		w.is(func() { w.breaks = nil })
		s.Survey("github")
		synctest.Wait()
		if !s.Status()[0].Compared.IsZero() {
			t.Error("the forge was asked although it had said when to come again")
		}
		s.SurveyNow("github")
		synctest.Wait()
		if status := s.Status()[0]; status.Compared.IsZero() || status.Err != "" {
			t.Errorf("it was asked for, and the status is %+v", status)
		}
	})
}

// A branch that moved is a gap once a delivery has had its time to tell of it; at a
// source that never sent anything it is just read.
func TestHeadThatMoved(t *testing.T) {
	for _, tt := range []struct {
		name     string
		delivers bool
		comes    time.Duration // when the delivery is handled; 0: never
		recorded []string
		due      int
	}{
		{"no delivery comes", true, 0, []string{"source.gap.found.v1 acme/payments"}, 1},
		{"one is on its way", true, 30 * time.Second, nil, 0},
		{"there is no webhook", false, 0, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("payments", "ledger")
				s := w.run(t, "")
				w.is(func() { w.heads["payments"], w.delivers = sha(2), tt.delivers })
				if tt.comes > 0 {
					w.is(func() { w.pending = 1 })
					time.AfterFunc(tt.comes, func() { w.is(func() { w.pending, w.reached["payments"] = 0, sha(2) }) })
				}
				if err := s.Surveyed(t.Context(), "github"); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(w.recorded, tt.recorded) || len(w.due) != tt.due {
					t.Errorf("it recorded %v and asked for %v", w.recorded, w.due)
				}
			})
		})
	}
}

// What waits for a person, or is still to be looked at, is not asked for again each
// hour, and is no gap: a delivery told of it. What failed is tried again daily.
func TestWhatWaitsIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status event.DeliveryStatus
		change func(*world) // what differs from what the forge says
		daily  int          // looks that a full reading asks for
	}{
		{"a push is held", event.DeliveryHeld, func(w *world) { w.heads["payments"] = sha(2) }, 0},
		{"a push failed", event.DeliveryFailed, func(w *world) { w.heads["payments"] = sha(2) }, 1},
		{"the first look failed", event.DeliveryFailed, func(w *world) { delete(w.known, "payments"); delete(w.reached, "payments") }, 1},
		{"the first reading failed", event.DeliveryFailed, func(w *world) { delete(w.reached, "payments") }, 1},
		{"the first reading is still to come", event.DeliveryWaiting, func(w *world) { delete(w.reached, "payments") }, 0},
		{"a look at what was moved failed", event.DeliveryFailed, func(w *world) {
			w.elsewhere["payments"] = ingest.Repository{ID: "payments", FullName: "elsewhere/payments"}
			delete(w.heads, "payments")
		}, 1},
		{"the look at an open gap failed", event.DeliveryFailed, func(w *world) {
			w.open = []event.SourceGapFound{{Source: "github", Gap: "g", Kind: event.GapHead, Repository: repository("payments").State("github").Repository}}
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // starts at midnight
				w := newWorld("payments")
				w.waits["payments"] = tt.status
				tt.change(w)
				w.run(t, "")
				time.Sleep(23 * time.Hour)
				synctest.Wait()
				w.is(func() {
					if len(w.due)+len(w.recorded) > 0 {
						t.Errorf("in a day of comparisons it asked for %v and recorded %v", w.due, w.recorded)
					}
				})
				time.Sleep(time.Hour + 5*time.Minute) // a comparison may come before it, and give deliveries their time
				synctest.Wait()
				w.is(func() {
					if len(w.due) < tt.daily || tt.daily == 0 && len(w.due) > 0 {
						t.Errorf("the daily reading asked for %v, want %d", w.due, tt.daily)
					}
				})
			})
		})
	}
}

// Documentation that was never read, or is not kept any more, is read by the first
// comparison; while that look is to come or waits for a person, it is not asked for again.
func TestDocumentationThatIsNotHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("ledger", "payments")
		w.undocumented = "payments"
		w.run(t, "")
		w.is(func() {
			if len(w.due) != 1 || w.due[0].ID != "payments" || w.due[0].Head != w.heads["payments"] || w.due[0].Reason != "its documentation is not here" || len(w.recorded) > 0 {
				t.Errorf("it asked for %v and recorded %v", w.due, w.recorded)
			}
			w.due, w.waits["payments"] = nil, event.DeliveryFailed
		})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		w.is(func() {
			if len(w.due) > 0 {
				t.Errorf("while that waits it asked for %v", w.due)
			}
		})
	})
}

// What the forge sent and what did not come is fetched, once; what it has forgotten
// is told as lost; what has only just been sent may be on its way.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		time.Sleep(2 * time.Minute)
		ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
		w.is(func() {
			w.stored[event.DeliveryID("github", "here")] = true
			w.sent = []ingest.Attempt{
				{ID: "fresh", At: ago(time.Second), Location: "1"}, {ID: "lost", At: ago(70 * time.Second)},
				{ID: "missed", At: ago(80 * time.Second), Location: "2"}, {ID: "missed", At: ago(90 * time.Second), Location: "3"},
				{ID: "here", At: ago(100 * time.Second), Location: "4"},
			}
		})
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Fatal(err)
		}
		if want := (map[string]bool{event.DeliveryID("github", "here"): true, event.DeliveryID("github", "missed"): true}); len(w.stored) != len(want) || !w.stored[event.DeliveryID("github", "missed")] {
			t.Errorf("what is here is %v, want %v", w.stored, want)
		}
		gap := []string{"source.gap.found.v1 github", "source.gap.closed.v1 github"}
		if want := slices.Concat(gap, gap); !slices.Equal(w.recorded, want) {
			t.Errorf("it recorded %v, want %v", w.recorded, want)
		}

		w.is(func() { w.unseen = fault.New(fault.Denied, "the token may not look at webhooks") })
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Errorf("a token that sees less: %v", err)
		}
		if status := s.Status()[0]; !strings.Contains(status.Unseen, "may not look") || status.Err != "" {
			t.Errorf("the status is %+v", status)
		}
	})
}

// A check of deliveries that never ends well keeps no comparison from its turn, and
// is tried again at its own pace.
func TestFailingCheckLeavesOthersTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		w.unseen = fault.New(fault.Unavailable, "the webhook's record does not answer")
		s := w.run(t, "")
		time.Sleep(3*time.Hour + time.Second)
		synctest.Wait()
		w.is(func() {
			if w.listings != 1+3 {
				t.Errorf("in three hours there were %d comparisons, want one at the start and one each hour", w.listings)
			}
			if w.checks != 1+3*60*2 {
				t.Errorf("in three hours there were %d checks, want one each half minute", w.checks)
			}
		})
		if err := s.Surveyed(t.Context(), "github"); fault.KindOf(err) != fault.Unavailable || s.Status()[0].Compared.IsZero() {
			t.Errorf("the survey that was waited for ended with %v", err)
		}
		w.is(func() {
			if w.listings != 1+3+1 {
				t.Errorf("who asks for a survey gets %d comparisons, although the check fails", w.listings-4)
			}
		})
	})
}

// One delivery that the forge lists and does not hand over keeps no other from being
// fetched. It is asked for again, also when it is older than the last check.
func TestCheckPassesOverWhatIsWithheld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		time.Sleep(4 * time.Minute)
		w.is(func() {
			w.withheld = fault.New(fault.Unavailable, "the answer is no delivery")
			w.sent = []ingest.Attempt{
				{ID: "withheld", At: time.Now().Add(-2 * time.Minute), Location: "withheld"},
				{ID: "missed", At: time.Now().Add(-3 * time.Minute), Location: "1"},
			}
		})
		began := s.Status()[0].Checked
		if err := s.Surveyed(t.Context(), "github"); err == nil || !strings.Contains(err.Error(), "no delivery") {
			t.Errorf("the survey ended with %v", err)
		}
		if !w.stored[event.DeliveryID("github", "missed")] {
			t.Error("what is listed behind it was not fetched")
		}
		if now := s.Status()[0].Checked; !now.Equal(began) {
			t.Errorf("the check counts as ended well, at %v", now)
		}
		time.Sleep(time.Hour)
		w.is(func() { w.withheld = nil })
		if err := s.Surveyed(t.Context(), "github"); err != nil || !w.stored[event.DeliveryID("github", "withheld")] {
			t.Errorf("an hour later: %v; what is here is %v", err, w.stored)
		}
	})
}

// However long ago the last check was, none looks back further than deliveries have to
// be kept: what is not kept would seem missed.
func TestCheckLooksBackThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		w.is(func() { w.unseen = fault.New(fault.Invalid, "the record makes no sense") })
		time.Sleep(5*24*time.Hour + time.Minute)
		w.is(func() { w.unseen = nil })
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Fatal(err)
		}
		w.is(func() {
			if back := time.Since(w.since); back > 72*time.Hour {
				t.Errorf("it looks %v back", back)
			}
		})
	})
}

// When the forge has used up its limit, the check ends there: no other delivery would
// be handed over either.
func TestCheckEndsAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		time.Sleep(4 * time.Minute)
		w.is(func() {
			w.withheld = fault.Later(time.Hour, "the rate limit is used up")
			w.sent = []ingest.Attempt{
				{ID: "withheld", At: time.Now().Add(-2 * time.Minute), Location: "withheld"},
				{ID: "missed", At: time.Now().Add(-3 * time.Minute), Location: "1"},
			}
		})
		if err := s.Surveyed(t.Context(), "github"); fault.RetryAfter(err) != time.Hour || len(w.stored) > 0 {
			t.Errorf("it ended with %v, and fetched %v", err, w.stored)
		}
		checks := 0
		w.is(func() { checks = w.checks })
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		w.is(func() {
			if w.checks != checks {
				t.Errorf("it was asked %d times more before the limit was reset", w.checks-checks)
			}
		})
	})
}

// Where the list breaks off because it is too long, that the rest was not looked at
// goes on record. The next check goes on from this one.
func TestMoreThanIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		s := w.run(t, "")
		time.Sleep(4 * time.Minute)
		began := s.Status()[0].Checked
		w.is(func() {
			w.tooMany = true
			w.sent = []ingest.Attempt{{ID: "missed", At: time.Now().Add(-2 * time.Minute), Location: "1"}}
		})
		if err := s.Surveyed(t.Context(), "github"); err != nil {
			t.Fatal(err)
		}
		gap := []string{"source.gap.found.v1 github", "source.gap.closed.v1 github"}
		if want := slices.Concat(gap, gap); !slices.Equal(w.recorded, want) {
			t.Errorf("it recorded %v, want what was fetched and what was not looked at: %v", w.recorded, want)
		}
		if !w.stored[event.DeliveryID("github", "missed")] || !s.Status()[0].Checked.After(began) {
			t.Errorf("what is here is %v; the status is %+v", w.stored, s.Status()[0])
		}
	})
}

// A gap that the forge will not list again is closed as lost.
func TestForgottenGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("payments")
		w.open = []event.SourceGapFound{
			{Source: "github", Gap: "old", Kind: event.GapDelivery, Delivery: "github:old", Since: time.Now().Add(-4 * 24 * time.Hour)},
			{Source: "github", Gap: "young", Kind: event.GapDelivery, Delivery: "github:young", Since: time.Now().Add(-2 * 24 * time.Hour)},
		}
		w.run(t, "")
		if want := []string{"source.gap.closed.v1 github"}; !slices.Equal(w.recorded, want) {
			t.Errorf("it recorded %v, want %v", w.recorded, want)
		}
	})
}

// Another configuration is another Surveyor: of a source that stays as it is it knows
// what the one before did, and does what that was about to.
func TestTakeOver(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(fmt.Sprint(same), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld("payments")
				first := w.surveyor(t, "")
				end := start(t, first)
				time.Sleep(time.Hour + time.Minute)
				synctest.Wait()
				was := first.Status()[0]
				entered := make(chan struct{})
				w.is(func() { w.entered, w.leave = entered, make(chan struct{}) })
				first.Survey("github")
				<-entered // and is broken off
				end()
				w.is(func() { w.entered = nil })

				next := w.surveyor(t, "")
				next.TakeOver(first, func(string) bool { return same })
				is := next.Status()[0]
				if same && (!is.Compared.Equal(was.Compared) || !is.Checked.Equal(was.Checked) || is.Found != 1 || is.Running+is.Err != "") {
					t.Errorf("it begins with %+v, want what was known: %+v", is, was)
				}
				if !same && (!is.Compared.IsZero() || !is.Checked.IsZero()) {
					t.Errorf("of a source that changed it begins with %+v", is)
				}
				t.Cleanup(start(t, next))
				back := time.Since(w.since)
				if same != (back < time.Hour) {
					t.Errorf("the first check looks %v back", back)
				}
			})
		})
	}
}

func TestUnknownSource(t *testing.T) {
	s, err := survey.New(survey.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Surveyed(t.Context(), "github"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
}
