package reactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/internal/fault"
)

// The tests run on a log on disk, and in bubbles of synctest, in which waits
// take no time.

func TestOrderAndRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		var got []string
		work := reactor.Reactor{Name: "docs", On: []event.Type{"a.v1", "b.v1"}, React: func(_ context.Context, rec eventlog.Record) error {
			got = append(got, rec.ID)
			return nil
		}}
		add(t, log, "a.v1", "1", "2")
		add(t, log, "c.v1", "3")
		stop := start(t, log, reactor.Options{}, work)
		synctest.Wait()
		add(t, log, "b.v1", "4")
		synctest.Wait()
		add(t, log, "c.v1", "5")
		stop()
		add(t, log, "a.v1", "6", "7") // while it is down
		stop = start(t, log, reactor.Options{}, work)
		synctest.Wait()
		stop()
		if diff := cmp.Diff([]string{"1", "2", "4", "6", "7"}, got); diff != "" {
			t.Errorf("events handled (-want +got):\n%s", diff)
		}
	})
}

func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2", "3", "4", "5")
		running, n := 0, 0
		stop := start(t, log, reactor.Options{}, reactor.Reactor{Name: "slow", React: func(context.Context, eventlog.Record) error {
			if running++; running > 1 {
				t.Error("two at once")
			}
			time.Sleep(time.Second)
			running--
			n++
			return nil
		}})
		time.Sleep(10 * time.Second)
		stop()
		if n != 5 {
			t.Errorf("%d were handled, want 5", n)
		}
	})
}

func TestAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "keep 1", "drop", "keep 2")
		var got []string
		stop := start(t, log, reactor.Options{}, reactor.Reactor{
			Name:   "picky",
			Accept: func(rec eventlog.Record) bool { return strings.HasPrefix(rec.ID, "keep") },
			React: func(_ context.Context, rec eventlog.Record) error {
				got = append(got, rec.ID)
				return nil
			},
		})
		synctest.Wait()
		stop()
		if diff := cmp.Diff([]string{"keep 1", "keep 2"}, got); diff != "" {
			t.Errorf("events handled (-want +got):\n%s", diff)
		}
	})
}

// attempt is one call of React in these tests.
type attempt struct {
	ID    string
	N     int // as reactor.Attempt says
	Since time.Duration
}

// outcomes is a React that answers with errors in turn, and then nil.
type outcomes struct {
	start    time.Time
	errs     []error
	attempts []attempt
}

func (o *outcomes) react(ctx context.Context, rec eventlog.Record) error {
	o.attempts = append(o.attempts, attempt{rec.ID, reactor.Attempt(ctx), time.Since(o.start)})
	o.start = time.Now()
	if len(o.errs) == 0 {
		return nil
	}
	err := o.errs[0]
	o.errs = o.errs[1:]
	if err != nil && err.Error() == "panic" {
		panic("out of cheese")
	}
	return err
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	busy := fault.New(fault.Unavailable, "busy")
	later := fault.Later(time.Hour, "rate limit")
	repeat := func(n int, err error) []error { return slices.Repeat([]error{err}, n) }
	for _, c := range []struct {
		name     string
		errs     []error // for the first record
		attempts int     // at it
		gaveUp   error   // nil if it succeeds in the end
	}{
		{"none", nil, 1, nil},
		{"passing", repeat(3, broken), 4, nil},
		{"passing at the last moment", repeat(5, broken), 6, nil},
		{"lasting", repeat(9, broken), 6, broken},
		{"a panic that passes", repeat(2, errors.New("panic")), 3, nil},
		{"invalid", repeat(1, fault.New(fault.Invalid, "x")), 1, fault.New(fault.Invalid, "x")},
		{"not found", repeat(1, fault.New(fault.NotFound, "x")), 1, fault.New(fault.NotFound, "x")},
		{"denied", repeat(1, fault.New(fault.Denied, "x")), 1, fault.New(fault.Denied, "x")},
		{"conflict", repeat(1, fault.New(fault.Conflict, "x")), 1, fault.New(fault.Conflict, "x")},
		{"invalid below other errors", repeat(1, fmt.Errorf("translate: %w", fault.New(fault.Invalid, "x"))), 1, fault.New(fault.Invalid, "x")},
		{"unavailable for long", repeat(300, busy), 301, nil},
		{"unavailable till a given time", repeat(2, later), 3, nil},
		{"unavailable, then broken", append(repeat(20, busy), repeat(5, broken)...), 26, nil},
		{"broken in between", append(append(repeat(5, broken), repeat(20, busy)...), broken), 26, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLog(t)
				add(t, log, "a.v1", "1", "2")
				work := &outcomes{start: time.Now(), errs: c.errs}
				var failures []reactor.Failure
				stop := start(t, log, reactor.Options{}, reactor.Reactor{
					Name: "docs", React: work.react,
					GaveUp: func(_ context.Context, rec eventlog.Record, f reactor.Failure) error {
						if rec.ID != "1" {
							t.Errorf("it gave up on %s", rec.ID)
						}
						failures = append(failures, f)
						work.errs = nil
						return nil
					},
				})
				time.Sleep(24 * time.Hour)
				stop()

				if got := len(work.attempts); got != c.attempts+1 || work.attempts[got-1].ID != "2" || work.attempts[got-1].N != 1 {
					t.Errorf("there were %d attempts: %v; want %d at the first record and then one at the second", got, work.attempts, c.attempts)
				}
				for i, a := range work.attempts[:c.attempts] {
					if a.ID != "1" || a.N != i+1 {
						t.Errorf("attempt %d is %v", i+1, a)
					}
				}
				if c.gaveUp == nil && len(failures) > 0 {
					t.Errorf("it gave up: %v", failures)
				}
				if c.gaveUp != nil && (len(failures) != 1 || failures[0].Attempts != c.attempts || fault.KindOf(failures[0].Err) != fault.KindOf(c.gaveUp)) {
					t.Errorf("it gave up with %+v, want once, after %d attempts, for %v", failures, c.attempts, c.gaveUp)
				}
			})
		})
	}
}

func TestWaits(t *testing.T) {
	busy := fault.New(fault.Unavailable, "busy")
	later := fault.Later(42*time.Minute, "rate limit")
	for _, c := range []struct {
		name  string
		errs  []error
		most  []time.Duration // of each wait; the least is a half
		exact bool            // waits are as long as that
	}{
		{"broken", slices.Repeat([]error{errors.New("broken")}, 5), []time.Duration{1, 2, 4, 8, 16}, false},
		{"unavailable", slices.Repeat([]error{busy}, 8), []time.Duration{1, 2, 4, 8, 16, 20, 20, 20}, false},
		{"unavailable till a given time", []error{later, later}, []time.Duration{42 * 60, 42 * 60}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLog(t)
				add(t, log, "a.v1", "1")
				work := &outcomes{start: time.Now(), errs: c.errs}
				type told struct {
					attempts int
					until    time.Time
				}
				var waiting []told
				opts := reactor.Options{Backoff: pubsub.Backoff{First: time.Second, Most: 20 * time.Second}}
				stop := start(t, log, opts, reactor.Reactor{
					Name: "docs", React: work.react,
					Waiting: func(_ context.Context, _ eventlog.Record, f reactor.Failure, until time.Time) {
						if f.Err == nil || time.Until(until) < 5*time.Second {
							t.Errorf("told of a wait of %v after %v", time.Until(until), f.Err)
						}
						waiting = append(waiting, told{f.Attempts, until})
					},
				})
				began := time.Now()
				time.Sleep(24 * time.Hour)
				stop()

				if len(work.attempts) != len(c.most)+1 {
					t.Fatalf("%d attempts, want %d", len(work.attempts), len(c.most)+1)
				}
				at := began
				for i, most := range c.most {
					most *= time.Second
					wait := work.attempts[i+1].Since
					if wait > most || wait < most/2 || c.exact && wait != most {
						t.Errorf("wait %d takes %v, want %v or (if not exact: %v) up to a half less", i+1, wait, most, !c.exact)
					}
					at = at.Add(wait)
					i := slices.IndexFunc(waiting, func(w told) bool { return w.until.Equal(at) })
					if (i >= 0) != (wait >= 5*time.Second) {
						t.Errorf("of the wait of %v Waiting was told: %v", wait, i >= 0)
					}
				}
			})
		})
	}
}

func TestGaveUpFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2")
		work := &outcomes{errs: slices.Repeat([]error{fault.New(fault.Invalid, "x")}, 3)}
		gaveUp := 0
		stop := start(t, log, reactor.Options{}, reactor.Reactor{Name: "docs", React: work.react, GaveUp: func(context.Context, eventlog.Record, reactor.Failure) error {
			if gaveUp++; gaveUp < 3 {
				return errors.New("no room to record it")
			}
			return nil
		}})
		time.Sleep(time.Hour)
		stop()
		if ids := attempted(work); gaveUp != 3 || !slices.Equal(ids, []string{"1", "1", "1", "2"}) {
			t.Errorf("attempts at %v, given up %d times; want three rounds for 1, and then 2", ids, gaveUp)
		}
	})
}

func TestPoisonQueueInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		e := eventlogtest.Event("1")
		e.Cause = event.Cause{Delivery: "github:72d3", Commit: "9c1185a"}
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		secret := errors.New("dial tcp 10.0.0.7: password hunter2")
		// It sees its own failures too, and fails on these.
		fails := reactor.Reactor{Name: "docs", React: func(context.Context, eventlog.Record) error { return secret }}
		stop := start(t, log, reactor.Options{}, fails)
		time.Sleep(time.Hour)
		stop()

		records := eventlogtest.ReadAll(t, log, 1)
		if len(records) != 1 {
			t.Fatalf("the log then has %v, want one event more", eventlogtest.IDs(records))
		}
		got, err := event.DecodeAs[event.ReactionFailed](records[0].Event)
		if err != nil {
			t.Fatal(err)
		}
		want := event.ReactionFailed{Reactor: "docs", Event: "1", Position: 1, Kind: "internal", Error: got.Error, Attempts: 6}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is recorded (-want +got):\n%s", diff)
		}
		if got.Error == "" || strings.Contains(got.Error, "hunter2") {
			t.Errorf("its text for people is %q", got.Error)
		}
		if records[0].Subject != e.Subject || !reflect.DeepEqual(records[0].Cause, e.Cause) || records[0].Source != "/reactors/docs" {
			t.Errorf("subject %q, cause %v, source %q; want those of the event, and the reactor", records[0].Subject, records[0].Cause, records[0].Source)
		}
	})
}

func TestFailureText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.NotFound, "repository acme/payments is gone"), "repository acme/payments is gone"},
		{fmt.Errorf("POST https://token@host: %w", fault.New(fault.Denied, "the forge refuses the token")), "the forge refuses the token"},
		{errors.New("secret"), "an internal error, which the portal's own log has under the id of the event"},
	} {
		if got := (reactor.Failure{Err: c.err}).Text(); got != c.want {
			t.Errorf("Text of %v = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestLogsAndCorrelation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		e := eventlogtest.Event("1")
		e.Cause.Delivery = "github:72d3"
		if _, err := log.Append(t.Context(), e, eventlogtest.Event("2")); err != nil {
			t.Fatal(err)
		}
		var correlations []string
		var out bytes.Buffer
		opts := reactor.Options{Logger: slog.New(slog.NewTextHandler(&out, nil))}
		stop := start(t, log, opts, reactor.Reactor{Name: "docs", React: func(ctx context.Context, rec eventlog.Record) error {
			correlations = append(correlations, reactor.Correlation(ctx))
			if rec.ID == "1" {
				panic("out of cheese")
			}
			return nil
		}})
		time.Sleep(time.Hour)
		stop()
		if got := slices.Compact(correlations); !slices.Equal(got, []string{"github:72d3", "2", "github:72d3"}) { // the last is the failure
			t.Errorf("correlations %v, want the delivery's id, and the event's where there is none", got)
		}
		for _, want := range []string{"gave up", "reactor=docs", "event=1", "position=1", "correlation=github:72d3", "attempt=6", "out of cheese"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the log lacks %q", want)
			}
		}
		if strings.Contains(out.String(), "level=INFO") {
			t.Errorf("the log has Watermill's chatter:\n%s", out.String())
		}
	})
}

func attempted(o *outcomes) []string {
	var ids []string
	for _, a := range o.attempts {
		ids = append(ids, a.ID)
	}
	return ids
}

func newLog(t *testing.T) *sqlitelog.Log {
	t.Helper()
	log, err := sqlitelog.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

func add(t *testing.T, log eventlog.Appender, typ event.Type, ids ...string) {
	t.Helper()
	for _, id := range ids {
		e := eventlogtest.Event(id)
		e.Type = typ
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs reactors until the function that it returns is called.
func start(t *testing.T, log *sqlitelog.Log, opts reactor.Options, reactors ...reactor.Reactor) (stop func()) {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	runner, err := reactor.New(log, log, opts, reactors...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}
