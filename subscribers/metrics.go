package subscribers

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	namespace = "callboard"
	subsystem = "subscriber"
)

// metrics are, by subscriber: attempts by verdict and how long they took, events that
// were taken, and how the subscriber stands.
type metrics struct {
	attempts *prometheus.CounterVec
	events   *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer, d *Dispatcher) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, append([]string{"subscriber"}, labels...))
	}
	m := &metrics{
		attempts: counter("attempts_total", "Requests that were made, by what became of them.", "verdict"),
		events:   counter("events_total", "Events that the subscriber has taken."),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "attempt_seconds", Help: "How long the subscriber took to answer.",
			Buckets: []float64{.005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"subscriber"}),
	}
	if err := errors.Join(r.Register(m.attempts), r.Register(m.events), r.Register(m.took), r.Register(newStandings(d))); err != nil {
		return nil, fmt.Errorf("register the subscribers' metrics: %w", err)
	}
	return m, nil
}

// standings are how the subscribers stand, as metrics.
type standings struct {
	dispatcher *Dispatcher
	all        []standing
}

type standing struct {
	desc   *prometheus.Desc
	value  func(State) float64
	counts bool // events, which a channel is not sent
}

func newStandings(d *Dispatcher) standings {
	s := standings{dispatcher: d}
	add := func(name, help string, value func(State) float64) {
		desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, name), help, []string{"subscriber"}, nil)
		s.all = append(s.all, standing{desc, value, name == "position" || name == "lag_events"})
	}
	is := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	add("position", "Up to which event of the log the subscriber has everything.", func(s State) float64 { return float64(s.Position) })
	add("lag_events", "Events of the log that it is behind, whether or not they are for it; 0 if it has all that is.", func(s State) float64 {
		if s.Pending.IsZero() {
			return 0
		}
		return float64(s.Newest - s.Position)
	})
	add("lag_seconds", "For how long the oldest event has waited that it has not.", func(s State) float64 { return s.Lag.Seconds() })
	add("failing", "1 if it did not take the last request.", func(s State) float64 { return is(s.Failures > 0) })
	add("paused", "1 if nothing is sent until somebody resumes it.", func(s State) float64 { return is(s.Status == Paused) })
	add("dead_letters", "Events that it did not take and is not sent again.", func(s State) float64 { return float64(s.Letters) })
	return s
}

// Describe sends every description.
func (s standings) Describe(to chan<- *prometheus.Desc) {
	for _, one := range s.all {
		to <- one.desc
	}
}

// Collect asks how the subscribers stand.
func (s standings) Collect(to chan<- prometheus.Metric) {
	for _, w := range s.dispatcher.Workers() {
		state, err := w.State(context.Background())
		if err != nil {
			to <- prometheus.NewInvalidMetric(s.all[0].desc, err)
			return
		}
		for _, one := range s.all {
			if state.Type != "" && one.counts {
				continue
			}
			to <- prometheus.MustNewConstMetric(one.desc, prometheus.GaugeValue, one.value(state), w.Name)
		}
	}
}
