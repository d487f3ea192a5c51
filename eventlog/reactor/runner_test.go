package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/internal/fault"
)

// TestEffectOnce loses all positions, as a crash may lose the newest, and
// expects that events derived from what came again are there once.
func TestEffectOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2", "3")
		seen := 0
		work := reactor.Reactor{Name: "docs", On: []event.Type{"a.v1"}, React: func(ctx context.Context, rec eventlog.Record) error {
			seen++
			for n := range 2 {
				e := eventlogtest.Event(event.DeriveID(n, "docs", rec.ID))
				e.Type = "b.v1"
				if _, err := log.Append(ctx, e); err != nil {
					return err
				}
			}
			return nil
		}}
		for range 3 {
			stop := start(t, log, reactor.Options{}, work)
			synctest.Wait()
			stop()
			if err := log.SetCursor(t.Context(), "docs", 0); err != nil {
				t.Fatal(err)
			}
		}
		if records := eventlogtest.ReadAll(t, log, 0); seen != 9 || len(records) != 9 {
			t.Errorf("3 events were seen %d times and led to %d; want 9 times, and 2 each", seen, len(records)-3)
		}
	})
}

// TestChain has reactors that feed each other, each event appended while the
// other may be just about to wait for it.
func TestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "0.v1", "0")
		const hops = 300
		hop := func(on int) reactor.Reactor {
			return reactor.Reactor{Name: fmt.Sprint("on ", on), On: []event.Type{event.Type(fmt.Sprintf("%d.v1", on))}, React: func(ctx context.Context, rec eventlog.Record) error {
				if rec.Position == hops {
					return nil
				}
				e := eventlogtest.Event(fmt.Sprint(rec.Position))
				e.Type = event.Type(fmt.Sprintf("%d.v1", rec.Position%3))
				_, err := log.Append(ctx, e)
				return err
			}}
		}
		stop := start(t, log, reactor.Options{}, hop(0), hop(1), hop(2))
		synctest.Wait()
		stop()
		if last, _ := log.Last(t.Context()); last != hops {
			t.Errorf("the chain ends at %d, want %d", last, hops)
		}
	})
}

func TestIndependence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2")
		stuck := reactor.Reactor{Name: "stuck", React: func(context.Context, eventlog.Record) error { return fault.New(fault.Unavailable, "down") }}
		free := &outcomes{}
		stop := start(t, log, reactor.Options{}, stuck, reactor.Reactor{Name: "free", React: free.react})
		synctest.Wait()
		if got := attempted(free); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("beside one that is stuck the other handled %v, want 1 and 2", got)
		}
		stop()
	})
}

func TestShutdown(t *testing.T) {
	const grace = 10 * time.Second
	for _, c := range []struct {
		name   string
		takes  time.Duration // React, after the shutdown began
		handed []string      // out in all, with a second run
	}{
		{"work that ends in time", 9 * time.Second, []string{"1", "2"}},
		{"work that takes too long", 11 * time.Second, []string{"1", "1", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLog(t)
				add(t, log, "a.v1", "1", "2")
				var handed []string
				takes := c.takes
				work := reactor.Reactor{Name: "docs", React: func(ctx context.Context, rec eventlog.Record) error {
					handed = append(handed, rec.ID)
					select {
					case <-time.After(takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}}
				stop := start(t, log, reactor.Options{Grace: grace}, work)
				synctest.Wait()
				began := time.Now()
				stop()
				if took, want := time.Since(began), min(takes, grace); took != want {
					t.Errorf("the shutdown took %v, want %v", took, want)
				}
				takes = 0
				stop = start(t, log, reactor.Options{}, work)
				synctest.Wait()
				stop()
				if diff := cmp.Diff(c.handed, handed); diff != "" {
					t.Errorf("handed out (-want +got):\n%s", diff)
				}
				if last, _ := log.Last(t.Context()); last != 2 {
					t.Error("it gave up on something")
				}
			})
		})
	}
	t.Run("between attempts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log := newLog(t)
			add(t, log, "a.v1", "1")
			work := &outcomes{errs: []error{fault.Later(time.Hour, "rate limit"), nil}}
			stop := start(t, log, reactor.Options{}, reactor.Reactor{Name: "docs", React: work.react})
			synctest.Wait()
			began := time.Now()
			stop()
			if took := time.Since(began); took != 0 {
				t.Errorf("the shutdown took %v, want it at once", took)
			}
			stop = start(t, log, reactor.Options{}, reactor.Reactor{Name: "docs", React: work.react})
			synctest.Wait()
			stop()
			if got := attempted(work); !slices.Equal(got, []string{"1", "1"}) {
				t.Errorf("attempts at %v, want a second one after the restart", got)
			}
		})
	})
	t.Run("before the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log := newLog(t)
			runner, err := reactor.New(log, log, reactor.Options{Logger: slog.New(slog.DiscardHandler)}, reactor.Reactor{Name: "docs", React: (&outcomes{}).react})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			began := time.Now()
			if err := runner.Run(ctx); err != nil || time.Since(began) != 0 {
				t.Errorf("Run = %v after %v, want nil at once", err, time.Since(began))
			}
		})
	})
	t.Run("no reactors", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { start(t, newLog(t), reactor.Options{})() })
	})
}

func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2")
		work := &outcomes{errs: []error{fault.New(fault.Invalid, "bad"), nil, errors.New("still bad"), errors.New("panic")}}
		busy := false
		runner, err := reactor.New(log, log, reactor.Options{Logger: slog.New(slog.DiscardHandler)}, reactor.Reactor{
			Name: "docs", On: []event.Type{"a.v1"}, React: func(ctx context.Context, rec eventlog.Record) error {
				if busy {
					t.Error("two at once")
				}
				busy = true
				defer func() { busy = false }()
				time.Sleep(time.Second)
				return work.react(ctx, rec)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- runner.Run(ctx) }()
		time.Sleep(1500 * time.Millisecond) // 1 has failed, 2 is being handled

		for _, want := range []string{"still bad", "out of cheese", ""} {
			err := runner.Replay(t.Context(), "docs", 1)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("Replay = %v, want %q", err, want)
			}
		}
		if got := attempted(work); !slices.Equal(got, []string{"1", "2", "1", "1", "1"}) {
			t.Errorf("attempts at %v", got)
		}
		if err := runner.Replay(t.Context(), "docs", 99); fault.KindOf(err) != fault.NotFound {
			t.Errorf("Replay of a position that is not there = %v, want an error of kind not found", err)
		}
		if err := runner.Replay(t.Context(), "none", 1); fault.KindOf(err) != fault.NotFound {
			t.Errorf("Replay by a reactor that is not there = %v, want an error of kind not found", err)
		}
		if p, err := log.Cursor(t.Context(), "docs"); p != 2 || err != nil {
			t.Errorf("after the replays the position is %d, %v, want 2", p, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(t)
		add(t, log, "a.v1", "1", "2", "3")
		registry := prometheus.NewRegistry()
		work := &outcomes{errs: []error{fault.New(fault.Invalid, "x"), errors.New("broken"), nil, fault.New(fault.Unavailable, "down")}}
		stop := start(t, log, reactor.Options{Metrics: registry}, reactor.Reactor{
			Name: "docs", React: work.react, GaveUp: func(context.Context, eventlog.Record, reactor.Failure) error { return nil },
		})
		defer stop()
		synctest.Wait() // 1 is given up, 2 waits for its second attempt
		const prefix = "callboard_reactor_"
		if diff := cmp.Diff(map[string]float64{
			prefix + "handler_execution_time_seconds docs false": 2,
			prefix + "gave_up_total docs":                        1,
			prefix + "lag_events docs":                           2,
		}, gather(t, registry)); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff(map[string]float64{
			prefix + "handler_execution_time_seconds docs false": 3,
			prefix + "handler_execution_time_seconds docs true":  2,
			prefix + "gave_up_total docs":                        1,
			prefix + "lag_events docs":                           0,
		}, gather(t, registry)); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	})
}

// gather returns values, and counts of histograms, by name and label values.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func TestNewRefuses(t *testing.T) {
	log := eventlogtest.NewMemory()
	react := func(context.Context, eventlog.Record) error { return nil }
	registry := prometheus.NewRegistry()
	if _, err := reactor.New(log, log, reactor.Options{Metrics: registry}, reactor.Reactor{Name: "taken", React: react}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		reactors []reactor.Reactor
		want     string // in the error; empty for none
	}{
		{"another name", []reactor.Reactor{{Name: "free", React: react}}, ""},
		{"no name", []reactor.Reactor{{React: react}}, "must be set"},
		{"no React", []reactor.Reactor{{Name: "docs"}}, "must be set"},
		{"a name twice", []reactor.Reactor{{Name: "a", React: react}, {Name: "a", React: react}}, "two reactors called a"},
		{"a name that another runner has", []reactor.Reactor{{Name: "taken", React: react}}, "taken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reactor.New(log, log, reactor.Options{Metrics: registry}, c.reactors...)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("New = %v, want %q", err, c.want)
			}
		})
	}
}
