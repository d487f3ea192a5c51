package survey_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

var trouble = fault.New(fault.Unavailable, "the forge has trouble (500)")

// One repository that the forge gives no answer about keeps no other from being
// compared; it is told of, with the time up to which it is known, and asked about again.
func TestOneOddRepository(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b", "c")
		s := w.run(t, "")
		known := s.Status()[0].Compared
		time.Sleep(59 * time.Minute)
		w.is(func() {
			w.strange = map[string]error{"b": trouble}
			w.heads["b"], w.heads["c"] = sha(2), sha(2)
		})
		time.Sleep(2 * time.Minute) // an hour is over
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		status := s.Status()[0]
		if status.Err != "" || !status.Compared.After(known) || w.reached["c"] != sha(2) {
			t.Errorf("the others: %q, compared at %v, and c is at %s", status.Err, status.Compared, w.reached["c"])
		}
		if len(status.Odd) != 1 || status.Odd[0].Repository.FullName != "acme/b" || !strings.Contains(status.Odd[0].Err, "500") || !status.Odd[0].Since.Equal(known) {
			t.Errorf("odd are %+v, want b, known up to %v", status.Odd, known)
		}

		w.is(func() { w.strange = nil })
		time.Sleep(7 * time.Minute) // a check, and the grace of what it finds
		synctest.Wait()
		if status := s.Status()[0]; len(status.Odd) > 0 || w.reached["b"] != sha(2) {
			t.Errorf("when it answers again odd are %+v, and b is at %s", status.Odd, w.reached["b"])
		}
		w.is(func() {
			if !slices.Contains(w.recorded, "source.gap.found.v1 acme/b") {
				t.Errorf("recorded is %v", w.recorded)
			}
		})
	})
}

// If the forge gives no answer about any repository, or about many, or says when to come
// again, it is the forge that has trouble: the comparison has not ended well.
func TestTheForgeIsOdd(t *testing.T) {
	for _, tt := range []struct {
		name         string
		all, strange int
		err          error
	}{
		{"the only one", 1, 1, trouble},
		{"all", 3, 3, trouble},
		{"many", 40, 11, trouble},
		{"the limit is used up", 3, 1, fault.Later(time.Minute, "the rate limit is used up")},
		{"a mistake of ours", 3, 1, fmt.Errorf("no such table")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var names []string
				for i := range tt.all {
					names = append(names, fmt.Sprintf("r%02d", i))
				}
				w := newWorld(names...)
				s := w.run(t, "")
				before := s.Status()[0].Compared
				time.Sleep(time.Minute)
				w.is(func() {
					w.strange = map[string]error{}
					for _, name := range names[:tt.strange] {
						w.strange[name] = tt.err
					}
				})
				if err := s.Surveyed(t.Context(), "github"); err == nil {
					t.Error("it ended well")
				}
				if status := s.Status()[0]; status.Err == "" || !status.Compared.Equal(before) || len(status.Odd) > 0 {
					t.Errorf("the status is %+v", status)
				}
			})
		})
	}
}

// One that the list lacks and that the forge gives no answer about is odd, too, and so
// is one that it stops to answer about while a delivery is given time.
func TestOddOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b")
		s := w.run(t, "")
		w.is(func() { w.heads["b"], w.pending = sha(2), 1 })
		time.Sleep(time.Hour)
		time.Sleep(30 * time.Second)
		w.is(func() { w.strange, w.pending = map[string]error{"b": trouble}, 0 })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if status := s.Status()[0]; len(status.Odd) != 1 || status.Odd[0].Repository.ID != "b" || status.Err != "" {
			t.Errorf("the status is %+v", status)
		}
	})
}

// That no webhook leads here is known since it was seen first, and no longer once one does.
func TestNoWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		s := w.run(t, "")
		w.is(func() {
			w.noHook = &ingest.NoWebhook{Of: []string{"organisation acme"}, Payload: "https://portal.example/hooks/github"}
		})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		first := s.Status()[0].NoHook
		if !strings.Contains(first.Says, "organisation acme has no webhook") || first.Since.IsZero() {
			t.Errorf("missing is %+v", first)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if again := s.Status()[0].NoHook; again != first {
			t.Errorf("missing is %+v, and was %+v", again, first)
		}
		w.is(func() { w.noHook = nil })
		s.Check("github")
		synctest.Wait()
		if status := s.Status()[0]; status.NoHook.Says != "" || status.Err != "" {
			t.Errorf("the status is %+v", status)
		}
	})
}
