package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/eventlog"
)

// Projections are the read models, and what is asked of them.
type Projections interface {
	All(context.Context) ([]Projection, error)
	// Rebuild has one folded anew beside the one that is read. The error is of kind
	// fault.NotFound for a name that none has, fault.Conflict while it is rebuilt.
	Rebuild(ctx context.Context, name string) error
}

// Projection is how one read model stands.
type Projection struct {
	Name     string            `json:"name"`
	Log      string            `json:"log"`      // that it is folded from: "events" or "deliveries"
	Position eventlog.Position `json:"position"` // in that log
	Lag      uint64            `json:"lag"`      // events it has yet to see
	State    ProjectionState   `json:"state"`
	Rebuild  *Rebuild          `json:"rebuild,omitempty"` // the last since the portal was started
}

// ProjectionState is what a read model does.
type ProjectionState string

// The states.
const (
	ProjectionBehind   ProjectionState = "catching up" // it has not been at the end of the log yet
	ProjectionLive     ProjectionState = "live"
	ProjectionStanding ProjectionState = "standing still" // on an error that the portal's log tells of
)

// Rebuild is a read model that is folded anew.
type Rebuild struct {
	State    RebuildState      `json:"state"`
	BeganAt  time.Time         `json:"beganAt,omitzero"`
	EndedAt  time.Time         `json:"endedAt,omitzero"`
	Position eventlog.Position `json:"position"`        // that the second copy has come to
	Last     eventlog.Position `json:"last"`            // of the log
	Error    string            `json:"error,omitempty"` // for people, when State is failed
}

// RebuildState is how a rebuild stands.
type RebuildState string

// The states.
const (
	RebuildWaiting  RebuildState = "waiting" // for another to be done
	RebuildBuilding RebuildState = "building"
	RebuildDone     RebuildState = "done"
	RebuildFailed   RebuildState = "failed" // the read model is as it was
)

// handleProjections handles "GET /api/projections".
func (a *API) handleProjections(c echo.Context) error {
	all, err := a.Projections.All(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string][]Projection{"items": all})
}

// handleRebuild handles "POST /api/projections/:name/rebuild".
func (a *API) handleRebuild(c echo.Context) error {
	name := pathParam(c, "name")
	if err := a.Projections.Rebuild(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"projection": name})
}
