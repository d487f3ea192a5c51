package reactor

import (
	"errors"

	wmetrics "github.com/ThreeDotsLabs/watermill/components/metrics"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	namespace = "callboard"
	subsystem = "reactor"
)

// metrics are, by reactor under the label handler_name:
//
//   - callboard_reactor_handler_execution_time_seconds, Watermill's histogram of
//     attempts; its count with success="true" is what was handled, with "false"
//     what failed;
//   - callboard_reactor_gave_up_total, what went to the poison queue;
//   - callboard_reactor_lag_events, how many records the reactor is behind.
type metrics struct {
	attempts wmetrics.HandlerPrometheusMetricsMiddleware
	gaveUp   *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	gaveUp := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "gave_up_total",
		Help: "Records that a reactor gave up on",
	}, []string{"handler_name"})
	if err := registry.Register(gaveUp); err != nil {
		// Another runner has it. Watermill's part sees to that by itself.
		var already prometheus.AlreadyRegisteredError
		if !errors.As(err, &already) {
			return nil, err
		}
		gaveUp = already.ExistingCollector.(*prometheus.CounterVec)
	}
	builder := wmetrics.NewPrometheusMetricsBuilder(registry, namespace, subsystem)
	builder.HandlerBuckets = []float64{.001, .005, .025, .1, .5, 2.5, 10, 60} // from a look at memory to a slow forge
	return &metrics{attempts: builder.NewRouterMiddleware(), gaveUp: gaveUp}, nil
}

func (m *metrics) addLag(registry prometheus.Registerer, reactor string, lag func() float64) error {
	m.gaveUp.WithLabelValues(reactor) // so that it is there from the start, as 0
	return registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "lag_events",
		Help:        "How many records of the log a reactor is behind; -1 when the log cannot say",
		ConstLabels: prometheus.Labels{"handler_name": reactor},
	}, lag))
}
