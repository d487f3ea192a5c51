package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callboard/callboard/projections/standing"
)

// sourceMetrics are how the sources stand, as metrics.
type sourceMetrics struct {
	standing *standing.Reader
	all      []sourceMetric
}

// sourceMetric is a metric of each source; false if there is none to tell.
type sourceMetric struct {
	desc  *prometheus.Desc
	value func(standing.State) (float64, bool)
}

func registerSources(r prometheus.Registerer, s *standing.Reader) error {
	m := sourceMetrics{standing: s}
	add := func(name, help string, value func(standing.State) (float64, bool)) {
		m.all = append(m.all, sourceMetric{prometheus.NewDesc("callboard_source_"+name, help, []string{"source"}, nil), value})
	}
	count := func(name, help string, value func(standing.State) int) {
		add(name, help, func(s standing.State) (float64, bool) { return float64(value(s)), true })
	}
	budget := func(name, help string, value func(standing.Budget) int) {
		add(name, help, func(s standing.State) (float64, bool) {
			if s.Survey == nil || s.Survey.Budget.Limit == 0 {
				return 0, false
			}
			return float64(value(s.Survey.Budget)), true
		})
	}
	add("complete_through_timestamp_seconds", "All of the source that happened before is in the catalog. Missing while nobody can say.",
		func(s standing.State) (float64, bool) {
			return float64(s.Through.UnixMilli()) / 1000, !s.Through.IsZero()
		})
	add("lag_seconds", "From that moment to now. Missing while nobody can say.",
		func(s standing.State) (float64, bool) { return s.Lag.Seconds(), !s.Through.IsZero() })
	add("last_delivery_timestamp_seconds", "When the newest delivery came that is kept.",
		func(s standing.State) (float64, bool) {
			if s.Last == nil {
				return 0, false
			}
			return float64(s.Last.Received.UnixMilli()) / 1000, true
		})
	add("last_comparison_timestamp_seconds", "When the last comparison with the forge began that ended well.",
		func(s standing.State) (float64, bool) {
			if s.Survey == nil || s.Survey.Compared.IsZero() {
				return 0, false
			}
			return float64(s.Survey.Compared.UnixMilli()) / 1000, true
		})
	add("survey_failing", "1 if the last survey of the source did not end well.",
		func(s standing.State) (float64, bool) {
			if s.Survey == nil {
				return 0, false
			}
			if s.Survey.Err != "" {
				return 1, true
			}
			return 0, true
		})
	add("webhook_missing", "1 if a webhook that should send here is missing at the forge.",
		func(s standing.State) (float64, bool) {
			if s.Unhooked() != "" {
				return 1, true
			}
			return 0, true
		})
	count("gaps_open", "What was missed of the source and is not made up for.", func(s standing.State) int { return s.Counts.OpenGaps })
	count("repositories", "Repositories that are known of the source.", func(s standing.State) int { return s.Counts.Repositories })
	count("repositories_archived", "Those of them that are archived.", func(s standing.State) int { return s.Counts.Archived })
	count("deliveries_pending", "Deliveries that are not handled yet.", func(s standing.State) int { return s.Backlog.Pending })
	count("deliveries_failed", "Deliveries that wait for a person.", func(s standing.State) int { return s.Backlog.Failed })
	count("deliveries_held", "Deliveries that wait for a person to allow what they would remove.", func(s standing.State) int { return s.Backlog.Held })
	budget("budget_limit", "Requests that the forge answers in a window.", func(b standing.Budget) int { return b.Limit })
	budget("budget_remaining", "Requests that it still answers in the present one.", func(b standing.Budget) int { return b.Remaining })
	if err := r.Register(m); err != nil {
		return fmt.Errorf("register the sources' metrics: %w", err)
	}
	return nil
}

// Describe sends every description.
func (m sourceMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, one := range m.all {
		to <- one.desc
	}
}

// Collect asks how the sources stand.
func (m sourceMetrics) Collect(to chan<- prometheus.Metric) {
	states, err := m.standing.All(context.Background())
	if err != nil {
		to <- prometheus.NewInvalidMetric(m.all[0].desc, err)
		return
	}
	for _, s := range states {
		for _, one := range m.all {
			if v, ok := one.value(s); ok {
				to <- prometheus.MustNewConstMetric(one.desc, prometheus.GaugeValue, v, s.Source)
			}
		}
	}
}
