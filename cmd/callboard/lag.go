package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/projections"
)

// lag is a metric: how many events each read model has yet to see.
type lag struct {
	runners []*projections.Runner
	desc    *prometheus.Desc
}

// registerLag makes the lag of the runners' projections a metric.
func registerLag(r prometheus.Registerer, runners ...*projections.Runner) error {
	err := r.Register(lag{runners, prometheus.NewDesc("callboard_projection_lag_events", "Events that a read model has yet to see.", []string{"projection"}, nil)})
	if err != nil {
		return fmt.Errorf("register the projections' metrics: %w", err)
	}
	return nil
}

// Describe sends the one description there is.
func (l lag) Describe(to chan<- *prometheus.Desc) { to <- l.desc }

// Collect asks every runner.
func (l lag) Collect(to chan<- prometheus.Metric) {
	for _, r := range l.runners {
		all, err := r.Status(context.Background())
		if err != nil {
			to <- prometheus.NewInvalidMetric(l.desc, err)
			continue
		}
		for _, s := range all {
			to <- prometheus.MustNewConstMetric(l.desc, prometheus.GaugeValue, float64(s.Lag()), s.Name)
		}
	}
}
