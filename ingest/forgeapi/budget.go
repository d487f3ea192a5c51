package forgeapi

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Budget is what the forge said last about how much it may be asked.
type Budget struct {
	Limit     int       // requests in a window; 0 while no answer has said so
	Remaining int       // of them, in the present window
	Reset     time.Time // when the next window starts
}

type budget struct {
	mu  sync.Mutex
	now Budget
}

// Budget returns what the newest answer said.
func (c *Client) Budget() Budget {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	return c.budget.now
}

func (c *Client) observe(h http.Header) {
	b, ok := readBudget(h)
	if !ok {
		return
	}
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	c.budget.now = b
}

// readBudget reads GitHub's X-RateLimit-… or GitLab's RateLimit-… headers.
func readBudget(h http.Header) (Budget, bool) {
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-"} {
		limit, err := strconv.Atoi(h.Get(prefix + "Limit"))
		if err != nil {
			continue
		}
		remaining, err := strconv.Atoi(h.Get(prefix + "Remaining"))
		if err != nil {
			continue
		}
		b := Budget{Limit: limit, Remaining: remaining}
		if s, err := strconv.ParseInt(h.Get(prefix+"Reset"), 10, 64); err == nil {
			b.Reset = time.Unix(s, 0)
		}
		return b, true
	}
	return Budget{}, false
}

// gauges export the budget.
type gauges struct{ *Client }

// Describe implements [prometheus.Collector].
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	limit, remaining, reset := g.descs()
	ch <- limit
	ch <- remaining
	ch <- reset
}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	b := g.Budget()
	if b.Limit == 0 {
		return
	}
	limit, remaining, reset := g.descs()
	ch <- prometheus.MustNewConstMetric(limit, prometheus.GaugeValue, float64(b.Limit))
	ch <- prometheus.MustNewConstMetric(remaining, prometheus.GaugeValue, float64(b.Remaining))
	if !b.Reset.IsZero() {
		ch <- prometheus.MustNewConstMetric(reset, prometheus.GaugeValue, float64(b.Reset.Unix()))
	}
}

func (g *gauges) descs() (limit, remaining, reset *prometheus.Desc) {
	labels := prometheus.Labels{"source": g.source}
	return prometheus.NewDesc("callboard_forge_rate_limit", "Requests that the forge allows in a window.", nil, labels),
		prometheus.NewDesc("callboard_forge_rate_remaining", "Requests left in the present window.", nil, labels),
		prometheus.NewDesc("callboard_forge_rate_reset_timestamp_seconds", "When the next window starts.", nil, labels)
}
