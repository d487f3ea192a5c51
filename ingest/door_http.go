package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Register adds POST /hooks/{source} to a server. It is all that the door has
// to do with Echo.
func (d *Door) Register(e *echo.Echo) {
	e.POST("/hooks/:source", func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > MaxBody { // refused before a byte is read
			return write(c, tooLarge())
		}
		body := http.MaxBytesReader(c.Response(), r.Body, MaxBody)
		return write(c, d.Receive(r.Context(), c.Param("source"), r.Header, body))
	})
}

// write sends an answer; what is no 202 is problem+json, RFC 9457.
func write(c echo.Context, a Answer) error {
	h := c.Response().Header()
	if a.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((a.RetryAfter+time.Second-1)/time.Second)))
	}
	var body any = struct {
		Delivery  string `json:"delivery"`
		Position  uint64 `json:"position"`
		Duplicate bool   `json:"duplicate,omitempty"`
	}{a.Delivery, uint64(a.Position), a.Duplicate}
	kind := "application/json"
	if a.Status != http.StatusAccepted {
		kind = "application/problem+json"
		p := struct {
			Type     string `json:"type"`
			Title    string `json:"title"`
			Status   int    `json:"status"`
			Detail   string `json:"detail"`
			Instance string `json:"instance,omitempty"`
		}{Type: "about:blank", Title: http.StatusText(a.Status), Status: a.Status, Detail: a.Problem}
		if id := h.Get(echo.HeaderXRequestID); id != "" {
			p.Instance = "urn:callboard:request:" + id
		}
		body = p
	}
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the door's answer: %w", err)
	}
	return c.Blob(a.Status, kind, append(b, '\n'))
}

// doorMetrics count what comes in.
type doorMetrics struct {
	deliveries *prometheus.CounterVec
	bytes      *prometheus.CounterVec
	duration   *prometheus.HistogramVec
}

func newDoorMetrics(reg prometheus.Registerer) (*doorMetrics, error) {
	m := &doorMetrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_hooks_deliveries_total", Help: "Deliveries at the webhook door, by what was answered.",
		}, []string{"source", "answer"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_hooks_bytes_total", Help: "Bytes of the bodies of deliveries, before compression.",
		}, []string{"source"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "callboard_hooks_duration_seconds", Help: "From a delivery's headers to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"source"}),
	}
	for _, c := range []prometheus.Collector{m.deliveries, m.bytes, m.duration} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register the door's metrics: %w", err)
		}
	}
	return m, nil
}

func (m *doorMetrics) observe(source string, a Answer, size int, took time.Duration) {
	answer := strconv.Itoa(a.Status)
	if a.Duplicate {
		answer = "duplicate"
	}
	m.deliveries.WithLabelValues(source, answer).Inc()
	m.bytes.WithLabelValues(source).Add(float64(size))
	m.duration.WithLabelValues(source).Observe(took.Seconds())
}
