package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Health is how the parts of the process stand.
type Health struct {
	Projections []ProjectionHealth `json:"projections"`
}

// ProjectionHealth is how one read model stands.
type ProjectionHealth struct {
	Name     string `json:"name"`
	Position uint64 `json:"position"`
	Lag      uint64 `json:"lag"` // events it has yet to see
	Ready    bool   `json:"ready"`
	Failing  bool   `json:"failing,omitempty"` // it stands still on an error; the log of the process says which
	// Unreachable: its database does not answer. What it tells cannot be asked for;
	// all else can.
	Unreachable bool `json:"unreachable,omitempty"`
}

// Ready reports whether every read model that can be reached has caught up and moves.
func (h Health) Ready() bool {
	for _, p := range h.Projections {
		if !p.Unreachable && (!p.Ready || p.Failing) {
			return false
		}
	}
	return true
}

// handleLive handles "GET /healthz": the process answers.
func (a *API) handleLive(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// handleReadiness handles "GET /.backstage/health/v1/readiness", which Backstage's
// deployments are probed by.
func (a *API) handleReadiness(c echo.Context) error {
	h, err := a.Health(c.Request().Context())
	if err != nil || !h.Ready() {
		return writeJSON(c, http.StatusServiceUnavailable, map[string]string{"message": "Backend has not started yet", "status": "error"})
	}
	return writeJSON(c, http.StatusOK, map[string]string{"status": "ok"})
}

// handleReady handles "GET /readyz": 503 until every read model has caught up.
func (a *API) handleReady(c echo.Context) error {
	h, err := a.Health(c.Request().Context())
	if err != nil {
		return a.WriteError(c, err)
	}
	status, word := http.StatusOK, "ready"
	if !h.Ready() {
		status, word = http.StatusServiceUnavailable, "catching up"
	}
	return c.JSON(status, struct {
		Status string `json:"status"`
		Health
	}{word, h})
}
