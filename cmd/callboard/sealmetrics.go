package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/projections/tree"
)

// registerSeals makes a metric of how far the log is under seal.
func registerSeals(r prometheus.Registerer, t *tree.Tree, s *proof.Sealer) error {
	for _, g := range []struct {
		name, help string
		value      func(context.Context) (float64, error)
	}{
		{"sealed_events", "Events of the log that are under seal.", func(ctx context.Context) (float64, error) {
			seal, err := t.Newest(ctx)
			return float64(seal.Size), err
		}},
		{"sealed_timestamp_seconds", "When the newest seal was made.", func(ctx context.Context) (float64, error) {
			seal, err := t.Newest(ctx)
			if seal.Position == 0 {
				return 0, err
			}
			return float64(seal.Recorded.Unix()), err
		}},
		{"seal_failing", "1 if the last attempt to seal the log failed.", func(context.Context) (float64, error) {
			if s.Failure() != nil {
				return 1, nil
			}
			return 0, nil
		}},
	} {
		desc := prometheus.NewDesc("callboard_log_"+g.name, g.help, nil, nil)
		if err := r.Register(sealGauge{desc, g.value}); err != nil {
			return fmt.Errorf("register the seals' metrics: %w", err)
		}
	}
	return nil
}

// sealGauge is a gauge that can fail.
type sealGauge struct {
	desc  *prometheus.Desc
	value func(context.Context) (float64, error)
}

// Describe sends the one description there is.
func (a sealGauge) Describe(to chan<- *prometheus.Desc) { to <- a.desc }

// Collect asks.
func (a sealGauge) Collect(to chan<- prometheus.Metric) {
	value, err := a.value(context.Background())
	if err != nil {
		to <- prometheus.NewInvalidMetric(a.desc, err)
		return
	}
	to <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, value)
}
